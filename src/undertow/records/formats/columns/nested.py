"""Finds the answer of a model in a nested column, such as ``{"output": {"label": "cat"}}``, and
says how it becomes a column of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from undertow.records.formats.columns.meant import flags_meant
from undertow.records.formats.columns.names import ANSWER, LABEL, PREDICTION, plain, those_called
from undertow.records.formats.columns.scaling import unnested

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
    if found is None or OURS in frame.columns:
        return None
    column, field = found
    flat = frame.with_columns(frame[column].struct.field(field).alias(OURS)).drop(column)
    flags = flags_meant(flat)
    name = f", and name its columns with {flags}" if flags else ""
    return (
        f"{f'{column}.{field}'!r} looks like what the model answered: write it as a column "
        f"{OURS!r}{name}: {unnested(path, column, field, OURS, keys)}"
    )
