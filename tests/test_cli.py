"""The command line: what it writes and prints, its exit status, and how it speaks of mistakes."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gradscribe import cli
from gradscribe.inspect.terminal import highlight, wants_colour

MODEL = '''\
"""Two functions."""
import numpy as np

import gradscribe as gs

SCALE = 2.0


def helper(x):
    return SCALE * x * x


@gs.differentiate(wrt=("x", "y"), order=2)
def f(x, y):
    """A product.

    >>> f(2.0, 3.0)
    24.0
    """
    return helper(x) * y


@gs.differentiate
def g(x: float) -> float:
    return np.exp(x)


def plain(x):
    return x * x
'''


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A module of its own name, for modules are imported once; the working directory is its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    path = Path(f"model_{tmp_path.name.replace('-', '_')}.py")
    path.write_text(MODEL)
    yield path
    sys.modules.pop(path.stem, None)


def again(path: Path, text: str) -> None:
    """Change a module as an editor would between two commands."""
    path.write_text(text)
    sys.modules.pop(path.stem, None)
    import linecache

    linecache.clearcache()


def test_write_writes_every_marked_function_to_a_file_per_order(model: Path) -> None:
    assert cli.main(["write", str(model), "-o", "out"]) == 0
    assert sorted(p.name for p in Path("out").iterdir()) == [
        "f_grad.py",
        "f_grad_grad.py",
        "g_grad.py",
    ]


def test_write_puts_a_file_beside_its_source(model: Path, capsys: pytest.CaptureFixture) -> None:
    assert cli.main(["write", f"{model}:g"]) == 0
    assert Path("g_grad.py").is_file()
    assert capsys.readouterr().out == "wrote: g_grad.py\n"
    assert cli.main(["write", f"{model}:g"]) == 0
    assert capsys.readouterr().out == "up to date: g_grad.py\n"


def test_options_take_the_place_of_the_decorator(model: Path) -> None:
    assert cli.main(["write", f"{model}:f", "--wrt", "y", "--value", "--order", "1"]) == 0
    text = Path("f_value_and_grad.py").read_text()
    assert "value and gradient with respect to y; order 1" in text
    assert f"gradscribe write {model}:f --wrt y --value" in text


def test_wrt_given_twice_is_a_second_derivative(model: Path) -> None:
    assert cli.main(["write", f"{model}:f", "--wrt", "x,y", "--wrt", "1"]) == 0
    assert "with respect to x and y, then y; order 2" in Path("f_grad_grad.py").read_text()


def test_tangents_and_pullbacks_are_written_too(model: Path) -> None:
    assert cli.main(["write", f"{model}:g", "--jvp"]) == 0
    assert "def g_jvp(x, x_dot):" in Path("g_jvp.py").read_text()
    assert cli.main(["write", f"{model}:g", "--vjp"]) == 0
    assert "def pullback(" in Path("g_vjp.py").read_text()


def test_check_is_content_with_fresh_files(model: Path, capsys: pytest.CaptureFixture) -> None:
    cli.main(["write", str(model)])
    capsys.readouterr()
    assert cli.main(["write", str(model), "--check"]) == 0
    assert capsys.readouterr() == ("", "")


def test_check_tells_that_a_file_is_missing(model: Path, capsys: pytest.CaptureFixture) -> None:
    assert cli.main(["write", f"{model}:g", "--check"]) == 1
    assert not Path("g_grad.py").exists()
    out, err = capsys.readouterr()
    assert "+def g_grad(x):" in out
    assert err == "gradscribe: g_grad.py does not exist\n"


@pytest.mark.parametrize(
    "change", [("SCALE = 2.0", "SCALE = 3.0"), ("SCALE * x * x", "SCALE * x"), ("x: float", "x")]
)
def test_check_tells_that_the_source_changed(
    model: Path, change: tuple[str, str], capsys: pytest.CaptureFixture
) -> None:
    cli.main(["write", str(model)])
    again(model, MODEL.replace(*change))
    capsys.readouterr()
    assert cli.main(["write", str(model), "--check"]) == 1
    out, err = capsys.readouterr()
    assert out.startswith("--- ")
    assert "is stale: its source has changed" in err


def test_comments_layout_and_docstrings_are_no_change(model: Path) -> None:
    cli.main(["write", str(model)])
    again(
        model,
        MODEL.replace("A product.", "Another docstring.")
        .replace("SCALE * x * x", "(SCALE * x  # twice\n        * x)")
        .replace("np.exp(x)", "np.exp( x )"),
    )
    assert cli.main(["write", str(model), "--check"]) == 0


def test_check_tells_that_the_generator_changed(
    model: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli.main(["write", str(model)])
    monkeypatch.setattr("gradscribe.__version__", "99.0")
    assert cli.main(["write", str(model), "--check"]) == 3
    assert "gradscribe has changed from" in capsys.readouterr().err


def test_check_finds_a_file_that_was_edited(model: Path, capsys: pytest.CaptureFixture) -> None:
    cli.main(["write", f"{model}:g"])
    path = Path("g_grad.py")
    path.write_text(path.read_text().replace("np.exp(x)", "2 * np.exp(x)"))
    assert cli.main(["write", f"{model}:g", "--check"]) == 3
    assert "or the file was edited" in capsys.readouterr().err


def test_show_prints_the_file_without_colours_into_a_pipe(
    model: Path, capsys: pytest.CaptureFixture
) -> None:
    assert cli.main(["show", f"{model}:g"]) == 0
    out = capsys.readouterr().out
    assert "def g_grad(x):" in out
    assert "\033" not in out
    compile(out, "shown", "exec")


def test_ir_prints_the_function_and_its_derivative(
    model: Path, capsys: pytest.CaptureFixture
) -> None:
    assert cli.main(["ir", f"{model}:g"]) == 0
    assert capsys.readouterr().out.startswith("def g(%x: float):\n")
    assert cli.main(["ir", f"{model}:g", "--derivative"]) == 0
    assert capsys.readouterr().out.startswith("def g_grad(%x: float):\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["show", "nothing.py:f"], "gradscribe: error: there is no file nothing.py\n"),
        (["show", "MODEL:helpr"], "did you mean helper?"),
        (["show", "MODEL:SCALE"], "SCALE is not a Python function"),
        (["show", "MODEL:3x"], "'3x' is not the name of a function"),
        (["show", "MODEL:g", "--wrt", "q"], "g has no parameter of that name (it has x)"),
        (["show", "MODEL:plain", "--example", "1, 2"], "TypeError: too many positional arguments"),
        (["show", "MODEL:plain", "--example", "np.ones("], "'(' was never closed"),
        (["show", "MODEL:plain", "--example", "1 / 0"], "ZeroDivisionError: division by zero"),
        (["show", "MODEL:g", "--value", "--jvp"], "--value is for gradients"),
    ],
)
def test_mistakes_are_explained_without_a_traceback(
    model: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture
) -> None:
    assert cli.main([a.replace("MODEL", str(model)) for a in arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert "Traceback" not in err


def test_a_file_that_does_not_parse_is_shown_with_its_error(
    model: Path, capsys: pytest.CaptureFixture
) -> None:
    model.write_text("def f(x):\n    return x +\n")
    assert cli.main(["show", f"{model}:f"]) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"{model}:2:15: error: invalid syntax\n    2 |     return x +\n")


def test_a_file_that_fails_on_import_is_shown_with_its_line(
    model: Path, capsys: pytest.CaptureFixture
) -> None:
    model.write_text("import os\nVALUE = 1 / 0\n")
    assert cli.main(["show", f"{model}:f"]) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"{model}:2:1: error: importing {model} failed: ZeroDivisionError")


def test_a_refusal_points_into_the_file_and_the_others_are_written(
    model: Path, capsys: pytest.CaptureFixture
) -> None:
    again(model, MODEL.replace("return np.exp(x)", "return np.nextafter(x, 1.0)"))
    assert cli.main(["write", str(model)]) == 2
    err = capsys.readouterr().err
    line = MODEL[: MODEL.index("return np.exp")].count("\n") + 1
    assert err.startswith(f"{model}:{line}:12: error: cannot differentiate")
    assert Path("f_grad.py").is_file()
    assert not Path("g_grad.py").exists()


def test_two_functions_do_not_write_to_one_file(model: Path, capsys: pytest.CaptureFixture) -> None:
    assert cli.main(["write", f"{model}:g", f"{model}:g", "--order", "1"]) == 2
    assert "would hold the derivatives of both" in capsys.readouterr().err


def test_usage_errors_have_status_two(capsys: pytest.CaptureFixture) -> None:
    for arguments in ([], ["show"], ["show", "x.py", "--order", "0"], ["nonsense"]):
        with pytest.raises(SystemExit) as exit:
            cli.main(arguments)
        assert exit.value.code == 2


def test_help_teaches_with_examples_and_exit_statuses(capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as exit:
        cli.main(["write", "--help"])
    assert exit.value.code == 0
    out = capsys.readouterr().out
    assert "--example" in out
    assert "exit status:" in out


def test_python_m_gradscribe_is_the_command() -> None:
    command = [sys.executable, "-m", "gradscribe", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("gradscribe ")


@pytest.mark.parametrize("seed", ["1", "2"])
def test_the_text_does_not_depend_on_the_hash_seed(model: Path, seed: str) -> None:
    cli.main(["write", str(model)])
    command = [sys.executable, "-m", "gradscribe", "write", str(model), "--check"]
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


# ---------------------------------------------------------------------------- colours


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_colours_are_for_terminals_that_want_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert wants_colour(Terminal())
    assert not wants_colour(io.StringIO())
    monkeypatch.setenv("NO_COLOR", "1")
    assert not wants_colour(Terminal())


@pytest.mark.parametrize(
    "text",
    [
        MODEL,
        "",
        "x = 1",
        'f"{x!r:>{n}} and {{}}"\n',
        "def broken(:\n  '''",
        "\u00e4 = '\u00f6'  # \u00fc\n",
    ],
)
def test_highlighting_adds_colours_and_changes_no_character(text: str) -> None:
    import re

    coloured = highlight(text)
    assert re.sub(r"\033\[\d+m", "", coloured) == text


def test_highlighting_tells_kinds_of_words_apart() -> None:
    assert highlight("def f(): return 1  # one\n") == (
        "\033[35mdef\033[0m \033[1mf\033[0m(): \033[35mreturn\033[0m \033[36m1\033[0m"
        "  \033[32m# one\033[0m\n"
    )


def test_progress_is_one_line_on_a_terminal_and_nothing_elsewhere() -> None:
    for stream, expected in ((Terminal(), "\r\033[K[1/2] a\r\033[K"), (io.StringIO(), "")):
        progress = cli._Progress(2, stream)
        progress.next("a")
        progress.clear()
        assert stream.getvalue() == expected
