"""What a text needs around it: modules, helpers, constants, functions, and their names there."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from typing import Any, final

from gradscribe.ir.core import Const, Function


@final
class Requirements:
    """What the text being written needs around it: modules, helpers, names of the user's."""

    def __init__(self, module: str | None, dispatching: bool = False) -> None:
        self.module = module
        self.dispatching = dispatching  # to other libraries, whose arrays are among the arguments
        self.taken: set[str] = (
            set()
        )  # names that mean something else in some function of the module
        self.read: set[str] = set()  # names of the user's module that some function reads
        self.imports: dict[str, str] = {}  # the name in the text → the module
        self.helpers: dict[str, Callable[..., Any]] = {}
        self.constants: dict[str, Const] = {}  # names of the user's module that are read
        self.objects: dict[str, Any] = {}  # functions and classes of other modules, by name
        self.callees: dict[str, Function] = {}  # functions called, by the name they have here

    def callee(self, function: Function) -> str:
        """The name of a function of the module; one that repeats, or that the text reads, gets a
        number."""
        number = 0
        while True:
            name = f"{function.name}_{number}" if number else function.name
            free = name not in self.read or self.callees.get(name) is function
            if free and self.callees.setdefault(name, function) is function:
                return name
            number += 1

    def function(self, prim_name: str, function: Any) -> str:
        """How a callable is named in the text; what it needs is noted."""
        if getattr(function, "__module__", None) in _HELPER_MODULES:
            self.helper(function)
            return str(function.__name__)
        if prim_name.startswith("np."):
            return f"{self.alias('numpy')}.{prim_name.removeprefix('np.')}"
        if "." in prim_name:
            root, _, last = prim_name.rpartition(".")
            return f"{self.alias(root)}.{last}"
        return self.builtin(prim_name)

    def builtin(self, own: str) -> str:
        """How one of Python's builtins is named in the text."""
        return f"{self.alias('builtins')}.{own}" if own in self.taken else own

    def named(self, cls: type, module: str) -> str:
        """How a class of another module is named in the text: by itself, if that is clear."""
        own = cls.__name__
        if own == cls.__qualname__ and own not in self.taken:
            if self.objects.setdefault(own, cls) is cls:
                return own
        return f"{self.alias(module)}.{cls.__qualname__}"

    def local(self, function: Any) -> str:
        """How a function of a function that was left is named: no module has it."""
        number, name = 0, str(function.__name__)
        while name in self.taken or self.objects.setdefault(name, function) is not function:
            number += 1
            name = f"{function.__name__}_{number}"
        return name

    def alias(self, module: str) -> str:
        """The name of a module in the text: the usual one, unless it means something else there."""
        name = self.called(module)
        self.imports[name] = module
        return name

    def called(self, module: str) -> str:
        """What ``alias`` will name a module."""
        usual = "np" if module == "numpy" else module
        if is_shadowed(module):
            usual = module.replace(".", "_")
        number, name = 0, usual
        while name.split(".")[0] in self.taken:
            number += 1
            name = f"{usual.replace('.', '_')}_{number}"
        return name

    def helper(self, function: Callable[..., Any]) -> None:
        """Note a helper, and the helpers that it calls."""
        if function.__name__ in self.helpers:
            return
        self.helpers[function.__name__] = function
        for inner in _names(function.__code__):
            other = function.__globals__.get(inner)
            if isinstance(other, types.FunctionType) and other.__module__ in _HELPER_MODULES:
                self.helper(other)
            elif isinstance(other, types.ModuleType):
                self.imports[inner] = other.__name__


def _names(code: types.CodeType) -> list[str]:
    """The names of a module that a function reads, also in its comprehensions."""
    inner = [part for part in code.co_consts if isinstance(part, types.CodeType)]
    return [*code.co_names, *(name for part in inner for name in _names(part))]


def is_shadowed(module: str) -> bool:
    """Does a module's dotted name denote something else (a package exports its namesake)?"""
    root, *rest = module.split(".")
    found: Any = sys.modules.get(root)
    for part in rest:
        found = getattr(found, part, None)
    return bool(rest) and found is not sys.modules.get(module)


_HELPER_MODULES = {"gradscribe.ir.helpers", "gradscribe.ir.transposes", "gradscribe.ir.special"}
