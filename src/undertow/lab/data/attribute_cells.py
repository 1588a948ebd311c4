"""``AttributeCells``: a composite of a data set's classes, with a binary target and a binary
attribute whose frequencies are given."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.errors import UserError
from undertow.lab.data.dataset import Dataset, Part, Splits
from undertow.lab.data.longtail import take
from undertow.lab.data.splits import assemble

YES_NO = np.array(["no", "yes"])


@dataclass(frozen=True)
class Cell:
    """The classes that make up one cell of target × attribute, and its ``share`` of the training
    part."""

    classes: tuple[str, ...]
    target: bool
    attribute: bool
    share: float


@dataclass(frozen=True)
class AttributeCells:
    """A composite, and no data set of people: whole classes of ``data`` stand for the cells of a
    binary target and a binary attribute, so that both depend on the picture and the rarity of a
    cell is known.

    The classes become ``not <target>`` and ``<target>``, the positive one; the slice ``attribute``
    is "yes" or "no", and ``made_of`` the class in ``data``. The training part is the largest in
    which each cell has its share; which examples of a cell are taken depends on ``seed`` and the
    cell's place alone, so a smaller share takes a subset. The test part has all examples of the
    classes named, so its shares are those of ``data``. ``UserError`` where shares do not add up to
    1, a class is unknown or named twice, or a cell would be left empty.
    """

    data: Dataset
    target: str
    attribute: str
    cells: tuple[Cell, ...]
    seed: int = 0

    def load(self) -> Splits:
        """Read the data and choose."""
        splits = self.data.load()
        cell_C = self._cell_of_class(splits.classes)
        train = take(splits.train, self._rows(cell_C[splits.train.label_N]))
        train, test = (self._told(part, cell_C, splits.classes) for part in (train, splits.test))
        classes = (f"not {self.target}", self.target)
        made = assemble(f"{splits.name}, composite", classes, train, test)
        held = splits.held_out
        return replace(
            made,
            held_out=None if held is None else self._told(held, cell_C, splits.classes),
            positive=self.target,
            recorded=True,
        )

    def _cell_of_class(self, classes: tuple[str, ...]) -> NDArray[np.int64]:
        """The cell of each class, −1 for none."""
        named = [name for cell in self.cells for name in cell.classes]
        wrong = [name for name in named if name not in classes or named.count(name) > 1]
        if wrong:
            raise UserError(
                f"{self.attribute}: the class {wrong[0]!r} is unknown or in two cells; choose each "
                f"once from {', '.join(classes)}"
            )
        total = sum(cell.share for cell in self.cells)
        if not math.isclose(total, 1, abs_tol=1e-9) or min(c.share for c in self.cells) <= 0:
            raise UserError(
                f"{self.attribute}: the cells' shares are {[c.share for c in self.cells]}; give "
                "numbers above 0 that add up to 1"
            )
        cell_of = {name: at for at, cell in enumerate(self.cells) for name in cell.classes}
        return np.array([cell_of.get(name, -1) for name in classes])

    def _rows(self, cell_N: NDArray[np.int64]) -> NDArray[np.int64]:
        """The training examples that are kept, ascending."""
        available = np.array([(cell_N == at).sum() for at in range(len(self.cells))])
        share = np.array([cell.share for cell in self.cells])
        # a quotient may land a hair under the whole number
        total = math.floor((available / share).min() + 1e-9)
        kept = np.minimum(np.floor(share * total + 0.5).astype(int), available)
        if kept.min() < 1:
            raise UserError(
                f"{self.attribute}: of {total} training examples the cell of "
                f"{', '.join(self.cells[int(kept.argmin())].classes)} would have none; give it a "
                "larger share"
            )
        rows = [
            np.random.default_rng([self.seed, at]).permutation(np.flatnonzero(cell_N == at))[:count]
            for at, count in enumerate(kept.tolist())
        ]
        return np.sort(np.concatenate(rows))

    def _told(self, part: Part, cell_C: NDArray[np.int64], classes: tuple[str, ...]) -> Part:
        """Those in a cell, with target and attribute."""
        part = take(part, np.flatnonzero(cell_C[part.label_N] >= 0))
        cell_N = cell_C[part.label_N]
        target, attribute = (
            np.array([getattr(cell, name) for cell in self.cells], dtype=np.int64)[cell_N]
            for name in ("target", "attribute")
        )
        columns = [
            *part.slices.get_columns(),
            pl.Series(self.attribute, YES_NO[attribute]),
            pl.Series("made_of", np.array(classes)[part.label_N]),
        ]
        return replace(part, label_N=target, slices=pl.DataFrame(columns))
