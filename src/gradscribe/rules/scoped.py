"""The argument ``rules=`` of whatever makes derivatives."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from gradscribe.errors import ArgumentError
from gradscribe.rules.custom import RuleSet

R = TypeVar("R")


def takes_rules(make: Callable[..., R]) -> Callable[..., R]:
    """Let a function that makes derivatives take ``rules``: a RuleSet that they use."""

    @functools.wraps(make)
    def made(*args: Any, rules: RuleSet | None = None, **keywords: Any) -> R:
        if rules is None:
            return make(*args, **keywords)
        if not isinstance(rules, RuleSet):
            raise ArgumentError(
                f"rules= takes a RuleSet, not a value of type {type(rules).__name__}",
                hint="rules = gs.RuleSet(), and @rules.partial(f) and the like",
            )
        with rules:
            return make(*args, **keywords)

    signature = inspect.signature(make)
    rules = inspect.Parameter("rules", inspect.Parameter.KEYWORD_ONLY, default=None)
    vars(made)["__signature__"] = signature.replace(
        parameters=[*signature.parameters.values(), rules]
    )
    return made
