"""A seeded long tail: class counts fall exponentially from the most frequent class to the
rarest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.errors import UserError
from undertow.lab.data.dataset import Part
from undertow.lab.data.lazy import take_images


@dataclass(frozen=True)
class LongTail:
    """Thin a training part so that the class of rank r keeps n · ratio^(−r / (C − 1)) examples,
    rounded.

    The profile is that of long-tailed CIFAR (Cui et al. 2019, 1901.05555, §5.1). ``ratio`` is the
    largest count over the smallest, at least 1. ``order`` lists class indices from most frequent to
    rarest; empty means the order of the labels, as that paper has it. ``largest`` is n; ``None``
    takes the most for which every class has enough examples. Which examples of a class are kept
    depends on ``seed`` and the class alone, so the tails of one seed are nested: a larger ratio
    keeps a subset of what a smaller one keeps.
    """

    ratio: float
    seed: int = 0
    order: tuple[int, ...] = ()
    largest: int | None = None

    def __post_init__(self) -> None:
        if not self.ratio >= 1:
            raise UserError(
                f"LongTail(ratio={self.ratio}): the largest class over the smallest is at least 1."
            )
        if sorted(self.order) != list(range(len(self.order))):
            raise UserError(
                f"LongTail(order={self.order}): not a permutation. List every class index 0 … C − "
                "1 once, most frequent first."
            )

    def counts(self, available_C: NDArray[np.integer]) -> NDArray[np.int64]:
        """How many examples each class keeps, given how many it has; both in the order of the
        labels."""
        classes = len(available_C)
        if self.order and len(self.order) != classes:
            raise UserError(
                f"LongTail(order={self.order}): {len(self.order)} classes, the data has {classes}. "
                f"List every class index 0 … {classes - 1} once, most frequent first."
            )
        rank_C = np.argsort(self.order or np.arange(classes))
        share_C = float(self.ratio) ** (-rank_C / max(classes - 1, 1))
        # A quotient such as 20 / 0.02 may land a hair under the whole number, and flooring would
        # lose an example.
        most = int(np.floor((available_C / share_C).min() + 1e-9))
        largest = most if self.largest is None else self.largest
        if largest > most:
            raise UserError(
                f"{self!r}: the classes have too few examples, largest can be {most} at most."
            )
        kept_C = np.round(largest * share_C).astype(np.int64)
        if kept_C.min() < 1:
            raise UserError(
                f"{self!r}: the rarest class would keep no example. Lower ratio to "
                f"{largest} or below."
            )
        return kept_C

    def index(self, label_N: NDArray[np.integer], classes: int) -> NDArray[np.int64]:
        """Rows that are kept, ascending: the index list that a record of the sampling needs."""
        kept_C = self.counts(np.bincount(label_N, minlength=classes))
        rows = [self._draw(np.flatnonzero(label_N == c), c)[: kept_C[c]] for c in range(classes)]
        return np.sort(np.concatenate(rows))

    def _draw(self, rows: NDArray[np.int64], label: int) -> NDArray[np.int64]:
        return np.random.default_rng([self.seed, label]).permutation(rows)


def take(part: Part, index: NDArray[np.integer]) -> Part:
    """The part with only these rows, in this order."""
    return Part(
        take_images(part.x_NCHW, index),
        part.label_N[index],
        tuple(part.example_id_N[i] for i in index.tolist()),
        part.slices[index] if part.slices.width else pl.DataFrame(),
    )


def strata(count_C: NDArray[np.integer]) -> list[str]:
    """``"head"``, ``"middle"`` or ``"tail"`` for each class: thirds of the classes by training
    count.

    A class lies at (classes with more + half of those with as many) / C; below 1/3 is head, above
    2/3 tail. Ten different counts give 3 head, 4 middle and 3 tail classes; equal counts are all
    middle.
    """
    more_C = (count_C[None, :] > count_C[:, None]).sum(axis=1)
    equal_C = (count_C[None, :] == count_C[:, None]).sum(axis=1)
    place_C = (more_C + equal_C / 2) / len(count_C)
    return ["head" if place < 1 / 3 else "tail" if place > 2 / 3 else "middle" for place in place_C]


def frequency_columns(count_C: NDArray[np.integer], label_N: NDArray[np.integer]) -> pl.DataFrame:
    """Slice columns ``frequency`` and ``train_count`` of examples with these labels, from training
    counts."""
    stratum_C = np.array(strata(count_C), dtype=object)
    return pl.DataFrame(
        {"frequency": stratum_C[label_N].tolist(), "train_count": count_C[label_N].tolist()},
        schema={"frequency": pl.String, "train_count": pl.Int64},
    )
