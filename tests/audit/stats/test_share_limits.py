"""Limits of a share: exact over examples, by a design effect in clusters, over pairs and over two sides of members."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from scipy import stats

from undertow.audit.stats.pair_exchange import pair_means
from undertow.audit.stats.share_limits import effective_examples, exact_limits, member_limits


def whole(n: int) -> sp.csr_array:
    return sp.csr_array(np.ones((1, n)))


@pytest.mark.parametrize(("count", "n"), [(0, 20), (3, 20), (20, 20)])
def test_exact_limits_are_those_of_scipy(count: int, n: int):
    found = exact_limits(np.array([count / n]), np.array([float(n)]), 0.05)
    exact = stats.binomtest(count, n).proportion_ci(0.90)
    assert (found.low_G[0], found.high_G[0]) == pytest.approx((exact.low, exact.high), abs=1e-12)


def test_no_example_has_no_limits():
    found = exact_limits(np.array([np.nan]), np.array([0.0]), 0.05)
    assert np.isnan(found).all()


def test_without_clusters_every_example_counts():
    n_G, worth_G = effective_examples(whole(5), np.array([0, 1, np.nan, 0, 0]), None)
    assert (n_G[0], worth_G[0]) == (4, 4)


def test_copies_count_once_and_clusters_of_one_as_examples():
    rng = np.random.default_rng(0)
    value_K = (rng.random(200) < 0.2).astype(float)
    copied = effective_examples(whole(1000), np.repeat(value_K, 5), np.repeat(np.arange(200), 5))
    assert copied[0][0] == 1000
    assert copied[1][0] == pytest.approx(200, rel=0.02)
    alone = effective_examples(whole(200), value_K, np.arange(200))
    assert alone[1][0] == pytest.approx(200, rel=0.02)


def test_where_no_cluster_differs_each_counts_once():
    for share in (0.0, 1.0):
        _, worth_G = effective_examples(whole(100), np.full(100, share), np.arange(100) // 10)
        assert worth_G[0] == 10
    _, worth_G = effective_examples(whole(100), np.tile([0.0, 1.0], 50), np.arange(100) // 10)
    assert worth_G[0] == 10


def test_over_pairs_students_limits_where_pairs_vary():
    share_P = np.array([0.05, 0.2, 0.3, 0.45])
    found = member_limits(share_P[None, :, None], np.array([1e9]), 0.05)
    exact = stats.ttest_1samp(share_P, 0).confidence_interval(0.90)
    assert (found.low_G[0], found.high_G[0]) == pytest.approx((max(exact.low, 0), exact.high))


def test_over_two_sides_welchs_limits_where_a_share_is_a_sum_of_both_members():
    """Without interaction the mean over all pairs varies as two independent means do."""
    ref_R, var_V = np.array([0.1, 0.15, 0.2]), np.array([0.02, 0.1, 0.11, 0.2])
    found = member_limits((ref_R[:, None] + var_V)[None], np.array([1e9]), 0.05)
    exact = stats.ttest_ind(-ref_R, var_V, equal_var=False).confidence_interval(0.90)
    assert (found.low_G[0], found.high_G[0]) == pytest.approx((-exact.high, -exact.low))


@pytest.mark.parametrize("shape", [(3, 1), (3, 3)])
def test_members_that_do_not_vary_are_known_as_well_as_their_examples(shape: tuple[int, int]):
    for share in (0.0, 0.25):
        found = member_limits(np.full((1, *shape), share), np.array([40.0]), 0.05)
        exact = exact_limits(np.array([share]), np.array([40.0]), 0.05)
        np.testing.assert_allclose(found, exact)
        assert found.high_G[0] - found.low_G[0] > 0.05


@pytest.mark.parametrize("paired", [True, False])
def test_pair_means_are_of_the_named_members(paired: bool):
    rng = np.random.default_rng(1)
    pred_MN, label_N = rng.integers(0, 3, (6 if paired else 7, 11)), np.zeros(11, int)
    pred_MN[2, 3] = -1

    def changed(a, b, label):
        return np.where((a < 0) | (b < 0), np.nan, (a != b) + 0.5 * (a > b))

    member_GN = np.vstack([np.ones(11), np.arange(11) < 5]).astype(float)
    found_GRV = pair_means(pred_MN, label_N, sp.csr_array(member_GN), changed, 3, paired=paired)
    assert found_GRV.shape == (2, 3, 1 if paired else 4)
    for g, inside_N in enumerate(member_GN > 0):
        for r in range(3):
            for v in range(found_GRV.shape[2]):
                other = pred_MN[3 + (r if paired else v)]
                expected = np.nanmean(changed(pred_MN[r], other, label_N)[inside_N])
                assert found_GRV[g, r, v] == pytest.approx(expected)


def test_a_pair_without_an_example_makes_a_slice_unknown():
    found = member_limits(np.array([[[0.1], [np.nan]]]), np.array([10.0]), 0.05)
    assert np.isnan(found).all()
