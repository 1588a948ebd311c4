"""Plain tables of graded answers: a score where a table of predictions has classes.

example_id, score or correct   required: the outcome, in [0, 1] or true/false
answer, output, target, input  words to compare and to show
member                         several members in one file
anything else                  seconds, cluster, content_hash, prompt_hash as in logs; else a slice
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

import polars as pl

from undertow.errors import TableError
from undertow.records.formats.columns.asked import as_asked, names_asked
from undertow.records.formats.decoding.tables import column_names, kind_of, parse
from undertow.records.formats.decoding.typed import number_of, typed, typed_all
from undertow.records.formats.logs.build import assemble
from undertow.records.formats.logs.log import Log
from undertow.records.formats.members.names import member_names, population_name
from undertow.records.reading import Reading
from undertow.records.records import Records

NAME = "graded table"
ABOUT = (
    "CSV, Parquet or JSON lines with the columns example_id and score (or correct), and answer,"
    " output, target"
)
USES = ("columns",)
OUTCOMES = ("score", "correct")
GRADES = {"yes": 1.0, "no": 0.0, "correct": 1.0, "incorrect": 0.0, "right": 1.0, "wrong": 0.0,
          "pass": 1.0, "fail": 0.0, "passed": 1.0, "failed": 0.0}  # fmt: skip
"""Words that people grade by."""
WORDS = (
    "example_id",
    "answer",
    "output",
    "target",
    "input",
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
    outcome = outcome_in(names_asked(column_names(path, keys), reading))
    if outcome is None:
        return None
    return f"{found[0]} (a header with example_id and {outcome}, no prediction)"


def outcome_in(names: Collection[str]) -> str | None:
    """The column of outcomes, where columns of these names are a graded table."""
    predicts = "prediction" in names or any(name.startswith("p_") for name in names)
    outcome = next((name for name in OUTCOMES if name in names), None)
    return None if predicts or "example_id" not in names else outcome


def read(paths: Sequence[Path], reading: Reading) -> Records:
    """One population; several files are several members. Raises ``TableError``, one line."""
    tables = (
        (path, name, parse(path, reading.keys))
        for path, name in zip(paths, member_names(paths), strict=True)
    )
    return read_frames(tables, reading.named(reading.pick).named(population_name(paths)))


def read_frames(tables: Iterable[tuple[Path, str, pl.DataFrame]], reading: Reading) -> Records:
    """The same of frames, each after what it is called in messages and the name of its member."""
    logs = [log for path, name, table in tables for log in _logs(path, name, table, reading)]
    return assemble(logs, reading)


def _logs(path: Path, name: str, table: pl.DataFrame, reading: Reading) -> list[Log]:
    frame, notes = as_asked(path, table, reading)
    if reading.label is not None:  # Here the right answer is in words.
        frame = frame.drop("target", strict=False).rename({"label": "target"})
    frame = _typed(path, frame)
    if "member" not in frame.columns:
        return [Log(name, str(path), frame, notes=notes)]
    if frame["member"].null_count():
        raise TableError(
            f"{path}: {frame['member'].null_count()} of {frame.height} rows have no member; fill "
            "them in"
        )
    parts = frame.partition_by("member", maintain_order=True)
    return [
        Log(
            str(p["member"][0]),
            f"{path} (member {p['member'][0]})",
            p.drop("member"),
            notes=notes,
        )
        for p in parts
    ]


def _typed(path: Path, frame: pl.DataFrame) -> pl.DataFrame:
    outcome = next((name for name in OUTCOMES if name in frame.columns), None)
    if outcome is None or "example_id" not in frame.columns:
        raise TableError(
            f"{path}: lacks example_id or score; it has {', '.join(frame.columns[:12])}"
        )
    columns, slices = list[pl.Series](), list[pl.Series]()
    for column in frame:
        if column.dtype.is_nested() or column.dtype in (pl.Binary, pl.Object):
            continue
        if column.name == outcome:
            columns.append(_number(path, column).alias("score"))
        elif column.name == "seconds":
            columns.append(_number(path, column))
        elif column.name in WORDS or column.name == "member":
            columns.append(column.cast(pl.String))
        elif column.name not in OUTCOMES:
            slices.append(column)
    return pl.DataFrame([*columns, *typed_all(slices)])


def _graded(values: pl.Series) -> pl.Series:
    """Numbers for words, where all are words that people grade by."""
    if values.dtype != pl.String:
        return values
    words = values.str.strip_chars().str.to_lowercase()
    if not words.drop_nulls().is_in(list(GRADES)).all():
        return values
    return words.replace_strict(GRADES, default=None, return_dtype=pl.Float64)


def _number(path: Path, column: pl.Series) -> pl.Series:
    """Numbers and truth values; ``TableError`` for anything else."""
    values = (
        typed(column.replace("", None), spelling=False) if column.dtype == pl.String else column
    )
    number = number_of(_graded(values))
    wrong = number.is_null() & values.is_not_null()
    if wrong.any() or values.dtype.is_temporal():
        shown = str(values.filter(wrong)[0] if wrong.any() else values[0])[:60]
        raise TableError(
            f"{path}: column {column.name!r} is {shown!r}; want a number between 0 and 1, or "
            "true/false"
        )
    return number
