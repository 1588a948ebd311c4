"""How far the answers of one way are from the reference's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from undertow.no_numbers import no_numbers
from undertow.varying.decided import Decided

Floats = NDArray[np.floating[Any]]
STEPS = 16
"""A margin of so many steps of float32 at the largest logit of an example is a near tie."""


@dataclass(frozen=True, eq=False)
class Difference:
    """``row_K`` are the examples that flip, those furthest from a tie first, and ``margin_K`` their
    margins in the reference, of which ``near_ties`` are near ties. ``largest`` is the largest
    absolute difference of an output, ``at`` whose. ``no_number_N`` marks examples whose outputs are
    no numbers in this way and were in the reference; each counts as a flip."""

    flips: int
    row_K: NDArray[np.intp]
    margin_K: Floats
    near_ties: int
    largest: float
    at: int
    no_number_N: NDArray[np.bool_]
    before_K: NDArray[np.intp]
    after_K: NDArray[np.intp]

    @property
    def no_numbers(self) -> int:
        return int(self.no_number_N.sum())


def difference(decided: Decided, reference_NC: Floats, way_NC: Floats) -> Difference:
    """Of one way. The reference holds numbers alone, or infinities."""
    lost_N = no_numbers(way_NC)
    gap_N = _gaps(reference_NC, way_NC)
    at = int(gap_N.argmax())
    if decided.kind == "numbers":
        none = np.zeros(0, dtype=np.intp)
        return Difference(
            int(lost_N.sum()), none, np.zeros(0), 0, float(gap_N[at]), at, lost_N, none, none
        )
    before_N, after_N = decided.answers(reference_NC), decided.answers(way_NC)
    flipped_N = (before_N != after_N) | lost_N
    margin_N = decided.margins(reference_NC).astype(np.float64)
    row_K = np.flatnonzero(flipped_N)
    row_K = row_K[np.argsort(-margin_N[row_K], kind="stable")]
    near_K = margin_N[row_K] <= STEPS * _step(decided.logits(reference_NC)[row_K])
    return Difference(
        len(row_K), row_K, margin_N[row_K], int(near_K.sum()), float(gap_N[at]), at, lost_N,
        before_N[row_K], after_N[row_K],
    )  # fmt: skip


def _gaps(one_NC: Floats, other_NC: Floats) -> Floats:
    """(N,): the largest absolute difference; 0 between equal infinities, and what is no number does
    not count."""
    with np.errstate(invalid="ignore"):
        gap_NC = np.abs(one_NC.astype(np.float64) - other_NC.astype(np.float64))
    gap_NC[(one_NC == other_NC) | np.isnan(gap_NC)] = 0
    return np.asarray(gap_NC.max(axis=1))


def _step(logit_KC: Floats) -> Floats:
    """The distance to the next float32 at each example's largest finite logit."""
    finite_KC = np.where(np.isfinite(logit_KC), np.abs(logit_KC), 0)
    step_K = np.spacing(finite_KC.max(axis=1, initial=0).astype(np.float32))
    return np.asarray(step_K, dtype=np.float64)
