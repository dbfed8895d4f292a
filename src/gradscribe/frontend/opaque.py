"""Code that passes through uninterpreted: a template of the user's AST with holes for operands.

Every name that a template reads is a hole, except Python's own and those that nothing binds.
"""

from __future__ import annotations

import ast
import builtins
import copy
import inspect
import os
import re
import sys
import types
from collections.abc import Mapping, Sequence
from typing import Any

import gast

from gradscribe.frontend import aliasing, dicts, either
from gradscribe.frontend.frame import Frame
from gradscribe.frontend.heap import Bound, Cell, Closure, Ref, TupleOf, locations
from gradscribe.frontend.raising import certainly
from gradscribe.ir.build import type_of_operand
from gradscribe.ir.core import Attrs, Const, Op, Operand, Value
from gradscribe.ir.facts import immutables
from gradscribe.ir.primitives import OPAQUE
from gradscribe.ir.types import TEXT, UNKNOWN, Immutable, Static, Type, Unknown
from gradscribe.ir.types import Sequence as SequenceType


def statement(frame: Frame, node: Any) -> None:
    """A statement that binds nothing: ``raise``, ``assert``, ``print``.

    What it computes by calls that change something is computed before it.
    """
    from gradscribe.frontend.expressions import lower

    # The message of an assertion is computed only where it fails.
    parts = [node.test] if isinstance(node, gast.Assert) else list(gast.iter_child_nodes(node))
    found = [part for root in parts for part in _changing(frame, root)]
    template, operands = template_of(frame, node, {id(part): lower(frame, part) for part in found})
    frame.builder.append(Op(OPAQUE, tuple(operands), (), attrs=Attrs(template=template)))


def expression(
    frame: Frame,
    node: Any,
    lowered: dict[int, Bound] | None = None,
    form: str | None = None,
    kind: Type = UNKNOWN,
) -> Bound:
    """An expression whose value is not understood further than that it is of some ``kind``.

    ``lowered`` are the parts of it that were lowered already, by the identity of their nodes.
    ``form`` is "changes" where it may change what it is given.
    """
    template, operands = template_of(frame, node, lowered)
    kind = TEXT if _is_text(frame, node) else kind
    if isinstance(template, ast.Call) and isinstance(template.func, ast.Name):
        kind = SequenceType("list", None, UNKNOWN) if template.func.id == "list" else kind
    value = Value("", kind)
    attrs = Attrs(template=template, form=form)
    frame.builder.append(Op(OPAQUE, tuple(operands), (value,), attrs=attrs))
    result = frame.wrap(value)
    if isinstance(result, Ref):
        # It may be, or hold, what it was made of.
        names = {n.id for n in gast.walk(node) if isinstance(n, gast.Name)}
        parts = [part for part in map(frame.local, sorted(names)) if part is not None]
        for loc in (loc for part in [*parts, *(lowered or {}).values()] for loc in locations(part)):
            if loc in frame.heap.values:
                frame.heap.relate(result.loc, loc)
    return result


def of_parts(frame: Frame, node: Any) -> Bound:
    """An expression that is not understood, of parts that may be."""
    from gradscribe.frontend.expressions import lower

    if isinstance(node, gast.JoinedStr):
        parts = [part.value for part in node.values if isinstance(part, gast.FormattedValue)]
    else:
        parts = [p for p in gast.iter_child_nodes(node) if isinstance(p, gast.expr)]
    parts = [part.value if isinstance(part, gast.Starred) else part for part in parts]
    return expression(frame, node, {id(part): lower(frame, part) for part in parts})


def attribute(frame: Frame, node: gast.Attribute, base: Bound) -> Bound:
    """``base.name`` of something that is not understood."""
    kind = type_of_operand(base) if isinstance(base, Value | Const) else UNKNOWN
    if not isinstance(kind, Immutable):
        whole = frame.read(base) if isinstance(base, Ref) and not base.path else None
        found = either.field_of(frame, whole, node.attr) if whole is not None else None
        return expression(frame, node, {id(node.value): base}) if found is None else found
    _check_has(frame, node, kind)
    given = immutables.attribute(kind, node.attr)
    return expression(frame, node, {id(node.value): base}, None, given)


def _check_has(frame: Frame, node: gast.Attribute, kind: Immutable) -> None:
    said = immutables.lacks(kind, node.attr)
    if said is not None:
        raise certainly(frame, AttributeError, said, node)


