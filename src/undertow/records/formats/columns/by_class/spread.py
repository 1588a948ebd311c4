"""Probabilities of all classes in one column: those of all files are written as columns in one
round, as long as their classes have the same names; in another order if each file's answers told
its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import polars as pl

from undertow.errors import TableError
from undertow.records.formats.columns.commands.given import given_for

TURNED = (
    " (by their answers the files have the classes in different orders, so check the order of each)"
)


class InOneColumn(TableError):
    """Probabilities are refused that stand in one column; the ``command`` writes them as columns,
    for the classes ``names`` as Python has them, or as the file names them itself."""

    said: str
    command: str
    names: str
    told: bool
    """Whether answers told their order."""
    cells: pl.DataFrame | None
    """Where nothing but their sum says what they are: what is the same in all files is no answer
    of a model, which ``if_same`` says."""
    if_same: str

    @classmethod
    def of(
        cls,
        said: str,
        command: str,
        names: str = "",
        told: bool = False,
        cells: pl.DataFrame | None = None,
        if_same: str = "",
    ) -> InOneColumn:
        made = cls(f"{said}: {command}")
        made.said, made.command, made.names, made.told = said, command, names, told
        made.cells, made.if_same = cells, if_same
        return made

    def with_those(self, others: Iterable[InOneColumn]) -> TableError:
        """The same with the commands of all that are for a shell."""
        others = [*others]
        if self._is_the_same(others):
            return TableError(self.if_same)
        alike = [self, *(other for other in others if self._is_like(other))]
        commands = [one.command for one in alike if one.command.startswith("python ")]
        if self.command not in commands:
            return self
        turned = any(one.names != self.names for one in alike)
        said = f"{self.said}{TURNED if turned else ''}"
        every = [*dict.fromkeys(commands)]
        return self.of(said, f"{' && '.join(every)}{given_for(every)}", self.names, self.told)

    def _is_the_same(self, others: Sequence[InOneColumn]) -> bool:
        cells = [other.cells for other in others if other.said != self.said]
        mine = self.cells
        return (
            mine is not None
            and bool(cells)
            and all(c is not None and mine.equals(c) for c in cells)
        )

    def _is_like(self, other: InOneColumn) -> bool:
        """Whether its classes are the same, in the same order or one that its own answers told."""
        mine, theirs = (sorted(one.names.split('"')) for one in (self, other))
        return other.names == self.names or (self.told and other.told and mine == theirs)
