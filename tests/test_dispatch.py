"""The run-time dispatcher: keys, the callable, and functions built from text."""

import ast
import bdb
import collections
import copy
import functools
import inspect
import linecache
import math
import multiprocessing
import operator
import os
import pickle
import pydoc
import signal
import threading
import traceback
import types
from collections.abc import Callable
from typing import Any, NamedTuple

import joblib
import numpy as np
import pytest

from gradscribe.runtime.dispatch import Derivative, Variant, make_derivative
from gradscribe.runtime.load import build_function, register_source
from gradscribe.runtime.signature import free_prefix, key_of


class Pair(NamedTuple):
    first: object
    second: object


class Other(NamedTuple):
    first: object
    second: object


class Thing:
    def method(self) -> None: ...


class CallableThing:
    def __call__(self) -> None: ...


class SubArray(np.ndarray):
    pass


class MyList(list[object]):
    pass


def named(thing: CallableThing) -> CallableThing:
    functools.update_wrapper(thing, Thing.method)
    return thing


THING = Thing()
COMPILED = named(CallableThing())
FLOAT, INT = np.dtype(np.float64), np.dtype(np.int64)


@pytest.mark.parametrize(
    ("value", "key"),
    [
        (1.0, float),
        (1, int),
        (True, bool),
        (1j, complex),
        (np.float64(1), np.float64),
        (np.float32(1), np.float32),
        (np.int64(1), np.int64),
        (np.bool_(True), np.bool_),
        (range(3), range),
        (np.zeros(()), (np.ndarray, FLOAT, ())),
        (np.zeros(3), (np.ndarray, FLOAT, (False,))),
        (np.zeros(0), (np.ndarray, FLOAT, (False,))),
        (np.zeros((3, 1)), (np.ndarray, FLOAT, (False, True))),
        (np.zeros(3, ">f8"), (np.ndarray, np.dtype(">f8"), (False,))),
        (np.zeros(1, np.int64), (np.ndarray, INT, (True,))),
        (np.zeros((2, 1)).view(SubArray), (SubArray, FLOAT, (False, True))),
        (None, None),
        (..., ...),
        ("axis", "axis"),
        (b"axis", b"axis"),
        (math.sin, math.sin),
        (np.sin, np.sin),
        (np.sum, np.sum),
        (len, len),
        (str.upper, str.upper),
        (THING.method, THING.method),
        (COMPILED, COMPILED),
        (math, math),
        (float, (type, float)),
        (Thing, (type, Thing)),
        (slice(1, None, -1), (slice, 1, None, -1)),
        (slice(1.0, 2.0), slice),
        ([], (list,)),
        ([1.0], (list, float)),
        ([1.0, 2.0, 3.0], (list, float)),
        ([1.0, 2], (list, float, int)),
        ([np.zeros(2), np.ones(5)], (list, (np.ndarray, FLOAT, (False,)))),
        (["a", "a"], (list, "a")),
        (["a", "b"], (list, "a", "b")),
        ((), (tuple,)),
        ((1.0, [2]), (tuple, float, (list, int))),
        (Pair(1.0, None), (Pair, float, None)),
        ({}, (dict,)),
        ({"w": 1.0, 2: 3}, (dict, (str, "w", float), (int, 2, int))),
        (THING, Thing),
        (CallableThing(), CallableThing),
        (functools.partial(len), functools.partial),
        (collections.OrderedDict(a=1), collections.OrderedDict),
        (MyList([1.0]), MyList),
    ],
)
def test_key_says_what_a_variant_may_be_specialised_on(value: object, key: object):
    assert key_of(value) == key
    assert type(key_of(value)) is type(key)
    hash(key_of(value))


