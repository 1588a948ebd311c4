"""What a look is evidence of: how the given label stands against the class that is answered
instead, over members and epochs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from undertow.records.probes import ProbeValues

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]

STEEPNESS = 1.5
"""How a margin of one usual size counts: 1 / (1 + exp(−1.5)) = .82. Chosen on Fashion-MNIST."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """Of N examples, over the first ``epochs`` epochs of a trace; NaN and -1 where none was seen.

    ``standing_N`` is the evidence itself, from 0 (the answer instead always wins by far) to 1 (the
    given label does): the mean over looks of 1 / (1 + exp(−1.5 margin / usual)), where usual is the
    member's median of absolute margins. ``given_N`` and ``instead_share_N`` are shares of looks,
    ``agreement_N`` the share of members that answer ``instead_N`` most where they do not answer
    the given label.
    """

    epochs: int
    looks_N: Ints
    standing_N: Floats
    given_N: Floats
    instead_N: Ints
    instead_share_N: Floats
    agreement_N: Floats


def standing_of(values: ProbeValues, epochs: int) -> Floats:
    """(N,): the evidence over the first ``epochs`` epochs."""
    N = len(values.label_N)
    sum_N, looks_N = np.zeros(N), np.zeros(N)
    for margin_NE in values.values["margin"]:
        seen_NE = margin_NE[:, :epochs].astype(np.float64)
        there_NE = ~np.isnan(seen_NE)
        usual = float(np.median(np.abs(seen_NE[there_NE]))) if there_NE.any() else 1.0
        turned_NE = STEEPNESS * np.nan_to_num(seen_NE) / max(usual, 1e-9)
        won_NE = 1 / (1 + np.exp(-np.clip(turned_NE, -50, 50)))
        sum_N += np.where(there_NE, won_NE, 0).sum(axis=1)
        looks_N += there_NE.sum(axis=1)
    known_N = (looks_N > 0) & (values.label_N >= 0)
    return np.where(known_N, sum_N / np.maximum(looks_N, 1), np.nan)


def evidence_of(values: ProbeValues, epochs: int) -> Evidence:
    """All that the looks of the first ``epochs`` epochs say."""
    predicted_MNE = values.values["predicted"][:, :, :epochs]
    looks_N = (predicted_MNE >= 0).sum(axis=(0, 2))
    classes = int(max(predicted_MNE.max(initial=0), values.label_N.max(initial=0))) + 1
    answered_MNC = _answered(predicted_MNE, classes)
    row_N, label_N = np.arange(len(values.label_N)), np.maximum(values.label_N, 0)
    share = np.where(looks_N > 0, looks_N, np.nan)
    given_N = answered_MNC[:, row_N, label_N].sum(axis=0) / share
    answered_MNC[:, row_N, label_N] = -1
    others_NC = np.maximum(answered_MNC, 0).sum(axis=0)
    instead_N = np.where(others_NC.max(axis=1) > 0, others_NC.argmax(axis=1), -1)
    return Evidence(
        epochs,
        looks_N,
        standing_of(values, epochs),
        np.where(values.label_N >= 0, given_N, np.nan),
        instead_N,
        np.where(instead_N >= 0, others_NC.max(axis=1) / share, np.nan),
        _agreement(answered_MNC, instead_N),
    )


def _answered(predicted_MNE: Ints, classes: int) -> Ints:
    """(M, N, C): how often each class was answered."""
    M, N, E = predicted_MNE.shape
    counted_MNC = np.zeros((M, N, classes), dtype=np.int32)
    member_MN, row_MN = np.indices((M, N))
    for e in range(E):
        answer_MN = predicted_MNE[:, :, e].astype(np.int64)
        seen_MN = answer_MN >= 0
        counted_MNC[member_MN[seen_MN], row_MN[seen_MN], answer_MN[seen_MN]] += 1
    return counted_MNC


def _agreement(answered_MNC: Ints, instead_N: Ints) -> Floats:
    """Of the members that answer another class at all, the share that answer this one most."""
    most_MN = answered_MNC.max(axis=2)
    at_MN = answered_MNC[:, np.arange(len(instead_N)), np.maximum(instead_N, 0)]
    asked_N = (most_MN > 0).sum(axis=0)
    same_N = ((at_MN == most_MN) & (most_MN > 0)).sum(axis=0)
    return np.where((asked_N > 0) & (instead_N >= 0), same_N / np.maximum(asked_N, 1), np.nan)
