"""Slow loops straight from the definitions, for tests of ``undertow.audit.stats``."""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np
from scipy import optimize, stats
from scipy.special import logsumexp


def welch_t(ref, var, smallest=0.0):
    """Welch's t with a floor under the squared standard error; pooled variance where a side has one
    member."""
    a, b = len(ref), len(var)
    if min(a, b) == 1:
        around = ((ref - ref.mean()) ** 2).sum() + ((var - var.mean()) ** 2).sum()
        square = around / (a + b - 2) * (1 / a + 1 / b)
    else:
        square = ref.var(ddof=1) / a + var.var(ddof=1) / b
    return (var.mean() - ref.mean()) / np.sqrt(max(square, smallest))


def deviate_exactly(t, df):
    """The normal deviate whose tail is that of |t|."""
    return stats.norm.isf(stats.t.sf(np.abs(t), df))


def wallace(t, df):
    """Wallace's (1959) closed form of the same."""
    return (8 * df + 1) / (8 * df + 3) * np.sqrt(df * np.log(1 + t * t / df))


def sides_squared(ref, var):
    """Squared standard errors of both sides' means; one variance for both where a side has one
    member."""
    a, b = len(ref), len(var)
    if min(a, b) == 1:
        around = ((ref - ref.mean()) ** 2).sum() + ((var - var.mean()) ** 2).sum()
        return around / (a + b - 2) / a, around / (a + b - 2) / b
    return ref.var(ddof=1) / a, var.var(ddof=1) / b


def pooled_df(rows, side):
    """Welch's degrees of freedom, with the reference's share of the variance averaged over the rows
    that vary."""
    a, b = int(side.sum()), int((~side).sum())
    if min(a, b) == 1:
        return a + b - 2
    squared = [sides_squared(v[side], v[~side]) for v in rows]
    shares = [ref / (ref + var) for ref, var in squared if ref + var > 1e-20]
    share = np.mean(shares) if shares else b / (a + b)
    return 1 / (share**2 / (a - 1) + (1 - share) ** 2 / (b - 1))


def added(parts, level):
    """Half width of parts (squared error, degrees of freedom) whose half widths add in squares."""
    return np.sqrt(sum(stats.t.isf(level / 2, df) ** 2 * square for square, df in parts))


def level_reaching(parts, effect):
    """The level at which that half width is the effect."""
    return optimize.brentq(lambda p: added(parts, p) - abs(effect), 1e-12, 1) if effect else 1.0


def max_t(value_GM, is_reference_DM, smallest_G, level):
    """t, degrees of freedom, p, single-step adjusted p and limits, draw by draw and slice by slice;
    NaN slices are left out. Sides of unequal size: the larger p and the wider limits of this and of
    Student's with Bonferroni."""
    kept = ~np.isnan(value_GM).any(axis=1)
    t_DG = np.array(
        [
            [welch_t(v[side], v[~side], s) for v, s in zip(value_GM, smallest_G, strict=True)]
            for side in is_reference_DM
        ]
    )
    df_D = np.array([pooled_df(value_GM[kept], side) for side in is_reference_DM])
    size_DG = np.array([wallace(t_G, df) for t_G, df in zip(t_DG, df_D, strict=True)])
    largest = size_DG[:, kept].max(axis=1)
    p = np.array(
        [(size_DG[:, g] >= size_DG[0, g] * (1 - 1e-7)).mean() for g in range(len(value_GM))]
    )
    adjusted = np.array(
        [(largest >= size_DG[0, g] * (1 - 1e-7)).mean() for g in range(len(value_GM))]
    )
    critical = np.sort(largest)[::-1][int(level * len(largest) + 1e-9)]
    half = optimize.brentq(lambda t: wallace(t, df_D[0]) - critical, 0, 1e9)
    first = is_reference_DM[0]
    if first.sum() != (~first).sum():
        effect = value_GM[:, ~first].mean(axis=1) - value_GM[:, first].mean(axis=1)
        parts = []
        for v, least in zip(value_GM, smallest_G, strict=True):
            squares = sides_squared(v[first], v[~first])
            lift = max(1.0, least / max(sum(squares), 1e-24))
            if 1 in (first.sum(), (~first).sum()):
                parts.append([(max(sum(squares), least), len(first) - 2)])
            else:
                parts.append(
                    [(squares[0] * lift, first.sum() - 1), (squares[1] * lift, (~first).sum() - 1)]
                )
        student = np.array(
            [
                level_reaching(one, e) if k else np.nan
                for one, e, k in zip(parts, effect, kept, strict=True)
            ]
        )
        p, adjusted = (
            np.maximum(p, student),
            np.maximum(adjusted, np.minimum(1, kept.sum() * student)),
        )
        wider_G = np.array([added(one, level / kept.sum()) for one in parts])
    effect = value_GM[:, ~first].mean(axis=1) - value_GM[:, first].mean(axis=1)
    half_G = half * np.abs(effect / np.where(t_DG[0] == 0, np.nan, t_DG[0]))
    if first.sum() != (~first).sum():
        half_G = np.where(np.isnan(half_G), np.nan, np.maximum(half_G, wider_G))
    nothing = np.where(kept, 0.0, np.nan)
    return t_DG[0], df_D[0], p + nothing, adjusted + nothing, (effect - half_G, effect + half_G)


