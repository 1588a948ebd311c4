"""The order of names of classes as a model's own answers to labelled examples tell it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.records.class_list import order_classes
from undertow.records.most_answered import most_answered, tells_order
from undertow.records.order_told import ROWS, Names

MOST = 1000
"""Names up to which their order is looked for."""
MOVED = 3
"""Rows by which labels are moved to see whether they tell one another."""


def names_by_answers(
    label: pl.Series, answers_MN: Iterable[NDArray[Any]], count: int, *, by_row: bool = False
) -> Names | None:
    """The names in ``label`` in the order that answers (N,) of every member tell, negative for
    none; ``None`` where they do not, or not all the same. ``by_row`` where only their place says
    which examples are the same: then labels that stand together or in turns tell nothing, nor do
    few, or two names, which one mistake turns around."""
    names = order_classes({*label.drop_nulls().to_list()})
    if len(names) != count or not 2 <= count <= MOST or len(label) == 0:
        return None
    label_N = label.replace_strict(names, range(count), default=-1, return_dtype=pl.Int64)
    numbers_N = label_N.fill_null(-1).to_numpy()
    if by_row and _may_be_moved(numbers_N, count):
        return None
    count_CC, order = np.zeros((count, count), dtype=np.int64), set[tuple[int, ...]]()
    for answer_N in answers_MN:
        most = most_answered(numbers_N, answer_N)
        if not tells_order(most, count):
            return None
        order.add(tuple(most.answer_L.tolist()))
        known_N = (numbers_N >= 0) & (answer_N >= 0)
        np.add.at(count_CC, (numbers_N[known_N], answer_N[known_N]), 1)
    if len(order) != 1:
        return None
    (column_C,) = order
    told_CC = count_CC[:, column_C]
    ordered = [names[c] for c in np.argsort(column_C)]
    return Names(ordered, count, told=_said(told_CC), unless=UNLESS, by_answers=True)


UNLESS = (
    "; answers that were exchanged would not show then, so if the model is not about that good, or "
    "model.classes_ or config.id2label have another order, give its own names instead"
)


def _said(count_CC: NDArray[np.int64]) -> str:
    """``count_CC`` says how often each name was answered as each, all in their order."""
    right_C, total = count_CC.diagonal(), int(count_CC.sum())
    lost_CC = right_C[:, None] + right_C - count_CC - count_CC.T
    least = int(lost_CC[~np.eye(len(right_C), dtype=bool)].min())
    right = int(right_C.sum())
    return (
        f"the answers tell which is which (so named {_share(right, total)} of {total:,} are right, "
        f"with any two names exchanged at most {_share(right - least, total)})"
    )


def _share(part: int, total: int) -> str:
    return f"{100 * part / total:.1f} %"


def _may_be_moved(label_N: NDArray[np.int64], count: int) -> bool:
    """Whether rows that are moved a little might agree as well with names in another order: of
    labels that stand in blocks or turns each tells the next."""
    known_N = label_N[label_N >= 0]
    moved = (most_answered(known_N[:-by], known_N[by:]) for by in range(1, MOVED + 1))
    return count == 2 or len(known_N) < ROWS or any(tells_order(most, count) for most in moved)
