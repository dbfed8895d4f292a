"""Loops that came from comprehensions, and still do nothing else, become comprehensions again.

Before::                        After::

    t = []                          return np.array([v * v for v in x if v > 1])
    for v in x:
        if v > 1:
            t.append(v * v)
    return np.array(t)
"""

from __future__ import annotations

import ast
import copy

LOAD = ast.Load()
_SIMPLE = (ast.Assign, ast.AugAssign, ast.Expr, ast.Return)


def mark(loop: ast.For, once: bool) -> ast.For:
    """Note that a loop came from a comprehension; ``once``: its list is read in one place."""
    loop.comprehension = True  # type: ignore[attr-defined]
    loop.once = once  # type: ignore[attr-defined]
    return loop


def comprehended(statements: list[ast.stmt]) -> list[ast.stmt]:
    """Write the loops among these statements as comprehensions where that says the same."""
    made: list[ast.stmt] = []
    for node in statements:
        found = _as_comprehension(node, made)
        if found is not None:
            made.append(found)
        elif not (made and _put_into(made[-1], node)):
            made.append(node)
        else:
            made[-1] = node
    return made


def _as_comprehension(node: ast.stmt, before: list[ast.stmt]) -> ast.stmt | None:
    """``t = [… for …]`` for a loop, whose list ``t = []`` is taken out of what is before it."""
    if not isinstance(node, ast.For) or not hasattr(node, "comprehension"):
        return None
    clauses: list[ast.comprehension] = []
    inner: ast.stmt = node
    while True:
        if isinstance(inner, ast.For) and hasattr(inner, "comprehension"):
            clauses.append(ast.comprehension(inner.target, inner.iter, [], 0))
        elif isinstance(inner, ast.If) and not inner.orelse:
            clauses[-1].ifs.append(inner.test)
        else:
            break
        if len(inner.body) != 1:
            return None
        (inner,) = inner.body
    appended = _appended(inner)
    if appended is None:
        return None
    name, entry = appended
    comprehension = ast.ListComp(entry, clauses)
    if _mentions(comprehension, name):
        return None
    for place in range(len(before) - 1, -1, -1):
        if _is_empty(before[place], name):
            del before[place]
            result = ast.Assign([ast.Name(name, ast.Store())], comprehension, lineno=0)
            result.once = node.once  # type: ignore[attr-defined]
            return result
        if _mentions(before[place], name):
            return None
    return None


def _appended(node: ast.stmt) -> tuple[str, ast.expr] | None:
    """The list and the entry of ``t.append(entry)``."""
    value = node.value if isinstance(node, ast.Expr) else None
    if not isinstance(value, ast.Call) or not isinstance(value.func, ast.Attribute):
        return None
    listed = value.func.value
    plain = value.func.attr == "append" and len(value.args) == 1 and not value.keywords
    return (listed.id, value.args[0]) if plain and isinstance(listed, ast.Name) else None


def _is_empty(node: ast.stmt, name: str) -> bool:
    """``name = []``."""
    if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.List):
        return False
    (target,) = node.targets
    return isinstance(target, ast.Name) and target.id == name and not node.value.elts


def _put_into(made: ast.stmt, node: ast.stmt) -> bool:
    """Write a comprehension that is read once where the statement right after it reads it."""
    if not isinstance(made, ast.Assign) or not isinstance(node, _SIMPLE):
        return False
    if not getattr(made, "once", False):
        return False
    (target,) = made.targets
    assert isinstance(target, ast.Name)
    found = [part for part in ast.walk(node) if _is_read(part, target.id)]
    if len(found) != 1 or _mentions_inside(node, target.id):
        return False

    class Put(ast.NodeTransformer):
        def visit_Name(self, part: ast.Name) -> ast.expr:
            return copy.copy(made.value) if _is_read(part, target.id) else part  # type: ignore[attr-defined]

    Put().visit(node)
    return True


def _mentions_inside(node: ast.AST, name: str) -> bool:
    """Is a name read where it may be read more than once?"""
    repeated = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.Lambda)
    return any(isinstance(part, repeated) and _mentions(part, name) for part in ast.walk(node))


def _is_read(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)


def _mentions(node: ast.AST, name: str) -> bool:
    return any(isinstance(part, ast.Name) and part.id == name for part in ast.walk(node))
