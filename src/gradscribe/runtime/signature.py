"""Abstract keys of arguments, and the text of what finds a variant by them.

A derivative is compiled once per abstract signature. The key of an argument holds
exactly what a variant may be specialised on: not the numbers in it, but its class, its
dtype, which dimensions are 1 and which are many, and the value itself where code
branches on it (strings, None) or calls it (functions).

`key_of` says what a key is. Building and hashing keys would cost more than many a
derivative, so `dispatcher_text` writes them out as guards instead, one line per
variant:

    def f_grad(x):                            # the primal's own parameters
        nonlocal _last
        _kind_x = _type(x)
        if _kind_x is _ndarray:
            _dtype_x = x.dtype
            _shape_x = x.shape
        else:
            _dtype_x = None
        if _dtype_x is _c2 and _len(_shape_x) == 1 and _shape_x[0] >= 8:
            _last = _c0
            return _c1(x)
        return _select((x, ))(x)

A guard never holds for a key other than its own. It may fail for its own key (two
dtypes can be equal without being one object): then `_select` finds the variant by its
key.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from enum import Enum
from inspect import Parameter
from types import EllipsisType, FunctionType, ModuleType, NoneType
from typing import Any

import numpy as np

from gradscribe.arrays import follows_protocols
from gradscribe.ir.types import MANY
from gradscribe.objects import attributes_of

Key = tuple[Hashable, ...]

# Classes whose instances share a key.
_BY_CLASS = frozenset({bool, int, float, complex, range})
# Classes whose instances are their own keys: code branches on their values, or calls
# them.
_BY_VALUE = frozenset({NoneType, EllipsisType, str, bytes, FunctionType, np.ufunc})


def key_of(value: object, depth: int = 0) -> Hashable:
    """Return the abstract key of one argument.

    ===========================  ==================================================
    argument                     key
    ===========================  ==================================================
    number, NumPy scalar, range  its class
    array, any library's         (class, dtype, which dimensions are 1, or many)
    None, ..., string, bytes     itself
    function, ufunc, method      itself
    module                       itself
    class                        (type, the class)
    slice of integers            (slice, start, stop, step)
    list, elements of one key    (list, key)
    other list                   (list, key, key, …)
    tuple, named tuple           (class, key, …)
    dict                         (dict, (class of name, name, key), …)
    object that is followed      (class, (name of attribute, key), …)
    anything else                its class
    ===========================  ==================================================
    """
    kind: type = type(value)
    if kind in _BY_CLASS:
        return kind
    if kind in _BY_VALUE:
        return value
    if isinstance(value, np.ndarray):
        return _array_key(value)
    if kind is list:
        assert isinstance(value, list)
        return _list_key(value, depth)
    if kind is tuple or (isinstance(value, tuple) and hasattr(kind, "_fields")):
        assert isinstance(value, tuple)
        return kind, *[key_of(item, depth) for item in value]
    if kind is dict:
        assert isinstance(value, dict)
        # 1, 1.0 and True are equal, hence the classes.
        return dict, *[(type(name), name, key_of(item, depth)) for name, item in value.items()]
    if isinstance(value, slice):
        bounds = value.start, value.stop, value.step
        whole = all(type(n) in (int, NoneType) for n in bounds)
        return (slice, *bounds) if whole else kind
    if isinstance(value, type):
        return type, value
    if isinstance(value, ModuleType | Enum) or _is_function(value):
        return value
    if follows_protocols(value):
        return _array_key(value)
    attributes = attributes_of(value, depth)
    if not attributes:
        return kind
    return kind, *[(name, key_of(item, depth + 1)) for name, item in attributes.items()]


def _array_key(array: Any) -> Key:
    lengths = [1 if n == 1 else min(n, MANY) // MANY * MANY for n in array.shape]
    kind: type = type(array)
    return kind, array.dtype, tuple(lengths)


def _list_key(elements: list[object], depth: int) -> Key:
    kinds = set(map(type, elements))
    if len(kinds) == 1 and (kind := kinds.pop()) in _BY_CLASS:
        return list, kind  # long lists of numbers need no key per element
    keys = [key_of(element, depth) for element in elements]
    # One element and many with the same key are alike, two keys make three entries.
    return (list, *keys[:1]) if all(key == keys[0] for key in keys) else (list, *keys)


def _is_function(value: object) -> bool:
    """Tell whether an object is a function of some sort: built in, bound, compiled, …

    There is no list of all such classes (Cython, Numba and NumPy bring their own); what
    they have in common, and callable instances of ordinary classes have not, is a
    qualified name.
    """
    return callable(value) and hasattr(value, "__qualname__") and type(value).__hash__ is not None


def free_prefix(names: Iterable[str]) -> str:
    """Return the shortest run of underscores with which none of the names begins."""
    taken = tuple(names)
    prefix = "_"
    while any(name.startswith(prefix) for name in taken):
        prefix += "_"
    return prefix


def dispatcher_text(
    name: str,
    parameters: Sequence[Parameter],
    rows: Iterable[tuple[Key, str, str]],
    constant: Callable[[object], str],
    prefix: str,
) -> str:
    """Return the text of a dispatcher, inside a function called `bind`.

    A row is the key of a variant (one entry per parameter) and the global names of the
    variant and its function. `constant` gives an object a global name. Every other name
    begins with `prefix`, so none is a parameter's. Defaults are not in the text: they
    are objects, and not ours to write.
    """
    guards = [_Guard(parameter.name, constant, prefix) for parameter in parameters]
    lines = []
    call = ", ".join(_passed_on(parameter) for parameter in parameters)
    for key, variant, function in rows:
        tests = [guard.test(part) for guard, part in zip(guards, key, strict=True)]
        lines += [
            f"        if {' and '.join(tests) or 'True'}:",
            f"            {prefix}last = {variant}",
            f"            return {function}({call})",
        ]
    values = "".join(f"{parameter.name}, " for parameter in parameters)
    facts = [line for guard in guards for line in guard.facts()]
    return "\n".join(
        [
            f"def {prefix}bind({prefix}last):",
            f"    def {name}({_parameter_list(parameters)}):",
            f"        nonlocal {prefix}last",
            *facts,
            *lines,
            f"        return {prefix}select(({values}))({call})",
            f"    return {name}",
            "",
        ]
    )


def _parameter_list(parameters: Sequence[Parameter]) -> str:
    empty = Parameter.empty
    bare = [p.replace(default=empty, annotation=empty) for p in parameters]
    parts = [str(parameter) for parameter in bare]
    kinds = [parameter.kind for parameter in bare]
    if Parameter.KEYWORD_ONLY in kinds and Parameter.VAR_POSITIONAL not in kinds:
        parts.insert(kinds.index(Parameter.KEYWORD_ONLY), "*")
    if Parameter.POSITIONAL_ONLY in kinds:
        parts.insert(kinds.count(Parameter.POSITIONAL_ONLY), "/")
    return ", ".join(parts)


def _passed_on(parameter: Parameter) -> str:
    if parameter.kind is Parameter.KEYWORD_ONLY:
        return f"{parameter.name}={parameter.name}"
    if parameter.kind is Parameter.VAR_POSITIONAL:
        return f"*{parameter.name}"
    if parameter.kind is Parameter.VAR_KEYWORD:
        return f"**{parameter.name}"
    return parameter.name


class _Guard:
    """Writes the tests of one parameter, and the statements that those rely on."""

    def __init__(self, name: str, constant: Callable[[object], str], prefix: str) -> None:
        self.name = name
        self.constant = constant
        self.prefix = prefix
        self.kind = f"{prefix}kind_{name}"
        self.dtype = f"{prefix}dtype_{name}"
        self.shape = f"{prefix}shape_{name}"
        self.key = f"{prefix}key_{name}"
        self.reads_kind = False
        self.reads_array = False
        self.reads_key_of: list[str] = []

    def test(self, key: Hashable) -> str:
        """Return an expression that is true only for arguments with this key."""
        if isinstance(key, tuple):
            return self._test_tuple(key)
        if not isinstance(key, type):
            if not isinstance(key, str | bytes):
                return f"{self.name} is {self.constant(key)}"
            # An array, or a user's object, would bring its own idea of ==.
            of_class = self._has_class(type(key))
            return f"{of_class} and {self.name} == {self.constant(key)}"
        kind: type = key
        if kind is slice or issubclass(kind, Callable):  # type: ignore[arg-type]
            # Some instances of these have another key than their class.
            return self._test_key_of(kind, kind)
        return self._has_class(kind)

    def _test_tuple(self, key: Key) -> str:
        kind, *rest = key
        assert isinstance(kind, type)
        if kind is np.ndarray:
            self.reads_kind = self.reads_array = True
            dtype, lengths = rest
            assert isinstance(lengths, tuple)
            tests = [
                f"{self.dtype} is {self.constant(dtype)}",
                f"{self.prefix}len({self.shape}) == {len(lengths)}",
            ]
            for axis, length in enumerate(lengths):
                place = f"{self.shape}[{axis}]"
                few = f"1 != {place} < {MANY}"
                tests.append({1: f"{place} == 1", MANY: f"{place} >= {MANY}"}.get(length, few))
            return " and ".join(tests)
        if kind is type:
            return f"{self.name} is {self.constant(rest[0])}"
        if not rest and kind in (list, tuple, dict):
            return f"{self._has_class(kind)} and not {self.name}"
        return self._test_key_of(kind, key)

    def _has_class(self, kind: type) -> str:
        self.reads_kind = True
        return f"{self.kind} is {self.constant(kind)}"

    def _test_key_of(self, kind: type, key: object) -> str:
        of_class = self._has_class(kind)
        if of_class not in self.reads_key_of:
            self.reads_key_of.append(of_class)
        return f"{self.key} == {self.constant(key)}"

    def facts(self) -> list[str]:
        """Return the statements that the tests written so far rely on."""
        lines = []
        if self.reads_kind:
            lines.append(f"        {self.kind} = {self.prefix}type({self.name})")
        if self.reads_array:
            lines += [
                f"        if {self.kind} is {self.prefix}ndarray:",
                f"            {self.dtype} = {self.name}.dtype",
                f"            {self.shape} = {self.name}.shape",
                "        else:",
                f"            {self.dtype} = None",
            ]
        if self.reads_key_of:
            lines += [
                f"        if {' or '.join(self.reads_key_of)}:",
                f"            {self.key} = {self.prefix}keyof({self.name})",
                "        else:",
                f"            {self.key} = None",
            ]
        return lines
