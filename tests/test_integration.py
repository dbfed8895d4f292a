"""Derivatives among other libraries: optimisers, estimators, other processes, other arrays."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import gradscribe as gs
from foreign import Foreign, unwrapped
from oracles import assert_close, gradient_by_differences

rng = np.random.default_rng(11)
X, W, V = rng.normal(size=(12, 3)), rng.normal(size=3), rng.normal(size=12)
U = np.abs(V) + 0.5

# ---------------------------------------------------------------------------- SciPy


def rosenbrock(x, a=1.0, b=100.0):
    return np.sum(b * (x[1:] - x[:-1] ** 2) ** 2 + (a - x[:-1]) ** 2)


START = np.array([1.3, 0.7, 0.8, 1.1])

JACOBIAN = ["CG", "BFGS", "L-BFGS-B", "TNC", "SLSQP"]
HESSIAN = ["Newton-CG", "dogleg", "trust-ncg", "trust-krylov", "trust-exact", "trust-constr"]
PRODUCT = ["Newton-CG", "trust-ncg", "trust-krylov", "trust-constr"]


@pytest.fixture
def optimize() -> Any:
    return pytest.importorskip("scipy.optimize")


@pytest.mark.parametrize("method", JACOBIAN)
def test_minimize_takes_a_gradient(optimize: Any, method: str) -> None:
    found = optimize.minimize(rosenbrock, START, method=method, jac=gs.grad(rosenbrock))
    assert_close(found.x, np.ones(4), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("method", JACOBIAN)
def test_minimize_takes_value_and_gradient_as_one(optimize: Any, method: str) -> None:
    both = gs.value_and_grad(rosenbrock)
    found = optimize.minimize(both, START, args=(1.0, 10.0), method=method, jac=True)
    assert_close(found.x, np.ones(4), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("method", HESSIAN)
@pytest.mark.filterwarnings("ignore:.*delta_grad == 0.0")
def test_minimize_takes_a_hessian(optimize: Any, method: str) -> None:
    found = optimize.minimize(
        rosenbrock, np.full(4, 1.1), method=method, jac=gs.grad(rosenbrock),
        hess=gs.hessian(rosenbrock),
        tol=1e-8,
    )  # fmt: skip
    assert_close(found.x, np.ones(4), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("method", PRODUCT)
def test_minimize_takes_a_hessian_times_a_vector(optimize: Any, method: str) -> None:
    found = optimize.minimize(
        rosenbrock, START, args=(1.0, 100.0), method=method, jac=gs.grad(rosenbrock),
        hessp=gs.hvp(rosenbrock),
    )  # fmt: skip
    assert_close(found.x, np.ones(4), rtol=1e-4, atol=1e-4)


def test_constraints_take_jacobians_and_hessians(optimize: Any) -> None:
    def circle(x):
        return np.array([x[0] ** 2 + x[1] ** 2, x[0] - x[1] ** 2])

    def weighted(x, v):
        return v @ circle(x)

    bound = optimize.NonlinearConstraint(
        circle, [-np.inf, -1.0], [1.0, 1.0], jac=gs.jacobian(circle), hess=gs.hessian(weighted)
    )
    found = optimize.minimize(
        rosenbrock, np.zeros(2), method="trust-constr", jac=gs.grad(rosenbrock),
        hess=gs.hessian(rosenbrock), constraints=[bound], options={"gtol": 1e-10},
    )  # fmt: skip
    assert_close(found.x, np.array([0.7864151, 0.6176983]), rtol=1e-5, atol=1e-5)


T = np.linspace(0.0, 3.0, 25)


def decay(t, amplitude, rate, offset):
    return amplitude * np.exp(-rate * t) + offset


def residuals(p, t, y):
    return decay(t, p[0], p[1], p[2]) - y


TRUE = np.array([2.0, 1.3, 0.4])
DATA = decay(T, *TRUE)


@pytest.mark.parametrize("method", ["trf", "dogbox", "lm"])
def test_least_squares_takes_a_jacobian(optimize: Any, method: str) -> None:
    found = optimize.least_squares(
        residuals, [1.0, 1.0, 0.0], jac=gs.jacobian(residuals), args=(T, DATA), method=method
    )
    assert_close(found.x, TRUE, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("method", ["trf", "dogbox", "lm"])
def test_curve_fit_takes_a_jacobian(optimize: Any, method: str) -> None:
    jacobian = gs.jacobian(decay, ("amplitude", "rate", "offset"))

    def jac(t, *p):
        return np.stack(jacobian(t, *p), axis=1)

    found, covariance = optimize.curve_fit(decay, T, DATA, [1.0, 1.0, 0.0], jac=jac, method=method)
    assert_close(found, TRUE, rtol=1e-6, atol=1e-6)
    assert covariance.shape == (3, 3)


@pytest.mark.parametrize("method", ["hybr", "lm"])
def test_root_takes_a_jacobian(optimize: Any, method: str) -> None:
    def equations(x):
        return np.array([x[0] * np.cos(x[1]) - 4.0, x[1] * x[0] - x[1] - 5.0])

    found = optimize.root(equations, [1.0, 1.0], jac=gs.jacobian(equations), method=method)
    assert found.success
    assert_close(equations(found.x), np.zeros(2), rtol=0, atol=1e-8)


def test_scalar_roots_take_two_derivatives(optimize: Any) -> None:
    def f(x, c=2.0):
        return x**3 - c

    def second(x, c=2.0):
        return gs.grad(gs.grad(f))(x, c)

    found = optimize.root_scalar(f, x0=1.0, fprime=gs.grad(f), fprime2=second, method="halley")
    assert_close(found.root, 2.0 ** (1 / 3))
    assert_close(optimize.newton(f, 1.0, fprime=gs.grad(f), args=(5.0,)), 5.0 ** (1 / 3))


def test_check_grad_finds_nothing_wrong(optimize: Any) -> None:
    assert optimize.check_grad(rosenbrock, gs.grad(rosenbrock), START) < 1e-4


def test_stiff_equations_take_a_jacobian() -> None:
    integrate = pytest.importorskip("scipy.integrate")

    def van_der_pol(t, y, mu):
        return np.array([y[1], mu * (1 - y[0] ** 2) * y[1] - y[0]])

    by_hand, found = (
        integrate.solve_ivp(
            van_der_pol, (0.0, 20.0), [2.0, 0.0], method="Radau", args=(50.0,), jac=jac, rtol=1e-8
        )
        for jac in (None, gs.jacobian(van_der_pol, "y"))
    )
    assert_close(found.y[:, -1], by_hand.y[:, -1], rtol=1e-5, atol=1e-6)


# ---------------------------------------------------------------------------- estimators


def poisson_loss(theta, x, y, alpha):
    """The negative log likelihood of counts, the intercept first, with a penalty."""
    z = x @ theta[1:] + theta[0]
    return np.mean(np.exp(z) - y * z) + alpha / 2 * np.sum(theta[1:] ** 2)


@pytest.fixture(scope="module")
def regression() -> Any:
    """An estimator whose derivatives are attributes, as an instance and its class hold them."""
    base = pytest.importorskip("sklearn.base")
    minimize = pytest.importorskip("scipy.optimize").minimize

    class PoissonRegression(base.RegressorMixin, base.BaseEstimator):
        def __init__(self, alpha=1.0, gradient=None):
            self.alpha = alpha
            self.gradient = gradient

        def fit(self, X, y):
            start = np.zeros(X.shape[1] + 1)
            self.gradient_ = self.gradient or gs.grad(poisson_loss)
            found = minimize(poisson_loss, start, (X, y, self.alpha), jac=self.gradient_, tol=1e-10)
            self.coef_, self.intercept_ = found.x[1:], found.x[0]
            return self

        def predict(self, X):
            return np.exp(X @ self.coef_ + self.intercept_)

    return PoissonRegression


COUNTS = rng.poisson(np.exp(X @ [0.5, -0.3, 0.2] + 0.7)).astype(float)


def test_an_estimator_fits_by_a_derivative(regression: Any) -> None:
    peer = pytest.importorskip("sklearn.linear_model").PoissonRegressor(alpha=0.1, tol=1e-10)
    own = regression(0.1).fit(X, COUNTS)
    peer.fit(X, COUNTS)
    assert_close(own.coef_, peer.coef_, rtol=1e-5, atol=1e-6)
    assert_close(own.predict(X), peer.predict(X), rtol=1e-5, atol=1e-6)


def test_an_estimator_with_a_derivative_is_cloned_and_searched(regression: Any) -> None:
    clone = pytest.importorskip("sklearn.base").clone
    search = pytest.importorskip("sklearn.model_selection").GridSearchCV
    own = regression(0.1, gs.grad(poisson_loss))
    cloned = clone(own)
    assert cloned.gradient is own.gradient
    found = search(cloned, {"alpha": [0.01, 1.0]}, cv=3, n_jobs=1).fit(X, COUNTS)
    assert_close(found.predict(X), regression(**found.best_params_).fit(X, COUNTS).predict(X))


# ---------------------------------------------------------------------------- copies, processes

MADE = {
    "grad": lambda: gs.grad(rosenbrock),
    "value_and_grad": lambda: gs.value_and_grad(rosenbrock),
    "vjp": lambda: gs.vjp(rosenbrock),
    "jacobian": lambda: gs.jacobian(residuals),
    "hessian": lambda: gs.hessian(rosenbrock, ("x", "a")),
    "hvp": lambda: gs.hvp(rosenbrock),
    "grad of grad": lambda: gs.grad(gs.grad(rosenbrock), "a"),
    "elementwise_grad": lambda: gs.elementwise_grad(softened),
    "linearize": lambda: gs.linearize(residuals, "p"),
    "jvp": lambda: gs.jvp(rosenbrock),
    "of a method": lambda: gs.grad(Scaled(3.0).energy),
}


def softened(t: float):
    return np.tanh(t) * t


class Scaled:
    def __init__(self, factor):
        self.factor = factor

    def energy(self, x):
        return self.factor * np.sum(x**2)


@pytest.mark.parametrize("made", MADE.values(), ids=MADE.keys())
@pytest.mark.parametrize(
    "again", [copy.copy, copy.deepcopy, "pickle"], ids=["copy", "deepcopy", "pickle"]
)
def test_every_derivative_is_copied_and_pickled(made: Any, again: Any) -> None:
    one = made()
    other = pickle.loads(pickle.dumps(one)) if again == "pickle" else again(one)
    assert other.__name__ == one.__name__
    assert other.source == one.source


def test_a_derivative_that_was_called_is_pickled() -> None:
    one = gs.grad(rosenbrock)
    expected = one(START)
    other = pickle.loads(pickle.dumps(one))
    assert_close(other(START), expected, rtol=0, atol=0)
    assert_close(other(START, b=10.0), one(START, b=10.0), rtol=0, atol=0)


def test_a_pickle_of_a_lambda_says_what_is_missing() -> None:
    with pytest.raises((pickle.PicklingError, AttributeError), match="lambda"):
        pickle.dumps(gs.grad(lambda x: x**2))


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_joblib_runs_derivatives_in_parallel(backend: str) -> None:
    joblib = pytest.importorskip("joblib")
    gradient = gs.grad(rosenbrock)
    points = [START + k for k in range(6)]
    with joblib.Parallel(n_jobs=2, backend=backend) as parallel:
        found = parallel(joblib.delayed(gradient)(x) for x in points)
    assert_close(found, [gradient(x) for x in points], rtol=0, atol=0)


def test_joblib_remembers_what_a_derivative_gave(tmp_path: Any) -> None:
    joblib = pytest.importorskip("joblib")
    memory = joblib.Memory(tmp_path, verbose=0)

    @memory.cache
    def slope(x):
        return gs.grad(rosenbrock)(x)

    assert_close(slope(START), gs.grad(rosenbrock)(START), rtol=0, atol=0)
    assert slope.check_call_in_cache(START)


# ---------------------------------------------------------------------------- other arrays


def loss(w, x, y):
    return np.mean((np.tanh(x @ w) - y) ** 2)


def steps(x):
    y = x
    for _ in range(3):
        y = y + 0.1 * np.sin(y)
    return np.sum(y)


def asked(x):
    y = 2 * x
    return np.sum(y**3) if isinstance(y, np.ndarray) else np.sum(y**2)


def recomputed(x):
    return np.sum(gs.grad(lambda z: np.sum(z**3))(x) * x)


# What is differentiated, and its arguments: by the first.
PROGRAMS: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "a sum": (lambda x: np.sum(np.sin(x) * x), (V,)),
    "entry by entry": (lambda x: np.sin(x) * x, (V,)),
    "linear": (lambda x: np.sum(x) * 0.5, (V,)),
    "the same": (lambda x: x, (V,)),
    "its size and length": (lambda x: np.sum(x**2) / x.size / len(x), (V,)),
    "means along axes": (lambda x: np.sum(np.mean(x, axis=0) ** 2) + x.mean(), (X,)),
    "an axis that is kept": (lambda x: np.sum((x - x.mean(axis=1, keepdims=True)) ** 3), (X,)),
    "the variance": (lambda x: np.var(x) + 1.0, (V,)),
    "the norm": (lambda x: np.linalg.norm(x) ** 3, (V,)),
    "products": (loss, (W, X, V)),
    "products by the other": (lambda x, w, y: loss(w, x, y), (X, W, V)),
    "with itself": (lambda x: np.sum((x.T @ x) ** 2), (X,)),
    "broadcasts": (lambda w, x: np.sum((x * w) ** 2), (W, X)),
    "outer differences": (lambda x: np.sum((x[:, None] - x[None, :]) ** 4), (V,)),
    "neighbours": (lambda x: np.sum((x[1:] - x[:-1]) ** 3), (V,)),
    "every other": (lambda x: np.sum(x[::2] ** 2), (V,)),
    "columns and entries": (lambda x: np.sum(x[:, 0] * x[:, 1]) + x[2, 1] * x[0, 0], (X,)),
    "backwards": (lambda x: np.sum(x[::-1] * x**2), (V,)),
    "branches": (lambda x: np.sum(np.where(x > 0, x**2, 0.0)), (V,)),
    "the larger": (lambda x: np.sum(np.maximum(x, 0) ** 2) + np.max(x), (V,)),
    "clipped": (lambda x: np.sum(np.clip(x, -0.5, 0.5) ** 2), (V,)),
    "logarithm of a sum": (lambda x: np.sum(np.log(np.sum(np.exp(x), axis=1))), (X,)),
    "powers": (lambda x: np.sum(x**x + np.sqrt(x) / x), (U,)),
    "joined": (lambda x: np.sum(np.concatenate([x, x**2]) ** 2), (V,)),
    "stacked": (lambda x: np.sum(np.stack([x, x**2]) ** 3), (V,)),
    "reshaped": (lambda x: np.sum(np.reshape(x, (36,)) ** 2), (X,)),
    "einsum": (lambda w, x: np.sum(np.einsum("ij,j->i", x, w) ** 2), (W, X)),
    "differences": (lambda x: np.sum(np.diff(x) ** 2), (V,)),
    "a loop": (steps, (V,)),
    "asked for its class": (asked, (V,)),
    "a gradient within": (recomputed, (V,)),
    "single precision": (lambda x: np.sum(np.mean(x, axis=0) ** 2), (X.astype(np.float32),)),
}


class Tagged(np.ndarray):
    """Says nothing about arithmetic."""

    def __new__(cls, values: Any, tag: str = "") -> Tagged:
        made = np.asarray(values).view(cls)
        made.tag = tag
        return made

    def __array_finalize__(self, other: Any) -> None:
        self.tag = getattr(other, "tag", "")


def in_place(x, n):
    s = 0.0
    for k in range(n):
        s += np.sum(x**k)
        s *= 1.5
    t = s * np.sum(x)
    t += s
    return t * s


def held(x):
    s = np.sum(x**2)
    t = s
    s += 1.0
    return s * t


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("kind", [Foreign, Tagged])
def test_numbers_that_are_arrays_are_added_to(order: int, kind: Any) -> None:
    gradient = gs.grad(in_place) if order == 1 else gs.grad(gs.grad(in_place))
    given = kind(V)
    assert isinstance(in_place(given, 3), type(given))
    found = np.asarray(unwrapped(gradient(given, 3)))
    assert_close(found, gradient(V, 3), rtol=1e-12)
    assert_close(np.asarray(unwrapped(given)), V, rtol=0, atol=0)


class Rebound(Foreign):
    """``x += y`` binds x to another array, as with dask's."""

    __iadd__ = None


