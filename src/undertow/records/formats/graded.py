"""Plain tables of graded answers: a score where a table of predictions has classes.

example_id, score or correct   required: the outcome, in [0, 1] or true/false
answer, output, target, input  words to compare and to show; input may be a picture (``--answer``
                               names the column of what the model wrote)
label                          the right answer, as target; of two values, see below
member                         several members in one file
anything else                  seconds, cluster, content_hash, prompt_hash as in logs; else a slice

A score beside labels of two values, without answers, is the probability of the positive one (1,
true, yes, positive, or what ``--positive`` names), and the prediction is that class above 0.5, or
``--threshold``.
``--format 'graded table'`` reads it as a grade all the same, and so does ``--scale WORST,BEST``,
which says from where to where grades go that are not from 0 to 1, or of which less is better.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from undertow.errors import TableError
from undertow.records.formats.columns.asked import names_asked
from undertow.records.formats.columns.by_row import way_by_row
from undertow.records.formats.columns.flags import flags_meant
from undertow.records.formats.columns.keys import averaged_note
from undertow.records.formats.columns.labels_meant import SAYS, label_note, label_of_two
from undertow.records.formats.columns.values import is_nested, type_of
from undertow.records.formats.columns.written import WRITTEN, answer_meant, answer_note
from undertow.records.formats.decoding.tables import column_names, kind_of
from undertow.records.formats.decoding.typed import typed_all
from undertow.records.formats.logs.build import assemble
from undertow.records.formats.logs.log import Log
from undertow.records.formats.members.names import population_name
from undertow.records.formats.predictions.build import from_sheets
from undertow.records.formats.predictions.columns import encoded_pictures
from undertow.records.formats.predictions.cut import (
    beside_two_classes,
    predicted,
)
from undertow.records.formats.predictions.labels import with_labels
from undertow.records.formats.predictions.may_be_label import refuse_possible_label
from undertow.records.formats.predictions.no_grade import (
    grade_note,
    refuse_loss,
    refuse_probability,
    refuse_scaled_probability,
)
from undertow.records.formats.predictions.outcomes import numbers, outcomes
from undertow.records.formats.predictions.regression import refuse_regression
from undertow.records.formats.predictions.sheets import Table, sheets_of, tables_in, tables_of
from undertow.records.formats.predictions.threshold import conditions_of
from undertow.records.grade_scale import GRADES as SCALED
from undertow.records.reading import Reading, alternatives
from undertow.records.records import Records
from undertow.records.usual_names import has_columns

NAME = "graded table"
PARTS = True
ABOUT = (
    "CSV, Parquet or JSON lines with the columns example_id and score (or correct), and answer,"
    " output, target"
)
USES = ("labels", "columns")
OUTCOMES = ("score", "correct")
WORDS = (
    "example_id",
    "answer",
    "output",
    "target",
    "content_hash",
    "prompt_hash",
    "cluster",
)


def sniff(path: Path) -> str | None:
    """A table with an outcome and no prediction."""
    return sniff_asked(path, Reading())


def sniff_asked(path: Path, reading: Reading) -> str | None:
    """The same, of the columns that ``reading`` names."""
    if path.is_dir():
        return None
    keys = reading.keys
    found = kind_of(path, keys)
    if found is None:
        return None
    names = column_names(path, keys)
    outcome = outcome_in(names_asked(names, reading))
    if outcome is None:
        return None
    key = next((name for name in keys if name in names), None)
    scores = (name for name in alternatives(reading.score) if name in names)
    called = next(scores, outcome) if outcome == "score" else outcome
    header = called if key is None else f"{key} and {called}"
    return f"{found[0]} (a header with {header}, no prediction)"


def outcome_in(names: Collection[str]) -> str | None:
    """The column of outcomes, where columns of these names are a graded table."""
    predicts = "prediction" in names or any(name.startswith("p_") for name in names)
    outcome = next((name for name in OUTCOMES if name in names), None)
    return None if predicts or "example_id" not in names else outcome


def read(paths: Sequence[Path], reading: Reading) -> Records:
    """One population; several files are several members. Raises ``TableError``, one line.

    Scores beside labels of two values are read as probabilities, unless ``reading`` asks for this
    format.
    """
    named = reading.named(reading.pick).named(population_name(paths))
    return _read(tables_in(paths, reading), named)


def read_frames(
    tables: Iterable[tuple[Path, str, pl.DataFrame]],
    reading: Reading,
    labels: pl.DataFrame | None = None,
) -> Records:
    """The same of frames, each after what it is called in messages and the name of its member.

    ``labels`` is a table of right answers in memory.
    """
    return _read(tables_of(tables, reading, labelled=labels is not None), reading, labels)


def _read(tables: Sequence[Table], reading: Reading, labels: pl.DataFrame | None = None) -> Records:
    labelled = labels is not None or reading.labels is not None
    for table in tables:
        refuse_regression(table, reading.keys, asked=reading.format == NAME)
    if reading.scale is not None:
        for table in tables:
            refuse_scaled_probability(table, reading.scale)
    elif reading.format != NAME:
        of_two = beside_two_classes(tables, labelled=labelled)
        for table in tables:
            refuse_loss(table, of_two=of_two)
        if of_two:
            return _of_two_classes(tables, reading, labels)
    if labelled:
        given = "labels" if labels is not None else f"--labels {reading.labels}"
        out = "labels" if labels is not None else "--labels"
        raise TableError(f"{given}: {tables[0].path} has grades of its own; leave {out} out")
    if reading.format != NAME and reading.scale is None:
        for table in tables:
            refuse_probability(table)
            refuse_possible_label(table)
    if reading.cluster in (None, "cluster"):
        for table in tables:
            _refuse_nested_clusters(table)
    logs = [log for table in tables for log in _logs(table, reading)]
    first, *others = (_told(log, reading) for log in logs)
    return assemble([_as_grade(tables[0], first, reading), *others], reading)


def _told(log: Log, reading: Reading) -> Log:
    """With the scale of its grades, which both sides must have in common."""
    scale = reading.scale
    return log if scale is None else replace(log, conditions={SCALED: scale.said})


def _as_grade(table: Table, log: Log, reading: Reading) -> Log:
    """With a note on how the outcome is read, unless that was said."""
    said = any(SAYS in note for note in log.notes)
    if said and reading.scale is None:
        return log
    notes = grade_note(table, _outcome(table.asked.frame), reading.scale)
    return replace(log, notes=(*log.notes, *notes))


def _refuse_nested_clusters(table: Table) -> None:
    """Clusters that went unread would leave every limit too narrow."""
    frame = table.asked.frame
    if "cluster" in frame.columns and is_nested(frame["cluster"]):
        raise TableError(
            f"{table.path}: column 'cluster' holds {type_of(frame['cluster'])}; expected one text "
            "or number per row; name another column with --cluster COLUMN, or write --cluster none "
            "if the examples are independent"
        )


def _of_two_classes(
    tables: Sequence[Table], reading: Reading, labels: pl.DataFrame | None
) -> Records:
    unused = [note for table in tables for note in _second_outcome(table)]
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


def _logs(table: Table, reading: Reading) -> list[Log]:
    """Every member's answers. A column of right answers is in words here."""
    path, (frame, notes, names) = table.path, table.asked
    frame, said = _with_target(path, frame, names)
    notes = (*notes, *said, *_second_outcome(table), *_unread_answers(path, frame))
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


def _second_outcome(table: Table) -> tuple[str, ...]:
    """A note on the outcome that gives way to the first."""
    frame, _, names = table.asked
    found = [names.get(name, name) for name in OUTCOMES if name in frame.columns]
    if len(found) < 2:
        return ()
    return (f"{table.path}: column {found[1]!r} is not used, as {found[0]!r} is there.",)


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
    outcome = _outcome(frame)
    label, score = names.get("label", "label"), names.get(outcome, outcome)
    asked = "label" in names
    if not asked and "target" in frame.columns:
        return frame.drop("label"), (f"{path}: column 'label' is not used, as 'target' is there.",)
    said = f"{path}: {label!r} is shown as the right answer; {score!r} {SAYS}."
    frame = frame.drop("target", strict=False).rename({"label": "target"})
    return frame, () if asked and worded else (said,)


def _outcome(frame: pl.DataFrame) -> str:
    return next((name for name in OUTCOMES if name in frame.columns), "score")


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
