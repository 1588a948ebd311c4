"""Tells by its values what a column can be: names of examples, scores, or one of two classes."""

from __future__ import annotations

import re
from collections.abc import Collection

import polars as pl

from undertow.records.formats.decoding.typed import number_of

FEWEST_NAMES = 8
"""Rows from which on it says something that all values of a column differ."""
LONGEST_NAME = 64
LONGEST_TYPE = 60
MOST_SHOWN = 3
MISSING = ["", "nan"]
POSITIVE = ("1", "true", "yes", "positive")
LIKELY = frozenset(
    {*POSITIVE, "y", "t", "pos", "ja", "oui", "si", "fraud", "fraudulent", "spam", "toxic",
     "abusive", "offensive", "hate", "hateful", "malignant", "malign", "cancer", "disease",
     "diseased", "sick", "ill", "infected", "abnormal", "default", "defaulted", "bad", "churn",
     "churned", "attack", "anomaly", "anomalous", "outlier", "defect", "defective",
     "fault", "faulty", "failure", "phishing", "malware", "malicious", "bot", "dead", "died"}
)  # fmt: skip
"""Names of classes that most often are the positive one. They are examples in messages, and decide
nothing."""
NEGATION = re.compile(r"(?:not|non|without|un|no)[\s_-]*")
NOT_ONE = ("0", "-1")
"""The only names beside which 1 says that it is the positive class: 1 and 2 are numbers."""


def is_nested(column: pl.Series) -> bool:
    """Whether values are something else than one text or number."""
    return column.dtype.is_nested() or column.dtype in (pl.Binary, pl.Object)


def type_of(column: pl.Series) -> str:
    """The type for a message; of a structure with many fields its beginning."""
    said = str(column.dtype)
    return said if len(said) <= LONGEST_TYPE else said[:LONGEST_TYPE] + "…"


def values_of(column: pl.Series) -> set[str]:
    """The different values as text; none of a column of lists, bytes or spans of time."""
    if is_nested(column) or column.dtype == pl.Duration:
        return set()
    return set(column.drop_nulls().cast(pl.String).unique().to_list())


def numbers_in(column: pl.Series) -> pl.Series | None:
    """The values that are there as numbers, ``None`` where one is none or all are missing."""
    number = _read_as_numbers(column)
    return None if number is None or number.null_count() or not len(number) else number


def holds_numbers(column: pl.Series) -> bool:
    """Whether some value is a number, whatever the others are."""
    number = _read_as_numbers(column)
    return number is not None and number.count() > 0


def most_as_numbers(column: pl.Series) -> pl.Series | None:
    """The numbers that are there where most values are some, whatever the others are."""
    number = _read_as_numbers(column)
    known = None if number is None else number.drop_nulls()
    if number is None or known is None or 2 * len(known) <= len(number):
        return None
    return known


def _read_as_numbers(column: pl.Series) -> pl.Series | None:
    """The values that are there, null for each that is no number; ``None`` of a type of no
    numbers."""
    if is_nested(column) or column.dtype.is_temporal() or column.dtype == pl.Boolean:
        return None
    text = column.drop_nulls().cast(pl.String).str.strip_chars()
    return number_of(text.filter(~text.str.to_lowercase().is_in(MISSING)))


def has_decimals(number: pl.Series) -> bool:
    """Whether some number is not whole, as no class is numbered."""
    return bool((number % 1 != 0).any())


def within_one(number: pl.Series) -> bool:
    """Whether all are from 0 to 1."""
    return bool(number.is_between(0, 1).all())


def names_rows(column: pl.Series) -> bool:
    """Whether every row has a short value of its own, as only names of examples have: no blanks,
    nothing missing, and no decimals."""
    if is_nested(column) or column.null_count() or len(column) < FEWEST_NAMES:
        return False
    if column.dtype.is_float() or column.is_duplicated().any():
        return False
    text = column.cast(pl.String)
    if not text.str.contains(rf"^\S{{1,{LONGEST_NAME}}}$").all():
        return False
    number = numbers_in(text)
    return number is None or not has_decimals(number)


def positive_among(values: Collection[str]) -> str | None:
    """Of two classes the one that its name says is positive: 1 beside 0, true, yes, positive."""
    named = [name for name in values if name.lower() in POSITIVE]
    if len(values) != 2 or len(named) != 1:
        return None
    (other,) = [name for name in values if name != named[0]]
    return None if named[0] == "1" and other not in NOT_ONE else named[0]


def likely_positive(values: Collection[str]) -> str | None:
    """Of two classes the one that a person most likely means by positive, to name as an example:
    one of a name such as ``fraud``, or ``X`` beside ``no X``."""
    if len(values) != 2:
        return None
    first, second = sorted(values)
    sure = positive_among(values)
    if sure is not None:
        return sure
    for name, other in ((first, second), (second, first)):
        negated = NEGATION.match(_word(other))
        if negated is not None and _word(other)[negated.end() :] == _word(name):
            return name
    likely = [name for name in (first, second) if _word(name) in LIKELY - {"1"}]
    return likely[0] if len(likely) == 1 else None


def _word(name: str) -> str:
    return name.strip().casefold()


def shown(values: Collection[str]) -> str:
    """The first few of many values, and how many there are."""
    first = [repr(value[:40]) for value in sorted(values)[:MOST_SHOWN]]
    more = f" … ({len(values):,} values)" if len(values) > MOST_SHOWN else ""
    return ", ".join(first) + more
