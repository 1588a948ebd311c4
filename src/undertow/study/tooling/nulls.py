"""What members would have got right if no part of the data moved by itself.

Errors of members are drawn anew from the observed ones, which needs no estimate of how probable a
right answer is: conditional on how many members got an example right, these nulls are exact for any
probabilities. Shares of ten members as estimates of them lie too near 0 and 1; in a ratio of two
standard deviations most of that cancels (docs/tooling.md), in a standard deviation it does not.

* ``independent``: each example is got right by as many members as it was, by others. So members are
  equally good, and errors on two examples have nothing to do with each other.
* ``same_accuracies``: besides, each member gets as many examples right as it did. So members may
  be better and worse, each by one amount everywhere in log odds (the Rasch model, all of whose
  parameters drop out where both margins are given), and no part of the data moves beyond that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

Right = NDArray[np.bool_]
Null = Callable[[Right, int, np.random.Generator], Iterator[Right]]

ROUNDS = 2
"""Times that all members trade between two draws."""


def independent(right_MN: Right, draws: int, rng: np.random.Generator) -> Iterator[Right]:
    """``draws`` arrays (M, N), independent of each other: each column has its ones in other rows,
    all sets of rows being equally likely."""
    members = len(right_MN)
    count_N = right_MN.sum(axis=0)
    for _ in range(draws):
        left_N = count_N.copy()
        chance_MN, drawn_MN = rng.random(right_MN.shape), np.empty_like(right_MN)
        for m in range(members):
            drawn_MN[m] = chance_MN[m] * (members - m) < left_N
            left_N -= drawn_MN[m]
        yield drawn_MN


def same_accuracies(right_MN: Right, draws: int, rng: np.random.Generator) -> Iterator[Right]:
    """``draws`` arrays (M, N) whose rows and columns sum to what they did, a chain of trades (the
    curveball of Strona et al. 2014): two members deal out anew what one of them got right and the
    other did not. The observed array stands at a random place of the chain, so a rank among the
    draws is exact however slowly the chain mixes (Besag & Clifford 1989)."""
    place = int(rng.integers(0, draws + 1))
    for length in (place, draws - place):
        state_MN = right_MN.copy()
        for _ in range(length):
            for _ in range(ROUNDS):
                _trade(state_MN, rng)
            yield state_MN


def _trade(state_MN: Right, rng: np.random.Generator) -> None:
    """One round: members are paired at random, and each pair trades."""
    order = rng.permutation(len(state_MN))
    for a, b in zip(order[::2], order[1::2], strict=False):
        apart = np.flatnonzero(state_MN[a] != state_MN[b])
        own = rng.permutation(len(apart)) < int(state_MN[a, apart].sum())
        state_MN[a, apart], state_MN[b, apart] = own, ~own


NULLS: dict[str, Null] = {"independent": independent, "same_accuracies": same_accuracies}
