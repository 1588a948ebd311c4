"""What rules ask, against the formula each number is meant to have."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import scipy.sparse as sp
from scipy import stats

import oracles_stats as oracle
import worlds
from undertow.audit.gate import gate
from undertow.audit.gate.decide import about_variant
from undertow.audit.gate.evidence import Evidence
from undertow.audit.gate.policy import parse_policy
from undertow.audit.pair import Pair
from undertow.audit.settings import Settings
from undertow.audit.stats.bounded import mean_limits
from undertow.records.records import Records


def decide(sides, text: str, folder: Path = Path(), **settings):
    """The decision of the policy's rule, also of sides that a gate would refuse for what they
    lack."""
    policy = parse_policy(text, folder / "gate.toml")
    settings = Settings(by=policy.columns(), draws=100, **settings)
    *_, decision = about_variant(Evidence(Pair(*sides, False, settings)), policy).decisions
    return decision


def models(*pred_MN, label_N=None):
    """Old and new from arrays; label 0 is right."""
    n = len(pred_MN[0][0])
    label_N = np.zeros(n, int) if label_N is None else label_N
    return [
        worlds.records_from(p, label_N, 3, name=name)
        for p, name in zip(pred_MN, ("old", "new"), strict=True)
    ]


def graded(*score_MN) -> list[Records]:
    made = models(*(np.zeros(np.shape(side), int) for side in score_MN))
    return [
        replace(r, score_MN=np.array(s, dtype=np.float32))
        for r, s in zip(made, score_MN, strict=True)
    ]


def test_an_example_not_seen_may_move_calibration_by_two():
    """From sure and wrong to unsure and right: nothing moved on 40 examples, and 7 points of one
    are 14 of two."""
    pred_1N = np.array([[0] * 30 + [1] * 10])
    sides = [
        Records(r.manifest, r.examples, r.pred_MN, confidence_MN=np.full((1, 40), 0.8, np.float32))
        for r in models(pred_1N, pred_1N)
    ]
    low, high, _ = oracle.bounded_limits(np.zeros(40), np.ones(40), 0.1)
    found = decide(sides, "[[calibration_shift]]\npoints = 10\n")
    assert (found.low, found.high) == pytest.approx((200 * low, 200 * high), rel=1e-3)
    assert found.outcome == "cannot tell"


OUTCOMES = {"right": 0, "wrong": 1, "none": -1}
FLIPS = {
    ("right", "right"): "pass",
    ("right", "wrong"): "fail",
    ("right", "none"): "cannot tell",
    ("wrong", "right"): "pass",
    ("wrong", "wrong"): "pass",
    ("wrong", "none"): "pass",
    ("none", "right"): "pass",
    ("none", "wrong"): "cannot tell",
    ("none", "none"): "cannot tell",
}


@pytest.mark.parametrize(("before", "after"), FLIPS)
def test_an_outcome_that_is_missing_matters_where_it_may_hide_a_flip(before: str, after: str):
    """Beside an example that is right on both sides."""
    sides = models([[0, OUTCOMES[before]]], [[0, OUTCOMES[after]]])
    pinned = decide(sides, '[[must_not_flip]]\nids = ["e0000", "e0001"]\n')
    counted = decide(sides, "[[max_new_errors]]\ncount = 0\n")
    assert (pinned.outcome, counted.outcome) == (FLIPS[before, after],) * 2
    assert (pinned.observed, counted.observed) == (float(FLIPS[before, after] == "fail"),) * 2
    hidden = 1.0 if FLIPS[before, after] == "cannot tell" else np.nan
    np.testing.assert_equal([pinned.high, counted.high], [hidden, hidden])


@pytest.mark.parametrize(("cluster", "units"), [(None, 2), ("aabbc", 2), ("abbac", 1)])
def test_an_example_without_an_outcome_on_both_sides_is_no_unit(cluster: str | None, units: int):
    """Nor are clusters of such examples alone."""
    sides = graded([[1.0, np.nan, np.nan, 1.0, 1.0]], [[0.5, 0.5, np.nan, 0.5, np.nan]])
    if cluster is not None:
        column = pl.Series("cluster", list(cluster))
        sides = [replace(r, examples=r.examples.with_columns(column)) for r in sides]
    evidence = Evidence(Pair(*sides, False, Settings()))
    assert evidence.units(np.array([0])).tolist() == [units]


def test_an_example_is_at_stake_if_any_run_of_the_reference_gets_it_right():
    old, new = graded([[0.5, 0.49, 0.2, 0.2, np.nan], [0.1, 0.1, 0.2, 0.9, np.nan]], [[1.0] * 5])
    assert Evidence(Pair(old, new, False, Settings())).at_stake_N.tolist() == [
        True,
        False,
        False,
        True,
        False,
    ]


@pytest.mark.parametrize("members", [1, 2, 4])
@pytest.mark.parametrize(
    "rule", ["[[max_new_errors]]\ncount = 0\n", '[[must_not_flip]]\nids = ["e0007"]\n']
)
def test_half_a_score_on_both_sides_is_no_new_error(rule: str, members: int):
    """Members that tie too: as right as it was."""
    same = graded(np.full((members, 40), 0.5), np.full((members, 40), 0.5))
    assert decide(same, rule).outcome == "pass"
    halves = np.arange(2 * members)[:, None] % 2 * np.ones(40, int)
    assert decide(models(halves, halves), rule).outcome == "pass"
    assert (
        decide(graded(np.full((members, 40), 0.5), np.full((members, 40), 0.49)), rule).outcome
        == "fail"
    )


def test_limits_of_a_speedup_are_one_sided_each(tmp_path: Path):
    seconds = {"old": [2.0, 2.1, 1.9, 2.2], "new": [1.0, 1.2, 1.1]}
    (tmp_path / "t.json").write_text(json.dumps(seconds))
    sides = models([[0, 0]], [[0, 0]])
    logs = [np.log(seconds[name]) for name in ("old", "new")]
    exact = stats.ttest_ind(*logs, equal_var=False).confidence_interval(0.9)
    found = decide(sides, '[[min_realised_speedup]]\nratio = 1.5\nfile = "t.json"\n', tmp_path)
    assert (found.low, found.high) == pytest.approx((np.exp(exact.low), np.exp(exact.high)))
    # Between the limits at 95 % one-sided and those at 95 % two-sided.
    two_sided = float(np.exp(stats.ttest_ind(*logs, equal_var=False).confidence_interval(0.95).low))
    ratio = (found.low + two_sided) / 2
    text = f'[[min_realised_speedup]]\nratio = {ratio}\nfile = "t.json"\n'
    assert decide(sides, text, tmp_path).outcome == "pass"


@pytest.mark.parametrize("once", ["old", "new"])
def test_a_side_that_was_timed_once_varies_as_the_other(once: str, tmp_path: Path):
    seconds = {"old": [2.0, 2.1, 1.9, 2.2], "new": [1.0, 1.2, 1.1]}
    several = np.log(seconds["new" if once == "old" else "old"])
    seconds[once] = seconds[once][:1]
    (tmp_path / "t.json").write_text(json.dumps(seconds))
    error = several.std(ddof=1) * (1 / len(several) + 1) ** 0.5
    half = stats.t.isf(0.05, len(several) - 1) * error
    gain = float(np.log(seconds["old"]).mean() - np.log(seconds["new"]).mean())
    text = '[[min_realised_speedup]]\nratio = {}\nfile = "t.json"\n'
    for factor, outcome in ((-1.01, "pass"), (0.0, "cannot tell"), (1.01, "fail")):
        found = decide(
            models([[0, 0]], [[0, 0]]), text.format(np.exp(gain + factor * half)), tmp_path
        )
        assert found.outcome == outcome
        assert (found.low, found.high) == pytest.approx((np.exp(gain - half), np.exp(gain + half)))


def test_the_share_of_several_runs_is_no_count_of_examples():
    """Two runs of the reference: shares of 0, a half and 1 have limits of a mean, one run those of
    a binomial."""
    rng = np.random.default_rng(0)
    first_N, second_N = rng.integers(0, 2, 80), rng.integers(0, 2, 80)
    new_N = np.where(rng.random(80) < 0.8, first_N, 1 - first_N)
    text = '[[max_churn]]\npoints = 5\nabove = "zero"\n'
    found = decide(models([first_N, second_N], [new_N]), text, generalise_to="examples")
    share_N = ((first_N != new_N) * 1.0 + (second_N != new_N)) / 2
    exact = mean_limits(sp.csr_array(np.ones((1, 80))), share_N, 0.1)
    assert (found.low, found.high) == pytest.approx((100 * exact.low_G[0], 100 * exact.high_G[0]))
    alone = decide(models([first_N], [new_N]), text)
    binomial = stats.binomtest(int((first_N != new_N).sum()), 80).proportion_ci(0.9)
    assert (alone.low, alone.high) == pytest.approx((100 * binomial.low, 100 * binomial.high))


@pytest.mark.parametrize(("m_ref", "m_var", "known"), [(2, 2, False), (2, 6, False), (3, 2, True)])
def test_members_that_are_too_few_have_no_limits_above_the_floor(
    m_ref: int, m_var: int, known: bool
):
    sides = worlds.null_world(m_ref, m_var, 200, 3, seed=3)
    found = decide(sides, "[[max_churn]]\npoints = 3\n")
    assert [np.isfinite(found.low), np.isfinite(found.high)] == [known, known]
    assert known or found.outcome == "cannot tell"


CHURN = "[[max_churn]]\npoints = 3\n"


def test_equal_models_need_no_floor_to_show_that_no_answer_changed():
    once = gate(*_one(models([[0] * 400], [[0] * 400])), parse_policy(CHURN))
    assert once.verdict == "pass"
    high = 100 * stats.binomtest(0, 400).proportion_ci(0.9).high
    assert once.decisions[0].reason == (
        f"0.00 % of answers changed (one-sided 95 % limits 0.00 to {high:.2f}): more than 3 points is ruled "
        "out, whatever the floor."
    )


def test_equal_pairs_need_no_floor_either():
    old, new = worlds.null_world(4, 4, 400, 3, paired=True, churn=0.0)
    result = gate(old, [new], parse_policy(CHURN))
    assert result.verdict == "pass"
    assert result.decisions[0].reason.endswith(
        ": more than 3 points is ruled out, whatever the floor."
    )
    changed = worlds.null_world(4, 4, 400, 3, paired=True, churn=0.5)
    assert gate(*_one(changed), parse_policy(CHURN)).verdict == "cannot tell"


def _one(sides):
    return sides[0], [sides[1]]


def test_a_few_equal_answers_do_not_rule_much_out():
    found = decide(models([[0] * 40], [[0] * 40]), CHURN)
    assert (found.outcome, np.isfinite(found.high)) == ("cannot tell", False)


@pytest.mark.parametrize("together", [True, False])
def test_what_all_variant_members_change_is_above_what_reference_members_change(together: bool):
    """Six against six; each errs on 3 % of its own, the variant's also on the same fifth, alike or
    each in its way.

    A floor of all members pooled would take half of that for noise.
    """
    rng = np.random.default_rng(6)
    pred_MN = (rng.random((12, 1000)) < 0.03).astype(int)
    pred_MN[6:, :200] = 1 if together else rng.integers(1, 3, (6, 200))
    old, new = models(pred_MN[:6], pred_MN[6:])
    across = np.mean([[(a != b).mean() for b in pred_MN[6:]] for a in pred_MN[:6]])
    within = np.mean(
        [(pred_MN[a] != pred_MN[b]).mean() for a in range(6) for b in range(6) if a != b]
    )
    found = decide((old, new), "[[max_churn]]\npoints = 15\n")
    assert found.observed == pytest.approx(100 * (across - within))
    assert found.observed > 17
    assert found.outcome == "fail"
    assert found.low < found.observed < found.high


def both_sides(same: bool):
    """Three members a side, each right on other examples; the last may be the first once more."""
    right_MN = np.random.default_rng(7).random((6, 300)) < 0.8
    right_MN[5] = right_MN[0] if same else right_MN[5]
    return models(~right_MN[:3] * 1, ~right_MN[3:] * 1)


def test_a_member_that_stands_on_both_sides_leaves_the_gate_open():
    """A copy of the reference among the variant's members makes it look less changed than it is."""
    policy = parse_policy("[[max_drop]]\npoints = 90\n")
    apart = gate(*_one(both_sides(False)), policy)
    assert (apart.verdict, [d.rule for d in apart.decisions]) == ("pass", ["max_drop"])
    mixed = gate(*_one(both_sides(True)), policy)
    assert (mixed.verdict, mixed.exit_code) == ("cannot tell", 3)
    assert [(d.rule, d.outcome, d.tier) for d in mixed.decisions] == [
        ("member_on_both_sides", "cannot tell", "required"),
        ("max_drop", "pass", "required"),
    ]
    assert mixed.decisions[0].reason == (
        "Member 'm00' of 'old' and member 'm02' of 'new' gave the same answers to every example, "
        "and other members did not: take the file off one side."
    )
    assert (
        "Member 'm00' of 'old' and member 'm02' of 'new' gave the same answers"
        in mixed.audit.headline
    )


