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


def page(results: Results) -> str:
    raise NotImplementedError
