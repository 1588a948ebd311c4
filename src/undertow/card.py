"""What a measure is, said once: docs, listings, captions and contract tests all read the card.

A measure holds the formula and nothing else. Grouping belongs to slices, uncertainty to stats. What
one value of the measure belongs to decides how it is tested, so that is the card's ``kind``:

    kind       function                                 one value per     reads
    "rate"     f(records) -> value_MN                   member × example  one population
    "answers"  f(records) -> sum_and_count_2CM          member × class    one, by its answers
    "votes"    f(ref_XK, var_XK, truth_XK) -> value_X   example           two, their vote shares
    "pair"     f(pred_a_N, pred_b_N, label_N) -> value_N  example         two members
    "mixture"  f(ref_XC, var_XC, label_X) -> value_X    example           two, mean probabilities

Examples are grouped by their slice, except for "answers": its groups are the classes that a member
answered, which differ from member to member, so the function sums by itself and the value is the
quotient of its two planes.

``X`` stands for any leading shape, so one function serves the observed data and all draws of a
permutation test. Values that do not exist are NaN, never 0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Kind = Literal["rate", "answers", "votes", "pair", "mixture"]
Need = Literal[
    "label", "outcome", "confidence", "p_label", "probabilities", "top_5", "binary", "classes"
]

UNIT: dict[Kind, str] = {
    "rate": "member",
    "answers": "member",
    "votes": "example",
    "pair": "pair",
    "mixture": "example",
}


@dataclass(frozen=True)
class Words:
    """How a difference in a column of numbers is said: its unit, and what examples are that have
    more or less of it. Without these they are *higher* or *lower* in it."""

    unit: str = ""
    more: str = ""
    less: str = ""


PROBED: dict[str, Words] = {
    "depth": Words("layers", "deeper", "shallower"),
    "depth_by_label": Words("layers", "deeper by their label", "shallower by their label"),
    "tied": Words("probes"),
}
"""Those of columns that probes write, which the audit knows by name alone."""

LOSS: dict[str, Literal[-1, 0, 1]] = {"lower": -1, "neither": 0, "higher": 1}


@dataclass(frozen=True)
class Card:
    """One measure, described for people and for the tests that hold over all measures.

    ``range`` is closed. ``null`` is the value of a reference against itself (``None`` for a rate
    and for answers, which have no such value). ``worse`` says which direction costs somebody.
    ``needs`` names what the records must hold.
    """

    name: str
    title: str
    kind: Kind
    range: tuple[float, float]
    null: float | None
    worse: Literal["higher", "lower", "neither"]
    reads: str
    paper: str
    needs: frozenset[Need] = frozenset()
    percent: bool = True

    @property
    def unit(self) -> str:
        """What the value of a slice is averaged over: ``member``, ``example`` or ``pair``."""
        return UNIT[self.kind]

    @property
    def loss(self) -> Literal[-1, 0, 1]:
        """The sign of a change that costs somebody; 0 where neither does."""
        return LOSS[self.worse]


@dataclass(frozen=True)
class Measure:
    """A function with its card. Call it as the function."""

    card: Card
    function: Callable[..., NDArray[np.floating[Any]]]

    def __call__(self, *args: Any, **kwargs: Any) -> NDArray[np.floating[Any]]:
        """The formula itself; see the module docstring for each kind's arguments."""
        return self.function(*args, **kwargs)

    def __repr__(self) -> str:
        return self.card.name


def measure(
    *,
    title: str,
    kind: Kind,
    range: tuple[float, float],
    null: float | None,
    worse: Literal["higher", "lower", "neither"],
    reads: str,
    paper: str,
    needs: frozenset[Need] = frozenset(),
    percent: bool = True,
) -> Callable[[Callable[..., NDArray[np.floating[Any]]]], Measure]:
    """Attach a card to a function. The measure's name is the function's name."""

    def attach(function: Callable[..., NDArray[np.floating[Any]]]) -> Measure:
        card = Card(
            function.__name__, title, kind, range, null, worse, reads, paper, needs, percent
        )
        made = Measure(card, function)
        object.__setattr__(made, "__doc__", function.__doc__)
        return made

    return attach