def test_numbers_that_are_arrays_and_held_twice_are_not() -> None:
    with pytest.raises(gs.UnsupportedError, match="is an array of another library"):
        gs.grad(held)(Foreign(V))
    assert_close(gs.grad(held)(Rebound(V)).held, gs.grad(held)(V), rtol=1e-12)


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.filterwarnings("ignore:.*does not depend on")
def test_arrays_of_another_library_give_such_arrays(name: str, order: int) -> None:
    function, args = PROGRAMS[name]
    gradient = gs.grad(function) if order == 1 else gs.grad(gs.grad(function))
    expected = gradient(*args)
    if name == "asked for its class":
        expected = 8 * V if order == 1 else np.full_like(V, 8.0)
    given = [Foreign(arg) for arg in args]
    found = gradient(*given)
    assert type(found) is Foreign
    assert_close(found.held, expected, rtol=1e-6 if found.dtype != float else 1e-12, atol=1e-14)
    for arg, before in zip(given, args, strict=True):
        assert_close(arg.held, before, rtol=0, atol=0)


def test_every_derivative_of_such_arrays_is_one() -> None:
    w, x, y = Foreign(W), Foreign(X), Foreign(V)

    def same(derivative: Any, *args: Any) -> None:
        found, expected = derivative(*args), derivative(*map(unwrapped, args))
        assert_close(unwrapped(found), expected, rtol=1e-12)

    same(gs.value_and_grad(loss, ("w", "y")), w, x, y)
    same(gs.jvp(loss), (w, x, y), (w, None, y))
    same(gs.jacobian(lambda w, x: np.tanh(x @ w)), w, x)
    same(gs.jacrev(lambda w, x: np.tanh(x @ w)), w, x)
    same(gs.hessian(loss), w, x, y)
    same(gs.hvp(loss), w, w, x, y)
    same(gs.elementwise_grad(np.tanh), y)
    same(gs.grad(loss), W, x, y)
    assert_close(unwrapped(gs.vjp(loss)(w, x, y)[1](2.0)), gs.vjp(loss)(W, X, V)[1](2.0))
    pushforward = gs.linearize(loss, "w")(w, x, y)[1]
    assert_close(unwrapped(pushforward(w)), gs.linearize(loss, "w")(W, X, V)[1](W))


