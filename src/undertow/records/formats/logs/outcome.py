"""Chooses the outcome among the metrics of a log.

An outcome is one number an example, between 0 and 1, of which more is better.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.errors import TableError
from undertow.records.formats.decoding.typed import per_cent
from undertow.records.formats.members.names import listing

LESS_IS_BETTER = frozenset({
    "perplexity", "word_perplexity", "byte_perplexity", "bits_per_byte", "brier_score", "ter",
    "wer", "cer",
})  # fmt: skip
IN_PERCENT = ("bleu", "chrf", "rouge")
"""Beginnings of names of metrics that sacrebleu and its like give from 0 to 100."""
_SINGLE = frozenset({bool, int, float, type(None)})


class Values(NamedTuple):
    """One metric over rows: numbers, NaN where there is none, and what is wrong with the others."""

    number_N: NDArray[np.float64]
    odd: str | None = None


class Outcome(NamedTuple):
    """The metric that is taken, by its name in the log, and one value a row, NaN for none.

    ``percent``: it runs from 0 to 100 in the log, and ``score_N`` is divided by 100.
    """

    name: str | None
    score_N: NDArray[np.float64]
    percent: bool = False
    notes: tuple[str, ...] = ()

    @property
    def metric(self) -> str | None:
        """What the outcome is called from here on."""
        return f"{self.name}/100" if self.percent else self.name

    @property
    def column(self) -> pl.Series:
        """The column ``score``."""
        return pl.Series("score", self.score_N, dtype=pl.Float64).fill_nan(None)


def values_of(raw: Sequence[Any]) -> Values:
    """Reads the values of one metric, of any type, as numbers."""
    if _SINGLE.issuperset(map(type, raw)):
        try:
            return Values(np.array(raw, dtype=np.float64))
        except OverflowError:
            return Values(_none(len(raw)), "holds numbers too large to be an outcome")
    if any(type(v) is list and len(v) == 2 for v in raw):
        odd = "is a pair (reference, prediction) that only counts over the whole corpus"
        return Values(_none(len(raw)), odd)
    return Values(_none(len(raw)), "is no single number")


def joined(parts: Sequence[Values]) -> Values:
    """Puts the values of several blocks of rows together."""
    odd = next((p.odd for p in parts if p.odd is not None), None)
    return Values(np.concatenate([p.number_N for p in parts]), odd)


def why_not(name: str, values: Values, less_is_better: Collection[str]) -> str | None:
    """Says why this metric cannot be the outcome, to follow its name; ``None`` if it can."""
    if values.odd is not None:
        return values.odd
    if name in less_is_better or name in LESS_IS_BETTER:
        return "is better when it is less"
    known_N = values.number_N[~np.isnan(values.number_N)]
    if not known_N.size:
        return "has no value"
    outside = known_N[(known_N < 0) | (known_N > 1)]
    return f"is {outside[0]:g} in some row, not between 0 and 1" if outside.size else None


def choose_outcome(
    source: str,
    table: Mapping[str, Values],
    asked: str | None,
    *,
    preferred: Sequence[str] = (),
    never: Collection[str] = (),
    less_is_better: Collection[str] = (),
    answers_suffice: bool = False,
) -> Outcome:
    """Takes the metric asked for, else the first of ``preferred``, else the first that can be one.

    Without being asked for, no metric in ``never`` is taken, and none that runs from 0 to 100.
    With ``answers_suffice`` a log in which no metric can be the outcome has none, and which other
    metrics there are is not noted. Else it is refused, and so is a metric asked for that cannot be
    the outcome: ``TableError``. A log without any metric has no outcome.
    """
    reasons = {name: why_not(name, values, less_is_better) for name, values in table.items()}
    usable = [name for name, why in reasons.items() if why is None]
    offered = [name for name in usable if name not in never]
    percent = [name for name, why in reasons.items() if why and is_percentage(name, table[name])]
    fix = _fix([*offered, *percent], answers_suffice)
    if asked is not None and asked not in [*usable, *percent]:
        said = (
            f"metric {asked!r} {reasons[asked]}" if asked in table else f"has no metric {asked!r}"
        )
        raise TableError(f"{source}: {said}; {fix}")
    if asked in percent:
        note = f"{source}: {asked} runs from 0 to 100 and is divided by 100."
        text = pl.Series(table[asked].number_N).cast(pl.String)
        return Outcome(asked, per_cent(text).to_numpy(), True, (note,))
    chosen = asked or next((name for name in [*preferred, *offered] if name in usable), None)
    if chosen is None:
        return _without(source, reasons, fix, answers_suffice)
    notes = () if asked or answers_suffice else _others(source, chosen, offered)
    return Outcome(chosen, table[chosen].number_N, notes=notes)


def is_percentage(name: str, values: Values) -> bool:
    """Tells whether it runs from 0 to 100: known for that, nothing outside, some more than 1."""
    if values.odd is not None or not name.lower().startswith(IN_PERCENT) or name.endswith("_diff"):
        return False
    known_N = values.number_N[~np.isnan(values.number_N)]
    return bool(((known_N >= 0) & (known_N <= 100)).all() and (known_N > 1).any())


def _fix(offered: Sequence[str], answers_suffice: bool) -> str:
    if offered:
        return f"choose one of {', '.join(offered)} with --metric"
    return (
        "none of its metrics can be the outcome"
        if answers_suffice
        else "evaluate with another scorer"
    )


def _without(
    source: str, reasons: Mapping[str, str | None], fix: str, answers_suffice: bool
) -> Outcome:
    """Returns no outcome, or refuses the log."""
    if answers_suffice:
        shown = ", ".join(reasons) or "none"
        note = f"{source}: none of its metrics ({shown}) is an outcome between 0 and 1."
        return Outcome(None, _none(0), notes=(note,))
    if not reasons:
        return Outcome(None, _none(0))
    scored = [f"{name} {why or 'is no outcome'}" for name, why in reasons.items()]
    raise TableError(f"{source}: no metric is plainly right or wrong ({listing(scored)}); {fix}")


def _others(source: str, chosen: str, offered: Sequence[str]) -> tuple[str, ...]:
    """Notes that there are other metrics."""
    others = [name for name in offered if name != chosen]
    if not others:
        return ()
    return (f"{source}: the outcome is {chosen}; --metric takes another of {listing(others)}.",)


def _none(rows: int) -> NDArray[np.float64]:
    return np.full(rows, np.nan)
