from __future__ import annotations

import time

import numpy as np
import pytest
from scipy import stats

import oracles_stats as oracle
from undertow.audit.stats.arrangements import exchange, swaps
from undertow.audit.stats.max_t import _parts, deviate, max_t, t_of
from undertow.audit.stats.noisier import least_freedom


@pytest.mark.parametrize(("m_ref", "m_var"), [(5, 5), (3, 6), (1, 9), (9, 1), (4, 4)])
def test_equals_the_loop_over_draws_and_slices(m_ref, m_var):
    rng = np.random.default_rng(m_ref)
    value_GM = rng.integers(0, 4, size=(7, m_ref + m_var)) / 4
    value_GM[0, m_ref:] += 1
    value_GM[5] = 0.5
    value_GM[6, 2] = np.nan
    resolution_G, level = np.full(7, 0.25), 0.1
    drawn = exchange(m_ref, m_var, 300, rng)
    found = max_t(value_GM, m_ref, drawn, level=level, resolution_G=resolution_G)
    smallest_G = (resolution_G / 2) ** 2 * (1 / m_ref + 1 / m_var)
    t_G, df, p_G, adjusted_G, limits = oracle.max_t(
        value_GM, drawn.is_reference_DM, smallest_G, level
    )
    np.testing.assert_allclose(found.t_G[:6], t_G[:6], atol=1e-10)
    np.testing.assert_allclose(found.df_G[:6], df)
    np.testing.assert_allclose(found.p_G, p_G)
    np.testing.assert_allclose(found.p_adjusted_G, adjusted_G)
    moved = [g for g in range(6) if found.effect_G[g] != 0]
    np.testing.assert_allclose(
        (found.low_G[moved], found.high_G[moved]), np.array(limits)[:, moved], rtol=1e-5
    )
    assert all(np.isnan(column[6]) for column in found[:-1])
    assert (found.p_G[5], found.p_adjusted_G[5], found.effect_G[5]) == (1, 1, 0)


@pytest.mark.parametrize(
    ("df", "within"), [(2.0, 0.015), (3.0, 0.01), (5.5, 0.005), (12.0, 0.002), (60.0, 3e-4)]
)
def test_a_t_becomes_the_normal_deviate_of_its_tail(df, within):
    t = np.array([0.05, 0.5, 1.0, 2.0, 4.0, 8.0, 20.0])
    there = oracle.deviate_exactly(t, df)
    np.testing.assert_allclose(deviate(t, df)[:5], there[:5], rtol=within)
    np.testing.assert_allclose(deviate(t, df), there, rtol=3 * within)
    np.testing.assert_allclose(deviate(-t, df), deviate(t, df))
    assert (np.diff(deviate(t, df)) > 0).all()


@pytest.mark.parametrize("df", [1.0, 2.0, 7.3, 500.0])
def test_the_t_of_a_deviate_is_its_inverse(df):
    for t in (0.0, 0.3, 2.0, 15.0, 1e4):
        assert t_of(float(deviate(np.array(t), np.array(df))), np.array(df)) == pytest.approx(
            t, rel=1e-8, abs=1e-12
        )
    assert np.isinf(t_of(200.0, np.array(1.0)))


def test_intervals_say_what_the_adjusted_p_values_say():
    rng = np.random.default_rng(4)
    told = []
    for _ in range(40):
        value_GM = rng.normal(size=(6, 12)) * rng.uniform(0.5, 2, size=(6, 1))
        value_GM[:3, 6:] += rng.uniform(0, 2.5, size=(3, 1))
        found = max_t(value_GM, 6, exchange(6, 6, 500, rng), level=0.05)
        told.append(found.p_adjusted_G <= 0.05)
        assert (told[-1] == ((found.low_G > 0) | (found.high_G < 0))).all()
    assert 0.1 < np.mean(told) < 0.6


def test_the_statistic_is_welchs_and_the_effect_variant_minus_reference():
    rng = np.random.default_rng(0)
    reference_GM, variant_GM = rng.normal(size=(3, 6)), rng.normal(1, 2, size=(3, 9))
    found = max_t(np.hstack([reference_GM, variant_GM]), 6, exchange(6, 9, 200, rng), level=0.05)
    there = stats.ttest_ind(variant_GM, reference_GM, axis=1, equal_var=False)
    np.testing.assert_allclose(found.t_G, there.statistic)
    np.testing.assert_allclose(found.effect_G, variant_GM.mean(axis=1) - reference_GM.mean(axis=1))
    alone = max_t(
        np.hstack([reference_GM, variant_GM])[:1], 6, exchange(6, 9, 200, rng), level=0.05
    )
    assert alone.df_G[0] == pytest.approx(there.df[0])
    assert found.resolves


