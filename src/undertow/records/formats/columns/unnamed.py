"""A table is refused whose columns are not known: which flags name them is told by both sides, if
there are two, since right answers are the same on both and what a model made of them is not."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import polars as pl

from undertow.errors import TableError
from undertow.records.formats.columns.between import ONE_FILE, Between, between
from undertow.records.formats.columns.meant import key_meant
from undertow.records.formats.columns.shared import shared

Said = Callable[[Between], str]


class UnnamedColumns(TableError):
    """The columns of ``frame`` are not known; ``by`` says with which flags they can be."""

    said: str
    frame: pl.DataFrame
    by: Said

    @classmethod
    def of(
        cls, said: str, frame: pl.DataFrame, by: Said, sides: Between = ONE_FILE
    ) -> UnnamedColumns:
        made = cls(f"{said}{by(sides)}")
        made.said, made.frame, made.by = said, frame, by
        return made

    def with_those(self, others: Iterable[UnnamedColumns]) -> UnnamedColumns:
        """The same with what the other files tell of the columns."""
        frames = [other.frame for other in others if other.said != self.said]
        alone = Between(names=shared(self.frame, frames))
        sides = between(self.frame, frames, key_meant(self.frame, alone))
        sides = sides._replace(names=alone.names)
        return self.of(self.said, self.frame, self.by, sides)