def method(frame: Frame, node: gast.Call, base: Bound) -> Bound:
    """``base.name(arguments)`` of something that is not understood."""
    lowered = {id(node.func.value): base} | arguments(frame, node)
    if is_string(base):
        known = _computed(node, lowered)
        return expression(frame, node, lowered) if known is None else known
    kind = type_of_operand(base) if isinstance(base, Value | Const) else UNKNOWN
    if isinstance(kind, Immutable):
        _check_has(frame, node.func, kind)
        given = [arg.value for arg in lowered.values() if isinstance(arg, Const) and not arg.name]
        answer = immutables.method(kind, node.func.attr, *given[isinstance(base, Const) :])
        return expression(frame, node, lowered, None, answer)
    for bound in lowered.values():
        _refuse_change(frame, node, bound)
    return expression(frame, node, lowered, form="changes")


def call(
    frame: Frame,
    node: gast.Call,
    function: Any,
    positional: Sequence[Bound],
    keywords: Mapping[Any, Bound],
    callee: Bound | None = None,
    receiver: Bound | None = None,
) -> Bound:
    """A call of what is not understood (a known ``function``, or whatever ``callee`` is).

    ``receiver`` is what stands before the dot of a method that only reads.
    """
    _check_seen(frame, node, function, positional)
    node, lowered = _given(frame, node, positional, keywords)
    module = getattr(function, "__module__", None) or ""
    if callee is not None:
        lowered[id(node.func)] = callee
    if receiver is not None:
        lowered[id(node.func.value)] = receiver
    kind = TEXT if function in _SPELLING else immutables.made(function)
    trusted = module.split(".")[0] in _TRUSTED or kind != UNKNOWN or receiver is not None
    if callee is not None or not trusted:
        for bound in lowered.values():
            _refuse_change(frame, node, bound)
        return expression(frame, node, lowered, form="changes")
    return expression(frame, node, lowered, kind=kind)


# Functions that give strings.
_SPELLING = (
    os.getcwd, os.path.abspath, os.path.basename, os.path.dirname, os.path.expanduser,
    os.path.join, os.path.normpath, os.path.realpath,
)  # fmt: skip
# Functions that read, or write, the variables of the function that calls them.
_LOOKING = (eval, exec, inspect.currentframe, inspect.stack, sys._getframe)
_LOOKING_BARE = (locals, vars, dir)
# Methods that change the object before the dot.
_CHANGING = {
    "append", "extend", "insert", "pop", "remove", "clear", "update", "setdefault", "popitem",
    "add", "discard", "sort", "reverse", "fill", "put", "itemset", "resize", "partition",
    "__setitem__", "__iadd__",
}  # fmt: skip


def _check_seen(frame: Frame, node: gast.Call, function: Any, positional: Sequence[Bound]) -> None:
    """Refuse what reads or writes variables unseen: by their names, or when it is called later."""
    bare = function in _LOOKING_BARE and not positional
    if bare or (function in _LOOKING and not _names_nothing(frame, positional)):
        frame.refuse(
            node,
            f"{gast.unparse(node.func)} can read the variables of the function",
            "name what it reads, or call it in a function that is given that",
        )
    given = [*node.args, *(keyword.value for keyword in node.keywords)]
    for part in given:
        for inner in gast.walk(part) if isinstance(part, gast.Lambda) else ():
            owner = inner.func.value if _is_change(inner) else None
            if isinstance(owner, gast.Name) and isinstance(frame.local(owner.id), Ref):
                frame.refuse(
                    inner,
                    f"{owner.id!r} is changed by a function that is given to "
                    f"{gast.unparse(node.func)}, which is not understood",
                    "write the loop that calls it",
                )


def _names_nothing(frame: Frame, positional: Sequence[Bound]) -> bool:
    """Is this a text that is known, and names no variable of the function?"""
    if not positional or not all(isinstance(p, Const) and p.name is None for p in positional):
        return False
    text, *_ = (part.value for part in positional if isinstance(part, Const))
    names = re.findall(r"\w+", text) if isinstance(text, str) else [""]
    return not any(name in frame.definition.locals or name == "" for name in names)


def _is_change(node: Any) -> bool:
    called = isinstance(node, gast.Call) and isinstance(node.func, gast.Attribute)
    return called and node.func.attr in _CHANGING


def _given(
    frame: Frame, node: gast.Call, positional: Sequence[Bound], keywords: Mapping[Any, Bound]
) -> tuple[gast.Call, dict[int, Bound]]:
    """A call with the arguments that it was found to have, and what each was lowered to."""
    starred = any(isinstance(arg, gast.Starred) for arg in node.args)
    if starred or any(keyword.arg is None for keyword in node.keywords):
        args = [gast.Name("_", gast.Load(), None, None) for _ in positional]
        named = [gast.keyword(key, gast.Name("_", gast.Load(), None, None)) for key in keywords]
        node = gast.copy_location(gast.Call(node.func, args, named), node)
    pairs = [*zip(node.args, positional, strict=False)]
    pairs += [(keyword.value, keywords[keyword.arg]) for keyword in node.keywords]
    return node, {
        id(part): bound
        for part, bound in pairs
        if not isinstance(bound, Closure) and not _is_literal(frame, part)
    }


