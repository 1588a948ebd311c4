"""Error rates by slice that are too small to tell: what must not read as that nobody pays.

The tolerance on accuracy says little where one class is rare. At 1 % of frauds a slice keeps its
accuracy within a point and misses every one of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import polars as pl

from undertow.audit.slices.table import ALL
from undertow.audit.verdicts import ERROR_RATES, WITHIN_CLASS, risen
from undertow.audit.wording import told


class OpenRates(NamedTuple):
    """Of each error rate with open slices how many there are of how many, first that of the slice
    which rises most; this slice's finding, ``None`` where none rises."""

    counts: tuple[tuple[str, int, int], ...]
    most: dict[str, Any] | None


def open_rates(findings: pl.DataFrame, level: float) -> OpenRates | None:
    """``None`` where no slice is open, or another sentence names a slice that loses."""
    sliced = pl.col("slice") != ALL
    if (risen(findings, level)["slice"] != ALL).any() or _pays(findings):
        return None
    rows = findings.filter(pl.col("measure").is_in(ERROR_RATES) & sliced & ~WITHIN_CLASS)
    rows = rows.filter(pl.col("verdict") != "undefined")
    open_ = rows.filter(pl.col("verdict") == "too small to tell").sort(
        "effect", descending=True, maintain_order=True
    )
    if open_.height == 0:
        return None
    first = open_.row(0, named=True)
    counts = tuple(
        (name, *(part.filter(pl.col("measure") == name).height for part in (open_, rows)))
        for name in open_["measure"].unique(maintain_order=True)
    )
    return OpenRates(counts, first if first["effect"] > 0 else None)


def _pays(findings: pl.DataFrame) -> bool:
    """Whether a slice is shown to lose accuracy."""
    return not findings.filter(
        (pl.col("measure") == "accuracy")
        & (pl.col("slice") != ALL)
        & (pl.col("verdict") == "worse")
    ).is_empty()


def open_rates_said(findings: pl.DataFrame, mistakes: Mapping[str, str], level: float) -> str:
    """A sentence to stand beside the one that no slice loses; else empty. ``mistakes``: what a rate
    counts, in the words of the classes."""
    found = open_rates(findings, level)
    if found is None:
        return ""
    said = [
        f"the {name.replace('_', ' ')}{f' ({mistakes[name]})' if name in mistakes else ''}"
        for name, _, _ in found.counts
    ]
    (_, some, every), *others = found.counts
    where = f"{some} of {every} slices" if every > 1 else "the one slice"
    told_of = [f"In {where} {said[0]} cannot be told"]
    told_of += [
        f"in {some} of {every} {name}"
        for name, (_, some, every) in zip(said[1:], others, strict=True)
    ]
    most = "" if found.most is None else f"; {_where(found.most)} rises most: {rise_of(found.most)}"
    return f"{', '.join(told_of)}{most}."


def _where(row: Mapping[str, Any]) -> str:
    return f"{row['slice']} {row['value']}"


def rise_of(row: Mapping[str, Any]) -> str:
    """``false negatives 12 → 19 of 19``, or the shift where the finding has no counts."""
    counts = str(row["note"] or "").split(";")[0]
    if counts.startswith("false "):
        return counts
    said = told(row["effect"], row["low"], row["high"])
    return f"{said.effect} points ({said.low} to {said.high})"
