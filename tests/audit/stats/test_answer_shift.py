"""Shares of answers and precisions of two models on the same examples."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from undertow.audit.stats import answer_shift as module
from undertow.audit.stats.answer_shift import AnswerShift, with_members
from undertow.audit.stats.mcnemar import mcnemar_exact, paired_interval


def share_shift(before_N, after_N, classes, level, cluster_N) -> AnswerShift:
    return module.share_shift(
        np.atleast_2d(before_N), np.atleast_2d(after_N), classes, level, cluster_N
    )


def precision_shift(before_N, after_N, label_N, classes, level, cluster_N) -> AnswerShift:
    return module.precision_shift(
        np.atleast_2d(before_N), np.atleast_2d(after_N), label_N, classes, level, cluster_N
    )


RNG = np.random.default_rng(0)
LABEL_N = RNG.integers(0, 3, 400)
BEFORE_N = np.where(RNG.random(400) < 0.7, LABEL_N, RNG.integers(0, 3, 400))
AFTER_N = np.where(RNG.random(400) < 0.8, BEFORE_N, RNG.integers(0, 3, 400))


def test_a_share_is_the_exact_paired_test_of_being_answered():
    found = share_shift(BEFORE_N, AFTER_N, 3, 0.05, None)
    for c in range(3):
        lost, gained = (
            int(((c == BEFORE_N) & (c != AFTER_N)).sum()),
            int(((c != BEFORE_N) & (c == AFTER_N)).sum()),
        )
        assert found.effect_C[c] == pytest.approx((gained - lost) / 400)
        assert found.p_C[c] == pytest.approx(float(mcnemar_exact(lost, gained)))
        assert (found.low_C[c], found.high_C[c]) == pytest.approx(
            tuple(paired_interval(lost, gained, 400, 0.05))
        )
        assert found.after_C[c] == pytest.approx(float((c == AFTER_N).mean()))


def test_unanswered_examples_are_left_out():
    before_N = np.where(np.arange(400) < 100, -1, BEFORE_N)
    np.testing.assert_allclose(
        np.array(share_shift(before_N, AFTER_N, 3, 0.05, None)),
        np.array(share_shift(BEFORE_N[100:], AFTER_N[100:], 3, 0.05, None)),
    )
    assert np.isnan(np.array(share_shift(np.full(4, -1), AFTER_N[:4], 3, 0.05, None))).all()


def test_copies_of_examples_in_clusters_tell_no_more_than_the_examples():
    alone_p = (
        share_shift(BEFORE_N, AFTER_N, 3, 0.05, None),
        precision_shift(BEFORE_N, AFTER_N, LABEL_N, 3, 0.05, None),
    )
    before_N, after_N, label_N = (np.tile(a, 10) for a in (BEFORE_N, AFTER_N, LABEL_N))
    cluster_N = np.tile(np.arange(400), 10)
    copied = (
        share_shift(before_N, after_N, 3, 0.05, cluster_N),
        precision_shift(before_N, after_N, label_N, 3, 0.05, cluster_N),
    )
    for alone, tenfold in zip(alone_p, copied, strict=True):
        width, wide = alone.high_C - alone.low_C, tenfold.high_C - tenfold.low_C
        assert (wide > 0.93 * width).all()


def test_a_precision_that_rests_on_three_answers_still_has_a_width():
    before_N, after_N = np.array([0, 0, 0, 1, 1, 1]), np.array([0, 0, 0, 1, 1, 1])
    found = precision_shift(before_N, after_N, before_N, 3, 0.05, None)
    assert found.effect_C[0] == 0
    assert found.low_C[0] < -0.3
    assert np.isnan([found.effect_C[2], found.low_C[2], found.p_C[2]]).all(), "never answered"


@pytest.mark.heavy
@pytest.mark.parametrize("answered", [30, 300])
def test_intervals_of_a_precision_cover_the_truth(answered: int):
    """Two models that answer a class to overlapping examples, right on 60 and on 75 % of them."""
    rng, covered, draws = np.random.default_rng(answered), 0, 400
    for _ in range(draws):
        n = 4 * answered
        says = [(rng.random(n) < 0.25).astype(int) for _ in range(2)]
        both = (says[0] == 1) & (says[1] == 1)
        right = rng.random(n) < np.where(both, 0.75, np.where(says[0] == 1, 0.55, 0.75))
        found = precision_shift(says[0], says[1], np.where(right, 1, 0), 2, 0.05, None)
        covered += found.low_C[1] <= 0.75 - (0.25 * 0.75 + 0.75 * 0.55) <= found.high_C[1]
    assert 0.92 <= covered / draws <= 0.985


def test_runs_of_a_side_are_averaged_and_runs_that_agree_are_one_run():
    for function in (
        share_shift,
        lambda a, b, c, level, k: precision_shift(a, b, LABEL_N, c, level, k),
    ):
        alone = function(BEFORE_N, AFTER_N, 3, 0.05, np.arange(400))
        again = function(
            np.tile(BEFORE_N, (3, 1)), np.tile(AFTER_N, (2, 1)), 3, 0.05, np.arange(400)
        )
        for name in ("before_C", "after_C", "effect_C"):
            np.testing.assert_allclose(getattr(again, name), getattr(alone, name), atol=1e-12)
        assert (again.high_C - again.low_C <= alone.high_C - alone.low_C + 1e-12).all()
        assert (again.high_C - again.low_C > 0.8 * (alone.high_C - alone.low_C)).all()


def test_both_members_and_examples_vary():
    rng = np.random.default_rng(1)
    share = 0.05 / 3
    examples = share_shift(BEFORE_N, AFTER_N, 3, share, None)
    before_CM, after_CM = (0.3 + 0.01 * rng.standard_normal((3, m)) for m in (5, 6))
    found = with_members(examples, before_CM, after_CM, share, False)
    still = with_members(examples._replace(se_C=np.zeros(3)), before_CM, after_CM, share, False)
    half_C, members_C, examples_C = ((a.high_C - a.low_C) / 2 for a in (found, still, examples))
    np.testing.assert_allclose(half_C**2, members_C**2 + examples_C**2, rtol=1e-6)
    told = with_members(examples, before_CM, after_CM + 0.2, share, False)
    assert ((told.p_C <= share) == (told.low_C > 0)).all()
    at_limit = with_members(
        examples, before_CM, after_CM + (half_C - found.effect_C)[:, None], share, False
    )
    np.testing.assert_allclose(at_limit.p_C, share, rtol=1e-6)
    assert np.isfinite(with_members(examples, before_CM, after_CM[:, :1], share, False).low_C).all()


def test_clusters_make_a_share_no_surer_than_its_examples():
    """In each cluster a class is lost once and gained once, so clusters by themselves do not vary
    at all."""
    before_N, after_N = np.tile([0, 1, 2, 2], 30), np.tile([1, 0, 2, 2], 30)
    cluster_N = np.repeat(np.arange(30), 4)
    found = share_shift(before_N, after_N, 3, 0.05, cluster_N)
    low, high = paired_interval(30, 30, 120, 0.05)
    assert (found.low_C[0], found.high_C[0], found.p_C[0]) == pytest.approx(
        (float(low), float(high), 1.0)
    )
    after_N[:12] = 2
    alone, found = (share_shift(before_N, after_N, 3, 0.05, k) for k in (None, cluster_N))
    assert (found.low_C <= alone.low_C + 1e-12).all()
    assert (found.high_C >= alone.high_C - 1e-12).all()
    assert (found.p_C >= alone.p_C - 1e-12).all()


def test_few_clusters_are_few_degrees_of_freedom():
    """Five clusters: Student's quantile with four, 2.78 and not 1.96."""
    found = precision_shift(BEFORE_N, AFTER_N, LABEL_N, 3, 0.05, np.arange(400) % 5)
    np.testing.assert_allclose(found.high_C - found.low_C, 2 * stats.t.isf(0.025, 4) * found.se_C)
    centre_C = (found.low_C + found.high_C) / 2
    np.testing.assert_allclose(found.p_C, 2 * stats.t.sf(np.abs(centre_C) / found.se_C, 4))
    alone = precision_shift(BEFORE_N, AFTER_N, LABEL_N, 3, 0.05, None)
    np.testing.assert_allclose(alone.high_C - alone.low_C, 2 * stats.norm.isf(0.025) * alone.se_C)


