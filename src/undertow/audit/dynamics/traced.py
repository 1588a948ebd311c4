"""``Traced``: what a trace holds, as instruments read it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from undertow.axes import check_axes
from undertow.errors import UserError
from undertow.records.probes import ProbeValues

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]

COLUMNS = ("loss", "margin", "error", "predicted")
"""Of a trace, as ``lab/probes/trace.py`` writes them."""
EARLY = 10
"""Where nobody says what is early: after so large a part of training, one tenth. Ours: the paper on
EL2N says only that it is early."""

LISTED = 12
"""Epochs with gaps that a message names one by one."""


@dataclass(frozen=True, eq=False)
class Traced:
    """M members' answers to N examples after E epochs, NaN and -1 where an epoch did not see the
    example.

    ``p_label_MNE`` is the probability of the label and ``loss_MNE`` its −log, ``margin_MNE`` the
    label's logit less the largest other, ``error_MNE`` is ‖p − e_y‖₂, ``right_MNE`` 1 or 0.
    ``epoch_E`` are the epochs' numbers, from 1 on; ``early`` is the one of them that stands for
    early in training, ``window`` the first and last of those over which a slope is taken.
    """

    loss_MNE: Floats
    p_label_MNE: Floats
    margin_MNE: Floats
    error_MNE: Floats
    predicted_MNE: Ints
    right_MNE: Floats
    epoch_E: Ints
    early: int
    window: tuple[int, int]

    def __post_init__(self) -> None:
        check_axes(
            loss_MNE=self.loss_MNE,
            p_label_MNE=self.p_label_MNE,
            margin_MNE=self.margin_MNE,
            error_MNE=self.error_MNE,
            predicted_MNE=self.predicted_MNE,
            right_MNE=self.right_MNE,
            epoch_E=self.epoch_E,
        )


def early_epoch(epochs: tuple[int, ...], asked: int | None = None) -> int:
    """The epoch that was asked for, else the first one after a tenth of training. ``UserError``
    where the trace does not have it."""
    if asked is None:
        return next(epoch for epoch in epochs if epoch * EARLY >= epochs[-1])
    if asked not in epochs:
        raise UserError(
            f"--early {asked}: the trace has no such epoch; give one that it has: "
            f"{epochs_said(epochs)}"
        )
    return asked


def window_of(epochs: tuple[int, ...], asked: tuple[int, int] | None = None) -> tuple[int, int]:
    """The first and last epoch that were asked for, else all that the trace has. ``UserError``
    where it has fewer than two of those asked for."""
    first, last = asked or (epochs[0], epochs[-1])
    if asked is not None and sum(first <= epoch <= last for epoch in epochs) < 2:
        raise UserError(
            f"--window {first} {last}: a slope needs two epochs or more, and the trace has "
            f"{epochs_said(epochs)}; give the first and the last of some of them"
        )
    return first, last


def epochs_said(epochs: tuple[int, ...]) -> str:
    """``epoch 1``, ``epochs 1 to 4``, ``epochs 1 and 3``, and where that is long ``30 epochs from 1
    to 59``."""
    first, last = epochs[0], epochs[-1]
    if len(epochs) == 1:
        return f"epoch {first}"
    if epochs == tuple(range(first, last + 1)):
        return f"epochs {first} to {last}"
    if len(epochs) > LISTED:
        return f"{len(epochs)} epochs from {first} to {last}"
    return f"epochs {', '.join(map(str, epochs[:-1]))} and {last}"


def by_member(values: ProbeValues, early: int, window: tuple[int, int]) -> Iterator[Traced]:
    """Each member by itself, in double precision: all at once may not fit into memory.
    ``UserError`` for a probe that is no trace."""
    lacking = [column for column in COLUMNS if column not in values.values]
    if lacking:
        raise UserError(
            f"probe {values.name!r} is not a trace: it has no column {lacking[0]!r}; name a trace, "
            "as Trace() of undertow.lab.probes makes it"
        )
    for m in range(len(values.members)):
        yield _traced(values, slice(m, m + 1), early, window)


def _traced(values: ProbeValues, members: slice, early: int, window: tuple[int, int]) -> Traced:
    loss_MNE, margin_MNE, error_MNE = (
        values.values[column][members].astype(np.float64) for column in COLUMNS[:3]
    )
    predicted_MNE = values.values["predicted"][members]
    label_N1 = values.label_N[:, None]
    known_MNE = (predicted_MNE >= 0) & (label_N1 >= 0)
    return Traced(
        loss_MNE=loss_MNE,
        p_label_MNE=np.exp(-loss_MNE),
        margin_MNE=margin_MNE,
        error_MNE=error_MNE,
        predicted_MNE=predicted_MNE,
        right_MNE=np.where(known_MNE, predicted_MNE == label_N1, np.nan),
        epoch_E=np.asarray(values.entry.epochs),
        early=early,
        window=window,
    )
