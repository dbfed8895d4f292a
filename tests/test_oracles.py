"""The oracles against derivatives known in closed form."""

from __future__ import annotations

import math

import numpy as np
import pytest

from oracles import (
    assert_close,
    assert_gradient_ownership,
    directional,
    directional_by_complex_step,
    dot_product_test,
    frozen_copies,
    gradient_and_error,
    gradient_by_differences,
    random_like,
    second_by_differences,
    second_directional,
    unchanged,
)

# name, function, gradient, point
SCALAR_CASES = [
    ("sin", np.sin, np.cos, 0.7),
    ("sin of a large argument", np.sin, np.cos, 1000.3),
    ("exp", math.exp, math.exp, 1.3),
    ("tanh", np.tanh, lambda x: 1 / np.cosh(x) ** 2, -0.4),
    ("log", math.log, lambda x: 1 / x, 2.5),
    ("log near its singularity", math.log, lambda x: 1 / x, 1e-3),
    ("sqrt near its singularity", np.sqrt, lambda x: 0.5 / np.sqrt(x), 0.01),
    ("a power", lambda x: x**7, lambda x: 7 * x**6, 1.1),
    ("a large value", lambda x: 1e8 + x**2, lambda x: 2 * x, 3.0),
    ("abs beside its kink", abs, np.sign, -0.01),
    ("a constant", lambda x: 3.0, lambda x: 0.0, 2.0),
]


@pytest.mark.parametrize(
    ("f", "derivative", "x"),
    [case[1:] for case in SCALAR_CASES],
    ids=[case[0] for case in SCALAR_CASES],
)
def test_scalar_gradients_reach_ten_digits(f, derivative, x):
    # The value 1e8 leaves differences of x**2 only eight digits fewer to work with.
    rtol = 1e-5 if abs(f(x)) > 1e6 else 1e-10
    assert_close(
        gradient_by_differences(f, (x,)),
        float(derivative(x)),
        rtol=rtol,
        atol=1e-10,
    )


def test_a_narrow_branch_around_the_point_is_not_stepped_over():
    def f(x):
        return 2 * x if abs(x) < 1e-3 else x

    assert_close(gradient_by_differences(f, (0.0,)), 2.0, rtol=1e-12)


def test_the_error_is_large_at_a_kink_and_small_beside_it():
    def bent(x):
        return max(x, x**2)

    assert gradient_and_error(abs, (0.0,))[1] > 0.1
    assert gradient_and_error(abs, (1e-6,))[1] > 0.1
    assert gradient_and_error(bent, (0.0,))[1] > 0.1
    assert gradient_and_error(abs, (0.2,))[1] < 1e-12
    assert gradient_and_error(abs, (1e-3,))[1] < 1e-9
    assert gradient_and_error(np.sin, (0.2,))[1] < 1e-11


def test_the_error_is_infinite_where_the_function_is_nowhere_finite():
    assert gradient_and_error(lambda x: x * float("nan"), (1.0,))[1] == math.inf


def test_gradients_have_the_structure_shapes_and_dtypes_of_the_argument():
    tree = {
        "scalar": 0.5,
        "int": 2,
        "pair": (np.array(0.25), [np.float64(0.75), np.array([[1.0], [2.0]])]),
        "single": np.array([0.5, 1.5], dtype=np.float32),
        "label": "x",
        "index": np.array([0, 1]),
    }

    def f(tree):
        zero_d, (scalar, column) = tree["pair"]
        assert isinstance(zero_d, np.ndarray)
        return (
            tree["scalar"]
            * tree["int"]
            * zero_d
            * scalar
            * np.sum(column**2)
            * np.sum(np.sin(tree["single"])),
            "ignored",
        )

    sines = float(np.sum(np.sin(np.array([0.5, 1.5]))))
    value = 0.5 * 2 * 0.25 * 0.75 * 5.0 * sines
    rest = value / sines
    column = np.array([[2.0], [4.0]]) * value / 5.0
    expected = {
        "scalar": value / 0.5,
        "int": value / 2,
        "pair": (np.array(value / 0.25), [np.float64(value / 0.75), column]),
        "single": (rest * np.cos(np.array([0.5, 1.5]))).astype(np.float32),
        "label": None,
        "index": None,
    }
    got = gradient_by_differences(f, (tree,))
    assert_close(got, expected, rtol=1e-10)
    # np.asarray would hide these from assert_close.
    assert type(got["scalar"]) is float
    assert isinstance(got["pair"][0], np.ndarray)


