"""``Evidence``: what rules ask about one variant, with limits at the policy's level, one-sided
each.

A release meets new examples. With one model a side the limits are over examples and speak about
these models; with several they are over members and examples and speak about the recipes. Intervals
here are of coverage 1 − 2·level, so that each end is a one-sided limit.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from undertow.audit.pair import Pair, Row, rows_of, whole_and
from undertow.audit.slices.table import CLASS, LABEL, SliceTable, slice_table
from undertow.audit.stats.excess_limits import member_excess
from undertow.audit.stats.over_runs import beyond_repeats, disagreements, mean_of_runs, run_shift
from undertow.audit.stats.pair_exchange import all_pair_means, pair_means
from undertow.audit.stats.paired_shift import Shift
from undertow.audit.stats.share_limits import example_limits, member_limits
from undertow.audit.stats.slice_means import slice_means
from undertow.audit.stats.two_way import TwoWay, two_way
from undertow.audit.stats.units import flat
from undertow.card import Measure

Floats = NDArray[np.floating[Any]]


class Limits(NamedTuple):
    """Per row: the effect with its one-sided limits, how many examples, and how spread out single
    examples are."""

    effect_G: Floats
    low_G: Floats
    high_G: Floats
    n_G: Floats
    moved_G: Floats
    """Share of examples whose outcome differs between the two models (their mean square difference,
    if graded)."""
    clusters_G: Floats | None = None
    """How many clusters, where limits are over those."""
    seen_low_G: Floats | None = None
    seen_high_G: Floats | None = None
    """The limits of a shift by what was seen; ``None`` where nothing else is allowed for."""
    error_G: Floats | None = None
    """Standard error of a shift over examples, or over clusters."""
    examples_low_G: Floats | None = None
    examples_high_G: Floats | None = None
    """Of a shift over members: the limits over these examples alone, which no number of members
    brings nearer."""

    def seen(self, g: int) -> tuple[float, float]:
        """The limits by which a rule says that something happened, where the others rule it out."""
        low_G = self.low_G if self.seen_low_G is None else self.seen_low_G
        high_G = self.high_G if self.seen_high_G is None else self.seen_high_G
        return float(low_G[g]), float(high_G[g])


@dataclass(frozen=True, eq=False)
class Evidence:
    """One variant against the reference; ``pair.settings.by`` holds every column that a rule of the
    policy names."""

    pair: Pair

    @property
    def over_members(self) -> bool:
        return self.pair.design.mode == "members"

    @cached_property
    def slices(self) -> SliceTable:
        """The pair's slices, but of a crossing every cell: a rule has a minimum of its own."""
        slices = self.pair.slices
        if not any(slices.too_small.values()):
            return slices
        return slice_table(self.pair.reference, self.pair.settings.by, min_count=1)

    @cached_property
    def every_row(self) -> tuple[Row, ...]:
        """The whole first, then every slice: what positions of rows are counted in."""
        return rows_of(self.slices, self.pair.reference.N)

    @cached_property
    def membership_GN(self) -> sp.csr_array:
        """Which examples each row holds."""
        return (
            self.pair.membership_GN if self.slices is self.pair.slices else whole_and(self.slices)
        )

    def every(self, on: str) -> NDArray[np.intp]:
        """Positions of the rows that ``on`` means: ``all``, a column, or ``column=pattern`` (a
        shell pattern). ``label`` is the class, unless a column is called so."""
        column, _, pattern = on.partition("=")
        if column == LABEL and all(row.slice != LABEL for row in self.every_row):
            column = CLASS
        wanted = [
            g
            for g, row in enumerate(self.every_row)
            if row.slice == column and (not pattern or fnmatchcase(row.value, pattern))
        ]
        return np.array(wanted, dtype=np.intp)

    def rows(self, on: str) -> NDArray[np.intp]:
        """The same without the cells of a crossing that the audit leaves out for having too few
        examples."""
        return np.array([g for g in self.every(on).tolist() if self._large(g)], dtype=np.intp)

    def _large(self, g: int) -> bool:
        row, crossed = self.every_row[g], self.slices.too_small
        return row.slice not in crossed or row.count >= self.pair.settings.min_count

    def row(self, g: int) -> Row:
        return self.every_row[g]

    def units(self, rows: NDArray[np.intp]) -> NDArray[np.intp]:
        """How many examples with an outcome on both sides each row holds, or clusters of them."""
        before_N, after_N = (
            mean_of_runs(side.correct_MN) for side in (self.pair.reference, self.pair.variant)
        )
        membership_GN = sp.csr_array(self.membership_GN[rows])
        units = flat(membership_GN, after_N - before_N, self.pair.cluster_N)
        return np.bincount(units.row_U, minlength=len(rows))

    def losses(self, rows: NDArray[np.intp]) -> tuple[Floats, Floats]:
        """By how many right answers each row has fewer than before, of how many examples with an
        outcome on both sides; several runs, or grades, count by their mean."""
        before_N, after_N = (
            mean_of_runs(side.correct_MN) for side in (self.pair.reference, self.pair.variant)
        )
        lost_N = np.asarray(before_N - after_N, dtype=np.float64)
        membership_GN = sp.csr_array(self.membership_GN[rows])
        known_N = (~np.isnan(lost_N)).astype(np.float64)
        return np.asarray(membership_GN @ np.nan_to_num(lost_N)), np.asarray(
            membership_GN @ known_N
        )

    def shift(
        self,
        value_ref_MN: Floats,
        value_var_MN: Floats,
        rows: NDArray[np.intp],
        level: float,
        *,
        span: float = 1.0,
    ) -> Limits:
        """The shift of a per-member quantity such as accuracy, in the quantity's own unit.

        ``span`` is how far apart two of its values can lie. Its limits allow for clusters unlike
        those seen (``mean_shift``), as a rule has to that rules something out.
        """
        membership_GN = sp.csr_array(self.membership_GN[rows])
        n_G, moved_G = _moved(membership_GN, value_ref_MN, value_var_MN)
        before_MN, after_MN, clusters = (
            value_ref_MN / span,
            value_var_MN / span,
            self.pair.cluster_N,
        )
        shift: Shift | TwoWay
        if self.over_members:
            shift = two_way(
                before_MN,
                after_MN,
                membership_GN,
                2 * level,
                paired=self.pair.paired,
                cluster_N=clusters,
            )
        else:
            shift = run_shift(membership_GN, before_MN, after_MN, 2 * level, clusters)
        ends = shift.unseen_low_G, shift.unseen_high_G, shift.low_G, shift.high_G
        # Few members leave limits wider than what such a shift can be at all.
        low_G, high_G, *seen = (span * np.clip(end_G, -1.0, 1.0) for end_G in ends)
        found = Limits(span * shift.effect_G, low_G, high_G, n_G, moved_G, None, *seen)
        if isinstance(shift, Shift):
            over = None if clusters is None else shift.clusters_G
            return found._replace(clusters_G=over, error_G=span * shift.error_G)
        alone = span * shift.examples_low_G, span * shift.examples_high_G
        return found._replace(examples_low_G=alone[0], examples_high_G=alone[1])

    def excess(self, measure: Measure, rows: NDArray[np.intp], level: float) -> Limits:
        """How far the two sides disagree beyond what runs, or members, of the reference disagree
        among themselves; NaN limits where nothing shows that."""
        reference, variant, label_N = (
            self.pair.reference,
            self.pair.variant,
            self.pair.reference.label_N,
        )
        membership_GN = sp.csr_array(self.membership_GN[rows])
        value_N, repeat_PN = disagreements(
            reference.pred_MN, variant.pred_MN, label_N, measure.function
        )
        n_G = np.asarray(membership_GN @ (~np.isnan(value_N)).astype(np.float64))
        excess = beyond_repeats(membership_GN, value_N, repeat_PN, 2 * level, self.pair.cluster_N)
        moved_G = slice_means(membership_GN, value_N[None])[:, 0]
        if self.over_members:
            # Members of a pair disagree less than those of the reference: no floor at all.
            if self.pair.paired:
                own_GP = pair_means(
                    self.pair.pred_MN,
                    label_N,
                    membership_GN,
                    measure.function,
                    reference.M,
                    paired=True,
                )
                nothing_G = np.full(len(rows), np.nan)
                return Limits(nothing_G, nothing_G, nothing_G, n_G, own_GP.mean(axis=(1, 2)))
            value_MMG = all_pair_means(self.pair.pred_MN, label_N, membership_GN, measure.function)
            moved_G = value_MMG[: reference.M, reference.M :].mean(axis=(0, 1))
            excess = member_excess(value_MMG, reference.M, excess, 2 * level)
        return Limits(excess.effect_G, excess.low_G, excess.high_G, n_G, moved_G)

    def share(self, measure: Measure, rows: NDArray[np.intp], level: float) -> Limits:
        """How far two models disagree, without a floor.

        One model a side: exact binomial limits over examples; several runs, or examples in
        clusters: limits of their mean. Over members: each variant member against the reference
        member that it derives from, or, where members are independent, all against all. What
        members vary by is added to the exact limits over the examples of one pair
        (``share_limits``), as an equal share in three pairs is no proof that a fourth has it.
        """
        pair, label_N, function = self.pair, self.pair.reference.label_N, measure.function
        membership_GN = sp.csr_array(self.membership_GN[rows])
        sides = pair.reference.pred_MN, pair.variant.pred_MN
        if pair.paired and self.over_members:
            value_N = mean_of_runs(
                np.array([function(a_N, b_N, label_N) for a_N, b_N in zip(*sides, strict=True)])
            )
        else:
            value_N, _ = disagreements(*sides, label_N, function)
        n_G = np.asarray(membership_GN @ (~np.isnan(value_N)).astype(np.float64))
        single = self.over_members or max(len(side_MN) for side_MN in sides) == 1
        limits = example_limits(membership_GN, value_N, level, pair.cluster_N, single=single)
        if self.over_members:
            share_GRV = pair_means(
                pair.pred_MN, label_N, membership_GN, function, pair.reference.M, paired=pair.paired
            )
            limits = member_limits(share_GRV, limits, level, paired=pair.paired)
        return Limits(*limits, n_G, limits.share_G)

    @cached_property
    def right(self) -> tuple[Floats, Floats]:
        """Whether each side gets each example right, 1 or 0: at least half of its members, or runs,
        with an outcome (of a graded task: at least half of the score). NaN where there is none."""
        return _majority(self.pair.reference.correct_MN), _majority(self.pair.variant.correct_MN)

    @cached_property
    def at_stake_N(self) -> NDArray[np.bool_]:
        """Examples that some run of the reference gets right: all that can become wrong."""
        return np.asarray((self.pair.reference.correct_MN >= 0.5).any(axis=0))


def _majority(correct_MN: Floats) -> Floats:
    mean_N = mean_of_runs(correct_MN)
    return np.where(np.isnan(mean_N), np.nan, mean_N >= 0.5)


def _moved(
    membership_GN: sp.csr_array, before_MN: Floats, after_MN: Floats
) -> tuple[Floats, Floats]:
    square_N = (after_MN[0] - before_MN[0]) ** 2
    known_N = (~np.isnan(before_MN)).any(axis=0) & (~np.isnan(after_MN)).any(axis=0)
    n_G = np.asarray(membership_GN @ known_N.astype(np.float64))
    return n_G, slice_means(membership_GN, square_N[None])[:, 0]
