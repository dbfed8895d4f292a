"""Calls of pyorbital: the sun and satellites seen from places on Earth."""

from __future__ import annotations

import datetime

import numpy as np
from pyorbital import astronomy, orbital
from pyorbital.orbital import Orbital

TIME = datetime.datetime(2023, 5, 17, 11, 23, 45)
ARRAY_OF_TIMES = np.array(["2023-05-17T11:23:45", "2023-05-17T18:00:00"], dtype="datetime64[us]")
LINE1 = "1 29499U 06044A   13060.48822809  .00000017  00000-0  27793-4 0  9819"
LINE2 = "2 29499  98.6639 121.6164 0001449  71.9056  43.3132 14.21510544330271"


def sun_altitude(lon, lat):
    return astronomy.get_alt_az(TIME, lon, lat)[0]


def sun_azimuth(lon, lat):
    return astronomy.get_alt_az(TIME, lon, lat)[1]


def sun_zenith_angle(lon, lat):
    return astronomy.sun_zenith_angle(TIME, lon, lat)


def cos_zen_of_grid(lon, lat):
    return astronomy.cos_zen(ARRAY_OF_TIMES, lon, lat)


def observer(lon, lat, alt):
    return astronomy.observer_position(TIME, lon, lat, alt)[0]


def look(sat_lon, sat_lat, sat_alt, lon, lat, alt):
    return orbital.get_observer_look(sat_lon, sat_lat, sat_alt, TIME, lon, lat, alt)


def kepler(radius, smajor, ecc, eqinc, ascn, argp, theta):
    kep = {
        "radius": radius,
        "theta": theta,
        "eqinc": eqinc,
        "ascn": ascn,
        "argp": argp,
        "smjaxs": smajor,
        "rdotk": 0.1,
        "rfdotk": 7.5,
        "ecc": ecc,
    }
    return orbital.kep2xyz(kep)


def calls() -> None:
    lons, lats = np.array([10.0, -20.0]), np.array([50.0, -30.0])
    sun_altitude(15.0, 58.0)
    sun_altitude(lons, lats)
    sun_azimuth(15.0, 58.0)
    sun_zenith_angle(15.0, 58.0)
    cos_zen_of_grid(lons, lats)
    observer(15.0, 58.0, 0.1)
    look(5.0, 10.0, 800.0, 15.0, 58.0, 0.1)
    look(lons, lats, np.array([800.0, 820.0]), lats, lons, np.array([0.1, 0.2]))
    kepler(7200.0, 7100.0, 0.01, 1.7, 0.3, 0.9, 0.4)
    satellite = Orbital("METOP-A", line1=LINE1, line2=LINE2)
    time = datetime.datetime(2013, 3, 2, 4, 5, 6)
    satellite.get_observer_look(time, 15.0, 58.0, 0.1)
    satellite.get_lonlatalt(time)
    satellite.get_next_passes(time, 3, 15.0, 58.0, 0.1)
