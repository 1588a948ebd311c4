"""Whether a table of labels is one that ``undertow plant`` wrote: its labels are then wrong
already, and planted.csv beside it says which."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from undertow.errors import TableError, UserError
from undertow.records.formats.decoding.tables import parse
from undertow.records.traces.known_labels import ID, LABEL, PLANTED, TRUE


def refuse_planted(path: Path, frame: pl.DataFrame, id: str, label: str) -> None:
    """``UserError`` where any label of the table is one that planted.csv beside it says is wrong. A
    copy that lies elsewhere is not known."""
    told = _beside(path.parent / PLANTED)
    if told is None:
        return
    text = (pl.col(id).cast(pl.String).alias(ID), pl.col(label).cast(pl.String).alias("now"))
    now = frame.select(text)
    both = now.join(told, on=ID)
    wrong = (pl.col(LABEL) != pl.col(TRUE)) & (pl.col("now") == pl.col(LABEL))
    planted = both.filter(wrong).height
    if planted:
        raise UserError(
            f"{path}: {planted:,} of its labels are wrong on purpose already, as "
            f"{path.parent / PLANTED} says; give the table from before"
        )


def _beside(path: Path) -> pl.DataFrame | None:
    """planted.csv, where there is one that can be read."""
    if not path.is_file():
        return None
    try:
        told = parse(path)
    except TableError:
        return None
    if not {ID, LABEL, TRUE} <= set(told.columns):
        return None
    return told.select(pl.col(ID, LABEL, TRUE).cast(pl.String))
