"""Fronts and their area against loops, and how a choice is made."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from scipy import stats

from undertow.study.worst.areas import _half, _Share, area, beyond, crossed
from undertow.study.worst.arms import Arm
from undertow.study.worst.choice import chosen
from undertow.study.worst.front import Front
from undertow.study.worst.pareto import dominated, hypervolume, slopes, staircase

LABEL_N = np.repeat([0, 1], 50)
ORIGIN = (0.0, 0.0)


def arm(first, second, members=4, seed=0, teachers=()):
    """Two classes of fifty, with so many right in each, about."""
    rng = np.random.default_rng(seed)
    return Arm(rng.random((members, 100)) < np.repeat([first, second], 50), LABEL_N, 2, teachers)


def exact(first, second, members=2, lucky=0):
    """With exactly so many right; one member has some more."""
    right_MN = np.stack([np.arange(100) % 50 < np.repeat([first, second], 50)] * members)
    right_MN[0, :] |= np.arange(100) % 50 < np.repeat([first + lucky, second + lucky], 50)
    return Arm(right_MN, LABEL_N, 2)


def test_who_is_beaten_is_who_a_loop_finds():
    points_P2 = np.random.default_rng(0).integers(0, 5, (30, 2)) / 5
    for p, (a, w) in enumerate(points_P2):
        by_loop = any(x >= a and y >= w and (x > a or y > w) for x, y in points_P2)
        assert dominated(points_P2)[p] == by_loop


@pytest.mark.heavy
@pytest.mark.parametrize("reference", [ORIGIN, (0.25, 0.45)])
def test_the_area_is_that_of_a_fine_grid_and_its_slopes_those_of_small_steps(reference):
    points_P2 = np.random.default_rng(1).random((12, 2))
    axis = (np.arange(400) + 0.5) / 400
    under = [
        any(x > a and y > w for x, y in points_P2)
        for a in axis
        for w in axis
        if a > reference[0] and w > reference[1]
    ]
    found = hypervolume(points_P2, reference)
    assert found == pytest.approx(sum(under) / 400**2, abs=0.004)
    for p in range(12):
        for side in range(2):
            moved_P2 = points_P2.copy()
            moved_P2[p, side] += 1e-7
            slope = (hypervolume(moved_P2, reference) - found) / 1e-7
            assert slopes(points_P2, reference)[p, side] == pytest.approx(slope, abs=1e-5)


def test_nothing_above_the_reference_covers_nothing():
    assert hypervolume(np.array([[0.2, 0.9], [0.9, 0.2]]), (0.5, 0.5)) == 0
    assert slopes(np.array([[0.2, 0.9]]), (0.5, 0.5)).tolist() == [[0, 0]]
    assert staircase(np.array([[0.2, 0.9]]), np.array([[0.9, 0.9]]), (0.5, 0.5)) == 0


def test_points_chosen_elsewhere_are_measured_where_they_are():
    choosing_P2 = np.array([[0.5, 0.9], [0.9, 0.5], [0.4, 0.4]])
    assert staircase(choosing_P2, choosing_P2, ORIGIN) == pytest.approx(0.5 * 0.9 + 0.4 * 0.5)
    measuring_P2 = np.array([[0.6, 0.8], [0.7, 0.3], [1.0, 1.0]])
    assert staircase(choosing_P2, measuring_P2, ORIGIN) == pytest.approx(0.6 * 0.8 + 0.1 * 0.3)


def test_the_front_of_arms_is_of_their_average_and_their_worst():
    front = Front({"a": exact(40, 20), "b": exact(30, 29), "c": exact(28, 20), "d": exact(31, 29)})
    assert front.points_P2[:2].tolist() == [pytest.approx([0.6, 0.4]), pytest.approx([0.59, 0.58])]
    assert front.best == ["a", "d"]
    found = area(front, ORIGIN)
    assert found.mean == pytest.approx(0.6 * 0.58)
    assert found.units == 2


def test_who_leads_by_one_lucky_half_does_not_lead_in_the_other():
    front = Front({"steady": exact(30, 30), "lucky": exact(28, 28, lucky=8)})
    assert hypervolume(front.points_P2, ORIGIN) == pytest.approx(0.64**2)
    # the half with the luck is measured by the other, at .56, or chooses by it: steady, at .6
    assert crossed(front, ORIGIN) == pytest.approx((0.56**2 + 0.6**2) / 2)


def test_a_front_goes_beyond_one_that_it_covers_and_not_beyond_itself():
    low = Front(
        {n: arm(*p, seed=s) for s, (n, p) in enumerate({"a": (0.9, 0.4), "b": (0.7, 0.6)}.items())}
    )
    high = Front({n: arm(*p, seed=5) for n, p in {"a": (0.95, 0.8), "b": (0.9, 0.85)}.items()})
    more = beyond(high, low, ORIGIN)
    assert 0 < more.low < more.mean < more.high
    less = beyond(low, high, ORIGIN)
    assert less.mean == pytest.approx(-more.mean)
    same = beyond(low, low, ORIGIN)
    assert same.low < same.mean == 0 < same.high


def test_limits_reach_as_far_below_an_area_as_above_where_units_are_good_at_both_or_neither():
    """The cross-fitted area is then the larger one: (.6² + .76²) / 2 for .68²."""
    front = Front({"lucky": exact(30, 30, lucky=8)})
    assert crossed(front, ORIGIN) == pytest.approx(0.4688)
    found = area(front, ORIGIN)
    assert found.mean == pytest.approx(0.4624)
    assert found.mean - found.low == pytest.approx(found.high - found.mean)
    more = beyond(front, Front({"none": exact(0, 0)}), ORIGIN)
    assert more.mean - more.low >= more.high - more.mean - 1e-12


def test_limits_of_a_difference_reach_from_below_both_cross_fitted_areas_to_above():
    """One front is .64² as measured and (.56² + .6²) / 2 cross-fitted, the other .44² and (.36² +
    .4²) / 2. The lower limit starts from the first one's cross-fitted area and the other's plain
    one, the upper limit the other way round."""
    own = Front({"steady": exact(30, 30), "lucky": exact(28, 28, lucky=8)})
    than = Front({"steady": exact(20, 20), "lucky": exact(18, 18, lucky=8)})
    plain, crossed_own = 0.64**2, (0.56**2 + 0.6**2) / 2
    other, crossed_other = 0.44**2, (0.36**2 + 0.4**2) / 2
    assert crossed(than, ORIGIN) == pytest.approx(crossed_other)
    found = beyond(own, than, ORIGIN)
    assert found.mean == pytest.approx(plain - other)
    below = (found.mean - found.low) - (plain - crossed_own)
    above = (found.high - found.mean) - (other - crossed_other)
    assert below == pytest.approx(above)
    assert below > 0


def test_shares_of_independent_arms_have_welchs_degrees_of_freedom():
    """Of squared errors 2/2 and 2/4 the sum is 1.5, with 1.5² / (1²/1 + .5²/3) degrees."""
    first_U, second_U = np.array([1.0, -1.0]), np.array([1.0, -1.0, 1.0, -1.0]) * math.sqrt(1.5)
    still = [np.zeros((3, len(each_U))) for each_U in (first_U, second_U)]
    shares = [_Share((), u, d) for u, d in zip((first_U, second_U), still, strict=True)]
    df = 1.5**2 / (1 + 0.25 / 3)
    half, units = _half(shares)
    assert half == pytest.approx(stats.t.ppf(0.975, df) * math.sqrt(1.5))
    assert units == 2


def test_a_front_beside_a_part_of_itself_is_never_shown_to_cover_less():
    for seed in range(5):
        arms = {str(n): arm(0.9 - 0.05 * n, 0.5, seed=10 * seed + n) for n in range(4)}
        found = beyond(Front(arms), Front({"0": arms["0"]}), ORIGIN)
        assert found.high >= found.mean >= 0


def test_arms_of_the_same_teachers_vary_together():
    """A front beside its own copy: as the same teachers' members it hardly varies, as others'
    twice."""
    names = ["p/0", "p/1", "p/2", "p/3"]
    for teachers, much in ((names, False), ((), True)):
        front = Front(
            {"a": arm(0.9, 0.6, teachers=teachers), "b": arm(0.8, 0.7, seed=1, teachers=teachers)}
        )
        found = beyond(front, front, ORIGIN)
        gap = hypervolume(front.points_P2, ORIGIN) - crossed(front, ORIGIN)
        assert (found.high - gap > 0.03) is much


def test_one_member_has_no_limits():
    found = area(Front({"a": arm(0.9, 0.6, members=1)}), ORIGIN)
    assert np.isfinite(found.mean)
    assert math.isnan(found.low)
    assert math.isnan(found.high)


def standard():
    """Averages of .6 and .64 over two members: less a standard error .60."""
    return exact(30, 30, lucky=2)


def test_the_choice_is_the_best_worst_class_that_is_accurate_enough():
    held_out = {
        (0.25, 0.0): exact(32, 28),
        (1.0, 1.0): exact(29, 30),
        (0.5, 0.25): exact(31, 29),
        (0.5, 0.5): exact(32, 29),
    }
    found = chosen(held_out, standard())
    assert found.setting == (0.5, 0.5)
    assert found[1:] == pytest.approx((0.58, 0.61, 0.60, 3, 4))
    assert chosen(held_out, standard(), slack=3).setting == (0.5, 0.5)


def test_where_the_average_does_not_count_members_may_all_be_alike():
    """No standard error, and no limit on the average."""
    found = chosen({"a": exact(20, 20), "b": exact(21, 10)}, exact(30, 30), slack=math.inf)
    assert (found.setting, found.least, found.allowed) == ("a", -math.inf, 2)


def test_what_cannot_be_chosen_is_refused():
    said = "none of 1 settings has a held-out average of 0.600"
    with pytest.raises(KeyError, match=re.escape(said)):
        chosen({"a": exact(20, 20)}, standard())
    said = "standard distillation has 1 member; its standard error takes 2, so train another"
    with pytest.raises(ValueError, match=f"^{re.escape(said)}$"):
        chosen({"a": exact(20, 20)}, exact(30, 30, members=1))
