"""The text writer: black's layout, the parentheses that are needed, and every node."""

from __future__ import annotations

import _ast
import ast
import math
import sys
import sysconfig
import textwrap
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import black
import pytest
from astunparse import Unparser
from hypothesis import given
from hypothesis import strategies as st

from gradscribe.emit.writer import (
    Blank,
    Comment,
    Writer,
    fits,
    one_line,
    statement,
    write,
)

STDLIB = Path(sysconfig.get_paths()["stdlib"])
SKIPPED = ("site-packages", "lib2to3", "bad_coding", "badsyntax", "bad_")


def parse(source: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # old sources have invalid escape sequences
        return ast.parse(source)


def expression(source: str) -> ast.expr:
    return ast.parse(source, mode="eval").body


def blackened(text: str) -> str:
    return black.format_str(text, mode=black.Mode())


def blackened_for_python_3_11(text: str) -> str:
    """What black makes of a text that does not itself show how new its Python is."""
    return black.format_str(text, mode=black.Mode({black.TargetVersion.PY311}))


def meaning(tree: ast.AST) -> str:
    """The tree as text, without what the writer may change."""
    for node in ast.walk(tree):
        match node:
            case ast.Constant():
                node.kind = None  # the prefix of u"…"
            case ast.Delete(targets=[ast.Tuple(elts=items)]):
                node.targets = items  # `del a, b` and `del (a, b)` do the same
        for body in (getattr(node, "body", None), getattr(node, "orelse", None)):
            match body:
                case [ast.Expr(ast.Constant(str(text)) as constant), *_]:
                    constant.value = "\n".join(line.strip() for line in text.strip().split("\n"))
    return ast.dump(tree)


# Every kind of node ---------------------------------------------------------------------------


def concrete_nodes() -> list[type[ast.AST]]:
    """The node classes of this Python that are not groups of others."""
    found = [kind for kind in vars(_ast).values() if isinstance(kind, type)]
    kinds = [kind for kind in found if issubclass(kind, ast.AST)]
    groups = {base for kind in kinds for base in kind.__mro__[1:]}
    return [kind for kind in kinds if kind not in groups]


@pytest.mark.parametrize("kind", concrete_nodes(), ids=lambda kind: kind.__name__)
def test_each_node_class_has_a_method_of_its_own(kind: type[ast.AST]) -> None:
    own = Writer.__mro__[: Writer.__mro__.index(Unparser)]
    assert any(f"_{kind.__name__}" in vars(part) for part in own)


def test_a_constant_without_a_literal_is_refused() -> None:
    with pytest.raises(TypeError, match="no literal for"):
        one_line(ast.Constant(object()))


# Exact text of expressions --------------------------------------------------------------------

AS_WRITTEN = """
x**2
-(x**2)
-x.y**2
(-x) ** 2
x**-y
x ** (n - 1)
p[i] ** 2
x**y**z
(x**y) ** z
2**x
x**0.5
a.b.c**2
f(x) ** 2
f(x).b ** 2
x ** f(y)
x**n if n > 0 else 1
x ** n if n else np.zeros(3)
await_(x) ** 2
a - b - c
a - (b - c)
a - (b + c) * d
a / b / c
a / (b * c)
a @ b @ c.T
-(-x + y)
~x & y | z ^ w << 1
not (a and b) or c
not a == b
(not a) == b
a < b <= c is not d not in e
(a < b) == c
a if b else c if d else e
(a if b else c) if d else e
(a if b else c) + d
x if y else lambda: z
(lambda: x)()
lambda *a, k=1, **kw: a
lambda x, /, y: 0
lambda: (yield)
f(y := 1)
f((yield))
f(x=(y := 1))
[y := f(x), y**2]
(y := 1, 2)
x[1:-1]
x[i + 1 :]
x[lo:hi]
x[:, None]
x[: n + 1]
x[a + 1 :: 2]
x[::-1]
x[-1:]
x[a.b : c, 1:2]
x[f(y) :]
x[i,]
x[()]
x[*a, b]
x[(y := 1)]
A[i, 1:]
x[i][j].T
()
(x,)
(x, y)
[x, *y]
{x, y}
{**a, "b": 1}
{k: v for k, v in x.items()}
{x for x in y if a if b}
[i for i, j in x for k in j]
[i async for i in x]
(x for x in y)
f(x for x in y)
f((x for x in y), 1)
[x for x in (a if b else c)]
f(*a, k=1, **b)
f(*a, *b)
(1).real
1j.real
(a + b).T
"a".join(x)
1 + 2j
...
b"a"
"it's"
'a "word"'
"\\n\\\\"
f"{x!r:>{w}} {{}}"
f"{d['a']}"
f'"{x}"'
f"{ {1: 2}[1]}"
f"{(lambda x: 1)}"
f"{x:%H:%M}"
f"{'a' if b else 'c'}"
f"{x}" "y"
await x.y(z)
await (x + y)
""".strip().split("\n")


@pytest.mark.parametrize("source", AS_WRITTEN)
def test_an_expression_needs_no_more_parentheses_than_these(source: str) -> None:
    expected = source.replace('" "', "")  # adjacent literals are one
    if source == "(y := 1, 2)":
        expected = "((y := 1), 2)"
    assert one_line(expression(source)) == expected


NEGATIVE = ast.Constant(-2.0)


@pytest.mark.parametrize(
    ("node", "text"),
    [
        (NEGATIVE, "-2.0"),
        (ast.BinOp(ast.Name("x"), ast.Pow(), NEGATIVE), "x**-2.0"),
        (ast.BinOp(NEGATIVE, ast.Pow(), ast.Name("x")), "(-2.0) ** x"),
        (ast.BinOp(NEGATIVE, ast.Mult(), ast.Name("x")), "-2.0 * x"),
        (ast.BinOp(ast.Name("x"), ast.Sub(), NEGATIVE), "x - -2.0"),
        (ast.Attribute(NEGATIVE, "real"), "(-2.0).real"),
        (ast.Subscript(ast.Name("x"), ast.Slice(None, ast.Constant(-1))), "x[:-1]"),
        (ast.Constant(1e-05), "1e-05"),
        (ast.Constant(1e20), "1e20"),
        (ast.Constant(math.inf), "1e309"),
        (ast.Constant(-math.inf), "-1e309"),
        (ast.Constant(math.nan), 'float("nan")'),
        (ast.Constant(1 - 2j), "1.0 - 2j"),
        (ast.BinOp(ast.Name("x"), ast.Mult(), ast.Constant(1 - 2j)), "x * (1.0 - 2j)"),
        (ast.Constant(-0.0), "-0.0"),
        (ast.Constant(10**5000), f"0x{10**5000:X}"),
        (ast.Constant((1, ("a",))), '(1, ("a",))'),
        (ast.Constant(None), "None"),
        (ast.Set([]), "{*()}"),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else "",
)
def test_nodes_that_only_a_compiler_makes_are_written(node: ast.expr, text: str) -> None:
    assert one_line(node) == text


@given(st.floats(allow_nan=False) | st.complex_numbers(allow_nan=False) | st.integers())
def test_a_number_reads_back_as_itself(number: complex) -> None:
    text = one_line(ast.Constant(number))
    assert eval(text) == number
    assert blackened(text) == text + "\n"


@given(st.text() | st.binary())
def test_a_string_reads_back_as_itself_and_pleases_black(string: str | bytes) -> None:
    text = one_line(ast.Assign([ast.Name("x")], ast.Constant(string)))
    assert ast.literal_eval(text.removeprefix("x = ")) == string
    assert blackened(text) == text + "\n"


QUOTES = r'''
f'{"it"}'
f"{x + 'a'}" "\n'"
f"{x!r}" '"'
f'a"b' "{x['a']}"
f"""{x["a"] + f'it"s {y}'}"""
f"""{x + "it's"}"""
f"""{x["'"]}"""
f"""{x + 'it"s'}" """
'''.strip().split("\n")


@pytest.mark.parametrize("source", QUOTES)
def test_quotes_inside_an_f_string_do_not_end_it(source: str) -> None:
    node = expression(source)
    assert ast.dump(expression(one_line(node))) == ast.dump(node)


# Exact text of statements ---------------------------------------------------------------------

STATEMENTS = """
x = (a, b)
a, b = b, a
a, *b = c
(a,) = b
[a, b] = c
a = b = c
x += yield
x = yield a, b
x: int = 1
(x): int = 1
x.y: int
return_ = lambda x: x
del a, b
del (a, b)
global_(a)
assert a, b
assert (a, b), c
raise
raise X from Y
import numpy as np
import a, b.c as d
from . import a
from ..b import c as d
from a import *
pass
---
for i, x in zip(a, b):
    pass
else:
    pass
---
for (i,) in (1, 2):
    break
---
while x := f():
    continue
---
if (y := f(x)) > 1:
    pass
elif y:
    pass
else:
    if z:
        pass
    w = 1
---
with open(f) as g, h, a | b as c:
    pass
---
async def f(a, /, b: int = 1, *c: *d, e=2, g, **h) -> int:
    global x
    nonlocal_ = 1
    async with a as b:
        pass
    async for x in y:
        await x
    return *a, b
---
def f(): ...
---
@dec
@a.b(c)
class A(B, metaclass=C): ...
---
class A:
    \"\"\"Doc.\"\"\"

    x = 1
---
try:
    pass
except A as e:
    pass
except (B, C):
    pass
except:
    pass
else:
    pass
finally:
    pass
---
try:
    pass
except* A as e:
    pass
---
match x, y:
    case [1, *_] | {"a": b, **c} if d:
        pass
    case A(b, c=1 | 2) as e:
        pass
    case -1 | 1 + 2j | None | a.b:
        pass
    case [a as b, 1 | 2 as d, _]:
        pass
    case {}:
        pass
"""
if sys.version_info >= (3, 12):
    STATEMENTS += """---
def f[T: int, *Ts, **P](x: T) -> T:
    return x
---
class A[T](B): ...
---
type X[T] = list[T]
---
x = f"{d["a"]!r}" + f"{'\\n'.join(x)}"
"""
if sys.version_info >= (3, 13):
    STATEMENTS += """---
def f[T = int]():
    pass
"""
FIRST, *OTHERS = STATEMENTS.strip().split("\n---\n")


@pytest.mark.parametrize("source", [*FIRST.split("\n"), *OTHERS])
def test_a_statement_is_written_with_no_more_than_it_needs(source: str) -> None:
    expected = source.replace('f"{d["a"]!r}"', "f\"{d['a']!r}\"")
    assert statement(parse(source).body[0]) == expected
    assert blackened(expected) == expected + "\n"


def test_an_indented_statement_is_written_where_it_stands() -> None:
    node = parse("if a:\n    b").body[0]
    assert statement(node, indent=1) == "    if a:\n        b"


def test_one_line_is_one_line_whatever_its_length() -> None:
    source = "total = " + " + ".join(["some_term"] * 40)
    assert one_line(parse(source).body[0]) == source


def test_a_compound_statement_on_one_line_is_its_header() -> None:
    source = "@dec\ndef f(x):\n    y = x\n    return y"
    assert one_line(parse(source).body[0]) == "def f(x):"
    assert one_line(parse("if x:\n    y\nelif z:\n    w\nelse:\n    u").body[0]) == "if x:"


def test_a_statement_fits_up_to_the_last_column() -> None:
    node = parse("x = " + "y" * 80).body[0]
    assert fits(node, indent=1)
    assert not fits(node, indent=2)
    assert not fits(node, indent=1, width=87)


def test_wide_characters_take_two_columns() -> None:
    assert not fits(parse(f'x = "{"数" * 42}"').body[0], indent=0)


# Comments, docstrings and blank lines -----------------------------------------------------------


def test_comments_and_blank_lines_stand_where_they_are_put() -> None:
    body: list[ast.stmt] = [
        Blank(),
        Comment(text="What follows."),
        *parse("x = 1").body,
        Blank(),
        Blank(),
        Comment(text=""),
        *parse("return x").body,
        Blank(),
    ]
    function = parse("def f():\n    pass").body[0]
    assert isinstance(function, ast.FunctionDef)
    function.body = body
    assert write([function]) == textwrap.dedent("""\
        def f():
            # What follows.
            x = 1

            #
            return x
        """)


def test_a_block_of_comments_gets_a_statement() -> None:
    node = ast.If(ast.Name("x"), [Comment(text="Nothing to do.")], [])
    assert statement(node) == "if x:\n    # Nothing to do.\n    pass"


def test_comments_before_a_definition_belong_to_it() -> None:
    body = [*parse("x = 1").body, Comment(text="About f."), *parse("def f(): ...").body]
    assert write(body) == "x = 1\n\n\n# About f.\ndef f(): ...\n"


MODULE = '''\
# Made by hand.
"""A module.

With more to say:
    indented.
"""

import math
from math import sin

x = 1


class A:
    """A class."""

    y = 2

    def f(self):
        """A method that ends in a "quote" """

        def g():
            return 1

        return g

    z = 3


if x:

    def h():
        pass

else:
    import cmath

    w = 1


@dec
def k():
    """A long docstring whose last line has no room left for the quotes that close it,,,,,
    and so they go below, however long it was before, because that is what black does,,,
    """
'''


def test_a_module_has_the_blank_lines_of_black() -> None:
    first, _, rest = MODULE.partition("\n")
    body: list[ast.stmt] = [Comment(text=first[2:]), *parse(rest).body]
    text = write(body)
    assert text == MODULE
    assert blackened(text) == text


SIMPLE = ["x = 1", "import a", "from a import b", "f(x)", "..."]
COMPOUND = [
    "def f(): pass",
    "async def f(): pass",
    "class A: pass",
    "@dec\ndef f(): pass",
    "@dec\n@dec\nclass A: pass",
    "if x: pass\nelif y: pass\nelse: pass",
    "for x in y: pass\nelse: pass",
    "try: pass\nexcept A: pass\nfinally: pass",
    "with x: pass",
    "match x:\n case 1: pass\n case 2: pass",
]


@st.composite
def bodies(draw: st.DrawFn, depth: int = 3) -> list[ast.stmt]:
    """Statements with comments, blank lines and blocks."""
    body: list[ast.stmt] = []
    if draw(st.booleans()):
        body += parse('"""A docstring."""').body
    sources = SIMPLE + ["#", "", ""] + (COMPOUND if depth else [])
    for source in draw(st.lists(st.sampled_from(sources), min_size=1, max_size=5)):
        if source == "":
            body.append(Blank())
        elif source == "#":
            body.append(Comment(text=draw(st.sampled_from(["a comment", "a header:"]))))
        else:
            body += parse(source).body
            for node in ast.walk(body[-1]):
                for field in ("body", "orelse", "finalbody"):
                    match getattr(node, field, None):
                        case [ast.Pass()]:
                            setattr(node, field, draw(bodies(depth=depth - 1)))
    return body


@given(bodies())
def test_black_leaves_blank_lines_as_they_are(body: list[ast.stmt]) -> None:
    text = write(body)
    assert blackened(text) == text


# Black's layout -------------------------------------------------------------------------------

LAYOUT = """
x_bar = first_contribution * np.sin(angle) + second_contribution * np.cos(angle) + third_contribution
x_bar = (first_contribution + second_contribution) * (third_contribution + fourth_contribution + y)
x_bar[1:-1] = first_contribution * np.sin(angle) + second_contribution * np.cos(angle) + third_one
x_bar[1:-1] += first_contribution * np.sin(angle) + second_contribution * np.cos(angle) + third_o
x_bar = some_function_of_several_arguments(first_argument, second_argument, third_argument, fourth)
x_bar = some_function_of_several_arguments(first_argument, second_argument)[first_index, second_in]
x_bar = some_function(first_argument, second_argument) + another_function(third_argument, fourths)
x_bar = some_function(another_function(yet_another_function(first_argument, second_argument)), one)
x_bar = np.concatenate([first_part_of_the_array, second_part_of_the_array, third_part_of_it], axis=0)
x_bar = np.sum(first_contribution * second_contribution, axis=(0, 1), keepdims=True, dtype=np.float64)
x_bar = unbroadcast_to_shape(y_bar * np.cos(x_value), np.shape(x_value)) + other_contribution_here_
x_bar = -y_bar * (first_contribution_to_it + second_contribution_to_it) / (1 + exponential_of_it)**2
x_bar = first_contribution_to_the_derivative if the_condition_holds else second_contribution_to_it
x_bar = function_of(first_contribution_to_the_derivative if condition else second_contribution, axis=1)
x_bar = first_contribution_to_the_derivative < second_contribution_to_the_derivative <= third_one_is
x_bar = a_condition_that_is_long and another_condition_that_is_long or a_third_condition_that_is_lo
x_bar = not_a_call.with_attributes.and_more_attributes.and_even_more_attributes.and_more_attributes_
x_bar = array.reshape(first_dimension, second_dimension).transpose(0, 2, 1).sum(axis=1).copy().ravel()
x_bar = lambda first_argument, second_argument: first_argument * second_argument + third_contribution
x_bar = {"first_key": first_value_of_the_dictionary, "second_key": second_value_of_the_dictionary, 1: 2}
x_bar = [first_value * second_value for first_value, second_value in zip(first_values, second_values)]
x_bar = sum(first_value * second_value for first_value, second_value in zip(first_values, second_vals))
x_bar = "a very long string that cannot be split because strings are never split by black, as we know"
x_bar = "a long format string with %s and %s, which is quite common in old code" % (first_argument, seco)
x_bar, y_bar = first_function_of_something(first_argument), second_function_of_something(second_argum)
x_bar, y_bar, z_bar, w_bar, first_contribution_to_it, second_contribution_to_it = function_of_someth()
first_target_of_the_assignment = second_target_of_the_assignment = function(first_argument, second_one)
some_dictionary["with_a_long_key"] = some_looooooooong_module.some_looooooooooooooog_function_name(arg)
some_array[first_index_of_the_array, second_index_of_the_array, third_index_of_the_array] = other_arr[i]
some_array[first_index_of_the_array + 1 : second_index_of_the_array - 1, third_index_of_the_array :] = 0
x_bar: dict[str, NDArray[np.float64]] = some_function_of_several_arguments(first_argument, second_argu)
x_bar = some_array[first_index_of_the_array, second_index_of_the_array, third_index_of_the_array, four]
x_bar = some_array[first_index_of_the_array][second_index_of_the_array][third_index_of_the_array][four]
x_bar = first_matrix @ second_matrix @ third_matrix.T @ (fourth_vector - fifth_vector) * factor_of_it_
x_bar = first_contribution ** (second_contribution - 1) * third_contribution ** fourth_contribution_of
x_bar = 2 * t_bar * (u[2:, 1:-1] - 2 * u[1:-1, 1:-1] + u[:-2, 1:-1]) / (dx * dx) + 4 * alpha * u[1:-1]
x_bar = await some_function_of_several_arguments(first_argument, second_argument, third_argument_is)
x_bar = yield some_function_of_several_arguments(first_argument, second_argument, third_argument_is)
np.add.at(x_bar, (first_index_of_the_array, second_index_of_the_array), y_bar * some_other_contribution)
first_contribution_to_the_derivative + second_contribution_to_the_derivative + third_contribution_to_i
del first_contribution_to_the_derivative, second_contribution_to_the_derivative, third_contribution_to
assert first_contribution_to_the_derivative == second_contribution_to_the_derivative, "they must agree"
assert isinstance(first_contribution_to_the_derivative, ndarray), f"not an array: {second_contribution}"
raise ValueError(f"the shapes {first_array.shape} and {second_array.shape} do not agree with each other")
from some_module.with_a_long_name import first_function, second_function, third_function, fourth_functi
from some_module_with_a_very_long_name_indeed.and_a_submodule import the_only_function_that_is_importe
import first_module_with_a_long_name, second_module_with_a_long_name, third_module_with_a_long_name_12
if first_contribution_to_the_derivative < second_contribution_to_the_derivative and not third: pass
if isinstance(first_contribution_to_the_derivative, ndarray) and first_contribution_to_it.ndim > 1: pass
if some_function_of_several_arguments(first_argument, second_argument, third_argument, fourth_argum): pass
while first_contribution_to_the_derivative < second_contribution_to_the_derivative or third_is_true: pass
for first_index, second_index in zip(reversed(first_list_of_saved_values), reversed(second_list_of_)): pass
for first_index_of_the_array, second_index_of_the_array, third_index_of_the_array in list_of_indices: pass
for i in range(first_index_of_the_array + second_index_of_the_array - third_index_of_the_array + one): pass
with open(first_file_name_which_is_long, "rb") as first_file, open(second_file_name, "wb") as second: pass
with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore") as the_old_state_: pass
with some_context_manager_with_a_long_name(first_argument, second_argument, third_argument, fourth): pass
def function_of_many(first_parameter, second_parameter, third_parameter, fourth_parameter=None): pass
def function_of_many(first_parameter, second_parameter, *, third_parameter=1.0, fourth_parameter=None, fif): pass
def function_of_many(first_parameter: float, second: NDArray[float] = None, **rest: Any) -> tuple[float]: pass
def function_of_one_with_a_name_that_is_quite_long_as_it_happens(first_parameter: dict[str, NDArray]): pass
def function_of_none_with_a_name_that_is_quite_long_as_it_happens_to_be() -> tuple[NDArray, NDArray_]: pass
def function_of_many(*first_parameters_with_a_long_name, **second_parameters_with_a_long_name_too): ...
class SomeClassWithALongName(FirstBaseClassWithALongName, SecondBaseClassWithALongName, metaclass=Meta): pass
return first_contribution_to_the_derivative, second_contribution_to_the_derivative, third_contribution
return first_contribution_to_the_derivative + second_contribution_to_the_derivative * third_contributi
return some_function_of_several_arguments(first_argument, second_argument, third_argument, *arguments_)
return (first_contribution_to_it + second_contribution_to_it) / np.sqrt(third_contribution_to_it**2 + 1)
return np.sum(np.where(first_condition_of_the_array > 0, first_contribution, second_contribution) * y_b)
return not some_function_of_several_arguments(first_argument, second_argument, third_argument, fourth_)
return -first_contribution_to_the_derivative * some_function(second_argument, third_argument, fourth__)
return [first_contribution_to_the_derivative, second_contribution_to_the_derivative, third_contributio]
return {first_contribution_to_the_derivative: second_contribution_to_the_derivative for first in third}
try: pass
except (FirstErrorWithALongNameIndeed, SecondErrorWithALongNameIndeed, ThirdErrorWithALongNameInd) as e: pass
match some_function_of_several_arguments(first_argument, second_argument, third_argument, fourth_argume):
    case {"first_key": first_value, "second_key": second_value} if first_value_of_it < second_value_of_it_: pass
    case SomeClassWithALongName(first_attribute=first_value) | OtherClassWithALongName(second_attribute=s): pass
@some_decorator_with_a_long_name(first_argument_of_it, second_argument_of_it, third_argument=third_of)
def f(): pass
"""  # noqa: E501 — long lines are what it is about


def layouts() -> list[str]:
    """The sources of `LAYOUT`: a line that is indented or goes with others is no start."""
    sources: list[str] = []
    for line in LAYOUT.strip().split("\n"):
        goes_on = line.startswith((" ", "except", "def f():"))
        if goes_on:
            sources[-1] += "\n" + line
        else:
            sources.append(line)
    return sources


@pytest.mark.parametrize("source", layouts())
@pytest.mark.parametrize("depth", range(4))
def test_a_long_statement_is_broken_where_black_breaks_it(source: str, depth: int) -> None:
    body = parse(source).body
    for _ in range(depth):
        body = [ast.If(ast.Name("x"), body, [])]
    text = write(body)
    assert blackened(text) == text
    assert blackened_for_python_3_11(write(body, width=10**6)) == text


def test_a_long_sum_is_broken_before_its_operators() -> None:
    source = "x_bar = " + " + ".join(f"t{i} * np.exp(-t{i}_saved)" for i in range(4))
    assert statement(parse(source).body[0]) == textwrap.dedent("""\
        x_bar = (
            t0 * np.exp(-t0_saved)
            + t1 * np.exp(-t1_saved)
            + t2 * np.exp(-t2_saved)
            + t3 * np.exp(-t3_saved)
        )""")


def test_a_comma_that_breaking_adds_is_taken_into_account() -> None:
    """Black reads the comma after `c` as a wish to keep the target broken."""
    source = (
        "assert np.sum(first_contribution_to_it, second_contribution_to_it, third_contributi),"
        " a | b"
    )
    text = write(parse(source).body)
    assert blackened(text) == text
    assert "(\n    a | b\n)" in text


# Random numeric code ----------------------------------------------------------------------------

Node = TypeVar("Node", bound=ast.AST)
LOAD, STORE = ast.Load(), ast.Store()
NAMES = ["x", "y", "n", "x_bar", "t_bar_saved", "alpha", "a_rather_long_variable_name"]
FUNCTIONS = ["np.exp", "np.sum", "f", "np.linalg.solve", "x.reshape", "forward_substitution"]
BINARY = [ast.Add, ast.Sub, ast.Mult, ast.Div, ast.MatMult, ast.Pow, ast.Mod, ast.BitAnd]
COMPARISONS = [ast.Lt, ast.GtE, ast.Eq, ast.Is, ast.NotIn]


@st.composite
def expressions(draw: st.DrawFn, depth: int = 4) -> ast.expr:
    """Expressions of numeric code."""
    kind = draw(st.integers(0, 14 if depth else 2))

    def smaller() -> ast.expr:
        return draw(expressions(depth - 1))

    def several(least: int, most: int) -> list[ast.expr]:
        return [smaller() for _ in range(draw(st.integers(least, most)))]

    def pick(kinds: Sequence[type[Node]]) -> Node:
        return draw(st.sampled_from(kinds))()

    def name() -> ast.Name:
        return ast.Name(draw(st.sampled_from(NAMES)), LOAD)

    def bound() -> ast.expr | None:
        return smaller() if draw(st.booleans()) else None

    def index() -> ast.expr:
        return ast.Slice(bound(), bound()) if draw(st.booleans()) else smaller()

    match kind:
        case 0:
            return name()
        case 1:
            return ast.Constant(draw(st.sampled_from([0, 1, 2, 0.5, 1e-05, 1e20])))
        case 2:
            return ast.Attribute(name(), draw(st.sampled_from(["T", "size"])), LOAD)
        case 3:
            return ast.Subscript(name(), index(), LOAD)
        case 4:
            return ast.Subscript(name(), ast.Tuple([index(), index()], LOAD), LOAD)
        case 5:
            return ast.UnaryOp(pick([ast.USub, ast.Not]), smaller())
        case 6:
            return ast.IfExp(smaller(), smaller(), smaller())
        case 7:
            return ast.Compare(smaller(), [pick(COMPARISONS)], [smaller()])
        case 8:
            return ast.BoolOp(pick([ast.And, ast.Or]), several(2, 3))
        case 9:
            return draw(st.sampled_from([ast.Tuple, ast.List]))(several(2, 3), LOAD)
        case 10 | 11:
            function = expression(draw(st.sampled_from(FUNCTIONS)))
            if draw(st.booleans()):
                function = ast.Attribute(smaller(), "sum", LOAD)
            names = draw(st.sampled_from([[], [], ["axis"], ["axis", "out"]]))
            return ast.Call(function, several(0, 3), [ast.keyword(k, smaller()) for k in names])
        case _:
            return ast.BinOp(smaller(), pick(BINARY), smaller())


@st.composite
def targets(draw: st.DrawFn) -> ast.expr:
    """What is assigned to: names, elements and tuples of them."""
    name = draw(st.sampled_from(NAMES))
    match draw(st.integers(0, 3)):
        case 0:
            index = draw(expressions(depth=1))
            return ast.Subscript(ast.Name(name, LOAD), index, STORE)
        case 1:
            return ast.Tuple([draw(targets()), ast.Name(name, STORE)], STORE)
        case _:
            return ast.Name(name, STORE)


@st.composite
def statements(draw: st.DrawFn) -> ast.stmt:
    """Statements with large expressions in them."""
    block: list[ast.stmt] = [ast.Pass()]
    value = draw(expressions())
    match draw(st.integers(0, 9)):
        case 0:
            target = draw(targets().filter(lambda node: not isinstance(node, ast.Tuple)))
            return ast.AugAssign(target, ast.Add(), value)
        case 1:
            return ast.Return(value)
        case 2:
            return ast.Return(ast.Tuple([value, draw(expressions())], LOAD))
        case 3:
            return ast.Expr(ast.BinOp(value, ast.Add(), draw(expressions())))
        case 4:
            return ast.If(value, block, [])
        case 5:
            return ast.While(value, block, [])
        case 6:
            return ast.For(draw(targets()), value, block, [])
        case 7:
            return ast.Assert(value, draw(expressions(depth=1)))
        case _:
            return ast.Assign([draw(targets())], value)


def nested(node: ast.stmt, depth: int) -> list[ast.stmt]:
    body = [node]
    for _ in range(depth):
        body = [ast.If(ast.Name("x", LOAD), body, [])]
    return body


@given(statements(), st.integers(0, 3))
def test_black_leaves_numeric_code_as_it_is(node: ast.stmt, depth: int) -> None:
    text = write(nested(node, depth))
    assert blackened(text) == text


@given(statements(), st.integers(0, 3), st.sampled_from([20, 40, 88]))
def test_a_line_of_any_width_means_the_same(node: ast.stmt, depth: int, width: int) -> None:
    body = nested(node, depth)
    text = write(body, width)
    assert ast.dump(parse(text)) == ast.dump(ast.Module(body, []))
    assert write(parse(text).body, width) == text


# The standard library ---------------------------------------------------------------------------


def stdlib_sources() -> list[Path]:
    paths = sorted(STDLIB.rglob("*.py"))
    return [path for path in paths if not any(part in str(path) for part in SKIPPED)]


def module_name(path: Path) -> str:
    return str(path.relative_to(STDLIB))


SAMPLE = [path for path in stdlib_sources() if path.parent == STDLIB][::3][:60]
REST = [path for path in stdlib_sources() if path not in SAMPLE]


def check_round_trip(path: Path) -> str:
    """Write a module and read it again; give the text."""
    try:
        source = path.read_text(encoding="utf-8")
        tree = parse(source)
    except (SyntaxError, UnicodeDecodeError, ValueError):
        pytest.skip("not meant to be read")
    text = write(tree.body)
    again = parse(text)
    assert write(again.body) == text
    assert meaning(again) == meaning(tree)
    return text


@pytest.mark.parametrize("path", SAMPLE, ids=module_name)
def test_a_module_means_the_same_when_it_is_written(path: Path) -> None:
    check_round_trip(path)


@pytest.mark.slow
@pytest.mark.parametrize("path", REST, ids=module_name)
def test_any_module_means_the_same_when_it_is_written(path: Path) -> None:
    check_round_trip(path)


@pytest.mark.slow
@pytest.mark.parametrize("path", SAMPLE, ids=module_name)
def test_black_leaves_a_written_module_as_it_is(path: Path) -> None:
    text = check_round_trip(path)
    assert blackened(text) == text
