"""Commands that messages suggest, done as a shell and a new Python would do them, but started in
this process: each new Python would load numpy and polars once more."""

from __future__ import annotations

import re
import shlex

QUOTED = r"'[^']*'|\"[^\"$`\\!]*\""
"""What a shell passes on letter by letter."""
PLAIN = r"[\w\s./=:,-]*"


def do(command: str) -> None:
    """Does ``python -c …``, whose words a shell reads as they stand."""
    rest = re.sub(QUOTED, "", command)
    assert re.fullmatch(PLAIN, rest), f"a shell does more than split this: {rest!r}"
    program, flag, code = shlex.split(command)
    assert (program, flag) == ("python", "-c")
    run(code)


def run(code: str) -> None:
    """Runs what stands after ``python -c``, with no name but those of a new Python."""
    exec(compile(code, "<string>", "exec"), {"__name__": "__main__", "__builtins__": __builtins__})
