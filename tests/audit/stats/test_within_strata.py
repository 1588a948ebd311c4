from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from scipy import stats

import oracles_stats as oracle
from undertow.audit.stats.strata import units_of
from undertow.audit.stats.within_strata import FEWEST, Contrast, ranks_within, within_strata


def world(seed=0, n=90, strata=4, chosen=20, ties=False):
    rng = np.random.default_rng(seed)
    stratum_N = rng.integers(0, strata, n)
    value_N = rng.normal(size=n) + stratum_N
    chosen_N = np.zeros(n, bool)
    chosen_N[rng.choice(n, chosen, replace=False)] = True
    return value_N.round(0 if ties else 9), chosen_N, stratum_N


def asked(value, chosen_N, stratum_N, cluster_N=None, draws=400, seed=1, level=0.05) -> Contrast:
    return within_strata(
        np.atleast_2d(value),
        chosen_N,
        stratum_N,
        cluster_N,
        level=level,
        draws=draws,
        rng=np.random.default_rng(seed),
    )


def same(a: Contrast, b: Contrast) -> None:
    for one, other in zip(a, b, strict=True):
        assert one == pytest.approx(other, rel=1e-9, abs=1e-9, nan_ok=True)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("ties", [False, True])
def test_equals_its_slow_oracle(seed: int, ties: bool):
    value_N, chosen_N, stratum_N = world(seed, ties=ties)
    effect, error, area = oracle.contrast_within(value_N, chosen_N, stratum_N)
    found = asked(value_N, chosen_N, stratum_N)
    assert found.effect_K[0] == pytest.approx(effect, abs=1e-12)
    ranked = asked(ranks_within(value_N[None], stratum_N), chosen_N, stratum_N)
    assert ranked.effect_K[0] + 0.5 == pytest.approx(area, abs=1e-12)
    # Students of the observed arrangement: the same t is what p says it is at a level of its own.
    half = (found.high_K[0] - found.low_K[0]) / 2
    assert half / error >= 1.9599


def test_p_is_the_share_of_all_rearrangements_where_they_can_be_listed():
    """Two strata of 6, of which 3 and 2 are chosen: 20 × 15 arrangements. The observed statistic is
    beyond the normal limit in none of these worlds, so p is the share alone or the normal p."""
    stratum_N = np.repeat([0, 1], 6)
    chosen_N = np.isin(np.arange(12), [0, 1, 2, 6, 7])
    value_N = np.random.default_rng(3).normal(size=12)
    sizes = []
    pooled = np.concatenate([value_N[:6] - value_N[:6].mean(), value_N[6:] - value_N[6:].mean()])
    variance = (pooled**2).sum() / 10
    least = 0.5**2 * variance * (1 / 5 + (3 / 5) ** 2 / 3 + (2 / 5) ** 2 / 4)
    for first, second in product(combinations(range(6), 3), combinations(range(6, 12), 2)):
        drawn_N = np.isin(np.arange(12), [*first, *second])
        effect, error, _ = oracle.contrast_within(value_N, drawn_N, stratum_N)
        sizes.append(abs(effect) / max(error, np.sqrt(least)))
    effect, error, _ = oracle.contrast_within(value_N, chosen_N, stratum_N)
    size = abs(effect) / max(error, np.sqrt(least))
    found = asked(value_N, chosen_N, stratum_N, draws=20_000)
    share = np.mean([s >= size - 1e-9 for s in sizes])
    assert share > 0.1
    assert found.p_K[0] == pytest.approx(share, abs=0.015)


def test_what_strata_alone_differ_in_takes_no_part():
    value_N, chosen_N, stratum_N = world(2)
    shifted = asked(value_N + 100 * stratum_N, chosen_N, stratum_N)
    same(shifted, asked(value_N, chosen_N, stratum_N))


def test_order_and_numbers_of_strata_do_not_matter():
    value_N, chosen_N, stratum_N = world(4)
    order = np.random.default_rng(0).permutation(len(value_N))
    found = asked(value_N, chosen_N, stratum_N)
    other = asked(value_N[order], chosen_N[order], 7 - 3 * stratum_N[order])
    assert other.effect_K == pytest.approx(found.effect_K)
    assert (other.chosen_K, other.others_K) == (found.chosen_K, found.others_K)


