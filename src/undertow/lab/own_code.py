"""Whose code it is: a person's own, Undertow's or a library's; and how an error in a person's own
code is told."""

from __future__ import annotations

import os
import site
import sys
import sysconfig
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType

import undertow
from undertow.errors import UndertowError, UserError, harmless

TYPED = ("<ipython-input", "<stdin>", "<python-input")
"""What Python calls the files of code that was typed into a notebook or an interpreter."""
PACKAGES = {"site-packages", "dist-packages"}


STUDIES: dict[str, ModuleType] = {}
"""Studies that were loaded, by the name of their module. They are not in ``sys.modules``: a class
of a module that is there travels to a worker by name, and a worker cannot import a study."""


def module_named(name: str | None) -> ModuleType | None:
    """A module that was loaded, a study or another."""
    return sys.modules.get(name or "") or STUDIES.get(name or "")


def study_of(source: str) -> ModuleType | None:
    """The loaded study with this text."""
    return next((m for m in STUDIES.values() if file_text(m.__file__) == source), None)


def file_text(filename: str | None) -> str:
    """The text of a Python file; none where it is gone or is not one."""
    try:
        return Path(filename or "").read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""


@cache
def is_own(filename: str) -> bool:
    """Whether a person wrote this file: it is neither Undertow's nor installed with Python or a
    package."""
    if filename.startswith("<"):
        return filename.startswith(TYPED)
    path = os.path.realpath(filename)
    # Packages of another environment too, that a .pth file or PYTHONPATH adds: clusters do that.
    if PACKAGES & set(Path(path).parts):
        return False
    return not any(path.startswith(folder + os.sep) for folder in _installed())


@cache
def _installed() -> tuple[str, ...]:
    schemes = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    folders = [
        *schemes,
        *site.getsitepackages(),
        site.getusersitepackages(),
        str(Path(undertow.__file__).parent),
    ]
    return tuple({os.path.realpath(folder) for folder in folders if folder})


def place_in_own_code(error: BaseException) -> tuple[str, int, str] | None:
    """File, line and function of the person's own code in which an error arose, or from which it
    was met; None where none of theirs took part."""
    if isinstance(error, SyntaxError) and error.filename and is_own(error.filename):
        return error.filename, error.lineno or 0, "<module>"
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if is_own(frame.filename)]
    return (own[-1].filename, own[-1].lineno or 0, own[-1].name) if own else None


LONGEST_MESSAGE = 400


def told(error: BaseException) -> str:
    """An error as a record keeps it: its kind, its message and the line of the person's own code,
    in one harmless line. A file is named without its folder, so that the record does not depend on
    the machine."""
    place = place_in_own_code(error)
    if place is None:
        return _kind_and_message(error)
    filename, line, function = place
    return f"{_kind_and_message(error)} ({_where(os.path.basename(filename), line, function)})"


@contextmanager
def told_as_their_own() -> Iterator[None]:
    """An error that arises inside in a person's own code becomes a ``UserError`` of one line with
    their file and line. What Undertow does wrong by itself is left as it is."""
    try:
        yield
    except UndertowError:
        raise
    except (Exception, SystemExit) as error:
        place = place_in_own_code(error)
        if place is None:
            raise
        filename, line, function = place
        shown = os.path.relpath(filename) if Path(filename).is_relative_to(Path.cwd()) else filename
        raise UserError(
            f"{_where(shown, line, function)}: {_kind_and_message(error)}; add --debug to see the "
            "whole traceback"
        ) from error


def _kind_and_message(error: BaseException) -> str:
    said, kind = " ".join(harmless(_message(error)).split()), harmless(type(error).__name__)
    said = said if len(said) <= LONGEST_MESSAGE else f"{said[:LONGEST_MESSAGE].rstrip()}…"
    return f"{kind}: {said}" if said else kind


def _message(error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        return str(error.msg)
    try:
        return str(error)
    except Exception as second:  # a person's class may do anything when it is asked for its words
        return f"(its message cannot be read: {type(second).__name__})"


def _where(filename: str, line: int, function: str) -> str:
    return f"{filename}, line {line}" + ("" if function == "<module>" else f", in {function}")
