"""``python -m corpus [PACKAGE …]``: differentiate the corpus and print what came out.

``--docs`` also writes the page of the documentation; ``--limit N`` stops after N cases of each
function (as ``packages`` says without it); ``--json DIR`` keeps every verdict, a file per package.
``--compose FILE …`` runs nothing: it prints, and with ``--docs`` writes, what the files of earlier
runs hold.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from corpus import report
from corpus.packages import CASES, CASES_OF, PACKAGES


def main() -> int:
    parser = argparse.ArgumentParser(prog="corpus", description=__doc__)
    parser.add_argument("packages", nargs="*", default=list(PACKAGES))
    parser.add_argument("--docs", type=Path)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--limit", type=int, help="as many cases of each function, of all packages")
    parser.add_argument("--only", help="functions whose name contains this")
    parser.add_argument("--compose", nargs="+", type=Path, help="files that --json kept")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        work(options.packages[0], options.json, options.limit, options.only)
        return 0
    if options.compose:
        read = {path.stem: json.loads(path.read_text()) for path in options.compose}
        return told(dict(sorted(read.items())), options.docs)
    results: dict[str, list[dict[str, Any]]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.json or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        for package in options.packages:
            path = folder / f"{package}.json"
            path.unlink(missing_ok=True)
            command = [sys.executable, "-m", "corpus", "--worker", package, "--json", str(path)]
            limit = options.limit or CASES_OF.get(package, CASES)
            command += ["--limit", str(limit)]
            command += ["--only", options.only] if options.only else []
            subprocess.run(command, check=False)
            if path.exists():
                results[package] = json.loads(path.read_text())
                print(report.line(package, results[package]), flush=True)
    return told(results, options.docs)


def told(results: report.Results, docs: Path | None) -> int:
    """Print what came out, and write the page; 1 if there are wrong derivatives or crashes."""
    print(report.table(results))
    print(report.triage(results))
    if docs:
        docs.write_text(report.page(results))
    bad = sum(v["verdict"] in ("wrong", "crashed") for vs in results.values() for v in vs)
    return int(bad > 0)


def work(package: str, path: Path, limit: int, only: str | None) -> None:
    """Everything for one package, in a process of its own."""
    from corpus.cases import cases_of
    from corpus.collect import collect
    from corpus.judge import judge

    start = time.monotonic()
    calls = collect(package, PACKAGES[package])
    verdicts: list[dict[str, Any]] = []
    counts: Counter[str] = Counter()
    for call in calls:
        if only and only not in call.target.name:
            continue
        for case in cases_of(call):
            if counts[case.target] >= limit:
                break
            counts[case.target] += 1
            verdicts += [v.as_dict() for v in judge(case)]
            path.write_text(json.dumps(verdicts, indent=1))
    print(
        f"{package}: {len(calls)} calls, {len(counts)} functions, {len(verdicts)} derivatives, "
        f"{time.monotonic() - start:.0f} s",
        file=sys.stderr,
    )


if __name__ == "__main__":
    sys.exit(main())
