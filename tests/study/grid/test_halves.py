"""Exemplars of halves of populations, on made answers."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from undertow.study.grid.halves import between_halves, exemplars_of_halves
from undertow.study.grid.shown import apart

N, M = 240, 8


class Made:
    """A grid whose arms answer otherwise than the dense members on examples of their own, each
    member on most of them."""

    trainings = ("one",)

    def __init__(self, parents=None, **moved):
        rng = np.random.default_rng(0)
        self.moved = moved
        self.label_N = np.arange(N) % 3
        self.found = {"dense": self._population("dense", np.tile(self.label_N, (M, 1)))}
        for arm, of in moved.items():
            flip_MN = np.isin(np.arange(N), of) & (rng.random((M, N)) < 0.6)
            own = parents if parents and arm == "once" else [None] * M
            self.found[arm] = self._population(arm, (self.label_N + flip_MN) % 3, own)

    def _population(self, name, pred_MN, parents=()):
        answers = SimpleNamespace(pred_MN=pred_MN.astype(np.int32), label_N=self.label_N)
        ids = [f"{m:03}" for m in range(M)]
        return SimpleNamespace(answers=answers, ids=ids, parents=lambda _: list(parents))

    def of(self, training, arm):
        return self.found[arm]

    def arms(self, training):
        return [*self.moved]

    def overlap(self, one, other):
        return SimpleNamespace(jaccard=0.5, chance=0.1)


A, B, C = ("one", "a"), ("one", "b"), ("one", "c")


@pytest.fixture(scope="module")
def grid():
    return Made(a=range(60), b=range(60), c=range(120, 180))


def test_an_arm_that_moves_the_same_examples_has_as_much_in_common_as_with_itself(grid):
    found = between_halves(grid, [(A, B)])
    assert found.itself < 0.9  # members do not agree, so .5 or 1 would be no ceiling
    assert found.less.low < 0 < found.less.high
    assert found.less.value == pytest.approx(found.itself - found.other)


def test_one_that_moves_others_has_less(grid):
    found = between_halves(grid, [(A, C), (B, C)])
    assert found.other == 0
    assert found.less.low > 0


def test_sets_are_counted_half_by_half(grid):
    sets = exemplars_of_halves(grid, A)
    assert sets.shape == (2, 20, N)
    assert not sets[..., 60:].any()
    first, second = sets[:, 0]
    assert first.any()
    assert (first != second).any()
    index = [(a & b).sum() / (a | b).sum() for a, b in zip(*sets, strict=True)]
    assert between_halves(grid, [(A, A)]).itself == pytest.approx(np.mean(index))


def test_no_member_chooses_on_both_sides_of_two_arms(grid):
    one, two = exemplars_of_halves(grid, A), exemplars_of_halves(grid, B)[::-1]
    index = [
        (a & b).sum() / (a | b).sum()
        for a, b in zip(one.reshape(-1, N), two.reshape(-1, N), strict=True)
    ]
    assert between_halves(grid, [(A, B)]).other == pytest.approx(np.mean(index))


def test_a_member_is_in_the_half_of_the_one_that_it_derives_from():
    turned = [f"{m:03}" for m in reversed(range(M))]
    grid = Made(parents=turned, once=range(60))
    dense, once = grid.found["dense"], grid.found["once"]
    # where a member's parent answers as itself, nothing of a half can have changed
    dense.answers.pred_MN = once.answers.pred_MN[::-1]
    assert not exemplars_of_halves(grid, ("one", "once")).any()
    once.parents = lambda _: turned[::-1]
    assert exemplars_of_halves(grid, ("one", "once")).any()


def test_the_claim_holds_below_the_ceiling_alone(grid):
    assert apart(grid, [A, C], same=True).status == "held"
    undecided = apart(grid, [A, B], same=True)
    assert undecided.status == "not testable"
    assert undecided.evidence.endswith("by chance within classes 0.10; too small to tell")
    with pytest.raises(KeyError, match="this scale has no two such arms"):
        apart(grid, [A, B], same=False)
