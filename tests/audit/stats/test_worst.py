"""The worst slice before and after: made by hand, and by simulation of how often its interval holds
the truth."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from scipy import stats

from undertow.audit.stats.over_runs import run_shift
from undertow.audit.stats.worst import _values, worst_slice


def slices(*sizes):
    """Slices that follow one another."""
    member_GN = np.zeros((len(sizes), sum(sizes)))
    ends = np.cumsum(sizes)
    for g, (size, end) in enumerate(zip(sizes, ends, strict=True)):
        member_GN[g, end - size : end] = 1
    return sp.csr_array(member_GN)


def right(*counts):
    """One member: so many right of so many, slice by slice."""
    return np.concatenate([np.arange(n) < k for k, n in counts]).astype(float)


def test_the_lowest_of_each_side_and_the_shift_between_them():
    before = right((90, 100), (70, 100), (95, 100))
    after = right((90, 100), (72, 100), (20, 100))
    found = worst_slice(
        before[None],
        after[None],
        slices(100, 100, 100),
        level=0.05,
        paired=False,
        over_members=False,
    )
    assert (found.index_reference, found.index_variant) == (1, 2)
    assert (found.reference, found.changed, found.effect) == pytest.approx((0.7, 0.2, -0.5))
    # The variant's worst is the third for certain, which fell by .75, the reference's the second,
    # which rose by .02; but the minima are known by themselves, each to some .15.
    assert found.low == pytest.approx(-0.5 - 0.27, abs=0.03)
    assert found.high == pytest.approx(-0.5 + 0.27, abs=0.03)


def test_slices_that_cannot_be_the_worst_take_no_part():
    """All fall by .05 but the best, which falls by .5 and stays above the others."""
    before = right((400, 2000), (1960, 2000), (420, 2000))
    after = right((300, 2000), (960, 2000), (320, 2000))
    found = worst_slice(
        before[None],
        after[None],
        slices(2000, 2000, 2000),
        level=0.05,
        paired=False,
        over_members=False,
    )
    assert -0.085 < found.low < -0.05 < found.high < -0.02


def test_missing_outcomes_and_empty_slices_take_no_part():
    rng = np.random.default_rng(0)
    before_MN, after_MN = ((rng.random((m, 30)) < 0.7).astype(float) for m in (4, 6))
    before_MN[rng.random(before_MN.shape) < 0.2] = np.nan
    inside_GN = np.vstack(
        [np.arange(30) < 10, np.zeros(30), np.arange(30) >= 10, np.arange(30) % 3 == 0]
    ).astype(float)
    found = worst_slice(before_MN, after_MN, sp.csr_array(inside_GN), level=0.05, paired=False)
    rows = (0, 2, 3)
    means = [
        [
            np.nanmean([np.nanmean(side_MN[:, n]) for n in np.flatnonzero(inside_GN[g])])
            for g in rows
        ]
        for side_MN in (before_MN, after_MN)
    ]
    assert (found.reference, found.changed) == pytest.approx((min(means[0]), min(means[1])))
    assert found.index_reference == rows[int(np.argmin(means[0]))]
    assert found.low < found.effect < found.high


def test_nothing_to_look_at():
    side_MN = np.ones((3, 20))
    none = worst_slice(side_MN, side_MN, sp.csr_array(np.zeros((2, 20))), level=0.05, paired=False)
    assert (none.index_reference, none.index_variant) == (-1, -1)
    assert np.isnan([none.reference, none.effect, none.low, none.high]).all()


@pytest.mark.parametrize(("m_ref", "known"), [(1, False), (3, True)])
def test_one_member_of_the_variant_is_taken_as_the_references_and_one_of_the_reference_tells_nothing(
    m_ref, known
):
    rng = np.random.default_rng(1)
    before_MN, after_MN = ((rng.random((m, 200)) < 0.8).astype(float) for m in (m_ref, 1))
    found = worst_slice(before_MN, after_MN, slices(100, 100), level=0.05, paired=False)
    assert np.isfinite(found.effect)
    assert np.isfinite([found.low, found.high]).all() == known


@pytest.mark.parametrize("paired", [False, True])
def test_a_slice_that_falls_among_others_that_stay_leaves_out_no_change(paired):
    """All eight may be the reference's worst, and seven did not move; yet the minimum fell for
    certain."""
    rng = np.random.default_rng(1)
    easy_N = rng.random(2400)
    before_MN = (rng.random((10, 2400)) < 0.6 + 0.4 * easy_N).astype(float)
    after_MN = before_MN.copy()
    after_MN[:, 900:1200] *= rng.random((10, 300)) < 0.4
    found = worst_slice(before_MN, after_MN, slices(*[300] * 8), level=0.05, paired=paired)
    assert found.index_variant == 3
    assert found.high < 0
    # What neither side's minimum allows is left out.
    assert found.low > -0.8


@pytest.mark.heavy
@pytest.mark.parametrize("drop", [0.0, 0.08])
@pytest.mark.parametrize("paired", [False, True])
def test_the_interval_holds_the_truth(paired, drop):
    """Eight slices as good as each other but for one that loses: resampling with the selection
    inside held the truth in .26 to .87."""
    worlds, members, sizes = 60, 4, [60] * 8
    member_GN, held = slices(*sizes), 0
    rng = np.random.default_rng(round(100 * drop) + paired)
    loss_N = np.where(np.arange(480) < 60, drop, 0.0)
    for _ in range(worlds):
        ease_N = rng.beta(8, 2, 480)
        skill_2M = rng.normal(0, 0.02, (2, members))
        skill_2M[1] = skill_2M[0] if paired else skill_2M[1]
        draw_MN = rng.random((members, 480))
        before_MN = draw_MN < ease_N + skill_2M[0][:, None]
        again_MN = np.where(rng.random((members, 480)) < 0.2, rng.random((members, 480)), draw_MN)
        after_MN = (
            again_MN if paired else rng.random((members, 480))
        ) < ease_N - loss_N + skill_2M[1][:, None]
        found = worst_slice(
            before_MN.astype(float), after_MN.astype(float), member_GN, level=0.05, paired=paired
        )
        held += found.low <= -drop <= found.high
    assert held / worlds >= 0.93


@pytest.mark.heavy
def test_examples_of_one_cluster_are_not_independent():
    """Clusters of ten that are right or wrong together: what a slice's minimum may be is known much
    less well."""
    rng, held = np.random.default_rng(0), 0
    member_GN, cluster_N = slices(*[80] * 6), np.arange(480) // 10
    for _ in range(60):
        before_N, after_N = ((rng.random(48) < 0.8).astype(float).repeat(10) for _ in range(2))
        found = worst_slice(
            before_N[None],
            after_N[None],
            member_GN,
            level=0.05,
            paired=False,
            cluster_N=cluster_N,
            over_members=False,
        )
        held += found.low <= 0 <= found.high
    assert held >= 58


def test_clusters_that_are_all_right_are_as_many_units_as_they_are():
    """Nothing was wrong in eight clusters of five: each minimum is known to what nine right of ten
    would vary by."""
    right_1N, cluster_N = np.ones((1, 80)), np.arange(80) // 5
    found = worst_slice(
        right_1N,
        right_1N,
        slices(40, 40),
        level=0.1,
        paired=False,
        cluster_N=cluster_N,
        over_members=False,
    )
    # A fifth of the level, over two sides and two tails; the upper limits also over two slices.
    halves = sum(stats.norm.isf(0.1 / 5 / 2 / 2 / over) for over in (1, 2)) * np.sqrt(
        0.9 * 0.1 / 10 / 8
    )
    assert (found.low, found.high) == pytest.approx((-halves, halves), rel=1e-6)


@pytest.mark.heavy
def test_a_single_variant_member_varies_as_the_references_do():
    """Abilities differ by .08, and the variant has one: its own minimum is known no better than
    that of any member."""
    rng, held = np.random.default_rng(4), 0
    member_GN, ease_N = slices(400, 400), np.repeat([0.5, 0.9], 400)
    for _ in range(60):
        before_MN, after_MN = (
            (rng.random((m, 800)) < ease_N + rng.normal(0, 0.08, (m, 1))).astype(float)
            for m in (20, 1)
        )
        found = worst_slice(before_MN, after_MN, member_GN, level=0.05, paired=False)
        held += found.low <= 0 <= found.high
    assert held >= 56


def limits_of_one_side(correct_MN, member_GN, level):
    return _values(correct_MN, member_GN, level, correct_MN, None)


def test_a_sides_limits_add_members_and_examples():
    """Half of the level is for the lower limit, half for the upper one; of three slices only the
    first could be the worst."""
    rng = np.random.default_rng(5)
    correct_MN = (
        rng.random((4, 900)) < np.repeat([0.4, 0.8, 0.9], 300) + rng.normal(0, 0.03, (4, 1))
    ).astype(float)
    found = limits_of_one_side(correct_MN, slices(300, 300, 300), 0.02)
    each_M = correct_MN[:, :300].mean(axis=1)
    over_members = each_M.var(ddof=1) / 4
    over_examples = correct_MN[:, :300].mean(axis=0).var(ddof=1) / 300
    value, laplace = each_M.mean(), (each_M.mean() * 300 + 1) / 302
    error = np.sqrt(over_members + max(over_examples, laplace * (1 - laplace) / 302 / 300))
    assert found.low == pytest.approx(value - stats.t.isf(0.01, 3) * error)
    assert found.high == pytest.approx(value + stats.t.isf(0.01 / 3, 3) * error)
    assert found.maybe_G.tolist() == [True, False, False]


@pytest.mark.parametrize(("gap", "maybe"), [(-0.002, True), (0.002, False)])
def test_a_slice_is_left_out_only_if_its_lower_limit_is_above_the_lowest_upper_one(gap, maybe):
    n, level = 10_000, 0.02
    error = np.sqrt(0.25 / n)
    apart = (stats.norm.isf(level / 2) + stats.norm.isf(level / 4)) * error + gap
    correct_N = right((n // 2, n), (round(n * (0.5 + apart)), n))
    assert limits_of_one_side(correct_N[None], slices(n, n), level).maybe_G.tolist() == [
        True,
        maybe,
    ]


def test_where_one_slice_is_the_worst_for_certain_its_shift_is_what_counts():
    """At the part of the level that is left for shifts, and without a correction over slices."""
    rng = np.random.default_rng(6)
    before_N = (rng.random(2000) < np.repeat([0.3, 0.9], 1000)).astype(float)
    after_N = np.where(rng.random(2000) < 0.05, 1 - before_N, before_N)
    found = worst_slice(
        before_N[None],
        after_N[None],
        slices(1000, 1000),
        level=0.05,
        paired=False,
        over_members=False,
    )
    shift = run_shift(slices(1000, 1000), before_N[None], after_N[None], 0.04, None)
    assert (found.low, found.high) == pytest.approx((shift.low_G[0], shift.high_G[0]))


def test_no_slice_at_all():
    side_MN = np.ones((3, 20))
    none = worst_slice(side_MN, side_MN, sp.csr_array((0, 20)), level=0.05, paired=False)
    assert (none.index_reference, none.index_variant) == (-1, -1)
    assert np.isnan([none.reference, none.effect, none.low, none.high]).all()


def test_two_members_of_the_variant_vary_as_they_do_themselves():
    """Not as the reference's members, which do not vary: so the second slice may be the worst in
    truth."""
    before = np.tile(right((1200, 2000), (1900, 2000)), (3, 1))
    after = np.array([right((1200, 2000), (1000, 2000)), right((1200, 2000), (2000, 2000))])
    assert worst_slice(before, after, slices(2000, 2000), level=0.05, paired=False).low < -0.5


def test_over_clusters_the_interval_allows_for_clusters_unlike_those_seen():
    """In 40 clusters of one slice each, a tenth more is lost; the other slice is all right."""
    before_N = np.r_[np.arange(400) % 10 < 5, np.ones(400, bool)].astype(float)
    after_N = np.r_[np.arange(400) % 10 < 4, np.ones(400, bool)].astype(float)
    member_GN, cluster_N = slices(400, 400), np.arange(800) // 10
    found = worst_slice(
        before_N[None],
        after_N[None],
        member_GN,
        level=0.05,
        paired=False,
        cluster_N=cluster_N,
        over_members=False,
    )
    seen = run_shift(member_GN, before_N[None], after_N[None], 0.04, cluster_N).row(0)
    assert found.effect == pytest.approx(-0.1)
    assert found.low < seen.low - 0.03 < seen.high + 0.03 < found.high
