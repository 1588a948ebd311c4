"""Verdicts on traces whose wrong labels are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import beta

import traces
from undertow.audit.examined.became_right import recall_of, share_before, share_limits
from undertow.audit.examined.believed import Range, best_window, exact_high
from undertow.audit.examined.called import REASONS
from undertow.audit.examined.confused import Confusion, confusions, in_bulk
from undertow.audit.examined.evidence import evidence_of, standing_of
from undertow.audit.examined.examine import examine, one_answer
from undertow.audit.examined.mixture import BINS, MIDDLE_B, bins_of, log_densities
from undertow.audit.examined.planted import (
    Unshown,
    auroc_of,
    calibrated,
    share_of,
    smoothed,
    unshown_of,
)
from undertow.audit.examined.windows import able_windows, windows_of
from wrong_labels import noisy, values_of


def listed(found):
    return found.verdict_N == "likely mislabelled"


@pytest.mark.heavy
@pytest.mark.parametrize("wrong", [0.05, 0.2])
def test_wrong_labels_are_found(wrong: float):
    values, wrong_N = noisy(wrong=wrong)
    found = examine(values)
    assert found.why == ""
    assert found.calibrated is None
    assert auroc_of(found.evidence.standing_N, wrong_N).value > 0.98
    assert found.share.low <= wrong_N.mean() <= found.share.high
    assert abs(found.share.value - wrong_N.mean()) < 0.02
    assert wrong_N[listed(found)].mean() > 0.9
    assert listed(found)[wrong_N].mean() > 0.85
    assert (found.verdict_N[~wrong_N] == "typical").mean() > 0.5


@pytest.mark.heavy
def test_where_no_label_is_wrong_next_to_none_is_called_so():
    for seed in range(3):
        found = examine(noisy(wrong=0.0, seed=seed)[0])
        assert listed(found).sum() <= 3
        assert found.why == "no group"
        assert np.isnan(found.share.value)
        assert found.share.high == 1
        assert found.count("typical") + found.count("atypical") > 1300


@pytest.mark.heavy
def test_known_wrong_labels_calibrate_and_are_in_no_count():
    values, wrong_N = noisy(N=3000, wrong=0.16, apart=2.3)
    known_N = wrong_N & (np.random.default_rng(0).random(3000) < 0.3)
    found = examine(values, known_N)
    assert found.calibrated is not None
    assert found.calibrated.known == known_N.sum()
    true = wrong_N[~known_N].mean()
    assert found.share.low <= true <= found.share.high
    assert abs(found.calibrated.share.value - true) < 0.02
    others_N = wrong_N & ~known_N
    recall = found.calibrated.recall
    assert recall.low <= listed(found)[others_N].mean() <= recall.high
    assert sum(found.count(verdict) for verdict in set(found.verdict_N)) == (~known_N).sum()


@pytest.mark.heavy
def test_known_wrong_labels_alone_make_no_others_wrong():
    values, wrong_N = noisy(N=3000, wrong=0.05)
    found = examine(values, wrong_N)
    assert found.calibrated is not None
    assert found.calibrated.share.value < 0.004
    assert found.count("likely mislabelled") <= 6


@pytest.mark.heavy
def test_mistakes_that_follow_one_confusion_are_said_to_be_untold():
    values, wrong_N = noisy(N=3000, wrong=0.08, mapped=True)
    found = examine(values)
    pair = found.confusions[0]
    assert (pair.given, pair.instead, pair.in_bulk) == (0, 1, True)
    missed_N = wrong_N & ~listed(found)
    assert (found.verdict_N[missed_N] == "cannot tell").mean() > 0.3
    assert found.in_bulk > 50


def test_what_is_confused_in_bulk_is_in_no_list_and_in_the_upper_limit():
    values, wrong_N = noisy(N=3000, wrong=0.1)
    rows = np.flatnonzero((values.label_N == 0) & ~wrong_N)[:60]
    margin, predicted = values.values["margin"].copy(), values.values["predicted"].copy()
    margin[:, rows], predicted[:, rows] = -0.5, 1
    found = examine(
        replace(values, values={**values.values, "margin": margin, "predicted": predicted})
    )
    bulk_N = in_bulk(values.label_N, found.evidence, found.confusions)
    assert bulk_N.sum() == found.in_bulk
    assert (found.verdict_N[bulk_N] == "cannot tell").all()
    assert (bulk_N & (found.believed_N3[:, 0] > 0.5)).any()
    assert found.alone is not None
    assert found.share.high >= min(found.alone.share.high + bulk_N.mean(), 1)


@pytest.mark.parametrize(
    ("answered", "listed", "of", "bulk"),
    [(16, 6, 100, True), (15, 6, 100, False), (20, 10, 200, False), (21, 10, 200, True)],
)
def test_bulk_is_ten_and_more_than_a_twentieth_that_are_not_listed(answered, listed, of, bulk):
    assert Confusion(0, 1, answered, listed, of).in_bulk is bulk


def test_of_classes_in_bulk_both_directions_are_taken():
    label_N = np.array([0] * 20 + [1] * 3 + [2])
    answer_N = np.array([1] * 20 + [0] * 3 + [0])
    predicted = np.tile(answer_N[:, None], (1, 1, 4))
    evidence = evidence_of(
        values_of(label_N, -np.ones(predicted.shape), predicted, np.full(predicted.shape, 0.2)), 4
    )
    pairs = confusions(label_N, evidence, np.zeros(24, dtype=bool))
    assert [(one.given, one.instead) for one in pairs if one.in_bulk] == [(0, 1)]
    assert in_bulk(label_N, evidence, pairs).tolist() == [True] * 23 + [False]
    two = np.arange(24) < 23
    of_two = evidence_of(
        values_of(
            label_N[two], -np.ones((1, 23, 4)), predicted[:, two], np.full((1, 23, 4), 0.2)
        ), 4
    )  # fmt: skip
    assert not in_bulk(label_N[two], of_two, pairs).any()


def test_pairs_of_classes_are_counted_and_the_most_frequent_comes_first():
    rng = np.random.default_rng(3)
    label_N = rng.integers(0, 3, 60)
    predicted = rng.integers(0, 3, (2, 60, 4))
    margin = np.where(predicted == label_N[:, None], 1.0, -1.0)
    evidence = evidence_of(values_of(label_N, margin, predicted, np.full(margin.shape, 0.5)), 4)
    listed_N = rng.random(60) < 0.5
    counted: dict[tuple[int, int], list[int]] = {}
    for n in range(60):
        looks = predicted[:, n].ravel().tolist()
        instead = int(evidence.instead_N[n])
        if looks.count(instead) > looks.count(int(label_N[n])):
            pair = counted.setdefault((int(label_N[n]), instead), [0, 0])
            pair[0] += 1
            pair[1] += int(listed_N[n])
    found = confusions(label_N, evidence, listed_N)
    told = [(one.given, one.instead, one.answered, one.listed, one.of) for one in found]
    of = np.bincount(label_N).tolist()
    assert told == sorted(
        ((g, i, *counts, of[g]) for (g, i), counts in counted.items()),
        key=lambda one: (-one[2], one[0], one[1]),
    )
    assert len(told) > 3


@pytest.mark.heavy
def test_precision_is_of_what_is_listed_and_recall_of_what_is_known():
    values, wrong_N = noisy(N=3000, wrong=0.16, apart=2.3)
    known_N = wrong_N & (np.random.default_rng(0).random(3000) < 0.3)
    found = examine(values, known_N)
    assert found.expected is not None
    precision, recall = found.expected
    asked_N = listed(found) & ~known_N
    assert precision.value == found.believed_N3[asked_N, 0].mean()
    assert recall.value == listed(found)[known_N].mean() / (1 - found.share.value / 4)


def test_what_is_too_little_to_tell():
    values, _ = noisy(N=250)
    found = examine(values)
    assert found.why == "examples"
    assert set(found.verdict_N) == {"cannot tell"}
    values, _ = noisy(E=2)
    found = examine(values)
    assert found.why == "epochs"
    assert set(found.verdict_N) == {"cannot tell"}
    assert found.expected is None
    assert np.isnan(found.share.value)


def test_examples_that_were_hardly_seen_have_no_verdict():
    values, _ = noisy()
    margin, predicted = values.values["margin"].copy(), values.values["predicted"].copy()
    for array, none in ((margin, np.nan), (predicted, -1)):
        array[:, 0], array[:, 1, 1:], array[1:, 1] = none, none, none
    found = examine(
        replace(values, values={**values.values, "margin": margin, "predicted": predicted})
    )
    assert found.evidence.looks_N[:2].tolist() == [0, 1]
    assert list(found.verdict_N[:2]) == ["cannot tell"] * 2
    assert np.isnan(found.believed_N3[0]).all()
    assert np.isnan(found.evidence.standing_N[0])


def test_the_evidence_of_a_look_is_that_of_a_loop():
    values, _ = noisy(N=40)
    found, standing_N = evidence_of(values, 4), standing_of(values, 4)
    for n in range(40):
        looks, other, won = [], {}, []
        for m in range(3):
            usual = np.median(np.abs(values.values["margin"][m, :, :4].astype(float)))
            for e in range(4):
                answer = int(values.values["predicted"][m, n, e])
                looks.append(answer)
                won.append(1 / (1 + np.exp(-1.5 * float(values.values["margin"][m, n, e]) / usual)))
        for answer in looks:
            if answer != values.label_N[n]:
                other[answer] = other.get(answer, 0) + 1
        assert standing_N[n] == pytest.approx(np.mean(won))
        assert found.given_N[n] == looks.count(int(values.label_N[n])) / 12
        if other:
            assert other[int(found.instead_N[n])] == max(other.values())
            assert found.instead_share_N[n] == max(other.values()) / 12
        else:
            assert found.instead_N[n] == -1
            assert np.isnan(found.agreement_N[n])


def test_agreement_is_of_members_that_answer_something_else():
    label_N = np.zeros(1, dtype=int)
    predicted = np.array([[[1, 1, 2]], [[0, 0, 0]], [[2, 2, 1]]])
    margin = np.where(predicted == 0, 1.0, -1.0)
    found = evidence_of(values_of(label_N, margin, predicted, np.full(margin.shape, 0.5)), 3)
    assert found.instead_N[0] == 1
    assert found.agreement_N[0] == 0.5


def test_the_share_is_the_most_likely_one():
    wrong_B, right_B = np.exp(log_densities(np.array([0.15, 0.8]), np.array([12.0, 20.0]))).T
    count_B = 10_000 * (0.07 * wrong_B + 0.93 * right_B) / BINS
    assert share_of(count_B, wrong_B, right_B) == pytest.approx(0.07, abs=1e-4)
    assert share_of(10_000 * right_B / BINS, wrong_B, right_B) < 1e-3


def test_smoothing_keeps_all_of_a_distribution():
    drawn = np.random.default_rng(0).beta(1, 9, 300)
    density_B = smoothed(drawn)
    assert density_B.sum() / BINS == pytest.approx(1)
    assert density_B.min() > 0
    assert (density_B * MIDDLE_B).sum() / BINS == pytest.approx(drawn.mean(), abs=0.01)


def test_smoothing_treats_both_ends_of_the_scale_alike():
    low = (np.arange(8) + 0.5) / BINS
    np.testing.assert_allclose(smoothed(1 - low), smoothed(low)[::-1])
    assert smoothed(low)[:8].sum() > 0.75 * BINS


def test_recall_is_the_share_of_known_ones_that_would_be_listed():
    values, wrong_N = noisy(N=3000, wrong=0.16, apart=2.3)
    standing_N = standing_of(values, 4)
    known_N = wrong_N & (np.arange(3000) % 3 == 0)
    mixture = best_window([standing_N])[1]
    assert mixture is not None
    found = calibrated(standing_N, known_N, mixture, 5)
    hits = int((found.posterior_BK[bins_of(standing_N[known_N]), 0] > 0.5).sum())
    assert 0 < hits < known_N.sum()
    assert found.recall == recall_of(hits, int(known_N.sum()), found.share, 5)


def test_limits_of_the_share_hold_chance_in_which_ones_are_known():
    """Beyond that of which examples there are, and that of the mixture that is fitted to them:
    these two alone give less than a third as much here."""
    rng = np.random.default_rng(0)
    others = [rng.beta(3, 9, 40_000), rng.beta(9, 6, 80_000), rng.beta(30, 4, 280_000)]
    standing_N = np.concatenate([rng.beta(3, 9, 50), *others])
    mixture = best_window([standing_N])[1]
    assert mixture is not None
    share = calibrated(standing_N, np.arange(400_050) < 50, mixture, 5).share
    of_counts = 1.96 * np.sqrt(share.value * (1 - share.value) / 400_000)
    assert share.high - share.value > 7 * of_counts


def test_limits_of_recall_are_those_of_clopper_and_pearson():
    found = share_limits(8, 10)
    assert found.value == 0.8
    assert found.low == pytest.approx(beta.ppf(0.025, 8, 3))
    assert found.high == pytest.approx(beta.ppf(0.975, 9, 2))


def test_the_share_and_recall_leave_out_planted_labels_that_became_right():
    assert share_before(0.2 / (1 - 0.2 / 4), 5) == pytest.approx(0.2)
    found = recall_of(60, 100, Range(0.2, 0.0, 0.3), 3)
    limits = share_limits(60, 100)
    assert found.value == pytest.approx(0.6 / 0.9)
    assert found.low == limits.low
    assert found.high == pytest.approx(limits.high / 0.85)
    assert recall_of(95, 100, Range(0.5, 0.0, 1.0), 2) == Range(1.0, share_limits(95, 100).low, 1.0)


@pytest.mark.heavy
@pytest.mark.parametrize("seed", range(3))
def test_of_two_classes_a_label_planted_on_a_wrong_one_is_no_wrong_label_missed(seed: int):
    """Every third label is wrong, so a third of the planted ones are right, and stand high."""
    values, before_N = noisy(N=4000, C=2, wrong=0.33, atypical=0.02, seed=seed)
    planted_N = np.random.default_rng(seed + 100).random(4000) < 0.1
    margin = np.where(planted_N, -1, 1)[:, None] * values.values["margin"]
    label_N = np.where(planted_N, 1 - values.label_N, values.label_N).astype(np.int32)
    found = examine(
        replace(values, label_N=label_N, values={**values.values, "margin": margin}), planted_N
    )
    assert found.calibrated is not None
    share, recall = found.share, found.calibrated.recall
    others_N = ~planted_N
    true, held = before_N[others_N].mean(), listed(found)[before_N & others_N].mean()
    assert share.value == pytest.approx(true, abs=0.05)
    assert share.low <= true <= share.high
    uncorrected = share_limits(int(listed(found)[planted_N].sum()), int(planted_N.sum()))
    assert uncorrected.high < held
    assert recall.low <= held <= recall.high
    assert abs(recall.value - held) < abs(uncorrected.value - held) / 2


@pytest.mark.heavy
def test_calibration_is_the_same_each_time():
    values, wrong_N = noisy(wrong=0.15)
    known_N = wrong_N & (np.arange(len(wrong_N)) % 2 == 0)
    standing_N = standing_of(values, 4)
    mixture = best_window([standing_N])[1]
    assert mixture is not None
    first, again = (calibrated(standing_N, known_N, mixture, 5) for _ in range(2))
    assert (first.share, first.recall, first.precision) == (
        again.share,
        again.recall,
        again.precision,
    )


def weak(accuracy_like: float, C: int, N: int = 900):
    """Members that know so little of right labels that they answer any class."""
    rng = np.random.default_rng(0)
    label_N = rng.integers(0, C, N)
    logits_MNEC = rng.normal(0, 1, (2, N, 4, C))
    pull_N = rng.gamma(3, accuracy_like, N)
    logits_MNEC += pull_N[:, None, None] * np.eye(C)[label_N][:, None]
    return traces.values(logits_MNEC, label_N)


@pytest.mark.parametrize(("pull", "C"), [(0.0, 10), (0.2, 10), (0.0, 100), (0.7, 100)])
def test_members_that_know_next_to_nothing_call_no_right_label_wrong(pull: float, C: int):
    found = examine(weak(pull, C))
    assert found.why == ("no group" if pull else "no fit")
    assert found.count("likely mislabelled") == 0
    assert found.share.high == 1


@pytest.mark.heavy
def test_where_the_best_window_has_no_group_of_one_answer_all_epochs_are_looked_at():
    """Members that answer any class in the first epochs, and nearly all labels in the later ones:
    the first ones alone would leave most right labels without a verdict."""
    rng = np.random.default_rng(0)
    label_N = rng.integers(0, 10, 1500)
    logits_MNEC = rng.normal(0, 1, (3, 1500, 12, 10))
    pull_NE = rng.gamma(3, 0.2, 1500)[:, None] * np.where(np.arange(12) < 3, 1, 4)
    logits_MNEC += pull_NE[..., None] * np.eye(10)[label_N][:, None]
    values = traces.values(logits_MNEC, label_N)
    windows = able_windows(values)
    at, mixture = best_window([standing_of(values, epochs) for epochs in windows])
    assert windows[at] < 12
    assert mixture is not None
    assert not one_answer(evidence_of(values, windows[at]), mixture.posterior_BK)
    found = examine(values)
    assert (found.why, found.evidence.epochs) == ("no group", 12)
    assert found.count("likely mislabelled") == 0
    assert found.count("typical") + found.count("atypical") > 1200


@pytest.mark.heavy
def test_where_all_labels_are_known_to_be_wrong_none_is_left_to_tell():
    values, _ = noisy()
    best_N = np.argsort(np.argsort(-standing_of(values, 6), kind="stable"), kind="stable")
    for others in (0, 1, 299):
        found = examine(values, best_N >= others)
        assert found.why == "examples"
        assert found.unshown is None
        assert set(found.verdict_N) == {"cannot tell"}
    assert examine(values, best_N >= 300).why != "examples"


@pytest.mark.heavy
@pytest.mark.parametrize("inverted", [True, False])
def test_labels_that_do_not_stand_worse_than_others_calibrate_nothing(inverted: bool):
    values, wrong_N = noisy(N=3000, wrong=0.12)
    known_N = ~wrong_N if inverted else np.random.default_rng(1).random(3000) < 0.04
    found, alone = examine(values, known_N), examine(values)
    assert found.unshown is not None
    assert found.unshown.known == known_N.sum()
    assert found.unshown.auroc.low <= 0.5
    assert found.calibrated is None
    assert not found.known_wrong_N.any()
    assert (found.verdict_N == alone.verdict_N).all()
    assert found.share == alone.share


def test_pairs_in_which_known_ones_stand_worse_have_limits():
    """Pair by pair, and the variances of how each one does against all others."""
    rng = np.random.default_rng(5)
    standing_N = np.round(np.concatenate([rng.beta(2, 4, 60), rng.beta(4, 3, 90)]), 2)
    known_N = np.arange(150) < 60
    won = np.array(
        [
            [1.0 if a < b else 0.5 if a == b else 0.0 for b in standing_N[60:]]
            for a in standing_N[:60]
        ]
    )
    found = auroc_of(standing_N, known_N)
    away = 1.959964 * np.sqrt(won.mean(axis=1).var(ddof=1) / 60 + won.mean(axis=0).var(ddof=1) / 90)
    assert found.value == pytest.approx(won.mean())
    assert found.low == pytest.approx(won.mean() - away)
    assert found.high == pytest.approx(won.mean() + away)
    assert unshown_of(standing_N, known_N) is None
    assert unshown_of(1 - standing_N, known_N) is not None
    assert unshown_of(1 - standing_N, known_N & (np.arange(150) < 49)) is None
    assert unshown_of(standing_N[:60], known_N[:60]) is None
    alike_N = np.concatenate([np.arange(60) - 0.9, np.arange(90) * 60 / 90]) / 60
    auroc = auroc_of(alike_N, known_N)
    assert auroc.low < 0.5 < auroc.value
    assert unshown_of(alike_N, known_N) == Unshown(60, auroc)


def test_an_example_without_a_label_has_no_evidence_and_no_verdict():
    values, _ = noisy()
    label_N = values.label_N.copy()
    label_N[:3] = -1
    found = examine(replace(values, label_N=label_N))
    assert np.isnan(found.evidence.standing_N[:3]).all()
    assert np.isnan(found.evidence.given_N[:3]).all()
    assert list(found.verdict_N[:3]) == ["cannot tell"] * 3


def unseen(values, at):
    """Nobody saw what this index of (members, examples, epochs) says."""
    kept = {name: array.copy() for name, array in values.values.items()}
    for name, array in kept.items():
        array[at] = -1 if name == "predicted" else np.nan
    return replace(values, values=kept)


@pytest.mark.heavy
@pytest.mark.parametrize("epochs", [[0], [1, 2], [0, 1, 2, 3]])
def test_epochs_that_saw_nothing_take_no_verdict_away(epochs):
    """They are as if they were not there."""
    values, wrong_N = noisy(M=1, E=8)
    found = examine(unseen(values, (slice(None), slice(None), epochs)))
    assert found.why == ""
    assert found.evidence.looks_N.min() >= 3
    assert wrong_N[listed(found)].mean() > 0.9
    seen_E = np.setdiff1d(np.arange(8), epochs)
    entry = values.entry.model_copy(update={"epochs": tuple(seen_E + 1)})
    kept = {name: array[:, :, seen_E] for name, array in values.values.items()}
    without = examine(replace(values, entry=entry, values=kept))
    assert found.evidence.epochs == seen_E[without.evidence.epochs - 1] + 1
    assert (found.verdict_N == without.verdict_N).all()
    assert found.share == without.share


def test_a_window_leaves_next_to_none_below_three_looks():
    """Each epoch sees a half: over three epochs half of the examples would have no verdict."""
    values, _ = noisy(M=1, E=12, N=2000)
    seen_NE = np.random.default_rng(0).random((2000, 12)) < 0.5
    values = unseen(values, ~seen_NE[None])
    able = able_windows(values)
    assert able[-1] == 12
    of_all = (seen_NE.sum(axis=1) >= 3).sum()
    for window in windows_of(12):
        enough = (seen_NE[:, :window].sum(axis=1) >= 3).sum()
        assert (window in able) == (enough >= 0.9 * of_all)
    assert 3 not in able
    found = examine(values)
    assert found.untold("looks") == (found.evidence.looks_N < 3).sum() <= 0.15 * 2000


def test_too_few_looks_or_epochs_with_any_are_said():
    values, _ = noisy(M=1, E=3)
    one = unseen(values, (slice(None), slice(299, None), [1]))
    assert examine(one).why == "looks"
    assert examine(one).untold("looks") == 1500 - 299
    assert examine(one).untold("nothing fitted") == 299
    assert examine(unseen(values, (slice(None), slice(300, None), [1]))).why != "looks"
    assert examine(unseen(noisy(E=3)[0], (slice(None), slice(None), [1]))).why == "epochs"


def test_reasons_add_up_and_are_those_of_the_examples():
    values, _ = noisy(N=3000, wrong=0.15, mapped=True)
    label_N = values.label_N.copy()
    label_N[:2] = -1
    values = unseen(replace(values, label_N=label_N), (slice(None), slice(5, 9), slice(1, None)))
    values = unseen(values, ([0, 1], slice(5, 9), slice(None)))
    found = examine(values)
    untold_N = found.verdict_N == "cannot tell"
    assert ((found.reason_N != "") == untold_N).all()
    assert sum(found.untold(reason) for reason in REASONS) == untold_N.sum()
    assert found.untold("label") == 2
    assert found.untold("looks") == 4
    assert found.untold("bulk") > 100
    low_N = found.reason_N == "low"
    assert low_N.any()
    assert (found.evidence.standing_N[low_N] < 1 / 3).all()


@pytest.mark.heavy
def test_a_label_that_no_look_answers_is_not_believed_right():
    """Members lose it by little in each look, to one class: it stands above those believed
    wrong."""
    values, wrong_N = noisy(N=3000, wrong=0.12, apart=5)
    margin, predicted = values.values["margin"].copy(), values.values["predicted"].copy()
    margin[:, :4], predicted[:, :4] = -0.3, (values.label_N[:4, None] + 1) % 5
    predicted[0, 3, 0] = values.label_N[3]
    given = {**values.values, "margin": margin, "predicted": predicted}
    known_N = wrong_N & (np.arange(3000) % 2 == 0)
    known_N[:4] = False
    found = examine(replace(values, values=given), known_N)
    assert (found.evidence.standing_N[:4] > 1 / 3).all()
    assert (found.believed_N3[:4, 1] > 0.5).all()
    assert found.verdict_N[:4].tolist() == ["cannot tell"] * 3 + ["atypical"]
    assert found.reason_N[:4].tolist() == ["never answered"] * 3 + [""]
    predicted[0, :3, 0] = values.label_N[:3]
    answered = examine(replace(values, values=given), known_N)
    assert answered.verdict_N[:4].tolist() == ["atypical"] * 4
    assert found.share.high - answered.share.high == pytest.approx(3 / (~known_N).sum())


def test_no_wrong_label_among_so_many_is_not_none_at_all():
    rng = np.random.default_rng(0)
    standing_N = np.concatenate([rng.beta(2, 60, 60), rng.beta(60, 2, 2000)])
    mixture = best_window([standing_N])[1]
    assert mixture is not None
    share = calibrated(standing_N, np.arange(2060) < 60, mixture, 5).share
    assert share.value < 1e-4
    assert share.high >= 1 - 0.025 ** (1 / 2000)
    assert exact_high(0, 2000) == pytest.approx(1 - 0.025 ** (1 / 2000))
    assert exact_high(0.1, 200) == pytest.approx(beta.ppf(0.975, 21, 180))


def test_windows_grow_by_their_ratios():
    assert windows_of(2) == ()
    assert windows_of(3) == (3,)
    assert windows_of(5) == (3, 4, 5)
    assert windows_of(100)[0] == 3
    assert windows_of(100)[-1] == 100
    assert len(windows_of(100)) == 8
