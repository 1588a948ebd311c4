"""What Hugging Face's scripts and ``datasets`` leave on disk.

predict_results_<task>.txt    index<TAB>prediction, as ``run_glue.py`` writes it; truth comes from ``--labels FILE``
*.parquet                     saved by ``datasets``: prediction, label (whole numbers with names in the file's metadata)

Names of classes are the file's own, so two files with another order are still compared by name. Rows are joined by
example_id, id or idx; without any, by position, and a note says so. Source: transformers 4 ``run_glue.py``,
datasets 3 ``Features`` in the Arrow schema's metadata.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from undertow.errors import TableError
from undertow.records.formats._columns import clean
from undertow.records.formats._join import Sheet
from undertow.records.formats._labels import with_labels
from undertow.records.formats._names import member_names, population_name
from undertow.records.formats._parse import column_names, kind_of, parse, silent_panics
from undertow.records.formats._sheets import from_sheets
from undertow.records.reading import Reading
from undertow.records.records import MISSING, Records

NAME = "Hugging Face"
ABOUT = "predict_results_*.txt of transformers' scripts, or Parquet saved by datasets with ClassLabel names"
PREDICTIONS = ("prediction", "predictions", "pred", "predicted_label", "predicted")
TRUTHS = ("label", "labels", "target")
IDS = ("example_id", "id", "idx", "index")
METADATA = "huggingface"


def sniff(path: Path) -> str | None:
    """``index<TAB>prediction``, or Parquet with the metadata of datasets and a column of predictions."""
    if path.is_dir():
        return None
    try:
        with path.open("rb") as file:
            head = file.read(256)
    except OSError:
        return None
    if head.startswith(b"index\tprediction"):
        return "Hugging Face predict_results (index and prediction)"
    if not head.startswith(b"PAR1") or kind_of(path) is None or not _class_names(path):
        return None
    return "Hugging Face datasets Parquet (ClassLabel names)" if column_names(path) & set(PREDICTIONS) else None


def read(paths: Sequence[Path], reading: Reading) -> Records:
    """One population; several files are several members. Raises ``TableError``, one line."""
    notes: list[str] = []
    read_as = [_from_text if _is_text(path) else _from_parquet for path in paths]
    made = [f(path, name, notes) for f, path, name in zip(read_as, paths, member_names(paths), strict=True)]
    sheets = with_labels([sheet for sheet, _ in made], reading.labels)
    if reading.labels is None and all("label" not in s.frame.columns for s in sheets):
        notes.append(f"{paths[0]}: holds no right answers; give them with --labels FILE (index and label).")
    declared = made[0][1] if all(names == made[0][1] for _, names in made) else None
    return from_sheets(sheets, reading.named(population_name(paths)), notes, classes=declared)


def _is_text(path: Path) -> bool:
    return not path.read_bytes()[:4].startswith(b"PAR1")


def _from_text(path: Path, member: str, notes: list[str]) -> tuple[Sheet, tuple[str, ...] | None]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise TableError(f"{path}: cannot be read as UTF-8 text; write the predictions again") from error
    rows = [line.split("\t") for line in lines[1:] if line.strip()]
    wrong = next((n for n, row in enumerate(rows) if len(row) != 2), None)
    if wrong is not None:
        raise TableError(f"{path}: line {wrong + 2} is no pair of index and prediction: {lines[wrong + 1][:60]!r}")
    if not rows:
        raise TableError(f"{path}: has a header and no rows; want one row per example")
    notes.append(f"{path}: rows are known by their index in the split only.")
    frame = pl.DataFrame({"example_id": [r[0] for r in rows], "prediction": [r[1] for r in rows]})
    return Sheet(member, str(path), frame), None


def _from_parquet(path: Path, member: str, notes: list[str]) -> tuple[Sheet, tuple[str, ...] | None]:
    frame, names = parse(path), _class_names(path)
    answer = next((c for c in PREDICTIONS if c in frame.columns), None)
    truth = next((c for c in TRUTHS if c in frame.columns), None)
    key = next((c for c in IDS if c in frame.columns), None)
    if answer is None:
        raise TableError(f"{path}: has no column of predictions; name it prediction ({', '.join(frame.columns[:12])})")
    renamed = {answer: "prediction", **({truth: "label"} if truth else {}), **({key: "example_id"} if key else {})}
    frame = frame.rename({old: new for old, new in renamed.items() if old != new})
    if key is None:
        notes.append(f"{path}: has no ids, so rows are joined by their position.")
        frame = frame.with_columns(pl.int_range(pl.len()).cast(pl.String).alias("example_id"))
    shared = names.get(answer) or names.get(truth or "") or next(iter(names.values()), ())
    named = {"prediction": shared, "label": names.get(truth or "") or shared}
    frame = frame.with_columns(
        _named(path, frame[column], classes) for column, classes in named.items() if column in frame.columns
    )
    cleaned, said = clean(path, frame)
    notes += said
    return Sheet(member, str(path), cleaned), shared or None


def _named(path: Path, column: pl.Series, classes: tuple[str, ...]) -> pl.Series:
    """Whole numbers as the names that the file gives them."""
    if not column.dtype.is_integer() or not classes:
        return column
    known = column.drop_nulls()
    outside = known.filter(~known.is_between(MISSING, len(classes) - 1))
    if len(outside):
        raise TableError(f"{path}: {column.name} is {outside[0]}, but the file names {len(classes)} classes")
    names = [None if v is None or v < 0 else classes[v] for v in column.to_list()]
    return pl.Series(column.name, names, dtype=pl.String)


def _class_names(path: Path) -> dict[str, tuple[str, ...]]:
    """Column → names, from the metadata of ``datasets``; empty for anything else."""
    try:
        with silent_panics():
            metadata = pl.read_parquet_metadata(path)
        features = json.loads(metadata[METADATA])["info"]["features"]
        found: dict[str, Any] = {
            str(c): f.get("names")
            for c, f in features.items()
            if isinstance(f, dict) and f.get("_type") == "ClassLabel"
        }
    except (Exception, pl.exceptions.PanicException):
        return {}
    return {c: tuple(map(str, names)) for c, names in found.items() if _are_names(names)}


def _are_names(names: Any) -> bool:
    return isinstance(names, list) and len(names) > 0 and len({str(n) for n in names}) == len(names)