def test_zero_is_outside_if_and_only_if_the_adjusted_p_reaches_the_level():
    for seed in range(40):
        value_N, chosen_N, stratum_N = world(seed)
        two = np.stack([value_N + 0.6 * chosen_N, np.roll(value_N, 3)])
        found = asked(two, chosen_N, stratum_N, draws=200)
        outside_K = (found.low_K > 0) | (found.high_K < 0)
        assert (outside_K == (found.p_adjusted_K <= 0.05)).all()
        assert (found.p_adjusted_K >= found.p_K).all()


def test_with_clusters_too_limits_say_what_the_adjusted_p_says():
    """Of 60 rearrangements one is 6 × 1/60 after Bonferroni, so limits of 6 columns hold 0, however
    large the difference; 240 suffice."""
    value_N, chosen_N, stratum_N = world(0)
    noise = np.random.default_rng(1).normal(size=(5, len(value_N)))
    columns = np.vstack([value_N + 3 * chosen_N, noise])
    few, enough = (
        asked(columns, chosen_N, stratum_N, np.arange(90), draws=draws) for draws in (60, 240)
    )
    assert few.p_adjusted_K[0] == pytest.approx(0.1)
    assert few.low_K[0] <= 0 < few.effect_K[0]
    assert enough.p_adjusted_K[0] <= 0.05
    assert enough.low_K[0] > 0


@pytest.mark.parametrize("columns", [1, 3, 7])
def test_zero_is_outside_as_the_adjusted_p_says_whatever_the_clusters(columns: int):
    both = set()
    for seed in range(25):
        value_N, chosen_N, stratum_N = world(seed)
        rng = np.random.default_rng(seed)
        more = np.stack([value_N + 0.6 * chosen_N, *rng.normal(size=(columns - 1, 90))])
        found = asked(more, chosen_N, stratum_N, rng.integers(0, 70, 90), draws=140)
        outside_K = (found.low_K > 0) | (found.high_K < 0)
        assert (outside_K == (found.p_adjusted_K <= 0.05)).all()
        both |= {*outside_K.tolist()}
    assert both == {True, False}


def test_p_is_never_below_the_normal_one():
    """Twenty rearrangements give .05 by luck where the statistic is worth less."""
    normal = []
    for seed in range(20):
        value_N, chosen_N, stratum_N = world(seed)
        effect, error, _ = oracle.contrast_within(value_N, chosen_N, stratum_N)
        found, p = (
            asked(value_N, chosen_N, stratum_N, draws=20, seed=seed),
            2 * stats.norm.sf(abs(effect) / error),
        )
        assert found.p_K[0] >= p * (1 - 1e-9)
        normal.append(found.p_K[0] == pytest.approx(p))
    assert any(normal)


def both_roles():
    """Ten clusters, each with a chosen example and six others in three strata. Chosen ones have
    what their cluster's others lack, so a cluster adds to the effect by both roles."""
    rng = np.random.default_rng(5)
    cluster_N, chosen_N = np.repeat(np.arange(10), 7), np.tile(np.arange(7) == 0, 10)
    stratum_N = rng.permutation(np.arange(70) % 3)
    shared_N = rng.normal(size=10)[cluster_N] * np.where(chosen_N, 1.0, -1.0)
    return shared_N + 0.1 * rng.normal(size=70), chosen_N, stratum_N, cluster_N


@pytest.mark.parametrize("columns", [1, 4])
def test_limits_and_p_of_clusters_are_students_with_bonferroni(columns: int):
    """At so low a level no rearrangement reaches as far as Student's t."""
    value_N, chosen_N, stratum_N, cluster_N = both_roles()
    value_N = value_N + 3.0 * chosen_N
    noise = np.random.default_rng(1).normal(size=(columns - 1, 70))
    found = asked(
        np.vstack([value_N[None], noise]), chosen_N, stratum_N, cluster_N, draws=2000, level=1e-5
    )
    effect, apart, _ = oracle.contrast_within(value_N, chosen_N, stratum_N)
    error = oracle.contrast_over_clusters(value_N, chosen_N, stratum_N, cluster_N)
    assert error > 1.05 * apart
    assert found.effect_K[0] == pytest.approx(effect)
    half = stats.t.isf(1e-5 / columns / 2, 9) * error
    assert found.high_K[0] - found.effect_K[0] == pytest.approx(half, rel=1e-7)
    assert found.effect_K[0] - found.low_K[0] == pytest.approx(half, rel=1e-7)
    p = 2 * stats.t.sf(effect / error, 9)
    assert found.p_K[0] == pytest.approx(p, rel=1e-7)
    assert found.p_adjusted_K[0] == pytest.approx(columns * p, rel=1e-7)


