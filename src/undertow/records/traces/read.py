"""Opens a trace: of a population, of dataset cartography's folder, or of an npz."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.errors import RecordError, UserError
from undertow.records.folder import MANIFEST, begun_file, begun_members
from undertow.records.probes import ProbeValues, read_probe, read_train, trained_on
from undertow.records.read import read_manifest
from undertow.records.traces.arrays import read_arrays
from undertow.records.traces.cartography import dynamics_files, read_cartography
from undertow.records.traces.trace import Trace, clipped

TRUE, WRONG = "true_label", "mislabelled"
COLUMNS = ("loss", "margin", "error", "predicted")


PROBE = "trace"
"""The name that the trace of a population has by default."""


def read_trace(path: Path, probe: str = PROBE) -> Trace:
    """``probe`` names that of a population. ``UserError`` for what holds no trace."""
    trace = _read(path, probe)
    return replace(trace, doubts=(*trace.doubts, *clipped(trace.values)))


def _read(path: Path, probe: str) -> Trace:
    if os.path.isdir(path):
        if (path / MANIFEST).is_file():
            return _of_population(path, probe)
        if dynamics_files(path):
            _refuse_probe(path, probe)
            return read_cartography(path)
        raise UserError(
            f"{path}: holds no trace; give a population folder whose members were trained with a "
            "Trace or recorded by member.saw, or a folder with dynamics_epoch_0.jsonl …"
        )
    if not os.path.lexists(path):
        raise UserError(f"{path}: there is no such file or folder; check the path")
    if path.name == MANIFEST:
        raise RecordError(f"{path}: is a file; give the population folder, as {path.parent}")
    if path.suffix.lower() != ".npz":
        raise UserError(
            f"{path}: is no trace; give a population folder, a folder with dynamics_epoch_0.jsonl "
            "…, or an npz with logits (epochs, examples, classes) and labels"
        )
    _refuse_probe(path, probe)
    return read_arrays(path)


def _refuse_probe(path: Path, probe: str) -> None:
    """``UserError`` where a trace is named of what has only one."""
    if probe != PROBE:
        raise UserError(
            f"--probe {probe}: names a trace of a population, and {path} is none and has one "
            "trace; leave --probe out"
        )


def _of_population(folder: Path, probe: str) -> Trace:
    values = read_probe(folder, probe)
    lacking = [column for column in COLUMNS if column not in values.values]
    if not values.members:
        raise UserError(f"probe {values.name!r}: no member is done, so there is nothing to tell")
    if lacking:
        raise UserError(
            f"--probe {probe}: is not a trace: it has no column {lacking[0]!r}; name a trace, as "
            "trace or trace-clean"
        )
    if values.entry.part != "train":
        raise UserError(
            f"--probe {probe}: is of test examples, which nobody trained on; name a trace of "
            "training examples, as trace or trace-clean"
        )
    train, manifest = trained_on(read_train(folder)), read_manifest(folder)
    return Trace(
        values=values,
        classes=manifest.classes,
        known_wrong_N=_known_wrong(train, values, manifest.classes),
        columns=train,
        about=f"{probe} of {manifest.name}",
        notices=_begun(folder, values.members),
    )


def _begun(folder: Path, members: tuple[str, ...]) -> tuple[str, ...]:
    """What is said of members that a recorder began and that never answered."""
    return tuple(
        f"Member {each!r} began to train and has no answers, so it is not counted: it still "
        "trains, or was killed. Run its training again, or forget it by removing "
        f"{begun_file(folder, each)}."
        for each in begun_members(folder)
        if each not in members
    )


def _known_wrong(
    train: pl.DataFrame, values: ProbeValues, classes: tuple[str, ...]
) -> NDArray[np.bool_]:
    """Where the record tells the true label, and it is another one."""
    if TRUE in train.columns:
        given = [classes[k] if k >= 0 else None for k in values.label_N.tolist()]
        true = _named(train[TRUE].cast(pl.String), classes)
        return ((true != pl.Series(given, dtype=pl.String)).fill_null(False)).to_numpy()
    if WRONG in train.columns:
        wrong = train[WRONG].cast(pl.String)
        other = wrong.drop_nulls().filter(~wrong.drop_nulls().is_in(["yes", "no"]))
        if len(other):
            raise UserError(
                f"column {WRONG!r} of the training part has {other[0]!r}; record yes or no of each "
                "example, or its true_label"
            )
        return (wrong == "yes").fill_null(False).to_numpy()
    return np.zeros(train.height, dtype=np.bool_)


def _named(true: pl.Series, classes: tuple[str, ...]) -> pl.Series:
    """True labels by the names of classes, also where all are given as indices. ``UserError`` where
    none is of these classes: every label would count as known to be wrong."""
    told = true.drop_nulls()
    if told.is_in(list(classes)).any() or told.is_empty():
        return true
    index = told.cast(pl.Int64, strict=False)
    if index.is_null().any() or not index.is_between(0, len(classes) - 1).all():
        raise UserError(
            f"column {TRUE!r} of the training part has none of the classes "
            f"({', '.join(map(repr, classes[:2]))} …), but {told[0]!r}; record names of classes, "
            "or their indices"
        )
    return true.cast(pl.Int64).replace_strict(dict(enumerate(classes)), return_dtype=pl.String)
