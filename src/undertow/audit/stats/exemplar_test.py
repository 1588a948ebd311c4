"""Did this one example's votes change? Exact tests per example, and which examples stand at a false
discovery rate.

Under the null hypothesis that the change did nothing to an example, which members sit in which
population is arbitrary given the votes they cast together. So the exact distribution of its Taxicab
distance follows from the pooled votes alone, without drawing anything.
"""

from __future__ import annotations

from math import gcd
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.special import comb, gammaln

from undertow.audit.stats.candidates import candidates
from undertow.audit.stats.mcnemar import mcnemar_exact
from undertow.audit.stats.multiplicity import benjamini_hochberg

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]
Bools = NDArray[np.bool_]


COUNTED = 1000
"""Votes of one class of which the ways to choose some are a float."""


class ExactTest(NamedTuple):
    """Per example: its p value, and the smallest that its pooled votes allow (1 where nothing could
    change)."""

    p_N: Floats
    smallest_N: Floats


def exact_exchange(votes_ref_NC: sp.csr_array, votes_var_NC: sp.csr_array) -> ExactTest:
    """Exact p of each example's Taxicab distance when its votes are dealt to the two populations at
    random.

    Given pooled votes m_c and K1, K2 votes on the sides, the reference's votes are multivariate
    hypergeometric and the distance T = Σ|x_c/K1 − (m_c − x_c)/K2| is a sum over classes, so P(T ≥
    observed) follows by dynamic programming over classes, once per set of margins. T is kept as an
    integer: ties are ties. p = 1 where all votes agree or a side has none.
    """
    row, ref, pooled = _votes(votes_ref_NC, votes_var_NC)
    examples = votes_ref_NC.shape[0]
    p_N, smallest_N = np.ones(examples), np.ones(examples)
    total_N = np.bincount(row, weights=pooled, minlength=examples).astype(np.int64)
    ref_N = np.bincount(row, weights=ref, minlength=examples).astype(np.int64)
    tested_N = (np.bincount(row, minlength=examples) > 1) & (ref_N > 0) & (ref_N < total_N)
    sizes = np.column_stack([ref_N, total_N - ref_N])
    for k_ref, k_var in np.unique(sizes[tested_N], axis=0).tolist():
        here_N = tested_N & (ref_N == k_ref) & (total_N == k_ref + k_var)
        kept = here_N[row]
        margin_XK, distance_X = _by_example(row[kept], ref[kept], pooled[kept], k_ref, k_var)
        pattern_UK, like_X = np.unique(margin_XK, axis=0, return_inverse=True)
        tails = _Tails(k_ref, k_var)
        index_N = np.flatnonzero(here_N)
        like_X = like_X.ravel()
        order = np.argsort(like_X, kind="stable")
        bounds = np.searchsorted(like_X[order], np.arange(len(pattern_UK) + 1))
        for u, pattern_K in enumerate(pattern_UK):
            which = order[bounds[u] : bounds[u + 1]]
            tail = tails(tuple(pattern_K[pattern_K > 0].tolist()))
            p_N[index_N[which]] = tail[distance_X[which]]
            smallest_N[index_N[which]] = tail[tail > 0].min()
    return ExactTest(np.minimum(p_N, 1.0), np.minimum(smallest_N, 1.0))


def _votes(votes_ref_NC: sp.csr_array, votes_var_NC: sp.csr_array) -> tuple[Ints, Ints, Ints]:
    """Example, reference's votes and pooled votes of every (example, class) that anybody voted
    for."""
    base = 1 << 32
    both = sp.csr_array(votes_ref_NC).astype(np.int64) * base + sp.csr_array(votes_var_NC).astype(
        np.int64
    )
    both.sum_duplicates()
    both.eliminate_zeros()
    row = np.repeat(np.arange(both.shape[0]), np.diff(both.indptr))
    ref, var = both.data // base, both.data % base
    return row, ref, ref + var


def _by_example(row: Ints, ref: Ints, pooled: Ints, k_ref: int, k_var: int) -> tuple[Ints, Ints]:
    """Margins of each example, ascending and padded in front with 0, and its integer distance."""
    order = np.lexsort((pooled, row))
    _, count_X = np.unique(row, return_counts=True)
    width = int(count_X.max())
    margin_XK = np.zeros((len(count_X), width), dtype=np.int64)
    margin_XK[np.arange(width)[None, :] >= width - count_X[:, None]] = pooled[order]
    example = np.repeat(np.arange(len(count_X)), count_X)
    part = _distance(ref, pooled, k_ref, k_var)
    return margin_XK, np.bincount(example, weights=part, minlength=len(count_X)).astype(np.int64)


