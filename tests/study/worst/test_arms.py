"""Values and differences of arms against what their formula says, by loops."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from scipy import stats

from undertow.study.worst.arms import Arm, balanced, joined, worst
from undertow.study.worst.limits import half_of, together, vary
from undertow.study.worst.true_lowest import _crossed, true_difference, true_worst
from undertow.study.worst.values import beyond, by_unit, difference, paired, value

LABEL_N = np.repeat([0, 1, 2], [20, 30, 50])


def arm(seed=0, members=4, teachers=(), recall=(0.6, 0.7, 0.9)):
    rng = np.random.default_rng(seed)
    right_MN = rng.random((members, len(LABEL_N))) < np.asarray(recall)[LABEL_N]
    return Arm(right_MN, LABEL_N, 3, teachers)


def test_average_balanced_and_worst_are_means_over_members():
    found = arm()
    each = [[m[c == LABEL_N].mean() for c in range(3)] for m in found.right_MN]
    assert value(found, found.average()).mean == pytest.approx(found.right_MN.mean())
    assert value(found, balanced).mean == pytest.approx(np.mean(each))
    assert value(found, worst()).mean == pytest.approx(np.mean([min(m) for m in each]))
    assert value(found, worst(2)).mean == pytest.approx(
        np.mean([sum(sorted(m)[:2]) / 2 for m in each])
    )


def test_limits_add_members_and_examples():
    found = arm()
    each_M = found.recall_MC.min(axis=1)
    drawn_D = found.redrawn_DMC.min(axis=2).mean(axis=1)
    half = math.hypot(
        stats.t.ppf(0.975, 3) * each_M.std(ddof=1) / 2, stats.norm.ppf(0.975) * drawn_D.std(ddof=1)
    )
    got = value(found, worst())
    assert got == pytest.approx((each_M.mean(), each_M.mean() - half, each_M.mean() + half, 4))


def test_what_examples_add_is_how_far_units_move_together():
    """A common part of variance 4 and own parts of variance 9: of one side 4 is left, of two
    independent sides with the same common part nothing."""
    rng = np.random.default_rng(0)
    common_D1 = 2 * rng.normal(size=(20_000, 1))
    first_DU, second_DU = (common_D1 + 3 * rng.normal(size=(20_000, u)) for u in (3, 5))
    pairs = [np.cov(first_DU[:, i], first_DU[:, j])[0, 1] for i in range(3) for j in range(i)]
    assert together(first_DU) == pytest.approx(np.mean(pairs))
    assert together(first_DU) == pytest.approx(4, rel=0.05)
    assert together(first_DU, -second_DU) == pytest.approx(0, abs=0.2)
    assert together(first_DU, second_DU) == pytest.approx(16, rel=0.05)
    assert math.isnan(together(first_DU[:, :1]))


def test_a_difference_of_pairs_is_of_their_differences():
    teachers = ["b", "a", "d", "c"]
    one, other = arm(0, 4, teachers), arm(1, 4, sorted(teachers))
    assert paired(one, other)
    rows = [teachers.index(name) for name in sorted(teachers)]
    each_U = one.recall_MC.min(axis=1)[rows] - other.recall_MC.min(axis=1)
    drawn_DU = one.redrawn_DMC.min(axis=2)[:, rows] - other.redrawn_DMC.min(axis=2)
    got = difference(one, other, worst())
    half = half_of(vary(1 / 50, each_U), together(drawn_DU))
    assert got == pytest.approx((each_U.mean(), each_U.mean() - half, each_U.mean() + half, 4))


def test_a_difference_of_independent_members_has_what_their_two_means_differ_by_over_draws():
    """Members answer alike but for one example each, so draws move both arms by the same and add
    nothing to their difference."""
    one, other = swayed(0), swayed(3)
    assert not paired(one, other)
    first_M, second_M = (a.recall_MC.min(axis=1) for a in (one, other))
    first_DU, second_DU = (a.redrawn_DMC.min(axis=2) for a in (one, other))
    apart_D = first_DU.mean(axis=1) - second_DU.mean(axis=1)
    examples = apart_D.var(ddof=1) - sum(own_loop(side) for side in (first_DU, second_DU))
    half = half_of(vary(1 / 50, first_M, second_M), max(examples, 0.0))
    got = difference(one, other, worst())
    mean = first_M.mean() - second_M.mean()
    assert got == pytest.approx((mean, mean - half, mean + half, 4))


def swayed(shift):
    """Four members of one answer each but for one example of the lowest class."""
    right_MN = np.tile(np.arange(100) % 10 < np.array([6, 7, 9])[LABEL_N], (4, 1))
    right_MN[range(4), [shift + m for m in range(4)]] ^= True
    return Arm(right_MN, LABEL_N, 3)


def own_loop(value_DU):
    """A unit's variance over draws less the covariance of two, over the units."""
    units = value_DU.shape[1]
    cov_UU = np.cov(value_DU, rowvar=False)
    pairs = [cov_UU[i, j] for i in range(units) for j in range(units) if i != j]
    return (np.trace(cov_UU) / units - np.mean(pairs)) / units