def test_another_that_is_alone_in_its_stratum_varies_as_values_do_in_theirs():
    """A third of the chosen ones are set against one example, of which no spread is seen."""
    rng = np.random.default_rng(3)
    stratum_N = np.repeat([0, 1, 2], [7, 12, 12])
    chosen_N = np.isin(np.arange(31), [*range(6), *range(7, 13), *range(19, 25)])
    value_N = rng.normal(size=31)
    found = asked(value_N, chosen_N, stratum_N, np.arange(31), draws=200, level=1e-8)
    effect, error, _ = oracle.contrast_within(value_N, chosen_N, stratum_N)
    assert found.effect_K[0] == pytest.approx(effect)
    half = stats.t.isf(1e-8 / 2, 17) * error
    assert found.high_K[0] - found.effect_K[0] == pytest.approx(half, rel=1e-7)


def test_the_spread_is_that_of_values_about_their_stratums_mean():
    stratum_N = np.repeat([0, 1, 2], [6, 5, 4])
    chosen_N = np.isin(np.arange(15), [0, 1, 2, 6, 7, 11])
    value_N = np.array([1.0, 2, 3, 4, 5, 6, 0, 10, 20, 30, 40, 7, 7, 9, 9])
    found = asked(value_N, chosen_N, stratum_N)
    assert found.spread_K[0] == pytest.approx(np.sqrt((17.5 + 1000 + 4) / (15 - 3)))
    assert found.spread_K[0] == pytest.approx(oracle.spread_within(value_N, stratum_N))


def test_more_columns_make_wider_limits():
    value_N, chosen_N, stratum_N = world(5)
    noise = np.random.default_rng(1).normal(size=(9, len(value_N)))
    alone = asked(value_N, chosen_N, stratum_N)
    among = asked(np.vstack([value_N, noise]), chosen_N, stratum_N)
    assert among.effect_K[0] == alone.effect_K[0]
    assert among.high_K[0] - among.low_K[0] > 1.2 * (alone.high_K[0] - alone.low_K[0])


def test_unknown_values_are_left_out_and_counted():
    value_N, chosen_N, stratum_N = world(6)
    unknown_N = np.random.default_rng(2).random(len(value_N)) < 0.3
    gaps_N = np.where(unknown_N, np.nan, value_N)
    found = asked(gaps_N, chosen_N, stratum_N)
    known = (value_N[~unknown_N], chosen_N[~unknown_N], stratum_N[~unknown_N])
    effect, _, _ = oracle.contrast_within(*known)
    assert found.effect_K[0] == pytest.approx(effect)
    assert found.chosen_K[0] == known[1].sum() < chosen_N.sum()
    both_N = np.isin(known[2], known[2][known[1]])
    assert found.others_K[0] == (~known[1] & both_N).sum() < (~chosen_N).sum()


def test_chosen_ones_that_are_alone_in_their_stratum_take_no_part():
    value_N, chosen_N, stratum_N = world(7)
    apart_N = stratum_N.copy()
    apart_N[np.flatnonzero(chosen_N)[:3]] = [90, 91, 92]
    kept_N = apart_N < 90
    found = asked(value_N, chosen_N, apart_N)
    same(found, asked(value_N[kept_N], chosen_N[kept_N], apart_N[kept_N]))
    assert found.chosen_K[0] == chosen_N.sum() - 3


@pytest.mark.parametrize("chosen", [0, 1, FEWEST - 1])
def test_too_few_tell_nothing(chosen: int):
    value_N, chosen_N, stratum_N = world(8, chosen=chosen, strata=1)
    found = asked(value_N, chosen_N, stratum_N)
    assert np.isnan([each[0] for each in found[:6]]).all()
    assert found.chosen_K[0] == chosen


