"""Limits of a mean of bounded differences: against Tango, against slow code of another kind, and at
the edges."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
import scipy.sparse as sp
from scipy import stats

import oracles_stats as oracle
from undertow.audit.stats import bounded
from undertow.audit.stats.bounded import bounded_limits, mean_limits
from undertow.audit.stats.mcnemar import HALF, _score, paired_interval
from undertow.audit.stats.unit_kinds import FINEST, Units, told_apart

NAMES = ("effect", "low", "high", "p", "units")


def limits(change, level=0.05, clusters=None):
    """Of one row that holds everything."""
    change_N = np.asarray(change, dtype=np.float64)
    cluster_N = None if clusters is None else np.asarray(clusters)
    found = mean_limits(sp.csr_array(np.ones((1, len(change_N)))), change_N, level, cluster_N)
    return dict(zip(NAMES, (float(column_G[0]) for column_G in found), strict=True))


def units(totals, sizes=None):
    total_GU = np.asarray(totals, dtype=np.float64)[None]
    size_GU = np.ones_like(total_GU) if sizes is None else np.asarray(sizes, dtype=np.float64)[None]
    return Units(total_GU, size_GU, np.ones_like(total_GU))


FLIPS = [(30, 12, 500), (1, 0, 40), (0, 7, 50), (9, 9, 60), (3, 1, 10), (0, 0, 25), (20, 0, 20)]


@pytest.mark.parametrize(("lost", "gained", "n"), FLIPS)
def test_of_right_and_wrong_the_null_is_tangos_with_half_an_example_of_correction(lost, gained, n):
    """With a normal tail its score would be Tango's."""
    change = [-1.0] * lost + [1.0] * gained + [0.0] * (n - lost - gained)
    for delta in (-0.3, -0.05, -1e-3, 0.0, 0.02, 0.4):
        there = _score(*(np.array(float(c)) for c in (lost, gained, n)), HALF, np.array(delta))
        sign_G, weight_GX, outward_GX, beyond_G = bounded._null(units(change), np.array([delta]))
        error = max(np.sqrt((weight_GX * outward_GX**2).sum() / n), 1e-300)
        # The correction is of the largest step: far from 0 of somewhat more than an example.
        near = 1e-3 if abs(delta) <= 0.05 else 0.02
        assert sign_G[0] * beyond_G[0] / error == pytest.approx(float(there), rel=near, abs=1e-9)


def test_of_many_right_and_wrong_the_limits_are_nearly_tangos():
    """With 2,000 examples the tail is normal."""
    found = limits([-1.0] * 300 + [1.0] * 260 + [0.0] * 1440)
    low, high = paired_interval(300, 260, 2000, 0.05, correction=HALF)
    assert (found["low"], found["high"]) == (
        pytest.approx(float(low), abs=1e-4),
        pytest.approx(float(high), abs=1e-4),
    )


@pytest.mark.parametrize(("n", "level"), [(20, 0.1), (300, 0.1), (300, 0.001)])
def test_where_nothing_changed_the_limits_are_nearly_those_of_a_count_of_none(n, level):
    """A loss of that share of examples would have shown by a chance of ``level / 2`` or more
    (Clopper & Pearson)."""
    found = limits([0.0] * n, level)
    assert found["high"] == pytest.approx(1 - (level / 2) ** (1 / n), rel=0.1)


@pytest.mark.heavy
@pytest.mark.parametrize("n", [100, 200_000])
@pytest.mark.parametrize("level", [1e-12, 0.1, 0.99])
def test_at_the_end_of_the_range_the_effect_lies_within_its_limits(n, level):
    for change in ([-1.0] * n, [-1.0] * (n - 1) + [-0.99]):
        found = limits(change, level)
        assert found["low"] == -1.0
        assert found["effect"] <= found["high"] < 0
        gained = limits([-c for c in change], level)
        assert (gained["low"], gained["high"]) == pytest.approx((-found["high"], -found["low"]))


@pytest.mark.parametrize(
    ("n", "gain"), [(1000, 0.02), (10_000, 0.001), (10_000, 0.05), (100, 0.02)]
)
def test_among_common_small_gains_a_rare_loss_is_not_missed(n, gain):
    """Exact: how many lose all is binomial, and of all chances to lose the one at which limits err
    most is looked at. With half of a *mean* step of correction they erred in up to .093."""
    lost_G = np.arange(min(n, 200) + 1)
    total_GU = np.tile([-1.0, gain], (len(lost_G), 1))
    alike_GU = np.stack([lost_G, n - lost_G], axis=1).astype(float)
    low_G, high_G, _ = bounded_limits(Units(total_GU, np.ones_like(total_GU), alike_GU), 0.1)
    for chance in np.geomspace(0.3, 60, 80) / n:
        mean, of_G = gain * (1 - chance) - chance, stats.binom.pmf(lost_G, n, chance)
        assert of_G[low_G > mean].sum() <= 0.051
        assert of_G[high_G < mean].sum() <= 0.051


