"""What the annotations of a function say of its parameters, as types.

====================================================  ===========================================
``float``, ``int``, ``bool``, ``str``                 a Python number, or a string
``np.float32``                                        a NumPy number
``np.ndarray``                                        an array of any dtype and rank
``NDArray[np.float64]``                               an array of that dtype, of any rank
``np.ndarray[tuple[int, int], np.dtype[np.float64]]`` the same of rank 2
``Float[Array, "m n"]``, ``Float32[…, "3 n"]``        rank, dimensions and dtype (jaxtyping's style)
``"float64[m, n]"``                                   the same in one string
``Annotated[np.ndarray, "m n"]``                      the same beside another annotation
``tuple[float, NDArray[np.float64]]``                 a tuple of these
``list[float]``, ``tuple[float, ...]``                a list or tuple of any length
``dict[str, float]``, ``Mapping[str, float]``         a dict with any keys
``float | None``, ``Optional[float]``                 what may be None instead
``float | NDArray[np.float64]``, ``Literal["a"]``     either, or a known string
a dataclass or named tuple                            an object with fields as they are annotated
====================================================  ===========================================

A named dimension is a length other than 1, and one name is one length, also across parameters.
Whatever is not in the table says nothing.
"""

from __future__ import annotations

import ast
import collections.abc
import inspect
import re
import sys
import types
import typing
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from gradscribe.ir.joins import join_all
from gradscribe.ir.types import (
    FLOAT,
    NONE,
    PY_BOOL,
    PY_FLOAT,
    PY_INT,
    TEXT,
    UNKNOWN,
    Array,
    Dim,
    Mapping,
    Scalar,
    Sequence,
    Struct,
    Sym,
    Type,
    Unknown,
)
from gradscribe.objects import is_followed, is_named_tuple

_PYTHON: dict[Any, Type] = {float: PY_FLOAT, int: PY_INT, bool: PY_BOOL, str: TEXT}
_MAPPINGS = (dict, collections.abc.Mapping, collections.abc.MutableMapping)
_NAMED = {kind.__name__: known for kind, known in _PYTHON.items()}
_ONE_STRING = re.compile(r"\s*([a-z]+\d*)\s*\[(.*)\]\s*", re.DOTALL)
_LENGTH = re.compile(r"([A-Za-z]\w*)([+-]\d+)?")


def parameter_types(function: Callable[..., Any], names: typing.Iterable[str]) -> tuple[Type, ...]:
    """The types that a function's annotations give the parameters of these names."""
    try:
        found = inspect.get_annotations(function)
    except TypeError:
        found = {}
    scope = getattr(function, "__globals__", {})
    return tuple(type_of_annotation(found.get(name), scope) for name in names)


def type_of_annotation(annotation: Any, scope: dict[str, Any] | None = None) -> Type:
    """The type that one annotation gives; names in a string mean what they mean in ``scope``.

    >>> print(type_of_annotation("float64[m, n]"))
    float64[m, n]
    """
    if isinstance(annotation, str):
        return _string(annotation, scope or {})
    if isinstance(annotation, typing.ForwardRef):
        return _string(annotation.__forward_arg__, scope or {})
    if annotation is type(None):
        return NONE
    if isinstance(annotation, type) and typing.get_origin(annotation) is None:
        named = _dimensioned(annotation)
        if named is not None:
            return named
        if annotation in _PYTHON:
            return _PYTHON[annotation]
        if annotation is np.ndarray:
            return Array()
        if issubclass(annotation, np.generic):
            dtype = _dtype(annotation)
            return Scalar(dtype) if dtype is not None else UNKNOWN
        return _structured(annotation)
    return _generic(annotation, scope or {})


def _structured(cls: Any) -> Type:
    """A dataclass or named tuple, by the annotations of its fields."""
    if not is_named_tuple(cls) and not (is_followed(cls) and is_dataclass(cls)):
        return UNKNOWN
    names = cls._fields if is_named_tuple(cls) else [f.name for f in fields(cls)]
    written = inspect.get_annotations(cls)
    scope = vars(sys.modules.get(cls.__module__, typing))
    if any(cls.__name__ in str(written.get(name)) for name in names):
        return UNKNOWN  # it holds others of its kind
    kinds = ((name, type_of_annotation(written.get(name), scope)) for name in names)
    return Struct(cls, tuple(kinds))


def says_rank(kind: Type) -> bool:
    """Does a type say how many dimensions a value has?"""
    if isinstance(kind, Sequence):
        parts = kind.items if kind.items is not None else (kind.element or UNKNOWN,)
        return all(says_rank(part) for part in parts)
    return not (isinstance(kind, Unknown) or (isinstance(kind, Array) and kind.dims is None))


