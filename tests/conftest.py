"""Settings and fixtures shared by all tests."""

from __future__ import annotations

import sys
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
    max_examples=3000,
    deadline=None,
    print_blob=True,
    suppress_health_check=_UNHURRIED,
)
settings.load_profile("quick")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="rewrite the files under tests/golden instead of comparing with them",
    )


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
