"""``worst_slice_drop``: no slice of a column may lose more than so many points."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from undertow.audit.gate.evidence import Evidence
from undertow.audit.gate.result import Decision
from undertow.audit.gate.rules._forecast import would_decide
from undertow.audit.gate.rules._rule import (
    NOTHING,
    Column,
    Points,
    Rule,
    at_most,
    points,
    shift_span,
    shown,
    signed,
    values_of,
)


class WorstSliceDrop(Rule):
    """Each slice of ``by`` with at least ``min_count`` examples gets a decision.

    That no slice lost more is a claim about all of them: each must show it at the level, which
    needs no correction (intersection–union test, Berger 1982). That some slice lost more is found
    among many, so failing is corrected over the slices (Bonferroni).
    """

    name: ClassVar[str] = "worst_slice_drop"
    points: Points
    by: Column
    min_count: Annotated[int, Field(ge=1, strict=True)] = 30

    def columns(self) -> tuple[str, ...]:
        return (self.by,)

    def place(self) -> str:
        return self.by

    def decide(self, evidence: Evidence, level: float, folder: Path) -> Iterator[Decision]:
        all_rows = evidence.rows(self.by)
        rows = np.array(
            [g for g in all_rows if evidence.row(g).count >= self.min_count], dtype=np.intp
        )
        open_ = self._nothing_to_rank(evidence, all_rows, len(rows))
        if open_:
            yield self.decision(
                evidence, None, "cannot tell", f"Cannot tell: {open_}.", limit=self.points
            )
            return
        left = len(all_rows) - len(rows)
        sides = evidence.pair.reference.correct_MN, evidence.pair.variant.correct_MN
        each = evidence.shift(*sides, rows, level)
        among = evidence.shift(*sides, rows, level / len(rows))
        limit = self.points / 100
        failing = each._replace(seen_high_G=among.seen_high_G)
        for place, g in enumerate(np.argsort(each.effect_G, kind="stable").tolist()):
            effect, low = float(each.effect_G[g]), float(each.low_G[g])
            high, corrected = each.seen(g)[1], failing.seen(g)[1]
            outcome = at_most(-low, -corrected, limit)
            said = f"{signed(100 * effect)} points {shift_span(low, high, level)}"
            if outcome == "cannot tell" and -high > limit:
                said += (
                    f", but corrected over {len(rows)} slices a larger drop is not shown (limit "
                    f"{signed(100 * corrected)})"
                )
            asked = evidence, failing, g, limit, level
            reason = {
                "pass": f"{said}: a drop of {points(limit)} is ruled out.",
                "fail": f"{said}: dropped by more than {points(limit)}, corrected over {len(rows)} "
                "slices.",
                "cannot tell": f"{said}: {would_decide(*asked, level / len(rows))}.",
            }[outcome]
            if each.n_G[g] == 0:
                reason = f"Cannot tell: {NOTHING}."
            if left and place == 0:
                reason += (
                    f" Not looked at: {left:,} slice{'s' * (left > 1)} with fewer than "
                    f"{self.min_count} examples."
                )
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

    def _nothing_to_rank(self, evidence: Evidence, rows: NDArray[np.intp], large: int) -> str:
        """Why there is no worst slice; empty where there is one."""
        if len(rows) == 1:
            return (
                f"{values_of(evidence, self.by)} alone, so there is no worst slice; limit the "
                "whole with max_drop"
            )
        if large:
            return ""
        largest = max(
            (evidence.row(g) for g in rows.tolist()), key=lambda row: row.count, default=None
        )
        said = f"; the largest, {shown(largest.value)}, has {largest.count:,}" if largest else ""
        return f"no slice of {self.by!r} has {self.min_count} examples{said}"