def test_such_arrays_stand_in_structures() -> None:
    def model(p, x):
        return np.sum(np.tanh(x @ p["w"] + p["b"]) ** 2)

    found = gs.grad(model)({"w": Foreign(W), "b": 0.3}, Foreign(X))
    expected = gs.grad(model)({"w": W, "b": 0.3}, X)
    assert type(found["w"]) is Foreign
    assert_close({"w": found["w"].held, "b": unwrapped(found["b"])}, expected, rtol=1e-12)


KEPT = Foreign(X)


def with_a_global(w):
    return np.sum(np.tanh(KEPT @ w))


def test_a_global_of_another_library_is_read() -> None:
    found = gs.grad(with_a_global)(W)
    assert_close(unwrapped(found), gs.grad(lambda w: np.sum(np.tanh(X @ w)))(W), rtol=1e-12)


def test_one_text_is_written_for_lengths_alike() -> None:
    gradient = gs.grad(loss)
    gradient(Foreign(W), Foreign(X), Foreign(V))
    before = gradient.variant_for(Foreign(W), Foreign(X), Foreign(V))
    assert gradient.variant_for(Foreign(W), Foreign(X[:9]), Foreign(V[:9])) is before
    assert gradient.variant_for(W, X, V) is not before
    assert gradient.variant_for(W, X, V).source == before.source


