"""What an answer is: the likeliest class, a side of a threshold, or a number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from undertow.errors import UserError

Kind = Literal["classes", "threshold", "numbers"]
Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Decided:
    """``classes`` are the names of columns of outputs, or of both sides of the threshold (at it the
    answer is the first); none of numbers."""

    kind: Kind
    classes: tuple[str, ...] = ()
    threshold: float = 0.0

    def logits(self, out_NC: Floats) -> Floats:
        """(N, C): a column for each class; the answer is the greatest, the first of equal ones."""
        if self.kind != "threshold":
            return out_NC
        above_N = out_NC[:, 0] - np.asarray(self.threshold, dtype=out_NC.dtype)
        return np.stack([np.zeros_like(above_N), above_N], axis=1)

    def answers(self, out_NC: Floats) -> NDArray[np.intp]:
        """(N,): which class."""
        return np.asarray(self.logits(out_NC).argmax(axis=1))

    def margins(self, out_NC: Floats) -> Floats:
        """(N,): how far the answer is from the next class, in logits; 0 is a tie."""
        sorted_NC = np.sort(self.logits(out_NC), axis=1)
        return np.asarray(sorted_NC[:, -1] - sorted_NC[:, -2])


def decided_by(
    out_NC: Floats,
    *,
    numbers: bool,
    threshold: float | None,
    names: Sequence[str] | None,
) -> Decided:
    """By the shape of the reference's outputs, and what was asked. ``UserError`` where the two do
    not fit."""
    columns = out_NC.shape[1]
    if numbers:
        if names or threshold is not None:
            raise UserError(
                "--regression: numbers have no classes and no threshold; leave out --classes and "
                "--threshold"
            )
        return Decided("numbers")
    if columns > 1 and threshold is not None:
        raise UserError(
            f"--threshold {threshold:g}: is for a model of one output, and this one has "
            f"{columns:,}; leave it out"
        )
    wanted = max(columns, 2)
    if names and len(names) != wanted:
        raise UserError(
            f"--classes {','.join(names)}: names {len(names):,}, and the model tells {wanted:,} "
            "apart; name each, in the order of its outputs"
        )
    classes = tuple(names or map(str, range(wanted)))
    if columns > 1:
        return Decided("classes", classes)
    return Decided("threshold", classes, 0.0 if threshold is None else threshold)
