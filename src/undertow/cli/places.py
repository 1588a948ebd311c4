"""Where a command writes: nothing that is there already is replaced unless ``--force`` says so.

Asked before any work, as an audit may take minutes.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import count
from pathlib import Path

from undertow.errors import UserError
from undertow.report.at_work import Taken, at_work, refuse_not_empty, was_left
from undertow.report.write import refuse_taken, refuse_unwritable, unwritable


@contextmanager
def report_folder(
    out: Path | None, *, usual: str, files: Collection[str], force: bool, what: str = "report"
) -> Iterator[Path]:
    """The folder for the ``files`` of a report, or of ``what`` else (without any: all that will be
    in it is one result): ``out``, or the first of ``usual``, ``usual-2`` … that is free.

    It is held for as long as a run works for it, so another that is given it meanwhile is refused.
    A folder that was made for nothing is taken away again, and one in which a run was killed
    before it wrote anything is free. Raises ``UserError`` where ``out`` holds any of the files, or
    cannot be written.
    """
    if out is not None and not files:
        refuse_not_empty(out)
    if out is not None and not force:
        refuse_taken(out, files, what)
    if out is not None:
        refuse_unwritable(out, what)
    with ExitStack() as held:
        if out is None:
            out = _free(usual, what, not files, held)
        else:
            try:
                held.enter_context(at_work(out, new=False, whole=not files))
            except OSError as problem:
                raise unwritable(out, problem, what) from problem
        yield out


def refuse_present(path: Path, *, flag: str, force: bool) -> None:
    """``UserError`` where a file to write is there already, or a folder has its name."""
    if os.path.isdir(path):  # Not Path.is_dir, which fails for a name that no file can have.
        raise UserError(f"{path}: is a folder; give the name of a file after {flag}")
    if not force and os.path.lexists(path):
        raise UserError(
            f"{path}: is there already; give another name after {flag}, or replace it with --force"
        )


def _free(usual: str, what: str, whole: bool, held: ExitStack) -> Path:
    for number in count(1):
        folder = Path(usual if number == 1 else f"{usual}-{number}")
        try:
            folder.mkdir()
        except FileExistsError:
            if not was_left(folder):
                continue
        except OSError as problem:
            raise unwritable(folder, problem, what) from problem
        with suppress(Taken):
            held.enter_context(at_work(folder, new=True, whole=whole))
            return folder
    raise AssertionError
