"""Einstein summation notation: reading it, and transposing it.

``"ij,jk"`` with operands a and b is ``y[i, k] = sum over j of a[i, j] b[j, k]``. The cotangent of
an operand has the operand's labels, and sums over all others the product of the cotangent of y with
the other operands: ``a_bar`` is ``"ik,jk->ij"`` of y_bar and b.
"""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_letters
from typing import Any

import numpy as np

DOTS = "..."


def parse(subscripts: str, count: int) -> tuple[list[str], str] | None:
    """The labels of each operand and of the result; None where the text is not understood."""
    text = subscripts.replace(" ", "")
    left, arrow, output = text.partition("->")
    inputs = left.split(",")
    if len(inputs) != count or not all(map(_is_term, inputs)) or not _is_term(output):
        return None
    if not arrow:
        labels = "".join(inputs).replace(DOTS, "")
        output = DOTS if DOTS in left else ""
        output += "".join(sorted(c for c in set(labels) if labels.count(c) == 1))
    known = set("".join(inputs))
    if len(set(output.replace(DOTS, ""))) != len(output.replace(DOTS, "")) or set(output) - known:
        return None
    return inputs, output


def _is_term(term: str) -> bool:
    rest = term.replace(DOTS, "", 1)
    return all(c in ascii_letters for c in rest)


def spelled_out(
    inputs: list[str], output: str, ranks: Sequence[int | None]
) -> tuple[list[str], str] | None:
    """The same notation with labels in place of ``...``; None where a rank is not known."""
    used = set("".join(inputs))
    free = [c for c in ascii_letters if c not in used]
    spans = []
    for term, rank in zip(inputs, ranks, strict=True):
        if DOTS in term:
            if rank is None or rank < len(term) - 3:
                return None
            spans.append(rank - (len(term) - 3))
    width = max(spans, default=0)
    if width > len(free):
        return None
    labels = "".join(free[:width])
    spans.reverse()
    terms = []
    for term in inputs:
        span = spans.pop() if DOTS in term else 0
        terms.append(term.replace(DOTS, labels[width - span :]))
    return terms, output.replace(DOTS, labels)


def adjoint_expression(
    inputs: list[str], output: str, place: int, g: str, operands: list[str]
) -> str | None:
    """The text of the cotangent of one operand, up to broadcasting to its shape.

    ``...`` may stand at the front of terms; elsewhere it must have been spelled out.
    """
    if any(DOTS in term[1:] for term in (*inputs, output)):
        return None
    target = inputs[place].replace(DOTS, "")
    terms, factors = [output], [g]
    for other, term in enumerate(inputs):
        if other != place:
            terms.append(term)
            factors.append(operands[other])
    # A label that stands twice in the operand picks a diagonal: multiply by the unit matrix.
    free = iter(c for c in ascii_letters if c not in "".join((*inputs, output)))
    labels: list[str] = []
    for axis, label in enumerate(target):
        if label in labels:
            twin = next(free)
            terms.append(label + twin)
            factors.append(f"np.eye(np.shape({operands[place]})[{axis - len(target)}])")
            labels.append(twin)
        else:
            labels.append(label)
    present = set("".join(terms))
    kept = "".join(c for c in labels if c in present)
    dots = DOTS if DOTS in "".join((*terms, inputs[place])) else ""
    text = _einsum(terms, dots + kept, factors)
    return text + _new_axes(labels, present, dots)


def _einsum(terms: list[str], target: str, factors: list[str]) -> str:
    if len(terms) == 1 and terms[0] == target:
        return factors[0]
    if len(terms) == 1 and len(target) == 2 and terms[0] == target[::-1]:
        return f"{factors[0]}.T"
    return f'np.einsum("{",".join(terms)}->{target}", {", ".join(factors)})'


def _new_axes(labels: list[str], present: set[str], dots: str) -> str:
    """An index that puts an axis of length 1 where the operand has one that was summed away."""
    while labels and labels[0] not in present and not dots:
        labels = labels[1:]  # broadcasting adds axes at the front by itself
    if all(c in present for c in labels):
        return ""
    return f"[{', '.join([dots] * bool(dots) + [':' if c in present else 'None' for c in labels])}]"


def adjoint_expressions(
    subscripts: str, g: str, operands: list[str], ranks: Sequence[int | None]
) -> list[str] | None:
    """The texts of the cotangents of all operands; None where they need ranks not known."""
    parsed = parse(subscripts, len(operands))
    if parsed is None:
        return None
    inputs, output = parsed
    if any(DOTS in term[1:] for term in (*inputs, output)):
        explicit = spelled_out(inputs, output, ranks)
        if explicit is None:
            return None
        inputs, output = explicit
    places = range(len(operands))
    texts = [adjoint_expression(inputs, output, place, g, operands) for place in places]
    return [text for text in texts if text is not None]


def einsum_adjoints(subscripts: str, g: Any, *operands: Any) -> tuple[Any, ...]:
    """The cotangents of the operands of ``np.einsum(subscripts, *operands)``.

    The compiler writes them out; run as it stands, this evaluates what it would write.
    """
    names = [f"operands[{place}]" for place in range(len(operands))]
    texts = adjoint_expressions(subscripts, "g", names, [np.ndim(x) for x in operands])
    scope = {"np": np, "g": g, "operands": operands}
    return tuple(eval(text, scope) for text in texts or ())
