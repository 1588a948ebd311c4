"""A log for each member of a graded table: its outcome as numbers, its words, its slices."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from undertow.errors import TableError
from undertow.records.formats.columns.by_row import way_by_row
from undertow.records.formats.columns.flags import flags_meant
from undertow.records.formats.columns.keys import averaged_note
from undertow.records.formats.columns.labels_meant import label_note, label_of_two
from undertow.records.formats.columns.several_answers.unlike_rows import refuse_unlike_rows
from undertow.records.formats.columns.unread import unread_outcomes
from undertow.records.formats.columns.values import is_nested, type_of
from undertow.records.formats.columns.written import WRITTEN, answer_meant, answer_note
from undertow.records.formats.decoding.typed import typed_all
from undertow.records.formats.graded.outcome_columns import OUTCOMES, outcome_of, second_outcome
from undertow.records.formats.logs.log import Log
from undertow.records.formats.predictions.columns import encoded_pictures
from undertow.records.formats.predictions.outcomes import numbers, outcomes
from undertow.records.formats.predictions.sheets import Table
from undertow.records.read_as_grade import SAYS
from undertow.records.reading import Reading
from undertow.records.usual_names import has_columns

WORDS = (
    "example_id",
    "answer",
    "output",
    "target",
    "content_hash",
    "prompt_hash",
    "cluster",
)


def logs_of(table: Table, reading: Reading) -> list[Log]:
    """Every member's answers. A column of right answers is in words here."""
    path, (frame, notes, names) = table.path, table.asked
    refuse_unlike_rows(path, frame, names, reading.keys)
    frame, said = _with_target(path, frame, names)
    notes = (*notes, *said, *second_outcome(table), *_unread_answers(path, frame))
    notes += unread_outcomes(str(path), frame, names)
    frame = _typed(table, frame, reading)
    if "member" not in frame.columns:
        notes = (*notes, *averaged_note(str(path), frame))
        return [Log(table.member, str(path), frame, notes=notes, names=names)]
    if frame["member"].null_count():
        raise TableError(
            f"{path}: {frame['member'].null_count()} of {frame.height} rows have no "
            f"{names.get('member', 'member')}; fill them in"
        )
    return [
        Log(
            str(p["member"][0]),
            f"{path} (member {p['member'][0]})",
            p.drop("member"),
            notes=notes,
            names=names,
        )
        for p in frame.partition_by("member", maintain_order=True)
    ]


def refuse_nested_clusters(table: Table) -> None:
    """Clusters that went unread would leave every limit too narrow."""
    frame = table.asked.frame
    if "cluster" in frame.columns and is_nested(frame["cluster"]):
        raise TableError(
            f"{table.path}: column 'cluster' holds {type_of(frame['cluster'])}; expected one text "
            "or number per row; name another column with --cluster COLUMN, or write --cluster none "
            "if the examples are independent"
        )


def _unread_answers(path: Path, frame: pl.DataFrame) -> tuple[str, ...]:
    """A note on what the model wrote, where it goes by a name that nobody gave."""
    name = answer_meant(frame)
    return () if name is None else (answer_note(str(path), name),)


def _with_target(
    path: Path, frame: pl.DataFrame, names: Mapping[str, str]
) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Shows the labels as right answers, and says so where nobody may expect it."""
    worded = bool(WRITTEN & set(frame.columns))
    if "label" not in frame.columns:
        name = None if worded or "target" in frame.columns else label_of_two(frame, called=True)
        return frame, () if name is None else (label_note(str(path), name),)
    outcome = outcome_of(frame)
    label, score = names.get("label", "label"), names.get(outcome, outcome)
    asked = "label" in names
    if not asked and "target" in frame.columns:
        return frame.drop("label"), (f"{path}: column 'label' is not used, as 'target' is there.",)
    said = f"{path}: {label!r} is shown as the right answer; {score!r} {SAYS}."
    frame = frame.drop("target", strict=False).rename({"label": "target"})
    return frame, () if asked and worded else (said,)


def _typed(table: Table, frame: pl.DataFrame, reading: Reading) -> pl.DataFrame:
    path, names = table.path, table.asked.names
    outcome = next((name for name in OUTCOMES if name in frame.columns), None)
    if outcome is None or "example_id" not in frame.columns:
        flags = flags_meant(frame)
        lacks = "'example_id'" if "example_id" not in frame.columns else "'score'"
        raise TableError(
            f"{path}: has no column {lacks}; {has_columns(frame.columns)}; name its columns with "
            f"{flags}{way_by_row(flags)}"
        )
    columns, slices = list[pl.Series](), list[pl.Series]()
    for column in frame:
        name = names.get(column.name, column.name)
        if column.name == "input":
            columns.append(_shown(column))
        elif is_nested(column):
            continue
        elif column.name == outcome:
            made = outcomes(path, column, name, frame["example_id"], reading)
            columns.append(made.alias("score"))
        elif column.name == "seconds":
            columns.append(numbers(path, column, name, frame["example_id"]))
        elif column.name in WORDS or column.name == "member":
            columns.append(column.cast(pl.String))
        else:
            slices.append(column)
    return pl.DataFrame([*columns, *typed_all(slices)])


def _shown(column: pl.Series) -> pl.Series:
    """Text, or bytes of pictures; nothing of other things."""
    column = encoded_pictures(column)
    if column.dtype == pl.Binary:
        return column
    text = pl.Series(column.name, [None] * len(column), dtype=pl.String)
    return text if is_nested(column) else column.cast(pl.String)
