"""Rules about disagreement: how much of it lies above the floor."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from undertow.audit.gate.evidence import Evidence
from undertow.audit.gate.result import Decision, Outcome
from undertow.audit.gate.rules._rule import PlacedRule, at_most, number, points, span
from undertow.card import Measure

NO_FLOOR = (
    "there is no floor: give a repeat run of the reference (or several members a side), or limit "
    "all of it with"
    ' above = "zero"'
)
NO_PAIRED_FLOOR = (
    'members that derive from one another have no floor: limit all of it with above = "zero"'
)
TOO_FEW_MEMBERS = (
    "too few members a side for limits above the floor: give more, or limit all of it with above = "
    '"zero"'
)
NO_ANSWERS = "no example has what this needs on both sides"


class ExcessRule(PlacedRule):
    """``above = "floor"`` (the default) limits what a repeat run of the reference would not show
    too; ``above = "zero"`` limits all of it, noise included."""

    counts_lost: ClassVar[bool] = True
    above: Literal["floor", "zero"] = "floor"

    def idle(self, evidence: Evidence, at: int) -> str:
        """Why this row could not show anything, whatever the variant did; empty where it could."""
        return ""

    def nothing(self, evidence: Evidence) -> str:
        """Why no example on a row has a value."""
        return NO_ANSWERS

    def decide_excess(
        self, evidence: Evidence, measure: Measure, what: str, allowed: float, level: float
    ) -> Iterator[Decision]:
        """``measure`` of two models may be at most ``allowed`` points; ``what`` names it in a
        sentence."""
        rows = evidence.rows(self.on)
        if not len(rows):
            yield self.nowhere(evidence, allowed)
            return
        floored = self.above == "floor"
        limits = (evidence.excess if floored else evidence.share)(measure, rows, level)
        limit = allowed / 100
        for g, at in enumerate(rows.tolist()):
            idle = self.idle(evidence, at)
            if idle:
                yield self.decision(
                    evidence,
                    evidence.row(at),
                    "cannot tell",
                    f"Cannot tell: {idle}.",
                    limit=allowed,
                )
                continue
            effect, low, high = (
                float(a[g]) for a in (limits.effect_G, limits.low_G, limits.high_G)
            )
            outcome = at_most(high, low, limit)
            share = f"{100 * float(limits.moved_G[g]):.2f} % {what}"
            said = f"{share}, {number(100 * effect)} points above the floor" if floored else share
            reason = {
                "pass": f"{said} {span(low, high, level)}: more than {points(limit)} is ruled out.",
                "fail": f"{said} {span(low, high, level)}: more than {points(limit)}.",
                "cannot tell": f"{said} {span(low, high, level)}: more examples or members "
                f"are needed to decide {points(limit)}.",
            }[outcome]
            if limits.n_G[g] == 0:
                reason = f"Cannot tell: {self.nothing(evidence)}."
            elif floored and math.isnan(high):
                outcome, low, high = _all_of_it(evidence, measure, rows[g : g + 1], level, limit)
                effect = float(limits.moved_G[g]) if outcome == "pass" else effect
                reason = f"{share}; {no_floor(evidence)}."
                if outcome == "pass":
                    reason = (
                        f"{share} {span(low, high, level)}: more than {points(limit)} is ruled "
                        "out, whatever the floor."
                    )
            yield self.decision(
                evidence,
                evidence.row(at),
                outcome,
                reason,
                limit=allowed,
                observed=100 * effect,
                low=100 * low,
                high=100 * high,
                n=limits.n_G[g],
            )


def _all_of_it(
    evidence: Evidence, measure: Measure, row: NDArray[np.intp], level: float, limit: float
) -> tuple[Outcome, float, float]:
    """Without a floor: what is above one is no more than all of it, so a small share passes; its
    limits then."""
    share = evidence.share(measure, row, level)
    low, high = float(share.low_G[0]), float(share.high_G[0])
    return ("pass", low, high) if high < limit else ("cannot tell", math.nan, math.nan)


def no_floor(evidence: Evidence) -> str:
    """Why there is none, and what to do."""
    if not evidence.over_members:
        return NO_FLOOR
    return NO_PAIRED_FLOOR if evidence.pair.paired else TOO_FEW_MEMBERS
