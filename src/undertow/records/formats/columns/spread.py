"""Probabilities of all classes in one column: those of all files are written as columns in one
round, as long as their classes have the same names in the same order."""

from __future__ import annotations

from collections.abc import Iterable

from undertow.errors import TableError


class InOneColumn(TableError):
    """Probabilities are refused that stand in one column; the ``command`` writes them as columns,
    for the classes ``names`` as Python has them, or as the file names them itself."""

    said: str
    command: str
    names: str

    @classmethod
    def of(cls, said: str, command: str, names: str = "") -> InOneColumn:
        made = cls(f"{said}: {command}")
        made.said, made.command, made.names = said, command, names
        return made

    def with_those(self, others: Iterable[InOneColumn]) -> InOneColumn:
        """The same with the commands of all that are for a shell."""
        alike = [self, *(other for other in others if other.names == self.names)]
        commands = [one.command for one in alike if one.command.startswith("python ")]
        if self.command not in commands:
            return self
        return self.of(self.said, " && ".join(dict.fromkeys(commands)), self.names)
