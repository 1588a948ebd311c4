"""What an answer is, and so what it takes for two of them to differ: another class, another
wording, or another score."""

from __future__ import annotations

from typing import Literal, NamedTuple

from undertow.records.answer_codes import RIGHT, are_numbers, are_scores
from undertow.records.records import Records

Answered = Literal["answers", "wordings", "scores"]
"""``answers``: classes, numbers, or what is right or wrong. ``wordings``: texts whose outcome is
graded or not known, so that any other text is another answer. ``scores``: a score stands for an
answer that was not kept, so that the smallest move of it is another answer."""


class Words(NamedTuple):
    """How a sentence says what is counted: ``26 % of answers changed; a repeat run changes 3 %``,
    ``118 examples changed their modal answer``, or, where some have none, ``118 of the 1,100
    examples with a modal answer on both sides changed it``. An exemplar is one ``picked``, with
    members on both sides ``picked_modal``."""

    of: str
    moved: str
    again: str
    modal: str
    mode: str
    picked: str
    picked_modal: str


WORDS: dict[Answered, Words] = {
    "answers": Words(
        of="of answers",
        moved="changed",
        again="changes",
        modal="changed their modal answer",
        mode="a modal answer",
        picked="whose answer changed",
        picked_modal="whose modal answer changed",
    ),
    "wordings": Words(
        of="of answers",
        moved="differ in wording",
        again="differs in",
        modal="changed their most common wording",
        mode="one most common wording",
        picked="whose answer differs in wording",
        picked_modal="whose most common wording changed",
    ),
    "scores": Words(
        of="of scores",
        moved="moved, however little",
        again="moves",
        modal="changed their most common score",
        mode="one most common score",
        picked="whose score moved, however little",
        picked_modal="whose most common score changed",
    ),
}


def answered(*sides: Records) -> Answered:
    """What churn counts between these sides."""
    if any(side.manifest.task != "generation" or side.classes[:1] == (RIGHT,) for side in sides):
        return "answers"
    said = [text for side in sides for text in side.answers or ()]
    if said and all(map(are_scores, said)):
        return "scores"
    return "answers" if said and all(map(are_numbers, said)) else "wordings"
