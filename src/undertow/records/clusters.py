"""Which examples are not independent: those that share a cluster, and copies of one another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from undertow.records.records import Records

Codes = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Clusters:
    """Clusters of examples, numbered from 0 in order of appearance; one that shares nothing is its
    own.

    ``said`` is a phrase on what makes them: ``column 'passage'``, ``examples with equal content
    (180 repeat another)``.
    """

    number_N: Codes
    count: int
    said: str


def clusters_of(records: Records) -> Clusters | None:
    """Examples of one ``cluster``, and copies: equal ``content_hash`` or, where there is none,
    equal input, byte by byte. A copy joins the clusters of all that it equals. ``None`` where every
    example is alone, or was declared so.
    """
    asked = records.manifest.clustering
    if asked is not None and asked.column is None:
        return None
    found = list(_columns(records))
    if not found:
        return None
    number_N = _together([_codes(shared) for shared, _ in found])
    *first, last = (said for _, said in found)
    joint = ", and " if any("," in said for said in first) else " and "
    return Clusters(number_N, int(number_N.max()) + 1, joint.join([*first, last]))


def _columns(records: Records) -> Iterator[tuple[pl.Series, str]]:
    """What examples share, each with its phrase, where any two share it."""
    if "cluster" in records.examples.columns:
        named = _hashed(records.examples["cluster"].cast(pl.String))
        if _repeats(named):
            yield named, _named(records)
    content = _content(records)
    repeats = _repeats(content)
    if repeats:
        yield content, f"examples with equal content ({repeats:,} repeat another)"


def _named(records: Records) -> str:
    source = records.manifest.clustering
    column = "cluster" if source is None or source.column is None else source.column
    unasked = source is not None and not source.asked
    return f"column {column!r}" + (
        ", taken as clusters unasked (choose with --cluster)" if unasked else ""
    )


def _content(records: Records) -> pl.Series:
    """A fingerprint of each example's content, null where nothing is known of it."""
    if "content_hash" not in records.examples.columns:
        nothing = pl.Series([None], dtype=pl.UInt64).new_from_index(0, records.N)
        return nothing if records.inputs is None else _hashed(records.inputs)
    declared = _hashed(records.examples["content_hash"].cast(pl.String))
    if records.inputs is None or not declared.null_count():
        return declared
    return declared.zip_with(declared.is_not_null(), _hashed(records.inputs))


def _hashed(values: pl.Series) -> pl.Series:
    """64 bits of each value, null for none and for an empty one: nobody means all empty cells to be
    one example."""
    nothing = pl.Series([None], dtype=pl.UInt64).new_from_index(0, len(values))
    given = values.cast(pl.Binary).bin.size().fill_null(0) > 0
    return values.hash().zip_with(given, nothing)


def _codes(values: pl.Series) -> Codes:
    """Numbers from 0 in order of appearance, equal where the values are; each null has one of its
    own. Only values that repeat are looked up: among a million rows often a handful do."""
    shared = values.is_in(_repeated(values).implode()).fill_null(False).to_numpy()
    first_N = np.ones(len(values), dtype=np.bool_)
    among = values.filter(pl.Series(shared))
    first_N[shared] = among.is_first_distinct().to_numpy()
    number_N = np.cumsum(first_N, dtype=np.int64) - 1
    if first_N.all():
        return number_N
    seen = pl.DataFrame({"value": among, "number": number_N[shared]}).unique(
        "value", keep="first", maintain_order=True
    )
    number_N[shared] = (
        among.to_frame("value")
        .join(seen, on="value", how="left", maintain_order="left")["number"]
        .to_numpy()
    )
    return number_N


def _repeated(values: pl.Series) -> pl.Series:
    """Each value that stands more than once."""
    known = values.drop_nulls().sort()
    return known.filter(known == known.shift()).unique()


def _repeats(values: pl.Series) -> int:
    """How many examples repeat one before them."""
    known = values.drop_nulls()
    return len(known) - known.n_unique()


def _together(columns: list[Codes]) -> Codes:
    """One number for all examples that are joined by any of the columns, directly or through
    others, in order of appearance."""
    joined_N, *others = columns
    for codes_N in others:
        first, second = int(joined_N.max()) + 1, int(codes_N.max()) + 1
        size = first + second
        links = sp.coo_array(
            (np.ones(joined_N.size, np.int8), (joined_N, first + codes_N)), shape=(size, size)
        )
        joined_N = _codes(pl.Series(connected_components(links, directed=False)[1][joined_N]))
    return joined_N
