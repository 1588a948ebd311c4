"""Each half of the members chooses, and the other half is judged."""

from __future__ import annotations

import numpy as np

from undertow.study.worst.arms import Arm
from undertow.study.worst.crossed import judged

LABEL_N = np.array([0, 1])


def arm(first: str) -> Arm:
    """Five members whose teachers' names begin with ``first``; member m gets example 0 right where
    m is even, so that rows tell which members they are."""
    right_MN = np.array([[m % 2 == 0, True] for m in range(5)])
    return Arm(right_MN, LABEL_N, 2, [f"{first}{m}" for m in range(5)])


def test_halves_that_agree_judge_all_members_as_they_are() -> None:
    found = judged(lambda half: "a", arm)
    assert (found.name, list(found.arm.teacher_M)) == ("a", ["a0", "a1", "a2", "a3", "a4"])


def test_what_the_even_members_chose_is_judged_by_the_odd_ones() -> None:
    found = judged(lambda half: "a" if half.start == 0 else "b", arm)
    assert found.name == "a or b"
    assert list(found.arm.teacher_M) == ["a1", "a3", "b0", "b2", "b4"]
    assert found.arm.right_MN[:, 0].tolist() == [False, False, True, True, True]
