"""Finds which examples of a log share a text, by the name of the field that holds it."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from undertow.records.reading import Reading
from undertow.records.schema import Clustering

CLUSTERS = (
    "passage",
    "passage_id",
    "story",
    "story_id",
    "article_id",
    "context_id",
    "template",
    "template_id",
)
"""Fields that mean shared text. One is taken where its values repeat and nothing else is asked."""


def unasked(name: str) -> str:
    """The note that a field is taken as clusters because of its name."""
    return (
        f"Examples with one value of {name!r} are taken as one cluster; --cluster COLUMN takes "
        "another, none takes none."
    )


def shared_text(
    frame: pl.DataFrame, names: Sequence[str], task: str
) -> tuple[list[pl.Series], str] | None:
    """Returns ``cluster`` and ``cluster_from`` of a task's examples, and the field's name.

    ``None`` where no field says that examples share a text.
    """
    for name in CLUSTERS:
        if name not in names or not frame[name].drop_nulls().is_duplicated().any():
            continue
        shared = task + "/" + frame[name].cast(pl.String)
        source = pl.Series("cluster_from", [name], dtype=pl.String).new_from_index(0, frame.height)
        return [shared.fill_null(frame["example_id"]).alias("cluster"), source], name
    return None


def clustered(
    examples: pl.DataFrame, reading: Reading, notes: list[str]
) -> tuple[pl.DataFrame, Clustering | None]:
    """Adds the clusters of all tasks, where nobody chose a column.

    They are those that a reader found, else a column of the table whose name says so.
    """
    kept = examples.drop("cluster_from", strict=False)
    if reading.cluster is not None:
        return kept, None
    if "cluster" in examples.columns:
        return kept.with_columns(pl.col("cluster").cast(pl.String)), _found_by_reader(examples)
    found = next((c for c in CLUSTERS if c in examples and examples[c].is_duplicated().any()), None)
    if found is None:
        return kept, None
    notes.append(unasked(found))
    named = kept.with_columns(pl.col(found).cast(pl.String).alias("cluster"))
    return named, Clustering(column=found, asked=False)


def _found_by_reader(examples: pl.DataFrame) -> Clustering | None:
    """Names the fields that a reader took; nothing where the log itself has clusters."""
    if "cluster_from" not in examples.columns:
        return None
    sources = examples["cluster_from"].drop_nulls().unique().sort()
    return Clustering(column=", ".join(sources), asked=False) if len(sources) else None
