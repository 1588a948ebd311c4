"""Reads columns of text as numbers or truth values, where nothing is lost."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

MOST_SPELLED = 50
"""Different fractions up to which their spelling is kept: more are no list that a person wrote."""


def number_of(column: pl.Series) -> pl.Series:
    """Returns numbers as people write them: ``0.93``, ``0,93`` and ``93 %``; null for what is
    none."""
    number = column.cast(pl.Float64, strict=False)
    if column.dtype != pl.String or number.null_count() == column.null_count():
        return number
    text = column.str.strip_chars()
    percent = text.str.ends_with("%")
    text = text.str.strip_suffix("%").str.strip_chars()
    # No one writes a probability with a comma between thousands.
    text = text.str.replace(r"^([+-]?\d*),(\d+)$", "$1.$2")
    number = text.cast(pl.Float64, strict=False)
    return number.zip_with(~percent.fill_null(value=False), per_cent(text))


def per_cent(text: pl.Series) -> pl.Series:
    """Returns the hundredths of numbers that are written as text: those of ``1.1`` are the number
    0.011, which 1.1 / 100 misses by a bit, so that it would lie above a threshold of 0.011."""
    number = text.cast(pl.Float64, strict=False)
    return (text + "e-2").cast(pl.Float64, strict=False).fill_null(number / 100)


def typed(column: pl.Series, *, spelling: bool = True) -> pl.Series:
    """Returns a text column as whole numbers, numbers or truth values if every value is one.

    ``007`` stays text, because leading zeros mean a code. So does ``0.10``, unless ``spelling`` is
    false.
    """
    return typed_all([column], spelling=spelling)[0]


def typed_all(columns: Sequence[pl.Series], *, spelling: bool = True) -> list[pl.Series]:
    """Does the same for many columns.

    Patterns are matched on all columns in one query: on 100,000 short columns, one query each would
    cost more than the matching.
    """
    texts = {
        k: c for k, c in enumerate(columns) if c.dtype == pl.String and c.null_count() < len(c)
    }
    whole = {k: c.cast(pl.Int64, strict=False) for k, c in texts.items()}
    lossless = {
        k: n
        for k, n in whole.items()
        if n.null_count() == texts[k].null_count()
        and n.cast(pl.String).equals(texts[k], check_names=False)
    }
    number = {k: c.cast(pl.Float64, strict=False) for k, c in texts.items() if k not in lossless}
    numeric = {k: n for k, n in number.items() if n.null_count() == texts[k].null_count()}
    codes = _where(pl.all().str.contains(r"^[+-]?0\d").any(), {k: texts[k] for k in numeric})
    maybe = _where(
        pl.all().str.contains(r"\.\d*0$").any(), {k: texts[k] for k in numeric} if spelling else {}
    )
    codes |= {k for k in maybe if _spelled(texts[k], numeric[k])}
    words = {k: texts[k] for k in number if k not in numeric}
    truth = _where(pl.all().str.to_lowercase().drop_nulls().is_in(["true", "false"]).all(), words)
    found = {
        **lossless,
        **{k: n for k, n in numeric.items() if k not in codes},
        **{k: (words[k].str.to_lowercase() == "true").alias(words[k].name) for k in truth},
    }
    return [found.get(k, column) for k, column in enumerate(columns)]


def _where(holds: pl.Expr, columns: dict[int, pl.Series]) -> set[int]:
    """Returns the keys of the columns of which ``holds`` is true."""
    if not columns:
        return set()
    answers = pl.DataFrame([c.alias(str(k)) for k, c in columns.items()]).select(holds).row(0)
    return {k for k, answer in zip(columns, answers, strict=True) if answer}


def _spelled(column: pl.Series, number: pl.Series) -> bool:
    """Whether numbers are spelled as people list them, such as 0.00, 0.10: few fractions in plain
    decimals, of which some would lose a digit. ``3.0`` alone is a whole number as pandas writes
    it."""
    values = pl.DataFrame({"text": column, "number": number}).drop_nulls().unique()
    if len(values) > MOST_SPELLED or not (values["number"] % 1 != 0).any():
        return False
    return bool(
        values["text"].str.contains(r"^[+-]?\d+\.\d*$").all()
        and values["text"].str.contains(r"\.\d*0$").any()
    )
