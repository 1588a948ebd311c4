"""Instruments over members: what those that learned from an example answer to it, and those that
never did. One value per example, not one per member.

Members with random subsets of the training examples (``Subset`` of ``undertow.lab``) are
independent of each other, and so are their answers to an example given who learned from it. So a
share of them has the limits of a share.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from undertow.audit.dynamics.instrument import Card, Instrument, instrument
from undertow.audit.dynamics.instruments import all_instruments
from undertow.audit.stats.share_limits import ShareLimits, exact_limits
from undertow.axes import check_axes

Floats = NDArray[np.floating[Any]]
Bools = NDArray[np.bool_]

FEWEST = 3
"""Members on a side, below which its share right is not told."""
LEVEL = 0.05
"""Of the limits, both sides together."""
PROBE = (
    "LearnedFrom() beside the intervention Subset(share=0.7); a forward pass, and as many members "
    "as the limits are to be narrow: of 40, 12 never learned from an example"
)


@dataclass(frozen=True, eq=False)
class Learned:
    """Whether each member learned from each training example, and whether it is right about it in
    the end."""

    learned_MN: Bools
    right_MN: Bools

    def __post_init__(self) -> None:
        check_axes(learned_MN=self.learned_MN, right_MN=self.right_MN)


@instrument(
    title="Held-out correctness",
    range=(0.0, 1.0),
    hard="low",
    high="the other examples teach it: typical of its class",
    low="only those who learned from it can know it: atypical, ambiguous, or its label is wrong",
    undefined=f"fewer than {FEWEST} members never learned from it",
    trace=PROBE,
    paper="2002.03206 (one point of the consistency profile, at the share that members learn from; "
    "the C-score is the mean over several shares, so its values differ and its ranks need not)",
)
def held_out_correctness(learned_MN: Bools, right_MN: Bools) -> Floats:
    """(N,): the share of the members that never learned from the example and answer it rightly in
    the end, an estimate of P[f(x; D) = y] over subsets D without x."""
    return _told(_share(right_MN, ~learned_MN), ~learned_MN)


@instrument(
    title="Memorisation",
    range=(-1.0, 1.0),
    hard="high",
    high="right only where it was learned from: known by heart",
    low="learning from it makes no difference to its answer: the others teach it, or nothing does; "
    "below 0 by chance alone, or where learning from it harms",
    undefined=f"fewer than {FEWEST} members learned from it, or never did",
    trace=PROBE,
    paper="2008.03703 (memorisation value, estimated from subsets as there with a share of 0.7)",
)
def memorisation(learned_MN: Bools, right_MN: Bools) -> Floats:
    """(N,): the share right of the members that learned from the example, less that of those that
    never did."""
    with_N, without_N = _share(right_MN, learned_MN), _share(right_MN, ~learned_MN)
    return _told(_told(with_N - without_N, learned_MN), ~learned_MN)


def all_over_members() -> tuple[Instrument, ...]:
    """Every instrument over members, by name."""
    return (held_out_correctness, memorisation)


def all_cards() -> dict[str, Card]:
    """Of every instrument, those that read a trace included, by name."""
    return {each.card.name: each.card for each in (*all_instruments(), *all_over_members())}


def held_out_limits(learned: Learned) -> ShareLimits:
    """(N,) each: held-out correctness with Clopper and Pearson's limits over the members that never
    learned from the example, at 95 %. NaN where it is undefined."""
    found = _limits(learned.right_MN, ~learned.learned_MN)
    return ShareLimits(*(_told(value_N, ~learned.learned_MN) for value_N in found))


def memorisation_limits(learned: Learned) -> ShareLimits:
    """(N,) each: memorisation with limits at 95 %, those of both shares put together by their
    squares (Zou & Donner 2008). They hold the truth with .925 at least, mostly with .97 and more;
    NaN where it is undefined."""
    with_, without = (
        _limits(learned.right_MN, side_MN) for side_MN in (learned.learned_MN, ~learned.learned_MN)
    )
    less = np.hypot(with_.share_G - with_.low_G, without.high_G - without.share_G)
    more = np.hypot(with_.high_G - with_.share_G, without.share_G - without.low_G)
    value_N = memorisation.function(learned.learned_MN, learned.right_MN)
    return ShareLimits(value_N, np.maximum(value_N - less, -1.0), np.minimum(value_N + more, 1.0))


def _share(right_MN: Bools, side_MN: Bools) -> Floats:
    """(N,): of the members on a side, how many are right; NaN where nobody is."""
    count_N = side_MN.sum(axis=0)
    right_N = (right_MN & side_MN).sum(axis=0)
    share_N: Floats = np.where(count_N > 0, right_N / np.maximum(count_N, 1), np.nan)
    return share_N


def _limits(right_MN: Bools, side_MN: Bools) -> ShareLimits:
    count_N = side_MN.sum(axis=0).astype(np.float64)
    return exact_limits(_share(right_MN, side_MN), count_N, LEVEL / 2)


def _told(value_N: Floats, side_MN: Bools) -> Floats:
    """NaN where too few members are on the side."""
    told_N: Floats = np.where(side_MN.sum(axis=0) >= FEWEST, value_N, np.nan)
    return told_N
