"""A scale of grades that is the contrary of what the name of their column says, or the words that
are its ends.

What a person typed is heeded. But ``--scale 0,1`` of ``bugs`` is a slip more often than it is
meant, and makes a model with more of them the better one: whoever reads a number has to know it,
and a gate does not pass on it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from undertow.records.grade_scale import ON_SCALE, GradeScale
from undertow.records.read_as_grade import QUOTED
from undertow.records.records import Records
from undertow.records.usual_names import says_fault, says_more_is_better

CONTRARY = "the contrary of what"
NAME, WORDS = "its name says", "its words say"
NOTED = re.compile(rf"column {QUOTED} ({ON_SCALE} .*, {CONTRARY} (?:{NAME}|{WORDS}))")

TRUE = frozenset({"yes", "true", "y", "t", "j", "ja", "wahr", "oui", "vrai", "si", "sí", "sì"})
FALSE = frozenset({"no", "false", "n", "f", "nein", "falsch", "non", "faux", "falso"})
"""What says whether that is so which a column is called, and not whether it is good."""
GOOD = frozenset(
    {"good", "great", "excellent", "best", "better", "perfect", "right", "correct", "pass",
     "passed", "ok", "okay", "success", "hit", "win", "won", "high", "helpful", "safe", "clean",
     "accept", "accepted", "gut", "sehr gut", "richtig", "korrekt", "bestanden", "ausgezeichnet",
     "hervorragend", "bon", "bonne", "bien", "bueno", "👍", "✅", "✔", "😀", "😊", "🙂", "🟢", "+"}
)  # fmt: skip
BAD = frozenset(
    {"bad", "poor", "terrible", "awful", "worst", "worse", "wrong", "incorrect", "fail", "failed",
     "failure", "miss", "lose", "lost", "low", "unhelpful", "unsafe", "toxic", "error", "reject",
     "rejected", "schlecht", "sehr schlecht", "mangelhaft", "ungenügend", "nicht bestanden",
     "durchgefallen", "inkorrekt", "mauvais", "mal", "malo", "👎", "❌", "✗", "✘", "😞", "☹", "🙁",
     "🔴", "-"}
)  # fmt: skip
"""Words that say by themselves how good an answer is. ``falsch`` is a bad one beside them."""


def contrary_to(name: str, scale: GradeScale) -> str | None:
    """What says the contrary of the scale of this column: its name or the words that are its ends;
    ``None`` where neither does."""
    if scale.words is None:
        rises = scale.worst < scale.best
    else:
        worst, best = (w.strip("\ufe0f ").casefold() for w in (scale.words[0], scale.words[-1]))
        if worst in GOOD and best in BAD | {"falsch"}:
            return WORDS
        if not (worst in TRUE and best in FALSE) and not (worst in FALSE and best in TRUE):
            return None
        rises = best in TRUE
    return NAME if (says_fault if rises else says_more_is_better)(name) else None


def scaled_contrary(*sides: Records) -> Iterator[str]:
    """A sentence on each column of a side that is read so."""
    for side in sides:
        for note in side.manifest.notes:
            found = NOTED.search(note)
            if found is not None:
                name, read = found.groups()
                what = "its name is" if read.endswith(NAME) else "these words are"
                yield f"{name} of {side.name!r} {read}: if {what} right, a worse model passes."