DIFFERENT = [
    1.0,
    1,
    True,
    None,
    float,
    "float",
    b"float",
    np.float64(1),
    np.zeros(()),
    np.zeros(1),
    np.zeros(2),
    np.zeros(2, np.float32),
    np.zeros((1, 2)),
    np.zeros((2, 1)),
    np.zeros((2, 2)),
    np.zeros(2).view(SubArray),
    [],
    (),
    {},
    [1.0],
    [1.0, 2],
    (1.0,),
    (1.0, 2),
    [(1.0, 2)],
    Pair(1.0, 2.0),
    Other(1.0, 2.0),
    (1.0, 2.0),
    {1: 1.0},
    {True: 1.0},
    {1.0: 1.0},
    {"a": 1.0, "b": 1.0},
    {"b": 1.0, "a": 1.0},
    slice(1),
    slice(2),
    slice(1.0),
    len,
    np.sin,
    THING,
    CallableThing(),
    COMPILED,
    math,
    range(2),
]

ALIKE = [
    (1.0, -2.5),
    (np.zeros(2), np.ones(7)),
    (np.zeros((1, 2)), np.ones((1, 5))),
    ([1.0], [1.0, 2.0, 3.0]),
    ("ab", "".join(["a", "b"])),
    (THING.method, THING.method),
    (np.zeros(2, "f8,i4"), np.zeros(3, "f8,i4")),
    (range(2), range(5)),
    (CallableThing(), CallableThing()),
]


def recording(
    primal: Callable[..., object], name: str = "f_grad", **overrides: Any
) -> tuple[Derivative, list[tuple[object, ...]]]:
    """Return a derivative that returns its arguments, and what it has compiled."""
    compiled: list[tuple[object, ...]] = []

    def compile_variant(arguments: tuple[object, ...]) -> Variant:
        compiled.append(arguments)
        number = len(compiled)

        def function(*args: object, **kwargs: object) -> object:
            return number, args, kwargs

        return Variant(function, f"variant {number}\n")

    def generic() -> Variant:
        return Variant(lambda: None, "generic\n")

    settings: dict[str, Any] = {
        "doc": "Gradient of f.",
        "module": __name__,
        "reduce": lambda: (recording, (primal, name)),
        "generic": generic,
    }
    signature = inspect.signature(primal)
    df = make_derivative(name, signature, compile_variant, **settings | overrides)
    return df, compiled


def test_calls_share_a_variant_exactly_when_their_keys_are_equal():
    df, compiled = recording(lambda x: x)
    numbers = [df(value)[0] for value in DIFFERENT]
    assert numbers == list(range(1, len(DIFFERENT) + 1))
    # A second time, whether by guard or by key.
    assert [df(value)[0] for value in DIFFERENT] == numbers
    assert len(compiled) == len(DIFFERENT)


@pytest.mark.parametrize("value", DIFFERENT, ids=lambda value: type(value).__name__)
def test_a_guard_holds_for_no_other_key(value: object):
    df, _ = recording(lambda x: x)
    df(value)
    for other in DIFFERENT:
        if other is not value:
            assert df.variant_for(other) is not df.variant_for(value)
            assert df(other)[0] != 1
    assert df(value)[0] == 1


@pytest.mark.parametrize(("first", "second"), ALIKE)
def test_arguments_of_one_key_share_a_variant(first: object, second: object):
    df, compiled = recording(lambda x: x)
    assert df(first)[0] == df(second)[0] == 1
    assert len(compiled) == 1


def test_more_variants_than_guards_are_all_found():
    df, compiled = recording(lambda x, y: x)
    arrays = [np.zeros((2,) * rank) for rank in range(8)]
    pairs = [(x, y) for x in arrays for y in arrays]
    numbers = [df(x, y)[0] for x, y in pairs]
    assert [df(x, y)[0] for x, y in pairs] == numbers == list(range(1, 65))
    assert len(compiled) == 64


def test_an_array_is_not_compared_with_a_string_or_none():
    df, _ = recording(lambda x, y: x)
    df("a", None)
    x = np.zeros((2, 3))
    assert df(x, x)[0] == 2


SENTINEL = object()


def every_kind(a, b=SENTINEL, /, c=(), *rest, d, e=None, **others):
    return a, b, c, rest, d, e, others


