"""FiftyOne exports: one file, several models, chosen by field."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from undertow.errors import TableError
from undertow.records import align, read_any


def classification(label: str, confidence: float | None = None) -> dict:
    return {"_cls": "Classification", "label": label, "confidence": confidence, "tags": []}


def export(folder: Path, *fields: str) -> Path:
    folder.mkdir()
    samples = [
        {
            "_id": {"$oid": f"{i:024d}"},
            "filepath": f"data/{name}.jpg",
            "tags": ["test", "night"] if i else ["test"],
            "weather": "rain" if i else "sun",
            "ground_truth": classification(truth),
            **{f: classification("cat" if f == "old" else "dog", 0.9 - 0.1 * i) for f in fields},
        }
        for i, (name, truth) in enumerate([("a", "cat"), ("b", "dog"), ("c", "cat")])
    ]
    (folder / "samples.json").write_text(json.dumps({"samples": samples}))
    (folder / "metadata.json").write_text("{}")
    return folder


def test_the_field_after_the_path_is_the_model(tmp_path: Path):
    folder = export(tmp_path / "export", "old", "new")
    old, about = read_any([f"{folder}::old"])
    new, _ = read_any([f"{folder / 'samples.json'}::new"])
    assert about == (
        f"{folder}::old: FiftyOne export (samples.json): 1 member, 3 examples, 2 classes; "
        f"positive class: 'dog', the last of the two; no name says so"
    )
    assert old.example_id_N.to_list() == ["a.jpg", "b.jpg", "c.jpg"]
    assert old.correct_MN.tolist() == [[1, 0, 1]]
    assert old.confidence_MN[0].tolist() == pytest.approx([0.9, 0.8, 0.7])
    assert set(old.slice_columns) == {"weather", "tag test", "tag night"}
    assert old.examples["tag night"].to_list() == [False, True, True]
    assert align(old, new).variant.correct_MN.tolist() == [[0, 1, 0]]


def test_one_model_needs_no_choice_and_several_do(tmp_path: Path):
    assert read_any([export(tmp_path / "one", "new")])[0].M == 1
    folder = export(tmp_path / "two", "old", "new")
    with pytest.raises(TableError) as caught:
        read_any([folder])
    assert str(caught.value) == (
        f"{folder / 'samples.json'}: holds several fields of predictions; choose one of ::old, "
        "::new after the path"
    )
    with pytest.raises(TableError) as caught:
        read_any([f"{folder}::int4"])
    assert (
        str(caught.value)
        == f"{folder / 'samples.json'}: has no field 'int4'; choose one of ::old, ::new after the "
        "path"
    )


def test_outcomes_of_an_evaluation_are_no_slices(tmp_path: Path):
    folder = export(tmp_path / "e", "new")
    samples = json.loads((folder / "samples.json").read_text())["samples"]
    box = {"_cls": "Detection", "label": "x", "bounding_box": [0, 0, 1, 1]}
    (folder / "samples.json").write_text(
        json.dumps(
            {"samples": [{**s, "eval_new": i > 0, "box": box} for i, s in enumerate(samples)]}
        )
    )
    (folder / "metadata.json").write_text(
        json.dumps({"evaluations": {"eval_new": {"config": {"pred_field": "new"}}}})
    )
    assert set(read_any([folder])[0].slice_columns) == {"weather", "tag test", "tag night"}
