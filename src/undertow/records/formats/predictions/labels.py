"""Adds right answers from a file of their own to predictions that come without."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from undertow.errors import TableError
from undertow.records.formats.columns.absent import named_in, refuse_absent
from undertow.records.formats.columns.meant import UNKNOWN
from undertow.records.formats.columns.values import values_of
from undertow.records.formats.decoding.tables import parse
from undertow.records.formats.members.join import PROBABILITY, Sheet
from undertow.records.formats.predictions.class_names import class_names, named
from undertow.records.formats.predictions.columns import clean
from undertow.records.formats.predictions.label_arrays import is_array
from undertow.records.formats.predictions.labels_by_place import (
    labels_in_array,
    labels_in_column,
    refuse_rows_of_others,
)
from undertow.records.formats.predictions.regression import are_numbers_on_a_scale
from undertow.records.reading import Reading, alternatives
from undertow.records.spelling import not_the_same
from undertow.records.spreadsheets import saved_as_table, spreadsheet_among
from undertow.records.usual_names import ID, LABEL, flag_of, has_columns, those_called

ANSWERS = frozenset({"prediction", "confidence", "score", "member"})
"""What a model answered. A table of labels may be another model's output, so these are dropped."""


LABELS = Path("labels")
"""What a table of right answers in memory is called in messages."""


def with_labels(
    sheets: list[Sheet], reading: Reading, notes: list[str], given: pl.DataFrame | None = None
) -> list[Sheet]:
    """Adds the column ``label`` and further slices to every sheet, joined by ``example_id``.

    The file is a table, or an array as ``label_arrays`` reads it; ``given`` is a table in memory,
    which goes before it. The table's key and label are the
    columns that ``reading`` names where it has them, else those of a usual name. Whole numbers that
    a Parquet file of ``datasets`` names become these names. Examples that are not in the table have
    no label, and a note counts them. Raises ``TableError`` where no example of a sheet is in the
    table, or where labels and predictions share no class: every answer would count as wrong.
    """
    labels = LABELS if given is not None else reading.labels
    if labels is None:
        return sheets
    if spreadsheet_among([labels]) is not None:
        raise TableError(saved_as_table(labels))
    reading = replace(reading, labels=labels)
    known = any("label" in sheet.names for sheet in sheets)
    if given is not None:
        table = _table(labels, given, {}, reading, notes, sheets, known=known)
    elif is_array(labels):
        table = labels_in_array(labels, sheets, notes, reading.keys)
    else:
        frame = parse(labels, reading.keys)
        if frame.width == 1:
            table = labels_in_column(labels, frame.to_series(), sheets, notes, reading.keys)
        else:
            names = class_names(labels)
            table = _table(labels, frame, names, reading, notes, sheets, known=known)
            key, label = _key_and_label(frame, reading)
            called = str(key), str(label)
            refuse_rows_of_others(labels, table, sheets, called, reading.keys)
    joined = [_joined(sheet, table, labels, notes) for sheet in sheets]
    _refuse_other_names(joined, labels)
    return joined


def label_names(path: Path) -> tuple[str, ...] | None:
    """Returns the classes that a table of labels declares, in order, if it declares any."""
    names = class_names(path)
    return next((names[column] for column in those_called(LABEL, names)), None)


