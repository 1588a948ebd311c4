"""Numbers on another scale than 0 to 1: files of one comparison are on the same one, so all of them
are scaled in one round."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from undertow.errors import TableError

Scaled = Callable[[tuple[float, float]], tuple[str, str]]
"""In words, and as a command, how numbers between these ends are scaled."""
SCALE = "scale it: "
WRITE = "if these are logits, write ", "if these are logarithms, write "
FRACTIONS = "write them as fractions, "


class OtherScale(TableError):
    """A column of such numbers, named by ``called``, is refused; ``way`` says in words how the
    ``command`` scales it, and ``by`` both for other ends than its own."""

    said: str
    way: str
    command: str
    called: str
    ends: tuple[float, float]
    by: Scaled

    @classmethod
    def of(cls, said: str, called: str, ends: tuple[float, float], by: Scaled) -> OtherScale:
        """The words of ``by`` end where its command begins."""
        way, command = by(ends)
        made = cls(f"{said}; {way}{command}")
        made.said, made.way, made.command = said, way, command
        made.called, made.ends, made.by = called, ends, by
        return made

    def with_those(self, others: Iterable[OtherScale]) -> OtherScale:
        """The same with the commands of all, which are scaled in one way; a frame in memory is
        scaled by no command."""
        every = [self, *others]
        apart = next((other for other in every if self._is_apart(other)), None)
        if apart is not None:
            ends = min(one.ends[0] for one in every), max(one.ends[1] for one in every)
            also = f"{apart.called} reaches from {apart.ends[0]:g} to {apart.ends[1]:g}"
            joint = [self.of(f"{self.said}; {also}", self.called, ends, self.by)]
            joint += [self.of(one.said, one.called, ends, one.by) for one in every[1:]]
            if any(one.way != joint[0].way for one in joint):
                return self
            return joint[0].with_those(joint[1:])
        commands = list(dict.fromkeys(one.command for one in every))
        alike = self.way.endswith((SCALE, FRACTIONS, *WRITE))
        if len(commands) == 1 or not alike or not _is_typed(self.command):
            return self
        way = self.way.replace(SCALE, "scale all files so: ")
        way = f"{way}all files so: " if way.endswith(WRITE) else way
        typed = " && ".join(commands)
        return self.of(self.said, self.called, self.ends, lambda _: (way, typed))

    def _is_apart(self, other: OtherScale) -> bool:
        """Whether it is scaled in another way, or a person who types one scale has to know it."""
        return other.way != self.way or (not self.command and other.ends != self.ends)


def _is_typed(command: str) -> bool:
    """Whether it is for a shell."""
    return command.startswith("python ")
