"""Traces from logits, in double precision and as a probe keeps them.

logits(M, N, E, C)     logits that drift to the label, with gaps where an epoch did not see an example
traced(logits, label)  what instruments read
values(logits, label)  the same in half precision, as ``read_probe`` gives it
"""

from __future__ import annotations

import numpy as np
import polars as pl

from undertow.audit.dynamics.traced import Traced
from undertow.records.probes import ProbeValues
from undertow.records.schema import ProbeEntry


def logits(M=3, N=40, E=6, C=4, *, seed=0, unseen=0.0):
    """(M, N, E, C), all NaN at a share ``unseen``; and (N,) labels."""
    rng = np.random.default_rng(seed)
    label_N = rng.integers(0, C, N)
    pull_N = rng.normal(1.5, 2.0, N)
    logits_MNEC = rng.normal(0, 1.2, (M, N, E, C))
    pull_NEC = pull_N[:, None, None] * np.linspace(0.3, 1, E)[:, None] * np.eye(C)[label_N][:, None]
    logits_MNEC += pull_NEC
    logits_MNEC[rng.random((M, N, E)) < unseen] = np.nan
    return logits_MNEC, label_N


def quantities(logits_MNEC, label_N):
    """loss, margin, error and predicted, (M, N, E)."""
    C = logits_MNEC.shape[-1]
    label_NE1 = np.broadcast_to(label_N[:, None], logits_MNEC.shape[1:3])[..., None]
    is_label_NEC = np.arange(C) == label_NE1
    p_MNEC = np.exp(logits_MNEC - np.max(logits_MNEC, axis=-1, keepdims=True))
    p_MNEC /= p_MNEC.sum(axis=-1, keepdims=True)
    label_MNE = np.where(is_label_NEC, logits_MNEC, 0).sum(-1)
    others_MNE = np.where(is_label_NEC, -np.inf, logits_MNEC).max(-1)
    seen_MNE = ~np.isnan(logits_MNEC).any(-1)
    predicted_MNE = np.where(seen_MNE, np.nan_to_num(logits_MNEC).argmax(-1), -1)
    loss_MNE = -np.log(np.where(is_label_NEC, p_MNEC, 0).sum(-1))
    error_MNE = np.linalg.norm(p_MNEC - is_label_NEC, axis=-1)
    return loss_MNE, label_MNE - others_MNE, error_MNE, predicted_MNE


def traced(logits_MNEC, label_N, epochs=None, early=1, window=None) -> Traced:
    loss_MNE, margin_MNE, error_MNE, predicted_MNE = quantities(logits_MNEC, label_N)
    right_MNE = np.where(predicted_MNE >= 0, predicted_MNE == label_N[:, None], np.nan)
    epoch_E = np.arange(1, logits_MNEC.shape[2] + 1) if epochs is None else np.array(epochs)
    return Traced(
        loss_MNE, np.exp(-loss_MNE), margin_MNE, error_MNE, predicted_MNE, right_MNE, epoch_E, early,
        (int(epoch_E[0]), int(epoch_E[-1])) if window is None else window,
    )  # fmt: skip


def values(logits_MNEC, label_N, epochs=None, *, part="train", name="trace") -> ProbeValues:
    *floats, predicted_MNE = quantities(logits_MNEC, label_N)
    M, N, E = predicted_MNE.shape
    kept = [value.astype(np.float16) for value in floats]
    return ProbeValues(
        name,
        ProbeEntry(
            description="by hand", epochs=tuple(epochs or range(1, E + 1)), part=part, mode="train"
        ),
        tuple(f"m{m}" for m in range(M)),
        pl.Series("example_id", [f"{part}/{n}" for n in range(N)]),
        label_N.astype(np.int32),
        dict(
            zip(
                ("loss", "margin", "error", "predicted"),
                [*kept, predicted_MNE.astype(np.int8)],
                strict=True,
            )
        ),
    )
