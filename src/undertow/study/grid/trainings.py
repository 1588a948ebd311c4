"""Trainings by arms: what a study reads that compares each of several trainings, dense, with its
own arms, and then the trainings with each other.

Populations are called ``<training> dense``, ``<training> dense again``, ``<training> <arm>``. Every
arm is set against *dense again*, whose members are independent of all others, so that an interval
by Welch holds for arms that derive from the dense members too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.audit.measures.modal import modal_labels
from undertow.audit.result import CrossedColumn
from undertow.records.records import Records
from undertow.study.grid.drift import drift
from undertow.study.grid.overlap import Overlap, overlap
from undertow.study.pairs import Gain
from undertow.study.results import Results
from undertow.study.trained import Floats, Trained

DENSE, AGAIN = "dense", "dense again"


@dataclass(frozen=True)
class Grid:
    """``results`` by training and arm; the first training's audit is the study's own."""

    results: Results

    @cached_property
    def trainings(self) -> tuple[str, ...]:
        """In the study's order."""
        first = self.results.audit.reference.name.removesuffix(f" {DENSE}")
        return (first, *self.results.others)

    def within(self, training: str) -> Results:
        """The results of its own comparison."""
        first = training == self.trainings[0]
        return self.results if first else self.results.within(training)

    def arms(self, training: str) -> list[str]:
        """Those that are set against its dense population, its dense again first."""
        return [name.removeprefix(f"{training} ") for name in self.within(training).names]

    def shared(self, beginning: str = "", ending: str = "") -> list[str]:
        """Arms of the first training that all others have too, dense again left out."""
        known = [set(self.arms(training)) for training in self.trainings]
        return [
            arm
            for arm in self.arms(self.trainings[0])
            if arm != AGAIN
            and arm.startswith(beginning)
            and arm.endswith(ending)
            and all(arm in arms for arms in known)
        ]

    def of(self, training: str, arm: str) -> Trained:
        """A population. ``KeyError`` where this scale has none of that name."""
        return self.results.of(f"{training} {arm}")

    def accuracy(self, training: str, arm: str) -> Floats:
        """Of each member (M)."""
        return self.of(training, arm).fact("accuracy")

    def lost(self, training: str, arm: str) -> Gain:
        """How much more accurate its members are than dense ones trained again: below 0 where it
        costs."""
        return Gain.of(self.accuracy(training, arm), self.accuracy(training, AGAIN))

    def away(self, training: str, arm: str) -> Floats:
        """Of each member (M): the share of examples that it answers otherwise than most dense
        members do, of those on which they are not tied.

        Most of all dense members but one: of one that derives, its parent is left out, and of
        others each in turn. With another number of voters other examples would be tied.
        """
        dense, members = self.of(training, DENSE), self.of(training, arm)
        ids_D, parents = dense.ids, members.parents(dense)
        mode_DN = _modes_without_each(dense)
        away_DM = np.array([_away(mode_N, members.answers.pred_MN) for mode_N in mode_DN])
        return np.array(
            [
                away_DM[ids_D.index(parent), m] if parent in ids_D else away_DM[:, m].mean()
                for m, parent in enumerate(parents)
            ]
        )

    def excess(self, training: str, arm: str) -> Gain:
        """How much more often than dense members trained again they answer otherwise."""
        return Gain.of(self.away(training, arm), self.away(training, AGAIN))

    def drift(self, training: str, arm: str) -> Floats:
        """1 − CKA of each member with the dense ones, of those (M) whose embedding varies."""
        each = drift(self.of(training, DENSE), self.of(training, arm))
        return each[~np.isnan(each)]

    def collapsed(self, training: str, arm: str) -> int:
        """How many members have no drift: none of their features varies over the test part."""
        return len(self.of(training, arm).ids) - len(self.drift(training, arm))

    def drifted(self, training: str, arm: str) -> Gain:
        """How much further the embedding has drifted than that of dense members trained again."""
        return Gain.of(self.drift(training, arm), self.drift(training, AGAIN))

    def exemplars(self, training: str, arm: str) -> set[str]:
        """Ids of the examples whose modal answer changed."""
        name, rows = f"{training} {arm}", self.within(training).audit.exemplars
        changed = rows.filter((pl.col("variant") == name) & pl.col("modal_disagreement"))
        return set(changed["example_id"])

    def overlap(self, one: tuple[str, str], other: tuple[str, str]) -> Overlap:
        """How much the exemplars of two (training, arm) have in common."""
        answers: Records = self.of(*one).answers
        ids, label_N = answers.example_id_N, answers.label_N
        first_N, second_N = (np.isin(ids, [*self.exemplars(*cell)]) for cell in (one, other))
        return overlap(first_N, second_N, label_N)

    def crossed(self, training: str, arm: str, column: str) -> CrossedColumn:
        """Exemplars against controls in one column. ``KeyError`` where it was not crossed."""
        crossed = self.within(training).variant(f"{training} {arm}").crossed
        for found in () if crossed is None else crossed.columns:
            if found.column == column:
                return found
        raise KeyError(f"{training} {arm} has no crossed column {column!r}")

    def costs_more(self, one: str, other: str, what: str) -> tuple[Gain, dict[str, Gain]]:
        """What ``lost``, ``excess`` or ``drifted`` is of one training less that of another: the
        mean over the arms that all trainings have or these two share, and arm by arm."""
        arms = [a for a in self.arms(one) if a in self.arms(other) and a != AGAIN]
        cost = getattr(self, what)
        each = {arm: between(cost(one, arm), cost(other, arm)) for arm in arms}
        return mean_of(list(each.values())), each

    def sooner(self, training: str, early: str, late: str, what: str) -> dict[str, Gain]:
        """``away`` or ``drift`` of arms whose name begins with ``early`` less that of those with
        ``late``, by the rest of their names."""
        of = getattr(self, what)
        rests = [a.removeprefix(f"{early} ") for a in self.arms(training) if a.startswith(early)]
        if not rests:
            raise KeyError(f"{training} has no arm {early!r}")
        return {
            rest: Gain.of(of(training, f"{early} {rest}"), of(training, f"{late} {rest}"))
            for rest in rests
        }

    def values(self, training: str, arm: str, probe: str, column: str) -> pl.DataFrame:
        """``example_id`` and the mean over members of a probe's column."""
        return self.of(training, arm).columns(probe).select("example_id", value=column)


def between(one: Gain, other: Gain) -> Gain:
    """One difference less another whose members are others; the interval by the root of the sum of
    squares, which Student's t makes a little narrow where one side has far fewer members."""
    half = math.hypot(one.high - one.mean, other.high - other.mean)
    mean = one.mean - other.mean
    return Gain(mean, mean - half, mean + half)


def mean_of(gains: Sequence[Gain]) -> Gain:
    """Their mean, with an interval that holds whatever they have in common."""
    mean, low, high = (float(np.mean(values)) for values in zip(*gains, strict=True))
    return Gain(mean, low, high)


def _modes_without_each(dense: Trained) -> NDArray[np.int32]:
    """The modal answers (D, N) of all dense members but one, for each that is left out; −1 for a
    tie."""
    answers = dense.answers
    vote_MNC = answers.pred_MN[..., None] == np.arange(len(answers.classes))
    votes_NC = vote_MNC.sum(axis=0)
    return np.stack([modal_labels(votes_NC - own_NC) for own_NC in vote_MNC])


def _away(mode_N: NDArray[np.int32], answer_MN: NDArray[np.int32]) -> Floats:
    told_N = mode_N >= 0
    return np.asarray((answer_MN != mode_N)[:, told_N].mean(axis=1))
