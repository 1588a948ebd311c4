"""Finds columns of a stranger's table that are the probability of one class each."""

from __future__ import annotations

import polars as pl

from undertow.records.formats.columns.between import ONE_FILE, Between
from undertow.records.formats.columns.by_class.class_columns import OURS, classes_by_column
from undertow.records.formats.columns.by_class.class_sets import classes_called, run_of_one
from undertow.records.formats.columns.labels_meant import label_told
from undertow.records.formats.columns.meant import UNKNOWN, Meant, columns_meant, rest_of
from undertow.records.formats.columns.probable import probability_meant
from undertow.records.formats.columns.values import is_nested, values_of


def classes_meant(frame: pl.DataFrame, meant: Meant, sides: Between = ONE_FILE) -> dict[str, str]:
    """Columns of the probability of one class each, which are called as the values of some column
    are and differ between the sides."""
    rest = rest_of(frame, meant)
    names = [*([] if meant.label is None else [meant.label]), *rest]
    found = classes_called(frame.select(names), names)
    return {} if found.keys() <= sides.same else found


def run_meant(frame: pl.DataFrame, sides: Between = ONE_FILE) -> list[str]:
    """Columns that sum to 1 in every row, where nothing else tells answers."""
    meant = columns_meant(frame, sides)
    if meant.score is not None or meant.predictions or are_classes(frame, sides):
        return []
    if probability_meant(frame, meant, sides) is not None or classes_meant(frame, meant, sides):
        return []
    found = run_of_one(frame, [c for c in rest_of(frame, meant) if not is_nested(frame[c])])
    return [] if {*found} <= sides.same else found


def label_beside(frame: pl.DataFrame, meant: Meant, classes: dict[str, str]) -> str | None:
    """The label that has the words of the classes."""
    if meant.label is not None and values_of(frame[meant.label]) <= {*classes.values()}:
        return meant.label
    told = label_told(frame.rename({c: OURS + name for c, name in classes.items()}))
    return told or meant.label or UNKNOWN


def are_classes(frame: pl.DataFrame, sides: Between = ONE_FILE) -> bool:
    """Whether columns are called as readers know probabilities of classes, and some differ between
    the sides."""
    ours = {c for c in frame.columns if c.startswith(OURS) and c != OURS}
    found = ours or {*classes_by_column(frame)}
    return bool(found) and not found <= sides.same
