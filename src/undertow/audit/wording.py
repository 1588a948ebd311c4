"""Numbers and notes as people read them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

from undertow.audit.verdicts import direction
from undertow.card import Card

UNSEEN = "with clusters unlike those seen"
LEFT_OUT = "left out for having fewer than"
"""Of cells of a crossing, in a sentence of the design that must not be missed."""
FURTHER = 2
"""Decimals that are added at most."""
LONGEST = 1 + FURTHER
"""Decimals of a share at most."""
ROUNDING = 1e-12
"""A share up to which it is 0 but for rounding."""
BEYOND_COUNTING = 1000
"""Times what there is: a forecast of more says nothing."""


class Excess(NamedTuple):
    """A disagreement beyond its floor, with its limits, and the lower one that allows for clusters
    unlike those seen; without clusters that is the lower limit too."""

    effect: float
    low: float
    high: float
    unseen_low: float


def excess_note(
    card: Card,
    found: Excess,
    tolerance: float,
    until: Callable[[float, float, float], int],
    now: float,
    what: str,
) -> str:
    """What would settle an open disagreement of ``now`` examples (clusters), if it stays what it
    is: ``until(seen, target, wide)`` is how many bring a limit from ``seen`` to ``target`` off it,
    which with clusters unlike those seen lies ``wide`` off."""
    ways = _ways(card, found, tolerance)
    needed = min((until(seen, target, wide) for target, seen, wide in ways), default=0)
    if not needed:
        return "as often as repeat runs do"
    much = points(tolerance) if card.percent else f"{tolerance:g}"
    return f"{about(needed, now)} {what} in this slice would decide {much} above the floor"


def _ways(card: Card, found: Excess, tolerance: float) -> Iterator[tuple[float, float, float]]:
    """How the verdict may fall: how far off the effect a limit has to come, how far it lies, and
    how far where that has to hold with clusters unlike those seen, else 0."""
    effect, low, high, unseen_low = found
    if effect > 0:
        gains = direction(effect, card.worse) == "better"
        yield effect, effect - low, effect - unseen_low if gains else 0.0
    if tolerance > effect:
        # The upper limit allows for such clusters as it is.
        yield tolerance - effect, high - effect, high - effect


def about(needed: int, now: float) -> str:
    """A number that was forecast, of which there are ``now``."""
    return f"about {needed:,}" if needed <= BEYOND_COUNTING * now else "far more"


def unseen_note(
    low: float, high: float, unseen_low: float, unseen_high: float, tolerance: float
) -> str:
    """What clusters unlike those seen could make of a change that the interval has as a gain or as
    small; empty where the interval itself leaves the verdict open."""
    small = low >= -tolerance and high <= tolerance
    if (low, high) == (unseen_low, unseen_high) or not (small or low > 0 or high < 0):
        return ""
    digits = decimals(100 * unseen_low, 100 * unseen_high)
    least, most = (signed(limit, digits) for limit in (unseen_low, unseen_high))
    return f"{UNSEEN} it could be {least} to {most} points"


def points(share: float) -> str:
    """0.05 as ``5 points``."""
    return f"{100 * share:g} point" + ("" if share == 0.01 else "s")


def signed(effect: float, digits: int = 1) -> str:
    """−0.013 as ``−1.3``: points with their direction and a true minus sign; none where they round
    to 0."""
    said = f"{100 * effect:+.{digits}f}".replace("-", "−")
    return said if float(said[1:]) else said[1:]


class Told(NamedTuple):
    """A change in points with its limits, as text."""

    effect: str
    low: str
    high: str


def told(effect: float, low: float, high: float) -> Told:
    """All three with as many decimals as they need together."""
    digits = decimals(*(100 * value for value in (effect, low, high)))
    return Told(*(signed(value, digits) for value in (effect, low, high)))


def share(part: float, beside: float = math.nan) -> str:
    """0.174 as ``17.4 %``, with more decimals where it would read as nothing, or as ``beside``;
    what is not nothing never reads so, however large ``beside`` is."""
    said = f"{100 * part:.{decimals(100 * part, 100 * beside)}f}"
    if float(said) == 0 and part > ROUNDING:
        said = f"{100 * part:.{decimals(100 * part)}f}"
        if float(said) == 0:
            return f"less than {10.0**-LONGEST:.{LONGEST}f} %"
    return f"{said} %"


def decimals(
    effect: float, *limits: float, least: int = 1, sides: tuple[float, float] | None = None
) -> int:
    """With how many decimals an effect is written so that nothing beside it contradicts it: what is
    not 0 does not read 0, limits read apart from the effect, and so do both ``sides`` of a change.

    At most two more than usual; one more where a number has tens, and none where it has hundreds.
    Numbers are as they will be printed, in points or plain.
    """
    every = [abs(value) for value in (effect, *limits) if math.isfinite(value)]
    pairs = [(effect, limit) for limit in limits] + ([] if sides is None else [sides])
    tens = len(f"{max(every, default=0.0):.0f}") - 1
    finest = least + max(FURTHER - tens, 0)

    def reads(digits: int) -> list[bool]:
        """What is 0, and what is alike."""
        zero = [float(f"{value:.{digits}f}") == 0 for value in every]
        return zero + [f"{a:.{digits}f}" == f"{b:.{digits}f}" for a, b in pairs]

    return next(d for d in range(least, finest + 1) if reads(d) == reads(finest))
