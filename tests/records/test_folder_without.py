"""Examples of a folder may lack what a record can do without: then it is read with nothing in its
place."""

from __future__ import annotations

import hashlib
from pathlib import Path

import polars as pl
import pytest

import worlds
from undertow.errors import RecordError
from undertow.records.read import _read_examples
from undertow.records.write import write_records


def read_with(folder: Path, changed: pl.DataFrame) -> pl.DataFrame:
    """The examples as a tool wrote them that keeps other columns than ours."""
    records, _ = worlds.null_world(m_ref=2, m_var=2, n=40)
    path = folder / "examples.parquet"
    changed.write_parquet(path)
    known = {"examples_sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    return _read_examples(folder, records.manifest.model_copy(update=known))


@pytest.fixture
def whole(tmp_path: Path) -> pl.DataFrame:
    records, _ = worlds.null_world(m_ref=2, m_var=2, n=40)
    write_records(records, tmp_path / "ref")
    return pl.read_parquet(tmp_path / "ref" / "examples.parquet")


def test_examples_without_a_label_column_have_no_labels(
    tmp_path: Path, whole: pl.DataFrame
) -> None:
    read = read_with(tmp_path, whole.drop("label"))
    assert read["label"].to_list() == [None] * 40
    assert read.schema["label"] == pl.Int32
    assert read.drop("label").equals(whole.drop("label"))


@pytest.mark.parametrize("kind", [pl.Int8, pl.Int64, pl.UInt16])
def test_labels_of_any_whole_number_are_read_as_they_are(
    tmp_path: Path, whole: pl.DataFrame, kind: type
) -> None:
    read = read_with(tmp_path, whole.with_columns(pl.col("label").cast(kind)))
    assert read["label"].to_list() == whole["label"].to_list()
    assert read.schema["label"] == pl.Int32


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (pl.lit(1.5).alias("label"), "example_id is not text or label is not a class index"),
        (pl.lit("a").alias("label"), "example_id is not text or label is not a class index"),
        (pl.lit(7).alias("example_id"), "example_id is not text or label is not a class index"),
        (pl.lit("same").alias("example_id"), "example ids are not unique and present"),
        (pl.lit(4).alias("label"), "labels go beyond the 4 classes"),
        (pl.lit(-1).alias("label"), "labels go beyond the 4 classes"),
    ],
)
def test_examples_that_cannot_be_are_refused(
    tmp_path: Path, whole: pl.DataFrame, change: pl.Expr, said: str
) -> None:
    with pytest.raises(RecordError) as caught:
        read_with(tmp_path, whole.with_columns(change))
    assert said in str(caught.value)
