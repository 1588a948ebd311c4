"""Which of a task's metrics can be an outcome: one number an example, between 0 and 1, more being
better."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from undertow.errors import TableError

LESS_IS_BETTER = frozenset(
    {
        "perplexity",
        "word_perplexity",
        "byte_perplexity",
        "bits_per_byte",
        "brier_score",
        "ter",
        "wer",
        "cer",
    }
)
IN_PERCENT = ("bleu", "chrf", "rouge")
"""Beginnings of names of metrics that sacrebleu and its like give from 0 to 100."""
_SINGLE = frozenset({bool, int, float, type(None)})


class Values(NamedTuple):
    """One metric over rows: numbers (NaN where there is none), and what else than single numbers
    there was."""

    number_N: NDArray[np.float64]
    odd: str | None = None


def values_of(raw: Sequence[Any]) -> Values:
    """What the rows hold of one metric."""
    if _SINGLE.issuperset(map(type, raw)):
        try:
            return Values(np.array(raw, dtype=np.float64))
        except OverflowError:
            return Values(np.full(len(raw), np.nan), "holds numbers too large to be an outcome")
    pair = any(type(v) is list and len(v) == 2 for v in raw)
    what = (
        "is a pair (reference, prediction) that only counts over the whole corpus"
        if pair
        else "is no single number"
    )
    return Values(np.full(len(raw), np.nan), what)


def joined(parts: Sequence[Values]) -> Values:
    """The same over all rows."""
    odd = next((p.odd for p in parts if p.odd is not None), None)
    return Values(np.concatenate([p.number_N for p in parts]), odd)


def why_not(name: str, values: Values, less_is_better: Collection[str]) -> str | None:
    """Why this metric cannot be the outcome, to follow its name; ``None`` if it can."""
    if values.odd is not None:
        return values.odd
    if name in less_is_better or name in LESS_IS_BETTER:
        return "is better when it is less"
    known_N = values.number_N[~np.isnan(values.number_N)]
    if not known_N.size:
        return "has no value"
    outside = known_N[(known_N < 0) | (known_N > 1)]
    return f"is {outside[0]:g} in some row, not between 0 and 1" if outside.size else None


def is_percentage(name: str, values: Values) -> bool:
    """Whether it plainly runs from 0 to 100: known for that, nothing outside, and more than 1
    somewhere."""
    number_N = values.number_N
    with np.errstate(invalid="ignore"):
        fits = (
            values.odd is None
            and not ((number_N < 0) | (number_N > 100)).any()
            and (number_N > 1).any()
        )
    return bool(fits) and name.lower().startswith(IN_PERCENT) and not name.endswith("_diff")


def choose(
    path: Path, table: Mapping[str, Values], less_is_better: Collection[str], asked: str | None
) -> str | None:
    """The metric to take: the one asked for, else the first that can be the outcome, else none.

    Raises ``TableError`` where the one asked for cannot be.
    """
    reasons = {name: why_not(name, values, less_is_better) for name, values in table.items()}
    usable = [name for name, why in reasons.items() if why is None]
    if asked is None:
        return next(iter(usable), None)
    if asked in usable or (asked in table and is_percentage(asked, table[asked])):
        return asked
    said = f"metric {asked!r} {reasons[asked]}" if asked in table else f"has no metric {asked!r}"
    fix = (
        f"choose of {', '.join(usable)} with --metric"
        if usable
        else "none of its metrics can be the outcome"
    )
    raise TableError(f"{path}: {said}; {fix}")
