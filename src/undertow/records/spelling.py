"""Names of classes that differ only in how they are spelled: in capitals, in blanks, in the code
points of one letter, or in a letter of another alphabet that looks the same."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from undertow.records.records import Records

LOOKALIKES = str.maketrans(
    "\u0430\u0432\u0435\u043a\u043c\u043d\u043e\u0440\u0441\u0442\u0443\u0445\u0456\u0458\u0455"
    "\u03b1\u03bf\u03c1\u03b9",
    "abekmhopctyxijsaopi",
)
"""Cyrillic and Greek letters, after capitals were folded, that look like Latin ones."""
LONGEST = 40


def has_own_words(records: Records) -> bool:
    """Whether answers and labels are words of a file that does not declare its classes."""
    observed = records.manifest.classes_from == "observed"
    return observed and records.manifest.task in ("classification", "binary")


def words_in(records: Records, code: NDArray[np.int32]) -> set[str]:
    """The names of the classes that occur, but for the one that stands for no answer."""
    words = records.answer_classes
    return {words[c] for c in np.unique(code[(code >= 0) & (code < len(words))])}


def alike(names: Collection[str], known: Collection[str]) -> dict[str, str]:
    """Of the names that are not known, those that are but for their spelling, each with the known
    name."""
    by_fold = {_folded(name): name for name in sorted(known, reverse=True)}
    others = ((name, by_fold.get(_folded(name))) for name in sorted(set(names) - set(known)))
    return {name: twin for name, twin in others if twin is not None}


def shown_apart(name: str, other: str) -> tuple[str, str]:
    """Both in quotation marks, with code points where the eye could not tell them apart."""
    alike_but_for_capitals = _plain(name) == _plain(other)
    show = repr if alike_but_for_capitals else ascii
    return show(name[:LONGEST]), show(other[:LONGEST])


def not_the_same(names: Collection[str], known: Collection[str]) -> str:
    """Says of a pair of names which the eye cannot tell apart that they are two; else nothing."""
    for name, other in alike(names, known).items():
        if _plain(name) != _plain(other):
            return " ({} is not {})".format(*shown_apart(name, other))
    return ""


def _plain(name: str) -> str:
    return "".join(name.casefold().split())


def _folded(name: str) -> str:
    text = unicodedata.normalize("NFKC", name).casefold().translate(LOOKALIKES)
    return "".join(c for c in text if not c.isspace() and unicodedata.category(c) != "Cf")
