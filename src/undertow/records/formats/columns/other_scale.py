"""Grades on another scale than 0 to 1: files of one comparison are on the same one, so all of them
are scaled in one round."""

from __future__ import annotations

from collections.abc import Iterable

from undertow.errors import TableError

SCALE = "scale it: "


class OtherScale(TableError):
    """A column of grades is refused; ``way`` says in words how the ``command`` scales it."""

    said: str
    way: str
    command: str

    @classmethod
    def of(cls, said: str, way: str, command: str) -> OtherScale:
        """``way`` ends where the command begins."""
        made = cls(f"{said}; {way}{command}")
        made.said, made.way, made.command = said, way, command
        return made

    def with_those(self, others: Iterable[OtherScale]) -> OtherScale:
        """The same with the commands of those that are scaled in the same way; a frame in memory is
        scaled by no command."""
        alike = [other.command for other in others if other.way == self.way]
        commands = list(dict.fromkeys([self.command, *alike]))
        if len(commands) == 1 or not self.way.endswith(SCALE) or not _is_typed(self.command):
            return self
        way = self.way.replace(SCALE, "scale all files so: ")
        return self.of(self.said, way, " && ".join(commands))


def _is_typed(command: str) -> bool:
    """Whether it is for a shell."""
    return command.startswith("python ")