def _generic(annotation: Any, scope: dict[str, Any]) -> Type:
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        kind = type_of_annotation(args[0], scope)
        for note in args[1:]:
            if isinstance(note, str):
                return _described(note, kind)
        return kind
    if getattr(origin, "__name__", None) == "NDArray" and origin is not np.ndarray:
        return Array(_dtype(args[0]) if args else None, None)  # an alias since NumPy 2.5
    if origin is np.ndarray:
        shape, dtype = args
        known = _dtype(typing.get_args(dtype)[0] if typing.get_args(dtype) else None)
        lengths = typing.get_args(shape)
        fixed = lengths and Ellipsis not in lengths and all(n is int for n in lengths)
        return Array(known, (None,) * len(lengths) if fixed else None)
    if origin is typing.Literal:
        return join_all([_PYTHON.get(type(arg), UNKNOWN) for arg in args]) or UNKNOWN
    kinds = [type_of_annotation(arg, scope) for arg in args if arg is not Ellipsis]
    if origin in (typing.Union, types.UnionType):
        return join_all(kinds) or UNKNOWN
    if origin is tuple and args and Ellipsis not in args:
        return Sequence("tuple", tuple(kinds))
    if origin is tuple and len(kinds) == 1:
        return Sequence("tuple", None, kinds[0])
    if origin is list:
        return Sequence("list", None, kinds[0])
    if origin in _MAPPINGS and len(kinds) == 2:
        return Mapping(None, kinds[1], kinds[0])
    return UNKNOWN


def _string(text: str, scope: dict[str, Any]) -> Type:
    """An annotation in quotes, or under ``from __future__ import annotations``."""
    text = text.strip()
    if text in _NAMED:
        return _NAMED[text]
    if _ONE_STRING.fullmatch(text):
        described = _described(text, UNKNOWN)
        if not isinstance(described, Unknown):
            return described
    try:
        tree = ast.parse(text, mode="eval").body
    except SyntaxError:
        return UNKNOWN
    if isinstance(tree, ast.Constant) and isinstance(tree.value, str):
        return _string(tree.value, scope)
    if isinstance(tree, ast.Subscript):
        written = _jaxtyping(tree)
        if written is not None:
            return written
    try:
        value = eval(compile(ast.Expression(tree), "<annotation>", "eval"), scope)
    except Exception:  # names for type checkers only, missing packages: it says nothing here
        return UNKNOWN
    return UNKNOWN if isinstance(value, str) else type_of_annotation(value, scope)


def _jaxtyping(tree: ast.Subscript) -> Type | None:
    """``Float[Array, "m n"]`` by its spelling, for jaxtyping may not be installed."""
    name = (
        tree.value.attr if isinstance(tree.value, ast.Attribute) else getattr(tree.value, "id", "")
    )
    dtype = _jaxtyping_dtype(name)
    parts = tree.slice.elts if isinstance(tree.slice, ast.Tuple) else []
    if dtype is None or len(parts) != 2 or not isinstance(parts[1], ast.Constant):
        return None
    return Array(dtype, _lengths(str(parts[1].value)))


def _dimensioned(annotation: type) -> Type | None:
    """An annotation that jaxtyping made."""
    text, name = getattr(annotation, "dim_str", None), annotation.__name__.partition("[")[0]
    dtype = _jaxtyping_dtype(name)
    return Array(dtype, _lengths(text)) if isinstance(text, str) and dtype is not None else None


def _jaxtyping_dtype(name: str) -> np.dtype[Any] | None:
    """``Float`` stands for any precision: double, which is NumPy's own."""
    wide = {"Float": FLOAT, "Int": np.dtype(np.int64), "Integer": np.dtype(np.int64)}
    return wide.get(name) or (
        _dtype(name.lower()) if re.fullmatch(r"(Float|Int|UInt)\d+", name) else None
    )


def _described(text: str, kind: Type) -> Type:
    """``"float64[m, n]"``, or ``"m n"`` beside an annotation that gives the dtype."""
    match = _ONE_STRING.fullmatch(text)
    if match:
        dtype = _dtype(match[1])
        return Array(dtype, _lengths(match[2])) if dtype is not None else kind
    return Array(kind.dtype, _lengths(text)) if isinstance(kind, Array) else kind


def _lengths(text: str) -> tuple[Dim, ...] | None:
    """The dimensions in a string; None where there may be any number of them."""
    words = text.replace(",", " ").split()
    if any(word.startswith(("*", "...")) for word in words):
        return None
    return tuple(_length(word) for word in words)


def _length(word: str) -> Dim:
    if word.isdigit():
        return int(word)
    match = _LENGTH.fullmatch(word)
    if match is None:
        return None
    offset = int(match[2] or 0)
    return Sym(match[1], offset, not_one=offset == 0)


def _dtype(kind: Any) -> np.dtype[Any] | None:
    try:
        dtype = np.dtype(kind) if kind is not None else None
    except TypeError:
        return None
    return dtype if dtype is not None and dtype.kind in "fiub" else None
