"""``calibration_shift``: how far confidence may move away from accuracy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from undertow.audit.gate.evidence import Evidence
from undertow.audit.gate.result import Decision, Outcome
from undertow.audit.gate.rules._rule import NOTHING, PlacedRule, Points, points, shift_span, signed


class CalibrationShift(PlacedRule):
    """Mean confidence minus accuracy (calibration in the large), before and after; the shift may
    lie within ± points.

    Not the binned expected calibration error: that is biased upwards by an amount that depends on
    the number of examples and on accuracy itself (Nixon et al. 2019), so that a difference of two
    has no honest interval.
    """

    name: ClassVar[str] = "calibration_shift"
    points: Points

    def decide(self, evidence: Evidence, level: float, folder: Path) -> Iterator[Decision]:
        before, after = evidence.pair.reference, evidence.pair.variant
        if before.confidence_MN is None or after.confidence_MN is None:
            silent = before.name if before.confidence_MN is None else after.name
            reason = (
                f"Cannot tell: {silent!r} holds no confidences; add the probability of each class "
                "as columns p_<class>, or of the prediction as a column confidence."
            )
            yield self.decision(evidence, None, "cannot tell", reason, limit=self.points)
            return
        rows = evidence.rows(self.on)
        if not len(rows):
            yield self.nowhere(evidence, self.points)
            return
        gaps = before.confidence_MN - before.correct_MN, after.confidence_MN - after.correct_MN
        limits = evidence.shift(*gaps, rows, level, span=2.0)
        limit = self.points / 100
        clustered = evidence.pair.cluster_N is not None
        units = ("clusters" if clustered else "examples") + " or members" * evidence.over_members
        for g, at in enumerate(rows.tolist()):
            effect, seen_low, seen_high = float(limits.effect_G[g]), *limits.seen(g)
            outside = seen_low > limit or seen_high < -limit
            low, high = float(limits.low_G[g]), float(limits.high_G[g])
            low, high = (seen_low, seen_high) if outside else (low, high)
            # Comparisons with NaN are false, so what is not known is open.
            inside = -limit < low and high < limit
            outcome: Outcome = "fail" if outside else "pass" if inside else "cannot tell"
            said = (
                f"Confidence minus accuracy moved {signed(100 * effect)} points "
                f"{shift_span(low, high, level)}"
            )
            reason = {
                "pass": f"{said}: a shift of {points(limit)} is ruled out.",
                "fail": f"{said}: by more than {points(limit)}.",
                "cannot tell": f"{said}: more {units} are needed to decide {points(limit)}.",
            }[outcome]
            if limits.n_G[g] == 0:
                reason = f"Cannot tell: {NOTHING} and a confidence."
            yield self.decision(
                evidence,
                evidence.row(at),
                outcome,
                reason,
                limit=self.points,
                observed=100 * effect,
                low=100 * low,
                high=100 * high,
                n=limits.n_G[g],
            )
