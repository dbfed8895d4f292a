"""Flow in a lid-driven cavity: of each step only the velocities are saved."""

import numpy as np

WRT = ("u", "v", "p")


def primal(u, v, p, steps, sweeps, dt, h, nu):
    u, v, p = u.copy(), v.copy(), p.copy()
    for n in range(steps):  # noqa: B007 - as a user writes it
        ux = (u[1:-1, 2:] - u[1:-1, :-2]) / (2 * h)
        vy = (v[2:, 1:-1] - v[:-2, 1:-1]) / (2 * h)
        uy = (u[2:, 1:-1] - u[:-2, 1:-1]) / (2 * h)
        vx = (v[1:-1, 2:] - v[1:-1, :-2]) / (2 * h)
        b = (ux + vy) / dt - ux**2 - 2 * uy * vx - vy**2
        for q in range(sweeps):  # noqa: B007
            pn = p.copy()
            p[1:-1, 1:-1] = 0.25 * (
                pn[1:-1, 2:] + pn[1:-1, :-2] + pn[2:, 1:-1] + pn[:-2, 1:-1] - h**2 * b
            )
            p[:, -1] = p[:, -2]
            p[0, :] = p[1, :]
            p[:, 0] = p[:, 1]
            p[-1, :] = 0
        un = u.copy()
        vn = v.copy()
        u[1:-1, 1:-1] = (
            un[1:-1, 1:-1]
            - un[1:-1, 1:-1] * dt / h * (un[1:-1, 1:-1] - un[1:-1, :-2])
            - vn[1:-1, 1:-1] * dt / h * (un[1:-1, 1:-1] - un[:-2, 1:-1])
            - dt / (2 * h) * (p[1:-1, 2:] - p[1:-1, :-2])
            + nu * dt / h**2 * (
                un[1:-1, 2:] + un[1:-1, :-2] + un[2:, 1:-1] + un[:-2, 1:-1] - 4 * un[1:-1, 1:-1]
            )
        )  # fmt: skip
        v[1:-1, 1:-1] = (
            vn[1:-1, 1:-1]
            - un[1:-1, 1:-1] * dt / h * (vn[1:-1, 1:-1] - vn[1:-1, :-2])
            - vn[1:-1, 1:-1] * dt / h * (vn[1:-1, 1:-1] - vn[:-2, 1:-1])
            - dt / (2 * h) * (p[2:, 1:-1] - p[:-2, 1:-1])
            + nu * dt / h**2 * (
                vn[1:-1, 2:] + vn[1:-1, :-2] + vn[2:, 1:-1] + vn[:-2, 1:-1] - 4 * vn[1:-1, 1:-1]
            )
        )  # fmt: skip
        u[0, :] = 0
        u[:, 0] = 0
        u[:, -1] = 0
        u[-1, :] = 1
        v[0, :] = 0
        v[-1, :] = 0
        v[:, 0] = 0
        v[:, -1] = 0
    return np.sum(u**2 + v**2) + np.sum(p)


