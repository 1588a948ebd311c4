"""Limits how much of a long prompt, output or answer is kept."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from undertow.records.formats.decoding.values import fingerprint

TEXT_LIMIT = 4000
"""Characters of a prompt (from its end) or an output (from its beginning) that are kept."""
LONGEST_ANSWER = 300
"""Characters of an answer that are kept."""


def text_column(name: str, texts: Sequence[str | None]) -> pl.Series:
    """Makes a column of texts, also where all are missing."""
    return pl.Series(name, texts, dtype=pl.String)


def kept_input(column: pl.Series) -> pl.Series:
    """Keeps the end of each prompt, where the question stands."""
    return column.str.tail(TEXT_LIMIT)


def kept_output(column: pl.Series) -> pl.Series:
    """Keeps the beginning of each output."""
    return column.str.head(TEXT_LIMIT)


def bounded(text: str | None) -> str | None:
    """Keeps the beginning of a very long text and a fingerprint, so that it still equals itself."""
    if text is None or len(text) <= TEXT_LIMIT:
        return text
    return f"{text[:TEXT_LIMIT]} … #{fingerprint(text)}"


def shortened(column: pl.Series) -> pl.Series:
    """Keeps the beginning of each long answer and a fingerprint, so that it still equals itself."""
    long_N = column.str.len_chars().fill_null(0) > LONGEST_ANSWER
    if not long_N.any():
        return column
    cut = column.str.head(LONGEST_ANSWER - 20) + " … #" + column.hash().cast(pl.String)
    return column.zip_with(~long_N, cut)
