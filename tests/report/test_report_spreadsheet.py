"""CSV that a spreadsheet may open."""

from __future__ import annotations

import io

import polars as pl
import pytest

from undertow.report.spreadsheet import csv_of

RUN = ["=1+1", "+cmd|' /C calc'!A0", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "＝1", "'q"]
AS_IS = ["a=b", "-5", "+1.5", "-1e3", ".5", "it's", "", "e00001", "2-1", "ünï"]


@pytest.mark.parametrize("text", RUN)
def test_a_text_that_may_be_run_has_an_apostrophe_before_it(text: str):
    assert _read(csv_of(pl.DataFrame({"id": [text]})))["id"].to_list() == [f"'{text}"]


@pytest.mark.parametrize("text", AS_IS)
def test_other_texts_and_numbers_are_as_they_are(text: str):
    frame = pl.DataFrame({"id": [text, None], "n": [-0.5, float("nan")], "k": [-3, 4]})
    read = _read(csv_of(frame))
    assert read["id"].to_list() == [text, None]
    assert read["n"].to_list() == ["-0.5", None]
    assert read["k"].to_list() == ["-3", "4"]


def test_one_apostrophe_taken_off_gives_every_text_back():
    frame = pl.DataFrame({"id": [*RUN, *AS_IS]})
    back = _read(csv_of(frame)).with_columns(pl.col("id").str.replace("^'", ""))
    assert back.equals(frame)


def _read(data: bytes) -> pl.DataFrame:
    return pl.read_csv(io.BytesIO(data), infer_schema=False)
