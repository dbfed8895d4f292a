"""Calls of ambiance: properties of the atmosphere at a height."""

from __future__ import annotations

import numpy as np
from ambiance import Atmosphere


def density(h):
    return Atmosphere(h).density


def pressure(h):
    return Atmosphere(h).pressure


def speed_of_sound(h):
    return Atmosphere(h).speed_of_sound


def temperature_in_celsius(h):
    return Atmosphere(h).temperature_in_celsius


def dynamic_viscosity(h):
    return Atmosphere(h).dynamic_viscosity


def thermal_conductivity(h):
    return Atmosphere(h).thermal_conductivity


def mean_free_path(h):
    return Atmosphere(h).mean_free_path


def from_geopotential(h):
    return Atmosphere.from_geom_height(h).grav_accel


def from_pressure(p):
    return Atmosphere.from_pressure(p).temperature


def from_density(rho):
    return Atmosphere.from_density(rho).h


def height_conversion(h):
    return Atmosphere.geom2geop_height(Atmosphere.geop2geom_height(h) + 10.0)


def calls() -> None:
    for h in (1234.5, 15000.0, np.array([100.0, 12500.0, 33000.0, 60000.0])):
        for function in (density, pressure, speed_of_sound, temperature_in_celsius):
            function(h)
        for function in (dynamic_viscosity, thermal_conductivity, mean_free_path):
            function(h)
        height_conversion(h)
    from_geopotential(2000.0)
    for p in (90000.0, np.array([90000.0, 20000.0])):
        from_pressure(p)
    from_density(0.9)
