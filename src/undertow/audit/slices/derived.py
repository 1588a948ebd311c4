"""Slices that need no annotation: read off the text that a person would see.

    length             words of the input, in quartiles
    script             the writing system of most letters of the input
    language           ISO 639-1 code, where ``py3langid`` is installed
    target_frequency   how common the words of the right answer are among all right answers:
                       head, middle, tail

A column of the same name in the data always wins.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable
from functools import lru_cache

import numpy as np
import polars as pl

from undertow.errors import UserError, install
from undertow.records.records import Records

TEXT_READ = 500
"""Characters, from the end, by which script and language are told: a prompt ends with its
question."""
NO_LETTERS = "none"


def derived_slice(records: Records, name: str) -> pl.Series:
    """One of ``DERIVED`` as a column. ``UserError`` where the records hold no text to read it
    off."""
    return DERIVED[name](records).alias(name)


def _length(records: Records) -> pl.Series:
    return _texts(records, "length").str.count_matches(r"\S+").cast(pl.Int64)


def _script(records: Records) -> pl.Series:
    return pl.Series(
        [script_of(text) for text in _texts(records, "script").str.tail(TEXT_READ).fill_null("")]
    )


def _language(records: Records) -> pl.Series:
    try:
        import py3langid
    except ImportError as error:
        raise UserError(
            "slice 'language' is told by the package py3langid, which is not installed; give a "
            f"column of that name, or run {install('language')}"
        ) from error
    texts = _texts(records, "language").str.tail(TEXT_READ).fill_null("")
    return pl.Series(
        [py3langid.classify(text)[0] if text.strip() else NO_LETTERS for text in texts]
    )


def _target_frequency(records: Records) -> pl.Series:
    """Strata of the mean log count of an answer's words, tertiles over examples, ties to the more
    frequent stratum.

    The paper on low-resource translation (2110.03036) counts in the training data; a log has only
    the evaluation set, whose counts stand in for it.
    """
    target = records.truths_of(np.arange(records.N))
    if target.null_count() == len(target):
        raise UserError(
            f"population {records.name!r} has no right answers, so there is no slice "
            "'target_frequency'"
        )
    words_N = [text.lower().split() for text in target.fill_null("")]
    count = Counter(word for words in words_N for word in words)
    rarity_N = np.array(
        [np.mean([np.log(count[w]) for w in words]) if words else np.nan for words in words_N]
    )
    low, high = np.nanquantile(rarity_N, [1 / 3, 2 / 3])
    names = np.where(rarity_N >= high, "head", np.where(rarity_N >= low, "middle", "tail")).tolist()
    return pl.Series(
        [None if np.isnan(r) else n for r, n in zip(rarity_N, names, strict=True)], dtype=pl.String
    )


DERIVED: dict[str, Callable[[Records], pl.Series]] = {
    "length": _length,
    "script": _script,
    "language": _language,
    "target_frequency": _target_frequency,
}


def script_of(text: str) -> str:
    """The writing system that most letters belong to, by the first word of their Unicode names
    (``LATIN``, ``HAN`` as ``CJK``); ``none`` without letters."""
    scripts = Counter(_script_of_letter(letter) for letter in text if letter.isalpha())
    return scripts.most_common(1)[0][0] if scripts else NO_LETTERS


@lru_cache(maxsize=1 << 16)
def _script_of_letter(letter: str) -> str:
    return unicodedata.name(letter, "UNKNOWN").split()[0].split("-")[0].lower()


def _texts(records: Records, name: str) -> pl.Series:
    if records.texts is None:
        raise UserError(
            f"population {records.name!r} holds no text, so there is no slice {name!r}; give it as "
            "a column"
        )
    return records.texts