def worlds():
    rng = np.random.default_rng(1)
    graded = rng.normal(0.05, 0.2, 12).clip(-1, 1)
    yield "graded", graded, np.ones(12)
    yield "rare and large", np.array([0.0] * 12 + [-0.9]), np.ones(13)
    yield "nothing varies", np.full(8, 0.25), np.ones(8)
    yield "an end is seen", np.array([-1.0, 0.0, 0.1, 0.1, 1.0]), np.ones(5)
    sizes = rng.integers(1, 6, 9).astype(float)
    yield "clusters", (rng.uniform(-1, 1, 9) * sizes), sizes
    yield (
        "a large cluster beyond the end",
        np.array([-20.0, 1.0, 1.0, 0.0, 1.0]),
        np.array([20.0, 1, 1, 1, 1]),
    )


WORLDS = {name: (totals, sizes) for name, totals, sizes in worlds()}


@pytest.mark.parametrize("name", WORLDS)
def test_the_dual_finds_the_likeliest_distribution(name):
    """The primal problem is a convex one; its solver knows nothing of the dual."""
    totals, sizes = WORLDS[name]
    effect = totals.sum() / sizes.sum()
    for mean in (effect - 0.15, effect - 0.02, effect + 0.02, effect + 0.15):
        gap_GU = (totals - mean * sizes)[None]
        seen = (sizes**3).sum() / (sizes**2).sum()
        end_G = np.array([seen * ((-1.0 if gap_GU.sum() > 0 else 1.0) - mean)])
        weight_GU, left_G = bounded._likeliest(np.full_like(gap_GU, 1 / gap_GU.size), gap_GU, end_G)
        assert weight_GU.sum() + left_G[0] == pytest.approx(1, abs=1e-9)
        assert (weight_GU * gap_GU).sum() + left_G[0] * end_G[0] == pytest.approx(0, abs=1e-8)
        weights, left = oracle.likeliest(totals, sizes, mean)
        found = np.log(weight_GU[0]).sum(), np.log(weights).sum()
        assert found[0] >= found[1] - 1e-6
        np.testing.assert_allclose(weight_GU[0], weights, atol=2e-4)
        assert left_G[0] == pytest.approx(left, abs=2e-4)


@pytest.mark.parametrize("name", WORLDS)
@pytest.mark.parametrize("level", [pytest.param(0.2, marks=pytest.mark.heavy), 0.01])
def test_equals_the_slow_limits(name, level):
    totals, sizes = WORLDS[name]
    alone = np.repeat(totals / sizes, sizes.astype(int))
    found = limits(alone, level, np.repeat(np.arange(len(sizes)), sizes.astype(int)))
    low, high, p = oracle.bounded_limits(totals, sizes, level)
    assert found["effect"] == pytest.approx(totals.sum() / sizes.sum())
    # Next to the end of the range it is the end that is taken.
    assert (found["low"], found["high"]) == (
        pytest.approx(low, abs=1e-5),
        pytest.approx(high, abs=1e-5),
    )
    assert found["p"] == pytest.approx(p, rel=1e-5)
    assert found["units"] == len(totals)


def test_rows_of_any_size_are_solved_together_as_they_are_alone():
    rng = np.random.default_rng(2)
    change_N = rng.choice([-1, -0.3, 0, 0.5], 400)
    change_N[rng.random(400) < 0.1] = np.nan
    member_GN = np.array(
        [rng.random(400) < share for share in (1, 0.5, 0.04, 0.01, 0.9, 0.1)]
    ).astype(float)
    cluster_N = rng.integers(0, 90, 400)
    for clusters in (None, cluster_N):
        found = mean_limits(sp.csr_array(member_GN), change_N, 0.1, clusters)
        for g, inside in enumerate(member_GN > 0):
            alone = limits(change_N[inside], 0.1, None if clusters is None else clusters[inside])
            np.testing.assert_allclose(
                [column_G[g] for column_G in found], list(alone.values()), rtol=1e-9, atol=1e-9
            )


def test_an_example_that_is_its_clusters_only_one_is_independent():
    change = np.random.default_rng(3).choice([-1, -0.5, 0, 0.25], 80)
    alone, clustered = (
        limits(change),
        limits(change, clusters=np.random.default_rng(0).permutation(80)),
    )
    assert list(clustered.values()) == pytest.approx(list(alone.values()), abs=1e-9)


