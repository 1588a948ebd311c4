"""Finds, in a plain table, the column that says how sure the model is of its prediction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from undertow.records.formats.columns.values import most_as_numbers, values_of
from undertow.records.formats.decoding.typed import number_of
from undertow.records.formats.members.join import Sheet, probability_columns
from undertow.records.formats.predictions.build import CONFIDENCE
from undertow.records.usual_names import CONFIDENT, those_called

NOT_READ = "is not read as"
"""Stands in the note on one that is not used, which is said before the audit too."""
ROUNDING = 1e-3
"""By which a probability may be rounded."""
LEAST_PER_CENT = 10
"""No model is surest by less, so a column whose largest number this is holds something else."""


def with_confidences(
    sheets: list[Sheet], wanted: frozenset[str], notes: list[str]
) -> tuple[list[Sheet], bool]:
    """The sheets with their column ``confidence``, the probability of the prediction, and whether
    they have one.

    It is taken where every member has a column of such a name beside its predictions, and no other
    probabilities. One that cannot be the highest probability stays a slice, with a note, and so
    does one that is asked for as a slice.
    """
    found = [_called(sheet) for sheet in sheets]
    name = found[0]
    if name is None or name in wanted or any(other != name for other in found):
        return sheets, False
    refused = next((said for sheet in sheets if (said := _no_highest(sheet, name, sheets))), None)
    if refused is not None:
        notes.append(refused)
        return sheets, False
    notes.append(
        f"{sheets[0].source}: column {name!r} is read as the probability of the prediction."
    )
    notes += [said for sheet in sheets if (said := _no_numbers(sheet, name))]
    made = [replace(sheet, frame=_renamed(sheet.frame, name)) for sheet in sheets]
    return made, True


def _called(sheet: Sheet) -> str | None:
    """The column of numbers that has such a name."""
    frame = sheet.frame
    if "score" in frame.columns or probability_columns(frame):
        return None
    named = those_called(CONFIDENT, frame.columns)
    return next((name for name in named if most_as_numbers(frame[name]) is not None), None)


def _no_highest(sheet: Sheet, name: str, sheets: Sequence[Sheet]) -> str | None:
    """Why the column is not the highest of the classes' probabilities."""
    number = most_as_numbers(sheet.frame[name])
    if number is None:
        return None
    columns = [s.frame[c] for s in sheets for c in ("prediction", "label") if c in s.frame.columns]
    classes = max(len(set[str]().union(*map(values_of, columns))), 2)
    low, high = float(number.min()), float(number.max())  # type: ignore[arg-type]
    if low >= 1 / classes - ROUNDING and high <= 1:
        return None
    return (
        f"{sheet.source}: column {name!r} reaches from {low:g} to {high:g}, so it {NOT_READ} the "
        f"highest of {classes} probabilities, {1 / classes:.3g} to 1{_way(low, high)}."
    )


def _no_numbers(sheet: Sheet, name: str) -> str | None:
    """Says which cells hold words such as n/a; an empty one has nothing to say."""
    column = sheet.frame[name]
    words = column.is_not_null() & number_of(column).is_null()
    if not words.any():
        return None
    n = int(words.arg_max() or 0)
    return (
        f"{sheet.source}: column {name!r} has {str(column[n])[:60]!r} for "
        f"{sheet.frame['example_id'][n]!r}, which is no number ({int(words.sum()):,} of "
        f"{len(words):,} rows), and is not used there."
    )


def _way(low: float, high: float) -> str:
    per_cent = low >= 0 and LEAST_PER_CENT < high <= 100
    return "; if it is per cent, divide it by 100" if per_cent else ""


def _renamed(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    return frame.drop(name).with_columns(number_of(frame[name]).alias(CONFIDENCE))
