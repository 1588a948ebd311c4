"""Where a command writes: nothing that is there already is replaced unless ``--force`` says so.

Asked before any work, as an audit may take minutes.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

from undertow.errors import UserError
from undertow.report.write import refuse_taken, refuse_unwritable, unwritable


@contextmanager
def report_folder(
    out: Path | None, *, usual: str, files: Collection[str], force: bool, what: str = "report"
) -> Iterator[Path]:
    """The folder for the ``files`` of a report, or of ``what`` else: ``out``, or the first of
    ``usual``, ``usual-2`` … that is not there yet, made at once so that no other run takes it.

    A folder that was made for nothing is taken away again. Raises ``UserError`` where ``out`` holds
    any of the files, or cannot be written.
    """
    if out is not None and not force:
        refuse_taken(out, files, what)
    if out is not None:
        refuse_unwritable(out, what)
    new = out is None or not os.path.lexists(out)
    folder = _new(usual, what) if out is None else out
    try:
        yield folder
    except BaseException:
        if new:
            with suppress(OSError):
                folder.rmdir()  # Only if it is empty.
        raise


def refuse_present(path: Path, *, flag: str, force: bool) -> None:
    """``UserError`` where a file to write is there already, or a folder has its name."""
    if os.path.isdir(path):  # Not Path.is_dir, which fails for a name that no file can have.
        raise UserError(f"{path}: is a folder; give the name of a file after {flag}")
    if not force and os.path.lexists(path):
        raise UserError(
            f"{path}: is there already; give another name after {flag}, or replace it with --force"
        )


def _new(usual: str, what: str) -> Path:
    for number in count(1):
        folder = Path(usual if number == 1 else f"{usual}-{number}")
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        except OSError as problem:
            raise unwritable(folder, problem, what) from problem
        return folder
    raise AssertionError
