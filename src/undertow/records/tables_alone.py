"""Names of columns are of the sides that are tables, where another side holds arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from undertow.records.formats import arrays
from undertow.records.reading import COLUMN_FLAGS, Reading


def readings(sides: Sequence[Sequence[Path] | None], reading: Reading) -> list[Reading]:
    """How each side is read: the same, but that arrays beside a table know of no columns. ``None``
    is a side that is no files. Where all are arrays, to name a column remains an error."""
    if not reading.columns:
        return [reading] * len(sides)
    bare = [side is not None and all(map(_holds_arrays, side)) for side in sides]
    if all(bare):
        return [reading] * len(sides)
    given: dict[str, Any] = {"prediction": (), **dict.fromkeys(COLUMN_FLAGS)}
    alone = replace(reading, **given)
    return [alone if is_bare else reading for is_bare in bare]


def _holds_arrays(path: Path) -> bool:
    return str(path).endswith((".npz", ".npy")) and arrays.sniff(path) is not None