def by_hand(u, v, p, steps, sweeps, dt, h, nu):
    u, v, p = u.copy(), v.copy(), p.copy()
    saved = []
    c, d, e = dt / h, dt / (2 * h), nu * dt / h**2
    for _ in range(steps):
        saved.append((u.copy(), v.copy()))
        ux = (u[1:-1, 2:] - u[1:-1, :-2]) / (2 * h)
        vy = (v[2:, 1:-1] - v[:-2, 1:-1]) / (2 * h)
        uy = (u[2:, 1:-1] - u[:-2, 1:-1]) / (2 * h)
        vx = (v[1:-1, 2:] - v[1:-1, :-2]) / (2 * h)
        b = (ux + vy) / dt - ux**2 - 2 * uy * vx - vy**2
        for _ in range(sweeps):
            pn = p.copy()
            p[1:-1, 1:-1] = 0.25 * (
                pn[1:-1, 2:] + pn[1:-1, :-2] + pn[2:, 1:-1] + pn[:-2, 1:-1] - h**2 * b
            )
            p[:, -1] = p[:, -2]
            p[0, :] = p[1, :]
            p[:, 0] = p[:, 1]
            p[-1, :] = 0
        un, vn = saved[-1]
        uc, vc = un[1:-1, 1:-1], vn[1:-1, 1:-1]
        u[1:-1, 1:-1] = (
            uc
            - uc * c * (uc - un[1:-1, :-2])
            - vc * c * (uc - un[:-2, 1:-1])
            - d * (p[1:-1, 2:] - p[1:-1, :-2])
            + e * (un[1:-1, 2:] + un[1:-1, :-2] + un[2:, 1:-1] + un[:-2, 1:-1] - 4 * uc)
        )
        v[1:-1, 1:-1] = (
            vc
            - uc * c * (vc - vn[1:-1, :-2])
            - vc * c * (vc - vn[:-2, 1:-1])
            - d * (p[2:, 1:-1] - p[:-2, 1:-1])
            + e * (vn[1:-1, 2:] + vn[1:-1, :-2] + vn[2:, 1:-1] + vn[:-2, 1:-1] - 4 * vc)
        )
        for field, lid in ((u, 1), (v, 0)):
            field[0, :] = field[:, 0] = field[:, -1] = 0
            field[-1, :] = lid
    u_bar, v_bar = 2 * u, 2 * v
    p_bar = np.ones_like(p)
    for un, vn in reversed(saved):
        for field in (u_bar, v_bar):
            field[0, :] = field[-1, :] = field[:, 0] = field[:, -1] = 0
        uc, vc = un[1:-1, 1:-1], vn[1:-1, 1:-1]
        s, t = u_bar[1:-1, 1:-1].copy(), v_bar[1:-1, 1:-1].copy()
        u_bar[1:-1, 1:-1] = 0
        v_bar[1:-1, 1:-1] = 0
        for mid, bar, g in ((uc, u_bar, s), (vc, v_bar, t)):
            west, south = c * uc * g, c * vc * g
            field = un if bar is u_bar else vn
            spread = e * g
            bar[1:-1, 1:-1] += g - 4 * spread - west - south
            bar[1:-1, 2:] += spread
            bar[2:, 1:-1] += spread
            bar[1:-1, :-2] += spread + west
            bar[:-2, 1:-1] += spread + south
            u_bar[1:-1, 1:-1] -= c * g * (mid - field[1:-1, :-2])
            v_bar[1:-1, 1:-1] -= c * g * (mid - field[:-2, 1:-1])
        s *= d
        t *= d
        p_bar[1:-1, 2:] -= s
        p_bar[1:-1, :-2] += s
        p_bar[2:, 1:-1] -= t
        p_bar[:-2, 1:-1] += t
        b_bar = np.zeros_like(uc)
        for _ in range(sweeps):
            p_bar[-1, :] = 0
            p_bar[:, 1] += p_bar[:, 0]
            p_bar[:, 0] = 0
            p_bar[1, :] += p_bar[0, :]
            p_bar[0, :] = 0
            p_bar[:, -2] += p_bar[:, -1]
            p_bar[:, -1] = 0
            t_bar = 0.25 * p_bar[1:-1, 1:-1]
            p_bar[1:-1, 1:-1] = 0
            p_bar[1:-1, 2:] += t_bar
            p_bar[1:-1, :-2] += t_bar
            p_bar[2:, 1:-1] += t_bar
            p_bar[:-2, 1:-1] += t_bar
            b_bar -= h**2 * t_bar
        ux = (un[1:-1, 2:] - un[1:-1, :-2]) / (2 * h)
        vy = (vn[2:, 1:-1] - vn[:-2, 1:-1]) / (2 * h)
        uy = (un[2:, 1:-1] - un[:-2, 1:-1]) / (2 * h)
        vx = (vn[1:-1, 2:] - vn[1:-1, :-2]) / (2 * h)
        b_bar /= 2 * h
        ux_bar = b_bar * (1 / dt - 2 * ux)
        vy_bar = b_bar * (1 / dt - 2 * vy)
        uy_bar = -2 * b_bar * vx
        vx_bar = -2 * b_bar * uy
        u_bar[1:-1, 2:] += ux_bar
        u_bar[1:-1, :-2] -= ux_bar
        v_bar[2:, 1:-1] += vy_bar
        v_bar[:-2, 1:-1] -= vy_bar
        u_bar[2:, 1:-1] += uy_bar
        u_bar[:-2, 1:-1] -= uy_bar
        v_bar[1:-1, 2:] += vx_bar
        v_bar[1:-1, :-2] -= vx_bar
    return u_bar, v_bar, p_bar


def arguments(scale):
    generator = np.random.default_rng(0)
    n, steps, sweeps = (60, 10, 8) if scale else (6, 2, 3)
    fields = (0.1 * generator.normal(size=(n, n)) for _ in range(3))
    return *fields, steps, sweeps, 1e-3, 0.1, 0.1
