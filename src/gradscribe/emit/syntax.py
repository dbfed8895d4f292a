"""Small things done to syntax trees: negations, minus signs, terms of sums, ``pop``."""

from __future__ import annotations

import ast

from gradscribe.emit.symbols import call

LOAD, STORE = ast.Load(), ast.Store()


def popped(statements: list[ast.stmt]) -> list[ast.stmt]:
    """``x = xs.pop()`` for ``x = xs[-1]`` and ``del xs[-1]`` right after it."""
    result: list[ast.stmt] = []
    for node in statements:
        last = result[-1] if result else None
        if isinstance(node, ast.Delete) and isinstance(last, ast.Assign):
            read, (gone,) = last.value, node.targets
            if isinstance(read, ast.Subscript) and isinstance(gone, ast.Subscript):
                place = ast.dump(ast.UnaryOp(ast.USub(), ast.Constant(1)))
                same = isinstance(read.value, ast.Name) and isinstance(gone.value, ast.Name)
                if (
                    same
                    and read.value.id == gone.value.id  # type: ignore[attr-defined]  # both are names
                    and ast.dump(read.slice) == ast.dump(gone.slice) == place
                ):
                    last.value = call(ast.Attribute(read.value, "pop", LOAD))
                    continue
        result.append(node)
    return result


def assign(target: str, value: ast.expr) -> ast.stmt:
    return ast.Assign([ast.Name(target, STORE)], value, lineno=0)


def negation(test: ast.expr) -> ast.expr:
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return test.operand
    return ast.UnaryOp(ast.Not(), test)


def without_minus(node: ast.expr) -> ast.expr | None:
    """``a * b`` for ``-a * b``, so that ``x += -a * b`` is ``x -= a * b``."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return node.operand
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div | ast.MatMult):
        left = without_minus(node.left)
        return None if left is None else ast.BinOp(left, node.op, node.right)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub):
        left = without_minus(node.left)  # -a - b is -(a + b)
        return None if left is None else ast.BinOp(left, ast.Add(), node.right)
    return None


def without_term(node: ast.expr, target: str) -> ast.expr | None:
    """A sum without the term that is just the name ``target``; None if it has not just one."""
    terms: list[tuple[bool, ast.expr]] = []
    while isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        terms.append((isinstance(node.op, ast.Add), node.right))
        node = node.left
    terms.append((True, node))
    terms.reverse()
    own = [k for k, (plus, term) in enumerate(terms) if plus and _is_name(term, target)]
    names = [n for _, t in terms for n in ast.walk(t) if isinstance(n, ast.Name) and n.id == target]
    if len(own) != 1 or len(names) != 1:
        return None
    rest = terms[: own[0]] + terms[own[0] + 1 :]
    first = next((k for k, (plus, _) in enumerate(rest) if plus), 0)
    plus, total = rest.pop(first)
    if not plus:
        total = ast.UnaryOp(ast.USub(), total)
    for plus, term in rest:
        total = ast.BinOp(total, ast.Add() if plus else ast.Sub(), term)
    return total


def _is_name(node: ast.expr, target: str) -> bool:
    return isinstance(node, ast.Name) and node.id == target
