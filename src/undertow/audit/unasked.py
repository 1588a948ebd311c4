"""Columns that describe the examples and that nobody asked to slice by: what hides beneath the
whole there is not looked at, and who does not know of them cannot ask."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

import numpy as np
import polars as pl

from undertow.audit.notices import MANY, names_a_source
from undertow.audit.result import Unasked
from undertow.audit.slices.coding import MOST_NUMBERS
from undertow.audit.slices.disputed import columns_of
from undertow.audit.slices.own_output import DOCUMENT, own_output, says_what_a_model_made
from undertow.audit.slices.table import ALL
from undertow.records import usual_names as names
from undertow.records.formats.columns.values import has_decimals, numbers_in
from undertow.records.records import Records

TEXT = (pl.String, pl.Categorical, pl.Enum)
FEWEST, MOST = 2, 50
"""Values of a column that is taken for a group."""
ROLES = (
    *names.ID,
    *names.PREDICTION,
    *names.LABEL,
    *names.SCORE,
    *names.ANSWER,
    *names.CONFIDENT,
)
"""What columns are called that are no property of an example."""
OF_A_RUN = frozenset(
    {"timestamp", "date", "time", "datetime", "row", "seed", "fold", "batch", "split", "logits"}
)
"""What columns are called that say when, where or how an example was answered."""
LONGEST_NAME = 200
LONGEST_TEXT = 40
"""Median length from which texts are sentences and no groups."""


def unasked(
    reference: Records,
    aligned: Records,
    by: Iterable[str],
    fewest: int,
    disputed: Collection[str] = (),
    alone: Collection[str] = (),
) -> tuple[Unasked, ...]:
    """Columns of the reference with 2 to 50 values, of which at least two have ``fewest`` of the
    ``aligned`` examples. ``disputed`` are those that the sides fill in differently, ``alone`` those
    that the reference alone has."""
    known = reference.slice_columns
    taken = {*columns_of(by, known), *disputed}
    taken |= {name for name in known if names.plain(name).removeprefix(DOCUMENT) in ROLES}
    clustering = reference.manifest.clustering
    taken |= {str(clustering.column)} if clustering is not None else set()
    candidates = (
        aligned.examples[name]
        for name in known
        if name not in taken and names.plain(name) not in OF_A_RUN and _can_be_typed(name)
    )
    return tuple(
        Unasked(column.name, counts.len())
        for column, counts in _counted(candidates)
        if _is_group(column, counts, fewest)
        and not _are_answers(column, aligned)
        and not (column.name in alone and own_output(aligned, column))
    )


def _can_be_typed(name: str) -> bool:
    """Whether ``--by`` takes the name as a report shows it: no flag, and not the whole."""
    shown = name.isprintable() and name == " ".join(name.split()) and len(name) <= LONGEST_NAME
    return shown and not name.startswith("-") and name != ALL


def _counted(columns: Iterable[pl.Series]) -> Iterator[tuple[pl.Series, pl.Series]]:
    """Each column of texts, truth values or whole numbers with how many examples have each of its
    values."""
    for column in columns:
        kind = column.dtype
        if kind == pl.Boolean or kind in TEXT or _are_whole(column):
            yield column, column.drop_nulls().value_counts()["count"]


def _are_whole(column: pl.Series) -> bool:
    """Also as pandas writes them beside gaps: 0.0, 1.0."""
    if column.dtype.is_float():
        return not has_decimals(column.drop_nulls())
    return column.dtype.is_integer()


def _is_group(column: pl.Series, counts: pl.Series, fewest: int) -> bool:
    different = counts.len()
    if not FEWEST <= different <= min(MOST, max(MOST_NUMBERS, len(column) // 2)):
        return False
    if different >= MANY and names_a_source(column.name):
        return False  # Examples of one source belong together: a note says so.
    return int((counts >= fewest).sum()) >= FEWEST and _is_of_the_example(column)


def _is_of_the_example(column: pl.Series) -> bool:
    """Words are groups whatever their column is called; numbers may be what a model made."""
    number = numbers_in(column) if column.dtype in TEXT else None
    if column.dtype in TEXT and number is None:
        return _median_length(column) <= LONGEST_TEXT
    decimals = number is not None and has_decimals(number)
    return not decimals and not says_what_a_model_made(column.name)


def _median_length(column: pl.Series) -> float:
    return float(np.median(column.drop_nulls().cast(pl.String).str.len_chars().to_numpy()))


def _are_answers(column: pl.Series, records: Records) -> bool:
    """Whether all values are classes, as those of another model's column of answers are; numbers
    are codes of anything."""
    values = set(column.drop_nulls().cast(pl.String))
    return numbers_in(pl.Series(list(values))) is None and values <= set(records.classes)
