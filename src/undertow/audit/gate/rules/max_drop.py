"""``max_drop``: accuracy (or the log's score) may fall by no more than so many points."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from undertow.audit.gate.evidence import Evidence
from undertow.audit.gate.result import Decision
from undertow.audit.gate.rules._forecast import would_decide
from undertow.audit.gate.rules._rule import (
    NOTHING,
    PlacedRule,
    Points,
    at_most,
    points,
    shift_span,
    signed,
)


class MaxDrop(PlacedRule):
    """Non-inferiority on the paired difference: passes where the limit of the drop is below
    ``points``, fails where the drop is shown to be larger, and is open in between. "Not
    significantly worse" never passes: a test of ten examples finds nothing either (Tango 1998;
    field guidance in Schuirmann's two one-sided tests)."""

    name: ClassVar[str] = "max_drop"
    limits_loss: ClassVar[bool] = True
    counts_lost: ClassVar[bool] = True
    points: Points

    def decide(self, evidence: Evidence, level: float, folder: Path) -> Iterator[Decision]:
        rows = evidence.rows(self.on)
        if not len(rows):
            yield self.nowhere(evidence, self.points)
            return
        pair = evidence.pair
        limits = evidence.shift(pair.reference.correct_MN, pair.variant.correct_MN, rows, level)
        for g, at in enumerate(rows.tolist()):
            effect, low = float(limits.effect_G[g]), float(limits.low_G[g])
            high = limits.seen(g)[1]
            limit = self.points / 100
            outcome = at_most(-low, -high, limit)
            what = pair.reference.outcome
            said = f"{what} moved {signed(100 * effect)} points {shift_span(low, high, level)}"
            reason = {
                "pass": f"{said}: a drop of {points(limit)} is ruled out.",
                "fail": f"{said}: it dropped by more than {points(limit)}.",
                "cannot tell": f"{said}: {would_decide(evidence, limits, g, limit, level)}.",
            }[outcome]
            if limits.n_G[g] == 0:
                reason = f"cannot tell: {NOTHING}."
            yield self.decision(
                evidence,
                evidence.row(at),
                outcome,
                reason[0].upper() + reason[1:],
                limit=self.points,
                observed=-100 * effect,
                low=-100 * high,
                high=-100 * low,
                n=limits.n_G[g],
            )