def _distance(x: Ints, margin: Ints | int, k_ref: int, k_var: int) -> Ints:
    """One class's part of T · K1·K2 / 2 / gcd. The parts above and below cancel, so the part above
    is half of T."""
    common = gcd(k_ref, k_var)
    above: Ints = np.maximum(x * ((k_ref + k_var) // common) - margin * (k_ref // common), 0)
    return above


class _Tails:
    """P(distance ≥ t) for pooled votes in ascending order; unfinished sums are shared by patterns
    that begin alike."""

    def __init__(self, k_ref: int, k_var: int) -> None:
        self.k_ref, self.k_var = k_ref, k_var
        self.stack: list[tuple[int, Floats]] = [(-1, np.ones((1, 1)))]

    def __call__(self, margins: tuple[int, ...]) -> Floats:
        """Index by integer distance; 0 beyond the largest that can occur. Fast where consecutive
        calls begin alike."""
        minor, last = margins[:-1], margins[-1]
        shared = 0
        while (
            shared < min(len(minor), len(self.stack) - 1)
            and self.stack[shared + 1][0] == minor[shared]
        ):
            shared += 1
        del self.stack[shared + 1 :]
        for margin in minor[shared:]:
            self.stack.append((margin, self._with(self.stack[-1][1], margin)))
        return self._tail(self.stack[-1][1], last)

    def _with(self, ways_ST: Floats, margin: int) -> Floats:
        """Ways to hold s votes at distance t, with one more class of ``margin`` pooled votes."""
        held = np.arange(min(margin, self.k_ref) + 1)
        step = _distance(held, margin, self.k_ref, self.k_var)
        size_s = min(ways_ST.shape[0] + margin, self.k_ref + 1)
        more_ST = np.zeros((size_s, ways_ST.shape[1] + int(step[-1])))
        for x, t, ways in zip(
            held.tolist(), step.tolist(), _ways(margin, held).tolist(), strict=True
        ):
            kept = ways_ST[: size_s - x]
            more_ST[x : x + len(kept), t : t + kept.shape[1]] += ways * kept
        # Only their ratios count; a power of two takes nothing from them.
        return np.ldexp(more_ST, -int(np.frexp(more_ST.max())[1]))

    def _tail(self, ways_ST: Floats, margin: int) -> Floats:
        """The last class takes what is left of the reference's votes, so no sum over it is
        needed."""
        held_S = self.k_ref - np.arange(ways_ST.shape[0])
        possible = np.flatnonzero((held_S >= 0) & (held_S <= margin))
        step_S = _distance(held_S[possible], margin, self.k_ref, self.k_var)
        weight_ST = ways_ST[possible] * _ways(margin, held_S[possible])[:, None]
        distance_ST = step_S[:, None] + np.arange(ways_ST.shape[1])
        mass_T = np.bincount(distance_ST.ravel(), weights=weight_ST.ravel())
        tail_T: Floats = np.cumsum(mass_T[::-1])[::-1] / mass_T.sum()
        return tail_T


def _ways(margin: int, held: Ints) -> Floats:
    """Ways to choose those votes of a class that the reference holds, up to a factor where they are
    too many for a float."""
    if margin <= COUNTED:
        return np.asarray(comb(margin, held))
    log_ways = -gammaln(held + 1.0) - gammaln(margin - held + 1.0)
    return np.asarray(np.exp(log_ways - log_ways.max()))


def exact_swap(pred_ref_PN: Ints, pred_var_PN: Ints) -> ExactTest:
    """Exact p per example where variant member p derives from reference member p: pairs swap, votes
    do not mix.

    The sign test over pairs of which one side votes for the pooled modal label (ties: the smallest
    label) and the other does not. Swapping changes neither that label nor which pairs disagree
    about it. A pair with a missing vote is left out. Blind to changes between two labels that are
    both not the mode.
    """
    ref_PN, var_PN = np.array(pred_ref_PN), np.array(pred_var_PN)
    missing_PN = (ref_PN < 0) | (var_PN < 0)
    ref_PN[missing_PN] = var_PN[missing_PN] = -1
    mode_N = _pooled_mode(np.vstack([ref_PN, var_PN]))
    was_PN, is_PN = ref_PN == mode_N, var_PN == mode_N
    lost_N, gained_N = (was_PN & ~is_PN).sum(axis=0), (~was_PN & is_PN).sum(axis=0)
    smallest_N = np.minimum(1.0, 2 * 0.5 ** (lost_N + gained_N).astype(np.float64))
    return ExactTest(mcnemar_exact(lost_N, gained_N), smallest_N)


def _pooled_mode(pred_MN: Ints) -> Ints:
    mode_N = np.full(pred_MN.shape[1], -1, dtype=pred_MN.dtype)
    for group in candidates(pred_MN, np.full(pred_MN.shape[1], -1)):
        best_X = group.margin_XK.argmax(axis=1)
        mode_N[group.example_X] = group.label_XK[np.arange(len(best_X)), best_X]
    return mode_N


def confirmed(
    p_N: Floats, unanimous_N: Bools, smallest_N: Floats | None = None, *, fdr: float = 0.05
) -> Floats:
    """q_N: Benjamini–Hochberg q values over the examples whose votes could tell at all; 1 for all
    others.

    Left out are unanimous examples and, where ``smallest_N`` is given, those whose smallest
    possible p exceeds ``fdr``. Both are decided by the pooled votes, which exchanging members does
    not change, so the p values of the rest are as valid as before; and since a p above ``fdr`` is
    never rejected, leaving those out can only add rejections (Tarone 1990; Gilbert 2005). With
    ``smallest_N`` compare q with the same ``fdr`` only. NaN p stays 1.

    Examples share members, so their tests are dependent; Benjamini–Hochberg is proved for
    independent or positively dependent ones. ``benchmarks/calibration.py`` measures what it does
    here.
    """
    family_N = ~np.asarray(unanimous_N) & ~np.isnan(p_N)
    if smallest_N is not None:
        family_N &= smallest_N <= fdr
    q_N = np.ones(len(p_N))
    q_N[family_N] = benjamini_hochberg(p_N[family_N])
    return q_N