def test_the_order_and_the_numbers_of_clusters_do_not_matter():
    rng = np.random.default_rng(4)
    change, clusters = rng.choice([-1, 0, 0.5], 100), rng.integers(0, 12, 100)
    order, names = rng.permutation(100), rng.permutation(40)
    first = limits(change, clusters=clusters)
    assert list(limits(change[order], clusters=names[clusters][order]).values()) == pytest.approx(
        list(first.values())
    )


def test_copies_of_examples_tell_no_more_than_the_examples():
    """Ten copies of each, one cluster: the same limits as one of each."""
    change = np.random.default_rng(5).choice([-1, 0, 0, 0, 0.5], 40)
    once, copied = (
        limits(change),
        limits(np.repeat(change, 10), clusters=np.repeat(np.arange(40), 10)),
    )
    assert list(copied.values()) == pytest.approx(list(once.values()), abs=1e-7)


def test_units_that_are_pooled_keep_their_totals():
    rng = np.random.default_rng(6)
    total_U, size_U = rng.uniform(-1, 1, 20_000), np.ones(20_000)
    found = told_apart(total_U, size_U)
    assert len(found.alike_GU) <= FINEST + 1
    assert found.alike_GU.sum() == 20_000
    assert (found.alike_GU * found.total_GU).sum() == pytest.approx(total_U.sum())
    assert (found.alike_GU * found.total_GU**2).sum() == pytest.approx((total_U**2).sum(), rel=1e-6)


@pytest.mark.parametrize("units", [300, 30_000])
def test_units_whose_means_are_near_are_told_apart_while_few_differ(units):
    kinds = np.array([-0.3, 0.1, 0.1004])
    found = told_apart(np.resize(kinds, units), np.ones(units))
    assert found.total_GU == pytest.approx(kinds, abs=1e-12)
    assert found.alike_GU.tolist() == [units / 3] * 3


def test_units_of_unlike_size_are_never_taken_for_one():
    found = told_apart(np.array([1.0, 2.0, 1.0, 0.0, 0.0]), np.array([1.0, 2.0, 1.0, 1.0, 3.0]))
    kinds = sorted(zip(found.total_GU, found.size_GU, found.alike_GU, strict=True))
    assert kinds == [(0, 1, 1), (0, 3, 1), (1, 1, 2), (2, 2, 1)]


@pytest.mark.parametrize("scale", [1.0, 0.5])
def test_units_are_counted_by_total_and_size_in_the_order_of_their_means(scale):
    """Whole numbers are counted without being sorted, others by sorting: in the same order."""
    rng = np.random.default_rng(8)
    size_U = rng.integers(1, 6, 3000).astype(float)
    total_U = np.rint(rng.uniform(-1, 1, 3000) * size_U) * scale
    counted = Counter(zip(total_U, size_U, strict=True))
    kinds = sorted(counted, key=lambda kind: (kind[0] / kind[1], kind[1]))
    found = told_apart(total_U, size_U)
    told = zip(found.total_GU.tolist(), found.size_GU.tolist(), strict=True)
    assert [*told] == kinds
    assert found.alike_GU.tolist() == [counted[kind] for kind in kinds]


def test_numbers_of_clusters_may_have_gaps_of_any_width():
    change = np.random.default_rng(9).choice([-1.0, 0.0, 1.0], 60)
    clusters = np.arange(60) // 3
    assert limits(change, clusters=clusters * 1_000_000) == limits(change, clusters=clusters)
    assert limits(change, clusters=clusters * 7) == limits(change, clusters=clusters)


@pytest.mark.parametrize("change", [[0.3], [np.nan] * 5, [0.5, np.nan]])
def test_fewer_than_two_units_tell_nothing(change):
    found = limits(change)
    assert np.isnan([found[name] for name in NAMES[:4]]).all()
    assert found["units"] == (~np.isnan(change)).sum()


def test_one_cluster_however_large_tells_nothing():
    found = limits([0.5] * 1000, clusters=[7] * 1000)
    assert np.isnan([found[name] for name in NAMES[:4]]).all()
    assert found["units"] == 1


def test_rows_that_tell_nothing_stand_beside_rows_that_do():
    member = sp.csr_array(np.array([[0.0] * 30, [1.0] + [0.0] * 29, [1.0] * 30]))
    found = mean_limits(member, np.full(30, -0.5), 0.05)
    assert found.units_G.tolist() == [0, 1, 30]
    assert np.isnan(found.low_G[:2]).all()
    assert found.low_G[2] < -0.5 < found.high_G[2]


