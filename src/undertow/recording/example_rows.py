"""Which row of a table each id is."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.errors import UserError
from undertow.recording.tensors import ids_of
from undertow.records.records import MISSING

SHOWN = 3


class ExampleRows:
    """A table of examples by their ids. ``argument`` is what its owner gave it as."""

    def __init__(self, argument: str, table: pl.DataFrame) -> None:
        self.argument = argument
        self.ids: list[str] = table["example_id"].to_list()
        self.label_N: NDArray[np.int32] = table["label"].fill_null(MISSING).to_numpy()
        self._row = {example_id: row for row, example_id in enumerate(self.ids)}

    def __len__(self) -> int:
        return len(self.ids)

    def rows(self, called: str, ids: Any) -> NDArray[np.intp]:
        """(B,): the rows of these ids. ``UserError`` that names one which is not there."""
        wanted = ids_of(f"{called}: ids", ids)
        row_B = [self._row.get(example_id, MISSING) for example_id in wanted]
        if MISSING in row_B:
            unknown = wanted[row_B.index(MISSING)]
            raise UserError(
                f"{called}: {unknown!r} is none of the {len(self):,} ids in {self.argument} "
                f"({shown(self.ids)}); give each example the id that it has there"
            )
        return np.array(row_B, dtype=np.intp)


def shown(ids: list[str]) -> str:
    """The first few."""
    return ", ".join(map(repr, ids[:SHOWN])) + (" …" if len(ids) > SHOWN else "")
