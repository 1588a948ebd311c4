"""Exchange within units, against all signs written out."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy import stats

from undertow.audit.stats.unit_exchange import exchange_limit, exchange_p


def p_of(total, alike=None) -> float:
    total_GU = np.array([total], dtype=float)
    alike_GU = np.ones_like(total_GU) if alike is None else np.array([alike], dtype=float)
    return float(exchange_p(total_GU, alike_GU)[0])


def p_by_all_signs(total) -> float:
    signs = np.array(list(product((-1, 1), repeat=len(total))))
    as_large = signs @ np.abs(total) >= abs(np.sum(total)) - 1e-9
    return min(1.0, 2 * as_large.mean())


@pytest.mark.parametrize("units", [8, 10, 14])
@pytest.mark.parametrize("seed", range(3))
def test_p_is_near_that_of_all_signs(units: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    for total in (rng.normal(0.7, 1, units), rng.integers(-1, 4, units).astype(float)):
        exact = p_by_all_signs(total)
        assert p_of(total) == pytest.approx(exact, rel=0.3, abs=0.01)


@pytest.mark.parametrize(("rose", "fell"), [(9, 1), (30, 12), (80, 60), (12, 0)])
def test_units_of_one_size_are_nearly_mcnemars(rose: int, fell: int) -> None:
    exact = stats.binomtest(rose, rose + fell).pvalue
    found = p_of([1.0, -1.0, 0.0], [rose, fell, 50])
    assert exact * 0.98 <= found <= exact * 1.6


def test_units_that_are_alike_are_as_many_units() -> None:
    alone = p_of([2.0] * 5 + [-1.0] * 3)
    assert p_of([2.0, -1.0, 7.0], [5, 3, 0]) == pytest.approx(alone)


def test_nothing_that_moved_shows_nothing() -> None:
    assert p_of([0.0, 0.0, 0.0]) == 1.0
    assert p_of([1.0, -1.0, 2.0, -2.0]) == 1.0


def test_signs_mirror() -> None:
    total = np.array([3.0, 1.0, -0.5, 2.0, 0.2, 1.4])
    assert p_of(total) == pytest.approx(p_of(-total))
    size_GU, alike_GU = np.full((1, 6), 4.0), np.ones((1, 6))
    upper = exchange_limit(total[None], size_GU, alike_GU, 0.2, 1)
    lower = exchange_limit(-total[None], size_GU, alike_GU, 0.2, -1)
    assert upper == pytest.approx(-lower)


def test_a_limit_is_where_the_rest_is_just_not_rejected() -> None:
    rng = np.random.default_rng(4)
    size_U = rng.integers(1, 20, 24).astype(float)
    total_U = np.clip(rng.normal(-0.1, 0.2, 24), -1, 1) * size_U
    upper = exchange_limit(total_U[None], size_U[None], np.ones((1, 24)), 0.1, 1)[0]
    assert p_of(total_U - upper * size_U) == pytest.approx(0.1, abs=2e-3)
    assert total_U.sum() / size_U.sum() < upper < 0


def test_five_units_reject_nothing() -> None:
    ones = np.ones((1, 5))
    assert exchange_limit(-0.1 * ones, ones, ones, 0.05, 1) == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize(("giant", "units"), [(100, 20), (500, 20), (500, 60)])
def test_one_large_unit_does_not_hide_what_all_the_small_ones_say(giant: int, units: int) -> None:
    exact = 0.5**units
    # What is left beside the few that decide is taken as normal.
    assert exact / 2 < p_of([giant] + [1.0] * units) < max(8 * exact, 1e-14)


CHANGED = [12.0, 9.0, 10.0, 8.0, 11.0, -1.0]


@pytest.mark.parametrize("unchanged", [0, 6, 7, 20, 200])
def test_units_that_did_not_change_say_nothing(unchanged: int) -> None:
    """Of 2⁶ signs four reach as far: p is 4/64, however many units stand beside."""
    assert p_of(CHANGED + [0.0] * unchanged) == pytest.approx(4 / 64, abs=1e-12)
    total_GU = np.array([CHANGED + [0.0] * unchanged])
    ones_GU = np.ones_like(total_GU)
    low, high = (exchange_limit(total_GU, 20 * ones_GU, ones_GU, 0.05, s)[0] for s in (-1, 1))
    assert low <= 0 < total_GU.sum() / ones_GU.sum() / 20 < high


@pytest.mark.parametrize(
    "sizes",
    [
        [1.0, 1.1, 0.9, 1.2, 0.95, *[0.03] * 2, *[0.0] * 30],
        [1.0] * 5 + [0.01] * 8,
        [0.764, 0.964, 0.692, 0.866, 0.703, 1.212, 0.534, 0.27, 0.151, 0.153, *[0.0] * 4],
        [2.0, 1.5, 1.0, 1.2, *np.linspace(0.001, 0.02, 30)],
        [100.0, *[1.0] * 13],
    ],
)
def test_where_a_few_units_decide_a_null_is_rejected_no_more_often_than_it_may_be(sizes) -> None:
    signs_RU = np.random.default_rng(7).choice([-1.0, 1.0], (4000, len(sizes)))
    p_R = exchange_p(signs_RU * np.array(sizes), np.ones_like(signs_RU))
    for level in (0.05, 0.01):
        allowed = level + 2.5 * np.sqrt(level * (1 - level) / 4000)
        assert (p_R <= level).mean() <= allowed


def test_what_is_left_beside_a_few_may_reach_either_end() -> None:
    """Ten large units and six small ones, whose signs are written out here too."""
    rng = np.random.default_rng(3)
    large_U, small_U = rng.uniform(0.8, 1.2, 10), np.full(6, 0.1)
    total_U = np.concatenate([large_U * np.tile([1, -1], 5), small_U * [1, 1, -1, 1, -1, 1]])
    signs_SU = np.array(list(product((1.0, -1.0), repeat=16)))
    exact = float((np.abs(signs_SU @ np.abs(total_U)) >= abs(total_U.sum()) - 1e-12).mean())
    assert 0.97 * exact < p_of(total_U) < 1.15 * exact


def test_what_adding_left_over_is_no_step() -> None:
    """A third and a third and minus two thirds is not quite 0."""
    clean = [1 / 3] * 6 + [0.0] * 6
    left_over = [1 / 3] * 6 + [5e-17] + [0.0] * 5
    assert p_of(left_over) == pytest.approx(p_of(clean))


@pytest.mark.parametrize("losing", range(3, 12))
def test_limit_and_p_say_the_same_where_most_clusters_do_not_move(losing: int) -> None:
    total = np.r_[-np.ones(losing), np.zeros(30 - losing)][None]
    size_GU, alike_GU = np.full((1, 30), 6.0), np.ones((1, 30))
    upper = exchange_limit(total, size_GU, alike_GU, 0.05, 1)[0]
    assert (upper < 0) == (p_of(total[0]) <= 0.05)


def test_clusters_that_all_lose_the_same_leave_a_width() -> None:
    total, size_GU = np.full((1, 20), -3.0), np.full((1, 20), 6.0)
    assert exchange_limit(total, size_GU, np.ones((1, 20)), 0.05, 1)[0] > -0.48


@pytest.mark.parametrize(("units", "side"), [(5, 1), (5, -1), (6, 1), (6, -1), (12, 1)])
def test_units_of_which_none_changed_are_known_as_well_as_their_number_says(units, side) -> None:
    """Under any other mean their signs agree, which six do with chance 1/32."""
    size_GU = np.full((1, units), 5.0)
    end = exchange_limit(np.zeros_like(size_GU), size_GU, np.ones_like(size_GU), 0.05, side)[0]
    assert end == pytest.approx(0.0 if units > 5 else side, abs=1e-6)


@pytest.mark.parametrize("still", [0, 25])
@pytest.mark.parametrize("total", [(1, 9, 2, 30, 4), (1, 100, 2, 3, 100)])
def test_nothing_is_less_likely_than_that_all_that_changed_agree(total, still) -> None:
    """Of five units of any sizes this has chance 1/16, where the approximation would say less."""
    moved = np.r_[np.array(total, dtype=float), np.zeros(still)]
    assert p_of(moved) >= 2 * 0.5**5 - 1e-12
    size_GU = np.full((1, 5), 200.0)
    for side in (-1, 1):
        end = exchange_limit(np.array([total], float), size_GU, np.ones((1, 5)), 0.05, side)[0]
        assert end == pytest.approx(side, abs=1e-6)


def test_p_of_a_few_unequal_units_is_never_below_all_signs_written_out() -> None:
    """A small unit that disagrees is no half step away from all agreeing."""
    rng = np.random.default_rng(11)
    for total in (
        [1.5, 2.5, -0.5, 3, 3, 2.5],
        [3, 3, -0.5, 2.5, 0, 2.5, 2],
        [5.92, 6.34, 3.43, 21.28, 3.15, -0.09, 4.49, 9.1, 4.78, 15.11],
        *(rng.normal(0.5, 1, units).round(2) for units in (6, 7, 8, 9, 10, 11, 12) * 3),
    ):
        exact = p_by_all_signs(np.asarray(total))
        assert exact * (1 - 1e-9) <= p_of(total) <= max(3 * exact, exact + 0.1)


def test_limits_of_a_few_units_are_where_all_signs_written_out_reject() -> None:
    rng = np.random.default_rng(12)
    for units in (6, 8, 12):
        total_U, size_U = rng.normal(0.3, 1, units), rng.integers(1, 9, units).astype(float)
        total_U = np.clip(total_U, -size_U, size_U)
        for side in (-1, 1):
            limit = exchange_limit(total_U[None], size_U[None], np.ones((1, units)), 0.05, side)[0]
            if abs(limit) < 0.999:
                beyond = limit + side * 1e-6
                assert p_by_all_signs(total_U - beyond * size_U) <= 0.0501
