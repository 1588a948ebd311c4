"""Read a population folder, trusting nothing that a hash or an id can check."""

from __future__ import annotations

import io
import os
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.errors import RecordError
from undertow.records.answers import PER_EXAMPLE, TEXTS, stacked
from undertow.records.class_list import refuse_many_classes
from undertow.records.folder import EXAMPLES, LARGEST_FILE, MANIFEST, PLAN, member_file, sha256
from undertow.records.manifest import missing, read_sealed, refuse_other_members
from undertow.records.opened import in_threads
from undertow.records.opening import read_file
from undertow.records.parquet_pages import refuse_bomb, refuse_long_texts
from undertow.records.records import MISSING, Records
from undertow.records.schema import FULL_PROBABILITIES_UP_TO, TOP_K, Manifest, MemberEntry
from undertow.records.top_five import FEWEST, among_all, among_stored

THREADS = min(8, os.cpu_count() or 1)


def read_population(folder: Path, *, inputs: bool = False, probabilities: bool = True) -> Records:
    """The population in ``folder``, every file checked against its SHA-256 in the manifest.

    ``inputs`` loads what a person can look at (images may be large); without ``probabilities`` the
    full probabilities stay on disk, while ``p_label``, confidence and margin are read all the same.

    Raises ``RecordError`` for a folder that is unfinished, and by name for a file that is missing,
    truncated or edited.
    """
    folder = Path(folder)
    manifest = read_manifest(folder)
    done = [m for m in manifest.members if m.status == "done"]
    if not done:
        raise RecordError(
            f"{folder}: has no member that is done ({_statuses(manifest)}); run it again"
        )
    examples = _read_examples(folder, manifest)
    with ThreadPoolExecutor(THREADS) as pool:
        answers = list(
            in_threads(
                pool,
                lambda m: _read_member(
                    folder, m, examples, len(manifest.classes), probabilities, inputs
                ),
                done,
            )
        )
    shown = examples["input"] if inputs and "input" in examples.columns else None
    p_label_MN, confidence_MN, margin_MN = (
        stacked(a.per_example[name] for a in answers) for name in PER_EXAMPLE
    )
    return Records(
        manifest,
        examples.drop("input", strict=False),
        np.stack([a.pred_N for a in answers]),
        p_label_MN,
        confidence_MN,
        margin_MN,
        stacked(a.proba_NC for a in answers),
        shown,
        stacked(a.per_example["score"] for a in answers),
        _all_or_none([a.texts.get("answer") for a in answers]),
        _all_or_none([a.texts.get("output") for a in answers]),
        in_top_MN=stacked(a.in_top_N for a in answers),
    )


def _statuses(manifest: Manifest) -> str:
    """``2 failed, 1 diverged``."""
    said = Counter(member.status for member in manifest.members)
    return ", ".join(f"{count} {status}" for status, count in said.items())


def _all_or_none(texts: list[pl.Series | None]) -> tuple[pl.Series, ...] | None:
    """A column of text for every member, or for none."""
    known = tuple(text for text in texts if text is not None)
    return known if known and len(known) == len(texts) else None


def read_manifest(folder: Path) -> Manifest:
    """``manifest.json`` of a finished population; ``RecordError`` that says what is there
    instead."""
    path = folder / MANIFEST
    if os.path.isfile(folder):
        raise RecordError(f"{folder}: is a file; give the population folder, as {folder.parent}")
    if not folder.is_dir():
        raise RecordError(f"{folder}: there is no such folder")
    if not path.exists():
        raise _without_manifest(folder)
    manifest = read_sealed(path)
    refuse_many_classes(path, len(manifest.classes), RecordError)
    refuse_other_members(folder, manifest)
    return manifest


def _without_manifest(folder: Path) -> RecordError:
    if (folder / PLAN).exists():
        return RecordError(
            f"{folder}: is unfinished (no {MANIFEST} yet); run the command that began it again "
            "with the same --out, it goes on with the members it has"
        )
    inside = sorted(p.parent.name for p in folder.glob(f"*/{MANIFEST}"))
    if inside:
        return RecordError(
            f"{folder}: holds the populations {', '.join(inside)}; give one of these folders"
        )
    return RecordError(
        f"{folder}: is no population folder (no {MANIFEST}); restore it, or make the records again"
    )


@dataclass(frozen=True, eq=False)
class _Member:
    """One member as read: predictions, then whatever its file has."""

    pred_N: NDArray[np.int32]
    per_example: dict[str, NDArray[Any] | None]
    proba_NC: NDArray[Any] | None
    in_top_N: NDArray[np.float32] | None
    texts: dict[str, pl.Series]


def _read_examples(folder: Path, manifest: Manifest) -> pl.DataFrame:
    path = folder / EXAMPLES
    examples = _parquet(path, _verified(path, manifest.examples_sha256), None)
    kinds = examples.schema
    if kinds.get("example_id") != pl.String or not (
        kinds.get("label", pl.Null()).is_integer() or "label" not in kinds
    ):
        raise RecordError(
            f"{path}: example_id is not text or label is not a class index; make the records again"
        )
    if "label" not in kinds:
        examples = examples.with_columns(pl.lit(None, pl.Int32).alias("label"))
    label_N = examples["label"].drop_nulls()
    if examples["example_id"].n_unique() < examples.height or examples["example_id"].null_count():
        raise RecordError(f"{path}: example ids are not unique and present; make the records again")
    if not label_N.is_between(0, len(manifest.classes) - 1).all():
        raise RecordError(
            f"{path}: labels go beyond the {len(manifest.classes)} classes; make the records again"
        )
    return examples.with_columns(pl.col("label").cast(pl.Int32))


