"""Arms by columns: what a study reads that trains the same arms on clean data and on damaged.

Populations are called ``<arm>, <column>``. Members of different arms have seeds of their own, so
arms are independent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from undertow.audit.stats.ratio_of_means import Limits, relative_limits
from undertow.study.results import Results
from undertow.study.trained import Floats, Trained


class Ratio(NamedTuple):
    """A ratio of two means over members, with its 95 % limits; NaN limits where nothing varies."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, over_M: Floats, base_M: Floats) -> Ratio:
        """By Fieller, of independent members."""
        found: Limits = relative_limits(base_M[None], over_M[None], paired=False)
        return cls(*(1 + float(limit_G[0]) for limit_G in found[:3]))

    def __str__(self) -> str:
        if np.isnan(self.low):
            return "undefined" if np.isnan(self.value) else f"{self.value:.2f}"
        high = "∞" if np.isinf(self.high) else f"{self.high:.2f}"
        return f"{self.value:.2f} [{self.low:.2f}, {high}]"


@dataclass(frozen=True)
class Sampled:
    """``columns`` are all that the study knows, the clean one first; ``base`` learns from
    everything, and ``half_base`` does so where arms have half of the data, those in ``halved``."""

    results: Results
    columns: Sequence[str]
    base: str
    half_base: str = ""
    halved: Sequence[str] = ()

    def there(self, arm: str, column: str) -> bool:
        """Whether this scale has it."""
        return f"{arm}, {column}" in self.results.populations

    def of(self, arm: str, column: str) -> Trained:
        """A population. ``KeyError`` where this scale has none of that name."""
        return self.results.of(f"{arm}, {column}")

    def base_of(self, arm: str) -> str:
        """The arm that learns from all of the same data."""
        return self.half_base if arm in (self.half_base, *self.halved) else self.base

    def error(self, arm: str, column: str) -> Floats:
        """Final test error of each member (M)."""
        return 1 - self.of(arm, column).fact("accuracy")

    def ratio(self, arm: str, base: str, column: str) -> Ratio:
        """Of final errors."""
        return Ratio.of(self.error(arm, column), self.error(base, column))

    def damaged(self, arm: str, starting: str = "") -> list[str]:
        """The columns other than the clean one in which this scale has the arm, of those whose name
        begins so. ``KeyError`` where it has none."""
        found = [c for c in self.columns[1:] if c.startswith(starting) and self.there(arm, c)]
        if not found:
            raise KeyError(f"this scale has no {starting or 'damaged'} column with {arm!r}")
        return found

    def on(self, arm: str, column: str, slice: str, value: str) -> Floats:
        """Each member's accuracy on the test examples of a slice (M)."""
        answers = self.of(arm, column).answers
        inside_N = (answers.examples[slice] == value).to_numpy()
        return np.asarray(answers.correct_MN[:, inside_N].astype(np.float64).mean(axis=1))
