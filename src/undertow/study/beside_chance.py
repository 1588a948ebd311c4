"""What is said of an arm's exemplars, beside the same of those that chance alone makes: of a second
population of the reference's recipe, the null arm.

Hard examples change their modal answer between any two populations, so that exemplars are hard, and
lie where data are rare, says nothing yet of what compression does. Intervals are from examples
drawn anew within each class; members are fixed, and new ones would vary too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import polars as pl

from undertow.audit.count import SPLITS
from undertow.audit.slices.table import slice_table
from undertow.audit.stats.ballots import modes
from undertow.audit.wording import signed
from undertow.records.records import Records
from undertow.study.claims import Limits, Outcome, decided
from undertow.study.people.within_class import (
    Bools,
    Floats,
    Interval,
    Ints,
    Statistic,
    difference,
    interval,
)
from undertow.study.results import Results


class Beside(NamedTuple):
    """A number of an arm's exemplars and of the null arm's, each less what it is of all examples;
    and the first less the second."""

    own: Interval
    null: Interval
    beyond: Interval

    @property
    def limits(self) -> list[Limits]:
        """What decides a claim: the arm's own, and what it has beyond the null arm."""
        return [(found.low, found.high) for found in (self.own, self.beyond)]

    def outcome(self, what: str, show: Callable[[float], str], *, ratio: bool = False) -> Outcome:
        """Held where the arm's number and what it has beyond the null arm are shown to be above 0.
        The evidence shows numbers as the claim would have them, differences in points or, of
        ratios, plainly."""
        return decided(self.limits, self.said(what, show, ratio=ratio))

    def said(self, what: str, show: Callable[[float], str], *, ratio: bool = False) -> str:
        """The evidence."""
        value, low, high = (show(x) for x in self.own)
        more, least, most = (signed(x / 100, 2) if ratio else signed(x) for x in self.beyond)
        return (
            f"{value} [{low}, {high}] {what}; by chance (dense again) {show(self.null.value)}: "
            f"{more} [{least}, {most}] beyond it"
        )


def times(excess: float) -> str:
    """A ratio, to show, from what it has beyond 1."""
    return f"{1 + excess:.2f}"


