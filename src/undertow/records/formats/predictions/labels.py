"""Adds right answers from a file of their own to predictions that come without."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from undertow.errors import TableError
from undertow.records.formats.decoding.tables import parse
from undertow.records.formats.members.join import PROBABILITY, Sheet
from undertow.records.formats.predictions.class_names import class_names, named
from undertow.records.formats.predictions.columns import clean

KEYS = ("example_id", "filename", "file", "index", "idx", "id")
LABELS = ("label", "labels", "target", "class")
ANSWERS = frozenset({"prediction", "confidence", "score", "member"})
"""What a model answered. A table of labels may be another model's output, so these are dropped."""


def with_labels(sheets: list[Sheet], labels: Path | None, notes: list[str]) -> list[Sheet]:
    """Adds the column ``label`` and further slices to every sheet, joined by ``example_id``.

    The table's key is the first of ``KEYS`` that it has. Whole numbers that a Parquet file of
    ``datasets`` names become these names. Examples that are not in the table have no label, and a
    note counts them. Raises ``TableError`` where no example of a sheet is in the table, or where
    labels and predictions share no class: every answer would count as wrong.
    """
    if labels is None:
        return sheets
    table = _table(labels, notes)
    joined = [_joined(sheet, table, labels, notes) for sheet in sheets]
    _refuse_other_names(joined, labels)
    return joined


def label_names(path: Path) -> tuple[str, ...] | None:
    """Returns the classes that a table of labels declares, in order, if it declares any."""
    names = class_names(path)
    return next((names[column] for column in LABELS if column in names), None)


def _table(path: Path, notes: list[str]) -> pl.DataFrame:
    frame, names = parse(path), class_names(path)
    key = next((name for name in KEYS if name in frame.columns), None)
    label = next((name for name in LABELS if name in frame.columns), None)
    if key is None or label is None:
        found = ", ".join(repr(c) for c in frame.columns[:12])
        raise TableError(
            f"{path}: has no pair of columns such as example_id and label; it has {found}"
        )
    kept = [c for c in frame.columns if c not in ANSWERS and not c.startswith(PROBABILITY)]
    table = frame.select(named(path, frame[c], names.get(c, ())) for c in kept).rename(
        {key: "example_id"}
    )
    table = table.rename({label: "label"})
    # ``clean`` asks for predictions, of which there are none here.
    cleaned, said = clean(path, table.with_columns(prediction=pl.lit(None, pl.String)))
    notes += said
    table = cleaned.drop("prediction")
    twice = table["example_id"].is_duplicated()
    if twice.any():
        raise TableError(
            f"{path}: {key} {table['example_id'].filter(twice)[0]!r} is there more than once;"
            " remove repeats"
        )
    return table


def _joined(sheet: Sheet, table: pl.DataFrame, path: Path, notes: list[str]) -> Sheet:
    theirs = set(table.columns) - {"example_id"}
    own = [c for c in sheet.frame.columns if c not in theirs]
    frame = sheet.frame.select(own).join(table, on="example_id", how="left", maintain_order="left")
    without = frame["example_id"].filter(frame["label"].is_null())
    if len(without) == frame.height:
        raise TableError(
            f"{path}: has none of the examples of {sheet.source}: first"
            f" {sheet.frame['example_id'][0]!r} there, {table['example_id'][0]!r} here; name them"
            " alike"
        )
    if len(without):
        notes.append(
            f"{path}: has no label for {len(without)} of {frame.height} examples of {sheet.source},"
            f" first {without[0]!r}."
        )
    return Sheet(sheet.member, sheet.source, frame)


def _refuse_other_names(sheets: list[Sheet], path: Path) -> None:
    predicting = [s for s in sheets if "prediction" in s.frame.columns]
    said = {v for s in predicting for v in s.frame["prediction"].drop_nulls().unique().to_list()}
    labels = {v for s in predicting for v in s.frame["label"].drop_nulls().unique().to_list()}
    if said and labels and not said & labels:
        raise TableError(
            f"{path}: label {min(labels)[:60]!r} and the {len(labels)} labels in all are none of"
            f" the classes that {predicting[0].source} predicts, such as {min(said)[:60]!r}; name"
            " the classes alike in both"
        )
