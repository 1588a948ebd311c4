"""What an instrument is, said once: docs, listings and contract tests all read the card.

An instrument is a function of a trace, a value per member and example. Its parameters are named
after fields of ``Traced``, so the signature says what it reads:

    @instrument(title="AUM", ...)
    def aum(margin_MNE): ...        aum(margin_MNE) is the formula, aum.of(traced) asks a trace

Values that do not exist are NaN, never 0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from inspect import signature
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from undertow.audit.dynamics.traced import Traced
from undertow.card import Words

Floats = NDArray[np.floating[Any]]
Hard = Literal["high", "low", "neither"]


@dataclass(frozen=True)
class Card:
    """One instrument, described for people and for the tests that hold over all of them.

    ``range`` is closed, ``None`` at the end where the number of epochs limits it. ``hard`` says
    which values hard examples have. ``high`` and ``low`` say in a sentence what such values mean,
    ``undefined`` when there is none, ``trace`` which trace comes nearest to the paper and what it
    costs. ``reads`` are fields of ``Traced``, ``words`` say a difference. ``pooled`` says that the
    value of an example depends on the other examples too.
    """

    name: str
    title: str
    range: tuple[float, float | None]
    hard: Hard
    high: str
    low: str
    undefined: str
    trace: str
    paper: str
    reads: tuple[str, ...]
    words: Words = Words()
    pooled: bool = False


@dataclass(frozen=True)
class Instrument:
    """A function with its card. Call it as the function."""

    card: Card
    function: Callable[..., Floats]

    def __call__(self, *args: Any, **kwargs: Any) -> Floats:
        """The formula itself, (M, N)."""
        return self.function(*args, **kwargs)

    def of(self, traced: Traced) -> Floats:
        """(M, N): the same of what was traced."""
        return self.function(**{name: getattr(traced, name) for name in self.card.reads})

    def __repr__(self) -> str:
        return self.card.name


def instrument(
    *,
    title: str,
    range: tuple[float, float | None],
    hard: Hard,
    high: str,
    low: str,
    undefined: str,
    trace: str,
    paper: str,
    words: Words = Words(),
    pooled: bool = False,
) -> Callable[[Callable[..., Floats]], Instrument]:
    """Attach a card to a function. The instrument's name is the function's name."""

    def attach(function: Callable[..., Floats]) -> Instrument:
        name, reads = function.__name__, tuple(signature(function).parameters)
        card = Card(
            name, title, range, hard, high, low, undefined, trace, paper, reads, words, pooled
        )
        made = Instrument(card, function)
        object.__setattr__(made, "__doc__", function.__doc__)
        return made

    return attach
