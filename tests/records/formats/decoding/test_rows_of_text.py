"""What stands before and around the values of a CSV, and keys of JSON that stand there twice."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import suggested
from undertow.errors import TableError
from undertow.records.formats.decoding.tables import parse
from undertow.records.formats.detect import read_any

ROWS = "example_id,prediction,label\n1,cat,cat\n2,dog,cat\n"


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def put(text: str, name: str = "a.csv") -> Path:
    Path(name).write_text(text)
    return Path(name)


def refused(path: Path) -> str:
    with pytest.raises(TableError) as caught:
        parse(path)
    return str(caught.value)


@pytest.mark.parametrize("header", ["example_id,note", "example_id, note", "example_id,"])
def test_blanks_around_values_are_never_kept(header: str) -> None:
    """Whatever another column is called."""
    frame = parse(put(f'{header}\n 1 ,\tx\n2,"  "\n3,\n4,""\n5," a b "\n'))
    assert [column.to_list() for column in frame] == [
        ["1", "2", "3", "4", "5"],
        ["x", None, None, "", "a b"],
    ]


def test_numbers_do_not_hang_on_the_name_of_another_column() -> None:
    for header in ("example_id,prediction,label,x", "example_id,prediction,label, x"):
        records, _ = read_any([put(f"{header}\n1,cat ,cat,\n2, dog,cat,\n")])
        assert (records.classes, records.correct_MN.tolist()) == (("cat", "dog"), [[1, 0]])


def test_a_row_of_blanks_is_none() -> None:
    assert parse(put(ROWS + " , ,  \n")).height == 2


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("line", ["sep={}\n", '"sep={}"\r\n', "SEP={}\r"])
def test_the_line_that_declares_a_separator_is_passed_over(separator: str, line: str) -> None:
    text = line.format(separator) + ROWS.replace(",", separator)
    if line.endswith("\r"):
        text = text.replace("\n", "\r")
    records, about = read_any([put(text)])
    assert records.correct_MN.tolist() == [[1, 0]]
    assert about == (
        "a.csv: CSV (a header with example_id): 1 member, 2 examples, 2 classes; positive class: "
        "'dog', the last of the two; no name says so"
    )


def test_a_declared_separator_goes_before_a_more_frequent_one() -> None:
    assert parse(put("sep=;\nexample_id;a,b,c\n1;x\n")).columns == ["example_id", "a,b,c"]


def test_comments_before_the_names_are_called_that() -> None:
    message = refused(put("# made by x\n# in 2024\n" + ROWS.replace(",", ";")))
    command = (
        'python -c \'import polars as pl; pl.read_csv("a.csv", comment_prefix="#", '
        'infer_schema=False, separator=";").write_csv("a-clean.csv", separator=";")\''
    )
    assert message == (
        "a.csv: begins with a comment, '# made by x', and not with the names of columns; write it "
        f"without comments: {command}"
    )
    suggested.do(command)
    assert parse(Path("a-clean.csv")).equals(parse(put(ROWS)))


def test_the_first_name_may_begin_like_a_comment() -> None:
    assert parse(put("#n,example_id\n1,a\n2,b\n")).columns == ["#n", "example_id"]


TWICE = '{"example_id": 2, "prediction": "a", "prediction": "b"}'
ONCE = '{"example_id": 1, "prediction": "a"}'


def test_a_key_of_json_that_stands_there_twice() -> None:
    said = "has the key 'prediction' twice in one object; keep the one that holds"
    assert refused(put(f"{ONCE}\n{TWICE}\n", "a.jsonl")) == f"a.jsonl: line 2: {said}"
    assert refused(put(f"[{ONCE}, {TWICE}]", "a.json")) == f"a.json: {said}"
    assert parse(put(f"{ONCE}\n{ONCE}\n", "a.jsonl")).height == 2


@pytest.mark.heavy
@pytest.mark.parametrize("named", [{}, {"id": "patient"}])
@pytest.mark.parametrize("numbered", [False, True])
def test_json_by_column_is_refused_with_a_command_that_makes_rows(
    named: dict[str, str], *, numbered: bool
) -> None:
    columns = {"patient": [*"ab"], "prediction": ["x", "y"], "label": ["x", "x"]}
    made = {c: {str(n): v for n, v in enumerate(vs)} for c, vs in columns.items()}
    Path("old.json").write_text(json.dumps(made if numbered else columns))
    with pytest.raises(TableError) as caught:
        read_any([Path("old.json")], **named)
    values = "{c: list(v.values()) for c, v in d.items()}" if numbered else "d"
    command = (
        'import json, polars as pl; d = json.load(open("old.json", "rb")); '
        f'pl.DataFrame({values}).write_ndjson("old-rows.jsonl")'
    )
    assert str(caught.value) == (
        "old.json: is one JSON object of columns ('patient', 'prediction', 'label' …), and a table "
        f"is read from rows; write an object for each example: python -c '{command}', and give "
        "old-rows.jsonl"
    )
    subprocess.run([sys.executable, "-c", command], check=True)
    records, _ = read_any([Path("old-rows.jsonl")], id="patient")
    assert records.example_id_N.to_list() == [*"ab"]
    # One example may have lists of its own.
    Path("one.json").write_text('{"example_id": "a", "prediction": "x", "more": [1, 2]}')
    assert read_any([Path("one.json")])[0].N == 1


def test_a_long_type_is_cut() -> None:
    row = {"example_id": {"field" * 20: 1}, "prediction": "x"}
    Path("old.jsonl").write_text(json.dumps(row) + "\n")
    with pytest.raises(TableError) as caught:
        read_any([Path("old.jsonl")])
    assert str(caught.value) == (
        f"old.jsonl: column 'example_id' holds Struct({{'{'field' * 10}f…; expected one text or "
        "number per row"
    )
