"""Predictions that files call differently: of names with commas between, a file that has one alone
takes that one.

Nothing in one file tells such a name from a slip, so once all are read each name has to be in some.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from undertow.errors import UserError
from undertow.records.reading import Reading
from undertow.records.records import Records
from undertow.records.usual_names import flag_of

TAKES = "is taken for the predictions, as there is no"
"""Stands in the note on them, which is said before the audit too."""
_ABSENT = re.compile(rf"column '(?P<found>[^']*)' {TAKES} (?P<absent>.*)\.")


def takes_note(path: object, found: str, absent: Sequence[str]) -> str:
    """Says which of the names a file has."""
    return f"{path}: column {found!r} {TAKES} {' or '.join(map(repr, absent))}."


def refuse_nowhere(sides: Sequence[Records], reading: Reading) -> None:
    """Raises ``UserError`` for a name of predictions that no file has."""
    notes = [note for side in sides for note in side.manifest.notes]
    found = [said for note in notes if (said := _ABSENT.search(note)) is not None]
    there = {said["found"] for said in found}
    for said in found:
        for name in said["absent"].split(" or "):
            if name.strip("'") not in there:
                flag = flag_of("prediction", *reading.prediction)
                raise UserError(
                    f"{flag}: no file has a column {name}; check the name, or leave it out"
                )
