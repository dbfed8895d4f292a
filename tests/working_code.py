"""Functions as engineering packages have them: guards, dispatch, tables, iterations, records.

Nothing here is written for differentiation. ``CALLS`` lists, for each function, arguments and the
places of those that it is differentiated with respect to.
"""

from __future__ import annotations

import math
import warnings
from collections import namedtuple
from dataclasses import dataclass
from math import atan2, cos, exp, log, pi, radians, sin, sqrt
from typing import Any

import numpy as np

R = 8.314462618
G = 9.80665

GASES = {
    "methane": {"Tc": 190.564, "Pc": 4.5992e6, "omega": 0.01142},
    "nitrogen": {"Tc": 126.192, "Pc": 3.3958e6, "omega": 0.0372},
}
ANTOINE = {"water": (8.07131, 1730.63, 233.426), "ethanol": (8.20417, 1642.89, 230.3)}
LENGTHS = {"m": 1.0, "ft": 0.3048, "in": 0.0254, "km": 1000.0}
LAYERS = [
    (0.0, 288.15, -6.5e-3, 101325.0),
    (11000.0, 216.65, 0.0, 22632.1),
    (20000.0, 216.65, 1e-3, 5474.89),
]
HEAT_CAPACITIES = [29.1, 29.3, 29.9, 30.7, 31.6, 32.4]
POWERS = {"I": [0, 0, 1, 2], "J": [-1, 0, 1, 3], "n": [0.14, -0.84, 0.37, 0.01]}
EARTH = namedtuple("EARTH", "a f")(6378137.0, 1 / 298.257223563)

# ---------------------------------------------------------------------------- equations of state


def van_der_waals(T, V, gas="methane"):
    """Pressure of a gas; its constants are looked up by name."""
    if gas not in GASES:
        raise ValueError(f"unknown gas: {gas}")
    data = GASES[gas]
    a = 27 * R**2 * data["Tc"] ** 2 / (64 * data["Pc"])
    b = R * data["Tc"] / (8 * data["Pc"])
    if b >= V:
        raise ValueError("the volume is below the covolume")
    return R * T / (V - b) - a / V**2


def peng_robinson(T, P, gas="nitrogen", phase=None):
    """Compressibility factor by Newton's method, started from the gas or the liquid side."""
    Tc, Pc, omega = GASES[gas]["Tc"], GASES[gas]["Pc"], GASES[gas]["omega"]
    kappa = 0.37464 + 1.54226 * omega - 0.26992 * omega**2
    alpha = (1 + kappa * (1 - sqrt(T / Tc))) ** 2
    A = 0.45724 * alpha * (P / Pc) / (T / Tc) ** 2
    B = 0.0778 * (P / Pc) / (T / Tc)
    Z = B if phase == "liquid" else 1.0
    for _ in range(50):
        f = Z**3 - (1 - B) * Z**2 + (A - 3 * B**2 - 2 * B) * Z - (A * B - B**2 - B**3)
        df = 3 * Z**2 - 2 * (1 - B) * Z + (A - 3 * B**2 - 2 * B)
        step = f / df
        Z = Z - step
        if abs(step) < 1e-14:
            break
    else:
        warnings.warn("not converged", stacklevel=2)
    return Z


def virial(T, rho, coefficients=(1.0, -0.2, 0.05)):
    total = 0.0
    for k, c in enumerate(coefficients):
        total += c * rho**k * (300.0 / T) ** k
    return rho * R * T * total


def region_sum(pi_, tau, powers=None):
    """Sums over tables of exponents, as steam tables do."""
    if powers is None:
        powers = POWERS
    total = 0
    for i, j, n in zip(powers["I"], powers["J"], powers["n"], strict=True):
        total += n * (7.1 - pi_) ** i * (tau - 1.222) ** j
    return total


# ---------------------------------------------------------------------------- root finders


def wet_bulb(T, relative_humidity):
    """Bisection down to a tolerance, then one step of Newton, which makes it smooth."""

    def residual(Tw):
        return 6.112 * exp(17.67 * Tw / (Tw + 243.5)) - 0.000667 * 1013.25 * (T - Tw) - e

    e = relative_humidity * 6.112 * exp(17.67 * T / (T + 243.5))
    low, high = T - 40.0, T
    while high - low > 1e-3:
        middle = 0.5 * (low + high)
        if residual(middle) > 0:
            high = middle
        else:
            low = middle
    Tw = 0.5 * (low + high)
    for _ in range(3):
        slope = (residual(Tw + 1e-4) - residual(Tw - 1e-4)) / 2e-4
        Tw -= residual(Tw) / slope
    return Tw


