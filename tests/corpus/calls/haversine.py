"""Calls of haversine."""

from __future__ import annotations

import numpy as np
from haversine import (
    Direction,
    Unit,
    haversine,
    haversine_vector,
    inverse_haversine,
    inverse_haversine_vector,
)


def distance(lat1, lon1, lat2, lon2):
    return haversine((lat1, lon1), (lat2, lon2))


def distance_in_miles(lat1, lon1, lat2, lon2):
    return haversine((lat1, lon1), (lat2, lon2), unit=Unit.MILES)


def distance_normalized(lat1, lon1, lat2, lon2):
    return haversine((lat1, lon1), (lat2, lon2), unit="m", normalize=True)


def distances(points, others):
    return haversine_vector(points, others, Unit.KILOMETERS)


def all_distances(points, others):
    return haversine_vector(points, others, Unit.KILOMETERS, comb=True)


def destination(lat, lon, kilometers, direction):
    return inverse_haversine((lat, lon), kilometers, direction)


def destination_southwest(lat, lon, kilometers):
    return inverse_haversine((lat, lon), kilometers, Direction.SOUTHWEST, normalize_output=True)


def destinations(points, kilometers, directions):
    return inverse_haversine_vector(points, kilometers, directions)


def calls() -> None:
    lyon, paris = (45.7597, 4.8422), (48.8567, 2.3508)
    distance(*lyon, *paris)
    distance_in_miles(*lyon, *paris)
    distance_normalized(95.2, 188.3, *paris)
    points = np.array([lyon, paris, (40.7033962, -74.2351462)])
    distances(points, points[::-1].copy() + 1.0)
    all_distances(points, points + 2.0)
    destination(*paris, 32.0, 1.234)
    destination_southwest(*paris, 32.0)
    destinations(points, np.array([10.0, 32.0, 700.0]), np.array([0.3, 1.2, 4.5]))