def test_degrees_of_freedom_are_pooled_over_the_slices():
    """Of each side the share of the variance, averaged; a slice where nothing varies says nothing
    about it."""
    rng = np.random.default_rng(0)
    reference_GM, variant_GM = rng.normal(size=(4, 6)), rng.normal(1, 2, size=(4, 9))
    reference_GM[3], variant_GM[3] = 0.1, 0.1
    found = max_t(np.hstack([reference_GM, variant_GM]), 6, exchange(6, 9, 200, rng), level=0.05)
    squared = reference_GM[:3].var(axis=1, ddof=1) / 6, variant_GM[:3].var(axis=1, ddof=1) / 9
    share = (squared[0] / (squared[0] + squared[1])).mean()
    np.testing.assert_allclose(found.df_G, 1 / (share**2 / 5 + (1 - share) ** 2 / 8))


def test_sides_of_unequal_size_must_hold_by_students_t_too():
    """16 members against 4 noisier ones: rearrangements alone alarm too often."""
    rng = np.random.default_rng(3)
    larger = 0
    for _ in range(20):
        value_GM = np.hstack([rng.normal(0, 1, (3, 8)), rng.normal(0.5, 3, (3, 4))])
        found = max_t(value_GM, 8, exchange(8, 4, 495, rng), level=0.05)
        squares_G = value_GM[:, :8].var(axis=1, ddof=1) / 8, value_GM[:, 8:].var(axis=1, ddof=1) / 4
        parts = [[(a, 7), (b, 3)] for a, b in zip(*squares_G, strict=True)]
        student_G = np.array(
            [oracle.level_reaching(one, e) for one, e in zip(parts, found.effect_G, strict=True)]
        )
        assert (found.p_G >= student_G * (1 - 1e-9)).all()
        assert (found.p_adjusted_G >= np.minimum(1, 3 * student_G) * (1 - 1e-9)).all()
        least_G = np.array([oracle.added(one, 0.05 / 3) for one in parts])
        assert (found.high_G - found.effect_G >= least_G * (1 - 1e-9)).all()
        assert ((found.p_adjusted_G <= 0.05) == ((found.low_G > 0) | (found.high_G < 0))).all()
        larger += (found.p_G > student_G * (1 + 1e-9)).sum()
    assert 0 < larger < 60


@pytest.mark.parametrize(
    ("spread_ref", "spread_var", "asked"),
    [((1, 1), (1, 1), (0, 8)), ((1, 1), (4, 4), (20, 20)), ((1, 4), (4, 1), (20, 20))],
)
def test_sides_of_which_one_is_noisier_must_hold_by_students_t_too(spread_ref, spread_var, asked):
    """8 members against 8, slices of two kinds; of like spread the rearrangements decide."""
    rng = np.random.default_rng(5)
    held = 0
    for _ in range(20):
        sides = [
            shift + np.resize(spread, (12, 1)) * rng.normal(size=(12, 8))
            for shift, spread in ((0.0, spread_ref), (0.8, spread_var))
        ]
        found = max_t(np.hstack(sides), 8, exchange(8, 8, 400, rng), level=0.05)
        df_G = least_freedom(*(side_GM.var(axis=1, ddof=1) / 8 for side_GM in sides), 8)
        student_G = 2 * stats.t.sf(np.abs(found.t_G), df_G)
        held += bool((found.p_adjusted_G >= np.minimum(1, 12 * student_G) * (1 - 1e-6)).all())
        assert ((found.p_adjusted_G <= 0.05) == ((found.low_G > 0) | (found.high_G < 0))).all()
    assert asked[0] <= held <= asked[1]


@pytest.mark.heavy
def test_slices_noisier_on_opposite_sides_keep_the_level():
    """5 against 5, the spread of every other slice three times as large in the reference, of the
    rest in the variant: .15 with rearrangements of t alone."""
    rng = np.random.default_rng(6)
    spread_G1 = np.where(np.arange(12) % 2, 3.0, 1.0)[:, None]
    arrangements, alarms = exchange(5, 5, 300, rng), []
    for _ in range(600):
        value_GM = np.hstack(
            [side_G1 * rng.normal(size=(12, 5)) for side_G1 in (spread_G1, 4 - spread_G1)]
        )
        found = max_t(value_GM, 5, arrangements, level=0.05)
        alarms.append((found.p_adjusted_G <= 0.05).any())
    assert np.mean(alarms) < 0.07


