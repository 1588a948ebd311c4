"""What people said of test examples, set beside what populations make of them: for studies whose
data have the columns ``human_entropy`` and ``human_label``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
from scipy.stats import rankdata

from undertow.records.records import Records
from undertow.study.people.scores import ENTROPY, MODAL, UNCERTAINTY, score_of
from undertow.study.people.within_class import (
    Bools,
    Interval,
    Ints,
    Null,
    Statistic,
    area,
    difference,
    excess,
    interval,
    null,
    partial_rank_correlation,
    rank_correlation,
)
from undertow.study.results import Results
from undertow.study.trained import Floats

DISPUTED = 0.75
"""Disputed are examples whose human entropy lies above this quantile."""
TENTHS = 10


class Goes(NamedTuple):
    """How a score goes with human entropy: Spearman's ρ and the area under the ROC curve for
    disputed examples, each beside its class-matched null, and ρ beyond class and uncertainty."""

    rank: Interval
    rank_null: Null
    area: Interval
    area_null: Null
    beyond: Interval


@dataclass(frozen=True, eq=False)
class BesidePeople:
    """Scores of every test example (N) beside what people said of it."""

    results: Results
    reference: str
    arms: Sequence[str]
    _scores: dict[tuple[str, str], Floats] = field(default_factory=dict, repr=False)

    @cached_property
    def _records(self) -> Records:
        return self.results.of(self.reference).records

    @property
    def class_N(self) -> Ints:
        """Each example's label."""
        return self._records.label_N

    @cached_property
    def entropy_N(self) -> Floats:
        """Entropy of what people said, in nats."""
        return self._records.examples["human_entropy"].to_numpy()

    @cached_property
    def disputed_N(self) -> Bools:
        """Human entropy above its upper quartile."""
        return np.asarray(self.entropy_N > np.quantile(self.entropy_N, DISPUTED))

    @cached_property
    def mislabelled_N(self) -> Floats:
        """1 where most people name another class than the label, or none leads."""
        label = self._records.truths_of(np.arange(self._records.N))
        said = self._records.examples["human_label"].fill_null("")
        return (said != label).to_numpy().astype(np.float64)

    def score(self, arm: str, name: str) -> Floats:
        """A score of ``scores``, between the reference and an arm or of the arm alone."""
        if (arm, name) not in self._scores:
            of = self.results.of(self.reference), self.results.of(arm)
            self._scores[arm, name] = score_of(name, *of)
        return self._scores[arm, name]

    def exemplar_N(self, arm: str) -> Bools:
        """Whose modal answer differs from the reference's; a tie is no."""
        return np.asarray(self.score(arm, MODAL) == 1)

    def goes(self, arm: str, name: str) -> Goes:
        """How closely a score goes with human entropy, over the examples that have one."""
        score_N = self.score(arm, name)
        known_N = np.isfinite(score_N)
        class_N = self.class_N[known_N]
        disputed = area(score_N[known_N], self.disputed_N[known_N])
        return Goes(
            *self.ranks(arm, name),
            interval(disputed, class_N),
            null(disputed, class_N),
            self.beyond(arm, name),
        )

    def ranks(self, arm: str, name: str) -> tuple[Interval, Null]:
        """Spearman's ρ of a score with human entropy, and its class-matched null."""
        class_N = self.class_N[np.isfinite(self.score(arm, name))]
        rank = self._rank(arm, name)
        return interval(rank, class_N), null(rank, class_N)

    def _rank(self, arm: str, name: str) -> Statistic:
        score_N = self.score(arm, name)
        known_N = np.isfinite(score_N)
        return rank_correlation(score_N[known_N], self.entropy_N[known_N])

    def beyond(self, arm: str, name: str) -> Interval:
        """ρ with human entropy given class and the reference's mean entropy and loss; of one of
        these two, given the other."""
        score_N = self.score(arm, name)
        known_N = np.isfinite(score_N)
        given = [kind for kind in UNCERTAINTY if (self.reference, kind) != (arm, name)]
        given_KN = np.stack([self.score(self.reference, kind)[known_N] for kind in given])
        class_N = self.class_N[known_N]
        of = score_N[known_N], self.entropy_N[known_N], given_KN, class_N
        return interval(partial_rank_correlation(*of), class_N)

    def closer(self, first: tuple[str, str], second: tuple[str, str]) -> Interval:
        """ρ of the first (arm, score) less ρ of the second. Both are defined for every example."""
        return interval(difference(self._rank(*first), self._rank(*second)), self.class_N)

    def exemplars_above(self, arm: str, outcome_N: Floats, *, matched: bool = False) -> Interval:
        """Mean outcome of exemplars less that of others of their class; with ``matched`` of their
        class and their tenth of the reference's mean entropy."""
        return interval(self._excess(arm, outcome_N, matched), self.class_N)

    def exemplars_null(self, arm: str, outcome_N: Floats) -> Null:
        """The same of an outcome that is dealt anew within each class."""
        return null(self._excess(arm, outcome_N), self.class_N)

    def _excess(self, arm: str, outcome_N: Floats, matched: bool = False) -> Statistic:
        tenth_N = tenths(self.score(self.reference, ENTROPY)) if matched else 0
        stratum_N = self.class_N.astype(np.int64) * TENTHS + tenth_N
        return excess(self.exemplar_N(arm), outcome_N, stratum_N)


def tenths(score_N: Floats) -> Ints:
    """0 to 9 by rank; equal values stay together."""
    rank_N = (rankdata(score_N) - 0.5) / len(score_N)
    return np.asarray(np.minimum((rank_N * TENTHS).astype(np.int64), TENTHS - 1))
