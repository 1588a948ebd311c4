"""Which new files stand for which, after commands that write tables anew."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable

from undertow.errors import COMMAND


def commands_in(said: str) -> list[str]:
    """The commands of a message, as a shell reads them."""
    return COMMAND.findall(said)


def written_by(commands: Iterable[str]) -> dict[str, str]:
    """The new file by the one that a command reads first, as the commands have them."""
    pairs = dict[str, str]()
    for command in commands:
        code = shlex.split(command)[-1]
        read, written = (re.search(rf'\.{do}_\w+\(("[^"]*")', code) for do in ("read", "write"))
        if read is not None and written is not None:
            old, new = (json.loads(found[1]) for found in (read, written))
            pairs[old] = new
    return pairs


def given_for(commands: Iterable[str]) -> str:
    """``, and give old-answers.csv for old.csv``."""
    quoted = [[shlex.quote(name) for name in pair] for pair in written_by(commands).items()]
    pairs = [f"{new} for {old}" for old, new in quoted]
    return f", and give {', '.join(pairs)}" if pairs else ""
