"""What two models wrote, word by word: which words the variant dropped, and which it put in.

Work is bounded whatever the models wrote: only a window around the first difference is compared,
and of that only so many words. What is left out is counted and said.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher

from undertow.report.wording import clean

WINDOW = 1200
"""Characters shown of each side."""
BEFORE = 160
"""Characters shown before the first difference, where two long texts begin alike."""
LOOKED_AT = 200_000
"""Characters in which a first difference is looked for."""
TOKENS = 400
"""Words, spaces and signs that are compared one by one; what follows counts as one."""

_CJK = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
_TOKEN = re.compile(rf"\s+|[{_CJK}]|[!-/:-@\[-`{{-~]|[^\s{_CJK}!-/:-@\[-`{{-~]+")
"""Scripts that set no spaces go sign by sign; elsewhere combining marks stay with their word."""


@dataclass(frozen=True)
class Piece:
    text: str
    changed: bool


@dataclass(frozen=True)
class Written:
    """One side's text in pieces. ``rest`` says how long it is in all where it was cut, else it is
    empty."""

    pieces: tuple[Piece, ...]
    rest: str


@dataclass(frozen=True)
class Outputs:
    """Both sides. ``skipped`` characters before are the same on both; ``note`` is a sentence, or
    empty."""

    reference: Written | None
    variant: Written | None
    skipped: int
    note: str


def compared(reference: str | None, variant: str | None, window: int = WINDOW) -> Outputs | None:
    """What either side wrote, cleaned, with the words that differ; ``None`` where neither was
    kept."""
    if reference is None and variant is None:
        return None
    if reference is None or variant is None:
        sides = [
            None if text is None else _written(text, 0, window, None)
            for text in (reference, variant)
        ]
        return Outputs(sides[0], sides[1], 0, "What the other side wrote was not kept.")
    start = _start(reference, variant)
    old, new = _pieces(
        *(clean(text[start : start + window], window) for text in (reference, variant))
    )
    return Outputs(
        _written(reference, start, window, old),
        _written(variant, start, window, new),
        start,
        _note(reference, variant, any(p.changed for p in (*old, *new))),
    )


def _note(reference: str, variant: str, seen: bool) -> str:
    if reference == variant:
        return "Both sides wrote the same."
    return "" if seen else "They differ only in what is not shown here."


def _written(text: str, start: int, window: int, pieces: tuple[Piece, ...] | None) -> Written:
    whole = (Piece(clean(text[start : start + window], window), False),)
    rest = f"… [{len(text):,} characters in all]" if len(text) > start + window else ""
    return Written(whole if pieces is None else pieces, rest)


def _start(reference: str, variant: str) -> int:
    """Where to begin: 0, or a word's beginning shortly before the first difference."""
    same = _same(reference[:LOOKED_AT], variant[:LOOKED_AT])
    if reference == variant or same < 2 * BEFORE:
        return 0
    start = same - BEFORE
    space = re.search(r"\s\S", reference[start - 1 : same])
    return start + space.start() if space else start


def _same(one: str, other: str) -> int:
    """How many characters both begin with, found by halving: a long text costs a few comparisons of
    memory."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _pieces(before: str, after: str) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    old, new = _tokens(before), _tokens(after)
    left, right = list[Piece](), list[Piece]()
    for kind, a, b, c, d in SequenceMatcher(None, old, new).get_opcodes():
        for side, text in ((left, "".join(old[a:b])), (right, "".join(new[c:d]))):
            if text:
                side.append(Piece(text, kind != "equal"))
    return _joined(left), _joined(right)


def _tokens(text: str) -> list[str]:
    tokens = _TOKEN.findall(text)
    return (
        tokens if len(tokens) <= TOKENS else [*tokens[: TOKENS - 1], "".join(tokens[TOKENS - 1 :])]
    )


def _joined(pieces: list[Piece]) -> tuple[Piece, ...]:
    """A space between two changed words is part of the change: one mark reads better than two."""
    made = list[Piece]()
    for n, piece in enumerate(pieces):
        inside = 0 < n < len(pieces) - 1 and pieces[n - 1].changed and pieces[n + 1].changed
        changed = piece.changed or (inside and piece.text.isspace())
        if made and made[-1].changed == changed:
            made[-1] = Piece(made[-1].text + piece.text, changed)
        else:
            made.append(Piece(piece.text, changed))
    return tuple(made)
