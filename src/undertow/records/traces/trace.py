"""A trace with what is known of its examples, whoever wrote it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.errors import TableError
from undertow.records.probes import ProbeValues
from undertow.records.schema import ProbeEntry
from undertow.records.traces.formula import Values

Mask = NDArray[np.bool_]

LARGEST = 65504.0
"""The largest value that a trace keeps, as in the half precision of probes."""


@dataclass(frozen=True, eq=False)
class Trace:
    """``values`` of N examples; ``classes`` names their labels. ``known_wrong_N`` are those of
    whom the record knows that their label is wrong, ``columns`` what else it has of examples, a
    row each. ``about`` says in words what was read, ``notices`` what is to be known of it, and
    ``doubts`` what may make all numbers wrong, to be said before them."""

    values: ProbeValues
    classes: tuple[str, ...]
    known_wrong_N: Mask
    columns: pl.DataFrame
    about: str
    notices: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()

    def name_of(self, index: int) -> str:
        """Of a class; empty where there is none."""
        return self.classes[index] if 0 <= index < len(self.classes) else ""


def refuse_blank_twins(path: Path, ids: Iterable[str]) -> None:
    """``TableError`` where blanks at their ends are all by which two ids differ: tables of labels
    and of inputs are read without, and one would be taken for the other."""
    bare: dict[str, str] = {}
    for each in ids:
        other = bare.setdefault(each.strip(), each)
        if other != each:
            raise TableError(
                f"{path}: the ids {other!r} and {each!r} differ by blanks at their ends alone, "
                "and tables are read without; give each example another"
            )


def values_from(
    name: str,
    example_id_N: pl.Series,
    label_N: NDArray[np.int32],
    members: list[list[Values]],
    epochs: tuple[int, ...],
    description: str,
) -> ProbeValues:
    """Of each member the values of each epoch, as a probe has them: those beyond ``LARGEST``, as
    where a logit is infinite, are kept as that."""
    entry = ProbeEntry(description=description, epochs=epochs, part="train")
    columns: dict[str, NDArray[Any]] = {
        field: np.stack([np.stack([epoch[k] for epoch in member], axis=1) for member in members])
        .clip(-LARGEST, LARGEST)
        .astype(np.int32 if field == "predicted" else np.float32)
        for k, field in enumerate(Values._fields)
    }
    names = tuple(f"{m:03d}" for m in range(len(members)))
    return ProbeValues(name, entry, names, example_id_N, label_N, columns)


def clipped(values: ProbeValues) -> tuple[str, ...]:
    """What is said where margins were kept as ``LARGEST``: all such looks count alike then."""
    margin_MNE = values.values["margin"]
    over = int((np.abs(margin_MNE) >= LARGEST).sum())
    if not over:
        return ()
    looks = int((~np.isnan(margin_MNE)).sum())
    return (
        f"In {over:,} of {looks:,} looks the logit of the label is {LARGEST:,.0f} or more away "
        "from the largest other. Margins are kept up to there, so that these looks count alike. "
        "Divide all logits by one number, or save finite ones, before verdicts are used.",
    )
