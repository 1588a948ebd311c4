"""What is asked: files of inputs and tables that fit together, and what is said of those that do
not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from undertow.errors import UserError
from undertow.varying.examples import examples_of, read_examples, refuse_columns

X = np.arange(6.0).reshape(3, 2)
TABLE = pl.DataFrame({"example_id": ["c", "a", "b"], "label": [2, 0, 1], "side": ["s", "n", "n"]})


def test_ids_bring_a_table_into_order():
    found = examples_of("inputs", {"x": X, "ids": np.array(["a", "b", "c"])}, TABLE, "table")
    assert found.ids == ["a", "b", "c"]
    assert found.table["label"].to_list() == [0, 1, 2]
    assert list(found.arrays) == ["x"]


def test_without_ids_rows_go_with_rows_and_labels_may_be_an_array():
    assert examples_of("inputs", {"x": X}, TABLE, "table").ids == ["c", "a", "b"]
    found = examples_of("inputs", {"x": X, "labels": np.array([1, 1, 0])}, None, "table")
    assert (found.ids, found.table["label"].to_list()) == (["0", "1", "2"], [1, 1, 0])


def test_files(tmp_path: Path):
    np.save(tmp_path / "x.npy", X)
    assert list(read_examples(tmp_path / "x.npy", None).arrays) == ["x"]
    np.savez(tmp_path / "x.npz", tokens=X, mask=X, id=np.array([b"a", b"b", b"c"]))
    TABLE.write_csv(tmp_path / "t.csv")
    found = read_examples(tmp_path / "x.npz", tmp_path / "t.csv")
    assert (list(found.arrays), found.ids) == (["tokens", "mask"], ["a", "b", "c"])


@pytest.mark.parametrize(
    ("given", "table", "said"),
    [
        (
            {"ids": np.array(["a"])},
            None,
            "inputs: holds no inputs of a model (arrays called ids, id, example_id, labels, label are ids and labels); save them with numpy.savez('inputs.npz', x=x, ids=ids, labels=labels)",
        ),
        (
            {"x": X, "mask": X[:2]},
            None,
            "inputs: mask has 2 examples and x has 3; give one row for each example in all arrays",
        ),
        (
            {"x": np.float32(3)},
            None,
            "inputs: x has shape (); the first axis is that of examples, at least one",
        ),
        (
            {"x": np.array(["a", "b"])},
            None,
            "inputs: x holds <U1; a model's inputs are numbers, such as the ids of tokens",
        ),
        (
            {"x": np.array([[0.0], [np.nan]])},
            None,
            "inputs: x holds nan in row 1; whatever a model answers to it is compared with nothing, so fill it in or leave the example out",
        ),
        (
            {"x": X, "ids": np.array(["a", "b", "a"])},
            None,
            "inputs: ids: 'a' stands in rows 0 and 2; give each example an id of its own",
        ),
        (
            {"x": X, "ids": np.array(["a", "b"])},
            None,
            "inputs: ids has shape (2,), and there are 3 examples; give one for each",
        ),
        (
            {"x": X[:2]},
            TABLE,
            "table: has 3 rows, and inputs has 2 examples; give one row for each",
        ),
        (
            {"x": X, "ids": np.array(["a", "b", "z"])},
            TABLE,
            "table: has no example 'z', which inputs has; give both the same ids",
        ),
        (
            {"x": X},
            TABLE.rename({"example_id": "name"}),
            "table: has no column example_id; it has name, label, side; rename the one that is meant",
        ),
        (
            {"x": X},
            TABLE.with_columns(example_id=pl.lit("a")),
            "table: example_id: 'a' stands in rows 0 and 1; give each example an id of its own",
        ),
    ],
)
def test_what_does_not_fit_together(given, table, said: str):
    with pytest.raises(UserError) as refused:
        examples_of("inputs", given, table, "table")
    assert str(refused.value) == said


def test_an_id_that_no_file_can_hold_is_refused():
    ids = np.array(["a", "b\ud800"], dtype=object)
    with pytest.raises(UserError) as refused:
        examples_of("--inputs x.npz", {"x": np.zeros((2, 1)), "ids": ids}, None, "--table t.csv")
    assert str(refused.value) == (
        "--inputs x.npz: ids: row 1 holds 'b\\ud800', half of a character that cannot be "
        "written; clean the text, such as text.encode('utf-8', 'replace').decode()"
    )


def test_files_that_are_not_there(tmp_path: Path):
    with pytest.raises(UserError) as refused:
        read_examples(tmp_path / "x.npy", None)
    assert str(refused.value) == (
        f"--inputs {tmp_path}/x.npy: there is no such file; save the model's inputs with "
        "numpy.save('inputs.npy', x) or numpy.savez('inputs.npz', x=x, ids=ids, labels=labels)"
    )
    np.save(tmp_path / "x.npy", X)
    with pytest.raises(UserError) as refused:
        read_examples(tmp_path / "x.npy", tmp_path / "t.csv")
    assert str(refused.value) == (
        f"--table {tmp_path}/t.csv: there is no such file; give a table with example_id, label and "
        "columns to slice by"
    )
    np.save(tmp_path / "objects.npy", np.array([{}], dtype=object))
    with pytest.raises(UserError, match="holds Python objects, which are never unpickled"):
        read_examples(tmp_path / "objects.npy", None)


@pytest.mark.parametrize(
    ("given", "table", "has"),
    [
        ({}, None, "it has none; give --table FILE"),
        (
            {"labels": np.array([0, 1, 1])},
            None,
            "it has class alone; give --by class, or others with --table FILE",
        ),
        ({}, TABLE, "it has side, class"),
        ({}, TABLE.drop("label"), "it has side"),
    ],
)
def test_columns_that_there_are_to_slice_by_are_named(given, table, has: str):
    examples = examples_of("inputs", {"x": X, **given}, table, "table")
    with pytest.raises(UserError) as error:
        refuse_columns(("foo",), examples)
    assert str(error.value) == f"--by foo: the examples have no column foo; {has}"