@pytest.mark.heavy
def test_a_few_noisy_members_against_many_keep_the_level():
    """16 against 4 whose spread is three times as large: .077 with rearrangements of t alone."""
    rng = np.random.default_rng(4)
    p = []
    for _ in range(400):
        value_GM = np.hstack([rng.normal(0, 1, (1, 16)), rng.normal(0, 3, (1, 4))])
        p.append(max_t(value_GM, 16, exchange(16, 4, 300, rng), level=0.05).p_G[0])
    assert np.mean(np.array(p) <= 0.05) <= 0.06


def test_pairs_are_swapped_and_never_mixed():
    rng = np.random.default_rng(2)
    reference_GM = rng.normal(0, 10, size=(4, 7))
    variant_GM = reference_GM + rng.normal(0.3, 0.2, size=(4, 7))
    drawn = swaps(7, 200, rng)
    found = max_t(np.hstack([reference_GM, variant_GM]), 7, drawn, level=0.05)
    change_GM = variant_GM - reference_GM
    signs_DP = np.where(drawn.is_reference_DM[:, :7], 1, -1)
    t_DG = np.array([stats.ttest_1samp(change_GM * s, 0, axis=1).statistic for s in signs_DP])
    np.testing.assert_allclose(found.t_G, t_DG[0])
    np.testing.assert_allclose(
        found.p_G, (np.abs(t_DG) >= np.abs(t_DG[0]) * (1 - 1e-7)).mean(axis=0)
    )
    np.testing.assert_allclose(
        found.p_adjusted_G,
        [(np.abs(t_DG).max(axis=1) >= abs(t) * (1 - 1e-7)).mean() for t in t_DG[0]],
    )
    assert (found.df_G == 6).all()


def test_a_slice_of_one_example_does_not_drown_the_others():
    """Without the floor its spread is 0 in some draws, its t unbounded there, and nothing else is
    ever found."""
    rng = np.random.default_rng(0)
    big = rng.normal(0.9, 0.004, size=(1, 10))
    big[:, 5:] -= 0.02
    tiny = (rng.random((60, 10)) < 0.5).astype(float)
    value_GM, drawn = np.vstack([big, tiny]), exchange(5, 5, 300, rng)
    resolution_G = np.array([1 / 2000, *np.ones(60)])
    assert max_t(value_GM, 5, drawn, level=0.05, resolution_G=resolution_G).p_adjusted_G[0] <= 0.05
    assert max_t(value_GM, 5, drawn, level=0.05).p_adjusted_G[0] > 0.05


def test_where_no_arrangement_can_reach_the_level_students_t_decides():
    rng = np.random.default_rng(5)
    value_GM = rng.normal(size=(1, 6))
    value_GM[0, 3:] += 6
    found = max_t(value_GM, 3, exchange(3, 3, 2000, rng), level=0.05)
    assert not found.resolves
    there = stats.ttest_ind(value_GM[:, 3:], value_GM[:, :3], axis=1, equal_var=False)
    assert found.p_G[0] == pytest.approx(there.pvalue[0])
    assert found.p_G[0] < 0.05
    interval = there.confidence_interval(0.95)
    assert (found.low_G[0], found.high_G[0]) == pytest.approx((interval.low[0], interval.high[0]))


def test_over_several_slices_students_t_is_corrected_by_bonferroni():
    rng = np.random.default_rng(6)
    value_GM = rng.normal(size=(4, 10))
    found = max_t(value_GM, 5, swaps(5, 2000, rng), level=0.05)
    there = stats.ttest_rel(value_GM[:, 5:], value_GM[:, :5], axis=1)
    assert not found.resolves
    np.testing.assert_allclose(found.p_G, there.pvalue)
    np.testing.assert_allclose(found.p_adjusted_G, np.minimum(1, 4 * there.pvalue))
    interval = there.confidence_interval(1 - 0.05 / 4)
    np.testing.assert_allclose((found.low_G, found.high_G), (interval.low, interval.high))