def is_string(bound: Bound) -> bool:
    """Is this certainly a string?"""
    if isinstance(bound, Const):
        return isinstance(bound.value, str | bytes)
    kind = bound.type if isinstance(bound, Value) else None
    return kind == TEXT or (isinstance(kind, Static) and isinstance(kind.value, str | bytes))


def _computed(node: gast.Call, lowered: dict[int, Bound]) -> Const | None:
    """What a method of a string that is known gives, where its arguments are known too."""
    parts = [*lowered.values()]
    if node.keywords or not all(isinstance(p, Const) and p.name is None for p in parts):
        return None
    base, *given = (part.value for part in parts if isinstance(part, Const))
    if len(given) != len(node.args):
        return None
    try:
        found = getattr(base, node.func.attr)(*given)
    except Exception:  # it will raise where it runs, as in the primal
        return None
    return Const(found) if isinstance(found, str | bool | int) else None


# Modules whose functions do not change their arguments where that is not their purpose.
_TRUSTED = {
    "numpy", "math", "builtins", "collections", "datetime", "decimal", "fractions", "json", "time",
    "logging", "os", "posixpath", "ntpath", "re", "string", "textwrap", "warnings", "pprint",
}  # fmt: skip


def arguments(frame: Frame, node: gast.Call) -> dict[int, Bound]:
    """The arguments of a call, lowered, by the identity of their nodes."""
    from gradscribe.frontend.expressions import lower

    parts = [arg.value if isinstance(arg, gast.Starred) else arg for arg in node.args]
    parts += [keyword.value for keyword in node.keywords]
    return {id(part): lower(frame, part) for part in parts if not _is_literal(frame, part)}


def _is_literal(frame: Frame, node: Any) -> bool:
    """Is this a lambda, or a display of literals and numbers, which nobody else sees?"""
    if isinstance(node, gast.Lambda):
        return True
    if not isinstance(node, gast.List | gast.Dict | gast.Set):
        return False
    for part in gast.walk(node):
        if isinstance(part, gast.Call | gast.NamedExpr):
            return False
        if isinstance(part, gast.Name) and isinstance(frame.local(part.id), Ref | TupleOf):
            return False
    return True


def _refuse_change(frame: Frame, node: gast.Call, bound: Bound) -> None:
    """Refuse to hand an object that is followed to what might change it."""
    for loc in frame.heap.within(bound) if isinstance(bound, Ref | TupleOf) else ():
        value = frame.heap.values.get(loc)
        if not isinstance(value, Value) or not isinstance(value.type, Unknown):
            frame.refuse_where_reached(
                node,
                f"{gast.unparse(node.func)} is not understood and might change its argument",
                "declare a rule for it, or pass a copy and use its result as a constant",
            )


def listed(frame: Frame, bound: Bound) -> Bound:
    """What is walked, as a list where it may be a set, a view of a dict or an iterator."""
    if dicts.is_one_value(frame, bound):
        return dicts.keys(frame, bound)
    if isinstance(bound, Const) and isinstance(bound.value, dict | set | frozenset):
        operand: Operand = bound
    elif isinstance(bound, Ref) and not bound.path and bound.loc not in frame.heap.lost:
        value = frame.heap.operand(bound.loc)
        origin = bound.loc.origin
        made = frame.builder.made.get(origin) if isinstance(origin, Value) else None
        if value is None or made is None or made.prim is not OPAQUE:
            return bound
        operand = frame.look(bound)
    else:
        return bound
    template = ast.parse("list(_0)", mode="eval").body
    result = Value("", SequenceType("list", None, UNKNOWN))
    frame.builder.append(Op(OPAQUE, (operand,), (result,), attrs=Attrs(template=template)))
    return frame.wrap(result)


def take_part(frame: Frame, node: Any) -> None:
    """A loop that may be left early walks what may be an iterator: what is left is not known."""
    bound = frame.env.get(node.id) if isinstance(node, gast.Name) else None
    if isinstance(bound, Ref) and not bound.path and _may_be_iterator(frame, bound):
        span = frame.definition.span(node)
        frame.heap.stale.setdefault(bound.loc, aliasing.taken(span))


