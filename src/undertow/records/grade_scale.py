"""The scale of grades as a person told it: the number of the worst answer, and that of the best, or
their words or letters.

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
LETTERS_FIRST = (
    "the letter of the worst answer, then that of the best (F,A where A is the best grade); those "
    "between are as far apart as in the alphabet"
)


class GradeScale(NamedTuple):
    """Either number may be the larger one. ``words`` are what stands in a file for the two."""

    worst: float
    best: float
    words: tuple[str, str] | None = None

    @property
    def low(self) -> float:
        return min(self.worst, self.best)

    @property
    def high(self) -> float:
        return max(self.worst, self.best)

    @property
    def ends(self) -> tuple[str, str]:
        """The worst and the best as they are typed."""
        return self.words or (_number(self.worst), _number(self.best))

    @property
    def typed(self) -> str:
        """``--scale 6,1``."""
        return f"--scale {shlex.quote(','.join(self.ends))}"

    @property
    def said(self) -> str:
        worst, best = self.ends
        return f"from {worst}, the worst, to {best}, the best"

    def number_of(self, word: str) -> float | None:
        """Of a word of the scale, in whatever capitals, or a letter between its ends."""
        read = _as_read(word)
        if self.words is None or self._of_letters:
            place = _place(read)
            return place if place is not None and self.low <= place <= self.high else None
        worst, best = map(_as_read, self.words)
        return {worst: self.worst, best: self.best}.get(read)

    @property
    def _of_letters(self) -> bool:
        return self.words is not None and None not in map(_place, map(_as_read, self.words))


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
        worst, best = (0.0, 1.0) if None in places else cast("list[float]", places)
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


def _words_in(parts: object) -> tuple[str, str] | None:
    """Two different words of which none is a number."""
    listed = [part.strip() for part in _listed(parts) if isinstance(part, str)]
    if len(listed) != 2 or ",".join(listed) == PLACES or not all(map(_is_word, listed)):
        return None
    worst, best = listed
    return None if _as_read(worst) == _as_read(best) else (worst, best)


def _is_word(text: str) -> bool:
    """No number, and none that is endless."""
    try:
        float(text)
    except ValueError:
        return any(map(str.isalpha, text))
    return False


def _as_read(word: str) -> str:
    return word.strip().casefold()


def _place(read: str) -> float | None:
    """That of a letter in the alphabet: grades are A to F."""
    return float(ord(read) - ord("a") + 1) if len(read) == 1 and "a" <= read <= "z" else None


def are_open_words(said: Collection[str]) -> bool:
    """Whether these are two words, of which one may say that an answer is right, and nobody knows
    which."""
    known = {_as_read(word) for word in said} <= {*READ, "true", "false"}
    return len(said) == 2 and not known and all(any(map(str.isalpha, word)) for word in said)


def are_letters(words: Collection[str]) -> bool:
    """Whether all are single letters, as of grades, and there are several."""
    return len(words) > 1 and all(_place(_as_read(word)) is not None for word in words)


def _listed(given: object) -> list[object]:
    return [*given] if isinstance(given, list | tuple) else [given]


def _number(value: float) -> str:
    return f"{value:.15g}"
