"""Calls of pyquaternion: quaternions built from floats, and what is computed with them."""

from __future__ import annotations

import numpy as np
from pyquaternion import Quaternion


def product(w, x, y, z, v, s):
    return (Quaternion(w, x, y, z) * Quaternion(v, s, 0.3, -0.2)).elements


def mixed(w, x, y, z, s):
    q = Quaternion(w, x, y, z)
    return (s * q + q / s - 1.5).norm


def inverse(w, x, y, z):
    return Quaternion(w, x, y, z).inverse.elements


def conjugate(w, x, y, z):
    return Quaternion(w, x, y, z).conjugate.vector


def norm(w, x, y, z):
    return Quaternion(w, x, y, z).norm


def normalised(w, x, y, z):
    return Quaternion(w, x, y, z).normalised.elements


def power(w, x, y, z, exponent):
    return (Quaternion(w, x, y, z) ** exponent).elements


def rotated(w, x, y, z, vector):
    return Quaternion(w, x, y, z).rotate(vector)


def rotated_list(w, x, y, z, a, b, c):
    return Quaternion(w, x, y, z).rotate([a, b, c])


def about_axis(axis, angle, vector):
    return Quaternion(axis=axis, angle=angle).rotate(vector)


def about_axis_in_degrees(axis, degrees):
    return Quaternion(axis=axis, degrees=degrees).rotation_matrix


def from_scalar_and_vector(scalar, vector):
    return Quaternion(scalar=scalar, vector=vector).polar_angle


def from_array(array):
    return Quaternion(array=array).unit.elements


def rotation_matrix(w, x, y, z):
    return Quaternion(w, x, y, z).rotation_matrix


def transformation_matrix(w, x, y, z):
    return Quaternion(w, x, y, z).transformation_matrix


def from_matrix(angle):
    c, s = np.cos(angle), np.sin(angle)
    return Quaternion(matrix=np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])).angle


def yaw(w, x, y, z):
    return Quaternion(w, x, y, z).yaw_pitch_roll


def angle(w, x, y, z):
    return Quaternion(w, x, y, z).angle


def axis(w, x, y, z):
    return Quaternion(w, x, y, z).axis


def degrees(w, x, y, z):
    return Quaternion(w, x, y, z).degrees


def exponential(w, x, y, z):
    return Quaternion.exp(Quaternion(w, x, y, z)).elements


def logarithm(w, x, y, z):
    return Quaternion.log(Quaternion(w, x, y, z)).elements


def interpolated(w, x, y, z, amount):
    return Quaternion.slerp(
        Quaternion(w, x, y, z), Quaternion(0.9, 0.1, -0.4, 0.2), amount
    ).elements


def distance(w, x, y, z):
    return Quaternion.distance(Quaternion(w, x, y, z), Quaternion(0.9, 0.1, -0.4, 0.2))


def absolute_distance(w, x, y, z):
    return Quaternion.absolute_distance(Quaternion(w, x, y, z), Quaternion(0.9, 0.1, -0.4, 0.2))


def sym_distance(w, x, y, z):
    return Quaternion.sym_distance(Quaternion(w, x, y, z), Quaternion(0.9, 0.1, -0.4, 0.2))


def rate(w, x, y, z, omega):
    return Quaternion(w, x, y, z).derivative(omega).elements


def integrated(w, x, y, z, omega, step):
    q = Quaternion(w, x, y, z)
    q.integrate(omega, step)
    return q.elements


def calls() -> None:
    q = (0.8, 0.3, -0.4, 0.2)
    for function in (inverse, conjugate, norm, normalised, rotation_matrix, transformation_matrix):
        function(*q)
    for function in (yaw, angle, axis, degrees, exponential, logarithm):
        function(*q)
    for function in (distance, absolute_distance, sym_distance):
        function(*q)
    product(*q, 0.5, 0.1)
    mixed(*q, 1.7)
    power(*q, 2.3)
    rotated(*q, np.array([1.0, 2.0, -0.5]))
    rotated_list(*q, 1.0, 2.0, -0.5)
    about_axis(np.array([1.0, 0.4, 0.2]), 0.7, np.array([1.0, 2.0, -0.5]))
    about_axis_in_degrees([0.3, 1.0, 0.1], 35.0)
    from_scalar_and_vector(0.3, [0.2, 0.5, -0.1])
    from_array(np.array(q))
    from_matrix(0.6)
    interpolated(*q, 0.3)
    rate(*q, [0.1, 0.2, -0.3])
    integrated(*q, [0.1, 0.2, -0.3], 0.25)