# ------------------------------------------------------------------ dask, in this process


@pytest.fixture
def chunked() -> Any:
    da = pytest.importorskip("dask.array")

    def made(x: Any) -> Any:
        return da.from_array(x, chunks=tuple(min(n, 5) for n in x.shape))

    return made


def not_yet(*_: Any, **__: Any) -> Any:
    raise AssertionError("something was computed")


@pytest.mark.parametrize("name", [name for name in PROGRAMS if name != "reshaped"])
def test_dask_arrays_give_dask_arrays_and_compute_nothing(name: str, chunked: Any) -> None:
    dask = pytest.importorskip("dask")
    function, args = PROGRAMS[name]
    gradient = gs.grad(function)
    expected = 8 * V if name == "asked for its class" else gradient(*args)
    given = [chunked(arg) for arg in args]
    with dask.config.set(scheduler=not_yet):
        found = gradient(*given)
        again = gs.grad(gradient)(*given) if name == "a sum" else None
    assert isinstance(found, type(given[0]))
    assert found.shape == expected.shape and found.dtype == expected.dtype
    assert_close(found.compute(scheduler="sync"), expected, rtol=1e-6, atol=1e-14)
    if again is not None:
        assert_close(again.compute(scheduler="sync"), gs.grad(gradient)(*args), rtol=1e-12)


