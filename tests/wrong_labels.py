"""Traces whose wrong labels are known.

noisy(wrong=.1)        margins of typical, atypical and wrongly labelled examples, as a trace has them
                       values, wrong_N; with ``mapped`` wrong labels all follow one confusion and look
                       like atypical ones
"""

from __future__ import annotations

import numpy as np
import polars as pl

from undertow.records.probes import ProbeValues
from undertow.records.schema import ProbeEntry


def noisy(N=1500, *, wrong=0.1, M=3, E=6, C=5, atypical=0.25, seed=0, apart=3.0, mapped=False):
    """Each look's margin is the example's own plus noise; later epochs know wrong labels by
    heart."""
    rng = np.random.default_rng(seed)
    label_N = rng.integers(0, C, N)
    kind_N = rng.choice(3, N, p=[wrong, atypical, 1 - wrong - atypical])
    centre_N = np.array([-apart, 0.4, 3.2])[kind_N] + rng.normal(0, 0.7, N)
    instead_N = (label_N + rng.integers(1, C, N)) % C
    if mapped:
        label_N[kind_N == 0], instead_N[kind_N == 0] = 0, 1
        centre_N[kind_N == 0] += 0.55 * apart
    margin_MNE = centre_N[:, None] + rng.normal(0, 1.0, (M, N, E))
    margin_MNE += np.where(kind_N[:, None] == 0, np.linspace(0, 1.5, E), 0)
    odd_MNE = rng.integers(0, C, (M, N, E))
    other_MNE = np.where(rng.random((M, N, E)) < 0.85, instead_N[:, None], odd_MNE)
    other_MNE = np.where(other_MNE == label_N[:, None], instead_N[:, None], other_MNE)
    predicted_MNE = np.where(margin_MNE > 0, label_N[:, None], other_MNE)
    p_MNE = 1 / (1 + np.exp(-margin_MNE))
    return values_of(label_N, margin_MNE, predicted_MNE, p_MNE), kind_N == 0


def values_of(label_N, margin_MNE, predicted_MNE, p_MNE) -> ProbeValues:
    M, N, E = margin_MNE.shape
    entry = ProbeEntry(description="by hand", epochs=tuple(range(1, E + 1)), part="train")
    floats = {"loss": -np.log(p_MNE), "margin": margin_MNE, "error": np.sqrt(2) * (1 - p_MNE)}
    return ProbeValues(
        "trace",
        entry,
        tuple(f"m{m}" for m in range(M)),
        pl.Series("example_id", [f"e{n:05d}" for n in range(N)]),
        label_N.astype(np.int32),
        {name: kept.astype(np.float16) for name, kept in floats.items()}
        | {"predicted": predicted_MNE.astype(np.int8)},
    )