def test_one_member_each_side_decides_nothing():
    found = max_t(
        np.array([[0.2, 0.9]]), 1, exchange(1, 1, 100, np.random.default_rng(0)), level=0.05
    )
    assert found.effect_G[0] == pytest.approx(0.7)
    assert not found.resolves
    for name in ("se_G", "df_G", "p_G", "p_adjusted_G", "low_G", "high_G"):
        assert np.isnan(getattr(found, name)[0])


def test_no_slice_and_no_defined_slice():
    drawn = exchange(4, 4, 100, np.random.default_rng(0))
    assert max_t(np.empty((0, 8)), 4, drawn, level=0.05).p_G.shape == (0,)
    assert np.isnan(max_t(np.full((2, 8), np.nan), 4, drawn, level=0.05).p_adjusted_G).all()


@pytest.mark.parametrize("shift", [0.0, 5.0])
def test_the_floor_is_of_members_exchanged_after_the_shift_is_taken_away(shift: float):
    rng = np.random.default_rng(1)
    value_GM, drawn = rng.normal(size=(2, 10)), exchange(4, 6, 150, np.random.default_rng(2))
    value_GM[:, 4:] += shift
    left_GM = value_GM.copy()
    for side in (slice(0, 4), slice(4, 10)):
        left_GM[:, side] -= value_GM[:, side].mean(axis=1)[:, None]
    effects = [
        left_GM[:, ~side].mean(axis=1) - left_GM[:, side].mean(axis=1)
        for side in drawn.is_reference_DM
    ]
    found = max_t(value_GM, 4, drawn, level=0.1)
    np.testing.assert_allclose(found.floor_G, np.mean(effects, axis=0), atol=1e-12)
    np.testing.assert_allclose(found.floor_low_G, np.quantile(effects, 0.05, axis=0), atol=1e-12)
    np.testing.assert_allclose(found.floor_high_G, np.quantile(effects, 0.95, axis=0), atol=1e-12)


@pytest.mark.heavy
def test_two_thousand_draws_of_a_thousand_slices_take_seconds_at_most():
    rng = np.random.default_rng(0)
    value_GM, drawn = rng.normal(size=(1000, 60)), exchange(30, 30, 2000, rng)
    started = time.process_time()
    max_t(value_GM, 30, drawn, level=0.05, resolution_G=np.full(1000, 0.02))
    assert time.process_time() - started < 5


def test_no_effect_has_p_one_however_its_means_are_rounded():
    """Means of tenths that are equal on paper differ by 1e-17: no arrangement is less extreme than
    no effect."""
    rng, found = np.random.default_rng(0), 0
    for tenths_M in rng.integers(0, 11, size=(300, 8)):
        if tenths_M[:4].sum() == tenths_M[4:].sum():
            test = max_t(
                tenths_M[None] / 10,
                4,
                exchange(4, 4, 200, rng),
                level=0.05,
                resolution_G=np.array([0.1]),
            )
            assert test.p_G[0] == 1
            found += test.effect_G[0] != 0
    assert found > 0


def test_where_nothing_varies_each_side_counts_by_its_members():
    """Only the resolution is left, and the smaller side is known less well: its share of the
    variance is 2/3."""
    value_GM = np.full((2, 9), 0.5)
    arrangements = exchange(3, 6, 200, np.random.default_rng(0))
    found = max_t(value_GM, 3, arrangements, level=0.05, resolution_G=np.array([0.01, 0.02]))
    np.testing.assert_allclose(found.df_G, 1 / ((2 / 3) ** 2 / 2 + (1 / 3) ** 2 / 5))


def test_no_side_is_known_better_than_half_an_example_by_students_t_either():
    rng = np.random.default_rng(3)
    value_GM = np.vstack([0.5 + 1e-4 * rng.random(9), rng.random(9), np.full(9, 0.5)])
    floor_G = 0.02**2 * (1 / 3 + 1 / 6) * np.array([1.0, 1e-12, 1.0])
    parts = _parts(value_GM, 3, exchange(3, 6, 200, rng), np.ones(3), floor_G, 5.0, noisier=False)
    assert [part.df for part in parts] == [2.0, 5.0]
    for part, side_GM in zip(parts, (value_GM[:, :3], value_GM[:, 3:]), strict=True):
        m = side_GM.shape[1]
        least = 0.02**2 / m
        np.testing.assert_allclose(part.square_G, [least, side_GM[1].var(ddof=1) / m, least])