def test_what_examples_add_is_never_below_0():
    """Two units whose draws go against each other: 0 of the mean, 1 each of their own."""
    draws_DU = np.array([[1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [-1.0, 1.0]])
    assert together(draws_DU) == 0


def test_a_difference_of_differences_is_by_teacher():
    """Teachers in another order in each arm, and one of them with two students in the first."""
    orders = (["b", "a", "c", "a"], ["a", "b", "c"], ["c", "a", "b"], ["b", "c", "a"])
    arms = [arm(seed, len(names), names) for seed, names in enumerate(orders)]
    each_U, drawn_DU = [], []
    for name in "abc":
        rows = [[m for m, own in enumerate(names) if own == name] for names in orders]
        pairs = list(zip(arms, rows, strict=True))
        mine = [a.recall_MC.min(axis=1)[r].mean() for a, r in pairs]
        drawn = [a.redrawn_DMC.min(axis=2)[:, r].mean(axis=1) for a, r in pairs]
        each_U.append((mine[0] - mine[1]) - (mine[2] - mine[3]))
        drawn_DU.append((drawn[0] - drawn[1]) - (drawn[2] - drawn[3]))
    mean = np.mean(each_U)
    half = half_of(vary(1 / 50, np.array(each_U)), together(np.stack(drawn_DU, axis=1)))
    got = beyond((arms[0], arms[1]), (arms[2], arms[3]), worst())
    assert got == pytest.approx((mean, mean - half, mean + half, 3))


def test_changes_of_others_are_not_compared():
    said = "two changes are compared by teachers, which these arms do not share"
    mine, other = arm(0, 3, ["a", "b", "c"]), arm(1, 3, ["a", "b", "d"])
    for four in ([mine, mine, mine, other], [mine, other, mine, mine], [arm(0, 3)] * 4):
        with pytest.raises(ValueError, match=f"^{re.escape(said)}$"):
            beyond((four[0], four[1]), (four[2], four[3]), worst())
    shuffled = Arm(mine.right_MN, LABEL_N[::-1], 3, mine.teacher_M)
    with pytest.raises(ValueError, match=r"^two arms of 100 and 100 test examples differ"):
        beyond((mine, mine), (mine, shuffled), worst())


def test_students_of_one_teacher_count_as_one_unit_where_there_are_several():
    taught = arm(0, 6, ["x", "y", "x", "z", "z", "z"])
    each_M = taught.recall_MC.min(axis=1)
    each_U = [each_M[[0, 2]].mean(), each_M[1], each_M[3:].mean()]
    assert by_unit(taught, worst(), taught.units).each_U == pytest.approx(each_U)
    assert value(taught, worst())[::3] == pytest.approx((np.mean(each_U), 3))
    for names in (["x"] * 6, ["x", None] * 3, ()):
        assert value(arm(0, 6, names), worst()).units == 6


def test_units_that_agree_are_taken_to_vary_by_half_a_step():
    same = Arm(np.repeat(arm().right_MN[:1], 3, axis=0), LABEL_N, 3)
    assert by_unit(same, worst(), same.units).step == pytest.approx(1 / 50)
    assert by_unit(same, worst(2), same.units).step == pytest.approx(1 / 100)
    assert by_unit(same, balanced, same.units).step == pytest.approx(1 / 150)
    assert by_unit(same, same.average(), same.units).step == pytest.approx(1 / 100)
    members = vary(0.02, np.full(3, 0.5))
    assert half_of(members, 0.0) == pytest.approx(stats.t.ppf(0.975, 2) * 0.01 / math.sqrt(3))


@pytest.mark.parametrize("members", [1, 3])
def test_one_member_of_either_side_tells_nothing(members):
    alone, other = arm(0, 1), arm(1, members)
    assert math.isnan(value(alone, worst()).low)
    for found in (difference(alone, other, worst()), difference(other, alone, worst())):
        assert np.isfinite(found.mean)
        assert np.isnan([found.low, found.high]).all()


def test_the_true_lowest_lies_between_plain_and_cross_fitted():
    """Twenty classes of one recall: the plain value is far too low."""
    label_N, rng = np.repeat(np.arange(20), 50), np.random.default_rng(3)
    one, other = (Arm(rng.random((5, 1000)) < p, label_N, 20) for p in (0.74, 0.9))
    found = true_worst(one)
    assert found.low < found.plain < 0.66
    assert 0.72 < found.crossed < found.high < 0.85
    apart = true_difference(other, one)
    assert apart.plain == pytest.approx(true_worst(other).plain - found.crossed)
    assert apart.crossed == pytest.approx(true_worst(other).crossed - found.plain)
    assert apart.low < apart.plain < 0.16 < apart.crossed < apart.high


def test_of_classes_of_many_examples_an_answer_moves_the_true_lowest_least():
    """Members that agree are taken to vary by half of 1/50, the step of the largest class."""
    same = Arm(np.repeat(arm().right_MN[:1], 3, axis=0), LABEL_N, 3)
    over = _crossed(same, 1)
    assert over.step == pytest.approx(1 / 50)
    assert _crossed(same, 2).step == pytest.approx(1 / 100)
    found = true_worst(same)
    half = half_of(vary(1 / 50, over.value_U), over.examples)
    assert found.high == pytest.approx(over.value_U.mean() + half)
    assert half > half_of(vary(1 / 50, over.value_U), 0.0)


def test_arms_of_other_examples_are_refused():
    said = (
        "two arms of 100 and 100 test examples differ in labels; they are compared on the same "
        "examples in the same order"
    )
    shuffled = Arm(arm().right_MN, LABEL_N[::-1], 3)
    with pytest.raises(ValueError, match=f"^{re.escape(said)}$"):
        difference(arm(), shuffled, worst())
    with pytest.raises(ValueError, match=f"^{re.escape(said)}$"):
        joined([arm(), shuffled])


def test_students_of_one_teacher_each_become_one_arm():
    one, other, alone = arm(0, 2, ["a"] * 2), arm(1, 3, ["b"] * 3), arm(2, 1)
    both = joined([one, other])
    assert both.named == {"a": [0, 1], "b": [2, 3, 4]}
    np.testing.assert_array_equal(both.right_MN[2:], other.right_MN)
    assert joined([one, alone]).named == {}
