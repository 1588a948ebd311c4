"""Reads what dataset cartography writes (2009.10795): ``dynamics_epoch_<n>.jsonl``, a line for each
example with its ``guid``, the logits of the epoch and the ``gold`` label."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.errors import TableError
from undertow.records.formats.decoding.json_rows import decoded
from undertow.records.formats.decoding.lines import blocks
from undertow.records.traces.formula import Values, values_of
from undertow.records.traces.trace import Trace, values_from

NAMED = "dynamics_epoch_{}.jsonl"
NAME = re.compile(r"dynamics_epoch_(\d+)\.jsonl(\.gz)?")
WITHIN = "training_dynamics"
"""The folder that its authors' script makes in the folder of a run."""


def dynamics_files(folder: Path) -> dict[int, Path]:
    """Epoch → file, in the order of epochs; of the folder itself or of ``training_dynamics`` in
    it."""
    for place in (folder, folder / WITHIN):
        try:
            names = sorted(path.name for path in place.iterdir()) if place.is_dir() else []
        except OSError:
            names = []
        found: dict[int, Path] = {}
        for name in names:
            if named := NAME.fullmatch(name):
                epoch = int(named[1])
                if epoch in found:
                    raise TableError(
                        f"{place}: has {found[epoch].name} and {name}, both of epoch {epoch}; keep "
                        "one of them"
                    )
                found[epoch] = place / name
        if found:
            return dict(sorted(found.items()))
    return {}


def gaps(epochs: Iterable[int]) -> tuple[str, ...]:
    """What is said where files of epochs are missing before the last; they count from 0 or 1."""
    there = set(epochs)
    missing = sorted(set(range(1, max(there))) - there)
    if not missing:
        return ()
    shown = ", ".join(NAMED.format(epoch) for epoch in missing[:3])
    more = f" and {len(missing) - 3:,} more" if len(missing) > 3 else ""
    are = "are" if len(missing) > 1 else "is"
    return (
        f"{shown}{more} {are} missing, so that the first epochs are the first of those that are "
        "there. Give all files of the run, unless it kept only some.",
    )


def read_cartography(folder: Path) -> Trace:
    """One member's trace. Examples are in the order of their first line. ``TableError`` for a line
    that is none of such a file."""
    labels: dict[str, int] = {}
    logits: list[dict[str, NDArray[np.float64]]] = []
    files = dynamics_files(folder)
    for epoch, path in files.items():
        logits.append(_once(path, _rows(path, epoch, labels)))
    ids = list(labels)
    label_N = np.array([labels[each] for each in ids], dtype=np.int32)
    classes = _classes(folder, logits, label_N)
    epochs = _counted(files)
    seen = [_values(of_epoch, ids, label_N, classes) for of_epoch in logits]
    example_id_N = pl.Series("example_id", ids, dtype=pl.String)
    values = values_from("dynamics", example_id_N, label_N, [seen], epochs, "dataset cartography")
    return Trace(
        values=values,
        classes=tuple(map(str, range(classes))),
        known_wrong_N=np.zeros(len(ids), dtype=np.bool_),
        columns=pl.DataFrame({"example_id": example_id_N}),
        about="training dynamics as dataset cartography writes them",
        notices=(*gaps(files), *_lacking(files, logits, len(ids))),
    )


def _once(
    path: Path, rows: Iterable[tuple[str, NDArray[np.float64]]]
) -> dict[str, NDArray[np.float64]]:
    found: dict[str, NDArray[np.float64]] = {}
    for guid, logits in rows:
        if guid in found:
            raise TableError(
                f"{path}: has two lines of {guid[:60]!r}; give each example one line in an epoch"
            )
        found[guid] = logits
    return found


def _lacking(
    files: Mapping[int, Path], logits: list[dict[str, NDArray[np.float64]]], examples: int
) -> tuple[str, ...]:
    """What is said where files have no line of some examples, as one that was cut."""
    short = [
        (path.name, examples - len(of_epoch))
        for path, of_epoch in zip(files.values(), logits, strict=True)
        if len(of_epoch) < examples
    ]
    if not short:
        return ()
    shown = ", ".join(f"{name} lacks {n:,}" for name, n in short[:3])
    more = f" and {len(short) - 3:,} more lack some" if len(short) > 3 else ""
    return (f"{shown}{more} of {examples:,} examples; they count as not seen there.",)


def _counted(files: Iterable[int]) -> tuple[int, ...]:
    """The numbers of epochs, counted from 1."""
    numbers = tuple(files)
    return tuple(n + 1 for n in numbers) if 0 in numbers else numbers


def _rows(
    path: Path, epoch: int, labels: dict[str, int]
) -> Iterator[tuple[str, NDArray[np.float64]]]:
    for first, block in blocks(path):
        for number, line in enumerate(block.split(b"\n"), start=first):
            if line.strip():
                yield _row(f"{path}: line {number}", line, epoch, labels)


def _row(
    where: str, line: bytes, epoch: int, labels: dict[str, int]
) -> tuple[str, NDArray[np.float64]]:
    try:
        row = decoded(where, line.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise TableError(f"{where} is no JSON; write the file again") from error
    key = f"logits_epoch_{epoch}"
    if not isinstance(row, Mapping) or not {"guid", "gold", key} <= set(row):
        raise TableError(f"{where}: expected an object with guid, {key} and gold")
    guid, gold = str(row["guid"]), row["gold"]
    if type(gold) is not int or not 0 <= gold < 1 << 20:
        raise TableError(f"{where}: gold is {str(gold)[:40]!r}; expected the index of a class")
    if labels.setdefault(guid, gold) != gold:
        raise TableError(
            f"{where}: gold of {guid[:60]!r} is {gold} and was {labels[guid]} before; give each "
            "example one label"
        )
    return guid, _numbers(where, row[key])


def _numbers(where: str, given: Any) -> NDArray[np.float64]:
    try:
        found = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        found = np.empty(0)
    if found.ndim != 1 or len(found) < 2:
        raise TableError(f"{where}: logits are no list of two or more numbers")
    return found


def _classes(
    folder: Path, logits: list[dict[str, NDArray[np.float64]]], label_N: NDArray[np.int32]
) -> int:
    widths = {len(row) for of_epoch in logits for row in of_epoch.values()}
    if len(widths) != 1:
        raise TableError(
            f"{folder}: its lines have logits of {' and '.join(map(str, sorted(widths)[:2]))} "
            "classes; give files of one run"
            if widths
            else f"{folder}: its files have no lines; expected one for each example"
        )
    (classes,) = widths
    if label_N.max() >= classes:
        raise TableError(
            f"{folder}: a gold label is {label_N.max()}, and logits have {classes} classes; "
            "labels count from 0"
        )
    return classes


def _values(
    of_epoch: Mapping[str, NDArray[np.float64]],
    ids: list[str],
    label_N: NDArray[np.int32],
    classes: int,
) -> Values:
    """Of all examples, unseen where the epoch has no line of it."""
    none_C = np.full(classes, np.nan)
    return values_of(np.stack([of_epoch.get(each, none_C) for each in ids]), label_N)
