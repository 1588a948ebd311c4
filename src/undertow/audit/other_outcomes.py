"""Columns of outcomes beside the one that is compared, as ``f1`` beside ``exact_match``, and those
that may be some by their numbers, as ``score_strict`` beside ``score``: one that is shown to have
got worse is said, since no verdict is about it.

Each is tested by itself, on its own change from side to side, at the audit's level over all of
them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import scipy.sparse as sp
from numpy.typing import NDArray

from undertow.audit.pair import Pair
from undertow.audit.stats.bounded import mean_limits
from undertow.audit.wording import told
from undertow.records import usual_names as names
from undertow.records.formats.columns.values import has_decimals, numbers_in, within_one
from undertow.records.formats.decoding.typed import number_of
from undertow.records.records import Records

Floats = NDArray[np.floating[Any]]

GOOD = frozenset({*names.SCORE, *names.GRADED, *names.OUTCOME_TOO})
"""What columns are called of which more is better."""
FEWEST = 20
"""Examples below which nothing is said of a column."""


class _Column(NamedTuple):
    """Numbers of both sides, in the order of the pair's examples; NaN where there is none."""

    name: str
    before_N: Floats
    after_N: Floats
    sign: int
    """−1 where less of it is better."""
    called: bool
    """Whether its name says that it is an outcome; else its numbers alone may."""


def worse_outcomes(pair: Pair, reference: Records, variant: Records) -> Iterator[str]:
    """A sentence on each column of outcomes that is in the tables of both sides, differs from the
    outcome that is compared, and is shown to have got worse; ``reference`` and ``variant`` are as
    they were read."""
    columns = [*_columns(pair, reference, variant)]
    for column in columns:
        said = _said(pair, column, pair.settings.level / len(columns))
        if said:
            yield said


def _columns(pair: Pair, reference: Records, variant: Records) -> Iterator[_Column]:
    ids = pair.reference.example_id_N.to_frame("example_id")
    outcomes = [side.correct_MN.mean(axis=0) for side in (pair.reference, pair.variant)]
    for name in reference.slice_columns:
        sign = -1 if names.says_wrong(name) else 1
        called = sign < 0 or names.plain(name) in GOOD or names.says_grade(name)
        if name not in variant.slice_columns or not (called or _may_be_called(name)):
            continue
        before_N, after_N = (_numbers(side.examples, name, ids) for side in (reference, variant))
        if before_N is None or after_N is None or np.array_equal(before_N, after_N, equal_nan=True):
            continue
        if not called and not _may_hold(name, before_N, after_N):
            continue
        both = zip((before_N, after_N), outcomes, strict=True)
        if not all(_same_as(number_N, outcome_N, sign) for number_N, outcome_N in both):
            yield _Column(name, before_N, after_N, sign, called)


def _may_be_called(name: str) -> bool:
    """Whether a column of this name may be an outcome of which more is better."""
    others = (names.says_how_likely, names.says_logarithm, names.says_less_is_better)
    return not any(says(name) for says in (*others, names.says_harm))


def _may_hold(name: str, before_N: Floats, after_N: Floats) -> bool:
    """Whether numbers go from 0 to 1 as those of outcomes do. Few whole ones are as well a class,
    where no word of the name is one of an outcome's."""
    number = pl.Series(np.concatenate([before_N, after_N])).fill_nan(None).drop_nulls()
    said = {*names.plain(name).split("_")} & {*GOOD, *names.GRADING}
    return within_one(number) and (bool(said) or has_decimals(number))


def _numbers(examples: pl.DataFrame, name: str, ids: pl.DataFrame) -> Floats | None:
    """The column in the order of the ``ids``; ``None`` where something in it is no number."""
    column = examples[name]
    if column.dtype != pl.Boolean and numbers_in(column) is None:
        return None
    number = column.cast(pl.Float64) if column.dtype == pl.Boolean else number_of(column)
    table = pl.DataFrame({"example_id": examples["example_id"], "number": number})
    found = ids.join(table, on="example_id", how="left", maintain_order="left")["number"]
    return found.fill_null(np.nan).to_numpy().astype(np.float64)


def _same_as(number_N: Floats, outcome_N: Floats, sign: int) -> bool:
    """Whether it is the outcome that is compared, under another name or turned round."""
    own_N = number_N if sign > 0 else 1 - number_N
    return np.allclose(own_N, outcome_N, atol=1e-6, equal_nan=True)


def _said(pair: Pair, column: _Column, level: float) -> str:
    """Empty where it is not shown to have got worse."""
    name, before_N, after_N, sign, called = column
    known_N = ~(np.isnan(before_N) | np.isnan(after_N))
    if known_N.sum() < FEWEST:
        return ""
    every = np.concatenate([before_N[known_N], after_N[known_N]])
    reach = max(float(every.max() - every.min()), float(np.finfo(float).tiny))
    change_N = np.where(known_N, sign * (after_N - before_N) / reach, np.nan)
    whole = sp.csr_array(np.ones((1, len(change_N))))
    found = mean_limits(whole, change_N, level, pair.cluster_N)
    effect, low, high = (float(each[0]) * reach for each in found[:3])
    if not high < 0:
        return ""
    before, after = (float(side[known_N].mean()) for side in (before_N, after_N))
    turned = " --scale 1,0" if sign < 0 else ""
    fell = "fell" if sign > 0 else "rose, of which less is better"
    limits = (effect, low, high) if sign > 0 else (-effect, -high, -low)
    is_one = "is" if called else "may be"
    return (
        f"Column {name!r} {is_one} an outcome too, which no verdict is about, and it {fell}: "
        f"{_change((before, after), limits, every)}, n = {int(known_N.sum()):,}. To decide by it, "
        f"compare with {names.flag_of('score', name)}{turned}."
    )


def _change(means: tuple[float, float], effect: tuple[float, float, float], every: Floats) -> str:
    if within_one(pl.Series(every)):
        said = told(*effect)
        before, after = (f"{100 * mean:.1f} %" for mean in means)
        return f"{before} → {after} ({said.effect} points, {said.low} to {said.high})"
    shift, low, high = (f"{value:+.3g}".replace("-", "−") for value in effect)
    return f"mean {means[0]:.3g} → {means[1]:.3g} ({shift}, {low} to {high})"
