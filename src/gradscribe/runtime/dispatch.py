"""From the signature of a call to the compiled variant.

What a user holds as a derivative is one callable with the primal's exact signature.
Calling it runs a small generated function (see `signature.dispatcher_text`) that tests
the arguments against the variants compiled so far and jumps to the one that fits, so
that keywords and defaults are Python's own affair. When none fits, a variant is
compiled, under a lock, and the generated function is written anew.
"""

import functools
import gc
import inspect
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import CellType, FunctionType, MethodType
from typing import Any

import numpy as np

from gradscribe.depth import deep
from gradscribe.errors import ArgumentError
from gradscribe.runtime.load import register_source
from gradscribe.runtime.signature import Key, dispatcher_text, free_prefix, key_of

# How many variants have a guard of their own. The others are found by key, which takes
# longer, but so would a long row of guards that fail.
_GUARDED = 16

# One lock for all derivatives: compiling one may compile others, in any order.
_compiling = threading.RLock()


# Is the garbage collector waiting for a variant to be compiled?
_collector_waits = False


def _renew_lock() -> None:
    # A forked child must not wait for a thread that it does not have.
    global _compiling, _collector_waits  # noqa: PLW0603 - one process, one lock
    _compiling = threading.RLock()
    if _collector_waits:
        _collector_waits = False
        gc.enable()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)


@contextmanager
def _compilation() -> Iterator[None]:
    """Hold the lock, and the garbage collector back.

    What compiling allocates is alive until its end: collections on the way only look at
    ever more of it.
    """
    global _collector_waits  # noqa: PLW0603 - guarded by the lock
    with _compiling, deep():
        if _collector_waits or not gc.isenabled():
            yield
            return
        _collector_waits = True
        gc.disable()
        try:
            yield
        finally:
            _collector_waits = False
            gc.enable()


@dataclass(frozen=True, slots=True)
class Variant:
    """A derivative compiled for one abstract signature, and the text it came from."""

    function: Callable[..., object]
    source: str


class _Dispatcher:
    """The variants of one derivative, and the generated function that finds them."""

    def __init__(
        self,
        name: str,
        signature: inspect.Signature,
        compile_variant: Callable[[tuple[object, ...]], Variant],
        generic: Callable[[], Variant],
    ) -> None:
        self._name = name
        self._parameters = tuple(signature.parameters.values())
        self._compile_variant = compile_variant
        self._compile_generic = generic
        self._generic: Variant | None = None
        self._variants: dict[Key, Variant] = {}
        self._last = CellType(None)
        # A global name, once given, keeps its meaning: another thread may be running an
        # older text.
        self._prefix = prefix = free_prefix([name, *signature.parameters])
        self._globals: dict[str, object] = {
            f"{prefix}type": type,
            f"{prefix}len": len,
            f"{prefix}ndarray": np.ndarray,
            f"{prefix}keyof": key_of,
            f"{prefix}select": self.select,
        }
        self._global_names: dict[int, str] = {}
        self.function = FunctionType(self._write().__code__, self._globals, closure=(self._last,))
        self.function.__name__ = self.function.__qualname__ = name  # what TypeErrors call it
        optional = [p for p in self._parameters if p.default is not p.empty]
        self.function.__defaults__ = tuple(
            p.default for p in optional if p.kind is not p.KEYWORD_ONLY
        )
        self.function.__kwdefaults__ = {
            p.name: p.default for p in optional if p.kind is p.KEYWORD_ONLY
        }

    def shown(self) -> Variant:
        """Return the variant called last or, before any call, the generic one."""
        last: Variant | None = self._last.cell_contents
        if last is not None:
            return last
        with _compilation():
            if self._generic is None:
                self._generic = self._compile_generic()
            return self._generic

    def select(self, arguments: tuple[object, ...]) -> Callable[..., object]:
        """Return the function to call with these arguments, one per parameter."""
        self._last.cell_contents = variant = self.variant_for(arguments)
        return variant.function

    def variant_for(self, arguments: tuple[object, ...]) -> Variant:
        """Return the variant for these arguments, compiled if need be."""
        key = tuple([key_of(argument) for argument in arguments])
        variant = self._variants.get(key)
        if variant is not None:
            return variant
        with _compilation():
            variant = self._variants.get(key)
            if variant is not None:
                return variant
            compiled = self._compile_variant(arguments)
            # Compiling may have called this derivative with arguments of the same key.
            variant = self._variants.setdefault(key, compiled)
            if variant is compiled:
                self.function.__code__ = self._write().__code__
            return variant

    def _write(self) -> FunctionType:
        newest_first = reversed(list(self._variants.items())[-_GUARDED:])
        rows = [
            (key, self._global_name(variant), self._global_name(variant.function))
            for key, variant in newest_first
        ]
        text = dispatcher_text(self._name, self._parameters, rows, self._global_name, self._prefix)
        filename = register_source(f"{self._name} dispatch", text)
        namespace: dict[str, Any] = {}
        exec(compile(text, filename, "exec", dont_inherit=True), namespace)
        function = namespace[f"{self._prefix}bind"](None)
        assert isinstance(function, FunctionType)
        return function

    def _global_name(self, value: object) -> str:
        name = self._global_names.get(id(value))  # the globals keep the value alive
        if name is None:
            name = f"{self._prefix}c{len(self._global_names)}"
            self._globals[name] = value
            self._global_names[id(value)] = name
        return name


