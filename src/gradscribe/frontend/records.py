"""Objects with attributes: reading and writing them, their methods and properties, making new ones.

An instance of an ordinary Python class is followed attribute by attribute (``heap.Fields``), and
its methods are lowered in place like any function. What Python computes with an object through a
method of its class (``a + b``, ``len(a)``, ``a[k]``, ``a(x)``) is that method called.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import types
from collections.abc import Callable
from typing import Any

from gradscribe.frontend import aliasing, containers, opened, sharing, wholes
from gradscribe.frontend.frame import Frame
from gradscribe.frontend.heap import Bound, Fields, Lost, Method, Ref, Step, TupleOf
from gradscribe.frontend.procedures import Procedure
from gradscribe.frontend.raising import certainly
from gradscribe.frontend.wholes import part_name
from gradscribe.ir.abstraction import is_static
from gradscribe.ir.build import type_of_operand
from gradscribe.ir.control import Checkpointed
from gradscribe.ir.core import UNDEF, Const, Value
from gradscribe.ir.loops import carries, first_carry
from gradscribe.ir.primitives import FOR, IF, STRUCTURED, WHILE, of
from gradscribe.ir.types import Struct
from gradscribe.objects import (
    attributes_of,
    is_computed,
    is_followed,
    is_generated,
    is_named_tuple,
)

_ABSENT = object()


def object_of(frame: Frame, bound: Bound) -> Fields | None:
    """What an object holds by attribute; None for anything else."""
    fields = frame.heap.fields(bound)
    return fields if fields is not None and fields.kind == "object" else None


def class_of(frame: Frame, bound: Bound) -> type | None:
    """The class of an object that is followed, or of a named tuple."""
    if isinstance(bound, TupleOf):
        return bound.cls
    if isinstance(bound, Const) and is_followed(type(bound.value)):
        return type(bound.value)
    fields = object_of(frame, bound)
    if fields is not None:
        return fields.cls
    kind = placed(frame, bound)
    return kind.cls if kind is not None else None


def placed(frame: Frame, bound: Bound) -> Struct | None:
    """The type of an object that is one value, as the entries of lists are."""
    if not isinstance(bound, Ref) or bound.path:
        return None
    value = frame.heap.values.get(bound.loc)
    kind = value.type if isinstance(value, Value) else None
    return kind if isinstance(kind, Struct) and is_followed(kind.cls) else None


# ---------------------------------------------------------------------------- attributes


def attribute(frame: Frame, node: Any, base: Bound, name: str) -> Bound:
    """``base.name`` of an object that is followed, or of a named tuple."""
    cls = class_of(frame, base)
    assert cls is not None
    if name == "__class__":
        return Const(cls)
    if isinstance(base, TupleOf) and name in ("_replace", "_asdict"):
        return Procedure(_of_named_tuple(base, name))
    found = _in_class(cls, name)
    if isinstance(found, property):
        if found.fget is None:
            frame.refuse(node, f"the property {name!r} cannot be read")
        return _call(frame, node, found.fget, [base])
    getter, setter = (_of_descriptor(found, method) for method in ("__get__", "__set__"))
    if getter is not None and setter is not None:
        return _call(frame, node, getter, [_descriptor(cls, name), base, Const(cls)])
    held = _held(frame, base, name)
    if held is UNDEF:
        frame.refuse(
            node, f"the attribute {name!r} may be read before it is set", "set it on every path"
        )
    if held is not None:
        return held
    if isinstance(found, functools.cached_property):
        value = _call(frame, node, found.func, [base])
        if isinstance(base, Ref):
            _put(frame, node, base, name, value)
        return value
    if getter is not None:
        return _call(frame, node, getter, [_descriptor(cls, name), base, Const(cls)])
    if found is _ABSENT:
        said = f"{cls.__name__!r} object has no attribute {name!r}"
        message = f"an object of the class {cls.__name__} has no attribute {name!r} here"
        raise certainly(frame, AttributeError, said, node, message)
    return _of_class(frame, node, cls, base, name, found)


def _held(frame: Frame, base: Bound, name: str) -> Bound | None:
    """What the object itself holds under a name."""
    if isinstance(base, TupleOf):
        assert base.cls is not None
        names = base.cls._fields  # type: ignore[attr-defined]  # a named tuple
        return base.items[names.index(name)] if name in names else None
    if isinstance(base, Const):
        return _constant_attribute(frame, base, name)
    kind = placed(frame, base)
    if kind is not None and isinstance(base, Ref):
        known = name in dict(kind.fields)
        return frame.wrap(frame.look(_place_of(frame, base, name))) if known else None
    fields = object_of(frame, base)
    if fields is not None and base.loc in frame.heap.stale and not frame.tolerant:  # type: ignore[union-attr]  # a Ref
        aliasing.refuse_stale(frame, base.loc)  # type: ignore[union-attr]
    return fields.entries.get(name) if fields is not None else None


def apart(frame: Frame, bound: Bound) -> Bound:
    """A copy of an object that is one value; anything else as it is."""
    if placed(frame, bound) is None or not isinstance(bound, Ref):
        return bound
    value = frame.look(bound)
    assert isinstance(value, Value)
    return wholes.opened(frame, value, bound.loc.name)


def _place_of(frame: Frame, base: Ref, name: str) -> Ref:
    """An attribute of an object that is one value."""
    return Ref(base.loc, (Step(of(getattr), (Const(name),), True, frame.builder.span),))


def _constant_attribute(frame: Frame, base: Const, name: str) -> Bound | None:
    """An attribute of an object that the module or the closure holds, read where it is used."""
    held = attributes_of(base.value) or {}
    if name not in held:
        return None
    value = held[name]
    if is_static(value):
        return Const(value)
    if base.name is None:
        frame.refuse(
            frame.definition.node,
            f"the attribute {name!r} of an object that has no name here",
            "pass the object as an argument",
        )
    return Const(value, f"{base.name}.{name}", base.home)


def _of_named_tuple(base: TupleOf, name: str) -> Callable[..., Bound]:
    """The methods that every named tuple has."""
    names: Any = base.cls._fields  # type: ignore[union-attr]  # a named tuple

    def run(frame: Frame, node: Any, positional: list[Bound], keywords: dict[str, Bound]) -> Bound:
        if name == "_replace":
            return replace(frame, node, base, keywords)
        return containers.make_dict(frame, dict(zip(names, base.items, strict=True)))

    return run


def _in_class(cls: type, name: str) -> Any:
    """What a class or one of its bases says a name is, as it stands there."""
    for base in cls.__mro__:
        if name in base.__dict__:
            return base.__dict__[name]
    return _ABSENT


def _of_descriptor(found: Any, name: str) -> Callable[..., Any] | None:
    """The method by which a descriptor of the user's computes an attribute, or takes it."""
    method = _in_class(type(found), name) if is_followed(type(found)) else None
    return method if isinstance(method, types.FunctionType) else None


