"""The scale of grades as a person told it: the number of the worst answer, and that of the best.

A reader never guesses either. Of school grades 1 is the best in one country and the worst in
another, and a guess would turn a verdict round.
"""

from __future__ import annotations

import math
import shlex
from typing import NamedTuple

from undertow.errors import UserError

GRADES = "grades"
"""The condition that both sides of a comparison have in common, where they are told it."""
TO_TYPE = "--scale WORST,BEST"
"""With words in place of numbers, which only a person knows."""
WORST_FIRST = (
    "the number of the worst answer, then that of the best (6,1 where 1 is the best grade, 1,6 "
    "where 6 is)"
)
"""What stands for the words: no pair to be copied, since the wrong one passes a worse model."""
ON_SCALE = "is read as a grade that goes"
"""Stands in the note with the scale, which is said before the audit too."""


class GradeScale(NamedTuple):
    """Either number may be the larger one."""

    worst: float
    best: float

    @property
    def typed(self) -> str:
        """``--scale 6,1``."""
        return f"--scale {_number(self.worst)},{_number(self.best)}"

    @property
    def said(self) -> str:
        return f"from {_number(self.worst)}, the worst, to {_number(self.best)}, the best"


FRACTIONS, TURNED = GradeScale(0.0, 1.0), GradeScale(1.0, 0.0)
"""From 0 to 1, of which more is better, or less."""


def grade_scale(given: object) -> GradeScale:
    """Two numbers as they were given: text with a comma, or from Python a pair. Raises
    ``UserError``, one line."""
    parts = given.split(",") if isinstance(given, str) else given
    try:
        worst, best = (math.nan if isinstance(p, bool) else float(p) for p in parts)  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        worst = best = math.nan
    if not (math.isfinite(worst) and math.isfinite(best)) or worst == best:
        typed = given if isinstance(given, str) else ",".join(map(str, _listed(given)))
        raise UserError(
            f"--scale {shlex.quote(typed[:60])}: are no two different numbers; write {TO_TYPE}: "
            f"{WORST_FIRST}"
        )
    return GradeScale(worst + 0.0, best + 0.0)  # No zero is negative.


def _listed(given: object) -> list[object]:
    return [*given] if isinstance(given, list | tuple) else [given]


def _number(value: float) -> str:
    return f"{value:.15g}"
