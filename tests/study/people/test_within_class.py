"""Statistics within classes: by slow loops, on drawn-out copies, and in worlds with no effect."""

import math

import numpy as np
import pytest
from scipy.stats import rankdata, spearmanr
from sklearn.metrics import roc_auc_score

from undertow.study.people.within_class import (
    area,
    difference,
    excess,
    interval,
    null,
    partial_rank_correlation,
    rank_correlation,
)

N = 120


def world(seed, n=N, effect=0.0, ties=True):
    """Four classes that differ in score and outcome; ``effect`` is what goes together within."""
    rng = np.random.default_rng(seed)
    class_N = rng.permutation(np.arange(n) % 4)
    shared_N = effect * rng.normal(size=n)
    score_N = class_N + shared_N + rng.normal(size=n)
    outcome_N = class_N + shared_N + rng.normal(size=n)
    if ties:
        score_N, outcome_N = np.round(score_N), np.maximum(np.round(outcome_N), 1)
    return score_N, outcome_N, class_N


def seen(statistic, n=N):
    return statistic(np.ones(n), np.arange(n))


def partial_by_regression(score_N, outcome_N, given_KN, class_N):
    """Correlation of the residuals of ranks, by least squares."""
    dummies = (class_N[:, None] == np.unique(class_N)).astype(float)
    known = np.column_stack([dummies, *(rankdata(g) for g in given_KN)])
    left = []
    for value_N in (score_N, outcome_N):
        rank_N = rankdata(value_N)
        left.append(rank_N - known @ np.linalg.lstsq(known, rank_N, rcond=None)[0])
    return np.corrcoef(*left)[0, 1]


def excess_by_loops(chosen_N, outcome_N, stratum_N):
    total, count = 0.0, 0
    for i in np.flatnonzero(chosen_N):
        others = [
            outcome_N[j]
            for j in range(len(outcome_N))
            if stratum_N[j] == stratum_N[i] and not chosen_N[j]
        ]
        if others:
            total, count = total + outcome_N[i] - np.mean(others), count + 1
    return total / count


def cases(score_N, outcome_N, class_N):
    """Each statistic with its slow form, of the same examples."""
    given_KN = np.stack([score_N + np.arange(len(score_N)) % 7, outcome_N**2 + class_N])
    high_N, chosen_N = outcome_N > 2, score_N > 2
    return {
        "rank": (
            rank_correlation(score_N, outcome_N),
            lambda i: spearmanr(score_N[i], outcome_N[i]).statistic,
        ),
        "partial": (
            partial_rank_correlation(score_N, outcome_N, given_KN, class_N),
            lambda i: partial_by_regression(score_N[i], outcome_N[i], given_KN[:, i], class_N[i]),
        ),
        "area": (area(score_N, high_N), lambda i: roc_auc_score(high_N[i], score_N[i])),
        "excess": (
            excess(chosen_N, outcome_N, class_N),
            lambda i: excess_by_loops(chosen_N[i], outcome_N[i], class_N[i]),
        ),
    }


@pytest.mark.parametrize("name", ["rank", "partial", "area", "excess"])
@pytest.mark.parametrize("seed", range(3))
def test_each_statistic_is_its_slow_form_and_a_weight_is_a_number_of_copies(name, seed):
    fast, slow = cases(*world(seed, effect=0.5))[name]
    assert seen(fast) == pytest.approx(slow(np.arange(N)), abs=1e-12)
    weight_N = np.random.default_rng(seed).integers(0, 4, N)
    copies = np.repeat(np.arange(N), weight_N)
    assert fast(weight_N.astype(float), np.arange(N)) == pytest.approx(slow(copies), abs=1e-12)


@pytest.mark.parametrize("name", ["rank", "partial", "area", "excess"])
def test_another_examples_outcome_is_taken_where_it_is_dealt(name):
    score_N, outcome_N, class_N = world(5, effect=0.5)
    of_N = np.random.default_rng(0).permutation(N)
    fast, _ = cases(score_N, outcome_N, class_N)[name]
    if name == "partial":  # what is given stays with its example
        given_KN = np.stack([score_N + np.arange(N) % 7, outcome_N**2 + class_N])
        expected = partial_by_regression(score_N, outcome_N[of_N], given_KN, class_N)
    else:
        expected = cases(score_N, outcome_N[of_N], class_N)[name][1](np.arange(N))
    assert fast(np.ones(N), of_N) == pytest.approx(expected, abs=1e-12)


