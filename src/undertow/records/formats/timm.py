"""What timm's ``inference.py`` writes: one row per image with its likeliest classes.

filename (or index), label      the image and its likeliest class; with ``--topk`` lists, or
                                label_0, label_1 …
prob, logit                     the likeliest class's probability, lists and columns likewise

There is no truth in it: it comes from ``--labels FILE``, or from the parent folder of each file
name where ``--fullname`` wrote it. CSV, JSON and Parquet.
Source: timm 1.0, ``inference.py``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import polars as pl

from undertow.errors import TableError
from undertow.records.formats.decoding.json import read_json
from undertow.records.formats.decoding.tables import column_names, kind_of, parse
from undertow.records.formats.members.join import Sheet
from undertow.records.formats.members.names import member_names, population_name
from undertow.records.formats.predictions.build import CONFIDENCE, from_sheets
from undertow.records.formats.predictions.columns import clean
from undertow.records.formats.predictions.labels import with_labels
from undertow.records.opening import open_file
from undertow.records.reading import Reading
from undertow.records.records import Records
from undertow.records.usual_names import PREDICTION, those_called

NAME = "timm"
ABOUT = "per-image output of timm's inference.py (CSV, JSON or Parquet)"
USES = ("labels",)
SUMMARY = frozenset({"model", "top1", "top5"})
ANSWERS = ("label", "label_0", "index", "index_0")
OUTPUTS = ("prob", "prob_0", "logit", "logit_0")
JSON_ROW = re.compile(
    rb'\s*(\{\s*"[^"]*"\s*:\s*\{|\[\s*\{)\s*'
    rb'"(filename|label|index|prob|logit|label_0|index_0|prob_0|model)"'
)
"""The first row, of rows by file name or in a list."""
JSON_SPLIT = re.compile(rb'\s*\{\s*"columns"\s*:\s*\[[^\]]*"(label|index|label_0|index_0)"')


def sniff(path: Path) -> str | None:
    """A table with filename and a likeliest class; timm's summary too, to say what to run
    instead."""
    if path.is_dir():
        return None
    names = _names(path)
    # A table of predictions that names its images so has its right answers in ``label``.
    predicts = "example_id" in names or those_called(PREDICTION, names)
    if "filename" in names and names & {*ANSWERS, *OUTPUTS} and not predicts:
        return "timm inference output (filename and label)"
    return "timm validation summary (model, top1, top5)" if names >= SUMMARY else None


def read(paths: Sequence[Path], reading: Reading) -> Records:
    """One population; several files are several members. Raises ``TableError``, one line."""
    notes: list[str] = []
    sheets = [
        _sheet(path, name, notes) for path, name in zip(paths, member_names(paths), strict=True)
    ]
    if reading.labels is not None:
        sheets = with_labels(
            [Sheet(s.member, s.source, s.frame.drop("label", strict=False)) for s in sheets],
            reading,
            notes,
        )
    elif all("label" not in sheet.frame.columns for sheet in sheets):
        notes.append(
            f"{paths[0]}: holds no right answers; give them with --labels FILE (filename and "
            "label)."
        )
    return from_sheets(sheets, reading.named(population_name(paths)), notes, confident=True)


def _sheet(path: Path, member: str, notes: list[str]) -> Sheet:
    frame = _frame(path)
    if frame.columns and set(frame.columns) >= SUMMARY and "filename" not in frame.columns:
        raise TableError(
            f"{path}: is a summary of models without a row per image; run timm's inference.py "
            "--fullname"
        )
    answer = next((name for name in ANSWERS if name in frame.columns), None)
    if "filename" in frame.columns and answer is None and set(OUTPUTS) & set(frame.columns):
        raise TableError(
            f"{path}: has no label and no index; run timm's inference.py with --include-index"
        )
    if "filename" not in frame.columns or answer is None:
        raise TableError(f"{path}: lacks filename or label; it has {', '.join(frame.columns[:12])}")
    names = frame["filename"].cast(pl.String)
    if names.is_duplicated().any():
        first = names.filter(names.is_duplicated())[0]
        raise TableError(
            f"{path}: {first!r} names several images; run inference.py with --fullname so that"
            " folders tell them apart"
        )
    columns = {"example_id": names, "prediction": _first(frame[answer]).cast(pl.String)}
    probability = next((p for p in ("prob", "prob_0") if p in frame.columns), None)
    if probability is not None:
        columns[CONFIDENCE] = _number(path, _first(frame[probability]))
    parents = [PurePosixPath(name.replace("\\", "/")).parent.name for name in names.fill_null("")]
    if all(parents) and len(set(parents)) > 1 and _alike(parents, columns["prediction"]):
        columns["label"] = pl.Series(parents)
        notes.append(
            f"{path}: the right answer of an image is taken to be the folder that it lies in."
        )
    notes += _ambiguous(path, frame, answer, columns["prediction"])
    made, said = clean(path, pl.DataFrame({name: c.alias(name) for name, c in columns.items()}))
    notes += said
    return Sheet(member, str(path), made)


def _ambiguous(path: Path, frame: pl.DataFrame, answer: str, prediction: pl.Series) -> list[str]:
    """A note where one description (ImageNet has two cranes) is what several classes are called."""
    index = next(
        (name for name in ("index", "index_0") if name in frame.columns and name != answer), None
    )
    if index is None:
        return []
    pairs = pl.DataFrame(
        {"label": prediction, "index": _first(frame[index]).cast(pl.String)}
    ).unique()
    twice = pairs["label"].filter(pairs["label"].is_duplicated()).unique().sort()
    if twice.len() == 0:
        return []
    return [
        f"{path}: {twice.len()} labels stand for several classes of {index}, first {twice[0]!r};"
        " each is one here."
    ]


def _alike(parents: list[str], predictions: pl.Series) -> bool:
    """Folders are classes only if some of them are also answers."""
    return bool(set(parents) & set(predictions.to_list()))


def _first(column: pl.Series) -> pl.Series:
    """The likeliest of a list of classes; CSV writes lists as text."""
    if column.dtype in (pl.List, pl.Array):
        return column.cast(pl.List(column.dtype.inner)).list.first()  # type: ignore[attr-defined]
    if (
        column.dtype == pl.String
        and column.drop_nulls().str.starts_with("[").all()
        and len(column.drop_nulls())
    ):
        inside = column.str.strip_chars("[] ").to_frame("text")
        quoted, double, bare = (
            pl.col("text").str.extract(p, 1) for p in (r"^'([^']*)'", r'^"([^"]*)"', r"^([^,\s]+)")
        )
        return inside.select(pl.coalesce(quoted, double, bare)).to_series()
    return column


def _number(path: Path, column: pl.Series) -> pl.Series:
    if column.dtype.is_nested():
        raise TableError(
            f"{path}: a probability is {column.dtype}; expected numbers between 0 and 1"
        )
    number = column.cast(pl.Float64, strict=False)
    wrong = number.is_null() & column.is_not_null()
    if wrong.any() or not number.drop_nulls().is_between(0, 1).all():
        shown = str(column.filter(wrong)[0] if wrong.any() else number.drop_nulls().max())[:60]
        raise TableError(
            f"{path}: a probability is {shown!r}; expected numbers between 0 and 1 (write "
            "prob, not "
            "logit)"
        )
    return number


def _frame(path: Path) -> pl.DataFrame:
    return _from_json(path, read_json(path, Any)) if _looks_json(path) else parse(path)


def _names(path: Path) -> frozenset[str]:
    """Column names, for sniffing; the empty set for anything else."""
    if not _looks_json(path):
        return frozenset() if kind_of(path) is None else column_names(path)
    try:
        return frozenset(_from_json(path, read_json(path, Any)).columns)
    except TableError:
        return frozenset()


def _looks_json(path: Path) -> bool:
    """JSON whose first row has timm's columns; not read further than that."""
    if path.suffix.lower() != ".json":
        return False
    try:
        with open_file(path) as file:
            head = file.read(1 << 16)
    except OSError:
        return False
    return JSON_ROW.match(head) is not None or JSON_SPLIT.match(head) is not None