def _read_member(
    folder: Path,
    member: MemberEntry,
    examples: pl.DataFrame,
    classes: int,
    probabilities: bool,
    outputs: bool,
) -> _Member:
    path = member_file(folder, member.id)
    large = (*(("probability",) if probabilities else ()), *(TEXTS if outputs else TEXTS[:1]))
    wanted = ("example_id", "prediction", *PER_EXAMPLE, "score", *large, *_tops(classes))
    frame = _parquet(path, _verified(path, member.sha256), wanted)
    if not {"example_id", "prediction"} <= set(frame.columns):
        raise RecordError(
            f"{path}: lacks the column example_id or prediction; make the member again"
        )
    if not frame["example_id"].equals(examples["example_id"]):
        raise RecordError(
            f"{path}: its example ids are not those of {EXAMPLES}; make the member again"
        )
    prediction = frame["prediction"]
    if (
        not prediction.dtype.is_integer()
        or not prediction.drop_nulls().is_between(0, classes - 1).all()
    ):
        raise RecordError(
            f"{path}: predictions are not class indices 0 to {classes - 1}; make the member again"
        )
    proba = _numbers(path, frame, "probability", pl.Array(pl.Float32, classes))
    per_example = {
        name: _numbers(path, frame, name, pl.Float32()) for name in (*PER_EXAMPLE, "score")
    }
    in_top = _in_top(path, frame, examples["label"], proba, per_example["p_label"])
    texts = {name: _words(path, frame[name]) for name in TEXTS if name in frame.columns}
    return _Member(
        prediction.cast(pl.Int32).fill_null(MISSING).to_numpy(), per_example, proba, in_top, texts
    )


def _tops(classes: int) -> tuple[str, ...]:
    """The columns that tell whether the label is among the five likeliest classes, where that is
    asked."""
    if classes < FEWEST:
        return ()
    return ("in_top",) if classes <= FULL_PROBABILITIES_UP_TO else ("in_top", "top_class")


def _in_top(
    path: Path,
    frame: pl.DataFrame,
    label: pl.Series,
    proba_NC: NDArray[Any] | None,
    p_label_N: NDArray[Any] | None,
) -> NDArray[np.float32] | None:
    """Whether the label is among the five likeliest classes, ``None`` where the file does not tell
    or it is not asked."""
    told = _numbers(path, frame, "in_top", pl.Float32())
    if told is not None or p_label_N is None:
        return told
    label_N = label.fill_null(MISSING).to_numpy()
    top_NK = _numbers(path, frame, "top_class", pl.Array(pl.Int32, TOP_K))
    if top_NK is not None:
        return among_stored(top_NK, label_N, p_label_N)
    if proba_NC is None or proba_NC.shape[1] < FEWEST:
        return None
    return among_all(proba_NC, label_N, p_label_N)


def _words(path: Path, column: pl.Series) -> pl.Series:
    if column.dtype != pl.String:
        raise RecordError(
            f"{path}: column {column.name!r} is {column.dtype}, not text; make it again"
        )
    return column


def _numbers(path: Path, frame: pl.DataFrame, name: str, kind: pl.DataType) -> NDArray[Any] | None:
    """A float column as an array, ``None`` where the file does not have it."""
    if name not in frame.columns:
        return None
    if frame.schema[name] != kind or frame[name].null_count():
        raise RecordError(
            f"{path}: column {name!r} is {frame.schema[name]} or has nulls, not "
            f"{kind}; make it again"
        )
    return frame[name].to_numpy()


def _verified(path: Path, expected: str | None) -> bytes:
    """The file's bytes, once they are those that the manifest knows."""
    try:
        data = read_file(path, LARGEST_FILE, RecordError)
    except FileNotFoundError as error:
        raise missing(path) from error
    except OSError as error:
        raise RecordError(
            f"{path}: cannot be read ({error.strerror}); restore it, or make it again"
        ) from error
    if expected is None or sha256(data) != expected:
        raise RecordError(
            f"{path}: is not the file that {MANIFEST} knows (SHA-256 {sha256(data)[:12]}…, "
            f"{'none' if expected is None else expected[:12] + '…'} expected): truncated or "
            "edited; restore it, or run the command that made this folder again"
        )
    return data


def verified_parquet(
    path: Path, expected: str | None, columns: Iterable[str] | None = None
) -> pl.DataFrame:
    """A Parquet file, once it is the one that the manifest knows; those of ``columns`` that it has,
    or all."""
    return _parquet(path, _verified(path, expected), columns)


def _parquet(path: Path, data: bytes, columns: Iterable[str] | None) -> pl.DataFrame:
    refuse_bomb(path, data, RecordError)
    try:
        present = None if columns is None else set(pl.read_parquet_schema(io.BytesIO(data)))
        wanted = (
            None
            if columns is None
            else [c for c in columns if present is not None and c in present]
        )
        frame = pl.read_parquet(data, columns=wanted)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        raise RecordError(
            f"{path}: is not a Parquet file that can be read; make the records again"
        ) from error
    refuse_long_texts(path, frame, len(data), RecordError)
    return frame
