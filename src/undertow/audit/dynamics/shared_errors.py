"""Whether two members share errors that other members do not make: a copy, a few answers of which
were changed.

Independent members of one recipe share most of their errors, as labels and hard examples force
them, so it is other members that tell which errors are a member's own. Without any, nothing does.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

EDITED = 0.02
"""Share of a copy's answers that were changed, at most."""
ODDS = 1e4
"""How much likelier a copy must be than another member, for each pair that is looked at."""
WEIGHT = 2
"""Members that the usual agreement counts for beside those that are there."""
USUAL = (0.8, 0.98)
"""Between these is the share of its errors that a member is taken to share with others; those that
are there may be unlike it."""


class Told(NamedTuple):
    """One member on the shared examples: what it answered and its outcome. What it lacks is 0
    where there are no answers, NaN where there is no outcome. ``wrong_apart`` are all the examples
    that the other population lacks, where the member is wrong on every one: what is right was
    chosen."""

    answer_N: NDArray[np.uint64]
    correct_N: NDArray[np.floating[Any]]
    graded: bool
    wrong_apart: int = 0


def is_copied(a: Told, b: Told, others: Sequence[Told], pairs: int) -> bool:
    """Whether both share each other's errors as copies do, beyond what ``others`` share of them;
    one of ``pairs`` that are looked at. Members that are mostly wrong share habits, not errors, and
    those that differ on more than a copy does are like each other, as two of one architecture."""
    if not others or not all(map(_mostly_right, (a, b))) or not _nearly_equal(a, b):
        return False
    least = min(log_odds(a, b, others), log_odds(b, a, others))
    return least > math.log(ODDS * pairs)


def _nearly_equal(a: Told, b: Told) -> bool:
    both_N = (a.answer_N > 0) & (b.answer_N > 0)
    differ = int((a.answer_N != b.answer_N)[both_N].sum())
    return differ <= EDITED * int(both_N.sum())


def _mostly_right(told: Told) -> bool:
    known_N = told.correct_N[~np.isnan(told.correct_N)]
    return not told.graded and len(known_N) > 0 and float(known_N.mean()) >= 0.5


def log_odds(a: Told, b: Told, others: Sequence[Told]) -> float:
    """Of a copy against another member, by what ``b`` answers where ``a`` is wrong: each of the
    ``others`` may answer the same, as often as on these examples and as usual."""
    wrong_N = (a.correct_N == 0) & (a.answer_N > 0) & (b.answer_N > 0)
    if not wrong_N.any():
        return 0.0
    said_N = a.answer_N[wrong_N]
    same_MN = np.stack([other.answer_N[wrong_N] == said_N for other in others])
    usual = np.clip(same_MN.mean(axis=1).max(), *USUAL)
    usual_N = (same_MN.sum(axis=0) + WEIGHT * usual) / (len(others) + WEIGHT)
    odds_N = np.where(b.answer_N[wrong_N] == said_N, (1 - EDITED) / usual_N, EDITED / (1 - usual_N))
    return float(np.log(odds_N).sum())