def _from_json(path: Path, content: Any) -> pl.DataFrame:
    """pandas' orientations: index ({file: row}), records ([row]), split ({columns, data})."""
    rows = content
    if isinstance(content, dict) and {"columns", "data"} <= set(content):
        names, data = content["columns"], content["data"]
        if (
            not isinstance(names, list)
            or not isinstance(data, list)
            or not all(isinstance(row, list) for row in data)
        ):
            raise TableError(f"{path}: columns or data of this JSON are no lists; write it again")
        indexed = content.get("index") if "filename" not in names else None
        rows = [dict(zip(map(str, names), row, strict=False)) for row in data]
        if isinstance(indexed, list) and len(indexed) == len(rows):
            rows = [{"filename": name, **row} for name, row in zip(indexed, rows, strict=True)]
    elif isinstance(content, dict):
        rows = [
            {"filename": name, **row} if isinstance(row, dict) else None
            for name, row in content.items()
        ]
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise TableError(f"{path}: this JSON holds no rows with a filename; write it again as CSV")
    try:
        return pl.DataFrame(rows, infer_schema_length=None, strict=False)
    except (pl.exceptions.PolarsError, TypeError, ValueError, OverflowError) as error:
        raise TableError(
            f"{path}: its rows do not fit together ({' '.join(str(error).split())[:120]})"
        ) from error