def test_a_column_without_a_difference_tells_nothing():
    _, chosen_N, stratum_N = world(9)
    found = asked(0.1 * stratum_N, chosen_N, stratum_N)
    assert np.isnan(found.effect_K[0])
    assert np.isnan(found.p_K[0])


def test_values_that_happen_to_be_alike_do_not_show_that_all_are():
    """Eight ones of a column in which half are ones: .8 still fits."""
    rng = np.random.default_rng(0)
    value_N = (rng.random(400) < 0.5).astype(float)
    chosen_N = np.zeros(400, bool)
    chosen_N[np.flatnonzero(value_N == 1)[:8]] = True
    found = asked(value_N, chosen_N, np.zeros(400, int))
    assert found.low_K[0] < 0.8 - value_N[~chosen_N].mean()


def test_clusters_of_one_are_no_clusters_but_for_students_t():
    value_N, chosen_N, stratum_N = world(10)
    alone, clustered = (
        asked(value_N, chosen_N, stratum_N, cluster) for cluster in (None, np.arange(90) * 5)
    )
    assert clustered.effect_K == pytest.approx(alone.effect_K)
    assert clustered.high_K[0] - clustered.low_K[0] >= alone.high_K[0] - alone.low_K[0]


def test_copies_are_one_piece_of_evidence():
    """Nine copies of everything leave the effect and the limits where they are."""
    value_N, chosen_N, stratum_N = world(11)
    once = asked(value_N, chosen_N, stratum_N, np.arange(90))
    nine = asked(*(np.repeat(a, 9) for a in (value_N, chosen_N, stratum_N, np.arange(90))))
    assert nine.effect_K == pytest.approx(once.effect_K)
    assert nine.high_K - nine.low_K == pytest.approx(once.high_K - once.low_K, rel=0.1)
    assert nine.chosen_K[0] == 9 * once.chosen_K[0]


def test_a_cluster_across_strata_counts_as_one():
    """Each of 30 clusters has a member in each of 3 strata, with one value and one role."""
    rng = np.random.default_rng(12)
    cluster_N, stratum_N = np.repeat(np.arange(30), 3), np.tile(np.arange(3), 30)
    value_N, chosen_N = rng.normal(size=30)[cluster_N], (rng.random(30) < 0.3)[cluster_N]
    apart = asked(value_N, chosen_N, stratum_N)
    together = asked(value_N, chosen_N, stratum_N, cluster_N)
    ratio = (together.high_K - together.low_K) / (apart.high_K - apart.low_K)
    assert ratio[0] > 1.6  # √3 in a large sample


def test_ranks_are_midranks_of_each_stratum():
    value_N = np.array([3.0, 1.0, 1.0, np.nan, 7.0, 7.0, 5.0])
    stratum_N = np.array([4, 4, 4, 4, 1, 1, 1])
    rank_N = ranks_within(value_N[None], stratum_N)[0]
    wanted_N = np.array([3.0, 1.5, 1.5, np.nan, 2.5, 2.5, 1.0]) / 3
    assert rank_N == pytest.approx(wanted_N, nan_ok=True)
    assert np.isnan(ranks_within(np.full((1, 3), np.nan), np.zeros(3, int))).all()


def test_units_are_exchanged_within_their_stratum_and_the_first_is_what_was_seen():
    value_N, chosen_N, stratum_N = world(13)
    units = units_of(value_N[None], chosen_N, stratum_N, None)
    assert units is not None
    blocks = list(units.exchanged(300, np.random.default_rng(0)))
    drawn_DX = np.vstack(blocks)
    assert len(drawn_DX) == 300
    assert (drawn_DX[0] == units.observed_X).all()
    assert (units.stratum_U[drawn_DX] == units.stratum_X).all()
    assert all(len(set(row)) == len(row) for row in drawn_DX.tolist())
    share_U = np.bincount(drawn_DX[1:].ravel(), minlength=len(stratum_N)) / 299
    wanted_S = np.bincount(stratum_N, chosen_N) / np.bincount(stratum_N)
    assert np.abs(share_U - wanted_S[units.stratum_U]).max() < 0.13


