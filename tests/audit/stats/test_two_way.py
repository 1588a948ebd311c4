"""Members and examples both random: against slow loops, and what must hold whatever the numbers."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from scipy import stats

import oracles_stats as oracle
from undertow.audit.stats.mean_shift import mean_shift
from undertow.audit.stats.noisier import least_freedom
from undertow.audit.stats.two_way import square_over_examples, two_way
from undertow.audit.stats.units import flat

NAMES = ("effect_G", "low_G", "high_G", "p_G")


def sides(seed, m_ref=4, m_var=3, n=40, effect=-0.1, graded=False):
    rng = np.random.default_rng(seed)
    skill_M = np.append(rng.normal(0, 0.06, m_ref), rng.normal(effect, 0.12, m_var))
    chance_MN = rng.beta(4, 2, n) + skill_M[:, None]
    value_MN = (
        chance_MN.clip(0, 1) if graded else (rng.random(chance_MN.shape) < chance_MN).astype(float)
    )
    return value_MN[:m_ref], value_MN[m_ref:]


def by_hand(before_MN, after_MN, level, paired, clusters):
    """The half width, and the level at which the interval just reaches 0, of one row."""
    change = after_MN.mean(axis=0) - before_MN.mean(axis=0)
    tables = [after_MN - before_MN] if paired else [before_MN, after_MN]
    each, examples = oracle.two_way_parts(tables, change, clusters)
    return change.mean(), each, examples


@pytest.mark.parametrize("clustered", [False, True])
@pytest.mark.parametrize(
    ("m_ref", "m_var", "paired"), [(4, 3, False), (2, 2, False), (5, 1, False), (3, 3, True)]
)
@pytest.mark.parametrize("graded", [False, pytest.param(True, marks=pytest.mark.heavy)])
def test_equals_the_formulas_by_hand(m_ref, m_var, paired, clustered, graded):
    n, level = 40, 0.1
    before_MN, after_MN = sides(m_ref + m_var, m_ref, m_var, n, graded=graded)
    clusters = np.random.default_rng(0).integers(0, 15, n) if clustered else np.arange(n)
    effect, each, examples = by_hand(before_MN, after_MN, level, paired, clusters)
    share = each[0] / sum(each)
    if paired or m_var == 1:
        parts = [(sum(each), (m_ref if paired else max(m_ref, m_var)) - 1)]
    elif m_ref == m_var:
        parts = [(sum(each), (m_ref - 1) / (share**2 + (1 - share) ** 2))]
    else:
        parts = [(each[0], m_ref - 1), (each[1], m_var - 1)]
    half = oracle.added([*parts, (examples, 1e12)], level)
    member = sp.csr_array(np.ones((1, n)))
    given = {"paired": paired, "cluster_N": clusters if clustered else None}
    found = two_way(before_MN, after_MN, member, level, **given)
    over = mean_shift(
        member, after_MN.mean(axis=0) - before_MN.mean(axis=0), level, given["cluster_N"]
    )
    assert found.effect_G[0] == pytest.approx(effect)
    assert found.low_G[0] == pytest.approx(min(effect - half, over.low_G[0]), abs=1e-9)
    assert found.high_G[0] == pytest.approx(max(effect + half, over.high_G[0]), abs=1e-9)
    assert found.unseen_low_G[0] == pytest.approx(min(effect - half, over.unseen_low_G[0]))
    assert found.unseen_high_G[0] == pytest.approx(max(effect + half, over.unseen_high_G[0]))


def test_degrees_of_freedom_are_pooled_over_the_rows():
    """A row whose noisy side happens to look calm does not get a small error and many degrees of
    freedom at once."""
    before_MN, after_MN = sides(3, 5, 3, 60)
    rows = [np.arange(60) < 30, np.arange(60) >= 30]
    shares, parts = [], []
    for inside in rows:
        effect, each, examples = by_hand(
            before_MN[:, inside], after_MN[:, inside], 0.05, False, np.arange(30)
        )
        shares.append(each[0] / sum(each))
        parts.append((effect, sum(each), examples))
    share = np.mean(shares)
    df = 1 / (share**2 / 4 + (1 - share) ** 2 / 2)
    found = two_way(before_MN, after_MN, sp.csr_array(np.array(rows, float)), 0.05, paired=False)
    for g, (effect, members, examples) in enumerate(parts):
        half = np.sqrt(
            stats.t.isf(0.025, df) ** 2 * members + stats.norm.isf(0.025) ** 2 * examples
        )
        assert found.low_G[g] <= effect - half + 1e-9
        assert found.high_G[g] >= effect + half - 1e-9


def test_rows_noisier_on_opposite_sides_do_not_lend_each_other_degrees_of_freedom():
    """Members that give one value to every example of a row, so that examples vary by nothing."""
    rng = np.random.default_rng(0)
    spread_G1 = np.where(np.arange(12) % 2, 0.09, 0.01)[:, None]
    before_GM, after_GM = (
        0.5 + side_G1 * rng.uniform(-1, 1, size=(12, 5)) for side_G1 in (spread_G1, 0.1 - spread_G1)
    )
    rows_GN = np.kron(np.eye(12), np.ones(200))
    found = two_way(
        before_GM.T @ rows_GN, after_GM.T @ rows_GN, sp.csr_array(rows_GN), 0.05 / 12, paired=False
    )
    squares = [side_GM.var(axis=1, ddof=1) / 5 for side_GM in (before_GM, after_GM)]
    half_G = stats.t.isf(0.025 / 12, least_freedom(*squares, 5)) * np.sqrt(sum(squares))
    assert (found.high_G >= found.effect_G + half_G * (1 - 1e-9)).all()
    assert (found.low_G <= found.effect_G - half_G * (1 - 1e-9)).all()


@pytest.mark.heavy
@pytest.mark.parametrize("paired", [False, True])
def test_p_is_the_level_at_which_the_interval_reaches_no_change(paired):
    for seed in range(2):
        before_MN, after_MN = sides(seed, 4, 4, 60, effect=-0.25)
        member = sp.csr_array(np.vstack([np.ones(60), np.arange(60) < 20]).astype(float))
        p_G = two_way(before_MN, after_MN, member, 0.05, paired=paired).p_G
        for g, p in enumerate(p_G):
            if p > 0.99:
                continue
            inside, outside = (
                two_way(before_MN, after_MN, member, p * f, paired=paired) for f in (0.999, 1.001)
            )
            assert inside.low_G[g] <= 0 <= inside.high_G[g]
            assert outside.low_G[g] > 0 or outside.high_G[g] < 0


@pytest.mark.parametrize("paired", [False, True])
def test_never_firmer_than_about_examples_alone(paired):
    for seed in range(5):
        before_MN, after_MN = sides(seed, 3, 3, 50, graded=seed % 2 == 0)
        member = sp.csr_array(np.ones((1, 50)))
        found = two_way(before_MN, after_MN, member, 0.05, paired=paired)
        over = mean_shift(member, after_MN.mean(axis=0) - before_MN.mean(axis=0), 0.05)
        assert found.low_G[0] <= over.low_G[0]
        assert found.high_G[0] >= over.high_G[0]
        assert found.p_G[0] >= over.p_G[0]


def test_members_who_differ_widen_it_however_many_examples_there_are():
    n = 5000
    before_MN = np.vstack([np.arange(n) % 100 < skill for skill in (70, 80, 90)]).astype(float)
    after_MN = np.vstack([np.arange(n) % 100 < skill for skill in (66, 76, 86)]).astype(float)
    found = two_way(before_MN, after_MN, sp.csr_array(np.ones((1, n))), 0.05, paired=False)
    welch = stats.ttest_ind(
        [0.66, 0.76, 0.86], [0.7, 0.8, 0.9], equal_var=False
    ).confidence_interval(0.95)
    assert (found.low_G[0], found.high_G[0]) == pytest.approx((welch.low, welch.high), abs=0.01)
    assert found.p_G[0] > 0.5
    together = two_way(before_MN, after_MN, sp.csr_array(np.ones((1, n))), 0.05, paired=True)
    assert together.high_G[0] < -0.03


def test_nothing_changed_in_two_pairs_is_not_certainty():
    same_MN = (np.random.default_rng(0).random((2, 30)) < 0.8).astype(float)
    found = two_way(same_MN, same_MN.copy(), sp.csr_array(np.ones((1, 30))), 0.1, paired=True)
    assert (found.effect_G[0], found.p_G[0]) == (0, 1)
    assert found.low_G[0] < -0.08
    assert found.high_G[0] > 0.08


@pytest.mark.parametrize(("m_ref", "m_var", "paired"), [(1, 4, False), (1, 1, False), (1, 1, True)])
def test_one_reference_member_or_pair_does_not_tell_how_members_vary(m_ref, m_var, paired):
    before_MN, after_MN = sides(1, m_ref, m_var)
    found = two_way(before_MN, after_MN, sp.csr_array(np.ones((1, 40))), 0.05, paired=paired)
    assert found.effect_G[0] == pytest.approx(after_MN.mean() - before_MN.mean())
    assert np.isnan([found.low_G[0], found.high_G[0], found.p_G[0]]).all()


def test_missing_answers_and_empty_rows():
    before_MN, after_MN = sides(2, 4, 4)
    before_MN[0, :5], after_MN[:, 38:] = np.nan, np.nan
    member = sp.csr_array(np.vstack([np.ones(40), np.zeros(40), np.arange(40) >= 38]).astype(float))
    found = two_way(before_MN, after_MN, member, 0.05, paired=False)
    assert np.isfinite([getattr(found, name)[0] for name in NAMES]).all()
    assert np.isnan([getattr(found, name)[1:] for name in NAMES]).all()


def test_examples_of_few_clusters_are_as_many_units():
    """Five clusters of unequal size: the sample variance divides by 4, not by 39."""
    rng = np.random.default_rng(4)
    change_N, cluster_N = (
        rng.normal(-0.1, 0.4, 40).clip(-1, 1),
        np.repeat(np.arange(5), [2, 4, 8, 12, 14]),
    )
    total = sum(sum(change_N[cluster_N == k] - change_N.mean()) ** 2 for k in range(5))
    units = flat(sp.csr_array(np.ones((1, 40))), change_N, cluster_N)
    found = square_over_examples(units, np.array([40.0]))
    assert found[0] == pytest.approx(total * 5 / 4 / 40**2)


def test_two_units_are_two():
    """Of two clusters the squares are divided by 1, as of any number by one less."""
    change_N, cluster_N = np.array([0.5, 0.5, -0.25]), np.array([0, 0, 1])
    units = flat(sp.csr_array(np.ones((1, 3))), change_N, cluster_N)
    total = (1 - 2 * 0.25) ** 2 + (-0.25 - 0.25) ** 2
    assert square_over_examples(units, np.array([3.0]))[0] == pytest.approx(total * 2 / 1 / 3**2)


@pytest.mark.parametrize(("scores", "step"), [((0.0, 1.0), 1.0), ((0.25, 0.75), 0.5)])
def test_no_member_is_known_better_than_half_the_step_of_an_example(scores, step):
    """Members that all agree: what they may still vary by is half a step of one example in 20. At
    this level that is more than the limits about examples alone."""
    low, high = scores
    before_MN = np.where(np.arange(20) < 10, low, high) * np.ones((2, 1))
    after_MN = np.where(np.arange(20) < 12, low, high) * np.ones((2, 1))
    rows = sp.csr_array(np.ones((1, 20)))
    found = two_way(before_MN, after_MN, rows, 1e-4, paired=False)
    least = (step / 2 / 20) ** 2 / 2
    examples = square_over_examples(flat(rows, (after_MN - before_MN)[0], None), np.array([20.0]))
    half = oracle.added([(2 * least, 2), (examples[0], 1e12)], 1e-4)
    over = mean_shift(rows, (after_MN - before_MN)[0], 1e-4)
    assert half > over.effect_G[0] - over.low_G[0] > 0
    assert found.low_G[0] == pytest.approx(found.effect_G[0] - half)
    assert found.high_G[0] == pytest.approx(found.effect_G[0] + half)


def test_a_member_that_answered_nothing_warns_nobody():
    before_MN, after_MN = sides(3, 3, 3, 12)
    before_MN[0] = np.nan
    rows = sp.csr_array(np.eye(2, 12))
    with np.errstate(all="raise"):
        found = two_way(before_MN, after_MN, rows, 0.05, paired=False, beyond=True)
    assert np.isnan(found.low_G).all() or np.isfinite(found.effect_G).all()


@pytest.mark.heavy
def test_beyond_the_overall_shift_examples_vary_too():
    """Recipes that differ by example, and by no more on one slice than on another: new examples
    would show nothing, but exchanged members, on these examples alone, see a difference in nearly
    every world."""
    rng, alarms = np.random.default_rng(11), 0
    rows = sp.csr_array(np.array([np.arange(120) % 4 == g for g in range(4)], float))
    for _ in range(40):
        tilt_N = rng.choice([-0.4, 0.4], 120)
        before_MN, after_MN = (
            (rng.random((8, 120)) < (0.5 + side * tilt_N / 2)[None]).astype(float)
            for side in (-1, 1)
        )
        found = two_way(before_MN, after_MN, rows, 0.05 / 4, paired=False, beyond=True)
        alarms += ((found.p_G <= 0.05 / 4) & ((found.low_G > 0) | (found.high_G < 0))).any()
        change_N = after_MN.mean(axis=0) - before_MN.mean(axis=0)
        np.testing.assert_allclose(
            found.effect_G, [change_N[g::4].mean() - change_N.mean() for g in range(4)], atol=1e-12
        )
    assert alarms <= 4


def test_beyond_the_overall_shift_p_is_of_what_is_left():
    """A slice that did not move where everything else fell by a fifth: no change by itself, a large
    one beyond."""
    rng = np.random.default_rng(11)
    before_MN, after_MN = ((rng.random((6, 2000)) < 0.8).astype(float) for _ in range(2))
    after_MN[:, 400:] *= rng.random((6, 1600)) < 0.75
    row = sp.csr_array((np.arange(2000) < 400).astype(float)[None])
    plain = two_way(before_MN, after_MN, row, 0.05, paired=False)
    beyond = two_way(before_MN, after_MN, row, 0.05, paired=False, beyond=True)
    assert plain.p_G[0] > 0.2
    assert beyond.p_G[0] < 1e-3
    assert beyond.low_G[0] > 0


def test_beyond_the_overall_shift_limits_for_the_unseen_move_with_the_others():
    before_MN, after_MN = sides(5, 3, 3, 60, effect=-0.3)
    cluster_N = np.arange(60) // 3
    row = sp.csr_array((np.arange(60) < 30).astype(float)[None])
    found = two_way(before_MN, after_MN, row, 0.05, paired=False, cluster_N=cluster_N, beyond=True)
    change_N = after_MN.mean(axis=0) - before_MN.mean(axis=0)
    over = mean_shift(row, change_N, 0.05, cluster_N)
    overall = change_N.mean()
    assert over.unseen_low_G[0] - overall < over.low_G[0] - overall - 0.02
    assert found.unseen_low_G[0] == pytest.approx(over.unseen_low_G[0] - overall)
    assert found.unseen_high_G[0] == pytest.approx(over.unseen_high_G[0] - overall)


def test_over_these_examples_alone_single_answers_are_no_noise_that_stays():
    """Members that answer alike leave what examples vary by; members that guess anew leave next to
    nothing, as their mean over many is the same on every example."""
    rng = np.random.default_rng(7)
    row = sp.csr_array(np.ones((1, 400)))
    alike_MN = [np.repeat(rng.integers(0, 2, (1, 400)), 3, axis=0).astype(float) for _ in range(2)]
    guessed_MN = [rng.integers(0, 2, (3, 400)).astype(float) for _ in range(2)]
    for sides_MN, least, most in ((alike_MN, 1, 1), (guessed_MN, 0.1, 0.7)):
        found = two_way(*sides_MN, row, 0.1, paired=False)
        over = mean_shift(row, sides_MN[1].mean(axis=0) - sides_MN[0].mean(axis=0), 0.1)
        for end, whole in (
            (found.examples_low_G, over.unseen_low_G),
            (found.examples_high_G, over.high_G),
        ):
            share = float(((end - found.effect_G) / (whole - over.effect_G))[0])
            assert least * (1 - 1e-9) <= share <= most * (1 + 1e-9)


def test_what_nothing_varies_by_still_has_the_width_of_bounded_outcomes():
    ones_MN, row = np.ones((3, 50)), sp.csr_array(np.ones((1, 50)))
    found = two_way(ones_MN, ones_MN, row, 0.1, paired=False)
    over = mean_shift(row, np.zeros(50), 0.1)
    below, above = -float(found.examples_low_G[0]), float(found.examples_high_G[0])
    assert below == pytest.approx(min(-np.log(0.05) / 50, -float(over.unseen_low_G[0])))
    assert above == pytest.approx(min(-np.log(0.05) / 50, float(over.high_G[0])))