# Methods and functions whose results can be walked more than once.
_WALKED_AGAIN = {
    "split", "rsplit", "splitlines", "keys", "values", "items", "tolist", "copy", "union",
    "intersection", "difference", "list", "tuple", "set", "frozenset", "dict", "sorted", "range",
}  # fmt: skip


def _may_be_iterator(frame: Frame, bound: Ref) -> bool:
    """Was this made by code that passes through, and may it be walked but once?"""
    op = frame.builder.made.get(bound.loc.origin) if made(frame, bound) else None  # type: ignore[arg-type]  # a Value
    template = op.attrs.template if op is not None else None
    if not isinstance(template, ast.Call):
        return op is not None and isinstance(template, ast.Attribute | ast.Subscript)
    called = template.func
    name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
    return name not in _WALKED_AGAIN


_TEXTS = {"format", "join", "lower", "upper", "strip", "replace", "title", "zfill"}


def _is_text(frame: Frame, node: Any) -> bool:
    """Is this certainly a string: formatted, or made from a literal?"""
    if isinstance(node, gast.BinOp):
        return isinstance(node.op, gast.Mod) and _is_text(frame, node.left)
    if isinstance(node, gast.Call) and isinstance(node.func, gast.Attribute):
        return node.func.attr in _TEXTS and _is_text(frame, node.func.value)
    if isinstance(node, gast.Call) and isinstance(node.func, gast.Name):
        return node.func.id in ("str", "repr", "format") and node.func.id not in frame.env
    return isinstance(node, gast.JoinedStr) or (
        isinstance(node, gast.Constant) and isinstance(node.value, str)
    )


def check_call(frame: Frame, node: gast.Call) -> None:
    """Refuse a call in uninterpreted code that is given an object which it might change."""
    for part in gast.walk(node):
        bound = frame.local(part.id) if isinstance(part, gast.Name) else None
        if isinstance(bound, Ref) and not isinstance(frame.type(bound), Unknown):
            frame.refuse(
                part,
                f"{gast.unparse(node.func)} is not understood and might change {part.id!r}",
                "declare a rule for it, or pass a copy",
            )


def template_of(
    frame: Frame, node: Any, lowered: dict[int, Bound] | None = None
) -> tuple[ast.AST, list[Operand]]:
    """The template of a piece of the program, and what fills its holes."""
    operands: list[Operand] = []
    lowered = (lowered or {}) | _parts_of_objects(frame, node, set(lowered or ()))
    if lowered:
        operands = [frame.read(bound) for bound in lowered.values()]
        places = {part: f"_{k}" for k, part in enumerate(lowered)}
        node = _with_holes(node, places)
    for part in gast.walk(node):
        if isinstance(part, gast.NamedExpr):
            frame.refuse(part, "an assignment in this place is not supported", "assign first")
    own = {f"_{k}" for k in range(len(operands))}
    holes: dict[str, str] = {}
    inner = _names_bound_inside(node)

    class Holes(gast.NodeTransformer):  # type: ignore[misc]  # gast has no type information
        def visit_Name(self, name: gast.Name) -> gast.Name:
            if name.id in inner or name.id in own:
                return name
            if name.id not in holes:
                read = _read(frame, name)
                if read is None:
                    return name
                holes[name.id] = f"_{len(operands)}"
                operands.append(read)
            return gast.Name(holes[name.id], name.ctx, None, None)

    # gast cannot be copied with its locations lost: the emitter makes new text anyway.
    template = gast.gast_to_ast(Holes().visit(copy.deepcopy(node)))
    return template, operands


def _changing(frame: Frame, node: Any) -> list[Any]:
    """The parts of an expression, in order, that may change an object that is followed.

    What is evaluated under a condition, or for each of several, is such a part as a whole, and so
    is a call that is given a function or a generator expression with such parts.
    """
    inner = [part for child in gast.iter_child_nodes(node) for part in _changing(frame, child)]
    if isinstance(node, gast.Call):
        given = any(isinstance(part, gast.GeneratorExp | gast.Lambda) for part in inner)
        return [node] if given or _may_change(frame, node) else inner
    return [node] if inner and isinstance(node, _AT_TIMES) else inner


_AT_TIMES = (
    gast.IfExp, gast.BoolOp, gast.ListComp, gast.SetComp, gast.DictComp, gast.GeneratorExp,
    gast.Lambda, gast.Compare,
)  # fmt: skip


