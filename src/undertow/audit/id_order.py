"""The order of examples by their ids, as people count: ``q9`` before ``q10``."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

DIGITS = 40
"""Of a number in an id; of a longer one the last so many decide."""


def id_rank(ids: pl.Series) -> NDArray[np.integer[Any]]:
    """Each id's place; numbers in them count as numbers, all else as text."""
    padded = ids.cast(pl.String).str.replace_all("[0-9]+", f"{'0' * DIGITS}${{0}}")
    same_length = padded.str.replace_all(f"[0-9]*([0-9]{{{DIGITS}}})", "${1}")
    return same_length.rank("dense").to_numpy()
