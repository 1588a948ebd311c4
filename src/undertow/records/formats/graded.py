"""Plain tables of graded answers: a score where a table of predictions has classes.

example_id, score or correct   required: the outcome, in [0, 1] or true/false
answer, output, target, input  words to compare and to show
member                         several members in one file
anything else                  seconds, cluster, content_hash, prompt_hash as in logs; else a slice
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from undertow.errors import TableError
from undertow.records.formats.decoding.tables import column_names, kind_of, parse
from undertow.records.formats.decoding.typed import typed, typed_all
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
USES = ()
OUTCOMES = ("score", "correct")
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
    if path.is_dir():
        return None
    found = kind_of(path)
    if found is None:
        return None
    names = column_names(path)
    predicts = "prediction" in names or any(name.startswith("p_") for name in names)
    outcome = next((name for name in OUTCOMES if name in names), None)
    if outcome is None or predicts or "example_id" not in names:
        return None
    return f"{found[0]} (a header with example_id and {outcome}, no prediction)"


def read(paths: Sequence[Path], reading: Reading) -> Records:
    """One population; several files are several members. Raises ``TableError``, one line."""
    logs = [
        log
        for path, name in zip(paths, member_names(paths), strict=True)
        for log in _logs(path, name)
    ]
    return assemble(logs, reading.named(population_name(paths)))


def _logs(path: Path, name: str) -> list[Log]:
    frame = _typed(path, parse(path))
    if "member" not in frame.columns:
        return [Log(name, str(path), frame)]
    if frame["member"].null_count():
        raise TableError(
            f"{path}: {frame['member'].null_count()} of {frame.height} rows have no member; fill"
            " them in"
        )
    parts = frame.partition_by("member", maintain_order=True)
    return [
        Log(str(p["member"][0]), f"{path} (member {p['member'][0]})", p.drop("member"))
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


def _number(path: Path, column: pl.Series) -> pl.Series:
    """Numbers and truth values; ``TableError`` for anything else."""
    values = (
        typed(column.replace("", None), spelling=False) if column.dtype == pl.String else column
    )
    number = values.cast(pl.Float64, strict=False)
    wrong = number.is_null() & values.is_not_null()
    if wrong.any() or values.dtype.is_temporal():
        shown = str(values.filter(wrong)[0] if wrong.any() else values[0])[:60]
        raise TableError(
            f"{path}: column {column.name!r} is {shown!r}; want a number between 0 and 1, or"
            " true/false"
        )
    return number
