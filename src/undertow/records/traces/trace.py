"""A trace with what is known of its examples, whoever wrote it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

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
    row each. ``about`` says in words what was read, ``notices`` what is to be known of it."""

    values: ProbeValues
    classes: tuple[str, ...]
    known_wrong_N: Mask
    columns: pl.DataFrame
    about: str
    notices: tuple[str, ...] = ()

    def name_of(self, index: int) -> str:
        """Of a class; empty where there is none."""
        return self.classes[index] if 0 <= index < len(self.classes) else ""


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
