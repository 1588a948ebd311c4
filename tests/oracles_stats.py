"""Slow loops straight from the definitions, for tests of ``undertow.audit.stats``."""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np
from scipy import optimize, stats


def welch_t(ref, var, smallest=0.0):
    """Welch's t with a floor under the squared standard error; pooled variance where a side has one member."""
    a, b = len(ref), len(var)
    if min(a, b) == 1:
        around = ((ref - ref.mean()) ** 2).sum() + ((var - var.mean()) ** 2).sum()
        square = around / (a + b - 2) * (1 / a + 1 / b)
    else:
        square = ref.var(ddof=1) / a + var.var(ddof=1) / b
    return (var.mean() - ref.mean()) / np.sqrt(max(square, smallest))


def max_t(value_GM, is_reference_DM, smallest_G):
    """p and single-step adjusted p, draw by draw and slice by slice; NaN slices are left out."""
    t_DG = np.array(
        [[welch_t(v[side], v[~side], s) for v, s in zip(value_GM, smallest_G, strict=True)] for side in is_reference_DM]
    )
    kept = ~np.isnan(value_GM).any(axis=1)
    size_DG = np.abs(t_DG)
    p = np.array([(size_DG[:, g] >= size_DG[0, g] * (1 - 1e-7)).mean() for g in range(len(value_GM))])
    largest = size_DG[:, kept].max(axis=1)
    adjusted = np.array([(largest >= size_DG[0, g] * (1 - 1e-7)).mean() for g in range(len(value_GM))])
    return t_DG[0], np.where(kept, p, np.nan), np.where(kept, adjusted, np.nan)


def vote_mean(pred_MN, label_N, membership_GN, is_reference_M, function, needs_label):
    """One draw: slice means of a vote function over examples, counted label by label."""
    values = np.array(
        [vote_value(pred_MN[:, n], label_N[n], is_reference_M, function, needs_label) for n in range(pred_MN.shape[1])]
    )
    means = []
    for row in membership_GN:
        inside = values[(row > 0) & ~np.isnan(values)]
        means.append(inside.mean() if len(inside) else np.nan)
    return np.array(means), values


def vote_value(pred_M, label, is_reference_M, function, needs_label):
    """One example in one draw."""
    ref, var = pred_M[is_reference_M & (pred_M >= 0)], pred_M[~is_reference_M & (pred_M >= 0)]
    if len(ref) == 0 or len(var) == 0 or (needs_label and label < 0):
        return np.nan
    seen = sorted(set(ref) | set(var))
    shares = [np.array([[np.mean(side == c) for c in seen]]) for side in (ref, var)]
    return float(function(*shares, np.array([[c == label for c in seen]]))[0])


def pair_mean(pred_MN, label_N, membership_GN, is_reference_M, function, pairs=None):
    """One draw: mean over pairs across the sides of the slice means."""
    ref, var = np.flatnonzero(is_reference_M), np.flatnonzero(~is_reference_M)
    if pairs is None:
        across = [(i, j) for i in ref for j in var]
    else:
        across = [(p, pairs + p) if is_reference_M[p] else (pairs + p, p) for p in range(pairs)]
    out = []
    for row in membership_GN:
        means = []
        for i, j in across:
            value = function(pred_MN[i], pred_MN[j], label_N)[row > 0]
            value = value[~np.isnan(value)]
            means += [value.mean()] if len(value) else []
        out.append(np.mean(means) if means else np.nan)
    return np.array(out)


def exchange_p(ref_votes, var_votes):
    """Taxicab exchange test of one example by enumerating who sits where; also the smallest p that can occur."""
    votes = np.concatenate([np.repeat(np.arange(len(v)), v) for v in (ref_votes, var_votes)])
    k_ref, k = int(sum(ref_votes)), len(votes)

    def distance(index):
        x = np.bincount(votes[list(index)], minlength=len(ref_votes))
        rest = np.add(ref_votes, var_votes) - x
        return int(np.abs(x * (k - k_ref) - rest * k_ref).sum())

    found = np.array([distance(index) for index in combinations(range(k), k_ref)])
    assert len(found) == comb(k, k_ref)
    return float((found >= found[0]).mean()), float((found == found.max()).mean())


def tango_limits(lost, gained, n, level):
    """Tango's interval with the likelihood under each effect maximised numerically."""

    def score(delta):
        def minus_log(rate_lost):
            rate_gained = rate_lost + delta
            rest = 1 - rate_gained - rate_lost
            terms = zip((gained, lost, n - lost - gained), (rate_gained, rate_lost, rest), strict=True)
            return -sum(c * np.log(max(r, 1e-300)) for c, r in terms if c)

        bounds = (max(0.0, -delta), (1 - delta) / 2)
        best = optimize.minimize_scalar(minus_log, bounds=bounds, method="bounded", options={"xatol": 1e-12}).x
        return (gained - lost - n * delta) / np.sqrt(n * (2 * best + delta * (1 - delta)))

    z, effect = stats.norm.isf(level / 2), (gained - lost) / n
    low = optimize.brentq(lambda d: score(d) - z, -1 + 1e-9, effect - 1e-9)
    high = optimize.brentq(lambda d: score(d) + z, effect + 1e-9, 1 - 1e-9)
    return low, high


def holm(p):
    """Step-down by hand."""
    order, adjusted, worst = np.argsort(p, kind="stable"), np.empty(len(p)), 0.0
    for rank, index in enumerate(order):
        worst = max(worst, (len(p) - rank) * p[index])
        adjusted[index] = min(worst, 1.0)
    return adjusted
