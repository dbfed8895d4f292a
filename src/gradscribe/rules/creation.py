"""Rules: making arrays. All but logspace and geomspace are linear in the numbers that vary."""

from __future__ import annotations

import numpy as np

from gradscribe.ir.transposes import unstack
from gradscribe.rules.declare import adjoint, constant, constant_in, linear, tangent

constant(
    np.zeros, np.ones, np.empty, np.zeros_like, np.ones_like, np.empty_like, np.eye, np.identity,
    np.tri, np.indices,
)  # fmt: skip


@linear(np.array, "object")
def array(object, dtype=None, *, y_bar):
    return unstack(y_bar, object)


for _function in (np.asarray, np.asanyarray):

    @linear(_function, "a")
    def asarray(a, dtype=None, *, y_bar):
        return unstack(y_bar, a)


@linear(np.ascontiguousarray, "a")
def ascontiguousarray(a, dtype=None, *, y_bar):
    if not isinstance(a, (list, tuple)) and np.ndim(a) == 0:
        return y_bar[0]
    return unstack(y_bar, a)


@linear(np.copy, "a")
def copy(a, *, y_bar):
    return unstack(y_bar, a)


@linear(np.ndarray.copy, "x")
def method_copy(x, *, y_bar):
    return y_bar


@linear(np.ndarray.astype, "x")
def astype(x, dtype, *, y_bar):
    return y_bar


@tangent(np.ndarray.item, "x")
def item_tangent(x, *, x_dot):
    return float(x_dot) if np.ndim(x_dot) == 0 else x_dot.item()


@adjoint(np.ndarray.item, "x")
def item_adjoint(x, *, y_bar):
    return y_bar


@linear(np.ndarray.tolist, "x")
def tolist(x, *, y_bar):
    return np.array(y_bar)


@linear(np.full, "fill_value")
def full(shape, fill_value, *, y_bar):
    return y_bar


constant_in(np.full_like, "a")


@linear(np.full_like, "fill_value")
def full_like(a, fill_value, *, y_bar):
    return y_bar


# y_i = start + i step; of one bound alone, which is called start, only the length depends.

constant_in(np.arange, "stop")


@tangent(np.arange, "start")
def arange_start_tangent(start, stop, *, y, start_dot):
    return np.zeros_like(y) if stop is None else np.full(len(y), start_dot)


@adjoint(np.arange, "start")
def arange_start(start, stop, *, y_bar):
    return 0.0 if stop is None else np.sum(y_bar)


@tangent(np.arange, "step")
def arange_step_tangent(step, *, y, step_dot):
    return step_dot * np.arange(len(y))


@adjoint(np.arange, "step")
def arange_step(step, *, y_bar):
    return y_bar @ np.arange(len(y_bar))


# y_i = (1 - t_i) start + t_i stop with t = linspace(0, 1, num).


@linear(np.linspace, ("start", "stop"))
def linspace(start, stop, num=50, endpoint=True, *, y_bar):
    t = np.linspace(0.0, 1.0, num, endpoint)
    if np.ndim(start) == 0 and np.ndim(stop) == 0:
        return (1 - t) @ y_bar, t @ y_bar
    return np.tensordot(1 - t, y_bar, 1), np.tensordot(t, y_bar, 1)


@tangent(np.logspace, "start")
def logspace_start_tangent(start, stop, num=50, endpoint=True, base=10.0, *, y, start_dot):
    return np.log(base) * y * np.linspace(start_dot, np.zeros_like(stop), num, endpoint)


@adjoint(np.logspace, "start")
def logspace_start(start, stop, num=50, endpoint=True, base=10.0, *, y, y_bar):
    t = np.linspace(0.0, 1.0, num, endpoint)
    return np.tensordot(1 - t, np.log(base) * y * y_bar, 1)


@tangent(np.logspace, "stop")
def logspace_stop_tangent(start, stop, num=50, endpoint=True, base=10.0, *, y, stop_dot):
    return np.log(base) * y * np.linspace(np.zeros_like(start), stop_dot, num, endpoint)


@adjoint(np.logspace, "stop")
def logspace_stop(start, stop, num=50, endpoint=True, base=10.0, *, y, y_bar):
    t = np.linspace(0.0, 1.0, num, endpoint)
    return np.tensordot(t, np.log(base) * y * y_bar, 1)


# log y is linear: d log y_i = (1 - t_i) d log start + t_i d log stop.


@tangent(np.geomspace, "start")
def geomspace_start_tangent(start, stop, num=50, endpoint=True, *, y, start_dot):
    return y * np.linspace(start_dot / start, np.zeros_like(stop), num, endpoint)


@adjoint(np.geomspace, "start")
def geomspace_start(start, stop, num=50, endpoint=True, *, y, y_bar):
    t = np.linspace(0.0, 1.0, num, endpoint)
    return np.tensordot(1 - t, y * y_bar, 1) / start


@tangent(np.geomspace, "stop")
def geomspace_stop_tangent(start, stop, num=50, endpoint=True, *, y, stop_dot):
    return y * np.linspace(np.zeros_like(start), stop_dot / stop, num, endpoint)


@adjoint(np.geomspace, "stop")
def geomspace_stop(start, stop, num=50, endpoint=True, *, y, y_bar):
    t = np.linspace(0.0, 1.0, num, endpoint)
    return np.tensordot(t, y * y_bar, 1) / stop