def _descriptor(cls: type, name: str) -> Const:
    """What stands in a class under a name, which to read from the class would compute."""
    owner = _owner(cls, name)
    return Const(owner.__dict__[name], f"{owner.__qualname__}.__dict__[{name!r}]", owner.__module__)


def _owner(cls: type, name: str) -> type:
    return next(base for base in cls.__mro__ if name in base.__dict__)


_METHODS = (
    types.FunctionType, types.WrapperDescriptorType, types.MethodDescriptorType, Checkpointed
)  # fmt: skip


def _of_class(
    frame: Frame, node: Any, cls: type, receiver: Bound | None, name: str, found: Any
) -> Bound:
    """What a name that is found in a class stands for when it is read from an object."""
    if isinstance(found, _METHODS) and receiver is not None:
        return Method(found, receiver)
    if isinstance(found, staticmethod):
        return Const(found.__func__)
    if isinstance(found, classmethod):
        return Method(found.__func__, Const(cls))
    if is_static(found):
        return Const(found)
    if hasattr(type(found), "__get__"):
        frame.refuse(
            node, f"the attribute {name!r} is computed by a descriptor", "make it a property"
        )
    owner = _owner(cls, name)
    if "<locals>" in owner.__qualname__:
        return frame.wrap(Const(found)) if isinstance(found, int | float) else Const(found)
    return Const(found, f"{owner.__qualname__}.{name}", owner.__module__)


def of_member(frame: Frame, node: Any, base: Bound, member: Any, name: str) -> Bound | None:
    """A method or a property that an enumeration of the user's gives its members."""
    found = _in_class(type(member), name) if isinstance(member, enum.Enum) else None
    if isinstance(found, property):
        return _call(frame, node, found.fget, [base])  # type: ignore[arg-type]  # it was read
    ours = isinstance(found, types.FunctionType) and found.__module__ != enum.__name__
    return Method(found, base) if ours else None


