"""Which members count as the reference: the rearrangements that a permutation test compares the
observed one with.

Row 0 is always the observed arrangement. It takes part in every test, so a p value is never 0 and
the test is exact at its level whether arrangements are enumerated or drawn (Phipson & Smyth 2010).
"""

from __future__ import annotations

from itertools import combinations, product
from math import comb
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Arrangements(NamedTuple):
    """``is_reference_DM``: bool, row 0 observed, every row with equally many members on the
    reference side.

    ``exact`` where every possible arrangement is there once, ``paired`` where members only swap
    within pairs (member i of the reference with member i of the variant). Rows after the first are
    in random order, so any first rows are a sample that a test may be cut to.
    """

    is_reference_DM: NDArray[np.bool_]
    exact: bool
    paired: bool

    @property
    def m_ref(self) -> int:
        """Members on the reference side."""
        return int(self.is_reference_DM[0].sum())

    def first(self, draws: int) -> Arrangements:
        """Only the first rows: still a valid test, with fewer draws."""
        if draws >= len(self.is_reference_DM):
            return self
        return Arrangements(self.is_reference_DM[:draws], False, self.paired)


def exchange(m_ref: int, m_var: int, draws: int, rng: np.random.Generator) -> Arrangements:
    """Members of independent populations, dealt anew to the two sides: all ways when at most
    ``draws``, else random.

    Raises ``ValueError`` for an empty side or no draw.
    """
    _check(m_ref, m_var, draws)
    members = m_ref + m_var
    exact = comb(members, m_ref) <= draws
    if exact:
        chosen_DR = np.array(list(combinations(range(members), m_ref)))
        is_reference_DM = np.zeros((len(chosen_DR), members), dtype=np.bool_)
        np.put_along_axis(is_reference_DM, chosen_DR, True, axis=1)
        is_reference_DM[1:] = rng.permutation(is_reference_DM[1:])
    else:
        is_reference_DM = np.zeros((draws, members), dtype=np.bool_)
        is_reference_DM[:, :m_ref] = True
        is_reference_DM[1:] = rng.permuted(is_reference_DM[1:], axis=1)
    return Arrangements(is_reference_DM, exact, paired=False)


def swaps(pairs: int, draws: int, rng: np.random.Generator) -> Arrangements:
    """Members derived from one another: each pair swapped or not, all 2**pairs ways when at most
    ``draws``."""
    _check(pairs, pairs, draws)
    exact = 2**pairs <= draws
    if exact:
        stays_DP = np.array(list(product((True, False), repeat=pairs)))
        stays_DP[1:] = rng.permutation(stays_DP[1:])
    else:
        stays_DP = rng.integers(0, 2, size=(draws, pairs)).astype(np.bool_)
        stays_DP[0] = True
    return Arrangements(np.hstack([stays_DP, ~stays_DP]), exact, paired=True)


def _check(m_ref: int, m_var: int, draws: int) -> None:
    if min(m_ref, m_var) < 1:
        raise ValueError(f"{m_ref} + {m_var} members: each side needs at least one")
    if draws < 1:
        raise ValueError(f"draws is {draws}: at least the observed arrangement is needed")


def smallest_p(m_ref: int, m_var: int, *, paired: bool = False) -> float:
    """The smallest two-sided p that rearranging these members can give.

    With equal sides the observed arrangement and its mirror image are equally extreme, so 3 + 3
    members reach .1 and 4 + 4 reach 2/70; sides of unequal size have no mirror image. P pairs reach
    2/2**P.
    """
    if paired:
        return min(1.0, 2.0 * 0.5**m_ref)
    mirrored = 2 if m_ref == m_var else 1
    return min(1.0, mirrored / comb(m_ref + m_var, m_ref))
