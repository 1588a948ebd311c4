"""One member on each side: what two models' right and wrong answers on the same examples can tell.

``lost`` counts examples that were right and became wrong, ``gained`` the opposite, ``n`` all of
them. The effect is (gained − lost) / n, the change in accuracy. These statements are about the two
models at hand, on examples like these; they say nothing about what another training run would give.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from undertow.audit.stats.crossing import crossing

Floats = NDArray[np.floating[Any]]


class Interval(NamedTuple):
    """Lower and upper limit; scalars for scalar input, arrays of its shape otherwise."""

    low: Any
    high: Any


def mcnemar_exact(lost: ArrayLike, gained: ArrayLike) -> Any:
    """Two-sided exact McNemar p: the sign test on the examples that changed. 1 where none did.
    Vectorised."""
    from scipy.stats import binom  # Here, as it takes a third of the time to start.

    lost, gained = np.asarray(lost), np.asarray(gained)
    changed = lost + gained
    p = np.minimum(1.0, 2 * binom.cdf(np.minimum(lost, gained), changed, 0.5))
    return p[()]


HALF = 0.5
"""Continuity correction of a score, in examples. Without it a model that lost exactly the limit is
failed in up to .089, and passed in up to .066, of samples at a nominal .05; with it in at most .055
(``docs/limits.md``)."""


def paired_interval(
    lost: ArrayLike,
    gained: ArrayLike,
    n: ArrayLike,
    level: float = 0.05,
    *,
    correction: float = 0.0,
) -> Interval:
    """Interval of (gained − lost)/n with coverage 1 − level: Tango's (1998) score interval.

    All values that the score test does not reject, with the discordant rate estimated under each.
    It keeps its coverage where few examples changed, and has a width even where none did; the Wald
    interval has neither. ``correction`` is of continuity, in examples: 0 is Tango's own, and
    ``HALF`` is what audit and gate use. NaN where n is 0. Raises ``ValueError`` where lost + gained
    exceed n.
    """
    lost, gained, n = np.broadcast_arrays(
        *(np.asarray(a, dtype=np.float64) for a in (lost, gained, n))
    )
    if (lost + gained > n).any() or (lost < 0).any() or (gained < 0).any():
        raise ValueError("lost and gained must be counts of disjoint examples among the n")
    z = -float(ndtri(level / 2))
    known = n > 0
    safe = np.where(known, n, 1.0)
    effect = (gained - lost) / safe
    target = np.reshape([z, -z], (2,) + (1,) * effect.ndim)
    ends = np.full_like(effect, -1.0), effect, np.full_like(effect, 1.0)
    low, high = crossing(
        lambda delta: _score(lost, gained, safe, correction, delta) - target,
        np.stack(ends[:2]),
        np.stack(ends[1:]),
    )
    return Interval(np.where(known, low, np.nan)[()], np.where(known, high, np.nan)[()])


def _score(lost: Floats, gained: Floats, n: Floats, correction: float, delta: Floats) -> Floats:
    """Tango's z of the observed counts against a true effect ``delta``; falls as delta rises."""
    linear = -lost - gained + (2 * n - gained + lost) * delta
    constant = -lost * delta * (1 - delta)
    rate_lost = (np.sqrt(np.maximum(linear**2 - 8 * n * constant, 0)) - linear) / (4 * n)
    variance = n * (2 * rate_lost + delta * (1 - delta))
    shift = gained - lost - n * delta
    numerator = np.sign(shift) * np.maximum(np.abs(shift) - correction, 0.0)
    infinite = np.where(numerator == 0, 0.0, np.copysign(np.inf, numerator))
    return np.asarray(
        np.divide(numerator, np.sqrt(np.maximum(variance, 0)), out=infinite, where=variance > 1e-12)
    )