def test_a_planted_difference_is_found_and_its_size_told():
    value_N, chosen_N, stratum_N = world(14, n=400, chosen=60)
    found = asked(value_N + 1.3 * chosen_N, chosen_N, stratum_N)
    assert found.p_adjusted_K[0] <= 0.005
    assert found.low_K[0] < 1.3 < found.high_K[0]
    assert found.low_K[0] > 0.8
    assert found.spread_K[0] == pytest.approx(1.1, abs=0.12)


WORLDS = 2000
KINDS = ("plain", "class", "ties", "heavy", "skew", "rare", "few", "few ties", "few heavy", "gaps")


def null_world(kind: str, rng: np.random.Generator, n: int = 300, strata: int = 10):
    stratum_N, chosen, weight_N = rng.integers(0, strata, n), 8 if "few" in kind else 24, np.ones(n)
    value_N = rng.normal(size=n)
    if kind == "class":  # Both the value and the choice depend on the class.
        value_N, weight_N = value_N + 3 * stratum_N, np.exp(stratum_N / 3)
    if "ties" in kind:
        value_N = rng.poisson(0.5, n).astype(float)
    if "heavy" in kind:
        value_N = rng.standard_t(1.5, n)
    if kind == "skew":
        value_N = np.exp(1.5 * value_N)
    if kind == "rare":
        value_N = (rng.random(n) < 0.05).astype(float)
    if kind == "gaps":
        value_N[rng.random(n) < 0.3] = np.nan
    chosen_N = np.zeros(n, bool)
    chosen_N[rng.choice(n, chosen, replace=False, p=weight_N / weight_N.sum())] = True
    return value_N, chosen_N, stratum_N


@pytest.mark.heavy
@pytest.mark.parametrize("kind", KINDS)
def test_null_worlds_hold_their_level(kind: str):
    """A column that has nothing to do with the choice given the class: quoted in the docs."""
    told = rejected = covered = ranks_rejected = 0
    for seed in range(WORLDS):
        rng = np.random.default_rng([seed, *kind.encode()])
        value_N, chosen_N, stratum_N = null_world(kind, rng)
        found = asked(value_N, chosen_N, stratum_N, draws=200, seed=seed)
        if np.isnan(found.p_K[0]):
            continue
        ranks_KN = ranks_within(value_N[None], stratum_N)
        ranked = asked(ranks_KN, chosen_N, stratum_N, draws=200, seed=seed)
        told += 1
        rejected += found.p_K[0] < 0.05
        covered += found.low_K[0] <= 0 <= found.high_K[0]
        ranks_rejected += ranked.p_K[0] < 0.05
    assert told > 0.95 * WORLDS
    assert rejected / told <= 0.06
    assert ranks_rejected / told <= 0.06
    assert covered / told >= 0.93


def clustered_world(kind: str, rng: np.random.Generator, clusters: int = 60, each: int = 5):
    """Clusters share most of the value and most of what chooses; the two are independent."""
    cluster_N = np.repeat(np.arange(clusters), each)
    stratum_N = rng.integers(0, 5, clusters)[cluster_N]
    if "across" in kind:
        stratum_N = rng.integers(0, 5, len(cluster_N))
    noise = 0.0 if "copies" in kind else 0.6
    value_N, choice_N = (
        rng.normal(size=clusters)[cluster_N] + noise * rng.normal(size=len(cluster_N))
        for _ in range(2)
    )
    return value_N, choice_N > np.quantile(choice_N, 0.85), stratum_N, cluster_N


@pytest.mark.heavy
@pytest.mark.parametrize("kind", ["within", "across", "copies", "copies across"])
def test_null_worlds_of_clusters_hold_their_level(kind: str):
    rejected = covered = told = 0
    for seed in range(WORLDS):
        drawn = clustered_world(kind, np.random.default_rng([seed, *kind.encode()]))
        found = asked(*drawn, draws=200, seed=seed)
        if np.isnan(found.p_K[0]):
            continue
        told += 1
        rejected += found.p_K[0] < 0.05
        covered += found.low_K[0] <= 0 <= found.high_K[0]
    assert told > 0.95 * WORLDS
    assert rejected / told <= 0.06
    assert covered / told >= 0.93
