"""What becomes of claims about worst classes: the right side of each interval, against loops."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from undertow.audit.stats.components import nested
from undertow.study.worst import areas, outcomes
from undertow.study.worst.arms import Arm, worst
from undertow.study.worst.front import Front
from undertow.study.worst.teachers import Teachers
from undertow.study.worst.values import beyond, difference
from undertow.study.worst.written import gain

LABEL_N = np.repeat([0, 1, 2], 60)
TEACHERS = [f"t/{m}" for m in range(5)]


def arm(low, seed=0, teachers=TEACHERS):
    rng = np.random.default_rng(seed)
    right_MN = rng.random((5, 180)) < np.array([low, 0.9, 0.95])[LABEL_N]
    return Arm(right_MN, LABEL_N, 3, teachers)


@pytest.mark.parametrize(
    ("low", "status"), [(0.8, "held"), (0.3, "not held"), (0.6, "not testable")]
)
def test_an_arm_is_above_another_by_its_worst_class(low, status):
    one, base = arm(low, 1), arm(0.6)
    found = outcomes.above("robust", one, "standard", base)
    average = gain(difference(one, base, one.average()))
    said = (
        f"robust: {gain(difference(one, base, worst()))} points beside standard, average {average}"
    )
    assert found.status == status
    assert found.evidence == said + ("; too small to tell" if status == "not testable" else "")


@pytest.mark.parametrize(
    ("last", "status"), [(0.3, "held"), (0.95, "not held"), (0.8, "not testable")]
)
def test_an_arm_is_above_each_of_others(last, status):
    one, others = arm(0.8, 1), {"a": arm(0.3), "b": arm(last, 2)}
    found = outcomes.above_each("robust", one, others)
    each = [gain(difference(one, other, worst())) for other in others.values()]
    assert found.status == status
    assert found.evidence.startswith(f"robust: {each[0]} beside a, {each[1]} beside b points")


def test_of_an_arm_and_itself_nothing_can_be_told():
    found = outcomes.above("standard", arm(0.6), "standard", arm(0.6))
    said = "what was chosen is standard itself; too small to tell"
    assert (found.status, found.evidence) == ("not testable", said)


@pytest.mark.parametrize(
    ("first", "second", "status"),
    [
        ((0.75, 0.8), (0.3, 0.8), "held"),
        ((0.3, 0.8), (0.75, 0.8), "not held"),
        ((0.6, 0.8), (0.4, 0.6), "not testable"),
    ],
)
def test_one_kind_bears_a_change_better(first, second, status):
    pairs = [
        (arm(after, 1 + n), arm(before, 3 + n)) for n, (after, before) in enumerate((first, second))
    ]
    found = outcomes.keeps({", pruned": tuple(pairs)})
    each = [gain(difference(*pair, worst())) for pair in pairs]
    more = gain(beyond(*pairs, worst()))
    said = f"pruned: {each[0]} points beside {each[1]}, {more} more"
    assert found.status == status
    assert found.evidence.removesuffix("; too small to tell") == said


def test_a_change_is_borne_better_where_each_is():
    better = (arm(0.75, 1), arm(0.8, 3)), (arm(0.3, 2), arm(0.8, 4))
    assert outcomes.keeps({", pruned": better, ", int8": better}).status == "held"
    assert outcomes.keeps({", pruned": better, ", int8": better[::-1]}).status == "not held"


@pytest.mark.parametrize(("low", "status"), [(0.9, "held"), (0.3, "not held")])
def test_a_front_covers_more_above_a_corner(low, status):
    more, less = Front({"a": arm(low, 1)}), Front({"a": arm(0.6)})
    found, corner = outcomes.covers(more, less, (0.5, 0.0)), (0.5, 0.0)
    covered = [areas.area(each, corner).mean for each in (more, less)]
    value, lower, upper, _ = areas.beyond(more, less, corner)
    assert found.status == status
    assert found.evidence == (
        f"areas {covered[0]:.4f} and {covered[1]:.4f}, difference "
        f"{value:+.4f} [{lower:+.4f}, {upper:+.4f}]"
    )


def kinds(slope, between, members=12):
    """Three kinds of teachers: what their gaps do to students, within kinds and between them."""
    rng = np.random.default_rng(0)
    for kind in range(3):
        gap_M = rng.normal(size=members) + 10 * kind
        own_M = gap_M - gap_M.mean()
        students_M = slope * own_M + between * kind + 0.1 * rng.normal(size=members)
        yield Teachers({"bins": gap_M, "labels": -gap_M}, students_M)


@pytest.mark.parametrize(
    ("slope", "between", "status"),
    [(-1, 0, "held"), (-1, 50, "held"), (1, -50, "not held"), (0, -50, "not testable")],
)
def test_teachers_are_compared_with_those_of_their_kind(slope, between, status):
    assert outcomes.nearer(kinds(slope, between)).status == status
    assert outcomes.nearer(kinds(slope, between)).evidence.startswith("Spearman's ρ ")
    assert "within kinds, over 36 teachers" in outcomes.nearer(kinds(slope, between)).evidence


def test_ranks_within_kinds_are_those_of_a_loop_and_limits_know_of_three_means():
    found = outcomes.of_one_kind([(k.gaps["bins"], k.students_M) for k in kinds(-0.1, 3)])
    first, second = [], []
    for k in kinds(-0.1, 3):
        first += [rank - 6.5 for rank in stats.rankdata(k.gaps["bins"])]
        second += [rank - 6.5 for rank in stats.rankdata(k.students_M)]
    rho = stats.spearmanr(first, second).statistic
    half = stats.norm.ppf(0.975) * math.sqrt((1 + rho**2 / 2) / (36 - 3 - 2))
    assert found[:3] == pytest.approx(
        (rho, math.tanh(math.atanh(rho) - half), math.tanh(math.atanh(rho) + half))
    )


def test_unknown_gaps_take_no_part_and_none_at_all_decides_nothing():
    known = [(k.gaps["bins"], k.students_M) for k in kinds(-1, 0)]
    gap_M, students_M = known[0]
    more = [(np.append(gap_M, np.nan), np.append(students_M, 0.5)), *known[1:]]
    assert outcomes.of_one_kind(more) == outcomes.of_one_kind(known)
    nothing = [Teachers({"bins": np.full(3, np.nan)}, np.zeros(3))]
    assert outcomes.nearer(nothing).status == "not testable"


@pytest.mark.parametrize(("apart", "status"), [(0.3, "held"), (0.0, "not testable")])
def test_teachers_take_part_where_their_share_is_above_0(apart, status):
    rng = np.random.default_rng(0)
    worst_M = np.repeat(apart * rng.normal(size=8), 2) + 0.02 * rng.normal(size=16)
    found = outcomes.take_part(nested(worst_M, [f"t{m // 2}" for m in range(16)]).share)
    assert found.status == status
    assert found.evidence.startswith("share of the variance ")
