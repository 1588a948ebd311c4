"""Scores beside labels of two values, which are the probability of the positive one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from undertow.records.formats.graded.outcome_columns import second_outcome
from undertow.records.formats.predictions.build import from_sheets
from undertow.records.formats.predictions.cut import predicted
from undertow.records.formats.predictions.labels import with_labels
from undertow.records.formats.predictions.sheets import Table, sheets_of
from undertow.records.formats.predictions.threshold import conditions_of
from undertow.records.reading import Reading
from undertow.records.records import Records


def of_two_classes(
    tables: Sequence[Table], reading: Reading, labels: pl.DataFrame | None
) -> Records:
    unused = [note for table in tables for note in second_outcome(table)]
    sheets, notes = sheets_of([_without_outcome(table) for table in tables], predict=False)
    notes = [*notes, *unused]
    sheets = with_labels(sheets, reading, notes, labels)
    made = predicted(tables, sheets, reading, notes)
    cut = conditions_of(reading, probable=made.probable)
    named = replace(reading, positive=made.positive)
    return from_sheets(made.sheets, named, notes, conditions=cut)


def _without_outcome(table: Table) -> Table:
    """Without the outcome that gives way to the score: it is no slice."""
    frame = table.asked.frame.drop("correct", strict=False)
    return table._replace(asked=table.asked._replace(frame=frame))