def colebrook(Re, roughness, tolerance=1e-13, maximum=100):
    """Friction factor: the laminar formula, or a fixed point."""
    if Re < 2000:
        return 64.0 / Re
    f = 0.02
    count = 0
    while True:
        new = (-2.0 * math.log10(roughness / 3.7 + 2.51 / (Re * math.sqrt(f)))) ** -2
        count += 1
        if abs(new - f) <= tolerance * abs(new) or count >= maximum:
            return new
        f = new


def secant(f, x0, x1, args=(), tolerance=1e-12):
    y0, y1 = f(x0, *args), f(x1, *args)
    for _ in range(60):
        if abs(y1 - y0) < 1e-300:
            break
        x0, x1, y0 = x1, x1 - y1 * (x1 - x0) / (y1 - y0), y1
        if abs(x1 - x0) < tolerance:
            break
        y1 = f(x1, *args)
    return x1


def kepler(M, e):
    """True anomaly from the mean one."""
    E = secant(lambda E, M, e: E - e * sin(E) - M, M, M + e, args=(M, e))
    return 2 * atan2(sqrt(1 + e) * sin(E / 2), sqrt(1 - e) * cos(E / 2))


def terminal_velocity(d, rho_p, rho=1.2, mu=1.8e-5):
    def drag(Re):
        if Re < 0.1:
            return 24 / Re
        elif 0.1 <= Re < 1000:
            return 24 / Re * (1 + 0.15 * Re**0.687)
        return 0.44

    v = G * d**2 * (rho_p - rho) / (18 * mu)
    for _ in range(80):
        v_new = sqrt(4 * G * d * (rho_p - rho) / (3 * drag(rho * v * d / mu) * rho))
        if abs(v_new - v) < 1e-13:
            break
        v = 0.5 * (v + v_new)
    return v


# ---------------------------------------------------------------------------- tables


def interpolated(x, xs, ys):
    """Linear interpolation in a table, extrapolated at both ends."""
    i = 0
    while i < len(xs) - 2 and x > xs[i + 1]:
        i += 1
    return ys[i] + (ys[i + 1] - ys[i]) * (x - xs[i]) / (xs[i + 1] - xs[i])


def heat_capacity(T):
    """A table with a step of 100 K, read at a computed place."""
    place = min(max(int(T / 100.0) - 3, 0), len(HEAT_CAPACITIES) - 2)
    fraction = T / 100.0 - 3 - place
    return HEAT_CAPACITIES[place] * (1 - fraction) + HEAT_CAPACITIES[place + 1] * fraction


def standard_atmosphere(h):
    """Pressure of the layer that a height is in."""
    layer = LAYERS[0]
    for candidate in LAYERS:
        if h >= candidate[0]:
            layer = candidate
        else:
            break
    base, T, lapse, P = layer
    if lapse == 0:
        return P * exp(-G * 0.0289644 * (h - base) / (R * T))
    return P * (1 + lapse * (h - base) / T) ** (-G * 0.0289644 / (R * lapse))


def bilinear(x, y, grid):
    i, j = math.floor(x), int(y)
    u, v = x - i, y - j
    return (
        grid[i][j] * (1 - u) * (1 - v)
        + grid[i + 1][j] * u * (1 - v)
        + grid[i][j + 1] * (1 - u) * v
        + grid[i + 1][j + 1] * u * v
    )


def looked_up(x, table):
    """np.interp and np.searchsorted side by side."""
    xs = np.array([0.0, 1.0, 2.5, 4.0])
    k = np.searchsorted(xs, x) - 1
    slope = (table[k + 1] - table[k]) / (xs[k + 1] - xs[k])
    return np.interp(x, xs, table) * slope


# ---------------------------------------------------------------------------- units, dispatch


def length_in(value, unit="m", to="ft"):
    try:
        return value * LENGTHS[unit] / LENGTHS[to]
    except KeyError as error:
        raise ValueError(f"unknown unit {error}") from None


def temperature(value, source, target):
    source, target = source.upper(), target.upper()
    if source == "F":
        kelvin = (value + 459.67) * 5 / 9
    elif source == "C":
        kelvin = value + 273.15
    elif source in ("K", "KELVIN"):
        kelvin = float(value)
    else:
        raise ValueError(source)
    return {"K": kelvin, "C": kelvin - 273.15, "F": kelvin * 9 / 5 - 459.67}[target]


