"""Abstract values: what is known of a value while compiling.

The lattice is small on purpose: it decides broadcasting, the mutation of ``+=``, and which branch
of ``if axis is None`` is taken, and no more. ``Unknown`` is its top; ``join`` goes up.

A *dimension* is an ``int`` (known), a ``Sym`` (a symbol: equal symbols are equal lengths) or
``None`` (nothing known). A symbol may be known not to be 1. Two dimensions that are both not 1 and
meet in an elementwise operation are equal, or NumPy itself raises there; that decides almost every
broadcast. Of the arguments of a call it is known, too, whether a length is at least ``MANY``: then
it is not 1 either after a few entries at the ends are cut off.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from gradscribe.arrays import Foreign

FLOAT = np.dtype(np.float64)
INT = np.dtype(np.int64)
BOOL = np.dtype(np.bool_)
COMPLEX = np.dtype(np.complex128)


# Lengths from here on are told apart from shorter ones.
MANY = 8


@final
@dataclass(frozen=True, slots=True, repr=False)
class Sym:
    """A length ``key + offset``, never below zero. ``not_one``: it is known to differ from 1.

    ``many``: the key alone is known to be ``MANY`` or more.
    """

    key: Hashable
    offset: int = 0
    not_one: bool = False
    many: bool = False

    def plus(self, number: int) -> Sym:
        """The length with so many entries more (or fewer)."""
        offset = self.offset + number
        return Sym(self.key, offset, self.many and MANY + offset > 1, self.many)

    def __str__(self) -> str:
        return f"{self.key}{self.offset:+d}" if self.offset else f"{self.key}"

    __repr__ = __str__


Dim = int | Sym | None


@final
@dataclass(frozen=True, slots=True)
class Scalar:
    """A Python or NumPy scalar. ``weak``: Python's own float or int, which follow other dtypes.

    ``absent``: it may be None instead.
    """

    dtype: np.dtype[Any]
    weak: bool = False
    absent: bool = False

    def __str__(self) -> str:
        name = (
            {"f": "float", "i": "int", "b": "bool", "c": "complex", "U": "str"}.get(
                self.dtype.kind, str(self.dtype)
            )
            if self.weak
            else str(self.dtype)
        )
        return name + _or_none(self)


@final
@dataclass(frozen=True, slots=True)
class Array:
    """An array; with ``dims`` None a scalar or an array of any rank. ``dtype`` None: not known.

    ``foreign``: an argument or a global that is an array of another library, or of a subclass
    (``arrays``). Of what is computed from it this is not said. ``absent``: it may be None instead.
    ``number``: what has no axes is certainly no array, but a scalar of one dtype or another.
    """

    dtype: np.dtype[Any] | None = None
    dims: tuple[Dim, ...] | None = None
    foreign: Foreign = Foreign.NONE
    absent: bool = False
    number: bool = False

    def __str__(self) -> str:
        dims = (
            "…" if self.dims is None else ", ".join("?" if d is None else str(d) for d in self.dims)
        )
        return f"{self.dtype or 'array'}[{dims}]{_or_none(self)}"


@final
@dataclass(frozen=True, slots=True)
class Sequence:
    """A list or tuple: ``items`` where its length is static, else ``element``, their join.

    ``absent``: it may be None instead.
    """

    kind: str  # "list" or "tuple"
    items: tuple[Type, ...] | None = None
    element: Type | None = None
    absent: bool = False

    def __str__(self) -> str:
        if self.items is not None:
            return f"{self.kind}({', '.join(map(str, self.items))}){_or_none(self)}"
        return f"{self.kind}[{self.element or ''}]{_or_none(self)}"


def _or_none(kind: Scalar | Array | Sequence) -> str:
    return " or None" if kind.absent else ""


@final
@dataclass(frozen=True, slots=True)
class Range:
    """``range(…)``, also reversed: a sequence of ints that can be walked any number of times."""

    def __str__(self) -> str:
        return "range"


@final
@dataclass(frozen=True, slots=True)
class Mapping:
    """A dict with static keys, or an unknown number of alike entries under keys of one type.

    ``default``: what makes the entries that are not there when they are read, of a ``defaultdict``.
    """

    items: tuple[tuple[Hashable, Type], ...] | None = None
    element: Type | None = None
    key: Type | None = None
    default: type | None = None

    def __str__(self) -> str:
        if self.items is not None:
            return "dict(" + ", ".join(f"{k!r}: {t}" for k, t in self.items) + ")"
        return f"dict[{self.element or ''}]"


_SHOWN = 6  # attributes of an object in a text


@final
@dataclass(frozen=True, slots=True)
class Struct:
    """An instance of a class with named fields whose types are known."""

    cls: type
    fields: tuple[tuple[str, Type], ...]

    def __str__(self) -> str:
        shown = [f"{name}: {kind}" for name, kind in self.fields[:_SHOWN]]
        return f"{self.cls.__name__}({', '.join(shown + ['…'] * (len(self.fields) > _SHOWN))})"


@final
@dataclass(frozen=True, slots=True)
class Static:
    """One known object: None, a string, a function, a class, a module, a slice of constants."""

    value: Hashable

    def __str__(self) -> str:
        return getattr(self.value, "__name__", None) or repr(self.value)


@final
@dataclass(frozen=True, slots=True)
class Immutable:
    """An object of one of the classes of ``immutables``: a date, a time or a duration."""

    cls: type

    def __str__(self) -> str:
        return self.cls.__name__


@final
@dataclass(frozen=True, slots=True)
class Slice:
    """A slice in an index; a bound that is not a known int (or None) is the string "dynamic"."""

    start: int | str | None
    stop: int | str | None
    step: int | str | None = None

    def __str__(self) -> str:
        return ":".join("" if part is None else str(part) for part in (self.start, self.stop))


@final
@dataclass(frozen=True, slots=True)
class Unknown:
    """Anything at all."""

    def __str__(self) -> str:
        return "?"


Type = Scalar | Array | Sequence | Range | Mapping | Struct | Static | Immutable | Slice | Unknown

UNKNOWN = Unknown()
RANGE = Range()
PY_FLOAT = Scalar(FLOAT, weak=True)
PY_INT = Scalar(INT, weak=True)
PY_BOOL = Scalar(BOOL, weak=True)
TEXT = Scalar(np.dtype(np.str_), weak=True)
PY_COMPLEX = Scalar(COMPLEX, weak=True)
NP_FLOAT = Scalar(FLOAT)
NP_BOOL = Scalar(BOOL)
NUMERIC = Array()
NONE = Static(None)

PYTHON = {float: PY_FLOAT, int: PY_INT, bool: PY_BOOL, complex: PY_COMPLEX}


def scalar_of(dtype: np.dtype[Any] | None) -> Type:
    """The NumPy scalar that an array of this dtype holds."""
    return Scalar(dtype) if dtype is not None else Array(None, ())


# ---------------------------------------------------------------------------- questions


def not_one(dim: Dim) -> bool:
    """Is the length known to differ from 1?"""
    return dim != 1 if isinstance(dim, int) else isinstance(dim, Sym) and dim.not_one


def at_most_one(dim: Dim) -> bool:
    """Is the length 1, or 0 as that of ``x[2:3]`` may be?"""
    key = dim.key if isinstance(dim, Sym) and not dim.offset else None
    if not isinstance(key, tuple) or key[0] != "slice":
        return dim == 1
    *_, start, stop, step = key
    return step in (None, 1) and start is not None and (stop or 0) == start + 1


def is_scalar(type: Type) -> bool:
    """Certainly one number (also a 0-d array, which arithmetic turns into a scalar)."""
    return isinstance(type, Scalar) or (isinstance(type, Array) and type.dims == ())


def is_number(kind: Type) -> bool:
    """Certainly a number, and no array without axes?"""
    return isinstance(kind, Scalar) or (isinstance(kind, Array) and kind.number and kind.dims == ())


def foreign_in(*types: Type | None) -> Foreign:
    """What is known of the arrays of other libraries that these are, or hold."""
    return max((_foreign_in(kind) for kind in types), default=Foreign.NONE)


def _foreign_in(type: Type | None) -> Foreign:
    match type:
        case Array(foreign=foreign):
            return foreign
        case Sequence(_, items, element):
            return foreign_in(element, *(items or ()))
        case Mapping(items, element):
            return foreign_in(element, *(item for _, item in items or ()))
        case Struct(_, fields):
            return foreign_in(*(item for _, item in fields))
        case _:
            return Foreign.NONE


def is_array(type: Type) -> bool:
    """Certainly an array of one dimension or more."""
    return isinstance(type, Array) and bool(type.dims)


def maybe_float(type: Type) -> bool:
    """May a value of this type (or a leaf of it) carry a derivative?"""
    match type:
        case Scalar(dtype):
            return dtype.kind in "fc"
        case Array(dtype):
            return dtype is None or dtype.kind in "fc"
        case Sequence(_, items, element):
            if items is not None:
                return any(maybe_float(item) for item in items)
            return element is None or maybe_float(element)
        case Mapping(items, element):
            if items is not None:
                return any(maybe_float(item) for _, item in items)
            return element is None or maybe_float(element)
        case Struct(_, fields):
            return any(maybe_float(item) for _, item in fields)
        case Unknown():
            return True
        case _:
            return False


def holds_numbers(kind: Type) -> bool:
    """Is this a dict of numbers under keys that are computed?"""
    return isinstance(kind, Mapping) and kind.items is None and is_scalar(kind.element or UNKNOWN)


def holds_records(kind: Type | None) -> bool:
    """Is this a dict or an object, or a list or tuple that holds some?"""
    match kind:
        case Mapping() | Struct():
            return True
        case Sequence(_, items, element):
            return holds_records(element) or any(map(holds_records, items or ()))
        case _:
            return False


def dims_of(type: Type) -> tuple[Dim, ...] | None:
    """The dimensions of a number or array; () for scalars; None where the rank is unknown."""
    if isinstance(type, Scalar):
        return ()
    return type.dims if isinstance(type, Array) else None


def as_large(a: Type, b: Type) -> bool:
    """Arrays of one dtype, the first certainly of the shape of the second."""
    if (
        not isinstance(a, Array)
        or not isinstance(b, Array)
        or a.dtype != b.dtype
        or a.dtype is None
    ):
        return False
    if a.dims is None or b.dims is None or len(a.dims) != len(b.dims):
        return False
    return all(
        (x == y and x is not None) or (not_one(x) and not_one(y))
        for x, y in zip(a.dims, b.dims, strict=True)
    )


def has_known_shape(type: Type) -> bool:
    """Have two values of this type one shape?"""
    dims = dims_of(type)
    return dims is not None and None not in dims


def is_of_one_shape(type: Type) -> bool:
    """Have all values of this type, whenever they are computed, one shape?"""
    dims = dims_of(type)
    known = is_number(type) or (dims is not None and dtype_of(type) is not None)
    return known and all(isinstance(dim, int) or _is_sure(dim) for dim in dims or ())


def _is_sure(dim: Dim) -> bool:
    """Is this one length, and not whichever of two it happens to be?"""
    return isinstance(dim, Sym) and not _is_joined(dim.key)


def _is_joined(key: Hashable) -> bool:
    if isinstance(key, Sym):
        return _is_joined(key.key)
    return isinstance(key, tuple) and ("join" in key or any(map(_is_joined, key)))


def wraps(type: Type) -> bool:
    """NumPy's integers and truth values: arithmetic among them is not that of numbers."""
    dtype = dtype_of(type)
    return (
        dtype is not None and dtype.kind in "iub" and not (isinstance(type, Scalar) and type.weak)
    )


def class_name(kind: Type) -> str:
    """What Python calls the class of a number or an array."""
    found = python_class(kind)
    if found is not None:
        return found.__name__
    return f"numpy.{kind.dtype.name}" if isinstance(kind, Scalar) else "numpy.ndarray"


def python_class(kind: Type) -> type | None:
    """The class of Python's own whose instance a number certainly is."""
    own = isinstance(kind, Scalar) and kind.weak
    return next((cls for cls, known in PYTHON.items() if own and kind == known), None)


def dtype_of(type: Type) -> np.dtype[Any] | None:
    return type.dtype if isinstance(type, Scalar | Array) else None
