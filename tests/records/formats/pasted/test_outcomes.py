"""Of several columns that may say how good an answer is, which one counts is asked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from records.formats.pasted.asking import asked, pasted, write
from records.formats.pasted.tables import BRIGHT, IDS, N, World
from undertow.audit.gate.policy import Policy

# every layout goes through the whole command several times
pytestmark = pytest.mark.heavy


def beside(name: str, other: str) -> None:
    """The ``name`` says what is right; the ``other``, which stands first, is as good on both
    sides."""

    def rows(w: World) -> dict[str, Any]:
        seed = 8 + int(w.hit.mean() < 0.8)
        kept = (np.random.default_rng(seed).random(N) < 0.7).astype(int)
        return {"qid": IDS, other: kept, name: w.hit}

    write(rows)


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("hit", "solved"),
        ("solved", "hit"),
        ("passed", "won"),
        ("em", "is_correct"),
        ("success", "passed"),
        ("hit", "error"),
    ],
)
def test_of_several_outcomes_none_is_chosen(name: str, other: str, policy: Policy) -> None:
    beside(name, other)
    said = asked(policy)
    assert said.startswith(
        f"old.csv: has no column 'example_id'; it has 'qid', {other!r}, {name!r}; name its columns "
        "with --id qid --score COLUMN, where only you know which COLUMN is, of "
    )
    assert repr(name) in said.split("of ")[-1] or "less is better" in said
    assert pasted(said, "", [])[0] == "--id qid --score COLUMN"
    assert asked(policy, id="qid", score=name) == "fail"


def test_several_outcomes_are_all_named(policy: Policy) -> None:
    beside("hit", "solved")
    assert asked(policy) == (
        "old.csv: has no column 'example_id'; it has 'qid', 'solved', 'hit'; name its columns with "
        "--id qid --score COLUMN, where only you know which COLUMN is, of 'hit', 'solved'"
    )


def test_a_grade_beside_an_outcome_is_named_too(policy: Policy) -> None:
    write(lambda w: {"qid": IDS, "hit": np.roll(w.hit, 1), "rating": 1 + 2 * w.hit})
    assert asked(policy) == (
        "old.csv: has no column 'example_id'; it has 'qid', 'hit', 'rating'; name its columns with "
        "--id qid --score COLUMN, where only you know which COLUMN is, of 'hit', 'rating'"
    )


def test_a_column_of_two_values_is_no_label_beside_an_outcome(policy: Policy) -> None:
    """Read as the probability of another column's value, an outcome would say nothing."""
    write(lambda w: {"qid": IDS, "hit": w.hit, "solved": (BRIGHT > 0.5).astype(int)})
    assert pasted(asked(policy), "", [])[0] == "--id qid --score hit"
    assert asked(policy, id="qid", score="hit") == "fail"


def test_the_outcome_that_readers_know_is_taken(policy: Policy) -> None:
    beside("correct", "passed")
    assert pasted(asked(policy), "", [])[0] == "--id qid"
    assert asked(policy, id="qid") == "fail"


@pytest.mark.parametrize(("name", "other"), [("em", "f1"), ("f1", "em"), ("reward", "accuracy")])
def test_of_several_scores_beside_what_was_written_none_is_chosen(
    name: str, other: str, policy: Policy
) -> None:
    write(
        lambda w: {
            "qid": IDS,
            "response": [f"word {n}" for n in np.where(w.hit, N, np.arange(N))],
            "gold": [f"the word {n}" for n in range(N)],
            name: w.hit,
            other: np.roll(w.hit, 1),
        }
    )
    said = asked(policy)
    assert pasted(said, "", [])[0] == "--id qid --score COLUMN --answer response"
    assert (
        f"where only you know which COLUMN is, of {', '.join(sorted(map(repr, (name, other))))}"
        in said
    )