def _may_change(frame: Frame, node: gast.Call) -> bool:
    """Is this a call of a function of the program, or of a method, that is given such an object?"""
    callee = node.func
    if isinstance(callee, gast.Attribute):
        root = callee.value
        while isinstance(root, gast.Attribute | gast.Subscript):
            root = root.value
        owner = frame.local(root.id) if isinstance(root, gast.Name) else None
        fields = frame.heap.fields(owner)
        is_object = fields is not None and fields.kind == "object"
        return is_object or (callee.attr in _CHANGING and isinstance(owner, Ref))
    if not isinstance(callee, gast.Name):
        return False
    known = frame.local(callee.id)
    if isinstance(known, Closure):
        return True
    try:
        function = frame.definition.lookup(callee.id) if known is None else None
    except KeyError:
        return False
    given = [*node.args, *(keyword.value for keyword in node.keywords)]
    names = {part.id for arg in given for part in gast.walk(arg) if isinstance(part, gast.Name)}
    return isinstance(function, types.FunctionType) and any(
        isinstance(frame.local(name), Ref) for name in names
    )


def _parts_of_objects(frame: Frame, node: Any, known: set[int]) -> dict[int, Bound]:
    """What a template reads of objects that are followed: their parts, by the nodes that do.

    Such an object need not exist as a whole; ``known`` nodes were lowered already.
    """
    from gradscribe.frontend.expressions import lower

    inner = _names_bound_inside(node)
    found: dict[int, Bound] = {}

    def visit(part: Any) -> None:
        if id(part) in known or isinstance(part, gast.Lambda):
            return
        root = part.func if isinstance(part, gast.Call) else part
        while isinstance(root, gast.Attribute | gast.Subscript) and id(root) not in known:
            root = root.value
        if root is not part and isinstance(root, gast.Name) and root.id not in inner:
            named = name_of_function(frame, part)
            if named is not None:
                found[id(part)] = named
                return
            if part is not node and frame.heap.fields(_followed(frame, root.id)) is not None:
                found[id(part)] = lower(frame, part)
                return
        for child in gast.iter_child_nodes(part):
            visit(child)

    visit(node)
    return found


def name_of_function(frame: Frame, node: Any) -> Const | None:
    """``f.__name__``, where f is a nested function or one that a function around it captured."""
    if not isinstance(node, gast.Attribute) or node.attr != "__name__":
        return None
    if not isinstance(node.value, gast.Name):
        return None
    bound = frame.local(node.value.id)
    if isinstance(bound, Closure):
        return Const(getattr(bound.definition.node, "name", "<lambda>"))
    if bound is not None or not frame.definition.captures(node.value.id):
        return None
    found = getattr(frame.definition.lookup(node.value.id), "__name__", None)
    return Const(found) if isinstance(found, str) else None


def _followed(frame: Frame, name: str) -> Bound | None:
    """The object that a name stands for, where it is followed."""
    if name in frame.env or not frame.builder.opened:
        return frame.local(name)
    try:
        return frame.builder.opened.get(id(frame.definition.lookup(name)))
    except KeyError:
        return None


def _with_holes(node: Any, places: dict[int, str]) -> Any:
    """A copy of a tree in which some nodes are names."""
    if isinstance(node, list):
        return [_with_holes(item, places) for item in node]
    if not isinstance(node, gast.AST):
        return node
    if id(node) in places:
        return gast.Name(places[id(node)], gast.Load(), None, None)
    fields = {name: _with_holes(value, places) for name, value in gast.iter_fields(node)}
    return gast.copy_location(type(node)(**fields), node)


def _read(frame: Frame, node: gast.Name) -> Operand | None:
    """The operand that a name denotes; None where the text can use the name as it is."""
    name = node.id
    if name in frame.env:
        bound = frame.env[name]
        return frame.read(frame.lookup(node) if isinstance(bound, Cell) else bound)
    try:
        value = frame.definition.lookup(name)
    except KeyError:
        return None
    if value is getattr(builtins, name, None):
        return None
    if isinstance(value, types.ModuleType):
        return Const(value)
    if id(value) in frame.builder.opened:
        return frame.read(frame.builder.opened[id(value)])
    return Const(value, name, frame.definition.globals.get("__name__"))


def _names_bound_inside(node: Any) -> set[str]:
    """Names of comprehensions and lambdas within the template: no holes."""
    names: set[str] = set()
    for part in gast.walk(node):
        if isinstance(part, gast.comprehension):
            names |= {n.id for n in gast.walk(part.target) if isinstance(n, gast.Name)}
        elif isinstance(part, gast.Lambda):
            names |= {a.id for a in part.args.args}
    return names


def made(frame: Frame, bound: Bound) -> bool:
    """Was this made by code that passes through, so that it may be anything?"""
    operand = bound.loc.origin if isinstance(bound, Ref) else bound
    op = frame.builder.made.get(operand) if isinstance(operand, Value) else None
    return op is not None and op.prim is OPAQUE
