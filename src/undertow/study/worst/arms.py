"""``Arm``: what the members of a population got right of its test examples, class by class, and the
statistics of recalls that arms are told by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from undertow.study.trained import Trained
from undertow.study.worst.recalls import Floats, Ints, lowest, recalls, redrawn

DRAWS, SEED = 400, 0

Statistic = Callable[[Floats], Floats]
"""From recalls to a value, over the last axis (C)."""


@dataclass(frozen=True, eq=False)
class Arm:
    """What the M members of a population got right of N test examples of C classes; ``teacher_M``
    names the teacher of each, None where there is none."""

    right_MN: NDArray[Any]
    label_N: Ints
    classes: int
    teacher_M: Sequence[str | None] = ()

    @cached_property
    def recall_MC(self) -> Floats:
        """In [0, 1]."""
        return recalls(self.right_MN, self.label_N, self.classes)

    @cached_property
    def redrawn_DMC(self) -> Floats:
        """On test examples drawn anew within classes."""
        return redrawn(self.right_MN, self.label_N, self.classes, DRAWS, SEED)

    @property
    def units(self) -> list[list[int]]:
        """Rows of members that count as one: those of one teacher, where there are several."""
        teachers = [*self.named]
        if len(teachers) < 2:
            return [[m] for m in range(len(self.right_MN))]
        return [self.named[name] for name in teachers]

    @cached_property
    def named(self) -> dict[str, list[int]]:
        """Rows of members by teacher; empty where one has none."""
        found: dict[str, list[int]] = {}
        for row, name in enumerate(self.teacher_M):
            if name is None:
                return {}
            found.setdefault(name, []).append(row)
        return found

    def of(self, members: slice) -> Arm:
        """Some of the members alone."""
        return replace(self, right_MN=self.right_MN[members], teacher_M=self.teacher_M[members])

    @property
    def share_C(self) -> Floats:
        """Of the test examples, by class."""
        return np.bincount(self.label_N, minlength=self.classes) / len(self.label_N)

    def average(self) -> Statistic:
        """Accuracy over all test examples, whose classes keep their shares."""
        share_C = self.share_C
        return lambda recall_XC: recall_XC @ share_C


def balanced(recall_XC: Floats) -> Floats:
    """Mean recall over classes."""
    return np.asarray(recall_XC.mean(axis=-1))


def worst(k: int = 1) -> Statistic:
    """Worst-class accuracy, or worst-k."""
    return lambda recall_XC: lowest(recall_XC, k)


def arm_of(members: Trained) -> Arm:
    """What a population got right of its test part; of students, with the teacher of each."""
    answers = members.answers
    if np.isnan(answers.correct_MN).any():
        raise KeyError(f"{members.folder.name!r} lacks answers or labels of its test part")
    teachers = [m.teacher for m in members.members]
    named = [None if name is None else f"{answers.manifest.teacher}/{name}" for name in teachers]
    return Arm(answers.correct_MN, answers.label_N, len(answers.classes), named)


def joined(arms: Sequence[Arm]) -> Arm:
    """Members of several populations that were asked the same examples, as one arm: students of one
    teacher each, so that every teacher has several. ``ValueError`` for other examples."""
    first = arms[0]
    for other in arms[1:]:
        check_same(first, other)
    names = [name for arm in arms for name in (arm.teacher_M or [None] * len(arm.right_MN))]
    return Arm(np.concatenate([arm.right_MN for arm in arms]), first.label_N, first.classes, names)


def check_same(arm: Arm, other: Arm) -> None:
    """``ValueError`` where two arms answered other examples."""
    if not np.array_equal(arm.label_N, other.label_N):
        raise ValueError(
            f"two arms of {len(arm.label_N)} and {len(other.label_N)} test examples differ in "
            "labels; they are compared on the same examples in the same order"
        )