def test_outputs_are_summed_and_wrt_takes_names_and_tuples():
    def f(x, y, n):
        return {"a": [np.sin(x), n], "b": (x * y, np.array([y, y]))}

    args = (0.3, 0.4, 2)
    gradient = math.cos(0.3) + 0.4, 0.3 + 2.0
    assert_close(gradient_by_differences(f, args), gradient[0], rtol=1e-11)
    assert_close(gradient_by_differences(f, args, "y"), gradient[1], rtol=1e-11)
    assert_close(gradient_by_differences(f, args, ("x", 1)), gradient, rtol=1e-11)


def test_arguments_that_the_function_overwrites_are_private_to_each_call():
    def f(x):
        x[0] *= 2
        return np.sum(x)

    x = np.array([1.0, 2.0])
    with unchanged((x,)):
        assert_close(gradient_by_differences(f, (x,)), np.array([2.0, 1.0]), rtol=1e-12)


def test_single_precision_arguments_are_differentiated_in_double():
    x = np.array([0.5, 1.5, -2.0], dtype=np.float32)
    got = directional(np.sin, (x,), (np.ones(3, np.float32),))
    assert got.dtype == np.float32
    assert_close(got, np.cos(x), rtol=2e-7, atol=0)


def test_directional_sums_over_arguments_and_skips_none():
    def f(x, y, unused):
        return x @ y, {"n": 3}

    x = np.arange(6.0).reshape(2, 3)
    y = np.array([0.5, -1.0, 2.0])
    x_dot = np.ones((2, 3))
    y_dot = np.array([1.0, 0.0, -1.0])
    both = directional(f, (x, y, "s"), (x_dot, y_dot, None))
    assert_close(both, (x_dot @ y + x @ y_dot, {"n": None}), rtol=1e-11)
    one = directional(f, (x, y, "s"), (None, y_dot, None))
    assert_close(one[0], x @ y_dot, rtol=1e-11)


def test_entries_of_one_result_choose_their_steps_separately():
    def f(x):
        return np.array([math.log(x), 1e3 * math.sin(x)])

    got = directional(f, (0.01,), (1.0,))
    assert_close(got, np.array([100.0, 1e3 * math.cos(0.01)]), rtol=1e-10)


def test_complex_steps_are_exact_for_analytic_functions():
    def f(x, y):
        return np.exp(x * y) / x, 2.0 * y

    x = np.array([0.5, 1.5])
    y = 0.3
    slope = y * np.exp(x * y) / x - np.exp(x * y) / x**2
    got = directional_by_complex_step(f, (x, y), (np.ones(2), None))
    assert_close(got, (slope, 0.0), rtol=1e-15)


@pytest.mark.parametrize(
    ("f", "second", "x"),
    [
        (np.sin, lambda x: -np.sin(x), 0.8),
        (math.exp, math.exp, 1.0),
        (lambda x: x**5, lambda x: 20 * x**3, -1.2),
        (math.log, lambda x: -1 / x**2, 0.5),
        (lambda x: 3 * x, lambda x: 0.0, 0.5),
    ],
)
def test_second_derivatives_reach_eight_digits(f, second, x):
    got = second_by_differences(f, (x,))
    assert_close(got, float(second(x)), rtol=1e-8, atol=1e-9)


def test_second_derivatives_are_gradients_of_summed_gradients():
    def f(x, y):
        return np.sum(x**2) * np.sum(np.sin(y)) * x[0]

    x = np.array([0.5, -1.0])
    y = np.array([[0.3], [0.9]])
    sines = np.sum(np.sin(y))
    # Gradient for x: sines * (2 x x0 + |x|² e0); its sum is differentiated again.
    in_x = sines * np.array([2 * np.sum(x) + 4 * x[0], 2 * x[0] + 2 * x[1]])
    in_y = np.cos(y) * (2 * x[0] * np.sum(x) + np.sum(x**2))
    assert_close(second_by_differences(f, (x, y)), in_x, rtol=1e-8)
    assert_close(second_by_differences(f, (x, y), "x", "y"), in_y, rtol=1e-8)


def test_second_directional_is_bilinear_in_its_directions():
    def f(x):
        return x[0] ** 2 * x[1]

    x = np.array([0.7, 0.2])
    u, v = np.array([1.0, 2.0]), np.array([-3.0, 0.5])
    hessian = np.array([[2 * x[1], 2 * x[0]], [2 * x[0], 0.0]])
    got = second_directional(f, (x,), (u,), (v,))
    assert_close(got, float(u @ hessian @ v), rtol=1e-8)


def test_dot_product_test_accepts_a_transpose_and_rejects_anything_else():
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(3, 2))
    x_dot, y_bar = random_like(np.zeros(2), rng), random_like([np.zeros(3), 1], rng)
    y_dot = [matrix @ x_dot, None]
    dot_product_test(y_bar=y_bar, y_dot=y_dot, x_bar=matrix.T @ y_bar[0], x_dot=x_dot)
    wrong = matrix.T @ y_bar[0] * 1.001
    with pytest.raises(AssertionError, match="dot-product test"):
        dot_product_test(y_bar=y_bar, y_dot=y_dot, x_bar=wrong, x_dot=x_dot)
    with pytest.raises(AssertionError, match="nan"):
        dot_product_test(y_bar=1.0, y_dot=1.0, x_bar=math.nan, x_dot=1.0)


