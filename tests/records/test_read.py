"""A folder that is not whole is refused by name."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import worlds
from undertow.errors import RecordError
from undertow.records.folder import parquet_bytes, sha256
from undertow.records.manifest import digest
from undertow.records.read import read_population
from undertow.records.records import MISSING, Records
from undertow.records.write import write_records


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    reference, _ = worlds.null_world(m_ref=3, m_var=3, n=40, proba=True, missing_labels=0.1)
    write_records(reference, tmp_path / "ref")
    return tmp_path / "ref"


def refused(folder: Path) -> str:
    with pytest.raises(RecordError) as caught:
        read_population(folder)
    return str(caught.value)


def edit(folder: Path, **fields: object) -> None:
    """Another manifest with a right digest, as another tool might write it."""
    manifest = json.loads((folder / "manifest.json").read_text()) | fields
    (folder / "manifest.json").write_text(json.dumps(manifest | {"digest": digest(manifest)}))


def same(a: Records, b: Records) -> None:
    assert a.examples.equals(b.examples.select(a.examples.columns))
    for name in ("pred_MN", "p_label_MN", "confidence_MN", "margin_MN", "proba_MNC", "label_N"):
        x, y = getattr(a, name), getattr(b, name)
        assert (x is None) == (y is None), name
        if x is not None:
            assert x.dtype == y.dtype, name
            np.testing.assert_array_equal(x, y, err_msg=name)
    assert (a.inputs is None) == (b.inputs is None)
    assert a.inputs is None or a.inputs.to_list() == b.inputs.to_list()


@pytest.mark.parametrize("proba", [True, False])
@pytest.mark.parametrize("inputs", [None, "text", "image"])
def test_any_records_survive_a_folder(tmp_path: Path, proba: bool, inputs: str | None) -> None:
    rng = np.random.default_rng(0)
    pred = rng.integers(-1, 3, size=(4, 30))
    shown = {
        "text": [f"a {n}" for n in range(30)],
        "image": [bytes([n]) for n in range(30)],
        None: None,
    }[inputs]
    made = worlds.records_from(
        pred,
        rng.integers(-1, 3, size=30),
        3,
        slices=worlds.slice_columns(30, rng),
        proba=worlds.probabilities(np.maximum(pred, 0), 3, rng) if proba else None,
        inputs=shown,
        parent="dense",
        parents=["d0", "d1", "d2", "d3"],
    )
    write_records(made, tmp_path / "kept")
    back = read_population(tmp_path / "kept", inputs=True)
    same(made, back)
    drop = {"examples_sha256", "members"}
    assert back.manifest.model_dump(exclude=drop) == made.manifest.model_dump(exclude=drop)
    assert [m.model_copy(update={"sha256": None}) for m in back.members] == list(made.members)


def test_a_member_without_probabilities_stays_without(tmp_path: Path) -> None:
    made = worlds.records_from([[0, 1], [1, 1]], [0, 1], 2, proba=[[[0.9, 0.1], [0.2, 0.8]]] * 2)
    for array in (made.proba_MNC, made.p_label_MN, made.confidence_MN, made.margin_MN):
        array[1] = np.nan
    write_records(made, tmp_path / "kept")
    same(made, read_population(tmp_path / "kept"))
    assert pl.read_parquet_schema(tmp_path / "kept/members/m01.parquet").keys() == {
        "example_id",
        "prediction",
    }


def test_no_folder(tmp_path: Path) -> None:
    assert refused(tmp_path / "gone") == f"{tmp_path / 'gone'}: there is no such folder"


def test_an_unfinished_folder_says_how_to_go_on(folder: Path) -> None:
    (folder / "manifest.json").rename(folder / "plan.json")
    assert refused(folder) == (
        f"{folder}: is unfinished (no manifest.json yet); run the command that began it again with "
        "the same --out, it goes on with the members it has"
    )


def test_a_folder_of_populations_names_them(folder: Path) -> None:
    assert (
        refused(folder.parent)
        == f"{folder.parent}: holds the populations ref; give one of these folders"
    )


def test_a_folder_of_something_else(tmp_path: Path) -> None:
    assert refused(tmp_path) == (
        f"{tmp_path}: is no population folder (no manifest.json); restore it, or make the records "
        "again"
    )


@pytest.mark.parametrize("file", ["members/m01.parquet", "examples.parquet"])
def test_a_missing_file_is_named(folder: Path, file: str) -> None:
    (folder / file).unlink()
    assert refused(folder) == (
        f"{folder / file}: is missing; restore it, or run the command that made this folder again"
    )


@pytest.mark.parametrize("file", ["members/m01.parquet", "examples.parquet"])
@pytest.mark.parametrize("damage", ["truncated", "edited", "empty"])
def test_a_damaged_file_is_named(folder: Path, file: str, damage: str) -> None:
    data = bytearray((folder / file).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / file).write_bytes({"truncated": data[:-1], "edited": data, "empty": b""}[damage])
    message = refused(folder)
    assert message.startswith(
        f"{folder / file}: is not the file that manifest.json knows (SHA-256 "
    )
    assert message.endswith(
        " expected): truncated or edited; restore it, or run the command that made this folder "
        "again"
    )


def test_a_member_without_a_hash_is_not_trusted(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["members"][1]["sha256"] = None
    edit(folder, members=manifest["members"])
    assert "none expected" in refused(folder)


def test_a_member_id_cannot_lead_out_of_the_folder(folder: Path) -> None:
    edit(folder, members=[{"id": "../../secret"}])
    assert refused(folder).startswith("member id '../../secret' cannot name a file: ")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "the file: Invalid JSON: EOF while parsing a value at line 1 column 0"),
        ("[]", "the file: Input should be an object"),
        (
            '{"format": "undertow-records/3"}',
            "format: Input should be 'undertow-records/1' or 'undertow-records/2'",
        ),
    ],
)
def test_a_manifest_that_is_none(folder: Path, text: str, reason: str) -> None:
    (folder / "manifest.json").write_text(text)
    assert refused(folder) == (
        f"{folder / 'manifest.json'}: is not a manifest of undertow-records/1: {reason};"
        " restore it, or make the records again with this version of undertow"
    )


def test_a_manifest_of_bytes(folder: Path) -> None:
    (folder / "manifest.json").write_bytes(b"\xff\xfe\x00{")
    assert refused(folder).startswith(
        f"{folder / 'manifest.json'}: is not a manifest of undertow-records/1: "
    )


def test_no_member_is_done(folder: Path) -> None:
    for file in (folder / "members").iterdir():
        file.unlink()
    edit(folder, members=[{"id": "m00", "status": "failed"}])
    assert refused(folder) == f"{folder}: has no member that is done (1 failed); run it again"


def forge(folder: Path, frame: pl.DataFrame) -> None:
    """A member file that another tool wrote wrongly, with a right hash."""
    data = parquet_bytes(frame)
    (folder / "members/m01.parquet").write_bytes(data)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["members"][1]["sha256"] = sha256(data)
    edit(folder, members=manifest["members"])


def forge_examples(folder: Path, frame: pl.DataFrame) -> None:
    """The same for the examples."""
    data = parquet_bytes(frame)
    (folder / "examples.parquet").write_bytes(data)
    edit(folder, examples_sha256=sha256(data))


def test_examples_without_a_label_column_have_no_labels(folder: Path) -> None:
    examples = pl.read_parquet(folder / "examples.parquet")
    forge_examples(folder, examples.drop("label"))
    records = read_population(folder)
    assert records.label_N.tolist() == [MISSING] * 40
    assert records.examples.schema["label"] == pl.Int32


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            lambda f: f.with_columns(label=pl.lit("cat")),
            "example_id is not text or label is not a class index; make the records again",
        ),
        (
            lambda f: f.with_columns(example_id=pl.int_range(40)),
            "example_id is not text or label is not a class index; make the records again",
        ),
        (
            lambda f: f.drop("example_id"),
            "example_id is not text or label is not a class index; make the records again",
        ),
        (
            lambda f: f.with_columns(label=pl.lit(4)),
            "labels go beyond the 4 classes; make the records again",
        ),
        (
            lambda f: f.with_columns(label=pl.lit(-1)),
            "labels go beyond the 4 classes; make the records again",
        ),
        (
            lambda f: f.with_columns(example_id=pl.lit("e0")),
            "example ids are not unique and present; make the records again",
        ),
    ],
    ids=["words", "numbers", "no ids", "too large", "negative", "repeated"],
)
def test_examples_that_cannot_be(folder: Path, change: object, reason: str) -> None:
    forge_examples(folder, change(pl.read_parquet(folder / "examples.parquet")))
    assert refused(folder) == f"{folder / 'examples.parquet'}: {reason}"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            lambda f: f.reverse(),
            "its example ids are not those of examples.parquet; make the member again",
        ),
        (
            lambda f: f.head(3),
            "its example ids are not those of examples.parquet; make the member again",
        ),
        (
            lambda f: f.drop("prediction"),
            "lacks the column example_id or prediction; make the member again",
        ),
        (
            lambda f: f.with_columns(prediction=pl.lit(4)),
            "predictions are not class indices 0 to 3; make the member again",
        ),
        (
            lambda f: f.with_columns(margin=pl.lit("x")),
            "column 'margin' is String or has nulls, not Float32; make it again",
        ),
    ],
)
def test_a_member_file_that_contradicts_the_folder(
    folder: Path, change: object, reason: str
) -> None:
    frame = pl.read_parquet(folder / "members/m01.parquet")
    forge(folder, change(frame))
    assert refused(folder) == f"{folder / 'members/m01.parquet'}: {reason}"
