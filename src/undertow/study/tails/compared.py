"""What arms do to the two tails, as claims read it: differences with limits over members."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from undertow.study.pairs import Gain
from undertow.study.results import Results
from undertow.study.tails.curves import (
    ATYPICAL,
    CLEAN,
    NOISY,
    TYPICAL,
    Curves,
    TailsOf,
    curves,
    declared,
    exposures,
)
from undertow.study.trained import Floats, mean_interval

TEN = 10
"""Slopes are told in points per ten epochs."""


class Step(NamedTuple):
    """How much more probable the labels of one tail are than those of the next, after an epoch."""

    name: str
    epoch: int
    gain: Gain


class Peak(NamedTuple):
    """Where average precision is highest, and how far above a score that tells nothing it is there
    and above its own last value. Every second member says where, and the others are measured there:
    nobody is measured where their own luck put the peak."""

    epoch: int
    above: Gain
    fall: Gain


@dataclass(frozen=True)
class Tails:
    """Populations by name; ``warm`` epochs came before the arms differ."""

    results: Results
    warm: int
    tails_of: TailsOf = declared

    def curves(self, arm: str, view: str = CLEAN) -> Curves:
        """One population's."""
        return curves(self.results.of(arm), view, self.warm, self.tails_of)

    def order(self, arm: str, view: str = CLEAN) -> list[Step]:
        """Typical less atypical, and atypical less noisy, after each epoch that follows the
        warm-up. Typical images that an epoch shows twice are taken at half the epochs, so at as
        many exposures. ``KeyError`` where no such epoch follows the warm-up."""
        found = list(self._steps(arm, view))
        if {step.name for step in found} != {"typical − atypical", "atypical − noisy"}:
            raise KeyError(f"{arm}: no epoch after the warm-up has as many exposures of each tail")
        return found

    def _steps(self, arm: str, view: str) -> Iterator[Step]:
        all_, shown_G = self.curves(arm, view), exposures(self.results.of(arm), self.tails_of)
        at = {int(epoch): place for place, epoch in enumerate(all_.epoch_E)}
        pairs = (("typical − atypical", TYPICAL, ATYPICAL), ("atypical − noisy", ATYPICAL, NOISY))
        for name, above, below in pairs:
            for epoch in (e for e in at if e > self.warm):
                sooner = epoch * shown_G[below] / shown_G[above]
                if sooner > self.warm and sooner in at:
                    high_M = all_.level_MGE[:, above, at[int(sooner)]]
                    yield Step(name, epoch, _paired(high_M, all_.level_MGE[:, below, at[epoch]]))

    def gap(self, arm: str, view: str = CLEAN) -> Gain:
        """Slope of atypical less slope of noisy, per ten epochs."""
        slope_MG = TEN * self.curves(arm, view).slope_MG
        return _paired(slope_MG[:, ATYPICAL], slope_MG[:, NOISY])

    def gap_beyond(self, arm: str, than: str, view: str = CLEAN) -> Gain:
        """How much larger that gap is in one arm than in another, by Welch: their members have
        seeds of their own."""
        one_M, other_M = (
            TEN * (slope_MG[:, ATYPICAL] - slope_MG[:, NOISY])
            for slope_MG in (self.curves(name, view).slope_MG for name in (arm, than))
        )
        return Gain.of(one_M, other_M)

    def peak(self, arm: str, view: str = CLEAN, tail: int = NOISY) -> Peak:
        """Of the average precision of a low probability. ``KeyError`` with fewer than two
        members."""
        all_ = self.curves(arm, view)
        ap_ME = all_.precision_MGE[:, tail]
        if len(ap_ME) < 2:
            raise KeyError(f"{arm} has one member, and a peak takes two")
        place, measured_ME = int(ap_ME[1::2].mean(axis=0).argmax()), ap_ME[::2]
        high_M = measured_ME[:, place]
        return Peak(
            int(all_.epoch_E[place]),
            Gain(*mean_interval(high_M - all_.share_G[tail])),
            _paired(high_M, measured_ME[:, -1]),
        )

    def areas(self, arm: str, view: str = CLEAN) -> tuple[float, float, Gain]:
        """AUROC for noisy against atypical by the level, by level and slope, and how much more the
        second is."""
        all_ = self.curves(arm, view)
        alone_M, both_M = all_.area_of_level_M, all_.area_of_both_M
        return float(alone_M.mean()), float(both_M.mean()), _paired(both_M, alone_M)


def _paired(one_M: Floats, other_M: Floats) -> Gain:
    """Of the same members."""
    return Gain(*mean_interval(one_M - other_M))
