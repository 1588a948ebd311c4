"""``max_new_errors``: how many examples that were right may become wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field, model_validator

from undertow.audit.gate.evidence import Evidence
from undertow.audit.gate.result import Decision
from undertow.audit.gate.rules._excess import ExcessRule
from undertow.audit.gate.rules._rule import Points, at_most_count
from undertow.audit.measures import newly_wrong_per_pair

GRADED = (
    "a graded score is neither right nor wrong, so none is newly wrong; limit how far scores fall "
    "with [[max_drop]], or write count = 10, in place of points, for at most 10 scores that fall "
    "below one half"
)


class MaxNewErrors(ExcessRule):
    """``count``: at most so many of these very examples, a plain count. ``points``: at most such a
    share beyond the floor (or ``above = "zero"``), decided like churn."""

    name: ClassVar[str] = "max_new_errors"
    points: Points | None = None
    count: Annotated[int, Field(ge=0, strict=True)] | None = None

    @model_validator(mode="after")
    def _one_limit(self) -> MaxNewErrors:
        if (self.points is None) == (self.count is None):
            raise ValueError("give points or count, one of the two")
        return self

    def decide(self, evidence: Evidence, level: float, folder: Path) -> Iterator[Decision]:
        if self.count is None:
            yield from self.decide_excess(
                evidence, newly_wrong_per_pair, "newly wrong", self.points or 0.0, level
            )
            return
        rows = evidence.rows(self.on)
        if not len(rows):
            yield self.nowhere(evidence, float(self.count))
            return
        for at in rows.tolist():
            yield self._counted(evidence, at, self.count)

    def _counted(self, evidence: Evidence, at: int, allowed: int) -> Decision:
        """An example whose outcome is missing on a side may be newly wrong or not."""
        idle = self.idle(evidence, at)
        if idle:
            reason = f"Cannot tell: {idle}."
            return self.decision(
                evidence, evidence.row(at), "cannot tell", reason, limit=float(allowed)
            )
        before_N, after_N = evidence.right
        inside_N = evidence.membership_GN[[at]].toarray()[0] > 0
        known_N = inside_N & ~np.isnan(before_N) & ~np.isnan(after_N)
        found = int((known_N & (before_N == 1) & (after_N == 0)).sum())
        unknown = int((inside_N & ~known_N & (before_N != 0) & (after_N != 1)).sum())
        outcome = at_most_count(found, found + unknown, allowed)
        examples = "example" if found == 1 else "examples"
        reason = f"{found:,} {examples} newly wrong, {allowed:,} allowed."
        numbers = {"limit": float(allowed), "observed": float(found), "n": float(known_N.sum())}
        if unknown:
            have = "has" if unknown == 1 else "have"
            reason = f"{reason} {unknown:,} more {have} no outcome on a side."
            numbers |= {"low": float(found), "high": float(found + unknown)}
        return self.decision(evidence, evidence.row(at), outcome, reason, **numbers)

    def nothing(self, evidence: Evidence) -> str:
        reference = evidence.pair.reference
        graded = reference.score_MN is not None and not (reference.label_N >= 0).any()
        return GRADED if graded else super().nothing(evidence)

    def idle(self, evidence: Evidence, at: int) -> str:
        inside = evidence.membership_GN[[at]].indices
        if evidence.at_stake_N[inside].any():
            return ""
        if len(inside) == 1:
            return "the reference gets this one example wrong, so it cannot become wrong"
        return (
            f"the reference gets none of these {len(inside):,} examples right, so none can become "
            "wrong"
        )