def test_strata_without_others_or_without_chosen_ones_are_left_out():
    chosen_N = np.array([True, False, True, True, False])
    outcome_N = np.array([5.0, 1.0, 90.0, 90.0, 7.0])
    assert seen(excess(chosen_N, outcome_N, np.array([3, 3, 4, 4, 9])), 5) == 4.0


@pytest.mark.parametrize(
    "statistic",
    [
        rank_correlation(np.ones(8), np.arange(8.0)),
        partial_rank_correlation(
            np.arange(8.0), np.arange(8.0) ** 2, np.arange(8.0)[None], np.zeros(8, dtype=int)
        ),
        area(np.arange(8.0), np.zeros(8, dtype=bool)),
        excess(np.zeros(8, dtype=bool), np.arange(8.0), np.zeros(8, dtype=int)),
    ],
)
def test_what_is_not_defined_is_nan(statistic):
    class_N = np.zeros(8, dtype=int)
    assert all(map(math.isnan, interval(statistic, class_N, draws=5)))
    assert math.isnan(null(statistic, class_N, draws=5).p)


def test_of_no_examples_nothing_is_defined():
    none_N, no_class_N = np.empty(0), np.empty(0, dtype=int)
    statistic = rank_correlation(none_N, none_N)
    assert all(map(math.isnan, interval(statistic, no_class_N)))
    assert all(map(math.isnan, null(statistic, no_class_N)))


def test_draws_and_deals_stay_within_classes():
    class_N = np.array([0, 1, 1, 2, 2, 2])
    weights, dealt = [], []
    interval(lambda w, o: float(weights.append(w) or 0), class_N, draws=50)
    null(lambda w, o: float(dealt.append(o) or 0), class_N, draws=50)
    assert {tuple(np.bincount(class_N, w)) for w in weights} == {(1, 2, 3)}
    assert all((class_N[of_N] == class_N).all() for of_N in dealt)
    assert all(sorted(of_N) == list(range(6)) for of_N in dealt)
    assert len({tuple(of_N) for of_N in dealt}) == 12
    assert len({tuple(w) for w in weights}) > 12


@pytest.mark.heavy
def test_where_classes_are_all_that_goes_together_the_null_says_so():
    """A plain correlation is far from 0 in these worlds, and p is as large as it should be."""
    p = []
    for seed in range(200):
        score_N, outcome_N, class_N = world(seed, n=80)
        statistic = rank_correlation(score_N, outcome_N)
        found = null(statistic, class_N, draws=99, seed=seed)
        p.append(found.p)
        assert found.mean > 0.25
    # 200 worlds at .05 and .5: within three standard errors
    assert np.mean(np.array(p) <= 0.05) < 0.05 + 3 * math.sqrt(0.05 * 0.95 / 200)
    assert abs(np.mean(np.array(p) <= 0.5) - 0.5) < 3 * math.sqrt(0.25 / 200)


def test_what_goes_together_within_classes_is_told():
    score_N, outcome_N, class_N = world(1, n=400, effect=1.5)
    statistic = rank_correlation(score_N, outcome_N)
    found, beside = interval(statistic, class_N, draws=200), null(statistic, class_N, draws=200)
    assert found.low > beside.high
    assert beside.p == 1 / 201


@pytest.mark.heavy
def test_the_interval_covers_what_a_large_world_has():
    """The truth is that of 40,000 examples; 95 of 100 intervals are to hold it."""
    large = world(0, n=40_000, effect=0.8, ties=False)
    truth = rank_correlation(*large[:2])(np.ones(40_000), np.arange(40_000))
    held = 0
    for seed in range(1, 101):
        score_N, outcome_N, class_N = world(seed, n=200, effect=0.8, ties=False)
        found = interval(rank_correlation(score_N, outcome_N), class_N, draws=200, seed=seed)
        held += found.low <= truth <= found.high
    assert 88 <= held <= 100


def test_a_partial_correlation_is_none_where_both_come_from_what_is_given():
    rng = np.random.default_rng(3)
    class_N = np.arange(2000) % 4
    cause_N = rng.normal(size=2000) + class_N
    score_N, outcome_N = (cause_N + rng.normal(size=2000) for _ in range(2))
    plain = interval(rank_correlation(score_N, outcome_N), class_N, draws=100)
    given = interval(
        partial_rank_correlation(score_N, outcome_N, cause_N[None], class_N), class_N, draws=200
    )
    assert plain.low > 0.5
    assert given.low < 0 < given.high


def test_a_difference_is_of_the_same_draws():
    score_N, outcome_N, class_N = world(2)
    statistic = rank_correlation(score_N, outcome_N)
    same = difference(statistic, rank_correlation(3 * score_N, outcome_N))
    assert interval(same, class_N, draws=20) == (0, 0, 0)
