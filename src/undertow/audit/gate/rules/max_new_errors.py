"""``max_new_errors``: how many examples that were right may become wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import Field, model_validator

from undertow.audit.gate.evidence import Evidence
from undertow.audit.gate.result import Decision, Outcome
from undertow.audit.gate.rules._excess import ExcessRule
from undertow.audit.gate.rules._rule import Points
from undertow.audit.measures import newly_wrong_per_pair


class MaxNewErrors(ExcessRule):
    """``count``: at most so many of these very examples, a plain count. ``points``: at most such a share beyond the
    floor (or ``above = "zero"``), decided like churn."""

    name: ClassVar[str] = "max_new_errors"
    points: Points | None = None
    count: Annotated[int, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _one_limit(self) -> MaxNewErrors:
        if (self.points is None) == (self.count is None):
            raise ValueError("give points or count, one of the two")
        return self

    def decide(self, evidence: Evidence, level: float, folder: Path) -> Iterator[Decision]:
        if self.count is None:
            yield from self.decide_excess(evidence, newly_wrong_per_pair, "newly wrong", self.points or 0.0, level)
            return
        before_N, after_N = evidence.right
        for at in evidence.rows(self.on).tolist():
            inside_N = evidence.pair.membership_GN[[at]].toarray()[0] > 0
            found = int((before_N & ~after_N & inside_N).sum())
            reason = f"{found:,} examples newly wrong, {self.count:,} allowed."
            outcome: Outcome = "pass" if found <= self.count else "fail"
            numbers = {"limit": float(self.count), "observed": float(found), "n": float(inside_N.sum())}
            yield self.decision(evidence, evidence.row(at), outcome, reason, **numbers)
