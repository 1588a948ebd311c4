"""Predictions of two models in memory, as a notebook holds them."""

from __future__ import annotations

import numpy as np
import polars as pl

N = 600
NAMES = ("cat", "dog", "owl")
LABELS = np.arange(N) % 3
"""The right answers, as numbers."""
AGE = np.where(np.arange(N) % 2 == 0, "young", "old")
OLD = np.where(np.arange(N) % 20 == 0, (LABELS + 1) % 3, LABELS)
NEW = np.where((AGE == "old") & (np.arange(N) % 5 == 0), (LABELS + 1) % 3, OLD)
"""Wrong on a fifth of the old, and on no more of the young."""
IDS = [f"i{n:03d}" for n in range(N)]


def frame(answers: np.ndarray = OLD, **renamed: str) -> pl.DataFrame:
    """Columns as Undertow calls them, or as ``renamed`` says."""
    table = pl.DataFrame(
        {
            "example_id": IDS,
            "prediction": [NAMES[a] for a in answers],
            "label": [NAMES[y] for y in LABELS],
            "age": AGE,
        }
    )
    return table.rename(renamed)


def probabilities(answers: np.ndarray = OLD) -> np.ndarray:
    return np.eye(3)[answers] * 0.7 + 0.1


def examples() -> pl.DataFrame:
    """What is known of the examples of the arrays, row by row."""
    return pl.DataFrame({"label": LABELS, "age": AGE})
