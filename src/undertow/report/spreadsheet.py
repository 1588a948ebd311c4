"""Tables as CSV that a spreadsheet may open: no text in them is run as a formula."""

from __future__ import annotations

import polars as pl

RUN = r"^(?:'|[\t\r\n]|\s*[=+\-@＝＋－＠])"
"""How a text begins that a spreadsheet may take for a formula; or with an apostrophe, so that
taking one off gives every text back."""
NUMBER = r"^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$"
"""A text that is a number, which a spreadsheet shows and does not run."""


def csv_of(frame: pl.DataFrame) -> bytes:
    """UTF-8. A text that may be run has an apostrophe before it; numbers are as they are, and what
    is undefined is empty. To get texts back, take one apostrophe off those that begin with one."""
    texts = [_shown(each) for each in frame.select(pl.selectors.string())]
    floats = pl.selectors.float().fill_nan(None)
    return frame.with_columns(floats).with_columns(texts).write_csv().encode("utf-8")


def _shown(texts: pl.Series) -> pl.Series:
    runs = texts.str.contains(RUN) & ~texts.str.contains(NUMBER)
    shown = pl.select(pl.when(runs).then("'" + texts).otherwise(texts)).to_series()
    return shown.alias(texts.name)
