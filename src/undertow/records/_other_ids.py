"""Finds out whether two sets of ids name the same examples in different ways."""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

LONGEST = 60
PREDICT = "predict the same examples"


class _Way(NamedTuple):
    """How ids may differ, and what makes those alike that differ so: a method of polars."""

    said: str
    method: str
    alike: pl.Expr


ID = pl.col("id")
WAYS = (
    _Way("in capitals", ".str.to_lowercase()", ID.str.to_lowercase()),
    _Way("in blanks at the ends", ".str.strip_chars()", ID.str.strip_chars()),
    _Way("in leading zeros", '.str.strip_chars_start("0")', ID.str.strip_chars_start("0")),
    _Way("in .0 at the end", '.str.replace(r"\\.0+$", "")', ID.str.replace(r"\.0+$", "")),
    _Way("in the folder", '.str.split("/").list.last()', ID.str.split("/").list.last()),
    _Way(
        "in the ending of the file",
        '.str.replace(r"\\.[A-Za-z]+$", "")',
        ID.str.replace(r"\.[A-Za-z]+$", ""),
    ),
    _Way(
        "in folder and ending of the file",
        '.str.split("/").list.last().str.replace(r"\\.[A-Za-z]+$", "")',
        ID.str.split("/").list.last().str.replace(r"\.[A-Za-z]+$", ""),
    ),
    _Way(
        "in what stands before the number",
        '.str.extract(r"([1-9]\\d*|0)$")',
        ID.str.extract(r"([1-9]\d*|0)$"),
    ),
)


def same_examples(ours: pl.Series, theirs: pl.Series) -> str:
    """What to do about ids that only one side has: predict the same examples, or write ids alike,
    where that joins at least half of them."""
    for way in WAYS:
        one, other = (_alike(ids, way) for ids in (ours, theirs))
        # Two ids that become one would be two examples under one name.
        if one["key"].is_duplicated().any() or other["key"].is_duplicated().any():
            continue
        both = one.join(other, on="key", how="inner")
        if 2 * both.height >= min(len(ours), len(theirs)) > 0:
            first, second = both.sort("id").select("id", "id_right").row(0)
            return (
                f"{PREDICT}, or, if {first[:LONGEST]!r} and {second[:LONGEST]!r} are one example, "
                f"which differ {way.said} only, write ids alike, in polars pl.col(ID){way.method}"
            )
    return PREDICT


def _alike(ids: pl.Series, way: _Way) -> pl.DataFrame:
    return ids.to_frame("id").select("id", way.alike.alias("key")).drop_nulls()
