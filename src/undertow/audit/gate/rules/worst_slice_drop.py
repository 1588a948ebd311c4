"""``worst_slice_drop``: no slice of a column may lose more than so many points."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from undertow.audit.gate.evidence import Evidence
from undertow.audit.gate.result import Decision
from undertow.audit.gate.rules._rule import Points, Rule, at_most, number, points, span, would_decide


class WorstSliceDrop(Rule):
    """Each slice of ``by`` with at least ``min_count`` examples gets a decision.

    That no slice lost more is a claim about all of them: each must show it at the level, which needs no correction
    (intersection–union test, Berger 1982). That some slice lost more is found among many, so failing is corrected
    over the slices (Bonferroni).
    """

    name: ClassVar[str] = "worst_slice_drop"
    points: Points
    by: str
    min_count: Annotated[int, Field(ge=1)] = 30

    def columns(self) -> tuple[str, ...]:
        return (self.by,)

    def decide(self, evidence: Evidence, level: float, folder: Path) -> Iterator[Decision]:
        all_rows = evidence.rows(self.by)
        rows = np.array([g for g in all_rows if evidence.row(g).count >= self.min_count], dtype=np.intp)
        if not len(rows):
            reason = f"Cannot tell: no slice of {self.by!r} has {self.min_count} examples."
            yield self.decision(evidence, None, "cannot tell", reason, limit=self.points)
            return
        sides = evidence.pair.reference.correct_MN, evidence.pair.variant.correct_MN
        each = evidence.shift(*sides, rows, level)
        among = evidence.shift(*sides, rows, level / len(rows))
        limit = self.points / 100
        for g in np.argsort(each.effect_G, kind="stable").tolist():
            effect, low, high = (float(a[g]) for a in (each.effect_G, each.low_G, each.high_G))
            outcome = at_most(-low, -float(among.high_G[g]), limit)
            said = f"{number(100 * effect)} points {span(low, high, level)}"
            reason = {
                "pass": f"{said}: a drop of {points(limit)} is ruled out.",
                "fail": f"{said}: dropped by more than {points(limit)}, corrected over {len(rows)} slices.",
                "cannot tell": f"{said}: {would_decide(evidence, each, g, limit, level)}.",
            }[outcome]
            yield self.decision(
                evidence,
                evidence.row(int(rows[g])),
                outcome,
                reason,
                limit=self.points,
                observed=-100 * effect,
                low=-100 * high,
                high=-100 * low,
                n=each.n_G[g],
            )
