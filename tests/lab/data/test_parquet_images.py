import numpy as np
import polars as pl
import pytest

from undertow.errors import UserError
from undertow.lab.data import ParquetImages, encode_png

X_NCHW = np.random.default_rng(4).integers(0, 256, (6, 3, 4, 4), dtype=np.uint8)


def table():
    return pl.DataFrame(
        {
            "split": ["train", "train", "test", "train", "test", "train"],
            "index": [2, 0, 1, 1, 0, 3],
            "label": [1, 0, 1, 1, 0, 0],
            "jpeg": encode_png(X_NCHW),
            "region": ["n", "s", "n", "s", "n", "s"],
        }
    )


def write(folder, frame):
    path = folder / "toy.parquet"
    frame.write_parquet(path)
    return path


def test_rows_are_ordered_by_index_and_further_columns_are_slices(tmp_path):
    splits = ParquetImages(str(write(tmp_path, table())), classes=("no", "yes")).load()
    assert splits.name == "toy"
    assert splits.train.example_id_N == (
        "toy/train/00000",
        "toy/train/00001",
        "toy/train/00002",
        "toy/train/00003",
    )
    assert (splits.train.x_NCHW == X_NCHW[[1, 3, 0, 5]]).all()
    assert splits.train.label_N.tolist() == [0, 1, 1, 0]
    assert splits.train.slices.to_dict(as_series=False) == {"region": ["s", "s", "n", "s"]}
    assert splits.test.example_id_N == ("toy/test/00000", "toy/test/00001")
    assert (splits.test.x_NCHW == X_NCHW[[4, 2]]).all()


def test_per_class_limits_and_grey_and_another_column_name(tmp_path):
    path = write(tmp_path, table().rename({"jpeg": "png"}))
    splits = ParquetImages(
        str(path), image="png", channels=1, name="grey", train_per_class=1
    ).load()
    assert splits.train.example_id_N == ("grey/train/00000", "grey/train/00001")
    assert splits.train.x_NCHW.shape == (2, 1, 4, 4)
    assert splits.classes == ("0", "1")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda t: t.drop("jpeg"),
            "no column 'jpeg'; it has split, index, label, region. "
            "Give the name of the column of image bytes as image=…",
        ),
        (lambda t: t.drop("label"), "no column 'label'; it has split, index, jpeg, region."),
        (
            lambda t: t.with_columns(pl.col("label").cast(pl.String)),
            "column 'label' holds String, it needs integers.",
        ),
        (
            lambda t: t.with_columns(label=pl.Series([1, None, 1, 1, 0, None])),
            "column 'label' is empty in 2 rows. Fill or remove them.",
        ),
        (
            lambda t: t.with_columns(index=pl.Series([2, 2, 1, 1, 0, 3])),
            "index 2 appears twice in split 'train'. Indices must be unique.",
        ),
        (
            lambda t: t.filter(pl.col("split") == "train"),
            "no row with split 'test'. Both 'train' and 'test' are needed.",
        ),
    ],
)
def test_unusable_tables_are_refused(tmp_path, change, message):
    path = write(tmp_path, change(table()))
    with pytest.raises(UserError) as caught:
        ParquetImages(str(path)).load()
    assert str(caught.value) == f"{path}: {message}"


def test_a_damaged_image_is_named_by_its_id(tmp_path):
    path = write(tmp_path, table().with_columns(jpeg=pl.lit(b"nothing")))
    with pytest.raises(UserError) as caught:
        ParquetImages(str(path)).load()
    assert str(caught.value) == (
        f"{path}, toy/train/00000: not a readable image (not a known image format). Replace or "
        "remove it."
    )


@pytest.mark.parametrize("content", [b"", b"PAR1", b"not parquet at all, only some text"])
def test_a_file_that_is_not_parquet_is_refused(tmp_path, content):
    path = tmp_path / "bad.parquet"
    path.write_bytes(content)
    with pytest.raises(
        UserError,
        match=rf"^{path}: not a readable Parquet file \(.+\)\. Check the path, or fetch it",
    ):
        ParquetImages(str(path)).load()


def test_a_missing_file_is_refused(tmp_path):
    path = tmp_path / "gone.parquet"
    with pytest.raises(
        UserError,
        match=rf"^{path}: not a readable Parquet file \(.+\)\. Check the path, or fetch it",
    ):
        ParquetImages(str(path)).load()