def test_it_is_noticed_beside_a_repeat_run_that_is_left_out():
    """The first two of the reference are runs of one model, of which the second stands on the other
    side too."""
    (old, new), policy = both_sides(False), parse_policy("[[max_drop]]\npoints = 90\n")
    again_N = old.pred_MN[0].copy()
    again_N[:3] = 1 - again_N[:3]
    for order in ([0, 1], [1, 0]):
        twice = models(
            np.vstack([np.stack([old.pred_MN[0], again_N])[order], old.pred_MN[1:]]), new.pred_MN
        )[0]
        mixed = models(old.pred_MN, np.vstack([again_N, new.pred_MN[1:]]))[1]
        found = gate(*_one((twice, mixed)), policy)
        assert [d.rule for d in found.decisions] == ["member_on_both_sides", "max_drop"]


def test_limits_of_a_shift_lie_within_what_a_shift_can_be():
    """Two runs that differ much, and one model that gets everything wrong: Student's limits of one
    degree of freedom reach beyond −100 points."""
    found = decide(models([[0] * 20, [0] * 19 + [1]], [[1] * 20]), "[[max_drop]]\npoints = 5\n")
    assert found.high == 100.0
    assert 0 < found.low < found.high


def test_over_clusters_it_is_clusters_that_would_decide():
    """31 passages of 10 questions, of which each loses a little."""
    rng = np.random.default_rng(7)
    cluster = [f"p{i // 10}" for i in range(310)]
    old = np.zeros((1, 310), int)
    new = (rng.random((1, 310)) < 0.04).astype(int)
    sides = [
        replace(r, examples=r.examples.with_columns(cluster=pl.Series(cluster)))
        for r in models(old, new)
    ]
    found = decide(sides, "[[max_drop]]\npoints = 3\n")
    assert found.outcome == "cannot tell"
    number = re.fullmatch(
        r"Accuracy moved −\d\.\d\d points \(one-sided 95 % limits −\d+\.\d\d to −\d\.\d\d\): about "
        r"(\d[\d,]*) clusters would decide 3 points \(here: 31\)\.",
        found.reason,
    )
    assert number is not None, found.reason
    assert int(number[1].replace(",", "")) > 31


