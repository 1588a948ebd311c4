"""The scale of grades as a person told it: the number of the worst answer, and that of the best, or
their words or letters; of more than two words all of them in order.

A reader never guesses either. Of school grades 1 is the best in one country and the worst in
another, and a guess would turn a verdict round.
"""

from __future__ import annotations

import math
import shlex
from collections.abc import Collection
from typing import NamedTuple, cast

from undertow.errors import UserError

GRADES = "grades"
"""The condition that both sides of a comparison have in common, where they are told it."""
PLACES = "WORST,BEST"
TO_TYPE = f"--scale {PLACES}"
"""With words in place of numbers, which only a person knows."""
WORST_FIRST = (
    "the number of the worst answer, then that of the best (6,1 where 1 is the best grade, 1,6 "
    "where 6 is)"
)
"""What stands for the words: no pair to be copied, since the wrong one passes a worse model."""
ON_SCALE = "is read as a grade that goes"
"""Stands in the note with the scale, which is said before the audit too."""


READ = {"yes": 1.0, "no": 0.0, "correct": 1.0, "incorrect": 0.0, "right": 1.0, "wrong": 0.0,
        "pass": 1.0, "fail": 0.0, "passed": 1.0, "failed": 0.0}  # fmt: skip
"""Words that people grade by, and what they say without a scale."""
WORDS_FIRST = "the word of a wrong answer, then that of a right one, as the file writes them"
WORDS_IN_ORDER = (
    "each word as the file writes it and commas between, the worst first and the best last, which "
    "only you know; they are taken as equally far apart"
)
MOST_WORDS = 12
"""Different words up to which a column may be grades; with more it is text."""
EQUAL = ", in steps that are taken as equal"
"""Of more than two words: nobody knows how far apart they are."""
LETTERS_FIRST = (
    "the letter of the worst answer, then that of the best (F,A where A is the best grade); those "
    "between are as far apart as in the alphabet"
)


class GradeScale(NamedTuple):
    """Either number may be the larger one. ``words`` are what stands in a file for the two, and for
    those between them, which are numbered from the worst."""

    worst: float
    best: float
    words: tuple[str, ...] | None = None

    @property
    def low(self) -> float:
        return min(self.worst, self.best)

    @property
    def high(self) -> float:
        return max(self.worst, self.best)

    @property
    def ends(self) -> tuple[str, ...]:
        """The worst and the best as they are typed, with words between them."""
        return self.words or (_number(self.worst), _number(self.best))

    @property
    def typed(self) -> str:
        """``--scale 6,1``."""
        return f"--scale {shlex.quote(','.join(self.ends))}"

    @property
    def said(self) -> str:
        worst, *between, best = self.ends
        over = f"over {', '.join(between)}, " if between else ""
        steps = EQUAL if between else ""
        return f"from {worst}, the worst, {over}to {best}, the best{steps}"

    def number_of(self, word: str) -> float | None:
        """Of a word of the scale, in whatever capitals, or a letter between its ends."""
        read = _as_read(word)
        if self.words is None or self._of_letters:
            place = _place(read)
            return place if place is not None and self.low <= place <= self.high else None
        return {_as_read(word): float(k) for k, word in enumerate(self.words)}.get(read)

    @property
    def _of_letters(self) -> bool:
        """Whether the ends alone are told, and those between by the alphabet."""
        words = self.words or ()
        return len(words) == 2 and None not in map(_place, map(_as_read, words))


FRACTIONS, TURNED = GradeScale(0.0, 1.0), GradeScale(1.0, 0.0)
"""From 0 to 1, of which more is better, or less."""


def grade_scale(given: object) -> GradeScale:
    """Two numbers, words or letters as they were given: text with a comma, or from Python a pair.
    Raises ``UserError``, one line."""
    if isinstance(given, GradeScale):
        return given
    parts = given.split(",") if isinstance(given, str) else given
    words = _words_in(parts)
    if words is not None:
        places = [_place(_as_read(word)) for word in words]
        if len(words) > 2 or None in places:
            return GradeScale(0.0, len(words) - 1.0, words)
        worst, best = cast("list[float]", places)
        return GradeScale(worst, best, words)
    try:
        worst, best = (math.nan if isinstance(p, bool) else float(p) for p in parts)  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        worst = best = math.nan
    if not (math.isfinite(worst) and math.isfinite(best)) or worst == best:
        typed = given if isinstance(given, str) else ",".join(map(str, _listed(given)))
        raise UserError(
            f"--scale {shlex.quote(typed[:60])}: are no two different numbers; write {TO_TYPE}: "
            f"{WORST_FIRST}"
        )
    return GradeScale(worst + 0.0, best + 0.0)  # No zero is negative.


def _words_in(parts: object) -> tuple[str, ...] | None:
    """Two or more different words of which none is a number."""
    given = _listed(parts)
    listed = [part.strip() for part in given if isinstance(part, str)]
    apart = len({*map(_as_read, listed)}) == len(listed) == len(given)
    if len(listed) < 2 or not apart or "WORST" in listed or not all(map(_is_word, listed)):
        return None
    return tuple(listed)


def _is_word(text: str) -> bool:
    """No number, and none that is endless; a sign such as 👍 is one."""
    try:
        float(text)
    except ValueError:
        signs = text.strip(" .…") and not any(map(str.isalnum, text))
        return bool(signs) or any(map(str.isalpha, text))
    return False


def _as_read(word: str) -> str:
    """Without capitals, and without what says that a sign is shown in colours."""
    return word.replace("\ufe0f", "").strip().casefold()


def _place(read: str) -> float | None:
    """That of a letter in the alphabet: grades are A to F."""
    return float(ord(read) - ord("a") + 1) if len(read) == 1 and "a" <= read <= "z" else None


def are_open_words(said: Collection[str]) -> bool:
    """Whether these are two words, of which one may say that an answer is right, or a few more that
    may be grades, and nobody knows which is the better."""
    known = {_as_read(word) for word in said} <= {*READ, "true", "false"}
    return 2 <= len(said) <= MOST_WORDS and not known and all(map(_is_word, said))


def are_letters(words: Collection[str]) -> bool:
    """Whether all are single letters, as of grades, and there are several."""
    return len(words) > 1 and all(_place(_as_read(word)) is not None for word in words)


def _listed(given: object) -> list[object]:
    return [*given] if isinstance(given, list | tuple) else [given]


def _number(value: float) -> str:
    return f"{value:.15g}"