def vapour_pressure(T, substance="water", method="Antoine", **options):
    if method == "Antoine":
        A, B, C = ANTOINE[substance]
        result = 10 ** (A - B / (T + C))
    elif method == "Magnus":
        result = 610.94 * exp(17.625 * T / (T + 243.04)) * options.get("scale", 1.0)
    else:
        raise NotImplementedError(method)
    return result


def nusselt(Re, Pr, method=None, heating=True):
    """A correlation by regime; the exponent depends on a flag."""
    if method is None:
        method = "Laminar" if Re < 2300 else ("Gnielinski" if Re < 1e4 else "Dittus-Boelter")
    if method == "Laminar":
        return 3.66
    if method == "Gnielinski":
        f = (0.79 * log(Re) - 1.64) ** -2
        return (f / 8) * (Re - 1000) * Pr / (1 + 12.7 * sqrt(f / 8) * (Pr ** (2 / 3) - 1))
    n = 0.4 if heating else 0.3
    return 0.023 * Re**0.8 * Pr**n


def drag_coefficient(Re):
    if not 0 < Re <= 2e5:
        raise ValueError("out of range")
    if Re < 0.01:
        return 3 / 16 + 24 / Re
    elif Re <= 20:
        w = math.log10(Re)
        return 24 / Re * (1 + 0.1315 * Re ** (0.82 - 0.05 * w))
    elif Re <= 260:
        return 24 / Re * (1 + 0.1935 * Re**0.6305)
    w = math.log10(Re)
    return 10 ** (1.6435 - 1.1242 * w + 0.1558 * w**2)


# ---------------------------------------------------------------------------- quadrature, ODEs


def simpson(a, b, k, n=20):
    h = (b - a) / n
    total = exp(-k * a * a) + exp(-k * b * b)
    for i in range(1, n):
        x = a + i * h
        total += (4 if i % 2 else 2) * exp(-k * x * x)
    return total * h / 3


def gauss_legendre(f, a, b):
    nodes = (-0.7745966692414834, 0.0, 0.7745966692414834)
    weights = (5 / 9, 8 / 9, 5 / 9)
    half, middle = (b - a) / 2, (a + b) / 2
    return half * sum(w * f(middle + half * x) for x, w in zip(nodes, weights, strict=True))


def work_of_compression(V1, V2, n):
    return gauss_legendre(lambda V: 1e5 * V1**n / V**n, V1, V2)


def runge_kutta(y0, rate, t_end, steps=25):
    """Logistic growth."""

    def f(t, y):
        return rate * y * (1 - y) + 0.1 * sin(t)

    t, y, h = 0.0, y0, t_end / steps
    while t < t_end - 0.5 * h:
        k1 = f(t, y)
        k2 = f(t + h / 2, y + h * k1 / 2)
        k3 = f(t + h / 2, y + h * k2 / 2)
        k4 = f(t + h, y + h * k3)
        y += h * (k1 + 2 * k2 + 2 * k3 + k4) / 6
        t += h
    return y


def predator_prey(state, a, b, dt=0.01, steps=40):
    x, y = state
    history = []
    for _ in range(steps):
        dx, dy = a * x - b * x * y, b * x * y - 0.5 * y
        x, y = x + dt * dx, y + dt * dy
        history.append(x)
    return max(history) + y


def heat_equation(u, alpha, steps=5):
    u = np.array(u, dtype=float)
    for _ in range(steps):
        u[1:-1] += alpha * (u[2:] - 2 * u[1:-1] + u[:-2])
    return u


def trapezoid_table(xs, ys):
    total = 0.0
    for i in range(len(xs) - 1):
        total += 0.5 * (ys[i] + ys[i + 1]) * (xs[i + 1] - xs[i])
    return total


# ---------------------------------------------------------------------------- statistics, guards


def correlation(x, y):
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if x.shape != y.shape:
        raise ValueError(f"shapes differ: {x.shape} and {y.shape}")
    xc, yc = x - x.mean(), y - np.mean(y)
    norm = np.sqrt(np.sum(xc**2) * np.sum(yc**2))
    return np.nan if norm == 0 else np.sum(xc * yc) / norm


def weighted_mean(values, weights=None):
    if weights is None:
        weights = [1.0] * len(values)
    total, norm = 0.0, 0.0
    for v, w in zip(values, weights, strict=True):
        if math.isnan(v) or w == 0:
            continue
        total += w * v
        norm += w
    return total / norm if norm else float("nan")


