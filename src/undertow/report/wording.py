"""How numbers and other people's text are put into words: one place, so that the page and the
summary agree.

Class names, slice values, ids and model output are hostile until cleaned: a terminal obeys escape
sequences, a browser obeys direction overrides, and a generated answer can be ten megabytes long.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from copy import copy

from undertow.audit.wording import decimals
from undertow.undecoded import escaped

MINUS = "−"
NONE = "–"
"""What stands where there is no number: an en dash, never 0."""

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_DIRECTION = frozenset(
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
)
_NOT_PRINTED = frozenset({"Cc", "Cs", "Cn"})
_SERVER_COMMAND = re.compile(r"##(?=\w*\[)")
_SPACES = {"\n": "\n", "\t": " ", "\r": "", "\u2028": "\n", "\u2029": "\n"}


def clean(text: str, limit: int = 2000) -> str:
    """``text`` without control characters, cut at ``limit`` characters with its full length stated.

    Removes terminal escape sequences, C0 and C1 controls, lone surrogates and direction overrides;
    keeps line breaks, and shows bytes that are no text in hexadecimal. Text without any of these
    and within the limit comes back unchanged.
    """
    if len(text) <= limit and text.isprintable():
        return text  # As most are: no character below is printable.
    text = escaped(text)
    head = text[: 4 * limit] if len(text) > 4 * limit else text
    kept = "".join(_printed(c) for c in _ANSI.sub("", head))
    if len(kept) <= limit and len(head) == len(text):
        return kept
    return f"{kept[:limit].rstrip()}… [{len(text):,} characters in all]"


def _printed(character: str) -> str:
    if character in _SPACES:
        return _SPACES[character]
    if character in _DIRECTION or unicodedata.category(character) in _NOT_PRINTED:
        return ""
    return "" if 0xE0000 <= ord(character) <= 0xE007F else character


def line(text: str, limit: int = 2000) -> str:
    """``clean`` on one line: any run of white space becomes one space."""
    return " ".join(clean(text, limit).split())


def short(text: str, limit: int = 24) -> str:
    """A label of at most ``limit`` characters; the cut is marked with an ellipsis."""
    said = line(text, 4 * limit)
    return said if len(said) <= limit else said[: limit - 1].rstrip() + "…"


def ending(text: str, limit: int) -> str:
    """The last ``limit`` characters of a text, cleaned; a cut is marked with an ellipsis in
    front."""
    kept = clean(text[-4 * limit :], 4 * limit)
    return kept if len(kept) <= limit and len(text) <= 4 * limit else f"…{kept[-limit:].lstrip()}"


def both_ends(text: str, limit: int = 60) -> str:
    """A label of at most ``limit`` characters that keeps its end too: long answers often differ
    only there."""
    said = line(text, 4 * limit)
    if len(text) > 16 * limit:
        said = f"{said[:limit]} {line(text[-4 * limit :], 4 * limit)}"
    tail = limit // 3
    return (
        said
        if len(said) <= limit
        else f"{said[: limit - 1 - tail].rstrip()}…{said[-tail:].lstrip()}"
    )


def quoted_for_logs(said: str) -> str:
    """One line that no CI server takes for a command: ``::error::`` at its start, ``##[error]``
    anywhere in it."""
    inert = _SERVER_COMMAND.sub("## ", said)
    indent = len(inert) - len(inert.lstrip())
    return f"{inert[:indent]}: {inert[indent + 1 :]}" if inert[indent:].startswith("::") else inert


def absent(number: float | None) -> bool:
    return number is None or not math.isfinite(number)


def number(value: float | None, digits: int = 3) -> str:
    """A plain number with a true minus sign; an en dash where undefined."""
    if value is None or not math.isfinite(value):
        return NONE
    said = f"{value:,.{digits}f}"
    return (said.lstrip("-") if float(said.replace(",", "")) == 0 else said).replace("-", MINUS)


def count(value: float | None) -> str:
    """A count with thousands separators; a mean of counts keeps one decimal."""
    if value is None or not math.isfinite(value):
        return NONE
    return number(value, 0 if float(value).is_integer() or abs(value) >= 100 else 1)


def percent(share: float | None, digits: int = 1) -> str:
    """0.934 → ``93.4 %``."""
    return NONE if absent(share) else f"{number(100 * (share or 0.0), digits)} %"


def signed(value: float | None, digits: int = 1) -> str:
    """A difference always says its direction: ``+1.2``, ``−3.4``, ``0.0``."""
    said = number(value, digits)
    rises = value is not None and math.isfinite(value) and value > 0
    return f"+{said}" if rises and float(said.replace(",", "")) != 0 else said


def probability(p: float | None) -> str:
    """A p or q value: three decimals, ``< 0.001`` below."""
    if p is None or not math.isfinite(p):
        return NONE
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def plural(n: int, one: str, many: str | None = None) -> str:
    """``1 member``, ``3 members``."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def first_sentence(text: str) -> tuple[str, str]:
    """The first sentence and the rest: a sentence ends at a full stop before a space."""
    said = line(text)
    found = re.search(r"[.!?]\s", said)
    return (said, "") if found is None else (said[: found.start() + 1], said[found.end() :])


class Scale:
    """How values of one measure are written: points of a percentage, or plain numbers.

    A shift is set against the reference; a disagreement of the two (``excess``) against its floor.
    """

    def __init__(self, in_percent: bool, excess: bool = False) -> None:
        self.excess = excess
        self.contrast = "excess over the floor" if excess else "change against the reference"
        self.in_percent = in_percent
        self.factor = 100.0 if in_percent else 1.0
        self.digits = 1 if in_percent else 3
        self.unit = "points" if in_percent else ""

    def telling(
        self, effect: float | None, *limits: float | None, sides: Sequence[float | None] = ()
    ) -> Scale:
        """The same with as many decimals as one row needs; ``sides`` are its values before and
        after."""
        values = [math.nan if v is None else self.factor * v for v in (effect, *limits, *sides)]
        told, apart = values[: 1 + len(limits)], values[1 + len(limits) :]
        row = copy(self)
        row.digits = decimals(
            *told, least=self.digits, sides=(apart[0], apart[1]) if apart else None
        )
        return row

    def value(self, value: float | None) -> str:
        return percent(value, self.digits) if self.in_percent else number(value, self.digits)

    def effect(self, effect: float | None) -> str:
        return (
            NONE if effect is None or absent(effect) else signed(self.factor * effect, self.digits)
        )

    def interval(self, low: float | None, high: float | None) -> str:
        return (
            NONE if absent(low) and absent(high) else f"{self.effect(low)} to {self.effect(high)}"
        )

    def span(self, low: float | None, high: float | None) -> str:
        """An interval of values rather than of differences, so without signs."""
        if low is None or high is None or absent(low) or absent(high):
            return NONE
        return (
            f"{number(self.factor * low, self.digits)} to {number(self.factor * high, self.digits)}"
        )