def has(frame: Frame, node: Any, base: Bound, name: str) -> bool:
    """``hasattr(base, name)``."""
    cls = class_of(frame, base)
    if cls is not None and _in_class(cls, name) is not _ABSENT:
        return True
    held = _held(frame, base, name)
    operand = frame.heap.operand(held.loc) if isinstance(held, Ref) else held
    if held is UNDEF or isinstance(held, Lost) or _may_be_unset(frame, operand):
        frame.refuse(
            node,
            f"it depends on the path taken whether there is an attribute {name!r}",
            "set it on every path",
        )
    return held is not None


def _may_be_unset(frame: Frame, value: Any) -> bool:
    """Is this what only a branch, or a loop that may not run, sets?"""
    op = frame.builder.made.get(value) if isinstance(value, Value) else None
    if op is None or op.prim not in STRUCTURED:
        return value is UNDEF
    (place,) = (k for k, result in enumerate(op.results) if result is value)
    sources = [arm.yields[place] for arm in op.regions] if op.prim is IF else []
    if op.prim in (FOR, WHILE) and place < carries(op):
        sources = [op.args[first_carry(op) + place], op.regions[-1].yields[place]]
    return any(source is UNDEF or _may_be_unset(frame, source) for source in sources)


def set_attribute(frame: Frame, node: Any, base: Bound, name: str, value: Bound) -> None:
    """``base.name = value``."""
    cls: Any = class_of(frame, base)
    opened.write(frame, base)
    if cls is None and isinstance(base, Ref) and _stays_lost(frame, base, name):
        aliasing.check_write(frame, base.loc, node)
        return
    if cls is None or not isinstance(base, Ref):
        frame.refuse(
            node,
            f"the attribute .{name} is assigned to something that is not followed here",
            "assign to attributes of objects that the function was given or has made",
        )
    own = _in_class(cls, "__setattr__")
    if own is not _ABSENT and not is_generated(own) and isinstance(own, types.FunctionType):
        _call(frame, node, own, [base, Const(name), value])
        return
    if cls.__setattr__ is not object.__setattr__ and cls is not types.SimpleNamespace:
        frame.refuse(
            node,
            f"the class {cls.__name__} decides what assigning to .{name} does",
            "make a new object: dataclasses.replace(x, …)",
        )
    set_plainly(frame, node, base, name, value)


def set_plainly(frame: Frame, node: Any, base: Ref, name: str, value: Bound) -> None:
    """``object.__setattr__(base, name, value)``: what assigning does in most classes."""
    cls = class_of(frame, base)
    assert cls is not None
    found = _in_class(cls, name)
    setter = _of_descriptor(found, "__set__")
    if isinstance(found, property):
        if found.fset is None:
            frame.refuse(node, f"the property {name!r} cannot be set")
        _call(frame, node, found.fset, [base, value])
    elif setter is not None:
        _call(frame, node, setter, [_descriptor(cls, name), base, value])
    elif is_computed(found):
        frame.refuse(node, f"the attribute {name!r} is set by a descriptor", "make it a property")
    else:
        _put(frame, node, base, name, value)


def decides(frame: Frame, base: Bound, name: str) -> bool:
    """Does the class of an object decide what assigning to an attribute does?"""
    cls: Any = class_of(frame, base)
    if cls is None or cls is types.SimpleNamespace:
        return False
    return is_computed(_in_class(cls, name)) or cls.__setattr__ is not object.__setattr__


def _stays_lost(frame: Frame, base: Ref, name: str) -> bool:
    """Is this an object that an exception may have changed, so that no later read is understood?"""
    lost, held = frame.heap.lost.get(base.loc), frame.heap.values.get(base.loc)
    if base.path or lost is None or lost.test is not None or not isinstance(held, Fields):
        return False
    cls: Any = held.cls
    plain = held.kind == "object" and cls.__setattr__ is object.__setattr__
    return plain and not hasattr(_in_class(cls, name), "__set__")


def _put(frame: Frame, node: Any, base: Ref, name: str, value: Bound) -> None:
    kind = placed(frame, base)
    if kind is not None:
        new = frame.read(value)
        if name not in dict(kind.fields) or not sharing.is_constant(type_of_operand(new)):
            frame.refuse(
                node,
                f"the attribute .{name} of an object in a list is assigned to, and the list is one "
                "value, of objects that hold numbers alone",
                "make a new object, and put it into the list",
            )
        frame.write(_place_of(frame, base, name), new, node)
        return
    fields = object_of(frame, base)
    assert fields is not None
    aliasing.check_write(frame, base.loc, node)
    frame.heap.values[base.loc] = fields.replaced(name, value)
    if base.loc.name:
        frame.name(value, part_name(base.loc.name, name))
    elif isinstance(value, Value) and not value.named:
        value.hint = name  # until the object has a name


