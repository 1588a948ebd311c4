"""Calibration on labels that are known to be wrong: what is known of them is how wrong labels look
in this very training, so only how many there are among the others is left to be fitted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, rankdata

from undertow.audit.examined.became_right import recall_of, share_before
from undertow.audit.examined.believed import (
    DRAWS,
    LISTED,
    SEED,
    Range,
    any_of,
    exact_high,
    range_of,
    three_kinds,
)
from undertow.audit.examined.mixture import (
    BINS,
    MOST_STEPS,
    Mixture,
    bins_of,
    counts_of,
    falling,
    fitted,
    log_densities,
)

Floats = NDArray[np.floating[Any]]

FEWEST = 50
"""Labels that have to be known to be wrong before they are used."""
WIDTH = 6
"""Bins to either side over which their distribution is smoothed."""
FLOOR = 1e-3
"""Of all density, the part that is everywhere: what was not seen is not impossible."""


@dataclass(frozen=True, eq=False)
class Calibrated:
    """``share`` is that of wrong labels among the others; ``recall`` what the list would hold of
    labels that are wrong as the known ones; ``precision`` what is expected of the list of the
    others, without limits. ``auroc`` sets the known against the others."""

    known: int
    auroc: Range
    share: Range
    precision: Range
    recall: Range
    posterior_BK: Floats


@dataclass(frozen=True)
class Unshown:
    """Labels that are said to be wrong and are not shown to stand worse than the others."""

    known: int
    auroc: Range


def unshown_of(standing_N: Floats, known_N: NDArray[np.bool_]) -> Unshown | None:
    """Of a column that may be inverted, or that of other examples: it would calibrate as any does.
    ``None`` where the lower limit is above a half, and of so few that none would be used."""
    seen_N = ~np.isnan(standing_N)
    known, others = int(known_N[seen_N].sum()), int((~known_N[seen_N]).sum())
    if known < FEWEST or others < 2:
        return None
    auroc = auroc_of(standing_N[seen_N], known_N[seen_N])
    return None if auroc.low > 0.5 else Unshown(known, auroc)


def auroc_of(standing_N: Floats, known_N: NDArray[np.bool_]) -> Range:
    """How often a known wrong label stands worse than one of the others, ties by half, with limits
    of 95 % (DeLong et al., 1988). Of two or more of each."""
    rank_N, known = rankdata(-standing_N), int(known_N.sum())
    others = len(known_N) - known
    worse_K = (rank_N[known_N] - rankdata(-standing_N[known_N])) / others
    better_K = 1 - (rank_N[~known_N] - rankdata(-standing_N[~known_N])) / known
    value = float(worse_K.mean())
    spread = worse_K.var(ddof=1) / known + better_K.var(ddof=1) / others
    away = float(norm.ppf(0.975) * np.sqrt(spread))
    return Range(value, max(value - away, 0.0), min(value + away, 1.0))


def calibrated(
    standing_N: Floats, known_N: NDArray[np.bool_], mixture: Mixture, classes: int
) -> Calibrated:
    """What known wrong labels say of the others. ``mixture`` is that of all examples, which tells:
    its components say how right labels look, the known ones how wrong labels do, and the share of
    these is the one number that is fitted to the others; of the ``classes``, one may have made a
    planted label right. The upper limit of the share is no less than the exact one of so many
    examples, and holds chance in which there are and which were known, and that no planted label
    became right; the lower is 0, since known wrong labels do not say how low right ones stand where
    classes overlap."""
    known, count_B = standing_N[known_N], counts_of(standing_N[~known_N])
    fitted_share, posterior_BK = _of_others(count_B, known, mixture)
    listed_B = posterior_BK[:, 0] > LISTED
    generator, total = np.random.default_rng(SEED), int(count_B.sum())
    drawn = []
    for _ in range(DRAWS):
        drawn_B = generator.multinomial(total, count_B / total).astype(np.float64)
        again = generator.choice(known, len(known))
        shape = fitted(drawn_B + counts_of(again), len(mixture.mean_K), start=mixture)
        drawn.append(_of_others(drawn_B, again, shape)[0])
    high = max(range_of(fitted_share, drawn).high, exact_high(fitted_share, total))
    share = Range(share_before(fitted_share, classes), 0.0, high)
    return Calibrated(
        len(known),
        auroc_of(standing_N, known_N),
        share,
        any_of(_precision(posterior_BK, count_B, listed_B)),
        recall_of(int(listed_B[bins_of(known)].sum()), len(known), share, classes),
        three_kinds(posterior_BK),
    )


def _of_others(count_B: Floats, known: Floats, mixture: Mixture) -> tuple[float, Floats]:
    """The share of wrong labels, by how known ones look, and (B, K) what is believed of an
    example, by the smooth component that is fitted to all wrong labels."""
    density_BK = np.exp(log_densities(mixture.mean_K, mixture.spread_K))
    right_K = mixture.weight_K[1:] / mixture.weight_K[1:].sum()
    right_BK = density_BK[:, 1:] * right_K
    right_B = right_BK.sum(axis=1)
    weight = share_of(count_B, density_BK[:, 0], right_B)
    part_BK = np.column_stack([weight * density_BK[:, 0], (1 - weight) * right_BK])
    posterior_BK = falling(part_BK / part_BK.sum(axis=1, keepdims=True))
    return share_of(count_B, smoothed(known), right_B), posterior_BK


def share_of(count_B: Floats, wrong_B: Floats, right_B: Floats) -> float:
    """The most likely weight of one density beside another, by expectation and maximisation."""
    share, total = 0.1, float(count_B.sum())
    for _ in range(MOST_STEPS):
        wrong_part_B = share * wrong_B
        again = float(count_B @ (wrong_part_B / (wrong_part_B + (1 - share) * right_B))) / total
        if abs(again - share) < 1e-7:
            break
        share = again
    return share


def smoothed(known: Floats) -> Floats:
    """(B,): the density of known wrong labels over bins, positive everywhere."""
    kernel = np.bartlett(2 * WIDTH + 3)[1:-1]
    whole_B = np.pad(counts_of(known), WIDTH, mode="constant")
    spread_B = np.convolve(whole_B, kernel / kernel.sum(), mode="same")
    inside_B = spread_B[WIDTH:-WIDTH].copy()
    inside_B[:WIDTH] += spread_B[:WIDTH][::-1]
    inside_B[-WIDTH:] += spread_B[-WIDTH:][::-1]
    return np.asarray(BINS * ((1 - FLOOR) * inside_B / inside_B.sum() + FLOOR / BINS))


def _precision(posterior_BK: Floats, count_B: Floats, listed_B: NDArray[np.bool_]) -> float:
    """What is expected of those listed, NaN of none."""
    listed = float(count_B[listed_B].sum())
    return float((posterior_BK[:, 0] * count_B)[listed_B].sum()) / listed if listed else np.nan
