"""Distances on a sphere, by the haversine formula."""

import numpy as np

WRT = ("theta_1", "phi_1", "theta_2", "phi_2")


def primal(theta_1, phi_1, theta_2, phi_2):
    t = (
        np.sin((theta_2 - theta_1) / 2) ** 2
        + np.cos(theta_1) * np.cos(theta_2) * np.sin((phi_2 - phi_1) / 2) ** 2
    )
    return 2 * np.arctan2(np.sqrt(t), np.sqrt(1 - t))


def by_hand(theta_1, phi_1, theta_2, phi_2):
    half_theta, half_phi = (theta_2 - theta_1) / 2, (phi_2 - phi_1) / 2
    sin_theta, sin_phi = np.sin(half_theta), np.sin(half_phi)
    cos_1, cos_2 = np.cos(theta_1), np.cos(theta_2)
    t = sin_theta**2 + cos_1 * cos_2 * sin_phi**2
    t_bar = 1 / np.sqrt(t * (1 - t))
    theta_bar = t_bar * sin_theta * np.cos(half_theta)
    s_bar = t_bar * sin_phi**2
    phi_bar = t_bar * cos_1 * cos_2 * sin_phi * np.cos(half_phi)
    theta_1_bar = -theta_bar - s_bar * cos_2 * np.sin(theta_1)
    theta_2_bar = theta_bar - s_bar * cos_1 * np.sin(theta_2)
    return theta_1_bar, -phi_bar, theta_2_bar, phi_bar


def arguments(scale):
    generator = np.random.default_rng(0)
    n = 5_000 if scale else 5
    return tuple(generator.uniform(-1.5, 1.5, size=n) for _ in range(4))
