"""Calls of astral: positions of the sun and the moon."""

from __future__ import annotations

import contextlib
import datetime

import astral
from astral import moon, sidereal, sun
from astral.sun import SunDirection

NOON = datetime.datetime(2023, 5, 17, 11, 23, 45, tzinfo=datetime.UTC)
EVENING = datetime.datetime(2021, 11, 3, 19, 5, 7, tzinfo=datetime.UTC)


def sun_elevation(latitude, longitude):
    return sun.elevation(astral.Observer(latitude, longitude, 0.0), NOON)


def sun_azimuth(latitude, longitude):
    return sun.azimuth(astral.Observer(latitude, longitude), NOON)


def sun_zenith_without_refraction(latitude, longitude):
    return sun.zenith(astral.Observer(latitude, longitude), NOON, with_refraction=False)


def sun_position_in_the_evening(latitude, longitude):
    return sun.zenith_and_azimuth(astral.Observer(latitude, longitude), EVENING)


def moon_elevation(latitude, longitude):
    return moon.elevation(astral.Observer(latitude, longitude), EVENING)


def moon_azimuth(latitude, longitude):
    return moon.azimuth(astral.Observer(latitude, longitude), EVENING)


def local_sidereal_time(longitude):
    return sidereal.lmst(EVENING, longitude)


def calls() -> None:
    for latitude, longitude in ((51.5, -0.12), (-33.9, 151.2)):
        sun_elevation(latitude, longitude)
        sun_azimuth(latitude, longitude)
        sun_zenith_without_refraction(latitude, longitude)
        sun_position_in_the_evening(latitude, longitude)
        moon_elevation(latitude, longitude)
        moon_azimuth(latitude, longitude)
    local_sidereal_time(13.4)
    for name, function in vars(sun).items():
        if getattr(function, "__annotations__", {}).get("juliancentury") is not None:
            getattr(sun, name)(0.23)
    for name in ("moon_mean_longitude", "moon_mean_anomoly", "moon_argument_of_latitude"):
        getattr(moon, name)(8536.3)
    for name in ("moon_mean_elongation_from_sun", "longitude_lunar_ascending_node"):
        getattr(moon, name)(8536.3)
    for name in ("sun_mean_longitude", "sun_mean_anomoly", "venus_mean_longitude"):
        getattr(moon, name)(8536.3)
    moon.moon_position(8536.3)
    moon.interpolate(1.0, 1.3, 1.9, 0.4)
    sun.hour_angle(51.5, 12.3, 90.833, SunDirection.RISING)
    sun.hour_angle(51.5, 12.3, 90.833, SunDirection.SETTING)
    sun.adjust_to_horizon(120.0)
    sun.adjust_to_obscuring_feature((12.0, 70.0))
    for zenith in (3.0, 60.0, 88.0, 91.5):
        astral.refraction_at_zenith(zenith)
    with contextlib.suppress(ValueError):
        sun.sun(astral.Observer(51.5, -0.12, 24.0), date=NOON.date())
        moon.moonrise(astral.Observer(51.5, -0.12), NOON.date())
        moon.phase(NOON.date())
