"""Finds the models of one table: values of a column, or columns of predictions."""

from __future__ import annotations

import polars as pl

from undertow.records.formats.columns.meant import columns_meant, key_meant
from undertow.records.formats.columns.several_answers.ranked import are_ranked
from undertow.records.formats.columns.values import is_nested, values_of
from undertow.records.usual_names import MEMBER, those_called


def member_holding(frame: pl.DataFrame, model: str) -> str | None:
    """A column of models that has this one: one that is called so, or one that tells apart the rows
    of each example."""
    names = [
        name for name in those_called(MEMBER, frame.columns) if model in values_of(frame[name])
    ]
    if names:
        return names[0]
    able = (c.name for c in frame if not is_nested(c) and model in values_of(c))
    return next((name for name in able if _tells_apart(frame, name, model)), None)


def _tells_apart(frame: pl.DataFrame, name: str, model: str) -> bool:
    """Whether a column tells apart the rows of each example, which another one names."""
    rows = frame.filter(pl.col(name).cast(pl.String) == model).drop(name)
    key = key_meant(rows)
    if key is None or rows[key].is_duplicated().any() or not frame[key].is_duplicated().any():
        return False
    return not frame.select(key, name).is_duplicated().any()


def models_meant(frame: pl.DataFrame) -> list[str]:
    """The models of one table: those of a column of members, else columns of predictions."""
    meant = columns_meant(frame)
    if meant.member is not None:
        return (
            frame[meant.member].drop_nulls().cast(pl.String).unique(maintain_order=True).to_list()
        )
    return [] if are_ranked(frame, meant.predictions) else meant.predictions


def never_models(frame: pl.DataFrame) -> set[str]:
    """Columns that name the example, the model or the right answer, or say how good an answer is
    or how likely a class."""
    meant = columns_meant(frame)
    named = {meant.id, meant.member, meant.label, meant.score, "label"} - {None}
    return {c for c in frame.columns if c in named or c.startswith("p_")}