def test_a_gradient_chunk_by_chunk_is_that_of_the_whole(chunked: Any) -> None:
    dask = pytest.importorskip("dask")
    x, y = chunked(X), chunked(V)
    rows = x.rechunk((5, -1)).to_delayed().ravel(), y.to_delayed().ravel()

    def total(w, x, y):
        return np.sum((np.tanh(x @ w) - y) ** 2)

    parts = [dask.delayed(gs.grad(total))(W, a, b) for a, b in zip(*rows, strict=True)]
    found = dask.delayed(sum)(parts).compute(scheduler="sync")
    assert_close(found, gs.grad(total)(W, X, V), rtol=1e-12)
    assert_close(gs.grad(total)(W, x, y).compute(scheduler="sync"), found, rtol=1e-12)
    blocks = x.map_blocks(gs.elementwise_grad(np.tanh), dtype=float).compute(scheduler="sync")
    assert_close(blocks, 1 - np.tanh(X) ** 2, rtol=1e-12)


def test_lengths_that_dask_does_not_know_are_refused(chunked: Any) -> None:
    x = chunked(V)
    with pytest.raises(gs.ArgumentError, match=r"'x' is a dask\.Array, whose lengths"):
        gs.grad(steps)(x[x > 0])


# ---------------------------------------------------------------------------- subclasses


