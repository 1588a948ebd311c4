"""A blessed reference stays the one that was approved; suggested limits come from the reference's
own runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import worlds
from noninferior import outcome
from undertow.audit.gate import gate
from undertow.audit.gate.blessing import bless, fingerprint, read_blessing
from undertow.audit.gate.policy import parse_policy
from undertow.audit.gate.suggest import decidable, suggested_policy
from undertow.errors import UserError
from undertow.records.records import Records


def test_the_fingerprint_is_of_content_alone():
    old, new = worlds.flipped_world(100, 3, 0, repeat=(2, 2))
    shuffled = old.take_examples(np.random.default_rng(0).permutation(100)).take_members([1, 0])
    assert fingerprint(shuffled) == fingerprint(old)
    assert fingerprint(new) != fingerprint(old)
    assert fingerprint(old.take_members([0])) != fingerprint(old)


def test_a_fingerprint_that_a_team_has_checked_in_stays_what_it_is():
    """What was blessed by an earlier version is the same reference today."""
    old, _ = worlds.flipped_world(100, 3, 0, repeat=(2, 2))
    assert fingerprint(old) == ("fde2bd7f251644f5b92b28444b65a576eb009d9929f88e10a2e5eccb78fb021e")


def test_a_policy_refuses_another_reference(tmp_path: Path):
    old, new = worlds.flipped_world(100, 0, 0)
    (tmp_path / "blessed.json").write_text(bless(old).model_dump_json())
    policy = parse_policy(
        'blessed = "blessed.json"\n[[max_drop]]\npoints = 20\n', tmp_path / "gate.toml"
    )
    assert gate(old, [new], policy).verdict == "pass"
    drifted, _ = worlds.flipped_world(100, 0, 0, right=0.7)
    result = gate(drifted, [new], policy)
    assert (result.verdict, result.exit_code) == ("not comparable", 3)
    assert (
        f"is not the one that {tmp_path / 'blessed.json'} blesses: 100 examples, 1 member, "
        "accuracy 0.7500" in result.reason
    )


def test_no_blessing(tmp_path: Path):
    (tmp_path / "b.json").write_text('{"format": "other"}')
    for name, said in (
        ("b.json", "is no blessing (undertow-blessed/1); make it with undertow bless"),
        (
            "c.json",
            "the blessing cannot be read (No such file or directory); make it with undertow bless",
        ),
    ):
        with pytest.raises(UserError) as caught:
            read_blessing(tmp_path / name)
        assert str(caught.value) == f"{tmp_path / name}: {said}"


def test_one_run_has_no_floor_to_suggest_from():
    old, new = worlds.flipped_world(100, 0, 0)
    with pytest.raises(UserError) as caught:
        suggested_policy(old, ())
    assert str(caught.value) == (
        "'old' is one run, so it has no floor to suggest limits from; give a repeat run beside it "
        "(the same model again, other batch size, backend or seed), or write a policy by hand: the "
        "smallest is two lines, [[max_drop]] and points = 1.0"
    )
    assert gate(old, [new], parse_policy("[[max_drop]]\npoints = 4.0\n")).verdict == "pass"


def test_a_suggested_policy_is_a_policy_that_a_third_run_passes():
    names = {"language": ["en", 'd"e\n'] * 1000}
    runs = np.tile(np.where(np.arange(2000) < 1500, 0, 1), (3, 1))
    for r, run in enumerate(runs):  # Each run loses 12 and gains 10 of its own.
        run[100 * r : 100 * r + 12] = 1
        run[1500 + 100 * r : 1510 + 100 * r] = 0
    label_N = np.zeros(2000, np.int32)
    old = worlds.records_from(runs[:2], label_N, 2, slices=names, name="old")
    again = worlds.records_from(runs[2:], label_N, 2, slices=names, name="again")
    text = suggested_policy(old, ("language",))
    policy = parse_policy(text)
    assert [rule.name for rule in policy.rules] == [
        "max_drop",
        "worst_slice_drop",
        "max_churn",
        "max_new_errors",
    ]
    assert gate(old, [again], policy).verdict == "pass"


@pytest.mark.heavy
@pytest.mark.parametrize(("variance", "n"), [(0.02, 1000), (0.1, 300)])
def test_decidable_is_what_eighty_per_cent_of_unchanged_models_pass(variance, n):
    """Simulated: no change in truth, discordance ``variance``."""
    limit, rng = decidable(variance, n), np.random.default_rng(1)
    counts = rng.multinomial(n, [variance / 2, variance / 2, 1 - variance], size=400)
    passed = np.mean(
        [outcome(lost, gained, n, limit) == "holds" for lost, gained, _ in counts.tolist()]
    )
    assert 0.74 < passed < 0.88


def test_each_suggested_limit_is_the_largest_difference_of_two_runs_and_what_the_examples_need():
    """Of three runs the second loses most and the third changes most; 400 examples, 300 right."""
    runs = np.zeros((3, 400), int)
    runs[:, 300:] = 1
    runs[1, :12] = 1
    runs[2, :9] = runs[2, 9:18] = 1
    runs[2, 300:320] = 0
    label = np.zeros(400, int)
    proba = np.where(np.arange(2) == runs[..., None], 0.8, 0.2)
    proba[1, 100:120] = [0.6, 0.4]
    names = ["a"] * 300 + ["b"] * 71 + ["c"] * 29
    records = worlds.records_from(runs, label, 2, slices={"s": names}, proba=proba)
    churn, wrong, shift = 38 / 400, 18 / 400, 12 / 400
    limits = {
        "max_drop": shift + decidable(38 / 400, 400),
        "max_churn": decidable(2 * churn * (1 - churn), 400),
        "max_new_errors": decidable(2 * wrong * (1 - wrong), 400),
        "worst_slice_drop": shift + decidable(20 / 71, 71, slices=2),
    }
    text = suggested_policy(records, ("s",))
    assert (
        "Between the first run and each other the score moved by\n"
        "# up to 3.00 points and up to 9.50 % of answers changed." in text
    )
    policy = parse_policy(text)
    found = {rule.name: rule.points for rule in policy.rules}
    for name, share in limits.items():
        assert found[name] == pytest.approx(np.ceil(1000 * share) / 10), name
    assert (
        "points = 22.2  # of 2 slices b needs most, with 71 examples, where it lets through a loss of "
        "up to 15 right answers in 71; a larger min_count lets the others have a lower limit\n"
    ) in text
    assert (
        "points = 7  # lets through a loss of up to 28 right answers in 400; less is stricter, and "
        "takes more examples\n"
    ) in text
    gap = np.where(runs == 0, 0.8 - 1, 0.8 - 0.0).astype(float)
    gap[1, 100:120] -= 0.2
    change = gap[1:] - gap[0]
    needed = np.abs(change.mean(axis=1)).max() + decidable((change**2).mean(), 400)
    assert found["calibration_shift"] == pytest.approx(np.ceil(1000 * needed) / 10)
    assert policy.rules[-1].tier == "advisory"


@pytest.mark.heavy
@pytest.mark.parametrize("n", [30, 90, 200, 500, 1000])
def test_a_model_whose_answers_are_all_equal_passes(n: int):
    """As runs of a deterministic model are."""
    half = {"s": ["a", "b"] * (n // 2)}
    old, new = worlds.flipped_world(n, 0, 0, repeat=(0, 0), slices=half)
    decided = gate(old, [new], parse_policy(suggested_policy(old, ("s",)))).decisions
    assert len(decided) == (3 if n < 60 else 5)
    assert {d.outcome for d in decided} == {"pass"}


def test_limits_are_at_least_what_equal_answers_need_and_stay_limits():
    assert decidable(0.0, 100) == decidable(0.01, 100) < decidable(0.02, 100)
    tiny = worlds.records_from(np.zeros((2, 2), int), np.zeros(2, int), 2)
    assert "points = 99  # above the floor\n" in suggested_policy(tiny, ())


def test_there_is_no_accuracy_to_suggest_limits_of_without_labels_or_scores():
    bare = worlds.records_from(np.zeros((2, 50), int), name="bare")
    with pytest.raises(UserError) as caught:
        suggested_policy(bare, ())
    assert str(caught.value) == (
        "'bare' has neither labels nor scores; there is no accuracy to write a policy about"
    )


def test_half_a_score_is_right_as_it_is_for_the_rules():
    """A fifth of the scores fall from one half to nothing."""
    records = worlds.records_from(np.zeros((2, 100), int), np.zeros(100, int), 2)
    scores = np.full((2, 100), 0.5, dtype=np.float32)
    scores[1, :20] = 0.0
    policy = parse_policy(suggested_policy(replace(records, score_MN=scores), ()))
    found = {rule.name: rule.points for rule in policy.rules}
    assert found["max_new_errors"] == pytest.approx(
        np.ceil(1000 * decidable(2 * 0.2 * 0.8, 100)) / 10
    )


def test_new_errors_are_those_of_the_run_that_has_most():
    """Three runs of 100, of which each errs on ten others: what two runs share is no example."""
    runs = np.zeros((3, 100), int)
    runs[1, :10] = runs[2, 10:20] = 1
    policy = parse_policy(suggested_policy(worlds.records_from(runs, np.zeros(100, int), 2), ()))
    found = {rule.name: rule.points for rule in policy.rules}
    assert found["max_new_errors"] == pytest.approx(
        np.ceil(1000 * decidable(2 * 0.1 * 0.9, 100)) / 10
    )


def test_one_slice_is_the_one_slice():
    records = worlds.records_from(
        np.zeros((2, 100), int), np.zeros(100, int), 2, slices={"s": ["a"] * 90 + ["b"] * 10}
    )
    said = "# the one slice has 90 examples, where it lets through a loss of up to 3 right answers in 90"
    assert said in suggested_policy(records, ("s",))


def _graded(name: str, *moved: slice) -> Records:
    """Scores without labels, of which each run has some of its own moved by a tenth."""
    records = worlds.records_from(
        np.zeros((len(moved), 1000), int), classes=1, task="generation", name=name
    )
    score_MN = np.full((len(moved), 1000), 0.5, dtype=np.float32)
    for score_N, place in zip(score_MN, moved, strict=True):
        score_N[place] = 0.4
    return replace(records, score_MN=score_MN)


def test_grades_alone_are_suggested_no_limit_of_new_errors():
    """Which no model could keep: a grade is neither right nor wrong."""
    old, again = _graded("old", slice(200), slice(200, 400)), _graded("again", slice(400, 600))
    text = suggested_policy(old, ())
    assert text == (
        "# Suggested by undertow gate --suggest from what the reference's own runs differ by; edit "
        "it.\n"
        "# 2 runs of old, 1,000 examples. Between both runs the score moved by\n"
        "# 0.00 points and 0.00 % of answers differ in wording. Lower limits would be decided by noise.\n"
        "level = 0.05\n\n"
        "[[max_drop]]\n"
        "points = 0.6  # lets through a loss of up to 0.6 points of the mean score; less is "
        "stricter, and takes more examples\n\n"
        "[[max_churn]]\npoints = 0.4  # above the floor\n\n"
    )
    assert gate(old, [again], parse_policy(text)).verdict == "pass"
