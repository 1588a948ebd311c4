"""Spreads of parts beside the overall one: by hand, against loops, and what their nulls say."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from undertow.study.tooling.nulls import NULLS, independent, same_accuracies
from undertow.study.tooling.parts import Beside, beside, largest, part_spreads


def members_of(class_N, classes=None):
    classes = classes or int(np.max(class_N)) + 1
    return sp.csr_array((np.asarray(class_N)[None] == np.arange(classes)[:, None]).astype(float))


def answers(each=50, classes=4, members=6, moved=0.0, seed=0):
    """Examples of each class with chances of their own, and classes that move by themselves."""
    rng = np.random.default_rng(seed)
    p_N = rng.beta(0.6, 0.3, classes * each)
    moved_MN = np.repeat(moved * rng.normal(size=(members, classes)), each, axis=1)
    right_MN = (rng.random((members, classes * each)) < p_N + moved_MN).astype(float)
    return right_MN, members_of(np.repeat(np.arange(classes), each))


def test_by_hand():
    """Of two classes of one and two examples: accuracies 1, 1/3, 0; by class 1, 0, 0 and 1, ½, 0.
    Their spreads are √(7/27), √⅓ and ½."""
    value_MN = np.array([[1, 1, 1], [0, 1, 0], [0, 0, 0]])
    found = part_spreads(value_MN, members_of([0, 1, 1]))
    whole = np.sqrt(7 / 27)
    assert found.overall == pytest.approx(whole)
    np.testing.assert_array_equal(found.count_G, [1, 2])
    np.testing.assert_allclose(found.spread_G, [np.sqrt(1 / 3), 0.5])
    np.testing.assert_allclose(found.ratio_G, [np.sqrt(1 / 3) / whole, 0.5 / whole])
    np.testing.assert_allclose(found.scaled_G, found.ratio_G * np.sqrt([1 / 3, 2 / 3]))


def test_against_a_loop_with_examples_that_some_member_lacks():
    value_MN, membership_GN = answers()
    value_MN[2, 7] = value_MN[0, 90] = np.nan
    found = part_spreads(value_MN, membership_GN)
    inside_GN = membership_GN.toarray().astype(bool)
    kept_N = [n for n in range(200) if n not in (7, 90)]
    overall = np.std([value_MN[m, kept_N].mean() for m in range(6)], ddof=1)
    for g in range(4):
        own_N = [n for n in kept_N if inside_GN[g, n]]
        slow = np.std([value_MN[m, own_N].mean() for m in range(6)], ddof=1)
        assert found.count_G[g] == len(own_N)
        assert found.ratio_G[g] == pytest.approx(slow / overall)
        assert found.scaled_G[g] == pytest.approx(slow / overall * np.sqrt(len(own_N) / 198))


def test_error_rates_have_denominators_of_their_own():
    """FNR is FN / (FN + TP): negatives are not asked, and take part in no count."""
    miss_MN = np.array([[1, 0, np.nan, 1, np.nan], [0, 0, np.nan, 1, np.nan]])
    found = part_spreads(miss_MN, members_of([0, 0, 0, 1, 1]))
    np.testing.assert_array_equal(found.count_G, [2, 1])
    np.testing.assert_allclose(found.spread_G, [np.std([0.5, 0], ddof=1), 0])
    assert found.overall == pytest.approx(np.std([2 / 3, 1 / 3], ddof=1))


@pytest.mark.parametrize("name", NULLS)
def test_nulls_are_those_of_whole_arrays(name):
    """What all members got right is left out of the draws, and counted."""
    right_MN, membership_GN = answers()
    found = largest(right_MN, membership_GN, ["class"] * 4, draws=39, seed=3)[name]["class"]
    apart_N = (right_MN.sum(axis=0) % 6) > 0
    null, drawn_D = {"independent": independent, "same_accuracies": same_accuracies}[name], []
    for drawn_MN in null(right_MN[:, apart_N].astype(bool), 39, np.random.default_rng(3)):
        whole_MN = right_MN.copy()
        whole_MN[:, apart_N] = drawn_MN
        drawn_D.append(part_spreads(whole_MN, membership_GN))
    seen = part_spreads(right_MN, membership_GN)
    ratio_D = np.array([parts.ratio_G.max() for parts in drawn_D])
    scaled_D = np.array([parts.scaled_G.max() for parts in drawn_D])
    assert found.ratio == pytest.approx(beside(seen.ratio_G.max(), ratio_D))
    assert found.scaled == pytest.approx(beside(seen.scaled_G.max(), scaled_D))
    slow = [(1 + (scaled_D > x * (1 - 1e-9)).sum()) / 40 for x in seen.scaled_G]
    np.testing.assert_allclose(found.p_G, slow)


def test_families_are_asked_of_the_same_draws_and_each_by_itself():
    right_MN, first_GN = answers()
    second_GN = members_of(np.arange(200) % 2)
    both_GN = sp.csr_array(sp.vstack([first_GN, second_GN]))
    names = ["class"] * 4 + ["parity"] * 2
    together = largest(right_MN, both_GN, names, draws=39)
    alone = largest(right_MN, second_GN, ["parity"] * 2, draws=39)
    for null in NULLS:
        assert set(together[null]) == {"class", "parity"}
        assert together[null]["parity"].ratio == pytest.approx(alone[null]["parity"].ratio)


def test_limits_leave_out_as_many_draws_as_they_should():
    drawn_D = np.arange(1.0, 40)
    assert beside(20.0, drawn_D) == Beside(20.0, 1.0, 20.0, 39.0, 21 / 40)
    assert beside(39.5, np.arange(1.0, 1000)) == Beside(39.5, 25.0, 500.0, 975.0, 961 / 1000)
    assert beside(1000.5, np.arange(1.0, 1000)).p == 1 / 1000
    assert beside(39.0, drawn_D).inside
    assert beside(np.nextafter(39.0, 40), drawn_D).inside  # a tie but for rounding
    assert not beside(39.1, drawn_D).inside
    assert not beside(0.9, drawn_D).inside


def test_a_draw_in_which_all_members_are_equally_good_counts_as_larger():
    drawn_D = np.array([1.0, np.nan, 2.0])
    found = beside(1.5, drawn_D)
    assert (found.middle, found.high, found.p) == (2.0, np.inf, 3 / 4)
    assert np.isnan(beside(np.nan, drawn_D)[1:]).all()
    assert np.isnan(beside(1.0, np.full(3, np.nan))[1:]).all()


def test_equal_members_have_no_ratio_and_their_spreads_are_exactly_nothing():
    right_MN = np.tile(answers()[0][:1], (5, 1))
    membership_GN = answers()[1]
    found = part_spreads(right_MN, membership_GN)
    assert (found.overall, found.spread_G.tolist()) == (0, [0, 0, 0, 0])
    assert np.isnan(found.ratio_G).all()
    for families in largest(right_MN, membership_GN, ["class"] * 4, draws=9).values():
        assert np.isnan(families["class"].ratio).all()
        assert np.isnan(families["class"].p_G).all()


def test_members_that_are_equally_good_and_differ_have_no_ratio():
    found = part_spreads(np.array([[1, 0], [0, 1]]), members_of([0, 1]))
    assert found.overall == 0
    np.testing.assert_allclose(found.spread_G, np.sqrt(0.5))
    assert np.isnan(found.ratio_G).all()


def test_one_member_and_a_part_without_examples_are_undefined():
    right_MN, _ = answers()
    membership_GN = members_of(np.repeat(np.arange(4), 50), classes=5)
    one = part_spreads(right_MN[:1], membership_GN)
    assert np.isnan(one.spread_G).all()
    assert np.isnan(
        largest(right_MN[:1], membership_GN, [""] * 5, 9)["independent"][""].ratio
    ).all()
    found = part_spreads(right_MN, membership_GN)
    assert (found.count_G[4], np.isnan(found.spread_G).tolist()) == (0, [False] * 4 + [True])
    most = largest(right_MN, membership_GN, [""] * 5, 9)["independent"][""]
    assert most.ratio.value == found.ratio_G[:4].max()
    assert np.isnan(most.p_G).tolist() == [False] * 4 + [True]


def test_a_graded_outcome_is_refused():
    with pytest.raises(
        ValueError, match=r"^an outcome is 0\.5; parts are compared by outcomes of 0 and 1 alone$"
    ):
        largest(np.array([[0.5, 1], [0, 1]]), members_of([0, 1]), ["", ""])


def inside(audits, quality=0.0, moved=0.0, each=100, classes=10):
    """Of simulated audits of ten members the shares above and below either null."""
    rng, found = np.random.default_rng(4), []
    membership_GN = members_of(np.repeat(np.arange(classes), each))
    for audit in range(audits):
        odds_N = rng.logistic(size=classes * each) * 2 + 2
        moves_MC = quality * rng.normal(size=(10, 1)) + moved * rng.normal(size=(10, classes))
        p_MN = 1 / (1 + np.exp(-odds_N - np.repeat(moves_MC, each, axis=1)))
        right_MN = (rng.random(p_MN.shape) < p_MN).astype(float)
        nulls = largest(right_MN, membership_GN, [""] * classes, draws=39, seed=audit)
        ratios = [nulls[name][""].ratio for name in NULLS]
        found.append([x for r in ratios for x in (r.value > r.high, r.value < r.low)])
    return np.mean(found, axis=0)


@pytest.mark.heavy
def test_of_null_audits_ninety_five_in_a_hundred_lie_inside_either_null():
    above, below, above_same, below_same = inside(300)
    assert 0.92 <= 1 - above - below <= 0.98
    assert 0.92 <= 1 - above_same - below_same <= 0.98


@pytest.mark.heavy
def test_members_that_differ_as_wholes_lie_inside_the_null_of_the_same_accuracies_alone():
    _, below, above_same, below_same = inside(100, quality=0.4)
    assert below > 0.7
    assert above_same + below_same < 0.1


@pytest.mark.heavy
def test_classes_that_move_are_found_by_the_null_of_the_same_accuracies_alone():
    """Independent moves of classes raise the overall spread as much as their own."""
    above, _, above_same, _ = inside(60, moved=0.6)
    assert above < 0.1
    assert above_same > 0.8
