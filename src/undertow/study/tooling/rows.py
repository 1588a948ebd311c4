"""All that is measured of how much the members of one population differ, as rows of one table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isnan, nan
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import scipy.sparse as sp
from numpy.typing import NDArray

from undertow.audit.measures import false_negative_rate, false_positive_rate
from undertow.audit.measures.error_rates import mistakes
from undertow.audit.slices.table import ALL, CLASS, SliceTable, slice_table
from undertow.audit.stats.mean_shift import mean_shift
from undertow.audit.stats.member_pairs import pair_mean
from undertow.audit.stats.member_spread import limit_factors, spread
from undertow.audit.stats.true_spread import true_spread
from undertow.records.records import Records
from undertow.study.tooling.averaged import pair_gains, usable, whole_gain
from undertow.study.tooling.disagreement import pair_churn
from undertow.study.tooling.parts import DRAWS, Beside, Largest, Parts, largest, part_spreads
from undertow.study.tooling.weight_distance import weight_distances
from undertow.study.trained import Trained, mean_interval

Floats = NDArray[np.floating[Any]]

LEVEL = 0.05
ACCURACY = "accuracy"
RATES = {"false_positive_rate": false_positive_rate, "false_negative_rate": false_negative_rate}

READS = {
    "mean": "Mean over members, with Student's limits over members.",
    "spread": "Standard deviation over members (ddof 1), with χ² limits over members.",
    "true_spread": "Standard deviation that members would have on endless examples: what is left "
    "of the spread when the chance of single answers is taken away. Limits over members and "
    "examples.",
    "churn": "Share of examples on which two members answer different classes, mean over pairs, "
    "with the jackknife's limits over members.",
    "weight_distance": "Distance of two members' weights as vectors of length 1, without the "
    "running statistics of batch norm, from 0 to 2; mean over pairs, with the jackknife's limits "
    "over members.",
    "pair_gain": "Accuracy of the mean probabilities of two members less their mean accuracy, "
    "mean over pairs, with the jackknife's limits over members.",
    "whole_gain": "Accuracy of the mean probabilities of all members less their mean accuracy, "
    "with limits over examples: about these members.",
    "scaled_ratio": "Spread on a part of the data as a multiple of the overall spread, times "
    "√(n_part / n): 1, about, where errors are independent. p is adjusted for all parts of the "
    "slice.",
    "largest_ratio": "The largest spread on a part as a multiple of the overall spread, as papers "
    "print it, beside what its null gives.",
    "largest_scaled_ratio": "The same times √(n_part / n), which small parts are not first to "
    "reach.",
}
"""What each measure is, in words. Values are shares, but for distances and ratios."""

ONE = "one member does not tell how much members differ"
TWO = "limits over members need three of them"
ALIKE = "members are equally good overall, which has no multiple"
NOBODY = "no example has an outcome of every member"


class Row(NamedTuple):
    """One number. ``of`` is accuracy or an error rate, empty where a measure has one meaning;
    ``null`` is a name in ``nulls.NULLS``. What is not there is NaN, and ``reason`` says why it is
    undefined."""

    measure: str
    measured: float
    low: float = nan
    high: float = nan
    examples: int = 0
    of: str = ""
    slice: str = ALL
    value: str = ""
    null: str = ""
    null_low: float = nan
    null_middle: float = nan
    null_high: float = nan
    p: float = nan
    reason: str = ""


TEXTS = {"measure", "of", "slice", "value", "null", "reason"}
SCHEMA = {
    name: pl.String if name in TEXTS else pl.Int64 if name == "examples" else pl.Float64
    for name in Row._fields
}


def rows(
    trained: Trained, source: str, by: Sequence[str] = (CLASS,), draws: int = DRAWS
) -> pl.DataFrame:
    """Of one population, whose members differ by ``source``: ``population``, ``source``,
    ``members`` and the columns of ``Row``. The whole first, then parts by the slices ``by``; of a
    binary task error rates too. What one member, no weights or no probabilities leave open is a row
    with its reason. ``ValueError`` for outcomes other than right and wrong."""
    records = trained.records
    found = [*_wholes(records, trained), *_parts(records, slice_table(records, by), draws)]
    frame = pl.DataFrame(found, schema=SCHEMA, orient="row")
    return frame.select(
        pl.lit(records.name).alias("population"),
        pl.lit(source).alias("source"),
        pl.lit(records.M, dtype=pl.Int64).alias("members"),
        pl.all(),
    )


def _outcomes(records: Records) -> dict[str, Floats]:
    """(M, N) each: 0 and 1, NaN where not asked."""
    found = {ACCURACY: records.correct_MN}
    if mistakes(records):
        found |= {name: rate(records) for name, rate in RATES.items()}
    return found


def _wholes(records: Records, trained: Trained) -> Iterator[Row]:
    for of, value_MN in _outcomes(records).items():
        yield from _overall(of, value_MN)
    few = _few(records.M)
    churn = pair_mean(pair_churn(records)).limits(LEVEL)
    yield Row("churn", *churn, records.N, reason=few)
    yield _weights(trained, few)
    yield from _gains(records, few)


def _few(members: int) -> str:
    return ONE if members < 2 else TWO if members < 3 else ""


def _overall(of: str, value_MN: Floats) -> Iterator[Row]:
    known_MN = value_MN[:, ~np.isnan(value_MN).any(axis=0)].astype(np.float64)
    members, n = known_MN.shape
    reason = ONE if members < 2 else ""
    if n == 0:
        yield from (Row(name, nan, of=of, reason=NOBODY) for name in ("mean", "spread"))
        return
    mean_M = known_MN.mean(axis=1)
    yield Row("mean", *mean_interval(mean_M), n, of, reason=reason)
    yield Row("spread", *spread(mean_M, LEVEL), n, of, reason=reason)
    yield Row("true_spread", *true_spread(known_MN, LEVEL), n, of, reason=reason)


def _weights(trained: Trained, few: str) -> Row:
    paths = [trained.folder / "weights" / f"{name}.safetensors" for name in trained.ids]
    gone = [path.name for path in paths if not path.exists()]
    if gone:
        return Row("weight_distance", nan, reason=f"no weights, as of {gone[0]}")
    distance = pair_mean(weight_distances(paths)).limits(LEVEL)
    return Row("weight_distance", *distance, reason=few)


def _gains(records: Records, few: str) -> Iterator[Row]:
    if records.proba_MNC is None:
        reason = f"no probabilities of all {records.C} classes"
        yield from (Row(name, nan, reason=reason) for name in ("pair_gain", "whole_gain"))
        return
    n = int(usable(records).sum())
    yield Row("pair_gain", *pair_mean(pair_gains(records)).limits(LEVEL), n, reason=few)
    gain_N = whole_gain(records)
    found = mean_shift(sp.csr_array(np.ones((1, n))), gain_N, LEVEL)
    limits = float(found.effect_G[0]), float(found.low_G[0]), float(found.high_G[0])
    yield Row("whole_gain", *limits, n, reason=ONE if records.M < 2 else "")


def _parts(records: Records, table: SliceTable, draws: int) -> Iterator[Row]:
    for column, empty in table.empty.items():
        if empty:
            lost = f"{empty} of its values {'has' if empty == 1 else 'have'} no example"
            yield Row("spread", nan, of=ACCURACY, slice=column, reason=lost)
    for of, value_MN in _outcomes(records).items():
        # a class is asked for one rate alone
        kept_G = [g for g, c in enumerate(table.column_G) if of == ACCURACY or c != CLASS]
        membership_GN = sp.csr_array(table.membership_GN[kept_G])
        named = [(table.column_G[g], table.value_G[g]) for g in kept_G]
        if named:
            yield from _of_parts(of, value_MN, membership_GN, named, draws)


def _of_parts(
    of: str,
    value_MN: Floats,
    membership_GN: sp.csr_array,
    named: Sequence[tuple[str, str]],
    draws: int,
) -> Iterator[Row]:
    parts = part_spreads(value_MN, membership_GN)
    found = largest(value_MN, membership_GN, [column for column, _ in named], draws)
    yield from _spreads(of, parts, named, len(value_MN))
    for null, families in found.items():
        for column, each in families.items():
            rows_G = [g for g, (c, _) in enumerate(named) if c == column]
            values = [named[g][1] for g in rows_G]
            yield from _ratios(of, null, column, values, each, parts, rows_G)


def _spreads(
    of: str, parts: Parts, named: Sequence[tuple[str, str]], members: int
) -> Iterator[Row]:
    factors = limit_factors(members, LEVEL)
    for g, (column, value) in enumerate(named):
        n, spread_g = int(parts.count_G[g]), float(parts.spread_G[g])
        reason = ONE if members < 2 else NOBODY if n == 0 else ""
        low, high = (spread_g * factor for factor in factors)
        yield Row("spread", spread_g, low, high, n, of, column, value, reason=reason)


def _ratios(
    of: str,
    null: str,
    column: str,
    values: Sequence[str],
    found: Largest,
    parts: Parts,
    rows_G: Sequence[int],
) -> Iterator[Row]:
    why = "" if parts.overall > 0 else ONE if isnan(parts.overall) else ALIKE
    for name, largest_of, each_G in (
        ("largest_ratio", found.ratio, parts.ratio_G[rows_G]),
        ("largest_scaled_ratio", found.scaled, parts.scaled_G[rows_G]),
    ):
        which = "" if np.isnan(each_G).all() else values[int(np.nanargmax(each_G))]
        yield _beside(name, largest_of, of=of, slice=column, value=which, null=null, reason=why)
    for g, value, p in zip(rows_G, values, found.p_G, strict=True):
        ratio, n = float(parts.scaled_G[g]), int(parts.count_G[g])
        row = Row("scaled_ratio", ratio, nan, nan, n, of, column, value, null, p=float(p))
        yield row._replace(reason=why or (NOBODY if n == 0 else ""))


def _beside(name: str, found: Beside, **given: Any) -> Row:
    return Row(
        name,
        found.value,
        null_low=found.low,
        null_middle=found.middle,
        null_high=found.high,
        p=found.p,
        **given,
    )
