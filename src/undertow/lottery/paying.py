"""Whose answers a variant changes, beside those of the float32 network that runs eager."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.audit.slices.table import ALL
from undertow.errors import UserError
from undertow.lottery.found import Paid, Slice
from undertow.no_numbers import no_numbers
from undertow.notebook.compare import compare
from undertow.varying.labelled import places_of

ID, LABEL, PREDICTION = "example_id", "label", "prediction"
FEWEST = 20
"""Examples of a slice that is looked at without labels: the audit's own limit."""


def labels_of(table: pl.DataFrame, classes: Sequence[str]) -> NDArray[Any] | None:
    """Labels (N,) by the names of classes, or None where there are none. ``UserError`` for one that
    is no class, or where only some examples have one."""
    if LABEL not in table.columns:
        return None
    place_N = places_of(table[LABEL].to_list(), table[ID].to_list(), classes)
    if all(place is None for place in place_N):
        return None
    if None in place_N:
        raise UserError(
            f"labels: {table[ID][place_N.index(None)]!r} has none, and others have one; give all a "
            "label, or leave out the examples without"
        )
    return np.asarray(classes)[np.asarray(place_N, dtype=np.intp)]


def paid_by(
    table: pl.DataFrame,
    answers: Mapping[str, NDArray[Any]],
    classes: Sequence[str],
    by: Sequence[str],
    level: float,
) -> dict[str, Paid]:
    """Of each variant but the first, the reference. ``answers`` are outputs (N, C); one that holds
    no numbers is another answer than any."""
    named, none = np.asarray(classes), _no_class(classes)
    given = {
        name: np.where(no_numbers(out_NC), none, named[out_NC.argmax(1)])
        for name, out_NC in answers.items()
    }
    reference, *others = given
    label_N = labels_of(table, classes)
    changed = {name: given[name] for name in others}
    worst = (
        _worst_differing(table, given[reference], changed, by)
        if label_N is None
        else _worst_audited(
            table.with_columns(pl.Series(LABEL, label_N)), given[reference], changed, by, level
        )
    )
    return {
        name: _paid(given[reference], changed[name], label_N, worst.get(name)) for name in others
    }


def _no_class(classes: Sequence[str]) -> str:
    name = "no number"
    while name in classes:
        name = f"({name})"
    return name


def _paid(
    before_N: NDArray[Any], after_N: NDArray[Any], label_N: NDArray[Any] | None, worst: Slice | None
) -> Paid:
    lost = won = None
    if label_N is not None:
        right, still = before_N == label_N, after_N == label_N
        lost, won = int((right & ~still).sum()), int((~right & still).sum())
    return Paid(int((before_N != after_N).sum()), len(before_N), lost, won, worst)


def _worst_audited(
    table: pl.DataFrame,
    before_N: NDArray[Any],
    changed: Mapping[str, NDArray[Any]],
    by: Sequence[str],
    level: float,
) -> dict[str, Slice]:
    """By the audit, with its limits and verdicts: all slices of a variant are one family."""
    differing = {name: after for name, after in changed.items() if (after != before_N).any()}
    if not differing:
        return {}
    audited = compare(
        table.with_columns(pl.Series(PREDICTION, before_N)),
        {n: table.with_columns(pl.Series(PREDICTION, after)) for n, after in differing.items()},
        by=tuple(by),
        level=level,
        id=ID,
        label=LABEL,
        prediction=PREDICTION,
    )
    rows = audited.findings.filter((pl.col("measure") == "accuracy") & (pl.col("slice") != ALL))
    found: dict[str, Slice] = {}
    for row in rows.sort("effect", "slice", "value").iter_rows(named=True):
        found.setdefault(row["variant"], Slice(
            row["slice"], row["value"], row["n_examples"], row["effect"], row["low"], row["high"],
            row["verdict"],
        ))  # fmt: skip
    return found


def _worst_differing(
    table: pl.DataFrame,
    before_N: NDArray[Any],
    changed: Mapping[str, NDArray[Any]],
    by: Sequence[str],
) -> dict[str, Slice]:
    """The slice with the largest share of answers that differ: counted, since the same examples
    give the same answers again."""
    found: dict[str, Slice] = {}
    for name, after_N in changed.items():
        told = table.with_columns(pl.Series("differs", before_N != after_N))
        rows = [
            _differing(column, value, part["differs"])
            for column in _columns(table, by)
            for (value,), part in told.group_by([column], maintain_order=True)
            if value is not None and part.height >= FEWEST
        ]
        if rows:
            found[name] = max(rows, key=lambda row: row.effect)
    return found


def _differing(column: str, value: object, differs: pl.Series) -> Slice:
    share = float(np.mean(differs.to_numpy()))
    return Slice(column, str(value), len(differs), share, math.nan, math.nan, "")


def _columns(table: pl.DataFrame, by: Sequence[str]) -> list[str]:
    unknown = next((name for name in by if name not in table.columns), None)
    if unknown is not None:
        raise UserError(
            f"--by {unknown}: the table has no such column; it has {', '.join(table.columns)}"
        )
    return list(by)