def delete_attribute(frame: Frame, node: Any, base: Bound, name: str) -> None:
    """``del base.name``."""
    fields = object_of(frame, base)
    if fields is None or not isinstance(base, Ref) or name not in fields.entries:
        frame.refuse(node, f"the attribute .{name} cannot be deleted here", "set it to None")
    frame.heap.values[base.loc] = fields.without(name)


def inherited(frame: Frame, node: Any, after: type, receiver: Bound, name: str) -> Bound:
    """``super().name`` within a method of the class ``after``."""
    cls = receiver.value if _is_class(receiver) else class_of(frame, receiver)  # type: ignore[union-attr]  # a Const
    if cls is None:
        frame.refuse(node, "super() of something that is not followed here")
    order = cls.__mro__
    for base in order[order.index(after) + 1 :]:
        if name in base.__dict__:
            found = base.__dict__[name]
            if base is object:
                return Method(found, receiver)
            if isinstance(found, property) and found.fget is not None:
                return _call(frame, node, found.fget, [receiver])
            if isinstance(found, classmethod):
                return Method(found.__func__, Const(cls))
            return _of_class(frame, node, base, receiver, name, found)
    frame.refuse(node, f"no base class of {after.__name__} has {name!r}")


def _is_class(bound: Bound) -> bool:
    return isinstance(bound, Const) and isinstance(bound.value, type)


# ---------------------------------------------------------------------------- special methods


def special_method(frame: Frame, base: Bound, name: str) -> Method | None:
    """The method of the object's class that Python calls for an operator, if there is one."""
    cls = class_of(frame, base)
    if cls is None:
        return None
    found = _in_class(cls, name)
    return Method(found, base) if isinstance(found, types.FunctionType) else None


def call_method(frame: Frame, node: Any, method: Method, args: list[Bound]) -> Bound:
    """Call a method of the user's on bound arguments."""
    return _call(frame, node, method.function, [method.receiver, *args])


def binary(frame: Frame, node: Any, name: str, left: Bound, right: Bound) -> Bound | None:
    """``left ⊕ right`` where a class of the user's decides; ``name`` is "add", "mul", …"""
    tries = [(left, f"__{name}__", right), (right, f"__r{name}__", left)]
    ours, theirs = class_of(frame, left), class_of(frame, right)
    if ours is None and theirs is None:
        return None
    if ours is not None and theirs is not None and ours is not theirs and issubclass(theirs, ours):
        tries.reverse()
    for receiver, method_name, other in tries:
        method = special_method(frame, receiver, method_name)
        if method is not None:
            result = call_method(frame, node, method, [other])
            if not (isinstance(result, Const) and result.value is NotImplemented):
                return result
    return None


_MIRRORED = {"lt": "gt", "gt": "lt", "le": "ge", "ge": "le", "eq": "eq", "ne": "ne"}


def comparison(frame: Frame, node: Any, name: str, left: Bound, right: Bound) -> Bound | None:
    """``left < right`` and the like where a class of the user's decides."""
    for receiver, method_name, other in ((left, name, right), (right, _MIRRORED.get(name), left)):
        if method_name is None:
            continue
        method = special_method(frame, receiver, f"__{method_name}__")
        if method is not None:
            if is_generated(method.function):
                frame.refuse(
                    node,
                    "the comparison that a dataclass generates is not supported",
                    "compare the fields",
                )
            return call_method(frame, node, method, [other])
    return None


# ---------------------------------------------------------------------------- making objects


def construct(
    frame: Frame, node: Any, cls: type, positional: list[Bound], keywords: dict[str, Bound]
) -> Bound | None:
    """``cls(…)``; None for a class whose instances are not followed."""
    if is_named_tuple(cls):
        return _named_tuple(frame, node, cls, positional, keywords)
    if not is_followed(cls):
        return None
    if cls is types.SimpleNamespace:
        return frame.heap.new(Fields("object", {**keywords}, cls), "", frame.builder.span)
    made = frame.heap.new(Fields("object", {}, cls), "", frame.builder.span)
    init = _in_class(cls, "__init__")
    if is_generated(init):
        _fill(frame, node, cls, made, positional, keywords)
    elif isinstance(init, types.FunctionType):
        _call(frame, node, init, [made, *positional], keywords)
    elif positional or keywords:
        frame.refuse(node, f"{cls.__name__}() takes no arguments")
    return made


