"""No rule passes without having looked at anything: a sentence says what is there instead."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import worlds
from undertow.audit.gate import gate
from undertow.audit.gate.decide import about_variant
from undertow.audit.gate.evidence import Evidence
from undertow.audit.gate.policy import Policy, parse_policy
from undertow.audit.gate.rules import MaxDrop
from undertow.audit.pair import Pair
from undertow.audit.settings import Settings
from undertow.errors import UserError
from undertow.records.records import Records
from undertow.records.schema import MemberEntry

Sides = tuple[Records, Records]
N = 300
LANGUAGES = ["en"] * 200 + ["de"] * 90 + ["ig"] * 10


def unchanged(**more) -> Sides:
    """Two equal models, three quarters right: whatever looks at them passes."""
    return worlds.flipped_world(N, 0, 0, slices={"language": LANGUAGES, "one": ["x"] * N}, **more)


def confident() -> Sides:
    sides = unchanged()
    return tuple(
        Records(
            r.manifest,
            r.examples,
            r.pred_MN,
            confidence_MN=np.full(r.pred_MN.shape, 0.8, np.float32),
        )
        for r in sides
    )


def decide(sides: Sides, text: str, folder: Path = Path()):
    return gate(sides[0], [sides[1]], parse_policy(text, folder / "gate.toml"))


NOWHERE = "Cannot tell: no slice matches 'language=xx'; 'language' has the values 'de', 'en', 'ig'."
PLACED = {
    "max_drop": "points = 9",
    "max_churn": 'points = 9\nabove = "zero"',
    "max_new_errors": "count = 9",
    "max_new_errors ": 'points = 9\nabove = "zero"',
    "calibration_shift": "points = 20",
}


@pytest.mark.heavy
@pytest.mark.parametrize("rule", PLACED)
def test_a_slice_value_that_does_not_exist(rule: str):
    """Beside one that does, and the other does pass."""
    table = f"[[{rule.strip()}]]\n{PLACED[rule]}\n"
    result = decide(confident(), f'{table}on = "language=en"\n\n{table}on = "language=xx"\n')
    assert [(d.outcome, d.n_examples) for d in result.decisions] == [
        ("pass", 200),
        ("cannot tell", 0),
    ]
    assert result.decisions[1].reason == NOWHERE
    assert result.decisions[1].where == "language=xx"
    assert (result.verdict, result.exit_code) == ("cannot tell", 3)


def test_values_that_exist_are_listed_up_to_ten_and_cut():
    names = [f"s{i % 14:02d}" + "x" * 100 * (i % 14 == 0) for i in range(N)]
    sides = worlds.flipped_world(N, 0, 0, slices={"s": names})
    reason = decide(sides, '[[max_drop]]\npoints = 9\non = "s=t*"\n').decisions[0].reason
    listed = ", ".join(f"'s{i:02d}'" for i in range(1, 10))
    assert reason == (
        f"Cannot tell: no slice matches 's=t*'; 's' has the values 's00{'x' * 57}…', {listed} and "
        "4 more."
    )


@pytest.mark.heavy
def test_grades_are_not_newly_wrong():
    """What the reason says to write decides: of 12 scores that fall below one half, 10 are allowed."""
    old, new = (
        worlds.records_from(np.zeros((1, N), int), classes=1, task="generation", name=name)
        for name in ("old", "new")
    )
    score_MN = np.full((1, N), 0.9, dtype=np.float32)
    fallen_MN = np.where(np.arange(N) < 12, np.float32(0.3), score_MN)
    sides = replace(old, score_MN=score_MN), replace(new, score_MN=fallen_MN)
    for above in ("floor", "zero"):
        rule = f'[[max_new_errors]]\npoints = 9\nabove = "{above}"\n'
        assert decide(sides, rule).decisions[0].reason == (
            "Cannot tell: a graded score is neither right nor wrong, so none is newly wrong; limit "
            "how far scores fall with [[max_drop]], or write count = 10, in place of points, for at "
            "most 10 scores that fall below one half."
        )
    assert [
        decide(sides, f"[[{rule}]]\n{limit}\n").decisions[0].outcome
        for rule, limit in (
            ("max_drop", "points = 10"),
            ("max_new_errors", "count = 10"),
            ("max_new_errors", "count = 12"),
        )
    ] == ["pass", "fail", "pass"]


def test_a_crossing_without_a_large_cell():
    sides = worlds.flipped_world(
        38, 0, 0, slices={"a": ["x", "y"] * 19, "b": ["u", "u", "v", "v"] * 9 + ["u", "v"]}
    )
    assert decide(sides, '[[max_drop]]\npoints = 9\non = "a+b"\n').decisions[0].reason == (
        "Cannot tell: no slice matches 'a+b'; 'a+b' has no slice with enough examples."
    )


@pytest.mark.parametrize(
    ("by", "least", "reason"),
    [
        ("language", 201, "no slice of 'language' has 201 examples; the largest, 'en', has 200."),
        (
            "one",
            30,
            "'one' has the value 'x' alone, so there is no worst slice; limit the whole "
            "with max_drop.",
        ),
        (
            "one+language",
            1000,
            "no slice of 'one+language' has 1000 examples; the largest, 'x+en', has 200.",
        ),
    ],
)
def test_a_worst_slice_among_none(by: str, least: int, reason: str):
    result = decide(
        unchanged(), f'[[worst_slice_drop]]\npoints = 50\nby = "{by}"\nmin_count = {least}\n'
    )
    assert [(d.outcome, d.reason) for d in result.decisions] == [
        ("cannot tell", f"Cannot tell: {reason}")
    ]
    assert [d.where for d in result.decisions] == [by]
    assert result.verdict == "cannot tell"


@pytest.mark.heavy
@pytest.mark.parametrize("content", ["", "\n \n", "# e0001\n  # e0002\n", "\ufeff# a\n"])
def test_a_list_of_no_ids(content: str, tmp_path: Path):
    (tmp_path / "ids.txt").write_text(content)
    for more in ("", 'ids = ["e0001"]\n'):
        with pytest.raises(UserError) as refused:
            decide(unchanged(), f'[[must_not_flip]]\nfile = "ids.txt"\n{more}', tmp_path)
        assert str(refused.value) == (
            f"{tmp_path / 'ids.txt'}: has no ids for must_not_flip; write one id a line, or take "
            "the rule out"
        )


def test_a_list_that_begins_with_a_mark_of_byte_order(tmp_path: Path):
    (tmp_path / "ids.txt").write_text("\ufeffe0001\n")
    assert decide(unchanged(), '[[must_not_flip]]\nfile = "ids.txt"\n', tmp_path).verdict == "pass"


@pytest.mark.parametrize(
    ("ids", "outcome", "reason"),
    [
        (
            ("e0299", "e0298"),
            "cannot tell",
            "The reference gets none of 2 listed examples right, so none can become wrong.",
        ),
        (
            ("e0001", "e0299"),
            "pass",
            "None of 2 listed examples became wrong. The reference itself gets 1 of them wrong.",
        ),
    ],
)
def test_examples_that_were_wrong_already_cannot_flip(ids, outcome, reason):
    (decision,) = decide(unchanged(), f"[[must_not_flip]]\nids = {json.dumps(ids)}\n").decisions
    assert (decision.outcome, decision.reason, decision.n_examples) == (outcome, reason, 2)


def silent(sides: Sides, *where: int) -> Sides:
    """The variant has no answer to these examples."""
    reference, variant = sides
    pred_MN = variant.pred_MN.copy()
    pred_MN[:, list(where)] = -1
    return reference, Records(variant.manifest, variant.examples, pred_MN)


def decided_on(sides: Sides, text: str):
    """The rules of a policy on sides that ``gate`` would perhaps refuse for what they lack."""
    policy = parse_policy(text)
    return list(
        about_variant(
            Evidence(Pair(*sides, False, Settings(by=policy.columns()))), policy
        ).decisions
    )


def test_an_outcome_that_is_missing_leaves_a_list_open():
    (open_,) = decided_on(silent(unchanged(), 1), '[[must_not_flip]]\nids = ["e0001", "e0002"]\n')
    assert (open_.outcome, open_.observed, open_.low, open_.high, open_.n_examples) == (
        "cannot tell",
        0,
        0,
        1,
        1,
    )
    assert open_.reason == "There is no outcome on both sides for 1 of 2 listed examples: 'e0001'."
    (wrong,) = decided_on(silent(unchanged(), 299), '[[must_not_flip]]\nids = ["e0001", "e0299"]\n')
    assert wrong.outcome == "pass"


@pytest.mark.parametrize(
    ("allowed", "outcome"), [(1, "fail"), (2, "cannot tell"), (3, "cannot tell"), (4, "pass")]
)
def test_outcomes_that_are_missing_may_be_new_errors(allowed: int, outcome: str):
    sides = silent(worlds.flipped_world(100, 2, 0), 10, 11, 99)
    (decision,) = decided_on(sides, f"[[max_new_errors]]\ncount = {allowed}\n")
    assert (decision.outcome, decision.observed, decision.low, decision.high) == (outcome, 2, 2, 4)
    assert decision.n_examples == 97
    assert (
        decision.reason
        == f"2 examples newly wrong, {allowed} allowed. 2 more have no outcome on a side."
    )


@pytest.mark.parametrize(
    ("listed", "outcome", "reason"),
    [
        ("e0001", "fail", "The one listed example became wrong: 'e0001'."),
        ("e0010", "pass", "The one listed example did not become wrong."),
        ("gone", "cannot tell", "The one listed example is not among those compared: 'gone'."),
        (
            "e0099",
            "cannot tell",
            "The reference gets the one listed example wrong, so it cannot become wrong.",
        ),
        (
            "e0020",
            "cannot tell",
            "There is no outcome on both sides for the one listed example: 'e0020'.",
        ),
    ],
)
def test_one_listed_example_is_not_counted(listed: str, outcome: str, reason: str):
    sides = silent(worlds.flipped_world(100, 2, 0), 20)
    (decision,) = decided_on(sides, f'[[must_not_flip]]\nids = ["{listed}"]\n')
    assert (decision.outcome, decision.reason) == (outcome, reason)


def test_a_slice_of_one_example_is_not_counted():
    languages = ["de"] * (N - 1) + ["ig"]
    sides = worlds.flipped_world(N, 0, 0, slices={"language": languages})
    (decision,) = decide(sides, '[[max_new_errors]]\ncount = 0\non = "language=ig"\n').decisions
    assert decision.reason == (
        "Cannot tell: the reference gets this one example wrong, so it cannot become wrong."
    )


@pytest.mark.parametrize("limit", ["count = 0", "points = 50", 'points = 50\nabove = "zero"'])
def test_where_the_reference_is_wrong_everywhere_nothing_can_become_wrong(limit: str):
    (decision,) = decide(
        unchanged(), f'[[max_new_errors]]\n{limit}\non = "language=ig"\n'
    ).decisions
    assert (decision.outcome, decision.where) == ("cannot tell", "language=ig")
    assert decision.reason == (
        "Cannot tell: the reference gets none of these 10 examples right, so none can become wrong."
    )


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ("max_drop]]\npoints = 50", "there is no example with an outcome on both sides."),
        (
            'max_churn]]\npoints = 50\nabove = "zero"',
            "Cannot tell: no example has what this needs on both sides.",
        ),
        ("max_churn]]\npoints = 50", "Cannot tell: no example has what this needs on both sides."),
        (
            "calibration_shift]]\npoints = 50",
            "Cannot tell: there is no example with an outcome on both sides and a confidence.",
        ),
    ],
)
def test_a_slice_without_an_outcome(rule: str, reason: str):
    before, after = confident()
    pred_MN = after.pred_MN.copy()
    pred_MN[:, 290:] = -1
    after = Records(after.manifest, after.examples, pred_MN, confidence_MN=after.confidence_MN)
    (decision,) = decided_on((before, after), f'[[{rule}\non = "language=ig"\n')
    assert (decision.outcome, decision.n_examples) == ("cannot tell", 0)
    assert decision.reason.endswith(reason)


def test_over_members_a_slice_without_an_outcome_is_not_told_to_add_members():
    before, after = worlds.null_world(m_ref=4, m_var=4, n=100)
    pred_MN = after.pred_MN.copy()
    north = np.flatnonzero((before.examples["region"] == "north").to_numpy())
    pred_MN[:, north] = -1
    sides = before, Records(after.manifest, after.examples, pred_MN)
    (decision,) = decided_on(sides, '[[max_drop]]\npoints = 50\non = "region=north"\n')
    assert decision.outcome == "cannot tell"
    assert decision.reason.endswith("there is no example with an outcome on both sides.")


def test_without_a_floor_over_members_the_sentence_says_what_would_help():
    text = "[[max_churn]]\npoints = 1\n"
    pairs = worlds.null_world(m_ref=6, m_var=6, n=100, paired=True)
    (paired,) = _on_pairs(pairs, text)
    assert paired.outcome == "cannot tell"
    assert paired.reason.endswith(
        ' members that derive from one another have no floor: limit all of it with above = "zero".'
    )
    (few,) = decide(worlds.null_world(m_ref=2, m_var=2, n=100), text).decisions
    assert few.outcome == "cannot tell"
    assert few.reason.endswith(
        "; too few members a side for limits above the floor: give more, or limit all of it with "
        "above = \"zero\"."
    )  # fmt: skip


def _on_pairs(sides: Sides, text: str):
    policy = parse_policy(text)
    return list(
        about_variant(Evidence(Pair(*sides, True, Settings(by=policy.columns()))), policy).decisions
    )


def test_seconds_of_one_example_are_not_set_against_seconds_of_all():
    old, new = (
        _with_facts(r, f)
        for r, f in zip(unchanged(), ({"seconds": 30.0}, {"seconds_per_example": 0.1}), strict=True)
    )
    (open_,) = decide((old, new), "[[min_realised_speedup]]\nratio = 2\n").decisions
    assert (open_.outcome, open_.reason) == (
        "cannot tell",
        "Cannot tell: there are no seconds for 'new'; add file = \"timings.json\" to the rule, a "
        'file like {"old": [1.02, 1.01]} with every side.',
    )
    both = _with_facts(new, {"seconds_per_example": 0.1, "seconds": 10.0})
    assert decide((old, both), "[[min_realised_speedup]]\nratio = 2\n").verdict == "pass"
    for never in (float("inf"), 0.0, -1.0):
        without = _with_facts(old, {"seconds": never})
        assert (
            decide((without, both), "[[min_realised_speedup]]\nratio = 2\n").verdict
            == "cannot tell"
        )


def _with_facts(records: Records, facts: dict[str, float]) -> Records:
    members = (MemberEntry(id="m0", facts=facts),)
    return type(records)(
        records.manifest.model_copy(update={"members": members}), records.examples, records.pred_MN
    )


@pytest.mark.heavy
@pytest.mark.parametrize("given", ['"12"', "[true, 1]", '["1"]', "1.5", "{}"])
def test_timings_are_a_list_of_numbers(given: str, tmp_path: Path):
    (tmp_path / "t.json").write_text(f'{{"old": [1.0], "new": {given}}}')
    with pytest.raises(UserError) as refused:
        decide(unchanged(), '[[min_realised_speedup]]\nratio = 1\nfile = "t.json"\n', tmp_path)
    assert str(refused.value) == (
        f'{tmp_path / "t.json"}: is not JSON of timings; expected {{"new": [seconds, …], …}}'
    )


def test_equal_timings_have_no_spread(tmp_path: Path):
    (tmp_path / "t.json").write_text('{"old": [2.0, 2.0], "new": [1.0, 1.0]}')
    (open_,) = decide(
        unchanged(), '[[min_realised_speedup]]\nratio = 1.5\nfile = "t.json"\n', tmp_path
    ).decisions
    assert (open_.outcome, open_.reason) == (
        "cannot tell",
        "2.00 times as fast (timings do not vary, so its spread is not known), 1.5 wanted.",
    )


def test_a_rule_that_yields_nothing_is_an_error_of_ours():
    class Silent(MaxDrop):
        def decide(self, evidence, level, folder):
            yield from ()

    with pytest.raises(RuntimeError, match="max_drop yielded no decision, which would pass unseen"):
        gate(unchanged()[0], [unchanged()[1]], Policy(rules=(Silent(points=1.0),)))


def test_a_column_that_does_not_exist_is_an_error():
    with pytest.raises(UserError, match="has no slice 'tongue'"):
        decide(unchanged(), '[[max_drop]]\npoints = 9\non = "tongue=xx"\n')


def test_a_missing_value_is_a_slice_too():
    names = pl.Series([None, "en"] * (N // 2)).to_list()
    sides = worlds.flipped_world(N, 0, 0, slices={"language": names})
    result = decide(sides, '[[max_drop]]\npoints = 9\non = "language"\n')
    assert [d.value for d in result.decisions] == ["en", "(missing)"]
