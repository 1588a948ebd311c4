from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from scipy import stats

import oracles_stats as oracle
from undertow.audit.stats.exemplar_test import confirmed, exact_exchange, exact_swap
from undertow.audit.stats.multiplicity import benjamini_hochberg


@pytest.mark.parametrize(
    ("k_ref", "k_var", "classes"), [(4, 4, 3), (3, 6, 4), (1, 5, 3), (5, 5, 2), (2, 4, 6)]
)
def test_equals_enumeration(k_ref, k_var, classes):
    rng = np.random.default_rng(k_ref)
    skew = rng.dirichlet(np.full(classes, 0.6), size=25)
    ref = np.array([rng.multinomial(k_ref, p) for p in skew])
    var = np.array([rng.multinomial(k_var, p) for p in skew[::-1]])
    found = exact_exchange(sp.csr_array(ref), sp.csr_array(var))
    there = np.array([oracle.exchange_p(r, v) for r, v in zip(ref, var, strict=True)])
    np.testing.assert_allclose(found.p_N, there[:, 0], atol=1e-12)
    np.testing.assert_allclose(found.smallest_N, there[:, 1], atol=1e-12)


def test_unequal_numbers_of_votes_per_example_and_examples_that_cannot_tell():
    ref = np.array([[3, 0, 0], [2, 1, 0], [0, 0, 0], [0, 2, 1], [4, 0, 0]])
    var = np.array([[4, 0, 0], [0, 2, 2], [1, 1, 0], [1, 0, 1], [0, 0, 4]])
    p_N = exact_exchange(sp.csr_array(ref), sp.csr_array(var)).p_N
    assert (p_N[0], p_N[2]) == (1.0, 1.0)
    for n in (1, 3, 4):
        assert p_N[n] == pytest.approx(oracle.exchange_p(ref[n], var[n])[0])


def test_two_candidates_are_fishers_exact_test_where_sides_are_equal():
    for a, b in [(30, 20), (29, 25), (12, 3), (30, 30)]:
        ref, var = (sp.csr_array(np.array([[first, 30 - first]])) for first in (a, b))
        p = exact_exchange(ref, var).p_N[0]
        assert p == pytest.approx(stats.fisher_exact([[a, 30 - a], [b, 30 - b]]).pvalue)


@pytest.mark.parametrize("members", [500, 513, 700, 1400])
def test_very_many_members_are_fishers_exact_test_too(members):
    """Ways to choose votes are no float any more beyond about a thousand."""
    sides = [[half, members - half] for half in (members // 2, members // 2 - 40)]
    found = exact_exchange(*(sp.csr_array(np.array([side])) for side in sides))
    assert found.p_N[0] == pytest.approx(stats.fisher_exact(sides).pvalue, rel=1e-6)


def test_the_p_values_are_valid_when_members_are_exchanged():
    """P(p <= a) <= a over all ways to seat the members, for the whole distribution."""
    votes = np.array([0, 0, 0, 1, 1, 2, 2, 2, 0, 1])
    rng = np.random.default_rng(0)
    order = np.argsort(rng.random((3000, 10)), axis=1)
    ref, var = (
        np.array([np.bincount(votes[o], minlength=3) for o in half])
        for half in (order[:, :5], order[:, 5:])
    )
    p_N = exact_exchange(sp.csr_array(ref), sp.csr_array(var)).p_N
    for level in (0.05, 0.2, 0.5):
        assert (p_N <= level).mean() <= level + 0.03
    assert len(np.unique(p_N)) > 3


def swap_oracle(ref, var):
    pairs = [(a, b) for a, b in zip(ref, var, strict=True) if a >= 0 and b >= 0]
    if not pairs:
        return 1.0
    values, counts = np.unique(np.array(pairs), return_counts=True)
    mode = values[counts.argmax()]

    def imbalance(swapped):
        rows = [(b, a) if s else (a, b) for (a, b), s in zip(pairs, swapped, strict=True)]
        return abs(sum(int(a == mode) - int(b == mode) for a, b in rows))

    ways = np.array(np.meshgrid(*[[0, 1]] * len(pairs))).reshape(len(pairs), -1).T
    return np.mean([imbalance(way) >= imbalance(np.zeros(len(pairs))) for way in ways])


@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_swaps_equal_enumeration(missing):
    rng = np.random.default_rng(1)
    ref, var = rng.integers(0, 3, (6, 30)), rng.integers(0, 2, (6, 30))
    ref[rng.random(ref.shape) < missing] = -1
    there = [swap_oracle(ref[:, n], var[:, n]) for n in range(30)]
    np.testing.assert_allclose(exact_swap(ref, var).p_N, there)


def test_swap_smallest_and_unanimous():
    found = exact_swap(
        np.zeros((6, 2), int), np.column_stack([np.zeros(6, int), np.array([1, 1, 1, 0, 0, 0])])
    )
    assert found.p_N.tolist() == [1.0, 0.25]
    assert found.smallest_N.tolist() == [1.0, 0.25]


def test_confirmed_asks_only_examples_that_could_tell():
    p_N = np.array([0.001, 1.0, 0.02, 1.0, np.nan, 0.5])
    unanimous_N = np.array([False, True, False, True, False, False])
    q_N = confirmed(p_N, unanimous_N)
    np.testing.assert_allclose(q_N[[0, 2, 5]], benjamini_hochberg([0.001, 0.02, 0.5]))
    assert q_N[[1, 3, 4]].tolist() == [1.0, 1.0, 1.0]
    fewer = confirmed(p_N, unanimous_N, np.array([0.001, 1, 0.02, 1, 1, 0.3]), fdr=0.05)
    np.testing.assert_allclose(fewer[[0, 2]], benjamini_hochberg([0.001, 0.02]))
    assert fewer[5] == 1.0


def test_leaving_out_examples_that_cannot_reach_the_rate_never_loses_one():
    rng = np.random.default_rng(0)
    gained = 0
    for _ in range(200):
        smallest_N = rng.choice([0.001, 0.01, 0.04, 0.2, 1.0], size=40)
        p_N = np.maximum(smallest_N, rng.random(40) ** 3)
        plain = confirmed(p_N, np.zeros(40, bool), fdr=0.1) <= 0.1
        fewer = confirmed(p_N, np.zeros(40, bool), smallest_N, fdr=0.1) <= 0.1
        assert (fewer | ~plain).all()
        gained += fewer.sum() - plain.sum()
    assert gained > 0


@pytest.mark.heavy
def test_thousands_of_patterns_with_sixty_members():
    rng = np.random.default_rng(0)
    skew = rng.dirichlet(np.full(8, 0.4), size=1500)
    ref, var = (np.array([rng.multinomial(k, p) for p in skew]) for k in (30, 29))
    p_N = exact_exchange(sp.csr_array(ref), sp.csr_array(var)).p_N
    assert (p_N > 0).all()
    assert p_N[(ref + var > 0).sum(axis=1) > 1].mean() == pytest.approx(0.5, abs=0.12)
