"""Calls of psychrolib: every function that takes floats."""

from __future__ import annotations

import psychrolib as p

PRESSURE = 101325.0


def calls() -> None:
    p.SetUnitSystem(p.SI)
    p.GetTRankineFromTFahrenheit(70.0)
    p.GetTFahrenheitFromTRankine(530.0)
    p.GetTKelvinFromTCelsius(20.0)
    p.GetTCelsiusFromTKelvin(300.0)
    for dry, wet, relative in ((25.0, 18.0, 0.55), (-5.0, -7.0, 0.6)):
        p.GetSatVapPres(dry)
        p.GetSatHumRatio(dry, PRESSURE)
        p.GetSatAirEnthalpy(dry, PRESSURE)
        p.CalcPsychrometricsFromTWetBulb(dry, wet, PRESSURE)
        p.CalcPsychrometricsFromTDewPoint(dry, wet, PRESSURE)
        p.CalcPsychrometricsFromRelHum(dry, relative, PRESSURE)
        p.GetTWetBulbFromTDewPoint(dry, wet, PRESSURE)
        p.GetTWetBulbFromRelHum(dry, relative, PRESSURE)
        p.GetRelHumFromTDewPoint(dry, wet)
        p.GetRelHumFromTWetBulb(dry, wet, PRESSURE)
        p.GetTDewPointFromRelHum(dry, relative)
        p.GetTDewPointFromTWetBulb(dry, wet, PRESSURE)
        p.GetVapPresFromRelHum(dry, relative)
        p.GetRelHumFromVapPres(dry, 300.0)
        p.GetTDewPointFromVapPres(dry, 300.0)
        p.GetVapPresFromTDewPoint(wet)
        p.GetTDewPointFromHumRatio(dry, 0.002, PRESSURE)
    p.GetSpecificHumFromHumRatio(0.006)
    p.GetHumRatioFromSpecificHum(0.006)
    p.GetDryAirEnthalpy(25.0)
    p.GetDryAirDensity(25.0, PRESSURE)
    p.GetDryAirVolume(25.0, PRESSURE)
    p.GetTDryBulbFromEnthalpyAndHumRatio(81316.0, 0.02)
    p.GetHumRatioFromEnthalpyAndTDryBulb(81316.0, 30.0)
    p.GetVaporPressureDeficit(25.0, 0.01, PRESSURE)
    p.GetDegreeOfSaturation(25.0, 0.01, PRESSURE)
    p.GetMoistAirVolume(25.0, 0.01, PRESSURE)
    p.GetMoistAirDensity(25.0, 0.01, PRESSURE)
    p.GetTDryBulbFromMoistAirVolumeAndHumRatio(0.9, 0.02)
    p.GetStandardAtmPressure(1000.0)
    p.GetStandardAtmTemperature(1000.0)
    p.GetSeaLevelPressure(95000.0, 500.0, 15.0)
    p.GetStationPressure(101226.0, 500.0, 15.0)