class TestSignature:
    def test_is_the_primals(self):
        df, _ = recording(every_kind)
        assert inspect.signature(df) == inspect.signature(every_kind)
        inner = inspect.signature(df.func)
        for name, parameter in inspect.signature(every_kind).parameters.items():
            assert inner.parameters[name].kind is parameter.kind
            assert inner.parameters[name].default is parameter.default

    def test_every_kind_of_parameter_reaches_the_variant(self):
        df, compiled = recording(every_kind)
        assert df(1, d=4) == (1, (1, SENTINEL, ()), {"d": 4, "e": None})
        assert compiled == [(1, SENTINEL, (), (), 4, None, {})]
        assert df(1, 2, 3, 4, 5, d=6, f=7) == (
            2,
            (1, 2, 3, 4, 5),
            {"d": 6, "e": None, "f": 7},
        )
        assert compiled[1] == (1, 2, 3, (4, 5), 6, None, {"f": 7})

    @pytest.mark.parametrize(
        "primal",
        [
            lambda: None,
            lambda x, /: None,
            lambda *, k: None,
            lambda *args: None,
            lambda **kwargs: None,
            lambda x, /, *, k=1: None,
            lambda x, *args, k: None,
        ],
    )
    def test_shapes_of_parameter_lists(self, primal):
        df, compiled = recording(primal)
        assert inspect.signature(df) == inspect.signature(primal)
        names = [
            p.name
            for p in inspect.signature(primal).parameters.values()
            if p.kind is p.KEYWORD_ONLY
        ]
        positional = "x" in inspect.signature(primal).parameters
        for _ in range(2):
            df(*([1.0] * positional), **dict.fromkeys(names, 2.0))
        assert len(compiled) == 1

    def test_keywords_in_any_order_are_the_same_call(self):
        df, compiled = recording(lambda x, y=2.0, z=3.0: None)
        assert df(1.0) == df(z=3.0, x=1.0) == df(1.0, z=3.0) == (1, (1.0, 2.0, 3.0), {})
        assert len(compiled) == 1

    @pytest.mark.parametrize("args", [(), (1, 2, 3)])
    def test_a_wrong_call_is_an_ordinary_type_error(self, args):
        df, compiled = recording(lambda x, y: None)
        with pytest.raises(TypeError, match=r"f_grad\(\) .*argument"):
            df(*args)
        assert not compiled

    def test_parameters_may_have_any_name(self):
        text = """
            _type _len _ndarray _keyof _select _last _bind _c0 _kind_x _dtype_x key ñ
            variants type len np self cls args kwargs f_grad __last of _ ____x
        """
        names = text.split()
        namespace: dict[str, Any] = {}
        exec(f"def f({', '.join(names)}): pass", namespace)
        df, compiled = recording(namespace["f"])
        values = [np.zeros(2) if index % 3 else "s" for index in range(len(names))]
        for _ in range(3):
            assert df(*values)[0] == 1
            result = df(**dict(zip(names, values, strict=True)))
            assert all(a is b for a, b in zip(result[1], values, strict=True))
        assert len(compiled) == 1
        assert df.source_for(**dict(zip(names, values, strict=True))) == "variant 1\n"

    def test_prefix_is_that_of_no_name(self):
        assert free_prefix(["x"]) == "_"
        assert free_prefix(["_x", "__y"]) == "___"


