"""Every rule: passes, fails and stays open where it should, on the whole, on slices, and over
members."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

import worlds
from undertow.audit.gate import gate
from undertow.audit.gate.policy import Policy, parse_policy
from undertow.audit.gate.result import overall
from undertow.audit.gate.rules import MaxDrop
from undertow.audit.settings import Settings
from undertow.errors import UserError
from undertow.records.records import Records
from undertow.records.schema import MemberEntry


def decided(sides, text: str, folder: Path = Path(), **settings):
    reference, variant = sides
    policy = parse_policy(text, folder / "gate.toml")
    return gate(reference, [variant], policy, Settings(**settings) if settings else None)


def outcomes(result) -> dict[str, str]:
    return {d.where: d.outcome for d in result.decisions}


def by_language(n: int = 3000, lost: int = 0, gained: int = 0, **kwargs):
    """The first third is ``en`` (where ``lost`` falls), then ``de``, then ten examples of ``ig`` at
    the end of it."""
    names = ["en"] * (n // 3) + ["de"] * (n - n // 3 - 10) + ["ig"] * 10
    return worlds.flipped_world(n, lost, gained, slices={"language": names}, **kwargs)


def test_max_drop_on_a_column_decides_each_slice():
    result = decided(by_language(lost=100), '[[max_drop]]\npoints = 3\non = "language"\n')
    assert outcomes(result) == {
        "language=de": "pass",
        "language=en": "fail",
        "language=ig": "cannot tell",
    }
    assert result.verdict == "fail"


def test_max_drop_on_a_pattern():
    result = decided(by_language(lost=100), '[[max_drop]]\npoints = 3\non = "language=d*"\n')
    assert outcomes(result) == {"language=de": "pass"}
    assert result.verdict == "pass"
    nowhere = decided(by_language(), '[[max_drop]]\npoints = 3\non = "language=xx"\n')
    assert nowhere.decisions[0].reason == (
        "Cannot tell: no slice matches 'language=xx'; 'language' has the values 'de', 'en', 'ig'."
    )


def test_worst_slice_drop_leaves_small_slices_out_and_puts_the_worst_first():
    result = decided(by_language(lost=100), '[[worst_slice_drop]]\nby = "language"\npoints = 3\n')
    assert [d.where for d in result.decisions] == ["language=en", "language=de"]
    assert [d.outcome for d in result.decisions] == ["fail", "pass"]


def test_worst_slice_drop_fails_only_after_correction():
    """One of 40 slices drops enough to fail by itself at 5 % and not among 40."""
    n = 40 * 100
    names = [f"s{i % 40:02d}" for i in range(n)]
    lost = [i for i in range(n) if i % 40 == 0][:9]
    label, old = np.zeros(n, int), np.zeros(n, int)
    new = old.copy()
    new[lost] = 1
    sides = [
        worlds.records_from([p], label, 2, slices={"s": names}, name=w)
        for p, w in ((old, "old"), (new, "new"))
    ]
    alone = decided(sides, '[[max_drop]]\npoints = 4.5\non = "s=s00"\n')
    among = decided(sides, '[[worst_slice_drop]]\nby = "s"\npoints = 4.5\n')
    assert alone.decisions[0].outcome == "fail"
    assert (among.decisions[0].where, among.decisions[0].outcome) == ("s=s00", "cannot tell")


def test_advisory_rules_never_decide():
    text = '[[max_drop]]\npoints = 1\ntier = "advisory"\n\n[[max_drop]]\npoints = 9\n'
    result = decided(by_language(lost=100), text)
    assert (result.verdict, [d.outcome for d in result.decisions]) == ("pass", ["fail", "pass"])
    assert result.reason == "The one required check passes. 1 advisory check does not pass."


def test_advisory_rules_alone_decide_nothing():
    """A file of them is refused; in Python it is open."""
    alone = Policy(rules=(MaxDrop(points=1.0, tier="advisory"),))
    for lost, tail in ((0, ""), (100, " 1 advisory check does not pass.")):
        reference, variant = by_language(lost=lost)
        result = gate(reference, [variant], alone)
        assert (result.verdict, result.exit_code) == ("cannot tell", 3)
        assert result.reason == f"No rule is required, so nothing is decided.{tail}"


def test_churn_above_zero_needs_no_floor():
    result = decided(
        worlds.flipped_world(1000, 60, 60), '[[max_churn]]\npoints = 10\nabove = "zero"\n'
    )
    assert result.decisions[0].outcome == "fail"
    exact = stats.binomtest(120, 1000).proportion_ci(0.90)
    found = (result.decisions[0].low / 100, result.decisions[0].high / 100)
    assert found == pytest.approx((exact.low, exact.high))
    assert (
        decided(
            worlds.flipped_world(1000, 6, 6), '[[max_churn]]\npoints = 10\nabove = "zero"\n'
        ).verdict
        == "pass"
    )


def test_churn_within_the_floor_passes():
    result = decided(
        worlds.flipped_world(2000, 10, 10, repeat=(12, 12)), "[[max_churn]]\npoints = 1.5\n"
    )
    assert result.decisions[0].outcome == "pass"
    # 1 % from the first run, 2.2 % from the second, less the 1.2 % that the two differ by.
    assert result.decisions[0].observed == pytest.approx(0.4)


@pytest.mark.parametrize(("count", "verdict"), [(59, "fail"), (60, "pass")])
def test_new_errors_by_count_are_a_plain_count(count, verdict):
    result = decided(worlds.flipped_world(1000, 60, 60), f"[[max_new_errors]]\ncount = {count}\n")
    assert result.verdict == verdict
    assert result.decisions[0].reason == f"60 examples newly wrong, {count} allowed."


def test_new_errors_in_points_are_above_the_floor():
    sides = worlds.flipped_world(1000, 60, 60, repeat=(10, 10))
    result = decided(sides, "[[max_new_errors]]\npoints = 2\n")
    # 6 % from the first run, 7 % from the second; from run to run 1 % either way.
    assert (result.verdict, result.decisions[0].observed) == ("fail", pytest.approx(5.5))


def test_must_not_flip(tmp_path: Path):
    sides = worlds.flipped_world(100, 2, 0)
    (tmp_path / "ids.txt").write_text("# pinned\ne0001\n\ne0050\n")
    fail = decided(sides, '[[must_not_flip]]\nfile = "ids.txt"\n', tmp_path)
    assert fail.decisions[0].reason == "1 of 2 listed examples became wrong: 'e0001'."
    assert decided(sides, '[[must_not_flip]]\nids = ["e0050", "e0099"]\n').verdict == "pass"
    absent = decided(sides, '[[must_not_flip]]\nids = ["e0050", "gone"]\n')
    assert absent.verdict == "cannot tell"
    assert (
        absent.decisions[0].reason == "1 of 2 listed examples is not among those compared: 'gone'."
    )
    two = decided(sides, '[[must_not_flip]]\nids = ["e0050", "lost", "gone"]\n')
    assert (
        two.decisions[0].reason
        == "2 of 3 listed examples are not among those compared: 'gone', 'lost'."
    )
    (tmp_path / "bytes.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match=r"cannot be read \(it is not UTF-8 text\); one id a line"):
        decided(sides, '[[must_not_flip]]\nfile = "bytes.txt"\n', tmp_path)
    with pytest.raises(
        UserError, match=r"cannot be read \(No such file or directory\); one id a line"
    ):
        decided(sides, '[[must_not_flip]]\nfile = "none.txt"\n', tmp_path)


def _sure(confidence: float, name: str, n: int = 4000):
    """Right on three quarters, with the same confidence everywhere."""
    pred = np.where(np.arange(n) < 0.75 * n, 0, 1)
    proba = np.where(np.arange(2)[None] == pred[:, None], confidence, 1 - confidence)
    return worlds.records_from([pred], np.zeros(n, int), 2, proba=proba[None], name=name)


def test_calibration_shift_is_two_sided():
    text = "[[calibration_shift]]\npoints = 2\n"
    assert decided((_sure(0.8, "old"), _sure(0.81, "new")), text).verdict == "pass"
    for confidence in (0.75, 0.85):
        result = decided((_sure(0.8, "old"), _sure(confidence, "new")), text)
        assert (result.verdict, abs(result.decisions[0].observed)) == (
            "fail",
            pytest.approx(5, abs=1e-4),
        )
    silent = decided(worlds.flipped_world(100, 0, 0), text)
    assert silent.decisions[0].reason == (
        "Cannot tell: 'old' holds no confidences; add the probability of each class as columns "
        "p_<class>, or of the prediction as a column confidence."
    )


def _timed(records, *seconds: float):
    members = tuple(MemberEntry(id=f"m{i}", facts={"seconds": s}) for i, s in enumerate(seconds))
    manifest = records.manifest.model_copy(update={"members": members})
    pred = np.repeat(records.pred_MN[:1], len(seconds), axis=0)
    return type(records)(manifest, records.examples, pred)


def test_speedup_from_the_logs():
    old, new = worlds.flipped_world(100, 0, 0)
    text = "[[min_realised_speedup]]\nratio = 1.5\n"
    once = decided((_timed(old, 3.0), _timed(new, 1.5)), text)
    assert once.decisions[0].reason == (
        "2.00 times as fast (timed once on a side, so its spread is not known), 1.5 wanted."
    )
    assert decided((_timed(old, 3.0), _timed(new, 2.5)), text).verdict == "fail"
    assert decided((old, new), text).decisions[0].reason == (
        "Cannot tell: there are no seconds for 'old' and 'new'; add file = \"timings.json\" to the "
        'rule, a file like {"old": [1.02, 1.01]} with every side.'
    )


def test_speedup_from_a_file_with_repeats(tmp_path: Path):
    sides = worlds.flipped_world(100, 0, 0)
    text = '[[min_realised_speedup]]\nratio = 1.5\nfile = "t.json"\n'
    for new, verdict in (
        ([1.0, 1.01, 0.99], "pass"),
        ([2.0, 2.02, 1.98], "fail"),
        ([1.0, 1.9, 1.5], "cannot tell"),
    ):
        (tmp_path / "t.json").write_text(json.dumps({"old": [2.0, 2.02, 1.98], "new": new}))
        assert decided(sides, text, tmp_path).verdict == verdict
    (tmp_path / "t.json").write_text('{"old": [1.0]}')
    with pytest.raises(UserError) as caught:
        decided(sides, text, tmp_path)
    assert str(caught.value) == f"{tmp_path / 't.json'}: has no timings for 'new'; it has 'old'"


def test_speedup_from_a_lottery(tmp_path: Path):
    sides = worlds.flipped_world(100, 0, 0)
    text = '[[min_realised_speedup]]\nratio = 1.5\nfile = "lottery.json"\n'
    told = {
        "format": "undertow-lottery/1",
        "seconds": {"old": [2.0, 2.02, 1.98], "new": [1.0, 1.01, 0.99]},
    }
    (tmp_path / "lottery.json").write_text(json.dumps(told))
    assert decided(sides, text, tmp_path).verdict == "pass"
    del told["seconds"]["new"]
    (tmp_path / "lottery.json").write_text(json.dumps(told))
    with pytest.raises(UserError) as caught:
        decided(sides, text, tmp_path)
    assert str(caught.value) == (
        f"{tmp_path / 'lottery.json'}: has no timings for 'new'; it has 'old'"
    )
    (tmp_path / "lottery.json").write_text("[1]")
    with pytest.raises(UserError):
        decided(sides, text, tmp_path)


@pytest.mark.heavy
def test_over_members_the_limits_are_of_members():
    reference, variant = worlds.planted_world({}, m_ref=8, m_var=8, n=1000)
    passed = gate(
        reference,
        [variant],
        parse_policy("[[max_drop]]\npoints = 5\n\n[[max_churn]]\npoints = 5\n"),
    )
    assert passed.verdict == "pass"
    reference, variant = worlds.planted_world({0: 0.4, 1: 0.4, 2: 0.4, 3: 0.4}, m_ref=8, m_var=8)
    failed = gate(reference, [variant], parse_policy("[[max_drop]]\npoints = 5\n"))
    assert failed.verdict == "fail"


def test_sides_that_cannot_be_compared_are_a_verdict():
    old, _ = worlds.flipped_world(100, 0, 0)
    _, new = worlds.flipped_world(90, 0, 0)
    result = gate(old, [new], parse_policy("[[max_drop]]\npoints = 1\n"))
    assert (result.verdict, result.exit_code, result.audit) == ("not comparable", 3, None)
    assert result.reason.startswith(
        "Not comparable: 'old' and 'new' hold different examples: 90 examples in both"
    )


def test_required_rules_decide_together():
    assert overall(()) == "cannot tell"
    result = decided(
        worlds.flipped_world(1000, 60, 60),
        "[[max_drop]]\npoints = 5\n\n[[max_churn]]\npoints = 1\n",
    )
    assert [d.outcome for d in result.decisions] == ["pass", "cannot tell"]
    assert result.verdict == "cannot tell"
    assert not result


def test_of_several_variants_the_examples_that_count_are_said_by_name():
    old, new = worlds.flipped_world(400, 0, 0)
    part, other = new.take_examples(np.arange(390)), new.take_examples(np.arange(380))
    other = replace(other, manifest=other.manifest.model_copy(update={"name": "other"}))
    policy = parse_policy("[[max_drop]]\npoints = 50\n")
    alone = gate(old, [part], policy, allow_partial=True)
    both = gate(old, [part, other], policy, allow_partial=True)
    assert "390 of 400" in alone.reason
    assert f"{part.name}: " not in alone.reason
    assert [f"{name}: " in both.reason for name in (part.name, "other")] == [True, True]


def below_and_above() -> tuple[Records, Records]:
    """300 examples of two classes: one model that has 30 % right, and one that has 80 %."""
    label_N = np.arange(300) % 2
    sides = [
        worlds.records_from(
            np.where(np.arange(300) < right, label_N, 1 - label_N)[None], label_N, 2, name=name
        )
        for name, right in (("low", 90), ("high", 240))
    ]
    return sides[0], sides[1]


BELOW = (
    "below chance: its mean recall is 30.0 %, guessing gives 50.0 % (1 in 2). So its answers do "
    "depend on the label: check whether its scores or labels are inverted."
)
ALLOW = (
    'If it may be, as a weak model or one asked to be misled, write below_chance = "allowed" at the top '
    "of the policy."
)


@pytest.mark.parametrize("case", ["reference", "variant", "both"])
def test_a_side_below_chance_is_looked_into_before_a_gate_passes(case: str):
    low, high = below_and_above()
    again = replace(low, manifest=low.manifest.model_copy(update={"name": "again"}))
    old, new, said = {
        "reference": (low, high, f"The reference 'low' is {BELOW}"),
        "variant": (high, low, f"The variant 'low' is {BELOW}"),
        "both": (low, again, f"The reference 'low' is {BELOW} So is the variant 'again'."),
    }[case]
    rest = "max_gain = 100\n[[max_drop]]\npoints = 90"
    found = gate(old, [new], parse_policy(rest))
    guard = found.decisions[0]
    assert (found.verdict, guard.rule, guard.outcome) == (
        "cannot tell", "below_chance", "cannot tell",
    )  # fmt: skip
    assert guard.reason == f"{said} {ALLOW}"
    allowed = gate(old, [new], parse_policy(f'below_chance = "allowed"\n{rest}'))
    assert (allowed.verdict, len(allowed.decisions)) == ("pass", 1)


@pytest.mark.parametrize(("right", "open_"), [(123, True), (124, False)])
def test_a_gate_is_held_up_only_far_below_chance(right: int, open_: bool):
    """By one in a thousand, where guessing gives 150 of 300: 3.09 standard errors are 26.8."""
    label_N = np.arange(300) % 2
    pred_N = np.where(np.arange(300) < right, label_N, 1 - label_N)
    old, new = (worlds.records_from(pred_N[None], label_N, 2, name=n) for n in ("old", "new"))
    found = gate(old, [new], parse_policy("[[max_drop]]\npoints = 90"))
    assert ("below_chance" in [d.rule for d in found.decisions]) is open_


def test_examples_of_one_cluster_count_once_where_a_side_is_below_chance():
    label_N = np.arange(300) % 2
    pred_N = np.where(np.arange(300) < 90, label_N, 1 - label_N)
    passage = [f"p{n // 15}" for n in range(300)]
    policy, rules = parse_policy("[[max_drop]]\npoints = 90"), []
    for column in ("part", "cluster"):
        old, new = (
            worlds.records_from(pred_N[None], label_N, 2, name=n, slices={column: passage})
            for n in ("old", "new")
        )
        rules.append([d.rule for d in gate(old, [new], policy).decisions])
    assert rules == [["below_chance", "max_drop"], ["at_chance", "max_drop"]]


def at_chance(right: int, losses: int = 0) -> tuple[Records, Records]:
    """A reference of 300 answers of two classes of which so many are right, and a variant with so
    many less."""
    label_N = np.arange(300) % 2
    sides = [np.where(np.arange(300) < n, label_N, 1 - label_N) for n in (right, right - losses)]
    old, new = (
        worlds.records_from(p[None], label_N, 2, name=n)
        for p, n in zip(sides, ("old", "new"), strict=True)
    )
    return old, new


def test_a_reference_at_chance_is_looked_into_first():
    old, new = at_chance(150, losses=2)
    found = gate(old, [new], parse_policy("[[max_drop]]\npoints = 9"))
    assert found.verdict == "cannot tell"
    assert found.reason == (
        "at_chance on all cannot be decided: The reference 'old' is not shown to be above chance: its "
        "mean recall is 50.0 %, guessing gives 50.0 % (1 in 2). Check that its answers and the labels "
        "belong together, and that the labels are the right answers. If it may be no better, write "
        'at_chance = "allowed" at the top of the policy. The one required check passes.'
    )
    allowed = parse_policy('at_chance = "allowed"\n[[max_drop]]\npoints = 9')
    assert gate(old, [new], allowed).verdict == "pass"


@pytest.mark.parametrize(("right", "open_"), [(164, True), (166, False)])
def test_a_reference_is_at_chance_until_it_is_shown_to_be_above(right: int, open_: bool):
    """1.645 standard errors of 2.9 points above one half."""
    old, new = at_chance(right)
    found = gate(old, [new], parse_policy("[[max_drop]]\npoints = 9"))
    assert ("at_chance" in [d.rule for d in found.decisions]) is open_


def test_a_loss_against_a_reference_at_chance_fails_all_the_same():
    old, new = at_chance(150, losses=100)
    assert gate(old, [new], parse_policy("[[max_drop]]\npoints = 9")).verdict == "fail"
