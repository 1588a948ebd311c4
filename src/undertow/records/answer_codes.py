"""Answers in words as small whole numbers, so that votes and churn can be counted on them as on
classes.

Two answers to one example get one code if they are the same text, or if both are right. Codes mean
nothing across examples, and nothing across populations that were not coded together.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.records.records import MISSING

RIGHT = "right"
"""Name of code 0 where outcomes are right or wrong: however it was worded, it is one answer."""

SCORED = re.compile(r"scored (\d[\d.e+-]*)")
"""What stands for an answer where a table has scores alone (``scored``)."""

_NONE, _RIGHT = np.uint64(0), np.uint64(1)


def code_answers(
    answers: Sequence[pl.Series], right_MN: NDArray[np.bool_] | None
) -> NDArray[np.int32]:
    """(M, N) codes, ``MISSING`` where there is no answer.

    With ``right_MN`` every right answer is 0 and wrong ones count from 1; without it (outcomes that
    are graded, or not known) answers count from 0 by their text alone.
    """
    first = 0 if right_MN is None else 1
    id_MN = np.stack([_identity(answer_N) for answer_N in answers])
    if right_MN is not None:
        id_MN[right_MN] = _RIGHT
    order_MN = np.argsort(id_MN, axis=0, kind="stable")
    sorted_MN = np.take_along_axis(id_MN, order_MN, axis=0)
    new_MN = np.empty(sorted_MN.shape, dtype=np.int32)
    new_MN[0] = sorted_MN[0] > _RIGHT
    new_MN[1:] = (sorted_MN[1:] != sorted_MN[:-1]) & (sorted_MN[1:] > _RIGHT)
    code_MN = np.empty_like(new_MN)
    np.put_along_axis(
        code_MN, order_MN, np.cumsum(new_MN, axis=0, dtype=np.int32) + (first - 1), axis=0
    )
    code_MN[id_MN == _RIGHT] = 0
    code_MN[id_MN == _NONE] = MISSING
    return code_MN


def answer_classes(code_MN: NDArray[np.integer[Any]], *, graded: bool) -> tuple[str, ...]:
    """Names for the codes, for where an answer's text is not at hand."""
    most = int(code_MN.max(initial=0))
    if graded:
        return tuple(f"answer {k + 1}" for k in range(most + 1))
    return (RIGHT, *(f"wrong {k}" for k in range(1, most + 1)))


def scored(score: float) -> str:
    """The score of an answer that was not kept, in its place."""
    return f"scored {score + 0.0:g}"  # No zero is negative.


def are_scores(answer_N: pl.Series) -> bool:
    """Whether all of these answers are scores in their place."""
    return bool(answer_N.drop_nulls().str.contains(f"^{SCORED.pattern}$").all())


def are_numbers(answer_N: pl.Series) -> bool:
    """Whether all of these answers are numbers, which have one wording."""
    known = answer_N.drop_nulls()
    return bool(len(known)) and bool(known.str.contains(r"^\s*[+-]?\d+([.,]\d+)?\s*%?\s*$").all())


def _identity(answer_N: pl.Series) -> NDArray[np.uint64]:
    """A 64-bit hash of each text, never one of the two numbers with a meaning of their own; 0 for
    none."""
    id_N = np.array(answer_N.hash().to_numpy(), dtype=np.uint64)
    id_N[id_N <= _RIGHT] = np.uint64(2)
    id_N[answer_N.is_null().to_numpy()] = _NONE
    return id_N
