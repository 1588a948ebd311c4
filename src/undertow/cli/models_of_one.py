"""What to type where a person gave one side alone: a table that holds several models, or two files
of which the second may be the other side."""

from __future__ import annotations

import sys
from itertools import takewhile
from pathlib import Path

from undertow.undecoded import shell_word


def own_sides() -> tuple[str, ...]:
    """Commands with the person's own files on each side, and the rest as it was typed; none where
    nothing tells what the sides are."""
    command, *given = sys.argv[1:] or [""]
    first = [*takewhile(lambda word: not word.startswith("-"), given)]
    rest = given[len(first) :]
    sides = _sides([Path(word) for word in first])
    if sides is None:
        return ()
    ruled = command != "gate" or any(word.partition("=")[0] == "--policy" for word in rest)
    rest += [] if ruled else ["--policy", "gate.toml"]
    against = " ".join(["undertow", command, sides, *map(shell_word, rest)])
    if ruled or len(first) == 1:
        return (against,)
    # They may be two runs of one model as well, from which a policy is made.
    return against, f"undertow gate {' '.join(map(shell_word, first))} --suggest gate.toml"


def _sides(paths: list[Path]) -> str | None:
    """The arguments that set these against each other."""
    if len(paths) == 2 and all(path.exists() for path in paths):
        one, other = (shell_word(str(path)) for path in paths)
        return f"{one} --against {other}"
    if len(paths) != 1 or not paths[0].is_file():
        return None
    from undertow.records.formats.table import sides_in
    from undertow.records.reading import Reading

    return sides_in(paths[0], Reading())