@dataclass(frozen=True, eq=False)
class BesideChance:
    """Exemplars of arms against ``reference``, beside those of the null arm ``again``."""

    results: Results
    reference: str = "dense"
    again: str = "dense again"

    @cached_property
    def _before(self) -> Records:
        return self.results.of(self.reference).answers

    def over_index(self, arm: str, slice: str, value: str) -> Beside:
        """How many times as common a slice is among exemplars as among all, less 1."""
        inside_N = self._inside(slice, value)
        return self._beside(arm, lambda name: _over_index(self._changed_N(name), inside_N))

    def errors(self, arm: str) -> Beside:
        """The share of an arm's errors that are made on its exemplars over the share of examples
        that they are, less 1."""

        def of(name: str) -> Statistic:
            right_MN = self.results.of(name).answers.correct_MN.astype(np.float64)
            return _over_index(self._changed_N(name), 1 - right_MN.mean(axis=0))

        return self._beside(arm, of)

    def first_by_taxicab(self, arm: str, slice: str, value: str, share: float = 0.05) -> Beside:
        """The share of a slice among the first by Taxicab distance, less that among all."""
        inside_N = self._inside(slice, value)

        def of(name: str) -> Statistic:
            order_N = np.argsort(
                -self._exemplars(name)["taxicab"].fill_null(0).to_numpy(), kind="stable"
            )
            return _first(order_N, inside_N, share)

        return self._beside(arm, of)

    def harder(self, arm: str) -> tuple[Beside, Beside]:
        """How much less accurate the reference, and the arm itself, are on exemplars than on all.
        Who chooses is not scored, by the audit's halvings (``audit.count``)."""
        first, second = (
            self._beside(arm, lambda name, side=side: self._gap(name, side))  # type: ignore[misc]
            for side in (0, 1)
        )
        return first, second

    def _beside(self, arm: str, of: Callable[[str], Statistic]) -> Beside:
        one, null = of(arm), of(self.again)
        class_N = self._before.label_N
        return Beside(*(interval(s, class_N) for s in (one, null, difference(one, null))))

    def _inside(self, slice: str, value: str) -> Floats:
        found = slice_table(self._before, (slice,), min_count=1)
        if value not in found.value_G:
            raise KeyError(f"no slice {slice} = {value}")
        inside_N: Floats = found.membership_GN.toarray()[found.value_G.index(value)]
        return inside_N.astype(np.float64)

    def _exemplars(self, arm: str) -> pl.DataFrame:
        """The audit's, in the order of the records; null where no answer changed."""
        self.results.variant(arm)
        rows = self.results.audit.exemplars.filter(pl.col("variant") == arm)
        ids = pl.DataFrame({"example_id": self._before.example_id_N})
        return ids.join(rows, on="example_id", how="left", maintain_order="left")

    def _changed_N(self, arm: str) -> Floats:
        changed = self._exemplars(arm)["modal_disagreement"].fill_null(False)
        return changed.to_numpy().astype(np.float64)

    def _gap(self, arm: str, side: int) -> Statistic:
        chosen_NS, scoring_MS = self._halved(arm, side)
        records = (self._before, self.results.of(arm).answers)[side]
        right_MN = records.correct_MN.astype(np.float64)
        right_NS = chosen_NS * (right_MN.T @ scoring_MS / scoring_MS.sum(axis=0))
        right_N = right_MN.mean(axis=0)

        def statistic(weight_N: Floats, of_N: Ints) -> float:
            count_S, right_S = weight_N @ chosen_NS, weight_N @ right_NS
            some_S = count_S > 0
            if not some_S.any():
                return float("nan")
            whole = weight_N @ right_N / weight_N.sum()
            return float(whole - (right_S[some_S] / count_S[some_S]).mean())

        return statistic

    def _halved(self, arm: str, side: int) -> tuple[Floats, Floats]:
        """What half of both sides' members choose (N, S), and who of one side is left to score
        (M, S)."""
        both = self._before, self.results.of(arm).answers
        rng = np.random.default_rng([self.results.audit.settings.seed, *b"cross-fit"])
        orders = [[rng.permutation(r.M) for r in both] for _ in range(SPLITS)]
        half = [_halves(np.stack([o[i] for o in orders])) for i in range(2)]
        before_NS, after_NS = (modes(r.pred_MN, h) for r, h in zip(both, half, strict=True))
        chosen_NS = (before_NS >= 0) & (after_NS >= 0) & (before_NS != after_NS)
        return chosen_NS.astype(np.float64), (~half[side]).astype(np.float64)


def _over_index(changed_N: Floats, of_N: Floats) -> Statistic:
    """The weighted mean of a quantity over the changed over that of all, less 1."""

    def statistic(weight_N: Floats, _: Ints) -> float:
        changed, whole = weight_N @ changed_N, weight_N @ of_N / weight_N.sum()
        if not changed or not whole:
            return float("nan")
        return float((weight_N * changed_N) @ of_N / changed / whole - 1)

    return statistic


def _first(order_N: Ints, inside_N: Floats, share: float) -> Statistic:
    def statistic(weight_N: Floats, _: Ints) -> float:
        ranked_N = weight_N[order_N]
        room_N = ranked_N.sum() * share - (np.cumsum(ranked_N) - ranked_N)
        first_N = np.clip(room_N, 0, ranked_N)
        found = first_N @ inside_N[order_N] / first_N.sum()
        return float(found - weight_N @ inside_N / weight_N.sum())

    return statistic


def _halves(order_SM: Ints) -> Bools:
    """The first half of each order, and then the other half of each: (M, 2S)."""
    members = order_SM.shape[1]
    place_SM = np.argsort(order_SM, axis=1)
    half_MS = (place_SM < -(-members // 2)).T
    return np.hstack([half_MS, ~half_MS])
