"""Findings: one row says what one measure did on one slice, and what may be concluded from it."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields

import polars as pl

from undertow.audit.verdicts import Verdict


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One row of ``findings.parquet``; a number that was not measured is NaN.

    ``reference`` and ``changed`` are the measure in the two populations, ``effect`` their contrast
    with the simultaneous interval [low, high]. ``floor`` and its limits are what chance alone
    gives. Of a shift (``unit`` is member) the floor is a shift: members are exchanged after the
    shift itself was taken away; beside one variant member, it is between runs of the reference. Of
    a disagreement it is a value of the measure: members are exchanged as they are, or a repeat run
    is taken; there ``reference`` is the floor and ``effect`` what lies above it. ``note`` says what
    would settle a verdict that is open, and what else must be read with a row: the counts behind an
    error rate, the class test of 1911.05248.
    """

    variant: str
    measure: str
    unit: str
    slice: str
    value: str
    reference: float = math.nan
    changed: float = math.nan
    effect: float = math.nan
    low: float = math.nan
    high: float = math.nan
    p: float = math.nan
    p_adjusted: float = math.nan
    floor: float = math.nan
    floor_low: float = math.nan
    floor_high: float = math.nan
    n_examples: int
    members_reference: int
    members_variant: int
    verdict: Verdict
    note: str


_TYPES: dict[str, type[pl.DataType]] = {
    "str": pl.String,
    "float": pl.Float64,
    "int": pl.Int64,
    "Verdict": pl.String,
}
FINDING_COLUMNS = {field.name: _TYPES[str(field.type)] for field in fields(Finding)}
"""The columns of ``findings.parquet``."""


def findings_frame(findings: list[Finding]) -> pl.DataFrame:
    """Findings as a table with the published columns; NaN stays NaN (undefined), never null."""
    return pl.DataFrame([asdict(f) for f in findings], schema=FINDING_COLUMNS)
