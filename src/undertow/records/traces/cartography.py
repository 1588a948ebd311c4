"""Reads what dataset cartography writes (2009.10795): ``dynamics_epoch_<n>.jsonl``, a line for each
example with its ``guid``, the logits of the epoch and the ``gold`` label."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.errors import TableError
from undertow.records.traces.cartography_lines import Lines, OfEpoch
from undertow.records.traces.formula import Values, values_of
from undertow.records.traces.scores import unseen_said
from undertow.records.traces.trace import Trace, refuse_blank_twins, values_from

NAMED = "dynamics_epoch_{}.jsonl"
NAME = re.compile(r"dynamics_epoch_(\d+)\.jsonl(\.gz)?")
FROM_1 = (
    f"There is no {NAMED.format(0)}, so epochs are taken to count from 1. Give it too, if the run "
    "wrote one."
)
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
    """What is said where files of epochs are missing before the last. They count from 0, and from 1
    where the first is of epoch 1."""
    there = set(epochs)
    first = 1 if min(there) == 1 else 0
    missing = sorted(set(range(first, max(there))) - there)
    from_1 = (FROM_1,) if first else ()
    if not missing:
        return from_1
    shown = ", ".join(NAMED.format(epoch) for epoch in missing[:3])
    more = f" and {len(missing) - 3:,} more" if len(missing) > 3 else ""
    are = "are" if len(missing) > 1 else "is"
    return (
        *from_1,
        f"{shown}{more} {are} missing, so that the first epochs are the first of those that are "
        "there. Give all files of the run, unless it kept only some.",
    )


def read_cartography(folder: Path) -> Trace:
    """One member's trace. Examples are in the order of their first line. ``TableError`` for a line
    that is none of such a file."""
    lines, files = Lines(), dynamics_files(folder)
    logits = [lines.of_epoch(path, epoch) for epoch, path in files.items()]
    ids, classes = list(lines.labels), _classes(folder, lines)
    refuse_blank_twins(folder, ids)
    label_N = np.array(list(lines.labels.values()), dtype=np.int32)
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
        notices=(*gaps(files), *_lacking(files, logits, len(ids)), *_unseen(logits, len(ids))),
    )


def _lacking(files: Mapping[int, Path], logits: list[OfEpoch], examples: int) -> tuple[str, ...]:
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


def _classes(folder: Path, lines: Lines) -> int:
    largest = max(lines.labels.values())
    if largest >= lines.classes:
        raise TableError(
            f"{folder}: a gold label is {largest}, and logits have {lines.classes} classes; labels "
            "count from 0"
        )
    return lines.classes


def _unseen(logits: list[OfEpoch], examples: int) -> tuple[str, ...]:
    """What is said where lines have NaN in place of logits."""
    none = sum(int(np.isnan(row[0])) for of_epoch in logits for row in of_epoch.values())
    return unseen_said(none, len(logits) * examples)


def _values(
    of_epoch: OfEpoch,
    ids: list[str],
    label_N: NDArray[np.int32],
    classes: int,
) -> Values:
    """Of all examples, unseen where the epoch has no line of it."""
    none_C = np.full(classes, np.nan)
    return values_of(np.stack([of_epoch.get(each, none_C) for each in ids]), label_N)