def gaining(passages_: int):
    """In each passage of 20 one answer more is right."""
    place_N = np.tile(np.arange(20), passages_)
    cluster = pl.Series("cluster", [f"p{i // 20}" for i in range(20 * passages_)])
    old, new = ((place_N >= right).astype(int)[None] for right in (15, 16))
    return [replace(r, examples=r.examples.with_columns(cluster)) for r in models(old, new)]


def test_as_many_clusters_as_were_forecast_pass():
    """The limit that has to hold allows for clusters unlike those seen, which get rarer."""
    rule = "[[max_drop]]\npoints = 1\n"
    found = decide(gaining(30), rule)
    number = re.search(r": about (\d+) clusters would decide 1 point \(here: 30\)\.", found.reason)
    assert number is not None, found.reason
    forecast = int(number[1])
    assert decide(gaining(int(0.9 * forecast)), rule).outcome == "cannot tell"
    assert decide(gaining(int(1.1 * forecast)), rule).outcome == "pass"


def test_few_clusters_have_no_forecast():
    found = decide(gaining(4), "[[max_drop]]\npoints = 1\n")
    assert found.reason.endswith(": at least 5 clusters are needed to tell anything (here: 4).")


def test_over_clusters_that_are_too_few_nothing_is_at_the_limit():
    """The limits are the ends of the range, beside which every gap is small."""
    place_N = np.tile(np.arange(20), 4)
    cluster = pl.Series("cluster", [f"p{i // 20}" for i in range(80)])
    same = (place_N >= 15).astype(int)[None]
    sides = [
        replace(r, examples=r.examples.with_columns(cluster=cluster)) for r in models(same, same)
    ]
    found = decide(sides, "[[max_drop]]\npoints = 1\n")
    assert found.reason == (
        "Accuracy moved 0.00 points (one-sided 95 % limits −100.00 to +100.00): at least 5 clusters "
        "are needed to tell anything (here: 4)."
    )


