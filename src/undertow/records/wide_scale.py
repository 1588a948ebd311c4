"""Grades that reach over little of the scale that was told for them.

Limits are in points of the scale. Where a perplexity goes from 15 to 33, ``--scale 1000,1`` makes a
quarter more of it half a point.
"""

from __future__ import annotations

import re

import numpy as np

from undertow.records.grade_scale import GRADES
from undertow.records.records import Records

TAIL = 0.01
"""Share of grades at either end that may be slips, and say nothing of how far the others reach."""
LEAST = 0.05
"""Share of a scale over which grades reach at least."""
NUMBERS = re.compile(r"from (-?[\d.e+-]+), the worst, to (-?[\d.e+-]+), the best")


def wide_scale(*sides: Records) -> str:
    """A sentence where the grades of all sides reach over so little of it; empty otherwise. One
    number on nearly all is no reach: so are stars of five, where a model is good."""
    read = NUMBERS.fullmatch(str(sides[0].manifest.conditions.get(GRADES, "")))
    graded = [side.score_MN for side in sides if side.score_MN is not None]
    if read is None or len(graded) < len(sides):
        return ""
    every = np.concatenate([score_MN.ravel() for score_MN in graded]).astype(np.float64)
    every = every[~np.isnan(every)]
    if not len(every):
        return ""
    low, high = (float(end) for end in np.quantile(every, (TAIL, 1 - TAIL)))
    if not 0 < high - low < LEAST:
        return ""
    worst, best = map(float, read.groups())
    least, most = sorted(worst + (best - worst) * end for end in (low, high))
    named = " and ".join(repr(side.name) for side in sides)
    return (
        f"The middle 98 % of the grades of {named} reach from {least:.4g} to {most:.4g}, and the "
        f"scale from {read[1]}, the worst, to {read[2]}, the best, is "
        f"{1 / (high - low):,.0f} times as wide, so that a large change is few points: one point "
        f"is {abs(best - worst) / 100:.4g}."
    )
