"""``main``: from the arguments to an exit code. Errors meant for a person come without a
traceback."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from functools import cache
from typing import Any, NoReturn

import typer

from undertow.cli import comparing, dynamics, examine, first, lottery, plant, training, vary
from undertow.cli.after_writing import with_what_to_type
from undertow.cli.program import app
from undertow.cli.spreading import spread_out
from undertow.cli.typed import debugging
from undertow.cli.usage import USAGE_ERROR, Incomplete, in_our_words
from undertow.cli.watched import is_watched, noting_the_end, watch
from undertow.errors import NotComparableError, UndertowError, UserError, install
from undertow.source_date import check_source_date

OUT_OF_MEMORY = (
    "there is not enough memory for all these predictions at once; give fewer examples, members, "
    "variants or columns, or use a machine with more memory"
)
LAB = ("torch", "safetensors", "cloudpickle", "PIL", "sklearn")
"""What only training needs, and an installation for audits does not have."""
DONE, BAD, NOT_COMPARABLE, INTERRUPTED = 0, 2, 3, 130
"""Exit codes; the last is what shells expect of a program that Ctrl-C ended."""
COMMANDS = (comparing, vary, lottery, dynamics, examine, plant, first, training)
"""Modules whose commands ``app`` has; in this order they stand in the help."""


def main() -> None:
    """Entry point."""
    with noting_the_end():
        _main()


def _main() -> None:
    one_blas_thread()
    try:
        check_source_date()
        if is_watched(sys.argv[1:]):
            sys.exit(watch(sys.argv[1:]))
        sys.exit(_exit_code(sys.argv[1:]))
    except UndertowError as error:
        _end(error, BAD if not isinstance(error, NotComparableError) else NOT_COMPARABLE)
    except ModuleNotFoundError as error:
        if error.name not in LAB:
            raise
        needs = f"this command needs {error.name}, which is not installed; run {install('lab')}"
        _end(error, BAD, needs)
    except MemoryError as error:
        _end(error, BAD, OUT_OF_MEMORY)
    except typer.Abort:
        sys.exit(INTERRUPTED)


def _exit_code(arguments: Sequence[str]) -> int:
    """Of the command that these arguments are; without any, the help is shown."""
    program = _program()
    given = spread_out(arguments or ["--help"], options_without_value(program))
    try:
        code = program(args=given, prog_name="undertow", standalone_mode=False)
    except USAGE_ERROR as error:
        raise in_our_words(error, given) from error
    return (code or DONE) if arguments else BAD


@cache
def _program() -> Any:
    """All commands, made once: typer works out each flag from its annotation."""
    return typer.main.get_command(app)


def _end(error: Exception, code: int, said: str = "") -> NoReturn:
    if debugging():
        raise error
    told = error.shown() if isinstance(error, Incomplete) else said or str(error)
    shown = with_what_to_type(told) if isinstance(error, UserError) else told
    typer.echo(f"undertow: {shown}", err=True)
    sys.exit(code)


def options_without_value(program: Any) -> frozenset[str]:
    """Such as ``--paired``: of any command, as no name means two things."""
    commands = (program, *program.commands.values())
    flags = (p for command in commands for p in command.params if getattr(p, "is_flag", False))
    names = (name for flag in flags for name in (*flag.opts, *flag.secondary_opts))
    return frozenset({"--help", *names})


def one_blas_thread() -> None:
    """Before numpy is loaded: the last bit of a matrix product depends on how many threads share
    it, a report must not.

    Nor is anything lost: an audit's products are small, and on busy cores threads wait for each
    other.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