def robust_log(x):
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(x > 0, np.log(x), -1.0)


def entropy(p):
    p = np.asarray(p)
    q = np.where(p > 0, p, 1.0)
    return -np.sum(q * np.log(q))


def clipped_efficiency(T_hot, T_cold):
    eta = 1 - T_cold / T_hot
    return min(max(eta, 0.0), 1.0) ** 1.5


def safe_ratio(a, b):
    try:
        ratio = a / b
    except ZeroDivisionError:
        return 0.0
    return ratio if not isinstance(ratio, complex) else abs(ratio)


def spread(values):
    ordered = sorted(values)
    n = len(ordered)
    middle = ordered[n // 2] if n % 2 else 0.5 * (ordered[n // 2 - 1] + ordered[n // 2])
    return middle + (max(values) - min(values)) ** 2


# ---------------------------------------------------------------------------- geometry, astronomy


def haversine(lat1, lon1, lat2, lon2):
    phi1, phi2 = radians(lat1), radians(lat2)
    a = sin((phi2 - phi1) / 2) ** 2
    a += cos(phi1) * cos(phi2) * sin(radians(lon2 - lon1) / 2) ** 2
    return 2 * 6371.0088 * math.asin(min(1.0, sqrt(a)))


def bearing(lat1, lon1, lat2, lon2):
    d = radians(lon2 - lon1)
    y = sin(d) * cos(radians(lat2))
    x = cos(radians(lat1)) * sin(radians(lat2)) - sin(radians(lat1)) * cos(radians(lat2)) * cos(d)
    return (math.degrees(atan2(y, x)) + 360) % 360


def geodetic_to_cartesian(lat, lon, h, ellipsoid=EARTH):
    e2 = ellipsoid.f * (2 - ellipsoid.f)
    lat, lon = radians(lat), radians(lon)
    N = ellipsoid.a / sqrt(1 - e2 * sin(lat) ** 2)
    return (
        (N + h) * cos(lat) * cos(lon),
        (N + h) * cos(lat) * sin(lon),
        (N * (1 - e2) + h) * sin(lat),
    )


def solar_declination(day):
    g = 2 * pi * ((day - 1) % 365.25) / 365.25
    terms = [(0.006918, -0.399912, 0.070257), (0.0, -0.006758, 0.000907)]
    total = terms[0][0]
    for n, (_, c, s) in enumerate(terms, start=1):
        total += c * cos(n * g) + s * sin(n * g)
    return math.degrees(total)


def sidereal_angle(jd, longitude):
    """Of a date in days since 2000."""
    T = jd / 36525
    theta = 280.46061837 + 360.98564736629 * jd + 0.000387933 * T**2
    theta = (theta + longitude) % 360.0
    if theta > 180.0:
        theta -= 360.0
    return theta


def polygon_area(points):
    total = 0.0
    for k in range(len(points)):
        (x1, y1), (x2, y2) = points[k - 1], points[k]
        total += x1 * y2 - x2 * y1
    return abs(total) / 2


# ---------------------------------------------------------------------------- records


@dataclass
class State:
    T: float
    P: float
    h: float = 0.0

    @property
    def density(self):
        return self.P / (287.05 * self.T)

    def moved(self, dT):
        return State(self.T + dT, self.P, self.h + 1005.0 * dT)


class Pipe:
    """A plain record with a method that fills it."""

    gravity = G

    def __init__(self, D, L, roughness=1e-4):
        self.D = D
        self.L = L
        self.roughness = roughness
        self.area = None

    def solve(self, Q, nu=1e-6):
        self.area = pi * self.D**2 / 4
        self.v = Q / self.area
        Re = self.v * self.D / nu
        self.f = (
            64 / Re
            if Re < 2300
            else 0.25 / math.log10(self.roughness / (3.7 * self.D) + 5.74 / Re**0.9) ** 2
        )
        return self.f * self.L / self.D * self.v**2 / (2 * self.gravity)


def pipe_loss(D, L, Q):
    pipe = Pipe(D, L=L)
    loss = pipe.solve(Q)
    return loss + 0.5 * pipe.v**2 / (2 * G)


def compressor(T1, P1, ratio, eta=0.85):
    inlet = State(T1, P1)
    outlet = inlet.moved(T1 * (ratio**0.2857 - 1) / eta)
    outlet.P = inlet.P * ratio
    return outlet.h / outlet.density


def properties(T, P):
    """A record returned as a dict, read by the caller."""
    result: dict[str, Any] = {}
    result["rho"] = P / (287.05 * T)
    result["mu"] = 1.458e-6 * T**1.5 / (T + 110.4)
    result["nu"] = result["mu"] / result["rho"]
    return result


def reynolds(v, d, T, P):
    from math import fabs

    values = properties(T=T, P=P)
    return fabs(v) * d / values["nu"]


A = np.array
CALLS: list[tuple[Any, tuple[Any, ...], tuple[int, ...]]] = [
    (van_der_waals, (300.0, 0.002), (0, 1)),
    (peng_robinson, (200.0, 2e6), (0, 1)),
    (peng_robinson, (100.0, 5e6, "methane", "liquid"), (0, 1)),
    (virial, (310.0, 0.7), (0, 1)),
    (region_sum, (0.3, 1.9), (0, 1)),
    (wet_bulb, (25.0, 0.4), (0, 1)),
    (colebrook, (1500.0, 1e-4), (0, 1)),
    (colebrook, (1e5, 1e-4), (0, 1)),
    (kepler, (1.1, 0.3), (0, 1)),
    (terminal_velocity, (1e-3, 2000.0), (0, 1)),
    (interpolated, (1.3, [0.0, 1.0, 2.5, 4.0], [1.0, 3.0, -1.0, 2.0]), (0, 1, 2)),
    (heat_capacity, (512.0,), (0,)),
    (standard_atmosphere, (5000.0,), (0,)),
    (standard_atmosphere, (15000.0,), (0,)),
    (bilinear, (1.3, 0.6, [[1.0, 2.0], [3.0, 5.0], [2.0, 7.0]]), (0, 1, 2)),
    (looked_up, (1.7, A([1.0, 3.0, -1.0, 2.0])), (0, 1)),
    (length_in, (3.2, "km"), (0,)),
    (temperature, (72.0, "f", "c"), (0,)),
    (temperature, (300.0, "kelvin", "F"), (0,)),
    (vapour_pressure, (35.0,), (0,)),
    (vapour_pressure, (35.0, "ethanol", "Magnus"), (0,)),
    (nusselt, (5000.0, 0.7), (0, 1)),
    (nusselt, (2e4, 0.7, None, False), (0, 1)),
    (drag_coefficient, (0.005,), (0,)),
    (drag_coefficient, (12.0,), (0,)),
    (drag_coefficient, (1300.0,), (0,)),
    (simpson, (0.1, 1.4, 0.8), (0, 1, 2)),
    (work_of_compression, (1.0, 0.4, 1.3), (0, 1, 2)),
    (runge_kutta, (0.2, 1.3, 1.0), (0, 1)),
    (predator_prey, ((2.0, 0.7), 1.1, 0.9), (1, 2)),
    (heat_equation, ([0.0, 1.0, 4.0, 2.0, 1.0], 0.2), (0, 1)),
    (trapezoid_table, ([0.0, 1.0, 2.5], [1.0, 3.0, 2.0]), (0, 1)),
    (correlation, ([0.3, 1.0, 2.5, 2.0], [1.0, 3.0, 2.0, 2.5]), (0, 1)),
    (weighted_mean, ([0.3, 1.0, 2.5],), (0,)),
    (weighted_mean, ([0.3, 1.0, 2.5], [1.0, 0.0, 2.0]), (0,)),
    (robust_log, (A([0.5, -1.0, 2.0]),), (0,)),
    (entropy, (A([0.5, 0.2, 0.3]),), (0,)),
    (clipped_efficiency, (600.0, 300.0), (0, 1)),
    (safe_ratio, (3.0, 1.7), (0, 1)),
    (safe_ratio, (3.0, 0.0), (0,)),
    (spread, ([3.0, 1.5, 2.2, 7.0],), (0,)),
    (haversine, (45.76, 4.84, 48.86, 2.35), (0, 1, 2, 3)),
    (bearing, (45.76, 4.84, 48.86, 2.35), (0, 1, 2, 3)),
    (geodetic_to_cartesian, (45.76, 4.84, 100.0), (0, 1, 2)),
    (solar_declination, (123.4,), (0,)),
    (sidereal_angle, (8.3, 13.4), (0, 1)),
    (polygon_area, ([(0.0, 0.0), (2.0, 0.3), (1.5, 1.9)],), (0,)),
    (pipe_loss, (0.1, 50.0, 0.01), (0, 1, 2)),
    (compressor, (290.0, 1e5, 3.0), (0, 1, 2)),
    (reynolds, (2.0, 0.1, 300.0, 1e5), (0, 1, 2, 3)),
]