def passage_slices(clusters: int) -> Evidence:
    """Ten slices of clusters of 20; the first loses four answers of each cluster."""
    n = 200 * clusters
    place_N, slice_N = np.tile(np.arange(20), 10 * clusters), np.arange(n) // (20 * clusters)
    old = (place_N < 2).astype(int)[None]
    new = np.where((slice_N == 0) & (place_N < 6), 1, old)
    columns = {
        "cluster": pl.Series([f"p{i // 20}" for i in range(n)]),
        "group": pl.Series([f"g{g}" for g in slice_N]),
    }
    sides = [replace(r, examples=r.examples.with_columns(**columns)) for r in models(old, new)]
    return Evidence(Pair(*sides, False, Settings(by=("group",), draws=100)))


def test_of_a_slice_over_clusters_the_level_after_correction_says_how_few_are_too_few():
    policy = parse_policy('[[worst_slice_drop]]\npoints = 1\nby = "group"\n', Path("gate.toml"))
    first = [
        next(
            d for d in about_variant(passage_slices(clusters), policy).decisions if d.value == "g0"
        )
        for clusters in (7, 8)
    ]
    assert first[0].reason.endswith("at least 8 clusters are needed to tell anything (here: 7).")
    assert (first[0].outcome, first[1].outcome) == ("cannot tell", "fail")


