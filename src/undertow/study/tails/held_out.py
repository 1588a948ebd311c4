"""Tails of examples whose wrong labels came with the data: atypical by what members know of
examples that they did not learn from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import polars as pl

from undertow.audit.dynamics.learned_columns import learned_columns
from undertow.study.tails.curves import Texts
from undertow.study.trained import Trained


@dataclass(frozen=True)
class ByHeldOut:
    """Noisy are those that the data call mislabelled. Of the others of each class the ``share`` (of
    the class) with the lowest held-out correctness by the members of ``parts`` is atypical, equal
    ones in the order of the data, and the rest typical. An example that fewer than 3 members left
    out is in no tail."""

    parts: Trained
    share: float = 0.2

    def __call__(self, train: pl.DataFrame) -> Texts:
        """The tail of each training example."""
        told = train.join(_told(self.parts), on="example_id", how="left", maintain_order="left")
        wrong_N = (told["mislabelled"] == "yes").to_numpy()
        known_N = ~np.isnan(told["held_out_correctness"].fill_null(np.nan).to_numpy())
        tail_N = np.where(wrong_N, "noisy", np.where(known_N, "typical", "")).astype("<U8")
        label_N = told["true_label"].to_numpy()
        for label in np.unique(label_N):
            in_N = (label_N == label) & (tail_N == "typical")
            others_K = np.flatnonzero(in_N)
            correct_K = told["held_out_correctness"].to_numpy()[others_K]
            lowest_K = np.argsort(correct_K, kind="stable")
            count = int(self.share * (label_N == label).sum() + 0.5)
            tail_N[others_K[lowest_K[:count]]] = "atypical"
        return tail_N


@cache
def _told(parts: Trained) -> pl.DataFrame:
    return learned_columns(parts.folder).select("example_id", "held_out_correctness")