@pytest.mark.parametrize("n", [2, 10, 200])
def test_nothing_changed_has_a_width_that_shrinks_as_one_over_n(n):
    """0 of n: as wide as Tango's with Student's quantile, in a closed form: z² + 1 over n + z² less
    half a step."""
    found = limits([0.0] * n)
    assert found["p"] == 1
    assert found["low"] == pytest.approx(-found["high"])
    assert found["high"] >= 1 - 0.025 ** (1 / n)
    assert found["high"] < 12 / n


@pytest.mark.parametrize("end", [-1.0, 1.0])
def test_an_effect_at_the_end_of_the_range_has_limits_inside_it(end):
    found = limits([end] * 50)
    inner, outer = (found["high"], found["low"]) if end < 0 else (found["low"], found["high"])
    assert outer == pytest.approx(end, abs=1e-9)
    assert 0 < end * inner < 0.9
    assert found["p"] < 1e-6


def test_a_smaller_level_never_gives_narrower_limits():
    change = np.random.default_rng(7).choice([-1, -0.2, 0, 0, 0, 0.4], 60)
    found = [limits(change, level) for level in (0.5, 0.1, 0.05, 1e-3, 1e-6, 1e-12)]
    lows, highs = ([row[name] for row in found] for name in ("low", "high"))
    assert lows == sorted(lows, reverse=True)
    assert highs == sorted(highs)
    assert (lows[-1], highs[-1]) > (-1.0, 0.0)
    assert highs[-1] <= 1


def test_the_limits_leave_out_no_change_exactly_where_p_says_so():
    rng = np.random.default_rng(8)
    change_DN = rng.choice([-1, -0.3, 0, 0.3, 1], (80, 40), p=[0.15, 0.3, 0.35, 0.1, 0.1])
    found = mean_limits(sp.csr_array(np.kron(np.eye(80), np.ones(40))), change_DN.ravel(), 0.05)
    told_D = found.p_G <= 0.05
    assert (told_D == ((found.low_G > 0) | (found.high_G < 0))).all()
    assert 0.2 < told_D.mean() < 0.8


def test_a_gain_is_a_loss_seen_from_the_other_side():
    change = np.random.default_rng(9).uniform(-1, 0.5, 30)
    there, back = limits(change), limits(-change)
    assert (there["low"], there["high"]) == pytest.approx((-back["high"], -back["low"]))


def test_rare_large_losses_are_not_missed():
    """2 % of 50 examples lose .49, so the mean falls by .0098: Student's limits leave that out in
    38 % of samples, which hold no loss at all."""
    rng = np.random.default_rng(10)
    loss_DN = np.where(rng.random((400, 50)) < 0.02, -0.49, 0.0)
    member_DN = sp.csr_array(np.kron(np.eye(400), np.ones(50)))
    found = mean_limits(member_DN, loss_DN.ravel(), 0.1)
    assert (found.low_G > -0.0098).mean() <= 0.055
    mean_D, sd_D = loss_DN.mean(axis=1), loss_DN.std(axis=1, ddof=1)
    assert (mean_D - stats.t.isf(0.05, 49) * sd_D / np.sqrt(50) > -0.0098).mean() > 0.3


@pytest.mark.heavy
@pytest.mark.parametrize("size_K", [[40] * 2 + [3] * 98, [20] * 5 + [3] * 95])
def test_limits_hold_where_a_few_clusters_are_much_larger_than_the_rest(size_K):
    """Symmetric clusters: each side errs in at most a twentieth, with room for 3 standard errors of
    chance."""
    rng, draws = np.random.default_rng(99), 1500
    cluster_N = np.repeat(np.arange(100), size_K)
    one_GN = sp.csr_array(np.ones((1, len(cluster_N))))
    missed = np.zeros(2)
    for _ in range(draws):
        change_K = rng.choice([-1.0, 0.0, 1.0], p=[0.3, 0.4, 0.3], size=100)
        found = mean_limits(one_GN, change_K[cluster_N], 0.1, cluster_N)
        missed += found.low_G[0] > 0, found.high_G[0] < 0
    assert (missed / draws < 0.055 + 3 * np.sqrt(0.05 * 0.95 / draws)).all()


def test_the_error_is_that_of_a_ratio_of_unit_totals():
    """Linearised, with n / (n − 1) for the mean that was estimated (Cochran 1977, §2.11)."""
    rng = np.random.default_rng(10)
    size_U = rng.integers(1, 9, 8).astype(float)
    total_U = rng.uniform(-1, 1, 8) * size_U
    residual_U = total_U - total_U.sum() / size_U.sum() * size_U
    slow = math.sqrt(8 / 7 * sum(r**2 for r in residual_U)) / size_U.sum()
    found = Units(total_U[None], size_U[None], np.ones((1, 8)))
    assert found.error_G.tolist() == pytest.approx([slow])