def losing(n: int):
    """Six groups of n; one loses 7.2 points net, with changes both ways."""
    group = pl.Series("group", [f"g{i // n}" for i in range(6 * n)])
    old, new = np.zeros((2, 1, 6 * n), int)
    new[0, : round(0.09 * n)] = 1
    old[0, n - round(0.018 * n) : n] = 1
    return [replace(r, examples=r.examples.with_columns(group)) for r in models(old, new)]


def test_a_drop_that_the_correction_over_slices_leaves_open_says_so_and_its_forecast_holds():
    rule = '[[worst_slice_drop]]\npoints = 5\nby = "group"\n'

    def of(n: int):
        policy = parse_policy(rule, Path("gate.toml"))
        made = Evidence(Pair(*losing(n), False, Settings(by=("group",), draws=100)))
        return next(d for d in about_variant(made, policy).decisions if d.value == "g0")

    found = of(700)
    said = re.fullmatch(
        r"−7\.14 points \(one-sided 95 % limits −\d+\.\d\d to −5\.\d\d\), but corrected over 6 "
        r"slices a larger drop is not shown \(limit −\d\.\d\d\): about ([\d,]+) examples would decide "
        r"5 points\.",
        found.reason,
    )
    assert said is not None, found.reason
    forecast = int(said[1].replace(",", ""))
    assert of(round(0.8 * forecast)).outcome == "cannot tell"
    assert of(round(1.2 * forecast)).outcome == "fail"


def test_a_drop_at_the_limit_is_not_promised_to_be_settled_by_more():
    old = np.zeros((1, 400), int)
    new = np.r_[np.ones(40, int), np.zeros(360, int)][None]
    found = decide(models(old, new), "[[max_drop]]\npoints = 10\n")
    assert found.outcome == "cannot tell"
    assert found.reason.endswith(
        ": the drop seen is the limit of 10 points, so more data may not settle it."
    )


def test_every_passage_drops_by_the_limit():
    """Nothing varies, so no number of passages like these would settle it."""
    found = decide(passages(per_passage=10, lost=1), "[[max_drop]]\npoints = 10\n")
    assert found.outcome == "cannot tell"
    assert found.reason.endswith(
        ": the drop seen is the limit of 10 points, so more data may not settle it."
    )


def passages(per_passage: int = 9, lost: int = 2, members: int = 1):
    """37 passages; the new model loses so many answers in each."""
    n = 37 * per_passage
    new = np.tile(np.r_[np.ones(lost, int), np.zeros(per_passage - lost, int)], 37)[None]
    cluster = pl.Series("cluster", [f"p{i // per_passage}" for i in range(n)])
    half = pl.Series("half", ["a" if i % 2 else "b" for i in range(n)])
    return [
        replace(r, examples=r.examples.with_columns(cluster, half))
        for r in models(np.zeros((members, n), int), new.repeat(members, axis=0))
    ]


@pytest.mark.parametrize(
    "rule", ["[[max_drop]]\npoints = 15", '[[worst_slice_drop]]\nby = "half"\npoints = 12']
)
def test_a_loss_in_every_passage_fails(rule: str):
    """Limits for clusters unlike those seen would leave it open."""
    assert decide(passages(), rule).outcome == "fail"


