"""A sentence about what changed says what was counted: answers, wordings or scores."""

from __future__ import annotations

import numpy as np
import pytest

import worlds
from texts import only_scored, written
from undertow.audit import Settings, audit
from undertow.audit.answered import answered
from undertow.audit.gate import gate
from undertow.audit.gate.policy import parse_policy
from undertow.audit.gate.suggest import suggested_policy
from undertow.records.records import Records
from undertow.report.text import summary_text

N = 40
SCORES = np.linspace(0.5, 0.9, N)
CHURN = parse_policy("[[max_churn]]\npoints = 2\n")


def sides(kind: str, runs: int = 1) -> tuple[Records, Records]:
    """Nothing got worse on any example, and three quarters of them differ."""
    same = [f"so {i}" for i in range(N)]
    other = [f"so {i}" + (" it is" if i % 4 else "") for i in range(N)]
    moved = [s + (0.0004 if i % 4 else 0) for i, s in enumerate(SCORES)]
    if kind == "scores":
        return only_scored([SCORES] * runs), only_scored([moved], "new")
    graded = None if kind == "no outcome" else [SCORES] * runs
    after = None if kind == "no outcome" else [SCORES]
    return written([same] * runs, graded), written([other], after, "new")


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("graded", "75.0 % of answers differ in wording"),
        ("no outcome", "75.0 % of answers differ in wording"),
        ("scores", "75.0 % of scores moved, however little"),
    ],
)
def test_another_wording_and_a_score_that_moved_are_no_changed_answer(kind: str, said: str) -> None:
    old, new = sides(kind)
    found = audit(old, [new], Settings(draws=100))
    assert found.headline.endswith(
        f" {said}. There is no floor to compare this with: the reference has one run."
    )
    assert f"{said}; no floor: one reference run" in summary_text(found)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (
            "graded",
            "75.0 % of answers differ in wording; a repeat run of the reference differs in 0.0 %.",
        ),
        (
            "scores",
            "75.0 % of scores moved, however little; a repeat run of the reference moves 0.0 %.",
        ),
    ],
)
def test_so_does_the_repeat_run(kind: str, said: str) -> None:
    old, new = sides(kind, runs=2)
    found = audit(old, [new], Settings(draws=100))
    assert found.headline.endswith(said)
    assert found.answered == ("scores" if kind == "scores" else "wordings")


def members(word: str, rng: np.random.Generator) -> Records:
    """Three that word a fifth of their answers each in its own way."""
    said = [[f"{word} {i}" + f" {m}" * bool(rng.random() < 0.2) for i in range(N)] for m in "abc"]
    return written(said, rng.uniform(0.2, 1, (3, N)).tolist(), word)


def test_with_members_on_both_sides_it_is_the_most_common_wording() -> None:
    rng = np.random.default_rng(1)
    found = audit(members("so", rng), [members("thus", rng)], Settings(draws=100))
    one = "with one most common wording on both sides changed it"
    assert f" 31 of the 31 examples {one}, " in found.headline
    assert f" 31 of the 31 {one}; " in summary_text(found)


def test_classes_and_what_is_right_or_wrong_are_answers() -> None:
    assert answered(*worlds.null_world(1, 1, 20)) == "answers"
    right = [written([["a", "b"]], [[1.0, 0.0]], graded=False)] * 2
    assert answered(*right) == "answers"


def test_one_answer_that_is_no_score_makes_them_wordings() -> None:
    assert answered(only_scored([[0.5, 0.25]])) == "scores"
    assert answered(written([["scored 0.5", "scored highly"]], [[0.5, 0.2]])) == "wordings"


def test_the_gate_says_the_same() -> None:
    for kind, what in (("graded", "of answers differ in wording"), ("scores", "of scores moved")):
        result = gate(*(lambda s: (s[0], [s[1]]))(sides(kind)), CHURN)
        assert result.decisions[0].reason.startswith(f"75.00 % {what}")


def test_so_does_a_suggested_policy() -> None:
    moved = [s + (0.0004 if i % 4 else 0) for i, s in enumerate(SCORES)]
    said = suggested_policy(only_scored([SCORES, moved]), ())
    assert "# 0.03 points and 75.00 % of scores moved, however little. Lower limits" in said


def test_scores_of_one_side_beside_texts_of_the_other_are_wordings() -> None:
    (scored, _), (texts, _) = sides("scores"), sides("graded")
    assert (answered(scored), answered(texts)) == ("scores", "wordings")
    assert answered(scored, texts) == answered(texts, scored) == "wordings"


def test_other_numbers_are_other_answers_and_no_other_wordings() -> None:
    old, new = written([["3"] * N], [SCORES]), written([["4"] * N], [SCORES], "new")
    assert answered(old, new) == "answers"
    assert answered(old, written([["four"] * N], [SCORES], "new")) == "wordings"
