"""Refuses a scale of grades that was not heeded, whatever format the records came in."""

from __future__ import annotations

from undertow.errors import UserError
from undertow.records.grade_scale import GRADES, GradeScale
from undertow.records.records import Records


def refuse_other_scale(records: Records, asked: GradeScale | None) -> None:
    """Raises ``UserError`` where the grades are not those on the scale ``asked``: in a folder that
    was converted on another, and where nothing is graded."""
    if asked is None:
        return
    known = records.manifest.conditions.get(GRADES)
    if known is None:
        raise UserError(f"{asked.typed}: {_why_none(records)}")
    if known != asked.said:
        raise UserError(
            f"{asked.typed}: {records.name!r} was converted with grades {known}; convert its table "
            f"again with {asked.typed}, or leave --scale out"
        )


def _why_none(records: Records) -> str:
    if records.answers is None:
        return (
            f"{records.name!r} has classes, and a scale is of a column of grades; leave --scale "
            "out, or name that column with --score COLUMN"
        )
    return (
        f"{records.name!r} was not read with it: its scores go from 0 to 1 already, and more is "
        "better; leave --scale out, or convert its table again with it"
    )
