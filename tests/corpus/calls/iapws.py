"""Calls of iapws: what its docstrings leave out."""

from __future__ import annotations

from iapws import IAPWS95, IAPWS97, SeaWater, iapws97
from iapws.ammonia import H2ONH3
from iapws.humidAir import Air, HumidAir


def enthalpy(T, P):
    return IAPWS97(T=T, P=P).h


def density_of_steam(P, x):
    return IAPWS97(P=P, x=x).rho


def temperature_from_enthalpy(P, h):
    return IAPWS97(P=P, h=h).T


def sea_water(T, P, S):
    return SeaWater(T=T, P=P, S=S).h


def speed_of_sound(rho, T):
    return IAPWS95(rho=rho, T=T).w


def calls() -> None:
    for T, P in ((300.0, 3.0), (700.0, 30.0), (650.0, 25.0), (1500.0, 0.5)):
        enthalpy(T, P)
    density_of_steam(1.0, 0.4)
    temperature_from_enthalpy(1.0, 1500.0)
    temperature_from_enthalpy(3.0, 2900.0)
    sea_water(300.0, 0.1, 0.035)
    speed_of_sound(996.5560, 300.0)
    mixture = H2ONH3()
    mixture._prop(600.0, 350.0, 0.4)
    air = Air(T=300.0, P=0.1)
    air._visco(1.2, 300.0)
    HumidAir(T=300.0, P=0.1, W=0.01)
    iapws97._Region3(500.0, 650.0)
    iapws97._Backward3_v_PT(25.0, 650.0)
    iapws97._Bound_TP(300.0, 3.0)
