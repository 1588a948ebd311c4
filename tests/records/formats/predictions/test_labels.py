"""Right answers from a table of their own: what it may bring, how classes are named, and what must
not be joined."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from undertow.errors import TableError
from undertow.records import read_any
from undertow.records.records import Records

GLUE = "index\tprediction\n0\tequivalent\n1\tnot_equivalent\n2\tequivalent\n"


@pytest.fixture
def images(tmp_path: Path) -> Path:
    (tmp_path / "timm.csv").write_text(
        "filename,label,prob\na.jpg,cat,0.9\nb.jpg,cat,0.6\nc.jpg,dog,0.8\n"
    )
    return tmp_path / "timm.csv"


@pytest.fixture
def split(tmp_path: Path) -> Path:
    """A split of MRPC as ``datasets`` saves it: labels are numbers with names, hidden ones are
    -1."""
    names = {"names": ["not_equivalent", "equivalent"], "_type": "ClassLabel"}
    features = {"label": names, "idx": {"dtype": "int64", "_type": "Value"}}
    table = pa.table({"label": [1, 0, -1], "idx": [0, 1, 2]})
    meta = {"huggingface": json.dumps({"info": {"features": features}})}
    pq.write_table(table.replace_schema_metadata(meta), tmp_path / "split.parquet")
    return tmp_path / "split.parquet"


def put(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def named(records: Records) -> tuple[list[str], list[str | None]]:
    label = [records.classes[c] if c >= 0 else None for c in records.label_N]
    return [records.classes[c] for c in records.pred_MN[0]], label


def test_predictions_of_another_model_stay_out(images: Path):
    other = put(
        images.with_name("other.csv"),
        "example_id,prediction,label,confidence,p_cat,camera\n"
        "a.jpg,dog,cat,1,0,x\nb.jpg,dog,dog,1,0,y\nc.jpg,cat,dog,1,0,y\n",
    )
    records, _ = read_any([images], labels=other)
    assert named(records) == (["cat", "cat", "dog"], ["cat", "dog", "dog"])
    assert records.confidence_MN[0].tolist() == pytest.approx([0.9, 0.6, 0.8])
    assert records.slice_columns == ("camera",)


def test_classes_of_other_names_would_make_every_answer_wrong(images: Path):
    labels = put(images.with_name("wnid.csv"), "filename,label\na.jpg,n01\nb.jpg,n02\nc.jpg,n02\n")
    with pytest.raises(TableError) as caught:
        read_any([images], labels=labels)
    assert str(caught.value) == (
        f"{labels}: label 'n01' and the 2 labels in all are none of the classes that {images} "
        "predicts, such as 'cat'; name the classes alike in both"
    )


def test_examples_without_a_label_are_counted(images: Path):
    labels = put(images.with_name("some.csv"), "filename,label\na.jpg,cat\n")
    records, _ = read_any([images], labels=labels)
    assert named(records)[1] == ["cat", None, None]
    assert (
        records.manifest.notes[0]
        == f"{labels}: has no label for 2 of 3 examples of {images}, first 'b.jpg'."
    )


def test_a_split_of_datasets_has_its_names(split: Path):
    path = put(split.with_name("predict_results_mrpc.txt"), GLUE)
    records, _ = read_any([path], labels=split)
    assert named(records) == (
        ["equivalent", "not_equivalent", "equivalent"],
        ["equivalent", "not_equivalent", None],
    )


def test_arrays_take_the_names_of_the_split(split: Path):
    np.save(split.with_name("a.npy"), np.array([[0.0, 2], [3, 0], [0, 1]]))
    records, _ = read_any([split.with_name("a.npy")], labels=split)
    assert records.classes == ("not_equivalent", "equivalent")
    assert records.label_N.tolist() == [1, 0, -1]
    assert records.correct_MN[0, :2].tolist() == [1, 1]


def test_pandas_writes_a_class_as_a_float(tmp_path: Path):
    path = put(tmp_path / "t.csv", "filename,index\na.jpg,3\nb.jpg,4\n")
    labels = put(tmp_path / "l.csv", "filename,label\na.jpg,3.0\nb.jpg,3.0\n")
    assert named(read_any([path], labels=labels)[0]) == (["3", "4"], ["3", "3"])


def test_the_column_of_right_answers_is_looked_for_where_they_are(tmp_path: Path):
    predictions = put(tmp_path / "po.csv", "patient,y_pred\na,cat\nb,dog\n")
    truth = put(tmp_path / "truth.csv", "patient,y_true\na,cat\nb,cat\n")
    asked = {"id": "patient", "prediction": "y_pred", "labels": truth}
    records, _ = read_any([predictions], label="y_true", **asked)
    assert named(records) == (["cat", "dog"], ["cat", "cat"])
    with pytest.raises(TableError) as caught:
        read_any([predictions], label="y_tru", **asked)
    assert str(caught.value) == (
        f"--label y_tru: {truth} has no such column; it has 'patient', 'y_true'; did you mean "
        "--label y_true"
    )
    # The one of the predictions' own, which the labels go before, may be called otherwise.
    put(predictions, "patient,y_pred,own\na,cat,dog\nb,dog,dog\n")
    records, _ = read_any([predictions], label="own", **asked)
    assert named(records) == (["cat", "dog"], ["cat", "cat"])
