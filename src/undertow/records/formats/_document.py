"""Fields of documents as slices, and what tells that examples are not independent."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from undertow.records.formats._assemble import CLUSTERS
from undertow.records.formats._log import PER_MEMBER, slice_worthy
from undertow.records.formats.members.join import PROBABILITY
from undertow.records.reading import Reading
from undertow.records.schema import NOT_SLICES

TAKEN = PER_MEMBER | NOT_SLICES | {"task", "member", "prediction"}
"""Names that mean something else in a log."""
PREFIX = "doc_"
FINGERPRINT = "^#[0-9a-f]{16}$"
"""What is kept of a long text that tells which examples share it."""


def free_name(name: str) -> str:
    """The field's name, or the same with ``doc_`` before it where a log means something else by
    it."""
    return f"{PREFIX}{name}" if name in TAKEN or name.startswith((PROBABILITY, "_")) else name


def slices(frame: pl.DataFrame, names: Sequence[str], reading: Reading) -> pl.DataFrame:
    """The frame with those fields that can be slices: whole numbers as such, texts of which some
    are equal."""
    dropped, changed = [], []
    for name in names:
        column = frame[name]
        whole = (
            column.fill_nan(None).cast(pl.Int64, strict=False)
            if column.dtype == pl.Float64
            else column
        )
        if column.dtype == pl.Float64 and whole.cast(pl.Float64).equals(
            column.fill_nan(None), null_equal=True
        ):
            changed.append(whole)
        kept = slice_worthy(column) and (column.dtype != pl.String or _shows_groups(column))
        if not kept and name != reading.cluster:
            dropped.append(name)
    return frame.with_columns(changed).drop(dropped)


def _shows_groups(column: pl.Series) -> bool:
    """Whether some texts are equal, and none is only a fingerprint, which tells a person
    nothing."""
    return column.n_unique() < max(len(column), 2) and not column.str.contains(FINGERPRINT).any()


def cluster(
    frame: pl.DataFrame, names: Sequence[str], task: str
) -> tuple[list[pl.Series], str] | None:
    """Which examples of a task share a text, by the field that plainly says so (``cluster`` and
    ``cluster_from``), and the field's name."""
    for name in CLUSTERS:
        if name not in names or not frame[name].drop_nulls().is_duplicated().any():
            continue
        shared = task + "/" + frame[name].cast(pl.String)
        source = pl.Series("cluster_from", [name], dtype=pl.String).new_from_index(0, frame.height)
        return [shared.fill_null(frame["example_id"]).alias("cluster"), source], name
    return None
