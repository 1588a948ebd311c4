"""Rules about disagreement: how much of it lies above the floor."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Literal

from undertow.audit.gate.evidence import Evidence
from undertow.audit.gate.result import Decision
from undertow.audit.gate.rules._rule import PlacedRule, at_most, number, points, span
from undertow.card import Measure

NO_FLOOR = (
    "there is no floor: give a repeat run of the reference (or several members a side), or limit all of it with"
    ' above = "zero"'
)


class ExcessRule(PlacedRule):
    """``above = "floor"`` (the default) limits what a repeat run of the reference would not show too;
    ``above = "zero"`` limits all of it, noise included."""

    above: Literal["floor", "zero"] = "floor"

    def decide_excess(
        self, evidence: Evidence, measure: Measure, what: str, allowed: float, level: float
    ) -> Iterator[Decision]:
        """``measure`` of two models may be at most ``allowed`` points; ``what`` names it in a sentence."""
        rows = evidence.rows(self.on)
        if not len(rows):
            yield self.nowhere(evidence, allowed)
            return
        floored = self.above == "floor"
        limits = (evidence.excess if floored else evidence.share)(measure, rows, level)
        limit = allowed / 100
        for g, at in enumerate(rows.tolist()):
            effect, low, high = (float(a[g]) for a in (limits.effect_G, limits.low_G, limits.high_G))
            outcome = at_most(high, low, limit)
            share = f"{100 * float(limits.moved_G[g]):.2f} % {what}"
            said = f"{share}, {number(100 * effect)} points above the floor" if floored else share
            reason = {
                "pass": f"{said} {span(low, high, level)}: more than {points(limit)} is ruled out.",
                "fail": f"{said} {span(low, high, level)}: more than {points(limit)}.",
                "cannot tell": f"{said} {span(low, high, level)}: too few examples or members to decide.",
            }[outcome]
            if floored and math.isnan(high):
                reason = f"{share}; {NO_FLOOR}."
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
