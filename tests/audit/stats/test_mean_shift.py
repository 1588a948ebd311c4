"""What was seen over units, and limits that allow for units unlike any that were."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from undertow.audit.stats.bounded import mean_limits
from undertow.audit.stats.mean_shift import MeanShift, mean_shift
from undertow.audit.stats.unit_exchange import exchange_limit, exchange_p

SIZE = 9
"""Examples of a passage."""


def over_passages(change_K, level=0.05) -> MeanShift:
    cluster_N = np.repeat(np.arange(len(change_K)), SIZE)
    one_GN = sp.csr_array(np.ones((1, len(cluster_N))))
    return mean_shift(one_GN, np.asarray(change_K)[cluster_N], level, cluster_N)


@pytest.mark.parametrize("sign", [-1, 1])
def test_twelve_points_in_nearly_every_passage_are_shown_and_the_unseen_is_allowed_for(sign):
    """36 of 37 passages; with limits for the unseen alone this could not be told from nothing."""
    rng = np.random.default_rng(2)
    found = over_passages(sign * np.r_[0.12 + rng.normal(0, 0.03, 36), -0.05])
    ends = sorted((sign * found.low_G[0], sign * found.high_G[0]))
    wide = sorted((sign * found.unseen_low_G[0], sign * found.unseen_high_G[0]))
    assert found.p_G[0] < 1e-6
    assert 0.08 < ends[0] < 0.12 < ends[1] < 0.15
    assert wide[0] < 0.02
    assert wide[1] > 0.18


def test_a_gain_is_shown_as_a_loss_is():
    change_K = np.random.default_rng(3).normal(0.03, 0.05, 60).clip(-1, 1)
    there, back = over_passages(change_K), over_passages(-change_K)
    assert there.p_G[0] == pytest.approx(back.p_G[0])
    assert (there.low_G[0], there.unseen_low_G[0]) == (
        pytest.approx(-back.high_G[0]),
        pytest.approx(-back.unseen_high_G[0]),
    )


def test_over_clusters_limits_are_by_exchange_and_the_others_never_narrower():
    rng = np.random.default_rng(4)
    size_K = rng.integers(1, 15, 25)
    cluster_N = np.repeat(np.arange(25), size_K)
    change_N = rng.choice([-1.0, 0.0, 0.0, 1.0], len(cluster_N))
    member_GN = sp.csr_array(np.ones((1, len(cluster_N))))
    found = mean_shift(member_GN, change_N, 0.1, cluster_N)
    total_GU = np.bincount(cluster_N, weights=change_N)[None]
    size_GU, ones_GU = size_K[None].astype(float), np.ones((1, 25))
    for side, limit_G in ((-1, found.low_G), (1, found.high_G)):
        assert limit_G == pytest.approx(exchange_limit(total_GU, size_GU, ones_GU, 0.1, side))
    assert found.p_G == pytest.approx(exchange_p(total_GU, ones_GU))
    bounded = mean_limits(member_GN, change_N, 0.1, cluster_N)
    assert found.unseen_low_G[0] == min(bounded.low_G[0], found.low_G[0])
    assert found.unseen_high_G[0] == max(bounded.high_G[0], found.high_G[0])
    assert found.units_G[0] == 25


def test_where_few_clusters_reject_nothing_nothing_is_narrower_than_that():
    """Five clusters cannot reject at .05 by exchange, while the other limits would."""
    found = over_passages([-0.3] * 5)
    assert (found.low_G[0], found.high_G[0]) == pytest.approx((-1.0, 1.0), abs=1e-6)
    assert (found.unseen_low_G[0], found.unseen_high_G[0]) == pytest.approx((-1.0, 1.0), abs=1e-6)


@pytest.mark.parametrize("change_N", [[0.0] * 360, [1.0, -1.0] * 180])
def test_clusters_of_which_none_changed_leave_the_width_of_what_was_not_seen(change_N):
    """Also where a cluster lost as much as it gained."""
    one_GN, cluster_N = sp.csr_array(np.ones((1, 360))), np.repeat(np.arange(36), 10)
    found, bounded = (
        of(one_GN, np.array(change_N), 0.05, cluster_N) for of in (mean_shift, mean_limits)
    )
    assert found.low_G == found.unseen_low_G == bounded.low_G
    assert found.high_G == found.unseen_high_G == bounded.high_G
    assert found.low_G[0] < -0.05
    assert found.high_G[0] > 0.05
    assert found.p_G == 1


def test_what_rounding_leaves_of_a_cluster_is_no_change():
    """Scores in single precision that a cluster's examples exchanged among themselves."""
    before_N = np.random.default_rng(7).random((36, 10)).astype(np.float32)
    change_N = (np.roll(before_N, 1, axis=1) - before_N).ravel().astype(np.float64) + 1e-8
    one_GN, cluster_N = sp.csr_array(np.ones((1, 360))), np.repeat(np.arange(36), 10)
    found = mean_shift(one_GN, change_N, 0.05, cluster_N)
    exactly = mean_shift(one_GN, np.zeros(360), 0.05, cluster_N)
    assert (found.effect_G, found.p_G) == (0, 1)
    for limit in ("low_G", "high_G", "unseen_low_G", "unseen_high_G"):
        assert getattr(found, limit) == pytest.approx(getattr(exactly, limit), abs=1e-9)
    # What is small and no rounding is a change.
    assert mean_shift(one_GN, change_N + 1e-4, 0.05, cluster_N).p_G < 1e-6


def test_independent_examples_have_one_pair_of_limits():
    change_N = np.random.default_rng(5).choice([-1, -0.5, 0, 0.25], 80)
    one_GN = sp.csr_array(np.ones((1, 80)))
    found, bounded = mean_shift(one_GN, change_N, 0.05), mean_limits(one_GN, change_N, 0.05)
    assert (found.low_G, found.high_G, found.p_G) == (bounded.low_G, bounded.high_G, bounded.p_G)
    assert (found.unseen_low_G, found.unseen_high_G) == (bounded.low_G, bounded.high_G)


def test_rows_with_fewer_than_two_units_are_undefined_and_counted():
    member = sp.csr_array(np.array([[0.0] * 30, [1.0] * 3 + [0.0] * 27, [1.0] * 30]))
    found = mean_shift(member, np.full(30, -0.5), 0.05, np.repeat(np.arange(10), 3))
    assert found.units_G.tolist() == [0, 1, 10]
    assert np.isnan([column_G[:2] for column_G in found[:-1]]).all()
    assert not np.isnan([column_G[2] for column_G in found]).any()


def test_no_row_at_all_has_no_limits():
    found = mean_shift(sp.csr_array((0, 5)), np.zeros(5), 0.05, np.arange(5))
    assert [len(column_G) for column_G in found] == [0] * len(MeanShift._fields)
