"""The command ``gradscribe``: write, check and show derivatives, and print their SSA."""

from __future__ import annotations

import argparse
import os
import re
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, final

from gradscribe.errors import ArgumentError, GradscribeError

if TYPE_CHECKING:
    from gradscribe.files import File, Target, Wish

OK, SOURCE_CHANGED, FAILED, GENERATOR_CHANGED = 0, 1, 2, 3

_DESCRIPTION = """\
Read Python functions and write their derivatives as Python.

  gradscribe show model.py:loss               print the gradient of loss
  gradscribe write model.py:loss              write it to loss_grad.py
  gradscribe write model.py --check           in CI: are the committed files fresh?
"""

_TARGETS = """\
FILE.py:FUNCTION is one function; FILE.py alone is every function in it that is marked with
@differentiate, each with the wrt, mode and order that the decorator was given (and, for order 2,
its first derivative too).

The derivative is written for the kinds of arguments that the function's annotations give
(float, NDArray[np.float64], Float[Array, "m n"], "float64[m, n]"), or an example call: --example,
or the first call of the function in its docstring (>>> loss(np.ones(3), 0.1)). What nothing is
known of is written for any argument, which makes the text longer.
"""

_WRITE = f"""\
Write each derivative to a file of its own, which imports NumPy but never gradscribe.

{_TARGETS}
examples:
  gradscribe write model.py:loss --wrt w,b --example "np.ones(3), 0.1, np.ones((4, 3)), np.ones(4)"
  gradscribe write model.py:loss --wrt w,b --wrt w      the second derivative: w and b, then w
  gradscribe write model.py:loss --value                value and gradient in one function
  gradscribe write model.py:loss --hessian              the Hessian; see also --jacobian, --hvp, …
  gradscribe write model.py -o derivatives              every marked function
  gradscribe write model.py -o derivatives --check      write nothing, compare

exit status:
  0  written, or with --check: every file is fresh
  1  with --check: a file is stale, because what it was made from has changed, or missing
  2  the command, the file or a function in it is at fault (nothing is written for it)
  3  with --check: a file is stale, because gradscribe now writes another text
"""

_SHOW = f"""\
Print derivatives as `gradscribe write` would write them, in colours on a terminal
(set NO_COLOR for none).

{_TARGETS}
examples:
  gradscribe show model.py:loss
  gradscribe show model.py:loss --wrt w,b --order 2
"""

_VERIFY = """\
Hold a derivative that was written or edited by hand against the compiler's own, at the example's
arguments and at random ones, and name the first adjoint that differs.

What it is the derivative of is read from the file's head; --of and the options of `write` say it
for a file that has none.

examples:
  gradscribe verify loss_grad.py
  gradscribe verify mine.py:dloss --of model.py:loss --wrt w,b --example "np.ones(3), 0.1"

exit status:
  0  it agrees everywhere
  1  it differs
  2  the command, the file or a function in it is at fault
"""

_IR = """\
Print the typed, functional, structured SSA that a function is compiled to.

examples:
  gradscribe ir model.py:loss                   the function itself
  gradscribe ir model.py:loss --derivative      its gradient
"""


