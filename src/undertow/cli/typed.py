"""The command as a person typed it."""

from __future__ import annotations

import sys

from undertow.undecoded import shell_word


def typed() -> str:
    """The whole command, to be typed again."""
    return " ".join(map(shell_word, ["undertow", *sys.argv[1:]]))


def debugging() -> bool:
    """Whether tracebacks are wanted, before the command or after it."""
    return "--debug" in sys.argv[1:]
