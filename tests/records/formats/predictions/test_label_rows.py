"""Labels without ids beside files with them: by row, by number, or refused where either may be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import suggested
import undertow
from undertow.errors import UserError
from undertow.records import Records, read_any
from undertow.records.formats.predictions.label_rows import places

WITHOUT = "save the labels with their ids, as CSV or as npz with ids and labels"
TRUTH = [0, 1, 1, 2]
BY_ROW = "y.npy: names no examples, so label i is taken for row i of a.csv."


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def put(ids: list[Any], name: str = "a.csv", **more: list[Any]) -> Path:
    pl.DataFrame(
        {"example_id": ids, "prediction": [0, 1, 2] + [0] * (len(ids) - 3), **more}
    ).write_csv(name)
    return Path(name)


def right(values: Any = TRUTH, name: str = "y.npy") -> Path:
    if name.endswith("npz"):
        np.savez(name, labels=np.array(values))
    else:
        np.save(name, np.array(values))
    return Path(name)


def labels(records: Records) -> list[str | None]:
    return [None if k < 0 else records.classes[k] for k in records.label_N]


def refusal(*paths: Path, y: str = "y.npy", **asked: Any) -> str:
    with pytest.raises(UserError) as caught:
        read_any([*paths], labels=Path(y), **asked)
    return str(caught.value)


def typed(message: str) -> list[str]:
    """Does what a message suggests, and says with what file each command ends."""
    ends = []
    for part in message.split("python ")[1:]:
        command, _, given = part.partition(", and give --labels ")
        suggested.do(f"python {command}")
        made = given.partition(";")[0].strip()
        ends.append(str(Path(made).rename(f"{len(ends)}-{made}")))
    return ends


def test_the_refusal_has_a_command_for_either_reading() -> None:
    right()
    message = refusal(put([3, 1, 2, 0]))
    assert message == (
        "y.npy: names no examples, and the ids of a.csv are numbers in another order than its rows, "
        "so label i may be that of row i or that of the i-th id (row 0 has id '3': '0' or '2'); if "
        "that of row i, save them with its ids, python -c 'import numpy, polars as pl; y = "
        'numpy.load("y.npy"); numpy.savez("y-ids.npz", ids=pl.read_csv("a.csv", '
        'infer_schema=False)["example_id"].to_list(), labels=y)\', and give --labels y-ids.npz; if '
        "that of the i-th id, save them with these, python -c 'import numpy; y = "
        'numpy.load("y.npy"); numpy.savez("y-ids.npz", ids=numpy.arange(len(y)), labels=y)\', and '
        "give --labels y-ids.npz"
    )
    by_row, by_id = typed(message)
    assert labels(read_any([Path("a.csv")], labels=Path(by_row))[0]) == list("2110")
    assert labels(read_any([Path("a.csv")], labels=Path(by_id))[0]) == list("0112")


@pytest.mark.parametrize(
    "ids",
    [[4, 2, 3, 1], ["03", "01", "02", "00"], ["i_9.png", "i_7.png", "i_8.png", "i_6.png"],
     [-4, -2, -3, -1], ["13.0", "11.0", "12.0", "10.0"], [12, 10, 11, 9]],
    ids=["from 1", "padded", "names", "negative", "floats", "two lengths"],
)  # fmt: skip
def test_numbers_in_another_order_are_refused_however_they_are_written(ids: list[Any]) -> None:
    """Files of shards in the order 0, 1, 10, 11, 2 have such ids, and a gate would pass."""
    right()
    by_row, by_id = typed(refusal(put(ids)))
    first = labels(read_any([Path("a.csv")], labels=Path(by_row))[0])
    other = labels(read_any([Path("a.csv")], labels=Path(by_id))[0])
    text = [str(i).removesuffix(".0") for i in ids]
    assert dict(zip(sorted(text), first, strict=True)) == dict(zip(text, "0112", strict=True))
    in_order = sorted(text, key=lambda t: int("".join(c for c in t if c.isdigit())))
    assert dict(zip(sorted(text), other, strict=True)) == dict(zip(in_order, "0112", strict=True))


@pytest.mark.parametrize("ids", [[0, 1, 2, 3], [5, 6, 7, 8], ["b", "a", "c", "d"], [70, 5, 9, 12]])
def test_rows_in_order_and_ids_that_count_nothing_are_read(ids: list[Any]) -> None:
    right()
    records, about = read_any([put(ids)], labels=Path("y.npy"))
    text = [str(i) for i in ids]
    assert dict(zip(records.example_id_N, labels(records), strict=True)) == dict(
        zip(text, "0112", strict=True)
    )
    if ids[0]:
        assert records.manifest.notes == (BY_ROW,)
        assert (
            about
            == f"a.csv: CSV (a header with example_id): 1 member, 4 examples, 3 classes; {BY_ROW}"
        )


def test_equal_readings_are_one() -> None:
    right()
    assert labels(read_any([put([0, 2, 1, 3])], labels=Path("y.npy"))[0]) == list("0112")
    right([0, -1, -1, 2])
    assert labels(read_any([put([0, 2, 1, 3])], labels=Path("y.npy"))[0]) == ["0", None, None, "2"]
    right([0, 1, -1, 2])
    assert "(row 1 has id '2': '1' or None)" in refusal(put([0, 2, 1, 3]))


def test_every_file_and_every_member_is_looked_at() -> None:
    right()
    inside = put([0, 1, 2, 3])
    other = put([3, 1, 2, 0], "b.csv")
    assert "the ids of b.csv are numbers" in refusal(inside, other)
    put([0, 1, 2, 3, 3, 1, 2, 0], "c.csv", member=list("aaaabbbb"))
    assert refusal(Path("c.csv")) == (
        "y.npy: names no examples, and the ids of c.csv (member b) are numbers in another order "
        "than its rows, so label i may be that of row i or that of the i-th id (row 0 has id '3': "
        f"'0' or '2'); {WITHOUT}; if that of the i-th id, save them with these, python -c 'import "
        'numpy; y = numpy.load("y.npy"); numpy.savez("y-ids.npz", ids=numpy.arange(len(y)), '
        "labels=y)', and give --labels y-ids.npz"
    )


def test_what_has_no_label_stays_without() -> None:
    """Also by the command, which keeps −1, NaN and bytes what they are."""
    for values, expected in (
        ([0, -1, -1, 2], ["2", None, None, "0"]),
        ([0.0, np.nan, np.nan, 2.0], ["2", None, None, "0"]),
        ([b"0", b"1", b"1", b"2"], ["2", "1", "1", "0"]),
    ):
        right(values)
        by_row, _ = typed(refusal(put([3, 1, 2, 0])))
        assert labels(read_any([Path("a.csv")], labels=Path(by_row))[0]) == expected
    right(name="y.npz")
    by_row, by_id = typed(refusal(Path("a.csv"), y="y.npz"))
    assert labels(read_any([Path("a.csv")], labels=Path(by_row))[0]) == list("2110")
    assert labels(read_any([Path("a.csv")], labels=Path(by_id))[0]) == list("0112")


def test_rows_that_are_left_out_are_in_no_order() -> None:
    right()
    pl.DataFrame({"example_id": ["0", None, "2", "3"], "prediction": TRUTH}).write_csv("a.csv")
    records, _ = read_any([Path("a.csv")], labels=Path("y.npy"), allow_partial=True)
    assert labels(records) == ["0", "1", "2"]
    put([0, 2, 2, 3])
    records, _ = read_any([Path("a.csv")], labels=Path("y.npy"), allow_partial=True)
    assert labels(records) == ["0", "2"]
    assert WITHOUT in refusal(put([3, 2, 2, 0]), allow_partial=True)


def test_fewer_rows_than_labels() -> None:
    right([0, 1, 1, 2, 0])
    records, about = read_any([put([4, 1, 0])], labels=Path("y.npy"))
    assert labels(records) == ["0", "1", "0"]
    note = "y.npy: names no examples, so label i is taken for the example with id i."
    assert note in records.manifest.notes
    assert about.endswith(note)
    message = refusal(put([0, 2, 1]))
    assert message == (
        "y.npy: names no examples and holds 5 labels, and the ids of a.csv are 0 to 2: the first of "
        "them, or others that were numbered anew; if they are, save all with their numbers, python "
        '-c \'import numpy; y = numpy.load("y.npy"); numpy.savez("y-ids.npz", '
        f"ids=numpy.arange(len(y)), labels=y)', and give --labels y-ids.npz; else {WITHOUT}"
    )
    (first,) = typed(message)
    assert labels(read_any([Path("a.csv")], labels=Path(first))[0]) == list("011")


def test_sides_in_memory_beside_a_file_of_labels() -> None:
    right()
    frame = pl.DataFrame({"example_id": [3, 1, 2, 0], "prediction": [0, 1, 2, 0]})
    with pytest.raises(UserError) as caught:
        undertow.compare(frame, frame.clone(), labels="y.npy")
    assert str(caught.value).startswith("y.npy: names no examples, and the ids of old are numbers")


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        (["2", "0", "1"], [2, 0, 1]),
        (["a7b", "a6b", "a5b"], [2, 1, 0]),
        (["0", "1", "2"], None),
        (["7", "8", None], None),
        ([None, "8", "7"], [None, 1, 0]),
        (["3", "1", "0"], None),
        ([str(i) for i in (11, *range(10))], [10, *range(10)]),
        ([str(i) for i in (13, *range(10))], None),
        ([str(i) for i in (*range(9), 11)], None),
        (["a2", "b1", "a0"], None),
        (["x", "y"], None),
        ([None, None], None),
        ([], None),
        (["1" * 16, "0"], None),
    ],
)
def test_places(ids: list[str | None], expected: list[int | None] | None) -> None:
    found = places(pl.Series(ids, dtype=pl.String))
    assert (None if found is None else found.to_list()) == expected
