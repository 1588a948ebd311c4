"""Whether one side spreads more, against its definition, and what it leaves of the degrees of
freedom."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from undertow.audit.stats.noisier import SEEN, least_freedom, seen_noisier


def by_definition(value_ref_GM: np.ndarray, value_var_GM: np.ndarray) -> bool:
    """Every way to deal the members anew, one slice at a time."""
    m = value_ref_GM.shape[1]
    away_GM = np.hstack([v - v.mean(axis=1, keepdims=True) for v in (value_ref_GM, value_var_GM)])
    uneven = []
    for chosen in combinations(range(2 * m), m):
        sides = np.isin(np.arange(2 * m), chosen)
        ref_G, var_G = (away_GM[:, side].var(axis=1, ddof=1) for side in (sides, ~sides))
        uneven.append((((ref_G - var_G) / (2 * (ref_G + var_G))) ** 2).sum())
    return bool(np.mean(np.array(uneven) >= uneven[0] * (1 - 1e-9)) <= SEEN)


@pytest.mark.heavy
def test_a_side_is_noisier_as_rearrangements_have_it():
    rng = np.random.default_rng(0)
    told = []
    for _ in range(60):
        before_GM, after_GM = rng.normal(size=(3, 4)), rng.normal(size=(3, 4))
        before_GM[0] *= 2
        told.append(seen_noisier(before_GM, after_GM))
        assert told[-1] == by_definition(before_GM, after_GM)
    assert 0.1 < np.mean(told) < 0.9


@pytest.mark.heavy
@pytest.mark.parametrize("together", [0.0, 0.9])
def test_sides_of_like_spread_are_seldom_seen_as_unlike_however_slices_go_together(together):
    rng = np.random.default_rng(1)
    told = []
    for _ in range(300):
        value_GM = together**0.5 * rng.normal(size=(1, 12)) + (1 - together) ** 0.5 * rng.normal(
            size=(10, 12)
        )
        told.append(seen_noisier(value_GM[:, :6], value_GM[:, 6:]))
    assert np.mean(told) == pytest.approx(SEEN, abs=0.08)


def test_slices_that_are_noisier_on_opposite_sides_do_not_make_up_for_each_other():
    rng = np.random.default_rng(2)
    spread_G1 = np.where(np.arange(12) % 2, 3.0, 1.0)[:, None]
    told = [
        seen_noisier(
            spread_G1 * rng.normal(size=(12, 5)), (4 - spread_G1) * rng.normal(size=(12, 5))
        )
        for _ in range(50)
    ]
    assert np.mean(told) > 0.95


def test_a_shift_is_no_spread_and_a_slice_without_a_value_no_evidence():
    rng = np.random.default_rng(3)
    before_GM, after_GM = rng.normal(size=(300, 5)), rng.normal(size=(300, 5))
    after_GM[200:] *= 1.5
    shifted_GM = after_GM + rng.normal(0, 50, size=(300, 1))
    assert seen_noisier(before_GM, after_GM) == seen_noisier(before_GM, shifted_GM) is True
    empty_GM = np.full((4, 5), np.nan)
    assert seen_noisier(np.vstack([before_GM, empty_GM]), np.vstack([after_GM, empty_GM]))
    assert not seen_noisier(empty_GM, empty_GM)


@pytest.mark.parametrize(("m_ref", "m_var"), [(1, 1), (1, 6), (5, 6)])
def test_sides_without_a_spread_or_of_unlike_size_are_not_asked(m_ref: int, m_var: int):
    rng = np.random.default_rng(4)
    assert not seen_noisier(rng.normal(size=(20, m_ref)), 9 * rng.normal(size=(20, m_var)))


def test_least_freedom_is_the_fewer_of_welchs_and_those_of_the_mean_unevenness():
    before_G, after_G = np.array([0.09, 0.01, 0.02, 0.0]), np.array([0.01, 0.09, 0.02, 0.0])
    uneven = (0.82 + 0.82 + 0.5 + 0.5) / 4
    found = least_freedom(before_G, after_G, 5)
    np.testing.assert_allclose(found, [4 / 0.82, 4 / 0.82, 4 / uneven, 4 / uneven])
    np.testing.assert_allclose(least_freedom(np.zeros(1), np.zeros(1), 5), 8)
    unknown = np.array([np.nan])
    found = least_freedom(np.append(before_G, unknown), np.append(after_G, unknown), 5)
    np.testing.assert_allclose(found[:4], [4 / 0.82, 4 / 0.82, 4 / uneven, 4 / uneven])