class Turned(np.ndarray):
    """Its product is another one."""

    def __mul__(self, other: Any) -> Any:
        return np.matmul(self, other)


def test_a_subclass_that_changes_nothing_is_an_array(tmp_path: Any) -> None:
    memory = np.memmap(tmp_path / "data", dtype=float, mode="w+", shape=(12, 3))
    memory[:] = X
    expected = gs.grad(loss)(W, X, V)
    for kind in (Tagged, lambda x: memory if x is X else x):
        given = [kind(x) for x in (W, X, V)]
        assert_close(np.asarray(gs.grad(loss)(*given)), expected, rtol=1e-12)
        assert gs.grad(loss).source_for(*given) == gs.grad(loss).source_for(W, X, V)
        assert np.asarray(gs.hessian(loss)(*given)).shape == (3, 3)


class Measured(Foreign):
    unit = "m"


class Overridden(np.ndarray):
    def __array_ufunc__(self, *args: Any, **kwargs: Any) -> Any:
        return NotImplemented


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (V.view(Turned), "whose operations are not those of arrays"),
        (V.view(Overridden), "whose operations are not those of arrays"),
        (X.view(np.matrix), "numpy.matrix, whose operations"),
        (np.ma.masked_array(V, V > 0), "numpy.MaskedArray, whose operations"),
        (Measured(V), "which has a unit"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_arrays_that_act_otherwise_are_refused(value: Any, why: str) -> None:
    def f(x, y):
        return np.sum(x) * np.sum(y)

    for args in [(value, V), (V, value)]:
        with pytest.raises(gs.ArgumentError, match=why):
            gs.grad(f)(*args)
    with pytest.raises(gs.ArgumentError, match="the argument 'x' holds a"):
        gs.grad(lambda x: np.sum(x[0]))([value])


class Tensor:
    """Can be made into an array, as tensors of other systems can."""

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return V


def test_what_only_can_be_made_into_an_array_is_not_differentiated() -> None:
    def f(x, y):
        return np.sum(x * np.asarray(y))

    for derivative in (gs.grad(f), gs.jacobian(f), gs.hvp(f), gs.vjp(f)):
        args = (Tensor(), V, V) if derivative.__name__ == "f_hvp" else (Tensor(), V)
        with pytest.raises(gs.ArgumentError, match="Tensor, which does not follow NumPy's proto"):
            derivative(*args)
    with pytest.raises(gs.ArgumentError, match="which does not follow NumPy's protocols"):
        gs.jvp(f)((Tensor(), V), (V, None))
    assert_close(gs.grad(f)(U, Tensor()), gradient_by_differences(f, (U, V)), rtol=1e-9)
