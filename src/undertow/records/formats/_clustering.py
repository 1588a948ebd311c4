"""The clusters that somebody asked for, whatever format the records came in."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from undertow.errors import TableError
from undertow.records.records import Records
from undertow.records.schema import Clustering

NONE = "none"
"""In place of a column: every example is independent of the others."""
ANSWERS = ("example_id", "label")
"""Columns that make no clusters: each example has an id of its own, and a label is what is asked."""
MOST_LISTED = 20


def unasked(name: str) -> str:
    """What is said where a reader takes a field as clusters because of its name."""
    return f"Examples that share a {name} are taken as one cluster; --cluster COLUMN takes another, none takes none."


def with_clusters(records: Records, asked: str | None) -> Records:
    """The records with ``asked`` as their clusters. ``TableError`` where there is no such column."""
    if asked is None:
        return records
    examples = records.examples
    if asked == NONE:
        said = "Every example is taken as independent of the others, copies too, as asked (--cluster none)."
        return _declared(records, examples.drop("cluster", strict=False), None, said)
    if asked not in examples.columns or asked in ANSWERS:
        raise TableError(f"--cluster {asked}: the examples have no such column; they have {_known(examples)}")
    clustered = examples.with_columns(pl.col(asked).cast(pl.String).alias("cluster"))
    return _declared(records, clustered, asked, f"Examples that share a {asked} are one cluster, as asked.")


def _declared(records: Records, examples: pl.DataFrame, column: str | None, said: str) -> Records:
    clustering = Clustering(column=column, asked=True)
    notes = (*records.manifest.notes, said)
    manifest = records.manifest.model_copy(update={"clustering": clustering, "notes": notes})
    return replace(records, examples=examples, manifest=manifest)


def _known(examples: pl.DataFrame) -> str:
    """Columns that could be meant."""
    names = [c for c in examples.columns if c not in ANSWERS and examples[c].null_count() < examples.height]
    more = f" and {len(names) - MOST_LISTED} more" if len(names) > MOST_LISTED else ""
    return (", ".join(names[:MOST_LISTED]) or "no column that could be one") + more
