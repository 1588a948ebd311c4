"""What stands beside an exemplar is like it in something that means the same on both."""

from __future__ import annotations

import numpy as np
import pytest

import worlds
from texts import only_scored, written
from undertow.audit import Audit, Settings, audit
from undertow.audit.controls import likeness, matched, shared
from undertow.records.records import Records

LOST = ("q0", "q1", "q2", "q3")


def beside(found: Audit) -> dict[str, str | None]:
    return {
        e.exemplar.example_id: None if e.control is None else e.control.example_id
        for e in found.variants[0].gallery
    }


def against(old: Records, new: Records) -> Audit:
    return audit(old, [new], Settings(draws=100, min_count=1))


def test_graded_texts_have_the_unchanged_example_of_the_nearest_score() -> None:
    """Whatever code an answer has: it means nothing on another example."""
    scores = [0.9, 0.5, 0.7, 0.2, 0.52, 0.21, 0.88, 0.7, 0.3, 0.99]
    before = [f"answer {i}" for i in range(10)]
    after = [f"{said} lost" if i < 4 else said for i, said in enumerate(before)]
    lower = [s / 2 if i < 4 else s for i, s in enumerate(scores)]
    found = against(written([before], [scores]), written([after], [lower], "new"))
    assert beside(found) == {"q0": "q6", "q1": "q4", "q2": "q7", "q3": "q5"}
    assert found.control == "similar score of the reference"


def test_an_exemplar_without_a_score_has_a_control_without_one() -> None:
    """Of several tasks some may have no score at all."""
    records = written([["a", "b", "c", "d"]], [[np.nan, 0.4, 0.4, np.nan]])
    modal_N, calm_N = records.pred_MN[0], np.zeros(4)
    alike = likeness(records, modal_N, np.ones(4))
    free_N = np.array([False, True, True, True])
    assert matched(np.array([0]), free_N, alike, calm_N) == [3]


def test_right_texts_stand_beside_right_ones_and_wrong_beside_wrong() -> None:
    """A wrong answer that became another wrong one included, whichever code it had."""
    scores = [1.0, 1, 0, 0, 1, 0, 1, 0, 1, 0]
    before = [f"answer {i}" for i in range(10)]
    after = [f"{said} lost" if i < 4 else said for i, said in enumerate(before)]
    sides = (
        written([before], [scores], graded=False),
        written([after], [[0, 0, 0, 0, *scores[4:]]], "new", graded=False),
    )
    found = against(*sides)
    pairs = beside(found)
    assert set(pairs) == set(LOST)
    assert {pairs["q0"], pairs["q1"]} < {"q4", "q6", "q8"}
    assert {pairs["q2"], pairs["q3"]} < {"q5", "q7", "q9"}
    assert found.control == "as right or as wrong before"


def test_where_every_score_moved_none_is_left() -> None:
    found = against(only_scored([[0.5, 0.6]]), only_scored([[0.4, 0.7]], "new"))
    assert beside(found) == {"q0": None, "q1": None}


@pytest.mark.parametrize(
    ("records", "votes", "said"),
    [
        (worlds.null_world(1, 1, 9)[0], False, "same label, same answer of the reference"),
        (worlds.null_world(3, 3, 9)[0], True, "same label, similar reference vote"),
        (worlds.records_from([[0, 1]]), False, "same answer of the reference"),
        (worlds.records_from([[0, 1]] * 3), True, "similar reference vote"),
        (
            worlds.records_from([[0, 1]], [0, 1], task="choice"),
            False,
            "right option in the same position, same position chosen by the reference",
        ),
        (
            worlds.records_from([[0, 1]] * 2, [0, 1], task="choice"),
            True,
            "right option in the same position, similar reference vote",
        ),
        (written([["a"]]), False, "another example"),
        (written([["a"]] * 3), True, "similar reference vote"),
        (written([["a"]] * 3, [[0.4]] * 3), True, "similar score of the reference"),
        (
            written([["a"]] * 3, [[1.0]] * 3, graded=False),
            True,
            "as right or as wrong before, similar reference vote",
        ),
    ],
)
def test_what_they_share_is_said(records: Records, votes: bool, said: str) -> None:
    assert shared(records, votes=votes) == said
