"""Finds right answers by their words alone, beside probabilities of the same classes."""

from __future__ import annotations

import polars as pl

from undertow.records.formats.columns.class_columns import OURS
from undertow.records.formats.columns.values import is_nested, numbers_in, values_of
from undertow.records.usual_names import PREDICTION, those_called


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