class TestCompiling:
    def test_threads_that_come_first_together_compile_once(self):
        count = 16
        barrier = threading.Barrier(count)
        entered: list[object] = []
        results: list[object] = []

        def compile_variant(arguments: tuple[object, ...]) -> Variant:
            entered.append(arguments)
            threading.Event().wait(0.05)  # time for the others to arrive
            return Variant(lambda x: x, "text")

        signature = inspect.signature(lambda x: None)
        df = make_derivative(
            "f_grad",
            signature,
            compile_variant,
            doc=None,
            module=None,
            reduce=tuple,
            generic=lambda: Variant(len, ""),
        )

        def call(value: float) -> None:
            barrier.wait()
            results.append(df(value))

        threads = [threading.Thread(target=call, args=(float(i),)) for i in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(entered) == 1
        assert sorted(results) == [float(i) for i in range(count)]

    def test_threads_see_each_others_variants_while_more_are_compiled(self):
        df, compiled = recording(lambda x, y: None)
        arrays = [np.zeros((2,) * rank) for rank in range(6)]
        pairs = [(x, y) for x in arrays for y in arrays]
        wrong: list[object] = []

        def work(shift: int) -> None:
            for index in range(len(pairs) * 3):
                x, y = pairs[(index + shift) % len(pairs)]
                _, args, _ = df(x, y)
                if args[0] is not x or args[1] is not y:
                    wrong.append((x, y))

        threads = [threading.Thread(target=work, args=(i * 5,)) for i in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not wrong
        assert len(compiled) == len(pairs)

    def test_may_call_other_derivatives_and_itself(self):
        inner, _ = recording(lambda x: None)
        depth = 0

        def compile_variant(arguments: tuple[object, ...]) -> Variant:
            nonlocal depth
            depth += 1
            mine = depth
            inner(*arguments)
            if mine == 1:
                df("other key")
                df(*arguments)  # the same key again
            return Variant(lambda x: mine, f"variant {mine}")

        df = make_derivative(
            "f_grad",
            inspect.signature(lambda x: None),
            compile_variant,
            doc=None,
            module=None,
            reduce=tuple,
            generic=lambda: Variant(len, ""),
        )
        first = df(1.0)
        assert df("other key") == 2
        assert df(1.0) == first == 3  # what the inner call published stays
        assert depth == 3

    def test_an_exception_passes_through_and_leaves_nothing(self):
        attempts = 0

        def compile_variant(arguments: tuple[object, ...]) -> Variant:
            nonlocal attempts
            attempts += 1
            if attempts < 3:
                raise ArithmeticError("no rule")
            return Variant(lambda x: "done", "text")

        df = make_derivative(
            "f_grad",
            inspect.signature(lambda x: None),
            compile_variant,
            doc=None,
            module=None,
            reduce=tuple,
            generic=lambda: Variant(len, "generic"),
        )
        for _ in range(2):
            with pytest.raises(ArithmeticError, match="no rule") as caught:
                df(1.0)
            assert caught.value.__context__ is None
            assert df.source == "generic"
        assert df(1.0) == "done"
        assert attempts == 3

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
    @pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
    def test_a_forked_child_does_not_wait_for_its_parents_threads(self):
        compiling, forked = threading.Event(), threading.Event()

        def generic() -> Variant:
            compiling.set()
            forked.wait()
            return Variant(len, "generic")

        df, _ = recording(lambda x: None, generic=generic)
        thread = threading.Thread(target=lambda: df.source)
        thread.start()
        compiling.wait()
        child = os.fork()
        if child == 0:
            signal.alarm(10)  # ends a child that waits after all
            os._exit(df(1.0)[0] + 6)
        forked.set()
        thread.join()
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 7


class TestAsAFunction:
    def test_names(self):
        df, _ = recording(every_kind)
        assert df.__name__ == df.__qualname__ == "f_grad"
        assert df.__module__ == __name__
        assert callable(df)

    def test_takes_attributes_and_wraps(self):
        def other(x):
            """Another."""

        df, _ = recording(lambda x: None)
        df.note = "kept"
        assert df.note == "kept"
        wrapped = functools.wraps(other)(df)
        assert wrapped is df
        assert (df.__name__, df.__doc__, df.__wrapped__) == ("other", "Another.", other)
        assert df(1.0)[0] == 1

    def test_can_be_wrapped(self):
        df, _ = recording(lambda x, y=2: None)

        @functools.wraps(df)
        def wrapper(*args, **kwargs):
            return df(*args, **kwargs)

        assert wrapper.__name__ == "f_grad"
        assert inspect.signature(wrapper) == inspect.signature(df)

    def test_partial_of_it_keeps_it(self):
        df, _ = recording(lambda x, y: None)
        bound = functools.partial(df, 1.0)
        assert bound.func is df
        assert bound(y=2.0) == (1, (1.0, 2.0), {})

    def test_binds_as_a_method(self):
        df, compiled = recording(lambda self, x: None)

        class Model:
            grad = df
            static = staticmethod(df)

            def __init__(self):
                self.own = df

        model = Model()
        assert model.grad(2.0)[1] == (model, 2.0)
        assert model.grad(x=2.0)[1] == (model, 2.0)
        assert Model.grad is df
        assert model.static(1.0, 2.0)[1] == (1.0, 2.0)
        assert model.own is df
        assert list(inspect.signature(model.grad).parameters) == ["x"]
        assert len(compiled) == 2

    def test_is_its_own_copy(self):
        df, _ = recording(lambda x: None)
        assert copy.copy(df) is df
        assert copy.deepcopy([df])[0] is df

    def test_the_class_is_an_ordinary_class(self):
        assert inspect.getsource(Derivative).startswith("class Derivative")
        assert inspect.unwrap(Derivative) is Derivative
        assert Derivative.__doc__.startswith("A derivative: a callable")
        assert "dispatcher" in inspect.signature(Derivative).parameters


HEAD = '"""Module of the derivative."""\n\nimport numpy as np\n\n'
TEXT = HEAD + '''
def f_grad(x, n=3):
    """Gradient of f with respect to x."""
    x_bar = np.cos(x)
    return x_bar * n
'''


def compile_text(arguments: tuple[object, ...]) -> Variant:
    kinds = ", ".join(type(argument).__name__ for argument in arguments)
    text = TEXT.replace("Module of", f"({kinds}) of")
    return Variant(
        build_function(
            text,
            register_source("f_grad", text),
            "f_grad",
            globals(),
            ours={"np": np},
            primal_cells={},
            defaults=(3,),
        ),
        text,
    )


def with_text(doc: str | None = "Gradient.", generic: Any = None) -> Derivative:
    return make_derivative(
        "f_grad",
        inspect.signature(lambda x, n=3: None),
        compile_text,
        doc=doc,
        module=__name__,
        reduce=lambda: (with_text, (doc,)),
        generic=generic or functools.partial(compile_text, ()),
    )


class TestText:
    def test_is_that_of_the_variant_called_last(self):
        df = with_text()
        assert df.source.startswith('"""() of')
        df(1.0)
        assert df.source.startswith('"""(float, int) of')
        df(np.ones(2))
        assert df.source.startswith('"""(ndarray, int) of')
        df(1.0)
        assert repr(df) == df.source
        assert df.source.startswith('"""(float, int) of')

    def test_of_other_arguments_neither_calls_nor_remembers(self):
        df = with_text()
        df(1.0)
        assert df.source_for(n=2.0, x="no number").startswith('"""(str, float) of')
        assert df.source.startswith('"""(float, int) of')
        with pytest.raises(TypeError):
            df.source_for()

    def test_inspect_shows_the_function(self):
        df = with_text()
        before = inspect.getsource(df)
        df(1.0)
        linecache.checkcache()
        assert inspect.getsource(df) == before == TEXT[len(HEAD) + 1 :]
        assert df.__wrapped__.__code__.co_firstlineno == 6

    def test_help_shows_signature_description_and_text(self):
        df = with_text("Gradient of f.\n\n    Indented as in a class.")
        df(1.0)
        shown = pydoc.plain(pydoc.render_doc(df))
        assert "f_grad(x, n=3)" in shown
        assert "Gradient of f." in shown
        assert "x_bar = np.cos(x)\n        return x_bar * n" in shown
        assert with_text(None).__doc__.startswith('"""() of')

    def test_that_cannot_be_had_is_no_reason_to_fail_elsewhere(self):
        def refuse() -> Variant:
            raise ArithmeticError("no rule")

        df = with_text("Gradient.", refuse)
        assert repr(df) == "<derivative f_grad>"
        assert df.__doc__ == "Gradient."
        assert not hasattr(df, "__wrapped__")
        assert str(inspect.signature(df)) == "(x, n=3)"
        with pytest.raises(ArithmeticError, match="no rule"):
            df.source  # noqa: B018 - reading it is the point
        assert df(0.0) == 3
        assert df.source.startswith('"""(float, int) of')

    def test_generic_variant_is_made_once_and_late(self):
        made = []

        def generic() -> Variant:
            made.append(1)
            return compile_text(())

        df = with_text("Gradient.", generic)
        df.source_for(1.0)
        assert not made
        assert df.source == df.source
        assert len(made) == 1

    def test_tracebacks_show_the_lines(self):
        df = with_text()
        with pytest.raises(TypeError) as caught:
            df("text")
        shown = "".join(traceback.format_exception(caught.value))
        assert "line 8, in f_grad\n    x_bar = np.cos(x)\n" in shown
        assert "<gradscribe f_grad " in shown
        # So do those of calls that come by guard.
        with pytest.raises(TypeError) as caught:
            df("text")
        frames = traceback.extract_tb(caught.value.__traceback__)
        assert [frame.line for frame in frames[-2:]] == [
            "return _c1(x, n)",
            "x_bar = np.cos(x)",
        ]

    def test_debuggers_stop_on_the_lines(self):
        class Recorder(bdb.Bdb):
            lines: list[str] = []  # noqa: RUF012 - one instance

            def user_line(self, frame: types.FrameType) -> None:
                name = frame.f_code.co_filename
                self.lines.append(linecache.getline(name, frame.f_lineno).strip())

        df = with_text()
        df(1.0)
        Recorder().runcall(df, 1.0)
        assert "x_bar = np.cos(x)" in Recorder.lines


class TestPickling:
    @pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
    def test_every_protocol(self, protocol):
        df = with_text("Unusual.")
        df(1.0)
        again = pickle.loads(pickle.dumps(df, protocol))
        assert isinstance(again, Derivative)
        assert again(0.5, n=2) == df(0.5, n=2)
        assert again.__doc__.startswith("Unusual.")

    def test_through_spawned_processes(self):
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            assert pool.map(with_text(), [0.0, 0.5]) == [3.0, 3 * math.cos(0.5)]

    @pytest.mark.filterwarnings("default")  # joblib's own, on machines it cannot probe
    def test_through_joblib(self):
        df = with_text()
        results = joblib.Parallel(n_jobs=2)(joblib.delayed(df)(x) for x in (0.0, 0.5))
        assert results == [3.0, 3 * math.cos(0.5)]


class TestRegisterSource:
    def test_equal_texts_share_a_name(self):
        first = register_source("f_grad", "x = 1\n")
        assert register_source("f_grad", "x = 1\n") == first
        assert register_source("f_grad", "x = 2\n") != first
        assert first.startswith("<gradscribe f_grad ")
        assert first.endswith(">")

    def test_entry_survives_a_check(self):
        name = register_source("f_grad", "x = 1\ny = 'é'")
        linecache.checkcache()
        linecache.checkcache(name)
        assert linecache.getlines(name) == ["x = 1\n", "y = 'é'"]


def built(
    text: str,
    name: str = "f_grad",
    primal: Callable[..., object] = every_kind,
    **keywords: Any,
) -> types.FunctionType:
    cells = dict(zip(primal.__code__.co_freevars, primal.__closure__ or (), strict=True))
    settings: dict[str, Any] = {"ours": {}, "primal_cells": cells}
    filename = register_source(name, text)
    return build_function(text, filename, name, primal.__globals__, **settings | keywords)


class TestBuildFunction:
    def test_globals_are_the_primals_and_stay_as_they_were(self):
        before = dict(globals())
        function = built(
            "import math as m\nC = 2\ndef helper(x): return m.sqrt(x)\n"
            "def f_grad(x): return C * helper(x) + len(DIFFERENT)\n",
            ours={"m": math, "C": 3},
        )
        assert function.__globals__ is globals()
        assert function(4.0) == 6 + len(DIFFERENT)
        assert globals() == before

    def test_globals_are_read_live(self, monkeypatch):
        function = built("def f_grad(x): return x * SENTINEL\n")
        monkeypatch.setitem(globals(), "SENTINEL", 5)
        assert function(2) == 10

    def test_free_variables_are_the_primals_own(self):
        def make():
            rate = 1.0

            def primal(x):
                return x * rate

            def change(value):
                nonlocal rate
                rate = value

            return primal, change

        primal, change = make()
        text = "def helper(): return rate\ndef f_grad(x): return rate, helper(), rate_2\n"
        function = built(text, primal=primal, ours={"rate_2": 7})
        assert function(0) == (1.0, 1.0, 7)
        change(2.0)
        assert function(0) == (2.0, 2.0, 7)

    def test_a_free_variable_may_be_unbound_yet(self):
        def make():
            def primal():
                return later

            function = built("def f_grad(): return later\n", primal=primal)
            later = 3
            return function

        assert make()() == 3

    def test_helpers_and_recursion(self):
        function = built(
            "def even(n): return n == 0 or odd(n - 1)\n"
            "def odd(n): return n != 0 and even(n - 1)\n"
            "def f_grad(n): return [even(n)] + (f_grad(n - 1) if n else [])\n"
        )
        assert function(3) == [False, True, False, True]

    def test_our_names_shadow_globals_only_for_us(self):
        function = built("def f_grad(): return math\n", ours={"math": "ours"})
        assert function() == "ours"
        assert math.sqrt(4) == 2

    def test_defaults_are_the_callers_objects_not_the_texts(self):
        default = []
        function = built(
            "def f_grad(x, y=undefined(), *, z=undefined()): return y, z\n",
            defaults=(default,),
            kwdefaults={"z": default},
        )
        assert all(value is default for value in function(1))
        with pytest.raises(TypeError):
            built("def f_grad(x, y=1): return y\n")(1)

    def test_defaults_of_helpers_are_evaluated(self):
        text = "def h(x, n=TWO): return n\ndef f_grad(x): return h(x)\n"
        assert built(text, ours={"TWO": 2})(1) == 2

    def test_statements_that_bind_more_than_our_names_are_executed(self):
        function = built(
            "from __future__ import annotations\n"
            "import math, operator as op\n"
            "from os import path, sep\n"
            "K = 4\n"
            "def f_grad(): return math, op, path, sep, K\n",
            ours={"math": "given", "path": "given"},
        )
        math_, op, path, sep, k = function()
        assert (math_, op, path, k) == ("given", operator, "given", 4)
        assert isinstance(sep, str)

    def test_annotations_are_not_evaluated(self):
        assert built("def f_grad(x: Undefined) -> Unknown: return x\n")(1) == 1

    def test_lines_and_names_are_those_of_the_text(self):
        text = (
            "# Generated.\n\n"
            "def helper(x):\n    return 1 / x\n\n"
            "def f_grad(x):\n    def pull(y):\n        return helper(y)\n"
            "    return pull(x)\n"
        )
        function = built(text)
        assert function.__qualname__ == "f_grad"
        assert function.__code__.co_firstlineno == 6
        assert inspect.getsource(function) == text[text.index("def f_grad") :]
        with pytest.raises(ZeroDivisionError) as caught:
            function(0)
        frames = traceback.extract_tb(caught.value.__traceback__)[1:]
        assert [(frame.lineno, frame.line) for frame in frames] == [
            (9, "return pull(x)"),
            (8, "return helper(y)"),
            (4, "return 1 / x"),
        ]
        codes = [c for c in function.__code__.co_consts if inspect.iscode(c)]
        assert [code.co_qualname for code in codes] == ["f_grad.<locals>.pull"]

    def test_takes_a_tree_and_leaves_it_alone(self):
        text = "import math\ndef f_grad(x=1): return math.exp(x)\n"
        tree = ast.parse(text)
        before = ast.dump(tree, include_attributes=True)
        for _ in range(2):
            function = build_function(
                tree,
                "<text>",
                "f_grad",
                globals(),
                ours={"math": math},
                primal_cells={},
            )
            assert function(0) == 1
        assert ast.dump(tree, include_attributes=True) == before

    def test_a_missing_function_is_an_error(self):
        with pytest.raises(ValueError, match="does not define f_grad"):
            built("def g_grad(x): return x\n")