class _OfInstances:
    """An attribute that instances compute, until it is set, and their class lacks.

    A property would be found on the class too, where `inspect` takes it for the class's
    own.
    """

    def __init__(self, read: Callable[[Any], object], of_class: object = None) -> None:
        self._read = read
        self._of_class = of_class

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        if instance is not None:
            return self._read(instance)
        if self._of_class is None:
            raise AttributeError("an attribute of instances only")
        return self._of_class


class Derivative(functools.partial[Any]):
    """A derivative: a callable with the primal's exact signature.

    It behaves as a function does: it binds as a method, takes attributes, can be
    pickled (as what `reduce` returned) and is its own copy. Its `repr` is its text.

    It is a `functools.partial` (of the generated dispatcher, with nothing bound)
    because that is the one class whose subclasses are called without a Python frame of
    their own.
    """

    __slots__ = (
        "__name__",
        "__qualname__",
        "_dispatcher",
        "_doc",
        "_reduce",
        "_signature",
    )

    def __new__(cls, dispatcher: _Dispatcher, **_: object) -> "Derivative":
        """Wrap the dispatcher's function."""
        return super().__new__(cls, dispatcher.function)

    def __init__(
        self,
        dispatcher: _Dispatcher,
        *,
        name: str,
        signature: inspect.Signature,
        doc: str | None,
        module: str | None,
        reduce: Callable[[], tuple[Any, ...]],
    ) -> None:
        self.__name__ = self.__qualname__ = name
        self.__module__ = module  # type: ignore[assignment]  # as of functions
        self._dispatcher = dispatcher
        self._signature = signature
        self._doc = doc
        self._reduce = reduce
        self.specification: Any = None  # what it is a derivative of, and how; set by its maker
        self.rules: Any = ()  # the rules that were in force when it was made

    def _described(self) -> str | None:
        try:
            source = self.source
        except Exception:  # whatever forbids a text, the description still holds
            return self._doc
        return f"{inspect.cleandoc(self._doc)}\n\n{source}" if self._doc else source

    def _function(self) -> Callable[..., object]:
        try:
            return self._dispatcher.shown().function
        except Exception as error:  # `inspect` must be able to ask whether there is one
            raise AttributeError(f"{self.__name__} has no variant yet") from error

    __doc__ = _OfInstances(_described, of_class=__doc__)
    __signature__ = _OfInstances(lambda self: self._signature)
    __wrapped__ = _OfInstances(_function)

    @property
    def source(self) -> str:
        """The text of the variant called last; before any call, of the generic one."""
        return self._dispatcher.shown().source

    def variant_for(self, /, *args: object, **kwargs: object) -> Variant:
        """Return the variant that a call with these arguments would run."""
        bound = self._signature.bind(*args, **kwargs)
        bound.apply_defaults()
        return self._dispatcher.variant_for(tuple(bound.arguments.values()))

    def source_for(self, /, *args: object, **kwargs: object) -> str:
        """Return the text of the variant that a call with these arguments would run."""
        return self.variant_for(*args, **kwargs).source

    def __repr__(self) -> str:
        try:
            return self.source
        except Exception:  # debuggers print objects in any state
            return f"<derivative {self.__name__}>"

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        return self if instance is None else MethodType(self, instance)

    def __reduce__(self) -> tuple[Any, ...]:
        if self.rules:
            raise ArgumentError(
                f"{self.__name__} was made with the rules of a RuleSet, and cannot be pickled",
                hint="declare them everywhere, in a module that is imported",
            )
        return self._reduce()

    def __copy__(self) -> "Derivative":
        return self

    def __deepcopy__(self, memo: object) -> "Derivative":
        return self


def make_derivative(
    name: str,
    signature: inspect.Signature,
    compile_variant: Callable[[tuple[object, ...]], Variant],
    *,
    doc: str | None,
    module: str | None,
    reduce: Callable[[], tuple[Any, ...]],
    generic: Callable[[], Variant],
) -> Derivative:
    """Return a derivative that compiles its variants as calls ask for them.

    `compile_variant` gets one value per parameter, in order (a `*args` parameter's is a
    tuple, a `**kwargs` parameter's a dict) and returns a variant whose function has the
    signature's own parameters. It runs under a lock, once per key; when it raises,
    nothing is remembered. `generic` gives the variant that stands for the derivative
    before its first call; it is asked when somebody wants to see the text. `reduce`
    returns what `object.__reduce__` would.
    """
    return Derivative(
        _Dispatcher(name, signature, compile_variant, generic),
        name=name,
        signature=signature,
        doc=doc,
        module=module,
        reduce=reduce,
    )
