"""Finds the answer of a model in a nested column, such as ``{"output": {"label": "cat"}}``, and
says how it becomes a column of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from undertow.records.formats.columns.listed import listed_probabilities
from undertow.records.formats.columns.meant import flags_meant
from undertow.records.formats.columns.scaling import by_class, unnested
from undertow.records.formats.columns.values import within_one
from undertow.records.usual_names import ANSWER, BY_CLASS, LABEL, PREDICTION, plain, those_called

OURS = "prediction"


def nested_answer(frame: pl.DataFrame) -> tuple[str, str] | None:
    """The column and its field: one that is called as predictions are, or, in a column that is, as
    labels."""
    for column in frame:
        fields = (
            [f.name for f in column.dtype.fields] if isinstance(column.dtype, pl.Struct) else []
        )
        said = plain(column.name) in (*PREDICTION, *ANSWER)
        found = those_called((*PREDICTION, *LABEL) if said else PREDICTION, fields)
        flat = [name for name in found if not column.struct.field(name).dtype.is_nested()]
        if flat:
            return column.name, flat[0]
    return None


def said_of_nested(path: Path, frame: pl.DataFrame, keys: Sequence[str]) -> str | None:
    """What to type where the answers are nested; ``None`` where they are not."""
    found = nested_answer(frame)
    if OURS in frame.columns:
        return None
    if found is None:
        return _said_of_probabilities(path, frame, keys)
    column, field = found
    flat = frame.with_columns(frame[column].struct.field(field).alias(OURS)).drop(column)
    flags = flags_meant(flat)
    name = f", and name its columns with {flags}" if flags else ""
    return (
        f"{f'{column}.{field}'!r} looks like what the model answered: write it as a column "
        f"{OURS!r}{name}: {unnested(path, column, field, OURS, keys)}"
    )


def _said_of_probabilities(path: Path, frame: pl.DataFrame, keys: Sequence[str]) -> str | None:
    """The same of the probabilities of all classes in one column."""
    names = those_called(BY_CLASS, frame.columns)
    column = next((name for name in names if _are_probabilities(frame[name])), None)
    if column is None:
        return _said_of_lists(path, frame, keys)
    flat = frame.with_columns(pl.col(column).name.prefix_fields("p_")).unnest(column)
    flags = flags_meant(flat)
    name = f", and name its columns with {flags}" if flags else ""
    return (
        f"{column!r} looks like the probability of each class: write them as columns p_<class>"
        f"{name}: {by_class(path, column, keys)}"
    )


def _said_of_lists(path: Path, frame: pl.DataFrame, keys: Sequence[str]) -> str | None:
    """The same where they have no names but stand in a list."""
    lists = [c.name for c in frame if isinstance(c.dtype, pl.List | pl.Array)]
    if {*those_called(PREDICTION, frame.columns)} - {*lists}:
        return None
    found = listed_probabilities(frame, [*those_called(BY_CLASS, lists), *lists])
    if found is None:
        return None
    flags = flags_meant(frame.drop(found.column).with_columns(pl.lit("").alias(OURS)))
    name = f", and name its columns with {flags}" if flags else ""
    return (
        f"{found.column!r} looks like the probability of each class{found.order}: write them as "
        f"columns p_<class>{name}: {found.command(path, frame, found.column, keys)}"
    )


def _are_probabilities(column: pl.Series) -> bool:
    if not isinstance(column.dtype, pl.Struct) or len(column.dtype.fields) < 2:
        return False
    fields = column.struct.unnest()
    return all(c.dtype.is_numeric() and within_one(c.drop_nulls()) for c in fields)
