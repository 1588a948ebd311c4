"""How much the exemplars of an arm have in common with those of the same arm from other members:
the ceiling for what they can have in common with another arm's.

An overlap of two arms is small where their exemplars are other ones, and where exemplars are
chosen by few members, so that even one arm would not find its own again. So each population is cut
into halves, and an arm's exemplars from one half are set against its own from the other, and
against another arm's from the other: as many members choose on either side, and no member does so
on both.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np

from undertow.audit.stats.ballots import modes
from undertow.study.grid.trainings import DENSE, Grid
from undertow.study.people.within_class import Bools, Floats, Interval, Ints, interval

SPLITS, DRAWS, SEED = 20, 400, 0
Cell = tuple[str, str]
"""A training and one of its arms."""
Index: TypeAlias = Callable[[Floats], float]


class Apart(NamedTuple):
    """Mean Jaccard index over pairs of arms: of an arm with itself, of the two with each other, and
    how much the first is above the second."""

    itself: float
    other: float
    less: Interval


def between_halves(grid: Grid, pairs: Sequence[tuple[Cell, Cell]]) -> Apart:
    """Of these pairs. The interval is from examples drawn anew within each class; members are
    fixed."""
    cells = list(dict.fromkeys(cell for pair in pairs for cell in pair))
    chosen = {cell: exemplars_of_halves(grid, cell) for cell in cells}
    itself = [_index(chosen[cell][:1], chosen[cell][1:]) for pair in pairs for cell in pair]
    other = [_index(chosen[one], chosen[two][::-1]) for one, two in pairs]

    def mean(of: Sequence[Index], weight_N: Floats) -> float:
        return float(np.mean([index(weight_N) for index in of]))

    def less(weight_N: Floats, _: Ints) -> float:
        return mean(itself, weight_N) - mean(other, weight_N)

    label_N = grid.of(*cells[0]).answers.label_N
    all_N = np.ones(len(label_N))
    return Apart(mean(itself, all_N), mean(other, all_N), interval(less, label_N, draws=DRAWS))


def exemplars_of_halves(grid: Grid, cell: Cell) -> Bools:
    """Whose modal answer differs between half of the dense members and half of an arm's (2, S, N):
    of either half, over random halvings. A member that derives is in its parent's half."""
    training, arm = cell
    dense, members = grid.of(training, DENSE), grid.of(training, arm)
    first_SD = _halvings(len(dense.ids), SEED)
    parents = members.parents(dense)
    if all(parent in dense.ids for parent in parents):
        first_SM = first_SD[:, [dense.ids.index(str(parent)) for parent in parents]]
    else:
        # arms of one training are independent of each other, and so is how they are cut
        first_SM = _halvings(len(members.ids), SEED + 1 + grid.arms(training).index(arm))
    halves = []
    for in_SD, in_SM in ((first_SD, first_SM), (~first_SD, ~first_SM)):
        before_NS = modes(dense.answers.pred_MN, in_SD.T)
        after_NS = modes(members.answers.pred_MN, in_SM.T)
        halves.append((before_NS >= 0) & (after_NS >= 0) & (before_NS != after_NS))
    return np.stack(halves).transpose(0, 2, 1)


def _halvings(members: int, seed: int) -> Bools:
    """(S, M): who is in the first half; with an odd number it is the smaller one."""
    rng = np.random.default_rng(seed)
    return np.stack([rng.permutation(members) < members // 2 for _ in range(SPLITS)])


def _index(first: Bools, second: Bools) -> Index:
    """The Jaccard index of sets side by side, under weights of examples: the mean over those that
    are not both empty."""
    both, either = (
        (f(first, second)).reshape(-1, first.shape[-1]).astype(np.float32)
        for f in (np.logical_and, np.logical_or)
    )

    def index(weight_N: Floats) -> float:
        weight_N = weight_N.astype(np.float32)
        common, all_ = both @ weight_N, either @ weight_N
        return float(np.mean(common[all_ > 0] / all_[all_ > 0])) if all_.any() else float("nan")

    return index
