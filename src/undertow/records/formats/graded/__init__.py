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
What other columns of two values are beside grades with decimals, a comparison asks
(``records/two_values.py``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from undertow.errors import TableError
from undertow.records.formats.columns.asked import names_asked
from undertow.records.formats.decoding.tables import column_names, kind_of
from undertow.records.formats.graded.answers_as_scores import refuse_answers
from undertow.records.formats.graded.member_logs import logs_of, refuse_nested_clusters
from undertow.records.formats.graded.outcome_columns import OUTCOMES, outcome_of
from undertow.records.formats.graded.two_classes import of_two_classes
from undertow.records.formats.logs.build import assemble
from undertow.records.formats.logs.log import Log
from undertow.records.formats.members.names import population_name
from undertow.records.formats.predictions.cut import beside_two_classes
from undertow.records.formats.predictions.no_grade import (
    grade_note,
    refuse_loss,
    refuse_probability,
    refuse_scaled_probability,
)
from undertow.records.formats.predictions.regression import refuse_regression
from undertow.records.formats.predictions.sheets import Table, tables_in, tables_of
from undertow.records.grade_scale import GRADES as SCALED
from undertow.records.read_as_grade import SAYS
from undertow.records.reading import Reading, alternatives
from undertow.records.records import Records

NAME = "graded table"
PARTS = True
ABOUT = (
    "CSV, Parquet or JSON lines with the columns example_id and score (or correct), and answer,"
    " output, target"
)
USES = ("labels", "columns")


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
            return of_two_classes(tables, reading, labels)
    if labelled:
        given = "labels" if labels is not None else f"--labels {reading.labels}"
        out = "labels" if labels is not None else "--labels"
        raise TableError(f"{given}: {tables[0].path} has grades of its own; leave {out} out")
    if reading.format != NAME:
        for table in tables:
            refuse_answers(table)
            if reading.scale is None:
                refuse_probability(table)
    if reading.cluster in (None, "cluster"):
        for table in tables:
            refuse_nested_clusters(table)
    return assemble([*_logs(tables, reading)], reading)


def _logs(tables: Sequence[Table], reading: Reading) -> Iterator[Log]:
    """Those of all members; the first with a column of outcomes notes how it is read."""
    noted = set[str]()
    for table in tables:
        logs = [_told(log, reading) for log in logs_of(table, reading)]
        outcome = outcome_of(table.asked.frame)
        called = table.asked.names.get(outcome, outcome)
        if logs and called not in noted:
            logs[0] = _as_grade(table, logs[0], reading)
            noted.add(called)
        yield from logs


def _told(log: Log, reading: Reading) -> Log:
    """With the scale of its grades, which both sides must have in common."""
    scale = reading.scale
    return log if scale is None else replace(log, conditions={SCALED: scale.said})


def _as_grade(table: Table, log: Log, reading: Reading) -> Log:
    """With a note on how the outcome is read, unless that was said."""
    said = any(SAYS in note for note in log.notes)
    if said and reading.scale is None:
        return log
    notes = grade_note(table, outcome_of(table.asked.frame), reading.scale)
    return replace(log, notes=(*log.notes, *notes))
