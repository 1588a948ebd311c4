"""``max_churn``: how many answers may change, right or wrong, beyond what a repeat run changes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from undertow.audit.answered import WORDS, answered
from undertow.audit.gate.evidence import Evidence
from undertow.audit.gate.result import Decision
from undertow.audit.gate.rules._excess import ExcessRule
from undertow.audit.gate.rules._rule import Points
from undertow.audit.measures import churn


class MaxChurn(ExcessRule):
    """Finds what no test of accuracy can: 60 answers lost and 60 gained are no drop, and 120
    changed answers."""

    name: ClassVar[str] = "max_churn"
    points: Points

    def decide(self, evidence: Evidence, level: float, folder: Path) -> Iterator[Decision]:
        words = WORDS[answered(evidence.pair.reference, evidence.pair.variant)]
        what = f"{words.of} {words.moved}"
        yield from self.decide_excess(evidence, churn, what, self.points, level)
