"""Limits of how far two populations disagree beyond what members of the reference disagree among
themselves.

Not beyond what *pooled* members give when they are exchanged, which is the floor of a test: half of
those are variant members, so the more a variant has moved the higher such a floor would be.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from undertow.audit.stats.over_runs import Excess

Floats = NDArray[np.floating[Any]]

FEWEST = 3
"""Reference members: without one of them there must still be two to disagree."""


def member_excess(value_MMG: Floats, m_ref: int, examples: Excess, level: float) -> Excess:
    """Limits of coverage 1 − ``level`` about new members on new examples; no p.

    ``value_MMG[a, b]`` is the slice mean of member a against member b, reference members first, NaN
    on the diagonal. The effect is the mean across the sides less the mean within the reference
    (taken both ways). What it varies by over members comes from leaving out one member at a time,
    of either side (jackknife), with Student's quantile at the degrees of freedom of the smaller
    side. To this the distance of the limits over ``examples`` is added in squares. NaN limits below
    ``FEWEST`` reference or two variant members.
    """
    ref, var = np.arange(m_ref), np.arange(m_ref, len(value_MMG))
    nothing_G = np.full(value_MMG.shape[2], np.nan)
    effect_G = _excess(value_MMG, ref, var) if len(ref) > 1 else nothing_G
    if len(ref) < FEWEST or len(var) < 2:
        return Excess(effect_G, *(nothing_G for _ in Excess._fields[1:]))
    square_G = _jackknife([_excess(value_MMG, np.delete(ref, i), var) for i in range(len(ref))])
    square_G = square_G + _jackknife(
        [_excess(value_MMG, ref, np.delete(var, i)) for i in range(len(var))]
    )
    half_G = -stdtrit(min(len(ref), len(var)) - 1, level / 2) * np.sqrt(square_G)
    below_G, above_G = examples.effect_G - examples.low_G, examples.high_G - examples.effect_G
    return Excess(
        effect_G,
        effect_G - np.hypot(half_G, below_G),
        effect_G + np.hypot(half_G, above_G),
        *(nothing_G for _ in Excess._fields[3:]),
    )


def _excess(value_MMG: Floats, ref: NDArray[np.intp], var: NDArray[np.intp]) -> Floats:
    across_G: Floats = value_MMG[np.ix_(ref, var)].mean(axis=(0, 1))
    within_RRG = value_MMG[np.ix_(ref, ref)]
    return np.asarray(across_G - within_RRG[~np.eye(len(ref), dtype=np.bool_)].mean(axis=0))


def _jackknife(without: list[Floats]) -> Floats:
    """Variance of a mean over members, from its values without each of them."""
    value_MG = np.array(without)
    return np.asarray((len(value_MG) - 1) * value_MG.var(axis=0))
