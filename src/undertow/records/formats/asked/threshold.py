"""Refuses a threshold that decided nothing, whatever format the records came in."""

from __future__ import annotations

from undertow.errors import UserError
from undertow.records.conditions import threshold_in
from undertow.records.records import Records


def refuse_other_threshold(records: Records, asked: float | None) -> None:
    """Raises ``UserError`` where the answers are not those above ``asked``: in a folder that was
    converted at another threshold, and where no score decides."""
    if asked is None:
        return
    flag, known = f"--threshold {asked:.15g}", threshold_in(records.manifest.conditions)
    if known is None:
        raise UserError(f"{flag}: {_why_none(records)}")
    if known != float(f"{asked:.15g}"):
        raise UserError(
            f"{flag}: {records.name!r} was converted at the threshold {known:.15g}; convert its "
            f"table again with {flag}, or leave --threshold out"
        )


def _why_none(records: Records) -> str:
    if records.manifest.task == "generation":
        return (
            f"{records.name!r} has grades, which say how good an answer is, and no score of one of "
            "two classes; leave --threshold out, or name right answers of two values with --label "
            "COLUMN"
        )
    if records.C != 2:
        classes = "1 class" if records.C == 1 else f"{records.C:,} classes"
        return (
            f"{records.name!r} has {classes}, and a threshold decides between two; leave "
            "--threshold out"
        )
    return (
        f"{records.name!r} brings predicted classes, and no threshold changes those; leave "
        "--threshold out, or give a table of scores without predictions, with --score COLUMN"
    )
