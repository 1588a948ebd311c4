"""Hugging Face: script output without truth, and Parquet whose class names are in its metadata (in
another order)."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from undertow.errors import TableError
from undertow.records import align, read_any


def parquet(path: Path, names: list[str], prediction: list[int], **columns) -> Path:
    """As ``datasets.Dataset.to_parquet`` lays it out."""
    kind = {"names": names, "_type": "ClassLabel"}
    features = {"prediction": kind, "label": kind, "idx": {"dtype": "int64", "_type": "Value"}}
    table = pa.table({"prediction": prediction, **columns})
    path.parent.mkdir(exist_ok=True)
    pq.write_table(
        table.replace_schema_metadata(
            {"huggingface": json.dumps({"info": {"features": features}})}
        ),
        path,
    )
    return path


def test_class_names_of_the_file_and_not_their_order(tmp_path: Path):
    old = parquet(
        tmp_path / "old.parquet",
        ["neg", "pos", "mixed"],
        [0, 1, 1],
        label=[0, 1, 0],
        idx=[7, 8, 9],
        source=["a", "b", "a"],
    )
    new = parquet(
        tmp_path / "new.parquet", ["pos", "neg", "mixed"], [1, 0, 1], label=[1, 0, 1], idx=[7, 8, 9]
    )
    before, about = read_any([old])
    after, _ = read_any([new])
    assert (
        about
        == f"{old}: Hugging Face datasets Parquet (ClassLabel names): 1 member, 3 examples, 3 "
        "classes"
    )
    assert (before.classes, after.classes) == (("neg", "pos", "mixed"), ("pos", "neg", "mixed"))
    assert before.slice_columns == ("source",)
    aligned = align(before, after)
    assert aligned.variant.pred_MN.tolist() == [[0, 1, 0]]
    assert "Classes are in another order in 'new'; they are matched by name." in aligned.assumptions


def test_without_ids_rows_are_joined_by_position_and_that_is_said(tmp_path: Path):
    path = parquet(tmp_path / "x.parquet", ["neg", "pos"], [0, 1])
    records, _ = read_any([path])
    assert records.manifest.notes[0] == f"{path}: has no ids, so rows are joined by their position."
    assert (
        records.manifest.notes[1] == f"{path}: holds no right answers; give them with --labels "
        "FILE (index and label)."
    )


def test_predict_results_take_their_truth_from_a_table(tmp_path: Path):
    path = tmp_path / "predict_results_mrpc.txt"
    path.write_text("index\tprediction\n0\tequivalent\n1\tnot_equivalent\n")
    (tmp_path / "truth.csv").write_text("index,label\n0,equivalent\n1,equivalent\n")
    records, about = read_any([path], labels=tmp_path / "truth.csv")
    assert ": Hugging Face predict_results (index and prediction): 1 member, 2 examples" in about
    assert records.correct_MN.tolist() == [[1, 0]]
    assert read_any([path])[0].outcome_known is False


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("index\tprediction\n0\n", "line 2 is no pair of index and prediction: '0'"),
        ("index\tprediction\n", "has a header and no rows; expected one row per example"),
    ],
    ids=range(2),
)
def test_refused(tmp_path: Path, text: str, said: str):
    path = tmp_path / "p.txt"
    path.write_text(text)
    with pytest.raises(TableError) as caught:
        read_any([path])
    assert str(caught.value) == f"{path}: {said}"


def test_a_class_index_beyond_the_names(tmp_path: Path):
    path = parquet(tmp_path / "x.parquet", ["neg", "pos"], [0, 5])
    with pytest.raises(TableError) as caught:
        read_any([path])
    assert str(caught.value) == f"{path}: prediction is 5, but the file names 2 classes"


def test_names_of_another_column_say_nothing_about_the_answers(tmp_path: Path):
    value, names = (
        {"dtype": "int64", "_type": "Value"},
        {"names": ["north", "south"], "_type": "ClassLabel"},
    )
    features = {"prediction": value, "label": value, "dialect": names, "idx": value}
    table = pa.table({"prediction": [0, 1], "label": [0, 0], "dialect": [1, 0], "idx": [1, 2]})
    meta = {"huggingface": json.dumps({"info": {"features": features}})}
    pq.write_table(table.replace_schema_metadata(meta), tmp_path / "x.parquet")
    records, _ = read_any([tmp_path / "x.parquet"])
    assert records.classes == ("0", "1")
    assert records.examples["dialect"].to_list() == ["south", "north"]


def test_a_regression_has_no_classes(tmp_path: Path):
    path = tmp_path / "predict_results_stsb.txt"
    path.write_text("index\tprediction\n0\t3.251\n1\t-0.100\n")
    with pytest.raises(TableError) as caught:
        read_any([path])
    assert str(caught.value) == (
        f"{path}: predictions are numbers of a regression, first '3.251'; expected names of classes"
    )
