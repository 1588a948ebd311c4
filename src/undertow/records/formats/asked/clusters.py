"""Takes the clusters that a person asked for, whatever format the records came in."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from undertow.errors import TableError
from undertow.records.formats.members.names import listing
from undertow.records.records import Records
from undertow.records.schema import Clustering

NONE = "none"
"""In place of a column: every example is independent of the others."""
NEVER = {
    "example_id": "each example has an id of its own, so all would be independent",
    "label": "it is the right answer, and examples with one answer are not one example",
    **dict.fromkeys(
        ("prediction", "answer", "output"),
        "it is what a model answered, not where an example comes from",
    ),
    **dict.fromkeys(
        ("score", "correct", "confidence"),
        "it is how well a model did, not where an example comes from",
    ),
    "member": "it names the model, not where an example comes from",
}
"""Columns that make no clusters, each with the reason."""
MOST_LISTED = 20


def with_clusters(records: Records, asked: str | None) -> Records:
    """Returns the records with the column ``asked`` as their clusters.

    Raises ``TableError`` where there is no such column.
    """
    if asked is None:
        return records
    if not asked.strip():
        raise TableError(
            f"--cluster {asked!r}: is empty; name a column, or write --cluster none if all "
            "examples are independent"
        )
    _refuse_answers(asked)
    examples = records.examples
    if asked == NONE:
        said = (
            "Every example is taken as independent of the others, copies too, as asked (--cluster "
            "none)."
        )
        return _declared(records, examples.drop("cluster", strict=False), None, said)
    if asked not in examples.columns:
        raise TableError(
            f"--cluster {asked}: the examples have no such column; they have {_known(examples)}"
        )
    clustered = examples.with_columns(pl.col(asked).cast(pl.String).alias("cluster"))
    return _declared(
        records,
        clustered,
        asked,
        f"Examples with one value of {asked!r} are one cluster, as asked.",
    )


def _refuse_answers(asked: str) -> None:
    if asked in NEVER:
        raise TableError(
            f"--cluster {asked}: {asked} cannot be a cluster: {NEVER[asked]}; name the column of"
            " what several examples share, such as a passage or a patient, or none"
        )


def _declared(records: Records, examples: pl.DataFrame, column: str | None, said: str) -> Records:
    clustering = Clustering(column=column, asked=True)
    notes = (*records.manifest.notes, said)
    manifest = records.manifest.model_copy(update={"clustering": clustering, "notes": notes})
    return replace(records, examples=examples, manifest=manifest)


def _known(examples: pl.DataFrame) -> str:
    """Lists the columns that could be meant."""
    names = [c for c in examples.columns if c not in NEVER and examples[c].count()]
    return listing(names, most=MOST_LISTED) or "no column that could be one"
