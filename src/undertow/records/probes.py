"""What probes measured while members were trained: values per example and epoch, and values per
epoch alone.

    probes/<name>/<member>.parquet   example_id, and columns of arrays (E,)
    series/<member>.parquet          epoch, and columns of float64
    train.parquet                    example_id, label and slices of the training part, and held_out
                                     (yes or no) where examples were held out

The manifest's ``probes`` says of each which epochs these are, and which part, mode and view. Every
file is read against its SHA-256 in the manifest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.errors import RecordError
from undertow.records.folder import (
    EXAMPLES,
    HELD_OUT,
    SERIES,
    TRAIN,
    check_member_id,
    probe_file,
    series_file,
)
from undertow.records.read import read_manifest, verified_parquet
from undertow.records.schema import Manifest, MemberEntry, ProbeEntry


@dataclass(frozen=True, eq=False)
class Probed:
    """What probes measured on one member.

    ``per_example`` has a frame for each probe that has values of examples, a row per example in the
    order of its part, without ids. ``series`` has the column ``epoch`` and a column per quantity.
    """

    per_example: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    series: pl.DataFrame | None = None


@dataclass(frozen=True, eq=False)
class ProbeValues:
    """One probe's values: ``values[column]`` is (M, N, E), members in the order of ``members``,
    examples in that of ``example_id_N``, epochs in that of ``entry.epochs``."""

    name: str
    entry: ProbeEntry
    members: tuple[str, ...]
    example_id_N: pl.Series
    label_N: NDArray[np.int32]
    """Class index of each example's label, -1 where there is none."""
    values: Mapping[str, NDArray[Any]]


def read_probe(folder: Path, name: str) -> ProbeValues:
    """A probe's values for every member that is done. ``RecordError`` where there is no such probe,
    and by name for a file that is missing, truncated or edited."""
    folder = Path(folder)
    manifest = read_manifest(folder)
    entry = _entry(folder, manifest, name)
    examples = _examples(folder, manifest, entry)
    done = [m for m in manifest.members if m.status == "done"]
    frames = [_member_values(folder, member, name, examples["example_id"]) for member in done]
    columns = frames[0].columns if frames else []
    for member, frame in zip(done, frames, strict=True):
        if frame.columns != columns:
            raise RecordError(
                f"{probe_file(folder, name, member.id)}: has the columns "
                f"{', '.join(frame.columns)}, the first member {', '.join(columns)}; make it again"
            )
    return ProbeValues(
        name,
        entry,
        tuple(m.id for m in done),
        examples["example_id"],
        examples["label"].cast(pl.Int32).fill_null(-1).to_numpy(),
        {c: np.stack([frame[c].to_numpy() for frame in frames]) for c in columns},
    )


def read_series(folder: Path) -> pl.DataFrame:
    """``member``, ``epoch`` and a column per quantity, members in their order; ``RecordError``
    where no probe wrote a series."""
    folder = Path(folder)
    done = [m for m in read_manifest(folder).members if m.status == "done"]
    if not any(m.series for m in done):
        raise RecordError(
            f"{folder}: has no {SERIES}/; no probe of this population has values per epoch alone"
        )
    frames = [
        verified_parquet(series_file(folder, m.id), m.series).with_columns(member=pl.lit(m.id))
        for m in done
    ]
    return pl.concat(frames).select("member", pl.exclude("member"))


def read_train(folder: Path) -> pl.DataFrame:
    """The training part's ``example_id``, ``label`` and slices, of held-out examples too;
    ``RecordError`` where the record does not have it."""
    folder = Path(folder)
    return _train(folder, read_manifest(folder))


def _entry(folder: Path, manifest: Manifest, name: str) -> ProbeEntry:
    entry = manifest.probes.get(name)
    if entry is None or entry.part is None:
        able = [n for n, known in manifest.probes.items() if known.part]
        has = f"it has {', '.join(able)}" if able else "its members were trained without any"
        raise RecordError(f"{folder}: has no probe {name!r} with values of examples; {has}")
    return entry


def _examples(folder: Path, manifest: Manifest, entry: ProbeEntry) -> pl.DataFrame:
    if entry.part in ("train", "held_out"):
        rows_of = trained_on if entry.part == "train" else held_out
        return rows_of(_train(folder, manifest))
    return verified_parquet(folder / EXAMPLES, manifest.examples_sha256, ("example_id", "label"))


def _train(folder: Path, manifest: Manifest) -> pl.DataFrame:
    if manifest.train_sha256 is None:
        raise RecordError(
            f"{folder}: has no {TRAIN}; no probe looked at its training part, and it is the data "
            "set's own"
        )
    return verified_parquet(folder / TRAIN, manifest.train_sha256)


def trained_on(train: pl.DataFrame) -> pl.DataFrame:
    """Its rows without those that were held out."""
    return train.filter(pl.col(HELD_OUT) != "yes") if HELD_OUT in train.columns else train


def held_out(train: pl.DataFrame) -> pl.DataFrame:
    """Its rows that were held out."""
    return train.filter(pl.col(HELD_OUT) == "yes") if HELD_OUT in train.columns else train[:0]


def _member_values(folder: Path, member: MemberEntry, name: str, ids: pl.Series) -> pl.DataFrame:
    path = probe_file(folder, name, check_member_id(member.id))
    frame = verified_parquet(path, member.probes.get(name))
    if "example_id" not in frame.columns or not frame["example_id"].equals(ids):
        raise RecordError(f"{path}: its example ids are not those of its part; make it again")
    return frame.drop("example_id")


def merged(found: Sequence[Probed]) -> Probed:
    """What several probes measured on one member, as one; their series side by side by epoch."""
    per_example: dict[str, pl.DataFrame] = {}
    series: pl.DataFrame | None = None
    for one in found:
        per_example |= one.per_example
        if one.series is not None:
            taken = {*one.series.columns[1:]} & {*(series.columns if series is not None else ())}
            if taken:
                raise ValueError(f"two probes write the column {min(taken)!r} of a series")
            series = (
                one.series
                if series is None
                else series.join(one.series, on="epoch", how="full", coalesce=True).sort("epoch")
            )
    return Probed(per_example, series)
