"""What came out: a table per package, refusals counted by what they say, the page of the docs."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import Any

from corpus.packages import CASES, CASES_OF

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


# Where packages and Python's library lie on the machine that ran the corpus.
_HOME = re.compile(r"[^\s'\"(]*?/(?:site-packages|lib/python[\d.]+)/")


def public(message: str) -> str:
    """A message without the paths of a machine and what else differs from run to run."""
    message = re.sub(r" at 0x[0-9a-f]+", "", message)
    return re.sub(r"<(text|corpus|gradscribe) [^>]*>", r"<\1>", _HOME.sub("", message))


def _kind(message: str) -> str:
    """A message without what is particular to one place."""
    message = public(message)
    message = re.sub(r"^\S+\.py:\d+: ", "", message)
    message = re.sub(r" (taken|written) at [^ ,:]+(:\d+)+", r" \1 somewhere", message)
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
    "gammaincc": "the incomplete gamma function has no closed derivative in its first argument",
    "csqrt": "complex numbers on the way from a float to a float are not followed",
    "catan": "complex numbers on the way from a float to a float are not followed",
    "odeint": "the solver of differential equations has no rule",
    "PchipInterpolator": "a spline that is made of what is differentiated has no rule",
    "what is integrated takes": "an integral of what may jump or bend has no rule",
    "the search for a solution runs": "what is solved is seen from outside, or draws numbers",
    "may keep it and is read again": (
        "a series of NumPy's, made of what is in a file, is called with what is differentiated"
    ),
    "a recursive function with * parameters": (
        "objects that make and call one another, with stars among their parameters"
    ),
    "self.kwargs.update is not": "of an earlier state: understood since, and to be run again",
    "no rule": "a function of SciPy or of NumPy that has no rule: declare one",
    "complex numbers": "complex numbers on the way from a float to a float are not followed",
    "a nested function is used as a value": (
        "a solver of SciPy is handed a nested function that reads what is differentiated"
    ),
    "is not understood and might change its argument": (
        "a function outside NumPy is handed an object that is followed"
    ),
    "given to code that might change it": "an object is handed to code that is not understood",
    "has more than its constructor takes": (
        "an object is handed on whole to code that is not understood"
    ),
    "would have to be made from its attributes": (
        "an object is handed on whole to code that is not understood"
    ),
    "writes to the global": "a function keeps what it imports, or counts, in the module",
    "item assignment needs": "a table of the module, or a number, is assigned to",
    "cannot write to this object": "an object is changed that a container holds as well",
    "cannot know what": "an array is changed that another name may stand for",
    "cannot know whether": "whether this changes another name depends on what is an array",
    "is assigned to something that is not followed": "an object of the module is changed",
    "of an object that has no name here": "a method of an object that only the call holds",
    "is captured by a function that is called here": (
        "a function of a function that was left reads what may have changed since"
    ),
    "a recursive call changes an argument": "a function calls itself with another method's name",
    "of something whose keys are not known": "keywords come from a dict made while running",
    "may or may not have done so": "what a try body has done by the time it raises is not known",
    "the tangent of code with effects": "forward mode does not repeat what has effects",
    "not known before the program runs": "which function is called depends on the data",
    "cannot call": "an object that is called is not followed",
    "may be read before it is bound": "a name that some ways through the function do not bind",
    "is not defined": "a name of an optional package that is not installed",
}


def _explained(kind: str) -> str:
    return next((text for part, text in EXPLANATIONS.items() if part in kind), "to be looked at")


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
    few = " and ".join(CASES_OF)
    text = {"table": table(results), "refusals": refusals(results)}
    return PAGE.format(**text, cases=CASES, few=few)


PAGE = """\
# Code that nobody here wrote

`make corpus` takes packages from PyPI that were never made for differentiation, runs the examples
in their docstrings and their tests (or, where there are none, a list of calls), and records what
their own functions are called with. Every float among the arguments of every recorded call is a
candidate, and so is every float in the result: where differences say that the one depends smoothly
on the other, the function is differentiated once in reverse and forward mode, and twice, and
compared with the differences. This page is what came out; `make corpus` writes it. Of each function
up to {cases} cases are judged, of those of {few} one.

{table}

Not counted is what differences cannot decide: kinks, staircases (a date counts whole microseconds),
values that are not finite or too rough for a second derivative (an iteration that ends at a
tolerance), and points on the edge of a branch that the program takes at that point and on neither
side of it, such as `if D == 2 * a: return …`. There a program has a value and says nothing of a
slope; the derivative is that of the branch taken. Where a smooth function is
written with a pole inside (the root of a square at zero), the derivative is NaN there and says so.

## Refusals

{refusals}
"""