def _table(
    path: Path,
    frame: pl.DataFrame,
    names: dict[str, tuple[str, ...]],
    reading: Reading,
    notes: list[str],
    sheets: Sequence[Sheet],
    *,
    known: bool,
) -> pl.DataFrame:
    """``known``: the column that was named for right answers is one of the predictions' tables."""
    if reading.label is not None and not known and not named_in(frame, reading.label):
        refuse_absent(path, frame, "label", reading.label, reading)
    key, label = _key_and_label(frame, reading)
    if frame.width == 1:
        (only,) = frame.columns
        raise TableError(
            f"{path}: has one column, {only!r}, and a table of labels is joined by its ids; add a "
            f"column of ids, or give it alone, {path}[{only!r}], with one for each row"
        )
    if key is None or label is None or key == label:
        pair = _pair_typed(frame, key, label, sheets)
        raise TableError(
            f"{path}: has no pair of columns such as example_id and label;"
            f" {has_columns(frame.columns)}; name them with {pair}"
        )
    theirs = (alternatives(name) for name in (*reading.prediction, reading.score, reading.member))
    answers = ANSWERS.union(*theirs) - {key, label}
    kept = [c for c in frame.columns if c not in answers and not c.startswith(PROBABILITY)]
    renamed = {key: "example_id", label: "label"}
    # A column that has the usual name gives way to the one that was named.
    kept = [c for c in kept if c in renamed or c not in renamed.values()]
    table = frame.select(named(path, frame[c], names.get(c, ())) for c in kept).rename(renamed)
    table, said = clean(path, table, predicts=False)
    notes += said
    twice = table["example_id"].is_duplicated()
    if twice.any():
        raise TableError(
            f"{path}: {key} {table['example_id'].filter(twice)[0]!r} is there more than once;"
            " remove repeats"
        )
    return table


def _pair_typed(
    frame: pl.DataFrame, key: str | None, label: str | None, sheets: Sequence[Sheet]
) -> str:
    """The flags of both columns: ids are those that the predictions have, and of two columns the
    other one holds the right answers."""
    if key is None or key == label:
        ids = {str(value) for sheet in sheets for value in sheet.frame["example_id"]}
        able = (c.name for c in frame if not ids.isdisjoint(values_of(c)))
        key = next(able, None)
    rest = [name for name in frame.columns if name != key]
    if label is None or label == key:
        label = rest[0] if key is not None and len(rest) == 1 else None
    return f"{flag_of('id', key or UNKNOWN)} {flag_of('label', label or UNKNOWN)}"


def _key_and_label(frame: pl.DataFrame, reading: Reading) -> tuple[str | None, str | None]:
    """What the table calls ids and labels."""
    key = _first(frame, reading.id, ID)
    return key, _first(frame, reading.label, tuple(name for name in LABEL if name != key))


def _first(frame: pl.DataFrame, asked: str | None, usual: tuple[str, ...]) -> str | None:
    given = [name for name in alternatives(asked) if name in frame.columns]
    return next(iter([*given, *those_called(usual, frame.columns)]), None)


def _joined(sheet: Sheet, table: pl.DataFrame, path: Path, notes: list[str]) -> Sheet:
    theirs = set(table.columns) - {"example_id"}
    own = [c for c in sheet.frame.columns if c not in theirs]
    frame = sheet.frame.select(own).join(table, on="example_id", how="left", maintain_order="left")
    without = frame["example_id"].filter(frame["label"].is_null())
    if len(without) == frame.height:
        raise TableError(
            f"{path}: has none of the examples of {sheet.source}: first "
            f"{sheet.frame['example_id'][0]!r} there, {table['example_id'][0]!r} here; name them "
            "alike"
        )
    if len(without):
        notes.append(
            f"{path}: has no label for {len(without)} of {frame.height} examples of {sheet.source},"
            f" first {without[0]!r}."
        )
    return replace(sheet, frame=frame)


def _refuse_other_names(sheets: list[Sheet], path: Path) -> None:
    predicting = [s for s in sheets if "prediction" in s.frame.columns]
    if any(are_numbers_on_a_scale(s.frame["prediction"], s.frame["label"]) for s in predicting):
        return  # They are no classes, which is said later.
    said = {v for s in predicting for v in s.frame["prediction"].drop_nulls().unique().to_list()}
    labels = {v for s in predicting for v in s.frame["label"].drop_nulls().unique().to_list()}
    if said and labels and not said & labels:
        raise TableError(
            f"{path}: label {min(labels)[:60]!r} and the {len(labels)} labels in all are none of"
            f" the classes that {predicting[0].source} predicts, such as {min(said)[:60]!r}; name"
            f" the classes alike in both{not_the_same(said, labels)}"
        )