def test_a_share_that_did_not_move_in_any_run_is_known_to_half_an_example():
    same_RN = np.tile(BEFORE_N, (2, 1))
    found = share_shift(same_RN, same_RN, 3, 0.05, None)
    np.testing.assert_allclose(found.se_C, 0.5 / 400)
    np.testing.assert_allclose(found.high_C, stats.t.isf(0.025, 399) * 0.5 / 400)
    np.testing.assert_allclose(found.p_C, 1.0)


@pytest.mark.parametrize("size_K", [[10] * 60, [100] * 2 + [10] * 58])
def test_clusters_that_were_not_seen_may_move_a_share_and_a_precision(size_K):
    """As rare as to be missed with chance .025, as large as clusters that matter, and changed as a
    whole; a class that fewer clusters answer is known less well."""
    size_K = np.array(size_K, dtype=float)
    cluster_N = np.repeat(np.arange(60), size_K.astype(int))
    answer_N = np.where(cluster_N < 20, 0, 1)
    large = (size_K**3).sum() / (size_K**2).sum() / size_K.mean()
    missed = [large * (1 - 0.025 ** (1 / clusters)) for clusters in (60, 20, 40)]
    share = share_shift(answer_N, answer_N, 2, 0.05, cluster_N)
    assert share.unseen_C == pytest.approx([min(1, missed[0])] * 2)
    precision = precision_shift(answer_N, answer_N, answer_N, 2, 0.05, cluster_N)
    assert precision.unseen_C == pytest.approx([min(1, each) for each in missed[1:]])
    for found in (
        share_shift(answer_N, answer_N, 2, 0.05, None),
        precision_shift(answer_N, answer_N, answer_N, 2, 0.05, None),
    ):
        assert (found.unseen_C == 0).all()


def test_clusters_are_as_large_as_what_is_known_of_them():
    """190 examples without an answer, or without a label, make their cluster no larger."""
    cluster_N = np.repeat(np.arange(40), [200] + [10] * 39)
    silent_N = np.arange(len(cluster_N)) < 190
    answer_N = cluster_N % 2
    known_N = np.where(silent_N, -1, answer_N)
    share = share_shift(known_N, answer_N, 2, 0.05, cluster_N)
    precision = precision_shift(answer_N, answer_N, known_N, 2, 0.05, cluster_N)
    assert share.unseen_C == pytest.approx([1 - 0.025 ** (1 / 40)] * 2)
    assert precision.unseen_C == pytest.approx([1 - 0.025 ** (1 / 20)] * 2)
