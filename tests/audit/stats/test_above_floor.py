from __future__ import annotations

import numpy as np
import pytest

from undertow.audit.stats.above_floor import above_floor


def test_equals_the_definition():
    rng = np.random.default_rng(0)
    value_DG = rng.normal(size=(200, 5)) * [1, 2, 3, 4, 5] + 10
    value_DG[0] += [4, 0, 0, -20, 9]
    found = above_floor(value_DG, level=0.1)
    mean_G, sd_G = value_DG.mean(axis=0), value_DG.std(axis=0)
    z_DG = (value_DG - mean_G) / sd_G
    np.testing.assert_allclose(found.value_G, value_DG[0])
    np.testing.assert_allclose(found.effect_G, value_DG[0] - mean_G)
    np.testing.assert_allclose(found.floor_high_G, np.quantile(value_DG, 0.95, axis=0))
    np.testing.assert_allclose(found.floor_low_G, np.quantile(value_DG, 0.05, axis=0))
    np.testing.assert_allclose(found.p_G, (value_DG >= value_DG[0]).mean(axis=0))
    np.testing.assert_allclose(
        found.p_adjusted_G, [(z_DG.max(axis=1) >= z - 1e-9).mean() for z in z_DG[0]]
    )
    upper, lower = np.sort(z_DG.max(axis=1))[-21], np.sort((-z_DG).max(axis=1))[-21]
    np.testing.assert_allclose(found.low_G, found.effect_G - upper * sd_G, rtol=1e-5)
    np.testing.assert_allclose(found.high_G, found.effect_G + lower * sd_G, rtol=1e-5)


def test_low_says_what_the_adjusted_p_says():
    rng = np.random.default_rng(1)
    told = []
    for _ in range(60):
        value_DG = rng.poisson(3, size=(150, 4)) / 40
        value_DG[0] += rng.integers(0, 8, size=4) / 40
        found = above_floor(value_DG, level=0.05)
        told.append(found.p_adjusted_G <= 0.05)
        assert (told[-1] == (found.low_G > 0)).all()
    assert 0.05 < np.mean(told) < 0.95


def test_a_slice_where_nothing_ever_changes_is_not_above_its_floor():
    value_DG = np.full((50, 1), 0.1 + 0.2)
    value_DG[::2] = 0.3
    found = above_floor(value_DG, level=0.05)
    assert (found.p_G[0], found.p_adjusted_G[0]) == (1.0, 1.0)
    assert found.effect_G[0] == pytest.approx(0.0, abs=1e-12)


def test_rare_slices_do_not_drown_the_others():
    """One step up in a draw out of a hundred would be ten standard deviations; there are enough
    such slices."""
    rng = np.random.default_rng(0)
    rare_DG = (rng.random((500, 80)) < 0.01) / 10
    rare_DG[0] = 0
    value_DG = np.column_stack([rng.normal(size=500), rare_DG])
    value_DG[0, 0] = 5
    found = above_floor(value_DG, level=0.05)
    assert found.p_adjusted_G[0] <= 0.05
    plain = np.abs(value_DG[1:] - value_DG.mean(axis=0)) / value_DG.std(axis=0)
    assert (plain.max(axis=1) >= 5).mean() > 0.05


def test_undefined_draws_are_left_out_and_undefined_slices_stay_undefined():
    value_DG = np.array(
        [[3.0, np.nan, np.nan], [1.0, 1.0, np.nan], [np.nan, 2.0, np.nan], [2.0, 3.0, np.nan]]
    )
    found = above_floor(value_DG, level=0.05)
    assert found.floor_G[0] == 2.0
    assert found.p_G[0] == pytest.approx(1 / 3)
    assert np.isnan([column[1:] for column in found]).all()


def test_one_draw_and_no_slice():
    assert above_floor(np.array([[0.4]]), level=0.05).p_adjusted_G.tolist() == [1.0]
    assert above_floor(np.empty((9, 0)), level=0.05).value_G.shape == (0,)
