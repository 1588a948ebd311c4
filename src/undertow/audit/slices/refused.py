"""Refuses slices that do not exist, and columns that say what a model made of an example."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from undertow.audit.slices.disputed import columns_of, why_disputed
from undertow.audit.slices.own_output import called_output, own_output
from undertow.audit.slices.table import ALL, CLASS, absent_part, unknown
from undertow.errors import NotComparableError, UserError
from undertow.records.check import Aligned
from undertow.records.records import Records

SAYS = "a slice has to say what an example is, not what a model made of it"
OTHERWISE = "or, if it does describe the examples, write the same values into both files"


def columns_asked(reference: Records, by: Iterable[str]) -> tuple[str, ...]:
    """The columns of which slices are made; the class is that of the labels where there are any."""
    known: Collection[str] = reference.slice_columns
    if (reference.label_N >= 0).any():
        known = [name for name in known if name != CLASS]
    return columns_of(by, known)


def refuse_slices(
    aligned: Aligned, by: Sequence[str], ruled: Iterable[str], alone: Mapping[str, str]
) -> None:
    """``NotComparableError`` where a column asked for says what a model made of an example,
    ``UserError`` where there is none of that name. ``ruled`` are slices that a policy names;
    ``alone`` are columns that one side alone has, and which."""
    of_policy = columns_asked(aligned.reference, ruled)
    for name in columns_asked(aligned.reference, by):
        why = why_refused(aligned, name, alone)
        if why is not None:
            way_on = "take it out of the policy" if name in of_policy else "leave it out of --by"
            raise NotComparableError(f"{why}, and {SAYS}; {way_on}, {OTHERWISE}")
    parts = (absent_part(aligned.reference, name) for name in by if name != ALL)
    absent = next((part for part in parts if part is not None), None)
    if absent is not None:
        columns = aligned.reference.slice_columns
        hidden = [name for name in columns if why_refused(aligned, name, alone) is not None]
        raise UserError(unknown(aligned.reference, absent, by, hidden))


def why_refused(aligned: Aligned, name: str, alone: Mapping[str, str]) -> str | None:
    """Why a column is refused; ``None`` where it describes the examples, as far as anything tells.

    A column that both sides have may tell which answers are right: a model that fails at all of a
    group and at nothing else is what an audit looks for."""
    if name not in alone:
        return why_disputed(aligned, name)
    column = aligned.reference.examples[name]
    giver = next(s for s in (aligned.reference, aligned.variant) if s.name == alone[name])
    found = own_output(giver, column)
    if found is not None:
        return f"only {giver.name!r} has a column {name!r}, which {found}"
    if called_output(column):
        return f"only {giver.name!r} has a column {name!r}, which is called as what models make"
    return None