_KINDS = {
    "jvp": "forward mode: value and tangent, given tangents of the --wrt",
    "vjp": "reverse mode: value and pullback",
    "linearize": "value and pushforward, the tangent for any direction",
    "jacobian": "the Jacobian",
    "hessian": "the Hessian, forward over reverse",
    "hvp": "the Hessian times a vector",
    "elementwise": "the derivative of each entry by its own",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the result is its exit status."""
    options = _parser().parse_args(arguments)
    try:
        status: int = options.run(options)
        sys.stdout.flush()
    except GradscribeError as error:
        _complain(error)
        return FAILED
    except BrokenPipeError:
        # Whoever read the output has seen enough; do not complain about the rest at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except OSError as error:
        print(f"gradscribe: error: {error.strerror}: {error.filename}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return 130
    return status


def _parser() -> argparse.ArgumentParser:
    import gradscribe

    parser = argparse.ArgumentParser(
        "gradscribe",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="`gradscribe COMMAND --help` tells more of a command.",
    )
    parser.add_argument(
        "--version", action="version", version=f"gradscribe {gradscribe.__version__}"
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    write = _command(commands, "write", "write derivatives to files", _WRITE, _write)
    write.add_argument(
        "-o", "--output", type=Path, metavar="DIR", help="where to (default: beside FILE.py)"
    )
    write.add_argument(
        "--check", action="store_true", help="write nothing; fail if a file is stale"
    )
    _command(commands, "show", "print derivatives", _SHOW, _show)
    ir = _command(commands, "ir", "print the intermediate representation", _IR, _ir)
    ir.add_argument(
        "--derivative", action="store_true", help="of the derivative, not of the function"
    )
    ir.add_argument(
        "--as", dest="form", choices=("text", "dot", "svg"), default="text",
        help="as text, or as a picture: for Graphviz, or for a browser",
    )  # fmt: skip
    verify = _command(commands, "verify", "prove a written derivative right", _VERIFY, _verify)
    verify.add_argument(
        "--of", metavar="FILE.py:FUNCTION",
        help="what it is the derivative of, where its head does not say",
    )  # fmt: skip
    return parser


def _command(
    commands: Any, name: str, summary: str, description: str, run: Any
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=summary,
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    parser.add_argument("targets", nargs="+", metavar="FILE.py[:FUNCTION]")
    parser.add_argument(
        "--wrt",
        action="append",
        type=_wrt,
        metavar="NAMES",
        help="parameters by name or position, as w or w,b (default: the first); given again, "
        "the next derivative is with respect to these",
    )
    parser.add_argument("--mode", choices=("auto", "reverse", "forward"))
    parser.add_argument("--order", type=_order, metavar="N", help="differentiate N times")
    parser.add_argument("--value", action="store_true", help="return the value too")
    kinds = parser.add_mutually_exclusive_group()
    for kind, what in _KINDS.items():
        kinds.add_argument(f"--{kind}", dest="kind", action="store_const", const=kind, help=what)
    parser.add_argument(
        "--has-aux", action="store_true",
        help="the function returns (value, aux): differentiate the value, hand on aux",
    )  # fmt: skip
    parser.add_argument(
        "--batched", action="store_true",
        help="with --jvp: many tangents at once, one in each row",
    )  # fmt: skip
    parser.add_argument(
        "--nan-check",
        action="store_true",
        help="with checks that name the line where a NaN or an infinity first comes up",
    )
    parser.add_argument(
        "--example", metavar="ARGUMENTS", help="arguments of a typical call: 'np.ones(3), 0.1, n=5'"
    )
    return parser


def _wrt(text: str) -> Any:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts:
        raise argparse.ArgumentTypeError("names no parameter")
    places = [int(part) if re.fullmatch(r"-?\d+", part) else part for part in parts]
    return places[0] if len(places) == 1 and not text.strip().endswith(",") else tuple(places)


def _order(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive integer")
    return int(text)


# ---------------------------------------------------------------------------- targets


def _jobs(options: argparse.Namespace) -> list[tuple[Target, Wish]]:
    """What the command line asks for: functions, and which derivatives of them."""
    from gradscribe import files

    if options.batched and options.kind != "jvp":
        raise ArgumentError("--batched is for --jvp")
    if options.value and options.kind:
        raise ArgumentError(f"--value is for gradients, not for --{options.kind}")
    jobs = []
    for text in options.targets:
        path, name = _split(text)
        targets = [files.find(path, name)] if name else files.marked(path)
        for target in targets:
            last = _wish(options, target)
            orders = [last.order] if name else range(1, last.order + 1)
            jobs += [(target, _of_order(last, order)) for order in orders]
    return jobs


def _split(text: str) -> tuple[Path, str]:
    match = re.fullmatch(r"(.*\.py):([^:/\\]*)", text)
    if match is None:
        return Path(text), ""
    if not all(part.isidentifier() for part in match[2].split(".")):
        raise ArgumentError(f"{text}: {match[2]!r} is not the name of a function")
    return Path(match[1]), match[2]


def _wish(options: argparse.Namespace, target: Target) -> Wish:
    """The options, with what the decorator says in place of those that were not given."""
    from gradscribe.files import Wish

    request = target.request
    wrts = tuple(options.wrt) if options.wrt else (request.wrt if request else 0,)
    order = options.order or (len(wrts) if options.wrt or not request else request.order)
    return Wish(
        wrts=wrts,
        mode=options.mode or (request.mode if request else "auto"),
        order=order,
        value=options.value,
        kind=options.kind or "gradient",
        example=options.example,
        has_aux=options.has_aux or (request.has_aux if request else False),
        nan_check=options.nan_check,
        batched=options.batched,
    )


def _of_order(wish: Wish, order: int) -> Wish:
    from dataclasses import replace

    return replace(wish, order=order)


# ---------------------------------------------------------------------------- commands


def _write(options: argparse.Namespace) -> int:
    from gradscribe import files

    jobs = _jobs(options)
    progress = _Progress(len(jobs))
    written: dict[Path, str] = {}
    stale: list[files.Difference] = []
    status = OK
    for target, wish in jobs:
        progress.next(target.place)
        directory = options.output or target.path.parent
        try:
            file = files.compose(target, wish, directory)
        except GradscribeError as error:
            progress.clear()
            _complain(error)
            status = FAILED
            continue
        path = directory / f"{file.name}.py"
        if path in written:
            progress.clear()
            raise ArgumentError(
                f"{files.relative(path)} would hold the derivatives of both {written[path]} "
                f"and {target.place}",
                hint="write them to different directories with -o",
            )
        written[path] = target.place
        progress.clear()
        difference = files.compare(file, path)
        if options.check:
            stale += [difference] if difference else []
            continue
        _remark(target, file)
        if difference is None:
            print(f"up to date: {files.relative(path)}")
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(file.text, encoding="utf-8", newline="\n")
            print(f"wrote: {files.relative(path)}")
    for difference in stale:
        print(difference.diff, end="")
        print(f"gradscribe: {difference.why}", file=sys.stderr)
    if status == OK and stale:
        status = SOURCE_CHANGED if any(d.source for d in stale) else GENERATOR_CHANGED
    return status


def _show(options: argparse.Namespace) -> int:
    from gradscribe import files
    from gradscribe.inspect.terminal import highlight, wants_colour

    colour = wants_colour(sys.stdout)
    for place, (target, wish) in enumerate(_jobs(options)):
        file = files.compose(target, wish)
        _remark(target, file)
        print("\n" if place else "", end="")
        print(highlight(file.text) if colour else file.text, end="")
    return OK


def _verify(options: argparse.Namespace) -> int:
    from gradscribe import files
    from gradscribe.verification.written import verify

    status = OK
    for text in options.targets:
        path, name = _split(text)
        told = options if options.of else _head(path)
        place = options.of or told.targets[0]
        target = files.find(*_split(place))
        given = [options.example] if options.example else []
        verdict = verify(path, name, target, _wish(told, target), given)
        shown = files.relative(path)
        if verdict.right:
            inputs = f"{verdict.tried} inputs" if verdict.tried > 1 else "one input"
            print(f"verified: {shown} agrees with the derivative of {target.place} at {inputs}")
            continue
        print(f"wrong: {shown} differs from the derivative of {target.place}")
        print("\n".join(verdict.lines))
        status = SOURCE_CHANGED
    return status


def _head(path: Path) -> argparse.Namespace:
    """The options of the command that wrote a file, which stands at its head."""
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    match = re.search(r"^# Regenerate +gradscribe (write .*)$", text, re.MULTILINE)
    if match is None:
        what = "has no head that says what it is the derivative of"
        raise ArgumentError(
            f"{path.name} {what}" if text else f"there is no file {path.name}",
            hint="say it: --of model.py:loss --wrt w" if text else None,
        )
    return _parser().parse_args(shlex.split(match[1]))


def _ir(options: argparse.Namespace) -> int:
    from gradscribe import files
    from gradscribe.inspect.graph import picture
    from gradscribe.ir.text import render

    for place, (target, wish) in enumerate(_jobs(options)):
        functions = files.intermediate(target, wish, derivative=options.derivative)
        if options.form != "text":
            print(getattr(picture(functions), options.form), end="")
            continue
        print("\n" if place else "", end="")
        print("\n".join(map(render, functions)), end="")
    return OK


def _remark(target: Target, file: File) -> None:
    for note in file.notes:
        print(f"gradscribe: note: {target.place}: {note}", file=sys.stderr)


def _complain(error: GradscribeError) -> None:
    from gradscribe.files import relative

    text = str(error)
    if error.file is not None and Path(error.file).is_file():
        text = relative(Path(error.file)) + text.removeprefix(error.file)
    print(text if error.span else f"gradscribe: error: {text}", file=sys.stderr)


@final
class _Progress:
    """Which of many files is being made: one line on a terminal, nothing elsewhere."""

    def __init__(self, total: int, stream: TextIO | None = None) -> None:
        self.stream = stream if stream is not None else sys.stderr
        self.total = total
        self.done = 0
        self.shown = total > 1 and self.stream.isatty()

    def next(self, what: str) -> None:
        self.done += 1
        if self.shown:
            print(
                f"\r\033[K[{self.done}/{self.total}] {what}", end="", file=self.stream, flush=True
            )

    def clear(self) -> None:
        if self.shown:
            print("\r\033[K", end="", file=self.stream, flush=True)
