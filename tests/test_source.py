"""Spans say where text stands, and errors show it."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

import gradscribe as gs
from gradscribe.errors import SourceUnavailableError, UnsupportedError
from gradscribe.source import SourceFile, Span
from pipeline import define


def span_of(text: str, part: str, **place: int) -> Span:
    """The span of a part of a text, lines from the file's own numbering."""
    file = SourceFile("model.py", text, **place)
    start = text.index(part)
    end = start + len(part)

    def position(at: int) -> tuple[int, int]:
        before = text[:at].split("\n")
        return file.first_line + len(before) - 1, len(before[-1]) + file.indent

    return Span(file, *position(start), *position(end))


def test_a_span_says_where_it_stands_counting_from_one() -> None:
    assert str(span_of("x = 1\ny = f(x)\n", "f(x)")) == "model.py:2:5"
    assert str(span_of("y = f(x)\n", "f(x)", first_line=12, indent=8)) == "model.py:12:13"


def test_a_statement_over_several_lines_is_shown_on_one() -> None:
    text = "y = f(\n    x,\n    z,\n)\n"
    assert span_of(text, text.rstrip()).one_line(80) == "y = f(x, z)"
    text = "y = a + \\\n    b\n"
    assert span_of(text, text.rstrip()).one_line(80) == "y = a + b"


def test_a_long_statement_is_shortened() -> None:
    text = "y = " + " + ".join(["alpha"] * 20)
    shown = span_of(text, text).one_line(30)
    assert len(shown) <= 30
    assert shown.endswith("…")
    assert text.startswith(shown[:-1])


def test_columns_count_characters_not_bytes() -> None:
    file = SourceFile("model.py", "σ = größe(x)", indent=4)
    assert file.characters(1, len("σ = größe(".encode())) == 4 + len("σ = größe(")


def test_an_error_points_below_the_text_it_is_about() -> None:
    span = span_of("s = np.linalg.lstsq(w, y)[0]", "np.linalg.lstsq(w, y)", first_line=12, indent=4)
    error = UnsupportedError("cannot differentiate np.linalg.lstsq", span, "declare a rule")
    assert str(error) == (
        "model.py:12:9: error: cannot differentiate np.linalg.lstsq\n"
        "   12 |     s = np.linalg.lstsq(w, y)[0]\n"
        "      |         ^^^^^^^^^^^^^^^^^^^^^\n"
        "   help: declare a rule"
    )
    assert (error.file, error.line, error.column) == ("model.py", 12, 9)


def test_a_module_that_was_edited_is_read_again_when_it_is_imported_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "edited_and_reloaded.py"
    path.write_text("def f(x):\n    def g(y):\n        return y**2\n    return g(x)\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    module = importlib.import_module("edited_and_reloaded")
    assert gs.grad(module.f)(3.0) == 6.0
    path.write_text("def f(x):\n    def g(y):\n        return y**2 * y\n    return g(x)\n")
    importlib.reload(module)
    assert module.f(3.0) == 27.0
    assert gs.grad(module.f)(3.0) == 27.0
    path.write_text("def f(x):\n    def g(y):\n        return y**4\n    return g(x)\n\nk = 1\n")
    importlib.reload(module)
    path.write_text("def f(x):\n    def g(y):\n        return y**5\n    return g(x)\n\nk = 12\n")
    with pytest.raises(SourceUnavailableError, match="does not match the function"):
        gs.grad(module.f)(3.0)


def test_blank_lines_of_a_method_count() -> None:
    """Editors leave nothing in them, not even the margin."""
    source = "class A:\n    def f(self, x):\n        y = x\n\n\n        return np.foo(y)\n"
    main = define(f"import numpy as np\n\n\n{source}\n\ndef main(x):\n    return A().f(x)\n")
    with pytest.raises(gs.GradscribeError) as refused:
        gs.grad(main)(1.0)
    assert ":9:" in str(refused.value)
    assert "9 |         return np.foo(y)" in str(refused.value)
