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

    def refuse_unlabelled(self) -> None:
        """``UserError`` where an example has no label: a trace is of labels."""
        row_K = np.flatnonzero(self.label_N == MISSING)
        if len(row_K):
            raise UserError(
                f"{self.argument}: {len(row_K):,} of {len(self):,} examples have no label "
                f"({shown([self.ids[row] for row in row_K])}), and a trace compares logits with "
                "labels; fill them in, or leave these examples out"
            )

    def rows(self, called: str, ids: Any, hint: str = "") -> NDArray[np.intp]:
        """(B,): the rows of these ids. ``UserError`` that names one which is not there, and ends in
        the hint."""
        wanted = ids_of(f"{called}: ids", ids)
        row_B = [self._row.get(example_id, MISSING) for example_id in wanted]
        if MISSING in row_B:
            unknown = wanted[row_B.index(MISSING)]
            raise UserError(
                f"{called}: {unknown!r} is none of the {len(self):,} ids in {self.argument} "
                f"({shown(self.ids)}); give each example the id that it has there{hint}"
            )
        return np.array(row_B, dtype=np.intp)


def shown(ids: list[str]) -> str:
    """The first few."""
    return ", ".join(map(repr, ids[:SHOWN])) + (" …" if len(ids) > SHOWN else "")