def vote_mean(pred_MN, label_N, membership_GN, is_reference_M, function, needs_label):
    """One draw: slice means of a vote function over examples, counted label by label."""
    values = np.array(
        [
            vote_value(pred_MN[:, n], label_N[n], is_reference_M, function, needs_label)
            for n in range(pred_MN.shape[1])
        ]
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
    """Taxicab exchange test of one example by enumerating who sits where; also the smallest p that
    can occur."""
    votes = np.concatenate([np.repeat(np.arange(len(v)), v) for v in (ref_votes, var_votes)])
    k_ref, k = int(sum(ref_votes)), len(votes)

    def distance(index):
        x = np.bincount(votes[list(index)], minlength=len(ref_votes))
        rest = np.add(ref_votes, var_votes) - x
        return int(np.abs(x * (k - k_ref) - rest * k_ref).sum())

    found = np.array([distance(index) for index in combinations(range(k), k_ref)])
    assert len(found) == comb(k, k_ref)
    return float((found >= found[0]).mean()), float((found == found.max()).mean())


def tango_limits(lost, gained, n, level, correction=0.0):
    """Tango's interval with the likelihood under each effect maximised numerically; ``correction``
    in examples."""

    def score(delta):
        def minus_log(rate_lost):
            rate_gained = rate_lost + delta
            rest = 1 - rate_gained - rate_lost
            terms = zip(
                (gained, lost, n - lost - gained), (rate_gained, rate_lost, rest), strict=True
            )
            return -sum(c * np.log(max(r, 1e-300)) for c, r in terms if c)

        bounds = (max(0.0, -delta), (1 - delta) / 2)
        best = optimize.minimize_scalar(
            minus_log, bounds=bounds, method="bounded", options={"xatol": 1e-12}
        ).x
        shift = gained - lost - n * delta
        nearer = np.sign(shift) * max(abs(shift) - correction, 0.0)
        return nearer / np.sqrt(n * (2 * best + delta * (1 - delta)))

    z, effect = stats.norm.isf(level / 2), (gained - lost) / n
    low = optimize.brentq(lambda d: score(d) - z, -1 + 1e-9, effect - 1e-9)
    high = optimize.brentq(lambda d: score(d) + z, effect + 1e-9, 1 - 1e-9)
    return low, high


def likeliest(totals, sizes, mean):
    """Weights of the likeliest distribution of ``mean`` on the units seen and on the end opposite
    to what was seen, each unit once, and the end's weight: the primal problem, by a solver for
    constraints."""
    totals, sizes = np.asarray(totals, float), np.asarray(sizes, float)
    shift = (totals - mean * sizes).mean()
    end = (sizes**3).sum() / (sizes**2).sum() * ((-1.0 if shift > 0 else 1.0) - mean)
    gaps, n = np.append(totals - mean * sizes, end), len(totals)
    found = optimize.minimize(
        lambda w: -np.log(np.maximum(w[:n], 1e-300)).sum() / n,
        np.full(n + 1, 1 / (n + 1)),
        jac=lambda w: np.append(-1 / np.maximum(w[:n], 1e-300) / n, 0.0),
        bounds=[(1e-9, 1.0)] * n + [(0.0, 1.0)],
        constraints=[
            {"type": "eq", "fun": lambda w: w.sum() - 1, "jac": lambda w: np.ones(n + 1)},
            {"type": "eq", "fun": lambda w: w @ gaps, "jac": lambda w: gaps},
        ],
        method="SLSQP",
        options={"maxiter": 1000, "ftol": 1e-14},
    )
    assert found.success, found.message
    return found.x[:n], found.x[n]


def bounded_score(totals, sizes, mean):
    """Score of a mean of bounded differences, unit by unit; the weights by a root finder on the
    dual."""
    totals, sizes = np.asarray(totals, float), np.asarray(sizes, float)
    gaps, n = totals - mean * sizes, len(totals)
    shift = gaps.mean()
    unseen = (sizes**3).sum() / (sizes**2).sum()
    end_total = -unseen if shift > 0 else unseen
    end = end_total - mean * unseen

    def left_over(rate):
        return np.sum(gaps / (1 + rate * gaps)) / n

    furthest = min(gaps.min(), end) if shift > 0 else max(gaps.max(), end)
    bound = -1 / furthest * (1 - 1e-13)
    if shift != 0 and left_over(bound) * np.sign(shift) < 0:
        rate = optimize.brentq(left_over, 0.0, bound, xtol=1e-15, rtol=1e-14)
        weights, left = 1 / n / (1 + rate * gaps), 0.0
    else:
        rate = 0.0 if shift == 0 else -1 / end
        weights = 1 / n / (1 + rate * gaps)
        left = max(1 - weights.sum(), 0.0)
    weights, outward = np.append(weights, left), np.append(gaps, end) * np.sign(shift)
    moves = np.append(totals, end_total), outward
    half_step = max(weights @ np.abs(m) ** 3 / max(weights @ m**2, 1e-300) for m in moves) / 2 / n
    return np.sign(shift) * tail_deviate(weights, outward, max(abs(shift) - half_step, 0.0), n)


def tail_deviate(weights, values, mean, n):
    """Barndorff-Nielsen's r* of a mean of n draws, the tilt by a root finder on the logarithm of
    its moments."""
    values, weights = values[weights > 0], weights[weights > 0]

    def cumulant(t):
        return logsumexp(t * values, b=weights)

    def tilted(t):
        return weights * np.exp(t * values - cumulant(t))

    normal = mean / np.sqrt(max((weights * values**2).sum() / n, 1e-300))
    if mean == 0 or mean >= values.max():
        return normal
    most = 60 / values.max()
    t = optimize.brentq(lambda t: tilted(t) @ values - mean, 0, most, xtol=1e-14, rtol=1e-14)
    root = np.sqrt(2 * n * (t * mean - cumulant(t)))
    saddle = t * np.sqrt(n * (tilted(t) @ values**2 - mean**2))
    return max(root + np.log(saddle / root) / root, 0.0) if root > 0.1 else normal


def bounded_limits(totals, sizes, level):
    """Limits and p of a mean of bounded differences: where the score reaches the normal quantile,
    by bisection."""
    effect, quantile = np.sum(totals) / np.sum(sizes), stats.norm.isf(level / 2)
    found = []
    for far in (-1.0, 1.0):
        near, away = effect, far
        for _ in range(40):
            middle = (near + away) / 2
            inside = abs(bounded_score(totals, sizes, middle)) <= quantile
            near, away = (middle, away) if inside else (near, middle)
        found.append(near)
    p = min(1.0, 2 * stats.norm.sf(abs(bounded_score(totals, sizes, 0.0))))
    return found[0], found[1], p


def two_way_parts(sides, change, clusters):
    """Of one row: the members' and the examples' squared standard errors, and the members' degrees
    of freedom.

    ``sides``: (M, n) tables without gaps, one of differences where members are paired.
    """
    n, members, noise = len(change), [], 0.0
    for side in sides:
        if len(side) < 2:
            continue
        members.append(max(np.var([row.mean() for row in side], ddof=1), (0.5 / n) ** 2))
        left = 0.0
        for m, row in enumerate(side):
            for i, value in enumerate(row):
                left += (value - side[:, i].mean() - side[m].mean() + side.mean()) ** 2
        noise += left / (len(side) - 1) / (n - 1) / (len(side) * n)
    members += members[:1] * (len(sides) - len(members))
    each = [variance / len(side) for variance, side in zip(members, sides, strict=True)]
    effect, square = change.mean(), 0.0
    for cluster in np.unique(clusters):
        square += sum(change[i] - effect for i in np.flatnonzero(clusters == cluster)) ** 2
    count = len(np.unique(clusters))
    return each, max(square * count / (count - 1) / n**2 - noise, 0.0)


def disagreement_of_runs(before, after, label, function):
    """Each example's mean over all pairs of a run of either side; each pair of reference runs,
    taken both ways."""

    def mean(values):
        known = [v for v in values if not np.isnan(v)]
        return sum(known) / len(known) if known else np.nan

    across, n = [function(a, b, label) for a in before for b in after], len(label)
    within = []
    for a, b in combinations(range(len(before)), 2):
        ways = function(before[a], before[b], label), function(before[b], before[a], label)
        within.append([mean([way[i] for way in ways]) for i in range(n)])
    return np.array([mean([row[i] for row in across]) for i in range(n)]), np.array(within)


def contrast_within(values, chosen, strata):
    """Mean over chosen examples of their value less the mean of the others of their stratum, its
    standard error without a least one, and the AUROC; all values known, each example a unit."""
    parts, areas, weights = [], [], {}
    for value, own, stratum in zip(values, chosen, strata, strict=True):
        others = [
            v for v, c, s in zip(values, chosen, strata, strict=True) if not c and s == stratum
        ]
        if own and others:
            parts.append(value - np.mean(others))
            areas.append(np.mean([(value > o) + (value == o) / 2 for o in others]))
            weights[stratum] = weights.get(stratum, 0) + 1
    n, square = len(parts), np.var(parts, ddof=1) / len(parts)
    for stratum, count in weights.items():
        others = [
            v for v, c, s in zip(values, chosen, strata, strict=True) if not c and s == stratum
        ]
        alone = len(others) == 1
        spread = spread_within(values, strata) if alone else np.std(others, ddof=1)
        square += (count / n) ** 2 * spread**2 / len(others)
    return np.mean(parts), np.sqrt(square), np.mean(areas)


def spread_within(values, strata):
    """The standard deviation of values about their stratum's mean."""
    square, free = 0.0, 0
    for stratum in set(strata):
        own = [v for v, s in zip(values, strata, strict=True) if s == stratum]
        square += sum((v - np.mean(own)) ** 2 for v in own)
        free += len(own) - 1
    return np.sqrt(square / free)


def contrast_over_clusters(values, chosen, strata, clusters):
    """The standard error of the contrast where whole clusters are drawn: what each adds to the
    effect, squared; every stratum has both roles."""
    rows = list(zip(values, chosen, strata, clusters, strict=True))
    n = sum(chosen)
    effect, _, _ = contrast_within(values, chosen, strata)
    added = dict.fromkeys(clusters, 0.0)
    for value, own, stratum, cluster in rows:
        others = [v for v, c, s, _ in rows if not c and s == stratum]
        count = sum(c for _, c, s, _ in rows if s == stratum)
        if own:
            added[cluster] += (value - np.mean(others) - effect) / n
        else:
            added[cluster] -= count / n * (value - np.mean(others)) / len(others)
    many = len({c for _, own, _, c in rows if own})
    return np.sqrt(sum(a**2 for a in added.values()) * many / (many - 1))
