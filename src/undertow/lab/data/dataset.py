"""What a data set is to the lab: two parts, each with ids of its own and slice columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.lab.data.lazy import Images


@dataclass(frozen=True, eq=False)
class Part:
    """One split. ``x_NCHW`` is uint8 (channels first), an array or decoded as it is indexed
    (``LazyImages``); ids come from the data set, never from loader order."""

    x_NCHW: Images
    label_N: NDArray[np.int64]
    example_id_N: tuple[str, ...]
    slices: pl.DataFrame
    """One row per example; each column is a slice. Without slices it is ``pl.DataFrame()``, which
    has no rows: add a column by ``pl.DataFrame([*slices, column])``, as ``with_columns`` fails."""


@dataclass(frozen=True, eq=False)
class Splits:
    """A loaded data set. ``mean`` and ``std`` are per channel, of the training pixels scaled to [0,
    1]."""

    name: str
    classes: tuple[str, ...]
    train: Part
    test: Part
    mean: tuple[float, ...]
    std: tuple[float, ...]
    held_out: Part | None = None
    """Training examples that no training learns from."""
    recorded: bool = False
    """Whether the record says what the training part is, since it is not the data set's own."""
    positive: str | None = None
    """The positive class of a binary task, without which there are no false positives."""


def empty_like(part: Part) -> Part:
    """A part of the same kind without examples."""
    none_NCHW = np.empty((0, *part.x_NCHW.shape[1:]), dtype=np.uint8)
    return Part(none_NCHW, np.empty(0, dtype=np.int64), (), part.slices[:0])


class Dataset(Protocol):
    """A frozen description whose ``repr`` evaluates back to an equal object."""

    def load(self) -> Splits:
        """Read the data. A missing or damaged file raises ``UserError`` with the path and the
        fix."""
        ...
