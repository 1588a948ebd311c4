"""Columns of numbers as people ask for them: of the examples, or told by a population that takes no
part."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.audit.dynamics.over_members import all_cards
from undertow.audit.slices.order import numbers_in
from undertow.audit.slices.refused import OTHERWISE, SAYS, why_refused
from undertow.card import PROBED
from undertow.errors import NotComparableError, UserError
from undertow.records.check import Aligned
from undertow.records.records import Records

Floats = NDArray[np.floating[Any]]

ID = "example_id"
AS_A_FRAME = "or give a frame in Python: undertow.compare(…, told=frame)"
"""How to cross what a probe told that was asked after training, and is in no record."""


def numbers_asked(
    aligned: Aligned, names: Sequence[str], told: pl.DataFrame | None, alone: Mapping[str, str]
) -> dict[str, Floats]:
    """Each column by name, NaN where an example has no number: those of ``names``, or without any
    all of ``told``, whose columns come before columns of the examples of the same name.

    ``alone`` are columns that one side alone has, and which. ``UserError`` for a column that does
    not exist or holds no numbers, ``NotComparableError`` for one that says what a model made of an
    example, and where ``told`` knows none of the examples.
    """
    given = {} if told is None else _told(aligned.reference, told)
    found = dict[str, Floats]()
    for name in dict.fromkeys(names or given):
        found[name] = given[name] if name in given else _own(aligned, name, given, alone)
    return found


def number_columns(records: Records) -> tuple[str, ...]:
    """Columns of the examples that hold numbers."""
    return tuple(c for c in records.slice_columns if _numbers(records.examples[c]) is not None)


def _told(reference: Records, told: object) -> dict[str, Floats]:
    if not isinstance(told, pl.DataFrame):
        raise UserError(
            f"columns to cross came as {type(told).__module__}.{type(told).__qualname__}; give a "
            f"polars frame: pl.DataFrame({{{ID!r}: ..., 'NAME OF A COLUMN': ...}})"
        )
    if ID not in told.columns:
        raise UserError(
            f"the frame of columns to cross has no column {ID!r} (it has "
            f"{', '.join(told.columns) or 'none'}); name the column of ids so"
        )
    if told[ID].is_duplicated().any():
        twice = told[ID].filter(told[ID].is_duplicated())[0]
        raise UserError(
            f"the frame of columns to cross has example {twice!r} twice; give each example one row"
        )
    ids = reference.examples.select(ID)
    joined = ids.join(told.cast({ID: pl.String}), on=ID, how="left", maintain_order="left")
    if ids.join(told.cast({ID: pl.String}), on=ID, how="semi").is_empty():
        raise NotComparableError(
            f"the frame of columns to cross knows none of the examples of {reference.name!r} "
            f"(first {reference.example_id_N[0]!r}); give one over the examples that are compared"
        )
    return {c: _must_be_numbers(joined[c], "leave it out") for c in told.columns if c != ID}


def _own(
    aligned: Aligned, name: str, told: Mapping[str, Floats], alone: Mapping[str, str]
) -> Floats:
    reference = aligned.reference
    if name not in reference.slice_columns:
        raise UserError(_unknown(aligned, name, told, alone))
    why = why_refused(aligned, name, alone)
    if why is not None:
        said = SAYS.replace("a slice", "a crossed column")
        raise NotComparableError(f"{why}, and {said}; leave it out of --cross, {OTHERWISE}")
    return _must_be_numbers(reference.examples[name], f"slice by it: --by {name}")


def _unknown(
    aligned: Aligned, name: str, told: Mapping[str, Floats], alone: Mapping[str, str]
) -> str:
    """Names what can be crossed instead, which no column is that would be refused in its turn."""
    reference = aligned.reference
    own = [c for c in number_columns(reference) if why_refused(aligned, c, alone) is None]
    known = [*told, *own]
    close = difflib.get_close_matches(name, known, n=1)
    listed = f"it can be crossed with {', '.join(known)}" if known else "it has none to cross"
    said = _meant(name, next(iter(close), None), bool(told))
    return f"population '{reference.name}' has no column '{name}' to cross: {said}{listed}"


def _meant(name: str, close: str | None, told: bool) -> str:
    """Probes may have columns that the audit knows nothing of, so it can only guess at these."""
    if name in PROBED:
        return f"a population that takes no part tells it, after --columns-from, {AS_A_FRAME}; "
    if name in all_cards():
        return "a population that takes no part tells it, after --columns-from; "
    if close is not None:
        return f"did you mean '{close}'? "
    if told:
        return ""
    return (
        "if a probe of a population that takes no part tells it, give that population after "
        f"--columns-from, {AS_A_FRAME}; "
    )


def _must_be_numbers(column: pl.Series, way_on: str) -> Floats:
    numbers = _numbers(column)
    if numbers is None:
        first = next(iter(column.drop_nulls()), None)
        held = "nothing" if first is None else f"{column.dtype}, such as {str(first)[:40]!r}"
        raise UserError(
            f"column '{column.name}' holds {held}: a crossed column needs numbers; {way_on}"
        )
    return numbers


def _numbers(column: pl.Series) -> Floats | None:
    """Also true and false, and numbers that came as text; ``None`` for anything else."""
    if column.null_count() == len(column):
        return None
    if column.dtype == pl.String:
        spelled = numbers_in(column.drop_nulls().unique().to_list())
        if not spelled or spelled.codes:
            return None
    elif not (column.dtype.is_numeric() or column.dtype == pl.Boolean):
        return None
    value_N = column.cast(pl.Float64).fill_null(float("nan")).to_numpy().copy()
    value_N[~np.isfinite(value_N)] = np.nan
    return np.asarray(value_N)
