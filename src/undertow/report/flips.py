"""``flips.parquet``: every example whose answer changed, and which way."""

from __future__ import annotations

import polars as pl

from undertow.audit.result import Audit

FLIP_COLUMNS: dict[str, type[pl.DataType]] = {
    "variant": pl.String,
    "example_id": pl.String,
    "change": pl.String,
    "label": pl.String,
    "reference_answer": pl.String,
    "variant_answer": pl.String,
}
"""``change`` is ``right to wrong``, ``wrong to right``, ``wrong to wrong`` (another wrong answer),
or ``other answer`` where right and wrong cannot be told, as there is no label or the outcome is
graded. Answers are modal ones, which with one member a side are the answers themselves."""


def flips(audit: Audit) -> pl.DataFrame:
    """One row per changed answer, in the exemplars' order."""
    graded = [v.arm.name for v in audit.variants if v.arm.outcome != "accuracy"]
    unknown = pl.col("label").is_null() | pl.col("variant").is_in(graded)
    change = (
        pl.when("newly_wrong")
        .then(pl.lit("right to wrong"))
        .when("newly_right")
        .then(pl.lit("wrong to right"))
        .when(unknown)
        .then(pl.lit("other answer"))
        .otherwise(pl.lit("wrong to wrong"))
    )
    return audit.exemplars.filter(pl.col("modal_disagreement")).select(
        "variant",
        "example_id",
        change.alias("change"),
        "label",
        pl.col("reference_modal").alias("reference_answer"),
        pl.col("variant_modal").alias("variant_answer"),
    )
