"""Limits of a share: over examples and clusters of them, over pairs and over two sides of
members."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from scipy import stats

from undertow.audit.stats.pair_exchange import pair_means
from undertow.audit.stats.share_limits import (
    ShareLimits,
    exact_limits,
    example_limits,
    member_limits,
)


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


def test_one_pair_of_models_on_independent_examples_has_exact_limits():
    value_N = np.array([0, 1, np.nan, 0, 0, 1, 0, 0])
    member_GN = sp.csr_array(
        np.vstack([np.ones(8), np.arange(8) < 5, np.arange(8) == 2]).astype(float)
    )
    found = example_limits(member_GN, value_N, 0.05, None, single=True)
    exact = exact_limits(np.array([2 / 7, 1 / 4, np.nan]), np.array([7.0, 4.0, 0.0]), 0.05)
    np.testing.assert_allclose(found, exact)


@pytest.mark.parametrize("share", [0.0, 0.2])
def test_copies_are_worth_one_example(share: float):
    """40 passages of ten rows that say the same, as 40 examples."""
    value_K = (np.arange(40) < 40 * share).astype(float)
    copied = example_limits(
        whole(400), np.repeat(value_K, 10), 0.05, np.arange(400) // 10, single=True
    )
    alone = example_limits(whole(40), value_K, 0.05, np.arange(40), single=True)
    np.testing.assert_allclose(copied, alone, atol=0.005)
    exact = stats.binomtest(int(40 * share), 40).proportion_ci(0.90)
    assert (copied.low_G[0], copied.high_G[0]) == pytest.approx((exact.low, exact.high), abs=0.03)


def test_means_of_several_runs_are_known_better_than_one_run_and_not_without_end():
    value_N = np.tile([0.0, 0.25, 0.5, 0.25], 25)
    found = example_limits(whole(100), value_N, 0.05, None, single=False)
    exact = exact_limits(np.array([0.25]), np.array([100.0]), 0.05)
    assert exact.low_G < found.low_G < found.share_G < found.high_G < exact.high_G
    still = example_limits(whole(100), np.zeros(100), 0.05, None, single=False)
    assert still.low_G[0] == 0 < still.high_G[0] < 0.05


def certain(share: float) -> ShareLimits:
    """Limits over so many examples that they add nothing."""
    return ShareLimits(*(np.array([share]) for _ in range(3)))


def test_over_pairs_students_limits_where_pairs_vary():
    share_P = np.array([0.15, 0.2, 0.3, 0.35])
    found = member_limits(share_P[None, :, None], certain(0.25), 0.05, paired=True)
    exact = stats.ttest_1samp(share_P, 0).confidence_interval(0.90)
    assert (found.low_G[0], found.high_G[0]) == pytest.approx((exact.low, exact.high))


REF_R, VAR_V = np.array([0.1, 0.15, 0.2]), np.array([0.12, 0.2, 0.21, 0.3])


def test_over_two_sides_welchs_limits_where_a_share_is_a_sum_of_both_members():
    """Without interaction the mean over all pairs varies as two independent means do."""
    share_RV = REF_R[:, None] + VAR_V
    found = member_limits(share_RV[None], certain(share_RV.mean()), 0.05, paired=False)
    exact = stats.ttest_ind(-REF_R, VAR_V, equal_var=False).confidence_interval(0.90)
    assert (found.low_G[0], found.high_G[0]) == pytest.approx((-exact.high, -exact.low))


def test_a_lone_variant_member_varies_as_the_references_do():
    share_RV = REF_R[:, None] + 0.1
    found = member_limits(share_RV[None], certain(share_RV.mean()), 0.05, paired=False)
    half = stats.t.isf(0.05, 2) * REF_R.std(ddof=1) * np.sqrt(1 / 3 + 1)
    assert found.high_G[0] - 0.25 == pytest.approx(half)
    assert 0.25 - found.low_G[0] == pytest.approx(half)


@pytest.mark.parametrize(("shape", "paired"), [((1, 1, 4), False), ((1, 1, 1), True)])
def test_one_reference_member_does_not_show_how_members_vary(shape: tuple[int, ...], paired: bool):
    found = member_limits(np.full(shape, 0.2), certain(0.2), 0.05, paired=paired)
    assert np.isnan([found.low_G[0], found.high_G[0]]).all()


def test_what_members_and_what_examples_vary_by_is_added_in_squares():
    share_P = np.array([0.15, 0.2, 0.3, 0.35])
    examples = ShareLimits(np.array([0.25]), np.array([0.2]), np.array([0.35]))
    found = member_limits(share_P[None, :, None], examples, 0.05, paired=True)
    half = stats.t.isf(0.05, 3) * share_P.std(ddof=1) / 2
    assert found.low_G[0] == pytest.approx(0.25 - np.hypot(half, 0.05))
    assert found.high_G[0] == pytest.approx(0.25 + np.hypot(half, 0.10))


@pytest.mark.parametrize(("shape", "paired"), [((3, 1), True), ((3, 3), False)])
def test_members_that_do_not_vary_are_known_as_well_as_their_examples(
    shape: tuple[int, int], paired: bool
):
    for share in (0.0, 0.25):
        exact = exact_limits(np.array([share]), np.array([40.0]), 0.05)
        found = member_limits(np.full((1, *shape), share), exact, 0.05, paired=paired)
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
    found = member_limits(np.array([[[0.1], [np.nan]]]), certain(0.1), 0.05, paired=True)
    assert np.isnan(found).all()
