"""What members say of examples that they never learned from, class by class: the out-of-sample
probabilities that confident learning asks for (1911.00068)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.audit.dynamics.learned_columns import LEARNED_FROM, learned_of
from undertow.errors import UserError
from undertow.records.probes import ProbeValues, read_probe

PROBABILITIES = "training-probabilities"
"""The probe, as ``lab/probes/training_probabilities.py`` names it."""
Floats = NDArray[np.floating[Any]]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """Of each training example, the label that training saw, the mean probabilities of the members
    that never learned from it, and how many these are; NaN where there is none."""

    example_id_N: pl.Series
    label_N: NDArray[np.int32]
    p_NC: Floats
    members_N: NDArray[np.integer[Any]]


def out_of_fold(folder: Path) -> OutOfFold:
    """Of a population with the probes ``LearnedFrom`` and ``TrainingProbabilities`` whose members
    leave examples out (``Folds``, ``Subset``). A member that gave no probabilities for an example
    is left out of its mean.

    ``RecordError`` for a population without one of the probes, ``UserError`` where no member is
    done or every member learned from everything.
    """
    learned = read_probe(folder, LEARNED_FROM)
    if learned_of(learned).learned_MN.all():
        raise UserError(
            f"{folder}: every member learned from all training examples, so nothing is out of "
            "fold; train it under Folds() of undertow.lab.interventions.sampling"
        )
    return out_of_fold_of(learned, read_probe(folder, PROBABILITIES))


def out_of_fold_of(learned: ProbeValues, values: ProbeValues) -> OutOfFold:
    """The same of probes that are read already, of the same members."""
    p_NC, members_N = _mean(values, ~learned_of(learned).learned_MN)
    return OutOfFold(values.example_id_N, values.label_N, p_NC, members_N)


def _mean(values: ProbeValues, out_MN: Bools) -> tuple[Floats, NDArray[np.integer[Any]]]:
    """A member at a time: all at once may not fit into memory."""
    total_NC = np.zeros((out_MN.shape[1], len(values.values)))
    members_N = np.zeros(out_MN.shape[1], dtype=np.int64)
    for m, out_N in enumerate(out_MN):
        p_NC = _probabilities(values, m)
        told_N = out_N & ~np.isnan(p_NC).any(axis=1)
        total_NC[told_N] += p_NC[told_N]
        members_N += told_N
    count_N1 = members_N[:, None]
    return np.where(count_N1 > 0, total_NC / np.maximum(count_N1, 1), np.nan), members_N


def _probabilities(values: ProbeValues, m: int) -> Floats:
    """(N, C): of member ``m``. Rounded to halves they do not quite add up to 1, which is mended."""
    columns = [f"log_p{c}" for c in range(len(values.values))]
    log_p_NC = np.stack([values.values[c][m, :, -1] for c in columns], axis=1)
    p_NC = np.exp(log_p_NC.astype(np.float64))
    scaled_NC: Floats = p_NC / p_NC.sum(axis=1, keepdims=True)
    return scaled_NC
