"""``worst_slice_drop``: no slice of a column may lose more than so many points."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from undertow.audit.gate.evidence import Evidence, Limits
from undertow.audit.gate.result import Decision, Outcome
from undertow.audit.gate.rules._forecast import would_decide
from undertow.audit.gate.rules._rule import (
    NOTHING,
    Column,
    Points,
    Rule,
    Small,
    at_most,
    points,
    shift_span,
    shown,
    signed,
)


class WorstSliceDrop(Rule):
    """Each slice of ``by`` with at least ``min_count`` examples gets a decision; a smaller one only
    where it fails.

    That no slice lost more is a claim about all of them: each must show it at the level, which
    needs no correction (intersection–union test, Berger 1982). Small slices cannot show it and are
    left out of the claim, and the verdict counts them. That some slice lost more is found among
    many, so failing is corrected over the slices (Bonferroni): over those of ``min_count`` examples
    and those smaller ones of which a total loss would be significant (Tarone 1990).
    """

    name: ClassVar[str] = "worst_slice_drop"
    limits_loss: ClassVar[bool] = True
    counts_lost: ClassVar[bool] = True
    points: Points
    by: Column
    min_count: Annotated[int, Field(ge=1, strict=True)] = 30

    def columns(self) -> tuple[str, ...]:
        return (self.by,)

    def place(self) -> str:
        return self.by

    def small(self, evidence: Evidence) -> Small:
        rows = map(evidence.row, self._by_size(evidence)[1].tolist())
        return Small(self.min_count, tuple(rows))

    def decide(self, evidence: Evidence, level: float, folder: Path) -> Iterator[Decision]:
        made = tuple(self._decided(evidence, level)) if len(evidence.every(self.by)) > 1 else ()
        if made:
            yield from made
            return
        reason = f"Cannot tell: {self._nothing_to_rank(evidence)}."
        yield self.decision(evidence, None, "cannot tell", reason, limit=self.points)

    def _decided(self, evidence: Evidence, level: float) -> Iterator[Decision]:
        """The worst slice first; of the small ones those that fail."""
        large, small = self._by_size(evidence)
        limit = self.points / 100
        joining = small[can_fail(evidence.units(small), len(large), level, limit)]
        rows = np.concatenate([large, joining])
        if not len(rows):
            return
        sides = evidence.pair.reference.correct_MN, evidence.pair.variant.correct_MN
        each = evidence.shift(*sides, rows, level)
        among = evidence.shift(*sides, rows, level / len(rows))
        failing = each._replace(seen_high_G=among.seen_high_G)
        for g in np.argsort(each.effect_G, kind="stable").tolist():
            corrected = failing.seen(g)[1]
            outcome = at_most(-float(each.low_G[g]), -corrected, limit)
            if g < len(large) or outcome == "fail":
                reason = self._reason(evidence, each, failing, g, outcome, level)
                yield self.decision(
                    evidence,
                    evidence.row(int(rows[g])),
                    outcome,
                    reason,
                    limit=self.points,
                    observed=-100 * float(each.effect_G[g]),
                    low=-100 * each.seen(g)[1],
                    high=-100 * float(each.low_G[g]),
                    n=each.n_G[g],
                )

    def _reason(
        self,
        evidence: Evidence,
        each: Limits,
        failing: Limits,
        g: int,
        outcome: Outcome,
        level: float,
    ) -> str:
        """``failing`` has the limits, corrected over its slices, that a drop is shown by."""
        if each.n_G[g] == 0:
            return f"Cannot tell: {NOTHING}."
        limit, slices = self.points / 100, len(each.n_G)
        high, corrected = each.seen(g)[1], failing.seen(g)[1]
        moved = f"{signed(100 * float(each.effect_G[g]))} points"
        said = f"{moved} {shift_span(float(each.low_G[g]), high, level)}"
        if outcome == "pass":
            return f"{said}: a drop of {points(limit)} is ruled out."
        if outcome == "fail":
            return f"{said}: dropped by more than {points(limit)}, corrected over {slices} slices."
        if -high > limit:
            said += (
                f", but corrected over {slices} slices a larger drop is not shown (limit "
                f"{signed(100 * corrected)})"
            )
        return f"{said}: {would_decide(evidence, failing, g, limit, level, level / slices)}."

    def _by_size(self, evidence: Evidence) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The slices that have to show that the limit holds, and the smaller ones."""
        every = evidence.every(self.by)
        large = np.array([evidence.row(g).count >= self.min_count for g in every.tolist()], bool)
        return every[large], every[~large]

    def _nothing_to_rank(self, evidence: Evidence) -> str:
        """Why there is no worst slice."""
        every = evidence.every(self.by).tolist()
        if len(every) == 1:
            alone = shown(evidence.row(every[0]).value)
            return (
                f"{self.by!r} has the value {alone} alone, so there is no worst slice; limit the "
                "whole with max_drop"
            )
        largest = max((evidence.row(g) for g in every), key=lambda row: row.count, default=None)
        said = f"; the largest, {shown(largest.value)}, has {largest.count:,}" if largest else ""
        return f"no slice of {self.by!r} has {self.min_count} examples{said}"


def can_fail(
    units_G: NDArray[np.integer[Any]], large: int, level: float, limit: float
) -> NDArray[np.bool_]:
    """Which small slices, of so many examples or clusters, join the ``large`` ones in what is
    tested for failure: where a total loss would be significant, corrected over all that join.

    If the mean loss is at most the limit, a unit loses all with a chance of (1 + limit) / 2 at
    most. How many join depends on sizes alone, so correcting over them is enough (Tarone 1990).
    """

    def joining(over: int) -> NDArray[np.bool_]:
        return np.asarray(((1 + limit) / 2) ** units_G <= level / over)

    counts = range(large + 1, large + len(units_G) + 1)
    fits = bisect_left(counts, True, key=lambda over: large + int(joining(over).sum()) <= over)
    return joining(counts[fits]) if len(counts) > fits else np.zeros(len(units_G), bool)
