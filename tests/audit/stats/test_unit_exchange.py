"""Exchange within units, against all signs written out."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy import stats

from undertow.audit.stats.unit_exchange import TOGETHER, exchange_limit, exchange_p
from undertow.audit.stats.unit_signs import FEW, LITTLE, Changed, Rows, few_deciding


def p_of(total, alike=None) -> float:
    total_GU = np.array([total], dtype=float)
    alike_GU = np.ones_like(total_GU) if alike is None else np.array([alike], dtype=float)
    return float(exchange_p(total_GU, alike_GU)[0])


def p_by_all_signs(total) -> float:
    signs = np.array(list(product((-1, 1), repeat=len(total))))
    as_large = signs @ np.abs(total) >= abs(np.sum(total)) - 1e-9
    return min(1.0, 2 * as_large.mean())


def p_by_halves(total) -> float:
    """All signs of many units: those of the first half, then how many of the second make up."""
    half = len(total) // 2
    first, second = (
        np.array(list(product((-1, 1), repeat=len(part)))) @ np.abs(part)
        for part in (total[:half], total[half:])
    )
    reached = np.searchsorted(np.sort(second), abs(np.sum(total)) - 1e-9 - first)
    return min(1.0, 2 * float((len(second) - reached).mean()) / len(second))


@pytest.mark.parametrize("units", [5, 8, 11, 12, 13, 16, 19, 20])
def test_p_of_up_to_twenty_units_is_that_of_all_signs(units: int) -> None:
    rng = np.random.default_rng(units)
    for total in (
        rng.normal(0.7, 1, units),
        rng.integers(-1, 4, units).astype(float),
        np.r_[-0.05, rng.uniform(0.5, 2, units - 1)],
        np.r_[rng.choice([-10.0, 10.0], 3), rng.integers(1, 3, units - 3)],
    ):
        unchanged = [0.0] * int(rng.integers(0, 30))
        assert p_of([*total, *unchanged]) == pytest.approx(p_by_halves(total), rel=1e-6)


@pytest.mark.parametrize(
    ("large", "small"),
    [
        # The rest goes in steps; in the second and third both of its ends are near.
        (np.r_[np.tile([1.0, 1.3], 5), -1.0, -0.9], [0.1] * 10),
        (np.r_[np.tile([1.0, 1.3], 5), 1.0, -1.0], [0.2] * 12),
        (np.r_[np.tile([1.0, -1.03], 6)], [0.1] * 7 + [-0.1] * 3),
        (np.r_[np.tile([1.0, -1.03], 6)], [0.1] * 5 + [-0.1] * 5),
        (np.r_[np.ones(10), -1.0, -1.0], [0.1] * 9 + [-0.1]),
    ],
)
def test_p_beside_a_rest_is_nearly_that_of_all_signs(large, small) -> None:
    total = np.r_[large, small]
    assert p_of(total) == pytest.approx(p_by_halves(total), rel=0.02)


@pytest.mark.parametrize("units", [21, 23])
def test_no_p_is_below_that_of_all_signs_agreeing(units: int) -> None:
    """However large some units are beside the rest."""
    for total in (np.r_[np.full(8, 50.0), np.ones(units - 8)], np.r_[-0.05, np.ones(units - 1)]):
        assert p_of(total) >= 2 * 0.5**units * (1 - 1e-9)


@pytest.mark.heavy
@pytest.mark.parametrize("units", [22, 30])
@pytest.mark.parametrize("seed", range(3))
def test_p_is_near_that_of_all_signs(units: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    for total in (rng.normal(0.7, 1, units), rng.integers(-1, 4, units).astype(float)):
        assert p_of(total) == pytest.approx(p_by_halves(total), rel=0.1, abs=0.01)


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


@pytest.mark.heavy
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


@pytest.mark.parametrize(
    ("large", "size", "small"),
    [(16, 1000.0, 100), (16, 20.0, 10), (20, 1000.0, 300), (22, 20.0, 8), (15, 20.0, 10)],
)
def test_large_units_whose_steps_small_ones_do_not_fill_keep_the_level(large, size, small) -> None:
    """All numbers of units of either size that may fall, each with its chance."""
    fell = np.array(list(product(range(large + 1), range(small + 1))))
    chance = stats.binom.pmf(fell[:, 0], large, 0.5) * stats.binom.pmf(fell[:, 1], small, 0.5)
    fell, chance = fell[chance > 1e-9], chance[chance > 1e-9]
    total_GU = np.tile([size, -size, 1.0, -1.0], (len(fell), 1))
    alike_GU = np.array([(large - a, a, small - b, b) for a, b in fell], dtype=float)
    p_G = exchange_p(total_GU, alike_GU)
    for level in (0.1, 0.05, 0.025, 0.01):
        assert 0.25 * level < chance[p_G <= level].sum() <= 1.02 * level


@pytest.mark.parametrize(("giant", "size", "small"), [(1000.0, 26.0, 100), (100.0, 5.0, 60)])
def test_one_giant_leaves_no_steps_and_hides_no_loss(giant, size, small) -> None:
    """All but a third of the small clusters lose, which is more than chance whatever the giant
    does."""
    gained = round(0.3 * small)
    lost = np.arange(small + 1)
    reached = np.abs(giant * np.array([1, -1])[:, None] + size * (small - 2 * lost))
    seen = abs(-giant + size * (gained - (small - gained)))
    exact = float((stats.binom.pmf(lost, small, 0.5) * (reached >= seen - 1e-9)).sum() / 2)
    found = p_of([-giant, size, -size], [1, gained, small - gained])
    assert exact < 0.01
    assert exact * 0.98 < found < exact * 1.3


def test_what_is_left_beside_a_few_may_reach_either_end() -> None:
    """Twelve large units and ten small ones."""
    rng = np.random.default_rng(3)
    large_U = rng.uniform(0.8, 1.2, 12) * np.tile([1, -1], 6)
    total_U = np.concatenate([large_U, 0.1 * np.tile([1, 1, -1, 1, -1], 2)])
    assert p_of(total_U) == pytest.approx(p_by_halves(total_U), rel=0.03)


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


@pytest.mark.parametrize("units", [8, 20, 21])
def test_clusters_that_all_lose_the_same_leave_a_width(units: int) -> None:
    total, size_GU = np.full((1, units), -3.0), np.full((1, units), 6.0)
    upper = exchange_limit(total, size_GU, np.ones((1, units)), 0.05, 1)[0]
    assert -0.48 < upper < 0


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


@pytest.mark.heavy
def test_rows_have_the_limits_that_each_has_alone():
    rng = np.random.default_rng(2)
    shape = (40, TOGETHER // 16)
    total_GU = rng.normal(0.1, 0.3, size=shape).clip(-1, 1)
    total_GU[::2, 3:] *= 1e-3  # A few units decide in every second row.
    size_GU = np.ones(shape)
    limit_G = exchange_limit(total_GU, size_GU, size_GU, 0.05, 1)
    alone = [
        exchange_limit(*(a[[g]] for a in (total_GU, size_GU, size_GU)), 0.05, 1) for g in (0, 1, 39)
    ]
    assert limit_G[[0, 1, 39]].tolist() == np.concatenate(alone).tolist()


def test_rows_that_a_few_units_decide_are_found_without_sorting_the_others():
    rng = np.random.default_rng(3)
    size_GU = rng.random((300, 30)) ** rng.integers(1, 40, size=(300, 1))
    alike_GU = rng.integers(1, 4, size=size_GU.shape).astype(float)
    there_GU, square_G = np.ones(size_GU.shape, dtype=bool), (alike_GU * size_GU**2).sum(axis=1)
    nothing_G = np.zeros(300)
    changed = Changed(there_GU, nothing_G, nothing_G)
    rows = Rows(size_GU, alike_GU, there_GU, alike_GU.sum(axis=1), nothing_G, changed)
    largest_GF = [
        np.sort(np.repeat(s, a.astype(int)))[-FEW:] for s, a in zip(size_GU, alike_GU, strict=True)
    ]
    rest_G = np.array([sq - (f**2).sum() for sq, f in zip(square_G, largest_GF, strict=True)])
    found = few_deciding(rows, square_G)
    assert found is not None
    assert found.rows_R.tolist() == np.flatnonzero(rest_G <= LITTLE * square_G).tolist()
    assert 0 < len(found.rows_R) < 300
