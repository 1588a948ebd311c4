"""``Sources``: a study's populations by network and by what their members differ by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import Any

import numpy as np
import polars as pl

from undertow.audit.slices.table import CLASS
from undertow.audit.stats.components import Estimate
from undertow.audit.stats.member_pairs import PairMean, pair_mean, pair_mean_ratio
from undertow.study.results import Results
from undertow.study.tooling.disagreement import pair_churn
from undertow.study.tooling.rows import rows
from undertow.study.tooling.weight_distance import weight_distances
from undertow.study.trained import Trained

Row = Mapping[str, Any]
WHOLE = ("mean", "spread", "true_spread", "churn", "weight_distance", "pair_gain")
"""Measures of a population as a whole, in ``rows.READS``."""


def named(net: str, source: str) -> str:
    """A population's name."""
    return f"{net}: {source}"


@dataclass(frozen=True)
class Sources:
    """Populations of a study, named by ``named``; of each network one is called ``control``, whose
    members differ by nothing."""

    results: Results
    control: str

    def of(self, net: str, source: str) -> Trained:
        """One population. ``KeyError`` where this scale has none."""
        return self.results.of(named(net, source))

    def whole(self, net: str, source: str) -> dict[str, Row]:
        """Each measure of ``WHOLE``, as a row of ``rows``."""
        found = _told(self.of(net, source), source, ())
        chosen = found.filter(pl.col("measure").is_in(WHOLE)).rows(named=True)
        return {row["measure"]: row for row in chosen}

    def by_class(self, net: str, source: str) -> pl.DataFrame:
        """Rows about classes: spreads, ratios, and the largest of these beside their nulls."""
        return _told(self.of(net, source), source, (CLASS,)).filter(pl.col("slice") == CLASS)

    def largest(self, net: str, source: str, measure: str, null: str) -> Row:
        """The largest ratio of a class beside one null."""
        chosen = (pl.col("measure") == measure) & (pl.col("null") == null)
        return self.by_class(net, source).filter(chosen).row(0, named=True)

    def each_largest(
        self, nets: Iterable[str], source: str, measure: str, null: str
    ) -> dict[str, Row]:
        """The same of several networks."""
        return {net: self.largest(net, source, measure, null) for net in nets}

    def churn(self, net: str, source: str) -> PairMean:
        """Mean over pairs of members, in [0, 1]."""
        return pair_mean(pair_churn(self.of(net, source).answers))

    def churn_ratio(self, over: tuple[str, str], base: tuple[str, str]) -> Estimate:
        """How many times the churn of the second (network, source) that of the first is."""
        return pair_mean_ratio(self.churn(*over), self.churn(*base))

    def churn_over(self, nets: Iterable[str], source: str, base: str) -> dict[str, Estimate]:
        """The same of one source over another, in each network."""
        return {net: self.churn_ratio((net, source), (net, base)) for net in nets}

    def controlled(self, net: str) -> tuple[int, float, float]:
        """Of the control: how many members, the largest churn of two, and the largest distance of
        their weights as vectors of length 1."""
        control = self.of(net, self.control)
        paths = [control.folder / "weights" / f"{name}.safetensors" for name in control.ids]
        churn_MM, far_MM = pair_churn(control.answers), weight_distances(paths)
        return len(control.ids), float(churn_MM.max()), float(far_MM.max())

    def right(self, net: str, source: str) -> float:
        """The share of test examples that the first member gets right."""
        return float(self.of(net, source).answers.correct_MN[0].mean())

    def moved(self, net: str, tools: Iterable[str]) -> dict[str, float]:
        """Of each tool that one member was trained with, the share of answers that differ from the
        control's; tools that this network was not trained with are left out."""
        first_N = self.of(net, self.control).answers.pred_MN[0]
        there = [tool for tool in tools if named(net, tool) in self.results.populations]
        return {
            tool: float((self.of(net, tool).answers.pred_MN[0] != first_N).mean()) for tool in there
        }

    def among(self, net: str, tools: Iterable[str]) -> float:
        """Mean churn over pairs of trainings that differ by their tools alone, the control's among
        them; NaN for fewer than two."""
        every = [self.control, *self.moved(net, tools)]
        answers = [self.of(net, source).answers.pred_MN[0] for source in every]
        apart = [float((a != b).mean()) for a, b in combinations(answers, 2)]
        return float(np.mean(apart)) if apart else float("nan")


@lru_cache(maxsize=64)
def _told(trained: Trained, source: str, by: tuple[str, ...]) -> pl.DataFrame:
    # nulls by class take seconds, and claims, tables and figures all read them
    return rows(trained, source, by)