def test_random_tangents_keep_dtypes_and_leave_out_what_has_no_derivative():
    tree = (np.zeros((2, 1), np.float32), [1.0, 3], np.array([1]), None)
    got = random_like(tree, np.random.default_rng(1))
    assert got[0].dtype == np.float32 and got[0].shape == (2, 1)
    assert [type(leaf) for leaf in got[1]] == [float, float]
    assert got[2:] == (None, None)


@pytest.mark.parametrize(
    ("got", "expected", "message"),
    [
        ([1.0], (1.0,), "result: expected a tuple, got a list"),
        ((1.0,), 1.0, "result: expected a float, got a tuple"),
        ((1.0,), (1.0, 2.0), "result: expected 2 items, got 1"),
        ({"a": 1.0}, {"b": 1.0}, r"expected keys \['b'\], got \['a'\]"),
        (1, 1.0, "expected dtype float64, got int64"),
        (np.float32(1), 1.0, "expected dtype float64, got float32"),
        (np.ones(1), 1.0, r"expected shape \(\), got \(1,\)"),
        (None, 1.0, "result: expected 1.0, got None"),
        (1.0 + 1e-6, 1.0, "they differ by 1e-06, allowed is 2e-08"),
        (math.nan, 1.0, "expected 1.0, got nan"),
        (
            {"w": (0.0, np.array([[1.0, 2.0]]))},
            {"w": (0.0, np.array([[1.0, 3.0]]))},
            r"result\['w'\]\[1\]\[0, 1\]: expected 3.0, got 2.0",
        ),
    ],
)
def test_comparisons_name_what_differs(got, expected, message):
    with pytest.raises(AssertionError, match=message):
        assert_close(got, expected)


def test_comparisons_accept_scalars_of_one_dtype_and_infinities():
    assert_close(np.float64(1.0), 1.0)
    assert_close(np.array(1.0), 1.0)
    assert_close([None, "s", True, math.inf], [None, "s", True, math.inf])
    assert_close(np.float32(1.00001), np.float32(1.0))
    assert_close(1, 1.0, check_dtype=False)


def test_owned_gradients_pass():
    x, items = np.ones((2, 3)), [np.ones(2)]
    packed = np.zeros(4)
    grads = (np.ones((3, 2)).T, [packed[:2]], packed[2:])
    assert_gradient_ownership(grads, (x, items))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda x, items: np.broadcast_to(2.0, (2,)), "gradient is read-only"),
        (lambda x, items: x, r"gradient shares memory with argument\[0\]"),
        (lambda x, items: (x[::-1],), r"gradient\[0\] shares memory with argument"),
        (lambda x, items: items[0], r"shares memory with argument\[1\]\[0\]"),
        (lambda x, items: items, "shares memory|same object"),
        (lambda x, items: [[]] * 2, r"gradient\[1\] is the same object as gradient"),
        (
            lambda x, items: [x.copy()] * 2,
            r"gradient\[1\] shares memory with gradient\[0\]",
        ),
        (lambda x, items: np.frombuffer(bytearray(8)), "NumPy does not own"),
    ],
)
def test_borrowed_gradients_are_named(make, message):
    x, items = np.ones(3), [np.ones(2)]
    with pytest.raises(AssertionError, match=message):
        assert_gradient_ownership(make(x, items), (x, items))


def test_frozen_copies_refuse_writes_and_leave_the_originals_alone():
    x = np.ones(2)
    copy, nested = frozen_copies((x, {"a": [x]}))
    for array in (copy, nested["a"][0]):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0.0
    x[0] = 2.0


def test_unchanged_accepts_reads_and_names_writes():
    x, items = np.array([1.0, np.nan]), [[1.0], np.ones(2)]
    with unchanged((x, items)):
        np.sum(x)
    with (
        pytest.raises(AssertionError, match=r"argument\[0\] was changed"),
        unchanged((x, items)),
    ):
        x[0] = 2.0
    with (
        pytest.raises(AssertionError, match=r"argument\[1\]\[0\]: expected 1 items"),
        unchanged((x, items)),
    ):
        items[0].append(2.0)
    with (
        pytest.raises(AssertionError, match=r"argument\[1\]\[1\] was replaced"),
        unchanged((x, items)),
    ):
        items[1] = np.ones(2)


def test_unchanged_does_not_hide_an_exception_of_its_block():
    x = np.ones(1)
    with pytest.raises(ZeroDivisionError), unchanged((x,)):
        x[0] = 1 / 0
