"""Right answers of which nothing says to which rows they belong, or which classes they are: refused
with what to type for each reading."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import suggested
import undertow
from undertow.errors import UserError
from undertow.records import read_any
from undertow.records.records import Records

NAMES = ["ant", "bee", "cow"]
NUMBER = [0, 1, 2, 1]
PROBA = np.eye(3)[NUMBER] * 0.7 + 0.1
IDS = [3, 0, 1, 2]
LABELS = 'pl.read_csv("y.csv", infer_schema=False)'


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    np.save("p.npy", PROBA)


def put(name: str, **columns: Any) -> Path:
    pl.DataFrame(columns).write_csv(name)
    return Path(name)


def refused(labels: Path, path: str = "p.npy", **asked: Any) -> str:
    with pytest.raises(UserError) as caught:
        read_any([Path(path)], labels=labels, **asked)
    return str(caught.value)


def typed(message: str, path: str = "p.npy", classes: str = "CLASSES") -> list[Records]:
    """The records with each file of labels that the message says to make."""
    found = re.findall(r"python -c '([^']*)', and give --labels (\S+?)(?:;|$)", message)
    made = []
    for code, to in found:
        suggested.run(code.replace("CLASSES", classes))
        made.append(read_any([Path(path)], labels=Path(to))[0])
    return made


def labels_of(records: Records) -> list[str | None]:
    return [None if k < 0 else records.classes[k] for k in records.label_N]


AMBIGUOUS = (
    ": its ids are not 0, 1, 2 … in this order, and p.npy has none, so label i may be that of row i "
    "or that of id i (row 0 would have '0' or '1'); if its rows are in the order of p.npy, number "
    "them so, "
)


def test_a_table_with_ids_beside_an_array_without_them() -> None:
    path = put("y.csv", example_id=IDS, label=NUMBER, age=[20, 30, 40, 50])
    message = refused(path)
    assert message == (
        f"y.csv{AMBIGUOUS}python -c 'import polars as pl; {LABELS}.with_columns("
        'pl.int_range(pl.len()).alias("example_id")).write_csv("y-rows.csv")\', and give --labels '
        "y-rows.csv; if its ids are the numbers of rows, save it in their order, python -c "
        f"'import polars as pl; {LABELS}"
        '.sort(pl.col("example_id").cast(float))'
        '.write_csv("y-sorted.csv")\', and give --labels y-sorted.csv'
    )
    by_row, by_id = typed(message)
    assert labels_of(by_row) == ["0", "1", "2", "1"]
    assert labels_of(by_id) == ["1", "2", "1", "0"]
    assert by_id.examples["age"].to_list() == ["30", "40", "50", "20"]


def test_an_npz_with_ids_beside_an_array_without_them() -> None:
    np.savez("y.npz", example_ids=IDS, targets=NUMBER)
    message = refused(Path("y.npz"))
    assert message == (
        f'y.npz{AMBIGUOUS}python -c \'import numpy; numpy.savez("y-rows.npz", '
        'labels=numpy.load("y.npz")["targets"])\', and give --labels y-rows.npz; if its ids are '
        "the numbers of rows, save it in their order, python -c 'import numpy; "
        'f = numpy.load("y.npz"); o = f["example_ids"].astype(int).argsort(); '
        'numpy.savez("y-sorted.npz", ids=f["example_ids"][o], labels=f["targets"][o])\', and give '
        "--labels y-sorted.npz"
    )
    by_row, by_id = typed(message)
    assert labels_of(by_row) == ["0", "1", "2", "1"]
    assert labels_of(by_id) == ["1", "2", "1", "0"]


def test_arrays_in_memory_beside_a_file_of_labels() -> None:
    path = put("y.csv", example_id=IDS, label=NUMBER)
    with pytest.raises(UserError) as caught:
        undertow.compare(PROBA, PROBA, labels=path)
    said = AMBIGUOUS.replace("p.npy", "old")
    assert str(caught.value).startswith(f"y.csv{said}python -c '")
    assert str(caught.value).endswith("', and give labels='y-sorted.csv'")


@pytest.mark.parametrize("ids", [[1, 2, 3, 4], list("wxyz")], ids=["from 1", "names"])
def test_ids_that_are_no_numbers_of_rows(ids: list[Any]) -> None:
    """Numbered from 1, each row would have the label of the next."""
    message = refused(put("y.csv", example_id=ids, label=NUMBER))
    begins = AMBIGUOUS.replace("or '1'", "or none")
    assert message == (
        f"y.csv{begins}python -c 'import polars as pl; "
        f'{LABELS}.with_columns(pl.int_range(pl.len()).alias("example_id"))'
        '.write_csv("y-rows.csv")\', and give --labels y-rows.csv; else save the arrays with the '
        "ids of their rows, as npz with ids"
    )
    assert labels_of(typed(message)[0]) == ["0", "1", "2", "1"]


@pytest.mark.parametrize(
    "columns",
    [
        {"example_id": range(4), "label": NUMBER},
        {"example_id": [0, 3, 2, 1], "label": NUMBER},
        {"example_id": [*IDS, 4], "label": [*NUMBER, 0]},
    ],
    ids=["in order", "one label", "more examples"],
)
def test_what_can_be_read_in_one_way_is(columns: dict[str, Any]) -> None:
    records, _ = read_any([Path("p.npy")], labels=put("y.csv", **columns))
    known = dict(zip(columns["example_id"], columns["label"], strict=True))
    assert labels_of(records) == [str(known[i]) for i in range(4)]


def test_predictions_with_ids_are_joined_by_them() -> None:
    path = put("y.csv", example_id=IDS, label=NUMBER)
    np.savez("p.npz", probs=PROBA, ids=np.arange(4))
    put("p.csv", example_id=range(4), prediction=NUMBER)
    for given in ("p.npz", "p.csv"):
        assert labels_of(read_any([Path(given)], labels=path)[0]) == ["1", "2", "1", "0"]


SAID = [NAMES[k] for k in NUMBER]
NAMED = (
    "y.npy: its labels are numbers from 0 to 2, and the classes that p.csv predicts are names; write "
    'the names of classes 0, 1, 2 … in place of CLASSES, as in ["ant", "bee"]; '
)
TYPED = '["ant", "bee", "cow"]'


def test_numbers_beside_names() -> None:
    put("p.csv", example_id=range(4), prediction=SAID)
    np.save("y.npy", NUMBER)
    message = refused(Path("y.npy"), "p.csv")
    assert message == (
        f"{NAMED}save them with names, python -c 'import "
        'numpy; numpy.save("y-names.npy", numpy.array(CLASSES)[numpy.load("y.npy").astype(int)])'
        "', and give --labels y-names.npy"
    )
    (records,) = typed(message, "p.csv", TYPED)
    assert labels_of(records) == SAID


def test_numbers_beside_names_are_said_before_two_orders_with_one_command_for_both() -> None:
    put("p.csv", example_id=IDS, **{f"p_{n}": PROBA[:, k] for k, n in enumerate(NAMES)})
    np.save("y.npy", [0, 1, -1, 1])
    y = 'numpy.array(CLASSES + [""])[numpy.maximum(numpy.load("y.npy").astype(int), -1)]'
    message = refused(Path("y.npy"), "p.csv")
    assert message == (
        f"{NAMED.replace('0 to 2', '0 to 1')}the ids of "
        "p.csv are numbers in another order than its rows, so label i may be that of row i or that "
        "of the i-th id: if that of row i, save them with its ids, python -c 'import numpy, polars "
        f'as pl; y = {y}; numpy.savez("y-ids.npz", ids=pl.read_csv("p.csv", infer_schema=False)'
        '["example_id"].to_list(), labels=y)\', and give --labels y-ids.npz; if that of the i-th '
        f"id, save them with these, python -c 'import numpy; y = {y}; "
        'numpy.savez("y-ids.npz", ids=numpy.arange(len(y)), labels=y)\', and give --labels '
        "y-ids.npz"
    )
    by_row, by_id = typed(message, "p.csv", TYPED)
    assert by_row.example_id_N.to_list() == list("0123")
    assert labels_of(by_row) == ["bee", None, "bee", "ant"]
    assert labels_of(by_id) == ["ant", "bee", None, "bee"]


def test_numbers_with_ids_beside_names_keep_their_ids() -> None:
    put("p.csv", example_id=range(4), prediction=SAID)
    np.savez("y.npz", ids=IDS, labels=NUMBER)
    message = refused(Path("y.npz"), "p.csv")
    begins = NAMED.replace("y.npy", "y.npz")
    assert message == (
        f"{begins}save them with names, python -c "
        '\'import numpy; f = dict(numpy.load("y.npz")); '
        'f["labels"] = numpy.array(CLASSES)[f["labels"].astype(int)]; '
        'numpy.savez("y-names.npz", **f)\', and give --labels y-names.npz'
    )
    (records,) = typed(message, "p.csv", TYPED)
    assert labels_of(records) == ["bee", "cow", "bee", "ant"]


def test_names_beside_an_array_whose_classes_are_numbers() -> None:
    message = refused(put("y.csv", example_id=range(4), label=SAID))
    code = 'import numpy; c = CLASSES; numpy.savez("p-named.npz", numpy.load("p.npy"), classes=c)'
    assert message == (
        "y.csv: label 'ant' is none of the 3 classes of p.npy, which are numbers; nothing tells "
        "their order: write the 3 names of classes 0, 1, 2 … in place of CLASSES, in the order of the "
        "model's training (model.classes_, config.id2label), as in "
        f'["name of 0", "name of 1"]: python -c \'{code}\', and give p-named.npz for p.npy'
    )
    suggested.run(code.replace("CLASSES", TYPED))
    records, _ = read_any([Path("p-named.npz")], labels=Path("y.csv"))
    assert labels_of(records) == SAID


@pytest.mark.heavy
@pytest.mark.parametrize("name", ["y.csv", "y.tsv", "y.parquet"])
def test_one_column_goes_by_row_beside_arrays_as_an_array_does(name: str) -> None:
    frame = pl.DataFrame({"label": NUMBER})
    frame.write_parquet(name) if name == "y.parquet" else frame.write_csv(name)
    records, _ = read_any([Path("p.npy")], labels=Path(name))
    assert labels_of(records) == ["0", "1", "2", "1"]
    found = undertow.compare(PROBA, PROBA, labels=name)
    assert found.findings.filter(measure="accuracy", slice="all")["n_examples"].to_list() == [4]


def test_one_column_of_fewer_rows_is_refused() -> None:
    path = put("y.csv", label=NUMBER[:3])
    assert refused(path) == (
        "y.csv: holds 3 labels and names no examples, and p.npy has 4 rows; write into IDS which "
        f'examples these are, python -c \'import numpy, polars as pl; y = {LABELS}["label"]'
        '.cast(str).fill_null("").to_list(); numpy.savez("y-ids.npz", ids=IDS, labels=y)\', and '
        "give --labels y-ids.npz"
    )
    put("p.csv", example_id=list("wxyz"), prediction=NUMBER)
    assert refused(path, "p.csv") == (
        "y.csv: has one column, 'label', and a table of labels is joined by its ids; it has 3 rows "
        "and p.csv 4; add a column of ids"
    )


def test_one_column_beside_ids_is_saved_with_them() -> None:
    put("p.csv", image=list("zxyw"), prediction=NUMBER)
    message = refused(put("y.csv", label=NUMBER), "p.csv", id="image")
    assert message == (
        "y.csv: has one column, 'label', and a table of labels is joined by its ids; if its rows "
        "are in the order of p.csv, save them with its ids, python -c 'import numpy, polars as pl; y "
        f'= {LABELS}["label"].cast(str).fill_null("").to_list(); numpy.savez("y-ids.npz", '
        'ids=pl.read_csv("p.csv", infer_schema=False)["image"].to_list(), labels=y)\', and give '
        "--labels y-ids.npz"
    )
    suggested.run(message.split("'")[3])
    records, _ = read_any([Path("p.csv")], labels=Path("y-ids.npz"), id="image")
    assert records.example_id_N.to_list() == list("wxyz")
    assert labels_of(records) == ["1", "1", "2", "0"]
