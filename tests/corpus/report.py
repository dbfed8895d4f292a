"""What came out: a table per package, refusals counted by what they say, the page of the docs."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import Any

Results = dict[str, list[dict[str, Any]]]

COLUMNS = ("ok", "wrong", "refused", "crashed", "timed out")


def _counts(verdicts: list[dict[str, Any]]) -> Counter[str]:
    return Counter(v["verdict"] for v in verdicts)


def _judged(counts: Counter[str]) -> int:
    return sum(counts[column] for column in COLUMNS)


def line(package: str, verdicts: list[dict[str, Any]]) -> str:
    counts = _counts(verdicts)
    words = ", ".join(f"{counts[column]} {column}" for column in COLUMNS if counts[column])
    return f"{package}: {_judged(counts)} derivatives: {words}"


def table(results: Results) -> str:
    """One row per package, in Markdown."""
    rows = ["| package | functions | derivatives | ok | wrong | refused | crashed | timed out |"]
    rows.append("|---|---:|---:|---:|---:|---:|---:|---:|")
    everything: list[dict[str, Any]] = []
    for package, verdicts in results.items():
        everything += verdicts
        rows.append(_row(package, verdicts))
    rows.append(_row("**all**", everything))
    return "\n".join(rows)


def _row(name: str, verdicts: list[dict[str, Any]]) -> str:
    counts = _counts(verdicts)
    judged = _judged(counts)
    functions = len({v["target"] for v in verdicts if v["verdict"] in COLUMNS})
    passed = f"{100 * counts['ok'] / judged:.1f} %" if judged else "–"
    cells = [name, functions, judged, passed, *(counts[c] for c in COLUMNS[1:])]
    return "| " + " | ".join(map(str, cells)) + " |"


def _kind(message: str) -> str:
    """A message without what is particular to one place."""
    message = re.sub(r"<[^>]*object at 0x[0-9a-f]+>", "<object>", message)
    message = re.sub(r"'[^']*'", "'…'", message)
    message = re.sub(r"the (attribute|method) \.\w+", r"the \1 .…", message)
    message = re.sub(
        r"cannot differentiate (obj|[A-Z]\w+)\.\w+", r"cannot differentiate \1.…", message
    )
    message = re.sub(r"cannot call .*", "cannot call an object", message)
    return re.sub(r"\b\d+\b", "N", message)[:120]


def triage(results: Results) -> str:
    """Everything that is not ok, by what was said, most frequent first."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for verdicts in results.values():
        for verdict in verdicts:
            if verdict["verdict"] in COLUMNS[1:]:
                groups[verdict["verdict"], _kind(verdict["message"])].append(verdict)
    parts = []
    for (verdict, kind), members in sorted(groups.items(), key=lambda item: -len(item[1])):
        names = Counter(v["target"] for v in members)
        shown = ", ".join(f"{name} ({count})" for name, count in names.most_common(4))
        parts.append(f"{len(members):5} {verdict}: {kind}\n      {len(names)} functions: {shown}")
        detail = members[0]["detail"].strip() or members[0]["source"].strip()
        parts += [f"        {text}" for text in detail.splitlines()[:6]]
    return "\n".join(parts)


# What stands behind a refusal, by a part of its message.
EXPLANATIONS = {
    "no rule": "a function of SciPy or of NumPy that has no rule: declare one",
    "complex numbers": "complex numbers on the way from a float to a float are not followed",
    "is not understood and might change its argument": (
        "a function outside NumPy is handed an object that is followed"
    ),
    "has more than its constructor takes": (
        "an object is handed on whole to code that is not understood"
    ),
    "cannot write to this object": "an object is changed that a container holds as well",
    "not known before the program runs": "which function is called depends on the data",
}


def _explained(kind: str) -> str:
    return next((text for part, text in EXPLANATIONS.items() if part in kind), "")


def refusals(results: Results) -> str:
    """Each refusal with how often it is met, one place where it is, and what stands behind it."""
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for verdicts in results.values():
        for verdict in verdicts:
            if verdict["verdict"] == "refused":
                groups[_kind(verdict["message"])].append(verdict)
    rows = ["| count | message | for instance | why |", "|---:|---|---|---|"]
    for kind, members in sorted(groups.items(), key=lambda item: (-len(item[1]), item[0])):
        place = f"`{members[0]['target'].removeprefix('corpus.calls.')}`"
        message = kind.replace("|", "\\|")
        rows.append(f"| {len(members)} | {message} | {place} | {_explained(kind)} |")
    return "\n".join(rows)


def page(results: Results) -> str:
    """The page of the documentation."""
    return PAGE.format(table=table(results), refusals=refusals(results))


PAGE = """\
# Code that nobody here wrote

`make corpus` takes packages from PyPI that were never made for differentiation, runs the examples
in their docstrings and their tests (or, where there are none, a list of calls), and records what
their own functions are called with. Every float among the arguments of every recorded call is a
candidate, and so is every float in the result: where differences say that the one depends smoothly
on the other, the function is differentiated once in reverse and forward mode, and twice, and
compared with the differences. This page is what came out; `make corpus` writes it.

{table}

Not counted is what differences cannot decide: kinks, values too rough for a second derivative (an
iteration that ends at a tolerance), and points on the edge of a branch that the program takes at
that point and on neither side of it, such as `if D == 2 * a: return …`. There a program has a value
and says nothing of a slope; the derivative is that of the branch taken. Where a smooth function is
written with a pole inside (the root of a square at zero), the derivative is NaN there and says so.

## Refusals

{refusals}
"""
