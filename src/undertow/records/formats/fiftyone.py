"""A FiftyOne export (``FiftyOneDataset``), which holds the predictions of several models.

``samples.json`` stands beside ``metadata.json``.

ground_truth             a Classification with the label
any other Classification a model's predictions: label, confidence
other scalars, tags      slices, except what an evaluation wrote: whether an answer was right
                         does not belong to the image

What follows ``::`` in the path (or ``--metric``) names the field of predictions. ``example_id`` is
the file's name, where names are unique, else its path. Media are not read.
Source: FiftyOne 1.x, ``FiftyOneDatasetExporter``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import polars as pl

from undertow.errors import TableError
from undertow.records.formats.decoding.json import read_json
from undertow.records.formats.decoding.values import table
from undertow.records.formats.logs.slices import slice_worthy
from undertow.records.formats.members.join import Sheet
from undertow.records.formats.members.names import file_name
from undertow.records.formats.predictions.build import CONFIDENCE, from_sheets
from undertow.records.opening import open_file
from undertow.records.reading import Reading
from undertow.records.records import Records

NAME = "FiftyOne"
ABOUT = "a FiftyOne dataset export (samples.json), as PATH::FIELD where it holds several models"
USES = ("metric",)
SAMPLES, METADATA = "samples.json", "metadata.json"
TRUTH = ("ground_truth", "label", "truth", "target")
MOST_TAGS = 20


def sniff(path: Path) -> str | None:
    """The export's folder, or its samples.json."""
    file = path / SAMPLES if path.is_dir() else path
    if file.name != SAMPLES or not file.is_file():
        return None
    try:
        with open_file(file) as opened:
            head = opened.read(1 << 16)
    except OSError:
        return None
    return (
        "FiftyOne export (samples.json)" if b'"samples"' in head and b"filepath" in head else None
    )


def read(paths: Sequence[Path], reading: Reading) -> Records:
    """The field that is asked for; several exports are several members. Raises ``TableError``, one
    line."""
    asked = reading.pick or reading.metric
    made = [_sheet(path / SAMPLES if path.is_dir() else path, asked) for path in paths]
    sheets = [
        Sheet(f"{s.member}-{i}" if len(made) > 1 else s.member, s.source, s.frame)
        for i, s in enumerate(made)
    ]
    return from_sheets(sheets, reading.named(made[0].member), confident=True)


def _sheet(path: Path, asked: str | None) -> Sheet:
    samples = _samples(path)
    fields = _classifications(samples)
    truth = next((name for name in TRUTH if name in fields), None)
    field = _chosen(path, [name for name in fields if name != truth], asked)
    predictions = [_classification(s.get(field)) for s in samples]
    evaluations = _evaluations(path)
    columns: dict[str, list[Any]] = {
        "example_id": _ids(samples),
        "prediction": [p.get("label") for p in predictions],
        CONFIDENCE: [_float(p.get("confidence")) for p in predictions],
    }
    if truth is not None:
        columns["label"] = [_classification(s.get(truth)).get("label") for s in samples]
    text = {
        k: [None if v is None else str(v) for v in vs]
        for k, vs in columns.items()
        if k != CONFIDENCE
    }
    frame = pl.DataFrame(
        {**text, CONFIDENCE: columns[CONFIDENCE]}, schema_overrides=dict.fromkeys(text, pl.String)
    )
    if frame[CONFIDENCE].null_count() == frame.height:
        frame = frame.drop(CONFIDENCE)
    taken = {CONFIDENCE, *frame.columns, *evaluations}
    return Sheet(file_name(field), str(path), frame.with_columns(_slices(samples, taken)))


def _evaluations(path: Path) -> frozenset[str]:
    """Names of the fields in which evaluations of this dataset keep their outcomes, from
    metadata.json."""
    try:
        keys = table(table(read_json(path.parent / METADATA, Any)).get("evaluations"))
    except TableError:  # Nothing else is wanted of this file.
        return frozenset()
    return frozenset(key + end for key in keys for end in ("", "_tp", "_fp", "_fn"))


def _samples(path: Path) -> list[dict[str, Any]]:
    content = read_json(path, Any)
    samples = content.get("samples") if isinstance(content, dict) else None
    if (
        not isinstance(samples, list)
        or not samples
        or not all(isinstance(s, dict) for s in samples)
    ):
        raise TableError(
            f"{path}: holds no list of samples; export the dataset again as FiftyOneDataset"
        )
    return samples


def _classifications(samples: list[dict[str, Any]]) -> list[str]:
    """Fields that hold a Classification somewhere, in the order in which they appear."""
    found = (
        str(k)
        for s in samples
        for k, v in s.items()
        if isinstance(v, dict) and "label" in v and _is_one(v)
    )
    return list(dict.fromkeys(found))


def _is_one(value: dict[str, Any]) -> bool:
    """A box or a line has a label too; only a Classification is about the whole image."""
    return value.get("_cls", "Classification") == "Classification" and "detections" not in value


def _chosen(path: Path, fields: list[str], asked: str | None) -> str:
    if asked in fields:
        return str(asked)
    if not fields:
        raise TableError(
            f"{path}: has no field of predictions besides the truth; export the model's "
            "predictions too"
        )
    if asked is None and len(fields) == 1:
        return fields[0]
    choices = ", ".join(f"::{name[:40]}" for name in fields[:12])
    what = (
        "holds several fields of predictions" if asked is None else f"has no field {asked[:60]!r}"
    )
    raise TableError(f"{path}: {what}; choose one of {choices} after the path")


def _ids(samples: list[dict[str, Any]]) -> list[str | None]:
    paths = [str(s.get("filepath") or s.get("_id") or "") for s in samples]
    names = [PurePosixPath(p.replace("\\", "/")).name for p in paths]
    return [i or None for i in (names if len(set(names)) == len(names) else paths)]


def _classification(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _float(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and 0 <= value <= 1 else None


def _slices(samples: list[dict[str, Any]], taken: set[str]) -> list[pl.Series]:
    """Scalar fields, and one true/false column for each of a few tags."""
    names = dict.fromkeys(
        k for s in samples for k, v in s.items() if isinstance(v, str | bool | int | float)
    )
    columns = []
    for name in names:
        if (
            name in taken
            or name.startswith("_")
            or name in ("filepath", "member", "score", "input", "content_hash")
        ):
            continue
        try:
            column = pl.Series(name, [s.get(name) for s in samples], strict=False)
        except (TypeError, OverflowError, pl.exceptions.PolarsError):
            continue
        if not name.startswith("p_") and slice_worthy(column):
            columns.append(column)
    tags_N = [s["tags"] if isinstance(s.get("tags"), list) else [] for s in samples]
    tags = dict.fromkeys(t for tags in tags_N for t in tags if isinstance(t, str))
    if len(tags) <= MOST_TAGS:
        columns += [pl.Series(f"tag {t}", [t in tags for tags in tags_N]) for t in tags]
    return columns
