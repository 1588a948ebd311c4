"""Names as the page shows them: whole where they fit, told apart where they do not, and broken only
where a person would break them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from markupsafe import Markup, escape

from undertow.report.wording import both_ends, line

WHOLE = 255
"""Characters of a name that stand whole: what a file may be called."""
LONGEST = 4000
"""Characters of a sentence that stand."""
UNBROKEN = 12
"""Characters of a word that need no place to break."""

_WORD = re.compile(rf"\S{{{UNBROKEN + 1},}}")
_AFTER = re.compile(r"(?<=[^\W_])([_/\\.,:;=@+-]+)(?=[^\W_])")
_SEPARATORS = "_/\\.,:;=@+- "


def whole(name: str) -> str:
    """A name as it is; one longer than a file's name may be keeps both ends."""
    return both_ends(name, WHOLE)


def listed(parts: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return " and ".join(part for part in (", ".join(parts[:-1]), *parts[-1:]) if part)


def told_apart(names: Iterable[str], limit: int) -> dict[str, str]:
    """A label of about ``limit`` characters for each name, no two of them alike.

    Both ends are kept. Names that differ only between them are shown from where they part, and
    what is still alike is numbered.
    """
    known = list(dict.fromkeys(names))
    parting = _parting([name for name in known if len(name) > limit])
    ways: tuple[Callable[[str], str], ...] = (
        lambda name: both_ends(name, limit),
        lambda name: _from(name, parting, limit),
    )
    for cut in ways:
        labels = {name: cut(name) for name in known}
        if len(set(labels.values())) == len(known):
            return labels
    return _numbered({name: both_ends(name, limit - 4) for name in known})


def _parting(names: list[str]) -> int:
    """Where names that begin alike part, at the beginning of a word of theirs."""
    first, last = min(names, default=""), max(names, default="")
    parted = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), 0)
    same = first[:parted]
    return max((same.rfind(s) + 1 for s in _SEPARATORS), default=0)


def _from(name: str, start: int, limit: int) -> str:
    return (
        both_ends(name, limit) if len(name) <= limit else f"…{both_ends(name[start:], limit - 1)}"
    )


def _numbered(labels: dict[str, str]) -> dict[str, str]:
    made: dict[str, str] = {}
    for name, label in labels.items():
        unused, n = label, 1
        while unused in made.values():
            n += 1
            unused = f"{label} ({n})"
        made[name] = unused
    return made


def breakable(said: str) -> Markup:
    """Text on one line, cleaned, in which long words may break after their separators; it copies as
    it was."""
    return broken(line(said, LONGEST))


def broken(text: str) -> Markup:
    """The same of text that is clean."""
    shown, end = Markup(), 0
    for word in _WORD.finditer(text):
        shown += escape(text[end : word.start()]) + _in_pieces(word[0])
        end = word.end()
    return shown + escape(text[end:])


def _in_pieces(word: str) -> Markup:
    pieces, end = list[Markup](), 0
    for found in _AFTER.finditer(word):
        pieces.append(escape(word[end : found.end()]))
        end = found.end()
    return Markup("<wbr>").join([*pieces, escape(word[end:])])
