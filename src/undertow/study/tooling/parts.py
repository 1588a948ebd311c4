"""Whether members differ more on parts of the data, such as classes, than on the whole: standard
deviations over members, as ratios to the overall one, beside their nulls.

A part of n_g of n examples has a standard deviation that is √(n / n_g) times the overall one where
errors are independent, and the largest of many is larger still. With ten members and no effect of
any class the largest of ten classes of 1,000 examples is 4.4 times the overall one (3.0 to 7), of
100 classes of 100 examples 16.6 times (11 to 28). So a ratio says nothing by itself, and each is
given beside two nulls (``nulls.py``).

**Which null.** That of independent errors is the one that a ratio as papers print it is first to be
set beside. It does not find parts that move by themselves: an overall accuracy is the mean of its
classes', so where K classes move independently all standard deviations grow alike and the ratio
stays. In simulated populations in which each class moved by .2 in log odds (10 × 1,000 examples) it
was above this null in 4 of 100, and where members differ as wholes by .1 below it in 88. The null
of the same accuracies keeps the overall standard deviation as it is: the ratio was above it in 94
of 100, and where members differ as wholes alone in 1. Where nothing moves, it lay inside either
null in .944 to .953 of 2,000 (``benchmarks/tooling.py``, docs/tooling.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from undertow.study.tooling.nulls import NULLS, Right

Floats = NDArray[np.floating[Any]]
Rows = NDArray[np.intp]

DRAWS, SEED, LEVEL = 999, 0, 0.05
CLOSE = 1e-9
"""A relative difference that rounding alone makes: such values are ties."""


class Parts(NamedTuple):
    """Of G parts: how many examples of each have an outcome, the standard deviation over members of
    its mean (ddof 1), that as a multiple of the overall one, and this multiple times √(n_g / n),
    which is 1 in expectation, about, where errors are independent and equally likely everywhere.
    NaN for a part without examples; multiples are NaN where members are equally good overall."""

    count_G: NDArray[np.int64]
    spread_G: Floats
    ratio_G: Floats
    scaled_G: Floats
    overall: float


RATIO, SCALED = Parts._fields.index("ratio_G"), Parts._fields.index("scaled_G")


class Beside(NamedTuple):
    """A value beside draws of a null: their median, the limits that hold 95 % of them, and the
    share of draws (itself counted) that are at least as large. NaN where undefined."""

    value: float
    low: float
    middle: float
    high: float
    p: float

    @property
    def inside(self) -> bool:
        """Whether it is one of those that the null gives in 95 of 100."""
        return self.low * (1 - CLOSE) <= self.value <= self.high * (1 + CLOSE)


class Largest(NamedTuple):
    """Of all parts the largest ratio, as papers print it, and the largest scaled one, which small
    parts are not first to reach; and of each part the share of draws (itself counted) whose largest
    scaled ratio is at least its own: adjusted for all parts."""

    ratio: Beside
    scaled: Beside
    p_G: Floats


def part_spreads(value_MN: Floats, membership_GN: sp.csr_array) -> Parts:
    """Of outcomes 0 and 1 (M, N), NaN where one is not asked. Examples that some member lacks are
    left out. NaN throughout for fewer than two members or no example."""
    right_MN, inside_GN = _complete(value_MN, membership_GN)
    return _parts(_sums(inside_GN, right_MN), _counts(inside_GN))


def largest(
    value_MN: Floats,
    membership_GN: sp.csr_array,
    family_G: Sequence[str],
    draws: int = DRAWS,
    seed: int = SEED,
) -> dict[str, dict[str, Largest]]:
    """By null (a name in ``NULLS``) and by family, such as a slice's name: the largest of its
    parts. All families are asked of the same draws. ``ValueError`` for outcomes other than 0 and 1,
    which cannot be dealt out anew."""
    right_MN, inside_GN = _complete(value_MN, membership_GN)
    count_G = _counts(inside_GN)
    # what all members got right, or none did, is the same in every draw
    apart_N = right_MN.any(axis=0) & ~right_MN.all(axis=0)
    fixed_GM = _sums(inside_GN[:, ~apart_N], right_MN[:, ~apart_N])
    seen = _parts(_sums(inside_GN, right_MN), count_G)
    families = {
        name: np.flatnonzero(np.array(family_G) == name) for name in dict.fromkeys(family_G)
    }
    found = {}
    for name, null in NULLS.items():
        drawn = null(right_MN[:, apart_N], draws, np.random.default_rng(seed))
        inside = inside_GN[:, apart_N]
        each = [_parts(fixed_GM + _sums(inside, drawn_MN), count_G) for drawn_MN in drawn]
        ratio_DG, scaled_DG = (np.stack([x[i] for x in each]) for i in (RATIO, SCALED))
        found[name] = {
            family: _largest(seen, ratio_DG, scaled_DG, rows) for family, rows in families.items()
        }
    return found


def _largest(seen: Parts, ratio_DG: Floats, scaled_DG: Floats, rows: Rows) -> Largest:
    """Of the parts in these rows."""
    ratio_D, scaled_D = (_most(drawn_DG[:, rows]) for drawn_DG in (ratio_DG, scaled_DG))
    ratio, scaled = (float(_most(x[None, rows])[0]) for x in (seen.ratio_G, seen.scaled_G))
    p_G = np.array([_p(value, scaled_D) for value in seen.scaled_G[rows]])
    return Largest(beside(ratio, ratio_D), beside(scaled, scaled_D), p_G)


def beside(value: float, drawn_D: Floats) -> Beside:
    """A value beside draws. The limits are draws, those that leave out (D + 1) · 2.5 % on either
    side, itself counted, so that exactly 95 of 100 values of the null lie within them. A draw in
    which all members are equally good has no ratio; it counts as one that is larger."""
    if np.isnan(value) or np.isnan(drawn_D).all():
        return Beside(value, *[float("nan")] * 4)
    ordered_D = np.sort(np.where(np.isnan(drawn_D), np.inf, drawn_D))
    out = max(int((len(drawn_D) + 1) * LEVEL / 2), 1)
    low, high = float(ordered_D[out - 1]), float(ordered_D[-out])
    return Beside(value, low, float(np.median(ordered_D)), high, _p(value, drawn_D))


def _p(value: float, drawn_D: Floats) -> float:
    if np.isnan(value) or np.isnan(drawn_D).all():
        return float("nan")
    below = int((drawn_D < value * (1 - CLOSE)).sum())
    return (len(drawn_D) - below + 1) / (len(drawn_D) + 1)


def _complete(value_MN: Floats, membership_GN: sp.csr_array) -> tuple[Right, sp.csr_array]:
    """The examples that every member has an outcome of, and which part each is in; the whole comes
    first."""
    known_N = ~np.isnan(value_MN).any(axis=0)
    kept_MN = np.asarray(value_MN)[:, known_N]
    if not np.isin(kept_MN, (0, 1)).all():
        other = float(kept_MN[~np.isin(kept_MN, (0, 1))][0])
        raise ValueError(
            f"an outcome is {other:g}; parts are compared by outcomes of 0 and 1 alone"
        )
    whole = sp.csr_array(np.ones((1, int(known_N.sum())), np.float32))
    inside = sp.vstack([whole, membership_GN[:, known_N]], format="csr", dtype=np.float32)
    return kept_MN.astype(bool), sp.csr_array(inside)


def _counts(inside_GN: sp.csr_array) -> NDArray[np.int64]:
    return np.asarray(inside_GN.sum(axis=1)).round().astype(np.int64)


def _sums(inside_GN: sp.csr_array, right_MN: Right) -> Floats:
    """How many examples of each part each member got right (G, M), exactly."""
    return np.asarray(inside_GN @ right_MN.T.astype(np.float32)).astype(np.float64)


def _parts(right_GM: Floats, count_G: NDArray[np.int64]) -> Parts:
    """The first row is the whole."""
    with np.errstate(divide="ignore", invalid="ignore"):
        spread_G = _spreads(right_GM) / count_G
        ratio_G = np.where(spread_G[0] > 0, spread_G / spread_G[0], np.nan)
        scaled_G = ratio_G * np.sqrt(count_G / count_G[0])
    return Parts(count_G[1:], spread_G[1:], ratio_G[1:], scaled_G[1:], float(spread_G[0]))


def _spreads(right_GM: Floats) -> Floats:
    if right_GM.shape[1] < 2:
        return np.full(len(right_GM), np.nan)
    spread_G = right_GM.std(axis=1, ddof=1)
    return np.where(np.ptp(right_GM, axis=1) == 0, 0.0, spread_G)


def _most(value_XG: Floats) -> Floats:
    """(X,): the largest of those that are defined."""
    most_X = np.where(np.isnan(value_XG), -np.inf, value_XG).max(axis=1, initial=-np.inf)
    return np.where(np.isneginf(most_X), np.nan, most_X)
