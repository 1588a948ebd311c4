"""Corrections for asking many questions at once. NaN has no answer: it stays NaN. Whether it
counts as a question, each says."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.floating[Any]]


def bonferroni(p: ArrayLike) -> Floats:
    """Adjusted p values that bound the chance of any false rejection, under any dependence. Less
    powerful than Holm's after the first rejection, but they say what simultaneous intervals say:
    those share the level among all that was asked, and what cannot be told counts there too."""
    asked = np.asarray(p, dtype=np.float64)
    return np.asarray(np.minimum(asked * asked.size, 1.0))


def holm(p: ArrayLike) -> Floats:
    """The same bound by stepping down (1979): never larger than Bonferroni's. NaN does not
    count."""

    def step_down(sorted_p: Floats) -> Floats:
        n = len(sorted_p)
        return np.maximum.accumulate(sorted_p * np.arange(n, 0, -1))

    return _adjust(p, step_down)


def benjamini_hochberg(p: ArrayLike) -> Floats:
    """q values that bound the false discovery rate, for independent or positively dependent tests
    (1995). NaN does not count."""

    def step_up(sorted_p: Floats) -> Floats:
        n = len(sorted_p)
        return np.minimum.accumulate((sorted_p * n / np.arange(1, n + 1))[::-1])[::-1]

    return _adjust(p, step_up)


def _adjust(p: ArrayLike, rule: Any) -> Floats:
    """Apply a rule for sorted p values to the ones that are there, in their places."""
    given = np.asarray(p, dtype=np.float64)
    adjusted = np.full(given.shape, np.nan)
    known = np.flatnonzero(~np.isnan(given))
    order = known[np.argsort(given.ravel()[known], kind="stable")]
    adjusted.ravel()[order] = np.minimum(rule(given.ravel()[order]), 1.0)
    return adjusted
