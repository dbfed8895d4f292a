"""Bodies that attract each other, by the leapfrog method."""

import numpy as np

WRT = ("position", "velocity", "mass")


def acceleration(position, mass, soft):
    x, y, z = position[:, 0:1], position[:, 1:2], position[:, 2:3]
    dx, dy, dz = x.T - x, y.T - y, z.T - z
    inverse = (dx**2 + dy**2 + dz**2 + soft**2) ** -1.5
    ax = (dx * inverse) @ mass
    ay = (dy * inverse) @ mass
    az = (dz * inverse) @ mass
    return np.stack([ax, ay, az], axis=1)


def primal(position, velocity, mass, steps, dt, soft):
    acc = acceleration(position, mass, soft)
    for t in range(steps):  # noqa: B007 - as a user writes it
        velocity = velocity + acc * dt / 2
        position = position + velocity * dt
        acc = acceleration(position, mass, soft)
        velocity = velocity + acc * dt / 2
    return np.sum(mass[:, np.newaxis] * velocity**2) / 2


def acceleration_reverse(position, mass, soft, acc_bar):
    """Adjoints of position and mass."""
    x, y, z = position[:, 0:1], position[:, 1:2], position[:, 2:3]
    dx, dy, dz = x.T - x, y.T - y, z.T - z
    square = dx**2 + dy**2 + dz**2 + soft**2
    inverse = square**-1.5
    mass_bar = np.zeros_like(mass)
    inverse_bar = np.zeros_like(inverse)
    position_bar = np.empty_like(position)
    bars = []
    for k, d in enumerate((dx, dy, dz)):
        t_bar = np.outer(acc_bar[:, k], mass)
        mass_bar += (d * inverse).T @ acc_bar[:, k]
        inverse_bar += t_bar * d
        t_bar *= inverse
        bars.append(t_bar)
    square_bar = -3 * inverse_bar * inverse / square
    for k, d in enumerate((dx, dy, dz)):
        bars[k] += square_bar * d
        position_bar[:, k] = np.sum(bars[k], axis=0) - np.sum(bars[k], axis=1)
    return position_bar, mass_bar


def by_hand(position, velocity, mass, steps, dt, soft):
    acc = acceleration(position, mass, soft)
    saved = [position]
    for _ in range(steps):
        velocity = velocity + acc * dt / 2
        position = position + velocity * dt
        saved.append(position)
        acc = acceleration(position, mass, soft)
        velocity = velocity + acc * dt / 2

    mass_bar = np.sum(velocity**2, axis=1) / 2
    velocity_bar = mass[:, np.newaxis] * velocity
    position_bar = np.zeros_like(position)
    acc_bar = np.zeros_like(position)
    for position in reversed(saved[1:]):
        acc_bar += velocity_bar * dt / 2
        bars = acceleration_reverse(position, mass, soft, acc_bar)
        position_bar += bars[0]
        mass_bar += bars[1]
        velocity_bar += position_bar * dt
        acc_bar = velocity_bar * dt / 2
    bars = acceleration_reverse(saved[0], mass, soft, acc_bar)
    position_bar += bars[0]
    mass_bar += bars[1]
    return position_bar, velocity_bar, mass_bar


def arguments(scale):
    generator = np.random.default_rng(0)
    n, steps = (50, 10) if scale else (4, 3)
    position, velocity = generator.normal(size=(n, 3)), generator.normal(size=(n, 3))
    return position, velocity, 1 + generator.random(n), steps, 0.01, 0.1