@pytest.mark.parametrize("m", [2, 3])
def test_members_that_are_equal_on_each_side_are_known_to_half_an_example(m: int):
    """199 of 200 right, all of 200 right: no member's value is known better than that."""
    value_GM = np.repeat([[0.995, 1.0]], m, axis=1)
    found = max_t(
        value_GM, m, exchange(m, m, 50, np.random.default_rng(0)), level=0.05,
        resolution_G=np.array([0.005]),
    )  # fmt: skip
    error, df = 0.0025 * np.sqrt(2 / m), 2 * (m - 1)
    assert found.p_G[0] == pytest.approx(2 * stats.t.sf(0.005 / error, df))
    half = stats.t.isf(0.025, df) * error
    assert (found.low_G[0], found.high_G[0]) == pytest.approx((0.005 - half, 0.005 + half))


@pytest.mark.parametrize(("m", "paired"), [(4, False), (6, False), (8, True)])
def test_members_that_are_equal_on_every_slice_leave_a_width(m: int, paired: bool):
    """16 of 20 right, however many members say so: another member may be half an example off."""
    value_GM = np.full((3, 2 * m), 0.8)
    rng = np.random.default_rng(0)
    drawn = swaps(m, 300, rng) if paired else exchange(m, m, 300, rng)
    found = max_t(value_GM, m, drawn, level=0.05, resolution_G=np.full(3, 0.05))
    error = 0.025 * np.sqrt(2 / m)
    df = m - 1 if paired else 2 * (m - 1)
    np.testing.assert_allclose(found.high_G, stats.t.isf(0.025, df) * error, rtol=0.02)
    np.testing.assert_allclose(found.low_G, -found.high_G)
    assert (found.p_adjusted_G == 1).all()


@pytest.mark.heavy
@pytest.mark.parametrize(("m_ref", "m_var"), [(2, 2), (3, 3), (2, 3), (4, 2)])
def test_small_slices_on_which_few_members_err_keep_the_level(m_ref: int, m_var: int):
    """40 slices of 20 examples of which .97 are right: members of a side are often equal there."""
    rng = np.random.default_rng(5)
    arrangements, alarms = exchange(m_ref, m_var, 200, rng), []
    for _ in range(300):
        value_GM = rng.binomial(20, 0.97, size=(40, m_ref + m_var)) / 20
        found = max_t(value_GM, m_ref, arrangements, level=0.05, resolution_G=np.full(40, 0.05))
        alarms.append((found.p_adjusted_G <= 0.05).any())
    assert np.mean(alarms) < 0.07


def test_pairs_are_swapped_however_unlike_their_sides_spread():
    """What swaps decide needs no Student's t beside it."""
    rng = np.random.default_rng(6)
    before_GM = rng.normal(0, 1, size=(6, 8))
    after_GM = 4 * before_GM + rng.normal(0.5, 1, size=(6, 8))
    drawn = swaps(8, 256, rng)
    found = max_t(np.hstack([before_GM, after_GM]), 8, drawn, level=0.05)
    change_GP = after_GM - before_GM
    sign_DP = np.where(drawn.is_reference_DM[:, :8], 1.0, -1.0)
    mean_DG = sign_DP @ change_GP.T / 8
    t_DG = mean_DG / np.sqrt((change_GP**2).mean(axis=1) - mean_DG**2)
    share_G = (np.abs(t_DG) >= np.abs(t_DG[0]) * (1 - 1e-9)).mean(axis=0)
    np.testing.assert_allclose(found.p_G, share_G)


def test_no_p_is_smaller_than_the_interval_allows():
    """Members that agree far better than a tenth tells: their exact p would be 2 in 12,870, but no
    value of ten examples is known that well."""
    rng = np.random.default_rng(0)
    value_GM = np.hstack([0.70 + 0.0005 * rng.normal(size=(1, 8)), 0.69 + np.zeros((1, 8))])
    found = max_t(
        value_GM, 8, exchange(8, 8, 13_000, rng), level=0.05, resolution_G=np.array([0.1])
    )
    error = 0.05 * np.sqrt(2 / 8)
    expected = 2 * stats.norm.sf(abs(found.effect_G[0]) / error)
    assert found.low_G[0] < 0 < found.high_G[0]
    assert found.p_adjusted_G[0] == pytest.approx(expected, rel=0.02)
    assert found.p_G[0] == found.p_adjusted_G[0]