def test_about_both_a_loss_in_every_passage_fails_too():
    rng = np.random.default_rng(3)
    new_MN = np.array([rng.permutation(np.tile([1, 1, 0, 0, 0, 0, 0, 0, 0], 37)) for _ in range(4)])
    old_MN = np.array([rng.permutation(np.r_[1, np.zeros(332, int)]) for _ in range(4)])
    cluster = pl.Series("cluster", [f"p{i // 9}" for i in range(333)])
    sides = [replace(r, examples=r.examples.with_columns(cluster)) for r in models(old_MN, new_MN)]
    found = decide(sides, "[[max_drop]]\npoints = 15", generalise_to="both")
    assert found.outcome == "fail"


@pytest.mark.heavy
@pytest.mark.parametrize(("points", "outcome"), [(5, "cannot tell"), (15, "pass")])
@pytest.mark.parametrize("members", [1, 2])
@pytest.mark.parametrize(
    "rule", ["[[max_drop]]\npoints = {}", '[[worst_slice_drop]]\nby = "half"\npoints = {}']
)
def test_a_gate_passes_only_what_holds_with_clusters_unlike_those_seen(
    rule: str, members: int, points: int, outcome: str
):
    """Nothing moved in 37 passages; exchange alone would rule out any drop."""
    sides = passages(lost=0, members=members)
    found = decide(sides, rule.format(points), generalise_to="both" if members > 1 else "auto")
    assert found.outcome == outcome


def test_a_gain_that_is_not_plausible_is_one_that_was_seen():
    """Limits for clusters unlike those seen would reach down to 0."""
    new, old = passages(lost=1)
    policy = parse_policy("[[max_drop]]\npoints = 5\n", Path("gate.toml"))
    first, *_ = about_variant(
        Evidence(Pair(old, new, False, Settings(draws=100))), policy
    ).decisions
    assert first.rule == "implausible_gain"
    assert first.reason.startswith("Accuracy gained 11.11 points (one-sided 95 % limits +10."), (
        first.reason
    )


@pytest.mark.heavy
def test_over_clusters_calibration_is_held_by_limits_for_the_unseen_at_both_ends():
    sides = [
        Records(r.manifest, r.examples, r.pred_MN, confidence_MN=np.full((1, 333), 0.8, np.float32))
        for r in passages(lost=0)
    ]
    low, high, _ = oracle.bounded_limits(np.zeros(37), np.full(37, 9.0), 0.1)
    found = decide(sides, "[[calibration_shift]]\npoints = 10\n")
    assert (found.low, found.high) == pytest.approx((200 * low, 200 * high), rel=1e-3)
    assert found.outcome == "cannot tell"


@pytest.mark.heavy
def test_over_clusters_a_shift_of_calibration_that_was_seen_fails():
    """Twelve points in 36 of 37 passages; limits for the unseen alone would leave it open."""
    gap_K = 0.12 + np.random.default_rng(2).normal(0, 0.03, 37)
    gap_K[-1] = -0.05
    for sign in (1, -1):
        sides = [
            Records(r.manifest, r.examples, r.pred_MN, confidence_MN=np.float32(sure_N)[None])
            for r, sure_N in zip(
                passages(lost=0), (np.full(333, 0.7), 0.7 + sign * gap_K.repeat(9)), strict=True
            )
        ]
        found = decide(sides, "[[calibration_shift]]\npoints = 2\n")
        assert found.outcome == "fail"
        assert 10 < min(abs(found.low), abs(found.high)) < max(abs(found.low), abs(found.high)) < 14
        open_ = decide(sides, "[[calibration_shift]]\npoints = 12\n")
        assert open_.reason.endswith(": more clusters are needed to decide 12 points.")


@pytest.mark.parametrize(
    "rule", ["[[max_drop]]\npoints = 1", '[[worst_slice_drop]]\nby = "half"\npoints = 1']
)
def test_without_right_answers_a_drop_has_no_numbers(rule: str):
    half = pl.Series("half", ["a", "b"] * 50)
    sides = [
        replace(r, examples=r.examples.with_columns(half))
        for r in models(*np.zeros((2, 1, 100), int), label_N=np.full(100, -1))
    ]
    found = decide(sides, rule)
    assert found.outcome == "cannot tell"
    assert found.reason == "Cannot tell: there is no example with an outcome on both sides."
