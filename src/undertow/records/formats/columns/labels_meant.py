"""Finds the right answers among the columns of a stranger's table."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from undertow.records.formats.columns.between import Between
from undertow.records.formats.columns.by_class.class_columns import OURS, class_named
from undertow.records.formats.columns.values import is_nested, numbers_in, positive_among, values_of
from undertow.records.usual_names import LABEL, PREDICTION, flag_of, those_called

LOOKS = "looks like the right answers: add"
"""Stands in the note on labels that go by another name, which is said before the audit too."""


def label_of_two(frame: pl.DataFrame, *, called: bool = False) -> str | None:
    """The column of two values of which one says by its name that it is positive: one that is
    ``called`` as right answers are, else the only such column."""
    names = those_called(LABEL, frame.columns)
    found = [c for c in names if positive_among(values_of(frame[c])) is not None]
    if found or called:
        return next(iter(found), None)
    others = [c for c in frame.columns if positive_among(values_of(frame[c])) is not None]
    return others[0] if len(others) == 1 else None


def label_of_class(frame: pl.DataFrame, score: str) -> tuple[str, str] | None:
    """Of the score ``p_default`` the only column of two values that has ``default``, and that."""
    others = (c for c in frame if c.name != score)
    found = [
        (column.name, named)
        for column in others
        if len(known := values_of(column)) == 2 and (named := class_named(score, known)) is not None
    ]
    return found[0] if len(found) == 1 else None


def may_be_labels(frame: pl.DataFrame, taken: Collection[str], sides: Between) -> list[str]:
    """Columns of two values that may be the right answers: as far as both sides tell it, they are
    the same on both."""
    return [
        c.name
        for c in frame
        if c.name not in taken and c.name not in sides.apart and len(values_of(c)) == 2
    ]


def said_of_those(names: Collection[str]) -> str:
    """What may stand where a column is left open; nothing where nothing may."""
    some = ", ".join(map(repr, names))
    which = f"whether COLUMN is {some}" if len(names) == 1 else f"which COLUMN is, of {some}"
    return f", where only you know {which}" if names else ""


def label_note(source: str, name: str) -> str:
    """Says that a column is probably the right answer, and how it becomes that."""
    return f"{source}: has no column 'label'; {name!r} {LOOKS} {flag_of('label', name)}"


def label_meant(frame: pl.DataFrame) -> str | None:
    """A column that is probably the right answer, in a table that has none under that name."""
    if "label" in frame.columns:
        return None
    predicts = "prediction" in frame.columns
    said = values_of(frame["prediction"]) if predicts else _classes(frame)
    return next(iter(labels_among(frame, said)), None) or label_told(frame)


def labels_among(frame: pl.DataFrame, said: Collection[str]) -> list[str]:
    """Columns that are called as right answers are and hold some answer that was ``said``."""
    names = those_called(LABEL, frame.columns)
    return [name for name in names if not values_of(frame[name]).isdisjoint(said)]


def label_told(frame: pl.DataFrame) -> str | None:
    """The only column that holds each of the classes of columns ``p_<class>`` and nothing else; it
    is what the model answered where it always is the likeliest one, or is called so."""
    columns = [c for c in frame.columns if c.startswith(OURS) and c != OURS]
    classes = {c.removeprefix(OURS) for c in columns}
    rest = {*frame.columns} - {*columns, *those_called(PREDICTION, frame.columns)}
    found = [
        c.name for c in frame if c.name in rest and not is_nested(c) and values_of(c) == classes
    ]
    if len(classes) < 2 or len(found) != 1 or _is_likeliest(frame, columns, found[0]):
        return None
    return found[0]


def _is_likeliest(frame: pl.DataFrame, columns: list[str], name: str) -> bool:
    numbers = [numbers_in(frame[c]) for c in columns]
    likely = [n.alias(c) for c, n in zip(columns, numbers, strict=True) if n is not None]
    if len(likely) < len(columns):
        return True
    at_N = pl.DataFrame(likely).select(pl.concat_list(pl.all()).list.arg_max()).to_series()
    said = pl.Series([c.removeprefix(OURS) for c in columns]).gather(at_N.drop_nulls())
    given = frame[name].cast(pl.String).filter(at_N.is_not_null())
    return bool((said == given).fill_null(value=True).all())


def _classes(frame: pl.DataFrame) -> set[str]:
    """The classes of the columns ``p_<class>``."""
    return {c.removeprefix(OURS) for c in frame.columns if c.startswith(OURS) and c != OURS}
