"""Settings and fixtures shared by all tests."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from difflib import unified_diff
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

GOLDEN = Path(__file__).parent / "golden"
DOCS = Path(__file__).parent.parent / "docs"

# Their packages are installed for `make corpus` alone.
collect_ignore_glob = ["corpus/*"]

# Generating programs and differentiating them numerically is slow, and programs near a
# kink are filtered out: neither says anything about the health of a test.
_UNHURRIED = [HealthCheck.too_slow, HealthCheck.filter_too_much]

settings.register_profile(
    "quick",
    derandomize=True,
    max_examples=25,
    deadline=None,
    suppress_health_check=_UNHURRIED,
)
settings.register_profile(
    "fuzz",
    max_examples=1000,
    deadline=None,
    print_blob=True,
    suppress_health_check=_UNHURRIED,
)
settings.load_profile("quick")

# Of the programs drawn at random, so many may be refused, once there are enough to count.
MOST_REFUSED, ENOUGH = 0.05, 200


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="rewrite the files under tests/golden instead of comparing with them",
    )
    parser.addoption(
        "--programs",
        type=int,
        default=60,
        help="how many random programs test_properties.py differentiates",
    )
    parser.addoption(
        "--programs-seed",
        type=int,
        default=0,
        help="which ones: the same programs are drawn for the same number",
    )


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What became of the random programs, in numbers."""
    told = _of_programs(terminalreporter)
    if told["programs"]:
        number = terminalreporter.config.getoption("--programs-seed")
        terminalreporter.section(f"random programs (--programs-seed={number})")
        for what, count in told.most_common():
            terminalreporter.write_line(f"{count:6} {what}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Too many refusals are a failure of the whole run."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:  # a worker of xdist has none
        told = _of_programs(reporter)
        if told["programs"] >= ENOUGH and told["refused"] > MOST_REFUSED * told["programs"]:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _of_programs(reporter: pytest.TerminalReporter) -> Counter[str]:
    """How many programs there were, and of which kinds, over the shards of all workers."""
    told: Counter[str] = Counter()
    for reports in reporter.stats.values():
        for report in reports:
            if getattr(report, "when", None) == "call":
                told.update(dict(p for p in report.user_properties if isinstance(p[1], int)))
    return told


@pytest.fixture(autouse=True)
def _modules_of_one_test(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Forget the modules that a test has written, or has imported from the pages: others have the
    same names."""
    before = set(sys.modules)
    yield
    places = (str(tmp_path_factory.getbasetemp()), str(DOCS))
    for name in set(sys.modules) - before:
        if (getattr(sys.modules[name], "__file__", None) or "").startswith(places):
            del sys.modules[name]


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a text with the file of that name under ``tests/golden``.

    ``golden("listing_1.py", text)`` fails with a diff where they differ, and under
    ``--update-golden`` rewrites the file instead.
    """

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
            return
        if not path.exists():
            pytest.fail(f"{path} is missing: make golden writes it", pytrace=False)
        expected = path.read_text(encoding="utf-8")
        if text != expected:
            diff = unified_diff(
                expected.splitlines(keepends=True),
                text.splitlines(keepends=True),
                f"golden/{name}",
                "now",
            )
            pytest.fail("".join(diff), pytrace=False)

    return compare
