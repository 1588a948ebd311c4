"""What people said of test examples, beside what populations make of them: for studies whose data
have the columns ``human_entropy`` and ``human_label``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from scipy.stats import rankdata

from undertow.audit.dynamics.columns import example_columns
from undertow.audit.dynamics.instruments import aum, el2n, forgetting
from undertow.audit.measures.modal import modal_disagreement
from undertow.audit.measures.taxicab import taxicab
from undertow.figures import Line, Panel
from undertow.records.probes import read_probe
from undertow.records.records import Records
from undertow.study import Results, Table
from undertow.trained import Floats, Trained, mean_interval
from undertow.within_class import (
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

OF_PAIRS = ("Taxicab distance", "modal disagreement")
OF_MEMBERS = ("prediction depth", "EL2N", "AUM, negated", "forgetting events")
UNCERTAINTY = ("entropy", "loss")
DISPUTED = 0.75
"""Examples are disputed whose human entropy lies above this quantile."""
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
    """Scores of every test example (N) beside what people said of it. Larger is harder."""

    results: Results
    reference: str
    arms: Sequence[str]

    @cached_property
    def _records(self) -> Records:
        return self.results.of(self.reference).records

    @property
    def class_N(self) -> Ints:
        """Each example's label."""
        return self._records.label_N

    @property
    def entropy_N(self) -> Floats:
        """Entropy of what people said, in nats."""
        return self._records.examples["human_entropy"].to_numpy()

    @property
    def disputed_N(self) -> Bools:
        """Human entropy above its upper quartile."""
        return self.entropy_N > np.quantile(self.entropy_N, DISPUTED)

    @property
    def mislabelled_N(self) -> Floats:
        """1 where most people name another class than the label, or none leads."""
        label = self._records.truths_of(np.arange(self._records.N))
        said = self._records.examples["human_label"].fill_null("")
        return (said != label).to_numpy().astype(np.float64)

    @property
    def uncertainty_KN(self) -> Floats:
        """Mean entropy and mean loss of the reference's members."""
        return np.stack([self.score(self.reference, name) for name in UNCERTAINTY])

    def exemplar_N(self, arm: str) -> Bools:
        """Whose modal answer differs from the reference's; a tie is no."""
        return self.score(arm, "modal disagreement") == 1

    def score(self, arm: str, name: str) -> Floats:
        """One of ``OF_PAIRS``, of an arm and the reference; or of ``OF_MEMBERS`` or
        ``UNCERTAINTY``, of one population, the mean over its members. NaN where undefined."""
        population = self.results.of(arm)
        if name in OF_PAIRS:
            return _of_pair(self._records, population.records, name)
        if name in UNCERTAINTY:
            return _uncertainty(population.records, name)
        return _of_members(population, name)

    def goes(self, arm: str, name: str) -> Goes:
        """How closely a score goes with human entropy."""
        score_N = self.score(arm, name)
        known_N = np.isfinite(score_N)
        class_N = self.class_N[known_N]
        rank, beyond = self.ranked(arm, name), self.beyond(arm, name)
        disputed = area(score_N[known_N], self.disputed_N[known_N])
        return Goes(
            interval(rank, class_N),
            null(rank, class_N),
            interval(disputed, class_N),
            null(disputed, class_N),
            interval(beyond, class_N),
        )

    def ranked(self, arm: str, name: str) -> Statistic:
        """Spearman's ρ of a score with human entropy, over the examples that have one."""
        score_N = self.score(arm, name)
        known_N = np.isfinite(score_N)
        return rank_correlation(score_N[known_N], self.entropy_N[known_N])

    def beyond(self, arm: str, name: str) -> Statistic:
        """The same given class and the reference's uncertainty: the other kind of uncertainty alone
        where the score is one."""
        score_N = self.score(arm, name)
        known_N = np.isfinite(score_N)
        own = [self.reference, name] if arm == self.reference else []
        given = [n for n in UNCERTAINTY if [self.reference, n] != own]
        given_KN = np.stack([self.score(self.reference, n)[known_N] for n in given])
        of = (score_N[known_N], self.entropy_N[known_N], given_KN, self.class_N[known_N])
        return partial_rank_correlation(*of)

    def closer(self, first: tuple[str, str], second: tuple[str, str]) -> Interval:
        """ρ of the first (arm, score) less ρ of the second, both defined for every example."""
        return interval(difference(self.ranked(*first), self.ranked(*second)), self.class_N)

    def exemplars_above(self, arm: str, outcome_N: Floats, *, matched: bool = False) -> Interval:
        """Mean outcome of exemplars less that of others of their class; with ``matched`` of their
        class and their tenth of the reference's mean entropy."""
        return interval(self._excess(arm, outcome_N, matched), self.class_N)

    def _excess(self, arm: str, outcome_N: Floats, matched: bool) -> Statistic:
        tenth_N = tenths(self.score(self.reference, "entropy")) if matched else 0
        stratum_N = self.class_N.astype(np.int64) * TENTHS + tenth_N
        return excess(self.exemplar_N(arm), outcome_N, stratum_N)

    def scores_table(self) -> Table:
        """A row per score of each arm, and the reference's uncertainty."""
        asked = [(arm, name) for arm in self.arms for name in (*OF_PAIRS, *OF_MEMBERS)]
        asked += [(self.reference, name) for name in (*OF_MEMBERS, *UNCERTAINTY)]
        rows = [[arm, name, *_cells(self.goes(arm, name))] for arm, name in asked]
        head = ["arm", "score", "ρ [95 %]", "class-matched null of ρ", "AUROC [95 %]"]
        note = (
            f"Of {len(self.entropy_N):,} test images. ρ: Spearman, with human entropy. AUROC: for "
            f"the {int(self.disputed_N.sum()):,} images whose human entropy is above its upper "
            "quartile. Intervals: images drawn anew within each class. Null: human entropy dealt "
            "anew within each class, mean and 95 % of deals. Beyond: partial ρ given class and the "
            f"{self.reference} members' mean entropy and mean loss, or given the other of these "
            "two. Scores of pairs are set against the reference; the others are means over the "
            "arm's own members."
        )
        columns = [*head, "null of AUROC", "ρ beyond class and uncertainty"]
        return Table("Scores beside human entropy", columns, rows, note)

    def exemplars_table(self) -> Table:
        """A row per arm: exemplars beside controls."""
        head = ["arm", "exemplars", "human entropy", "above class controls [95 %]", "null"]
        head += ["above controls of their class and tenth", "mislabelled", "above class controls"]
        rows = [self._exemplars(arm) for arm in self.arms]
        note = (
            "Human entropy in nats. Controls: other images of the same class; of the same class "
            f"and the same tenth of the {self.reference} members' mean entropy. Null: human "
            "entropy dealt anew within each class. Mislabelled: most people name another class "
            f"than the label, or none leads ({self.mislabelled_N.mean():.2%} of all images)."
        )
        return Table("Exemplars beside people", head, rows, note)

    def _exemplars(self, arm: str) -> list[str]:
        exemplar_N, entropy_N = self.exemplar_N(arm), self.entropy_N
        dealt = null(self._excess(arm, entropy_N, False), self.class_N)
        wrong_N = self.mislabelled_N
        return [
            arm,
            str(int(exemplar_N.sum())),
            f"{entropy_N[exemplar_N].mean():.3f}",
            interval_text(self.exemplars_above(arm, entropy_N)),
            _null_text(dealt),
            interval_text(self.exemplars_above(arm, entropy_N, matched=True)),
            f"{wrong_N[exemplar_N].mean():.1%}",
            interval_text(self.exemplars_above(arm, wrong_N)),
        ]

    def panels(self, shown: Sequence[tuple[str, str]]) -> list[Panel]:
        """Mean human entropy over tenths of some scores; and of exemplars and others over tenths of
        the reference's uncertainty."""
        by_score = [
            self._line(f"{name}, {arm}", self.score(arm, name), None, place, arm == self.reference)
            for place, (arm, name) in enumerate(shown)
        ]
        uncertain_N = self.score(self.reference, "entropy")
        by_tenth = [
            line
            for place, arm in enumerate(self.arms)
            for line in (
                self._line(f"exemplars, {arm}", uncertain_N, self.exemplar_N(arm), place, False),
                self._line(f"others, {arm}", uncertain_N, ~self.exemplar_N(arm), place, True),
            )
        ]
        y = "mean human entropy (nats)"
        return [
            Panel("By score", "rank of the score", y, by_score),
            Panel("Exemplars and others", f"rank of {self.reference} entropy", y, by_tenth),
        ]

    def _line(
        self, label: str, score_N: Floats, chosen_N: Bools | None, pair: int, dashed: bool
    ) -> Line:
        """Mean human entropy in each tenth of a score that has three chosen examples."""
        tenth_N = tenths(score_N)
        chosen_N = np.ones(len(score_N), dtype=bool) if chosen_N is None else chosen_N
        in_T = [(tenth_N == t) & chosen_N for t in range(TENTHS)]
        in_T = [in_N for in_N in in_T if in_N.sum() >= 3]
        rank_N = rankdata(score_N) / len(score_N)
        found = [mean_interval(self.entropy_N[in_N]) for in_N in in_T]
        mean, low, high = ([f[i] for f in found] for i in range(3))
        return Line(label, [float(rank_N[n].mean()) for n in in_T], mean, low, high, pair, dashed)


