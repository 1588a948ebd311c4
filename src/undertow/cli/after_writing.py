"""What is said after a refusal with commands that write new files: what these are called, and what
to type on them."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Mapping

from undertow.undecoded import shell_word

SAME_COLUMNS = ("-scaled", "-renamed")
"""How files end whose columns go by the flags that were typed; the others have other columns."""
OTHER_FLAGS = re.compile(
    r"leave --|name its columns with|and give |with --threshold \d|so with|which this writes"
)
"""Stands in a message that says itself what is to be given, or that flags are to be changed."""


def with_what_to_type(said: str) -> str:
    """The message, with the new files and, where flags stay what they are, the command on them."""
    if "python -c" not in said:
        return said
    # Loaded here, as the command line starts without tables.
    from undertow.records.formats.columns.commands.given import commands_in, written_by

    commands = commands_in(said)
    new = written_by(commands)
    words = said
    for command in commands:
        words = words.replace(command, "")
    if not new or " and give " in words:
        return said
    files = " and ".join(map(shlex.quote, dict.fromkeys(new.values())))
    again = _again(new) if not OTHER_FLAGS.search(words) else None
    then = f"; then type: {again}" if again else ""
    return f"{said}; new files: {files}{then}"


def _again(new: Mapping[str, str]) -> str | None:
    """The command that was typed, on the new files; ``None`` where it names a folder of them, or
    where they have other columns."""
    if not all(_has_ending(name) for name in new.values()):
        return None
    given, found = list[str](), set[str]()
    for word in sys.argv[1:]:
        path, part, model = word.partition("::")
        found |= {path} & {*new}
        given.append(f"{new.get(path, path)}{part}{model}")
    return " ".join(map(shell_word, ["undertow", *given])) if found == {*new} else None


def _has_ending(name: str) -> bool:
    return name.rsplit(".", 1)[0].endswith(SAME_COLUMNS)
