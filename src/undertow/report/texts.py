"""Texts as the page carries them: the end of a prompt, what both sides wrote, and what they
answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import escape

from undertow.audit.result import Shown
from undertow.records.answer_codes import SCORED
from undertow.report.difference import WINDOW
from undertow.report.naming import listed
from undertow.report.wording import clean, ending, signed

PROMPT_END = 400
PROMPT_LINES = 7
"""Characters and lines of a prompt that stand open: its end, where the question is."""
PROMPT_WHOLE = 3600
"""Characters of it that are one click away."""
SMALL_WINDOW = 200
"""Characters of each output where the page has no more room."""
DIGITS = (2, 3, 4, 5, 6)
"""Of a score's move: as few as show that it moved."""
LONG_ANSWER = 60
"""Characters from which an answer is shown like an output, with the words that changed."""


@dataclass(frozen=True)
class Prompt:
    """The text that was put to the models: its end, and from its beginning on where that is not all
    of it."""

    end: str
    whole: str
    length: str


def prompt_of(text: str, fits: bool) -> Prompt:
    """A short text stands whole; of a longer one the end does, where the question is."""
    if len(text) <= PROMPT_END:
        return Prompt(clean(text, PROMPT_END), "", "")
    lines = ending(text, PROMPT_END if fits else SMALL_WINDOW).rstrip().splitlines()
    end = "\n".join(lines[-PROMPT_LINES:])
    marked = end if end.startswith("…") else f"…\n{end}"
    return Prompt(marked, clean(text, PROMPT_WHOLE) if fits else "", f"{len(text):,}")


def unseen(shown: Sequence[Shown], task: str) -> str:
    """What none of these examples shows, and which columns would: a sentence, or empty."""
    seen = any(s.text is not None or s.image is not None for s in shown)
    graded = task == "generation"
    wanted = [
        ("input", "the question" if graded else "pictures or texts of these examples", seen),
        ("output", "what the models wrote", any(written_by(s) != (None, None) for s in shown)),
        ("target", "the right answers", any(s.label is not None for s in shown)),
    ]
    missing = [(column, what) for column, what, there in wanted[: 3 if graded else 1] if not there]
    if not missing:
        return ""
    columns = listed([column for column, _ in missing])
    which = f"a column {columns}" if len(missing) == 1 else f"columns {columns}"
    which += ", or one named by --input," if columns == "input" else ""
    return (
        f"The records do not hold {listed([what for _, what in missing])}; {which} would show that."
    )


def score_moved(shown: Shown) -> str:
    """``−0.36``: the variant's score less the reference's, of outcomes between right and wrong."""
    before, after = shown.reference_score, shown.variant_score
    if before is None or after is None:
        return ""
    moved = after - before
    return signed(moved, next((digits for digits in DIGITS if round(moved, digits)), 2))


def written_by(shown: Shown) -> tuple[str | None, str | None]:
    """What each side wrote; of a text where only answers were kept and one is long, each side's
    first answer. A score alone is nothing written."""
    outputs = (shown.reference_output, shown.variant_output)
    if all(said is not None and SCORED.fullmatch(said) for said in outputs):
        return None, None
    if shown.reference_output is not None or shown.variant_output is not None:
        return shown.reference_output, shown.variant_output
    if shown.image is not None:
        return None, None
    before, after = (
        (side.shares[0][0] if side.shares else None) for side in (shown.reference, shown.variant)
    )
    longest = max(len(before or ""), len(after or ""))
    return (before, after) if longest > LONG_ANSWER else (None, None)


def agreed_answers(shown: Shown) -> tuple[str, str] | None:
    """The answers of both sides where the members of each gave but one."""
    before, after = shown.reference.shares, shown.variant.shares
    return (before[0][0], after[0][0]) if len(before) == len(after) == 1 else None


def bytes_of(shown: Shown) -> int:
    """What the texts of one example take in the page, marks around changed words aside."""
    prompt, window = PROMPT_END + PROMPT_WHOLE, WINDOW
    pieces = ((shown.text, prompt), *((text, window) for text in written_by(shown)))
    return sum(len(escape((text or "")[:most]).encode("utf-8", "replace")) for text, most in pieces)
