"""The order of examples by their ids, as people count: ``q9`` before ``q10``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

DIGITS = 40
"""Of a number in an id; of a longer one the last so many decide."""


def in_order(keys: Sequence[NDArray[np.floating[Any]]], ids: pl.Series) -> NDArray[np.intp]:
    """The places of examples in the order of some keys, the last one first as in ``lexsort``, of
    their ids where all keys are equal, and of equal ids as they stand."""
    order = np.lexsort(tuple(keys))
    tied = np.ones(max(len(order) - 1, 0), dtype=np.bool_)
    for key in keys:
        before, after = key[order[:-1]], key[order[1:]]
        tied &= (before == after) | (np.isnan(before) & np.isnan(after))
    if not tied.any():
        return order
    among = np.union1d(order[:-1][tied], order[1:][tied])
    rank = np.zeros(len(order))
    rank[among] = id_rank(ids[among])
    return np.lexsort((rank, *keys))


def id_rank(ids: pl.Series) -> NDArray[np.integer[Any]]:
    """Each id's place; numbers in them count as numbers, all else as text."""
    padded = ids.cast(pl.String).str.replace_all("[0-9]+", f"{'0' * DIGITS}${{0}}")
    same_length = padded.str.replace_all(f"[0-9]*([0-9]{{{DIGITS}}})", "${1}")
    return same_length.rank("dense").to_numpy()