def _named_tuple(
    frame: Frame, node: Any, cls: Any, positional: list[Bound], keywords: dict[str, Bound]
) -> Bound:
    own = cls.__new__
    defaults = {name: frame.wrap(Const(value)) for name, value in cls._field_defaults.items()}
    if not is_generated(own):
        frame.refuse(
            node,
            f"the named tuple {cls.__name__} has a __new__ of its own",
            "compute the fields in a function that returns the named tuple",
        )
    given = defaults | dict(zip(cls._fields, positional, strict=False)) | keywords
    missing = [name for name in cls._fields if name not in given]
    if missing or len(positional) > len(cls._fields) or not set(given) <= set(cls._fields):
        frame.refuse(node, f"the arguments of {cls.__name__} do not fit its fields")
    return TupleOf(tuple(given[name] for name in cls._fields), cls)


def _fill(
    frame: Frame,
    node: Any,
    cls: Any,
    made: Ref,
    positional: list[Bound],
    keywords: dict[str, Bound],
) -> None:
    """Do what the ``__init__`` does that ``@dataclass`` generates."""
    entries: dict[Any, Bound] = {}
    rest, named, extra = list(positional), dict(keywords), []
    for item in cls.__dataclass_fields__.values():
        kind = item._field_type.name
        if kind == "_FIELD_CLASSVAR":
            continue
        if not item.init:
            if item.default is not dataclasses.MISSING or _has_factory(item):
                entries[item.name] = _default(frame, node, item)
            continue
        if rest and not item.kw_only:
            value = rest.pop(0)
        elif item.name in named:
            value = named.pop(item.name)
        elif item.default is not dataclasses.MISSING or _has_factory(item):
            value = _default(frame, node, item)
        else:
            frame.refuse(node, f"the argument {item.name!r} is missing")
        if kind == "_FIELD_INITVAR":
            extra.append(value)
        else:
            entries[item.name] = value
    if not is_generated(cls.__setattr__) and any(decides(frame, made, name) for name in entries):
        frame.refuse(
            node,
            f"the dataclass {cls.__name__} decides what assigning to its fields does",
            "write its __init__ out",
        )
    if rest or named:
        frame.refuse(node, f"more arguments than {cls.__name__} has fields")
    frame.heap.values[made.loc] = Fields("object", entries, cls)
    after = _in_class(cls, "__post_init__")
    if isinstance(after, types.FunctionType):
        _call(frame, node, after, [made, *extra])


def _has_factory(item: Any) -> bool:
    return item.default_factory is not dataclasses.MISSING


def _default(frame: Frame, node: Any, item: Any) -> Bound:
    if not _has_factory(item):
        return frame.wrap(Const(item.default))
    from gradscribe.frontend.calls import call_object

    return call_object(frame, node, item.default_factory, [], {})


def replace(frame: Frame, node: Any, base: Bound, changes: dict[str, Bound]) -> Bound:
    """``dataclasses.replace(base, …)`` and ``named_tuple._replace(…)``."""
    if isinstance(base, TupleOf) and base.cls is not None:
        names: Any = base.cls._fields  # type: ignore[attr-defined]  # a named tuple
        entries = dict(zip(names, base.items, strict=True)) | changes
        return TupleOf(tuple(entries[name] for name in names), base.cls)
    base = apart(frame, base)
    fields = object_of(frame, base)
    cls: Any = fields.cls if fields is not None else None
    if fields is None or not hasattr(cls, "__dataclass_fields__"):
        frame.refuse(node, "replace() of something that is no dataclass here")
    given: dict[str, Bound] = {
        f.name: fields.entries[f.name]
        for f in cls.__dataclass_fields__.values()
        if f.init and f.name in fields.entries
    }
    made = construct(frame, node, cls, [], given | changes)
    assert made is not None
    return made


def _call(
    frame: Frame,
    node: Any,
    function: Callable[..., Any],
    positional: list[Bound],
    keywords: dict[str, Bound] | None = None,
) -> Bound:
    from gradscribe.frontend.calls import call_object

    return call_object(frame, node, function, positional, keywords or {})
