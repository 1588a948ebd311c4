"""Time to a target error on three clocks: examples that went back, what that costs with forward
passes, and seconds.

A backward pass counts as two forward ones, so an epoch that scores everything and learns from the
share k costs (1 + 3 k) / 3 of one that learns from everything. Seconds are measured for a whole
member; its epochs have them in proportion to the second clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from undertow.audit.stats.ratio_of_means import excess_limits
from undertow.study.claims import Outcome, decided
from undertow.study.sampled.arms import Ratio, Sampled
from undertow.study.trained import Floats, Trained

BACK, COST, SECONDS = "back-props", "forwards + 2 back-props", "seconds"
CLOCKS = (BACK, COST, SECONDS)
WITHIN = 1.2
"""Times the base's final error: the target that fits every cell of the paper's table."""
TEST = "trace-test"


class Curve(NamedTuple):
    """Of each member: the epochs at which it was asked, its test error there, and what it had spent
    by then."""

    epochs: tuple[int, ...]
    error_ME: Floats
    spent: dict[str, Floats]


class SpeedUp(NamedTuple):
    """How many times as fast as its base an arm reaches the target, by clock; empty where a member
    of either never does."""

    reached: int
    members: int
    by_clock: dict[str, Ratio]


def spent_by(members: Trained) -> dict[str, Floats]:
    """What each member had spent after each epoch (M, E), by clock. Without the seconds where they
    are not known."""
    forwards_ME, backprops_ME = members.series("forwards"), members.series("backprops")
    cost_ME = np.cumsum(forwards_ME + 2 * backprops_ME, axis=1)
    spent = {BACK: np.cumsum(backprops_ME, axis=1), COST: cost_ME}
    try:
        return spent | {SECONDS: members.seconds[:, None] * cost_ME / cost_ME[:, -1:]}
    except KeyError:
        return spent


def curve(members: Trained) -> Curve:
    """Of the members of one population, by their traces of the test part."""
    trace = members.probe(TEST)
    right_MNE = trace.values["predicted"] == trace.label_N[:, None]
    rows = [members.epochs.index(epoch) for epoch in trace.entry.epochs]
    spent = {clock: spent_ME[:, rows] for clock, spent_ME in spent_by(members).items()}
    return Curve(tuple(trace.entry.epochs), 1 - right_MNE.mean(axis=1), spent)


def times(error_ME: Floats, spent_ME: Floats, target: float) -> Floats:
    """What each member (M) had spent at the first moment that was asked at which its error is at
    most the target; infinite where it never is. Nothing is assumed between two moments."""
    there_ME: NDArray[np.bool_] = error_ME <= target
    first_M = there_ME.argmax(axis=1)
    spent_M = spent_ME[np.arange(len(first_M)), first_M]
    return np.where(there_ME.any(axis=1), spent_M, np.inf)


def speed_up(s: Sampled, arm: str, column: str) -> SpeedUp:
    """Against the arm's base, to ``WITHIN`` times that one's final error in the same column."""
    base = s.base_of(arm)
    target = WITHIN * float(s.error(base, column).mean())
    own, other = curve(s.of(arm, column)), curve(s.of(base, column))
    reached_M = np.isfinite(times(own.error_ME, own.spent[BACK], target))
    all_there = bool(reached_M.all())
    found = {}
    for clock in CLOCKS:
        if all_there and clock in own.spent and clock in other.spent:
            own_M = times(own.error_ME, own.spent[clock], target)
            base_M = times(other.error_ME, other.spent[clock], target)
            if np.isfinite(base_M).all():
                found[clock] = _ratio(base_M, own_M)
    return SpeedUp(int(reached_M.sum()), len(reached_M), found)


def _ratio(over_M: Floats, base_M: Floats) -> Ratio:
    """With no limits, but a value, where nothing varies."""
    ratio = Ratio.of(over_M, base_M)
    return ratio._replace(value=float(over_M.mean() / base_M.mean()))


def dearer_in_seconds(s: Sampled, arms: Sequence[str], base: str, column: str) -> Outcome:
    """Whether the share of the base's seconds that each arm takes is larger than that of its
    back-props. ``KeyError`` where seconds are not known."""
    limits, said = [], []
    base_M, base_seconds_M = _back_and_seconds(s.of(base, column))
    for arm in arms:
        own_M, seconds_M = _back_and_seconds(s.of(arm, column))
        found = excess_limits(
            base_seconds_M[None], seconds_M[None], base_M[None], own_M[None], paired=False
        )
        limits.append((float(found.low_G[0]), float(found.high_G[0])))
        back, seconds = own_M.mean() / base_M.mean(), Ratio.of(seconds_M, base_seconds_M)
        said.append(f"{arm} {back:.2f} × the back-props of {base}, {seconds} × its seconds")
    return decided(limits, "; ".join(said))


def _back_and_seconds(members: Trained) -> tuple[Floats, Floats]:
    """Of each member's whole training."""
    return spent_by(members)[BACK][:, -1], members.seconds
