"""Finds out whether two sets of ids name the same examples in different ways, or equal ids other
examples."""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from undertow.errors import NotComparableError
from undertow.records.formats.columns.values import names_rows, numbers_in
from undertow.records.records import Records
from undertow.records.usual_names import flag_of

LONGEST = 60
FEW, MOST_CORRECTED = 10, 0.2
"""Labels, and their share, up to which one side may have corrected those of the other."""
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


def other_examples(reference: Records, variant: Records) -> str | None:
    """What to do where so many labels of equal ids differ that the ids are in doubt: name examples
    by a column of texts, with the same values on both sides, each once. ``None`` where few do."""
    first_N, second_N = reference.label_N, variant.label_N
    both_N = (first_N >= 0) & (second_N >= 0)
    if ((first_N != second_N) & both_N).sum() <= max(FEW, MOST_CORRECTED * both_N.sum()):
        return None
    doubt = "with so many, do equal ids name the same example on both sides? "
    name = next((c for c in reference.slice_columns if _names_both(c, reference, variant)), None)
    if name is None:
        return (
            f"{doubt}If rows were numbered, name examples by what tells them apart, with --id "
            "COLUMN; else correct the data"
        )
    return (
        f"{doubt}{name!r} has the same values in both, each once: name examples by it, with "
        f"{flag_of('id', name)}; else correct the data"
    )


def refuse_rows_numbered(name: str, differs: int, reference: Records, variant: Records) -> None:
    """Raises ``NotComparableError`` where a column names the same examples on both sides, and so
    many equal ids have another name that they only number rows."""
    few = max(FEW, MOST_CORRECTED * reference.N)
    if differs <= few or not _names_both(name, reference, variant):
        return
    raise NotComparableError(
        f"{reference.name!r} and {variant.name!r} name other examples by equal ids: {name!r} has "
        f"the same values in both, each once, and {differs:,} of {reference.N:,} ids have another "
        f"one; name examples by it, with {flag_of('id', name)}, or leave that column out of the "
        "files"
    )


def _names_both(name: str, reference: Records, variant: Records) -> bool:
    if name not in variant.slice_columns:
        return False
    one, other = (side.examples[name].cast(pl.String) for side in (reference, variant))
    named = names_rows(one) and numbers_in(one) is None
    return named and one.sort().equals(other.sort(), check_names=False)