def tenths(score_N: Floats) -> Ints:
    """0 to 9 by rank; equal values stay together."""
    rank_N = (rankdata(score_N) - 0.5) / len(score_N)
    return np.minimum((rank_N * TENTHS).astype(np.int64), TENTHS - 1)


def interval_text(found: Interval) -> str:
    """With signs: +0.123 [+0.100, +0.150]."""
    return f"{found.value:+.3f} [{found.low:+.3f}, {found.high:+.3f}]"


def _null_text(found: Null) -> str:
    return f"{found.mean:+.3f} [{found.low:+.3f}, {found.high:+.3f}], p {found.p:.3f}"


def _cells(found: Goes) -> list[str]:
    area_text = f"{found.area.value:.3f} [{found.area.low:.3f}, {found.area.high:.3f}]"
    dealt = found.area_null
    return [
        interval_text(found.rank),
        _null_text(found.rank_null),
        area_text,
        f"{dealt.mean:.3f} [{dealt.low:.3f}, {dealt.high:.3f}], p {dealt.p:.3f}",
        interval_text(found.beyond),
    ]


def _of_pair(reference: Records, variant: Records, name: str) -> Floats:
    shares = [side.votes_NC.toarray() / side.M for side in (reference, variant)]
    # neither measure reads the truth
    truth_NC = np.zeros(shares[0].shape, dtype=bool)
    measure = taxicab if name == "Taxicab distance" else modal_disagreement
    return np.asarray(measure(*shares, truth_NC), dtype=np.float64)


def _uncertainty(records: Records, name: str) -> Floats:
    """Mean over members; a probability of 0 counts as the least that float32 holds."""
    least = np.finfo(np.float32).tiny
    if records.proba_MNC is None or records.p_label_MN is None:
        raise KeyError(f"{records.name!r} has no probabilities")
    if name == "loss":
        return -np.log(np.maximum(records.p_label_MN.astype(np.float64), least)).mean(axis=0)
    p_MNC = np.maximum(records.proba_MNC.astype(np.float64), least)
    return np.asarray(-(p_MNC * np.log(p_MNC)).sum(axis=-1).mean(axis=0))


def _of_members(population: Trained, name: str) -> Floats:
    if name == "prediction depth":
        depth_MNE = read_probe(population.folder, "prediction-depth-test").values["depth"]
        return np.asarray(depth_MNE[..., -1].mean(axis=0), dtype=np.float64)
    told = {"EL2N": el2n, "AUM, negated": aum, "forgetting events": forgetting}[name]
    columns = example_columns(population.folder, "trace-test", instruments=(told,))
    value_N = columns[told.card.name].to_numpy()
    return -value_N if told is aum else value_N
