"""What is said of a column that is read as a grade though its name does not say that more of it is
better.

A column of which less is better, read so, turns a verdict round: whoever reads a number has to know
it, and a gate does not pass on it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from undertow.records.records import Records
from undertow.records.usual_names import SCORE, plain, says_grade

AS_GRADE = "is read as a grade, of which more is better"
"""Stands in the note, which is said before the audit too."""
SAYS = "says how good an answer is"
"""Stands in its place where a label stands beside grades."""
QUOTED = r"""('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
"""A name as a note has it, which Python writes in double quotes where it has single ones."""
NAMED = re.compile(rf"{QUOTED} (?:{AS_GRADE}|{SAYS})")


def note_on(path: object, name: str) -> str:
    """What a record keeps of a file with such a column."""
    return f"{path}: column {name!r} {AS_GRADE}."


def graded_by_doubt(*sides: Records) -> Iterator[str]:
    """A sentence on each side whose grades have a name that leaves open which way is better; names
    that are a grade's and nothing else (``rating``, ``bleu_4``) leave nothing open."""
    for side in sides:
        noted = (found[1] for note in side.manifest.notes if (found := NAMED.search(note)))
        names = [str(ast.literal_eval(name)) for name in noted]
        for name in dict.fromkeys(n for n in names if plain(n) not in SCORE and not says_grade(n)):
            yield (
                f"{name!r} of {side.name!r} is taken for a grade of which more is better, and its "
                "name does not say so: if less is better, a worse model passes."
            )
