"""Refuses slices that do not exist, and columns that say what a model made of an example."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from undertow.audit.slices.disputed import columns_of, why_disputed
from undertow.audit.slices.own_output import called_output, own_output
from undertow.audit.slices.table import ALL, CLASS, absent_part, unknown
from undertow.errors import NotComparableError, UserError
from undertow.records.check import Aligned

SAYS = "a slice has to say what an example is, not what a model made of it"
OTHERWISE = ", or, if it does describe the examples, write the same values into both files"


def columns_asked(aligned: Aligned, by: Iterable[str]) -> tuple[str, ...]:
    """The columns of which slices are made; the class is that of the labels where there are any."""
    known: Collection[str] = aligned.reference.slice_columns
    if (aligned.reference.label_N >= 0).any():
        known = [name for name in known if name != CLASS]
    return columns_of(by, known)


def refuse_slices(
    aligned: Aligned, by: Sequence[str], ruled: Iterable[str], alone: Mapping[str, str]
) -> None:
    """``NotComparableError`` where a column asked for says what a model made of an example,
    ``UserError`` where there is none of that name. ``ruled`` are slices that a policy names;
    ``alone`` are columns that one side alone has, and which."""
    of_policy = columns_asked(aligned, ruled)
    for name in columns_asked(aligned, by):
        why = _why(aligned, name, alone)
        if why is not None:
            way_on = "take it out of the policy" if name in of_policy else "leave it out of --by"
            raise NotComparableError(f"{why.said}; {way_on}{OTHERWISE if why.may_describe else ''}")
    parts = (absent_part(aligned.reference, name) for name in by if name != ALL)
    absent = next((part for part in parts if part is not None), None)
    if absent is not None:
        columns = aligned.reference.slice_columns
        hidden = [name for name in columns if _why(aligned, name, alone) is not None]
        raise UserError(unknown(aligned.reference, absent, by, hidden))


class _Why(NamedTuple):
    """Why a column is refused, and whether it may describe the examples all the same."""

    said: str
    may_describe: bool


def _why(aligned: Aligned, name: str, alone: Mapping[str, str]) -> _Why | None:
    """``None`` where a column describes the examples, as far as anything tells."""
    disputed = why_disputed(aligned, name)
    if disputed is not None:
        return _Why(f"{disputed}, and {SAYS}", may_describe=True)
    column = aligned.reference.examples[name]
    for side in (aligned.reference, aligned.variant):
        found = own_output(side, column)
        if found is not None:
            return _Why(f"column {name!r} {found}, and {SAYS}", may_describe=False)
    if name in alone and called_output(column):
        said = f"only {alone[name]!r} has a column {name!r}, which is called as what models make"
        return _Why(f"{said}, and {SAYS}", may_describe=True)
    return None
