"""timm's inference.py: its layouts, where the truth comes from, and what cannot be read."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from undertow.errors import TableError
from undertow.records import read_any

ROWS = [("cat/1.jpg", "cat", 0.9), ("dog/2.jpg", "cat", 0.6), ("dog/3.jpg", "dog", 0.8)]
FLAT = pl.DataFrame(ROWS, schema=["filename", "label", "prob"], orient="row")


def written(path: Path) -> Path:
    if path.suffix == ".csv":
        FLAT.write_csv(path)
    elif path.suffix == ".parquet":
        FLAT.write_parquet(path)
    elif "index" in path.name:
        path.write_text(json.dumps({name: {"label": label, "prob": p} for name, label, p in ROWS}))
    elif "split" in path.name:
        split = {
            "columns": ["label", "prob"],
            "index": [r[0] for r in ROWS],
            "data": [list(r[1:]) for r in ROWS],
        }
        path.write_text(json.dumps(split))
    else:
        path.write_text(json.dumps(FLAT.to_dicts()))
    return path


@pytest.mark.parametrize("name", ["a.csv", "a.parquet", "record.json"])
def test_every_layout(tmp_path: Path, name: str):
    path = written(tmp_path / name)
    records, about = read_any([path])
    assert ": timm inference output (filename and label): 1 member, 3 examples, 2 classes" in about
    assert records.example_id_N.to_list() == ["cat/1.jpg", "dog/2.jpg", "dog/3.jpg"]
    assert [records.classes[c] for c in records.pred_MN[0]] == ["cat", "cat", "dog"]
    assert [records.classes[c] for c in records.label_N] == ["cat", "dog", "dog"]
    assert records.confidence_MN[0].tolist() == pytest.approx([0.9, 0.6, 0.8])
    assert (
        records.manifest.notes[0] == f"{path}: the right answer of an image is taken to be the "
        "folder that it lies in."
    )


@pytest.mark.parametrize("name", ["index.json", "split.json"])
def test_json_whose_index_is_the_file(tmp_path: Path, name: str):
    path = written(tmp_path / name)
    records, about = read_any([path])
    assert "timm inference output" in about
    assert [records.classes[c] for c in records.pred_MN[0]] == ["cat", "cat", "dog"]


def test_top_k_in_lists_or_columns(tmp_path: Path):
    lists = (
        "filename,label,prob\na.jpg,\"['tiger cat', 'cat']\",\"[0.7, 0.2]\"\nb.jpg,\"['dog', "
        '\'cat\']","[0.6, 0.3]"\n'
    )
    (tmp_path / "lists.csv").write_text(lists)
    columns = (
        "filename,label_0,label_1,prob_0,prob_1\na.jpg,tiger "
        "cat,cat,0.7,0.2\nb.jpg,dog,cat,0.6,0.3\n"
    )
    (tmp_path / "columns.csv").write_text(columns)
    for name in ("lists.csv", "columns.csv"):
        records, _ = read_any([tmp_path / name])
        assert [records.classes[c] for c in records.pred_MN[0]] == ["tiger cat", "dog"]
        assert records.confidence_MN[0].tolist() == pytest.approx([0.7, 0.6])
        assert "give them with --labels FILE (filename and label)." in records.manifest.notes[0]


def test_truth_from_a_table(tmp_path: Path):
    path = written(tmp_path / "a.csv")
    (tmp_path / "truth.csv").write_text(
        "filename,label,camera\ncat/1.jpg,dog,x\ndog/2.jpg,cat,y\ndog/3.jpg,dog,y\n"
    )
    records, _ = read_any([path], labels=tmp_path / "truth.csv")
    assert [records.classes[c] for c in records.label_N] == ["dog", "cat", "dog"]
    assert records.slice_columns == ("camera",)
    (tmp_path / "other.csv").write_text("filename,label\nx.jpg,dog\n")
    with pytest.raises(TableError) as caught:
        read_any([path], labels=tmp_path / "other.csv")
    assert str(caught.value) == (
        f"{tmp_path / 'other.csv'}: has none of the examples of {path}: first 'cat/1.jpg' there, "
        "'x.jpg' here; name them alike"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "filename,label,prob\n1.jpg,a,0.5\n1.jpg,b,0.5\n",
            "'1.jpg' names several images; run inference.py with --fullname so that folders tell "
            "them apart",
        ),
        (
            "filename,label,prob\n1.jpg,a,7\n",
            "a probability is '7.0'; expected numbers between 0 and 1 (write prob, not logit)",
        ),
        (
            "model,top1,top1_err,top5,top5_err,param_count\nresnet50,80.1,19.9,95,5,25.56\n",
            "is a summary of models without a row per image; run timm's inference.py --fullname",
        ),
    ],
    ids=range(3),
)
def test_refused(tmp_path: Path, text: str, said: str):
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises(TableError) as caught:
        read_any([tmp_path / "x.csv"])
    assert str(caught.value) == f"{tmp_path / 'x.csv'}: {said}"


def test_a_table_without_labels_names_the_flag(tmp_path: Path):
    path = tmp_path / "x.csv"
    path.write_text("filename,prob\na.jpg,0.9\n")
    with pytest.raises(TableError) as caught:
        read_any([path])
    assert (
        str(caught.value)
        == f"{path}: has no label and no index; run timm's inference.py with --include-index"
    )


def test_one_description_of_two_classes_is_said(tmp_path: Path):
    path = tmp_path / "x.csv"
    path.write_text(
        "filename,index,label,prob\na.jpg,134,crane,0.9\nb.jpg,517,crane,0.8\nc.jpg,1,goldfish,0.7\n"
    )
    assert (
        f"{path}: 1 labels stand for several classes of index, first 'crane'; each is one here."
        in (read_any([path])[0].manifest.notes)
    )


def test_arrays_in_a_cell_as_numpy_prints_them(tmp_path: Path):
    """``inference.py --topk 2`` leaves arrays to pandas: no commas, lines broken, quotes as
    needed."""
    path = tmp_path / "x.csv"
    path.write_text(
        "filename,index,label,prob\n"
        'a.jpg,[281 282],"[\'tiger cat, striped\'\n ""jack-o\'-lantern""]",[0.7 0.2]\n'
        'b.jpg,[5 6],"[""it\'s, white"" \'dog\']",[0.6 0.3]\n'
    )
    records, _ = read_any([path])
    assert [records.classes[c] for c in records.pred_MN[0]] == ["tiger cat, striped", "it's, white"]
    assert records.confidence_MN[0].tolist() == pytest.approx([0.7, 0.6])
