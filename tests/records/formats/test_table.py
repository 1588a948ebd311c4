"""Plain tables: what is read, and every refusal in full."""

from __future__ import annotations

import contextlib
import datetime as dt
import decimal
import gzip
import itertools
import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from undertow.errors import TableError, UserError
from undertow.records.formats.detect import read_any
from undertow.records.formats.table import read_tables
from undertow.records.records import Records

PLAIN = "example_id,prediction,label,region\n1,cat,cat,n\n2,dog,cat,s\n3,owl,owl,n\n"


@pytest.fixture
def put(tmp_path: Path):
    def write(name: str, content: str | bytes | pl.DataFrame) -> Path:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        if isinstance(content, pl.DataFrame):
            content.write_parquet(path)
        else:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def refused(*paths: Path, allow_partial: bool = False) -> str:
    """The error in full, with file names for paths."""
    with pytest.raises(TableError) as caught:
        read_tables(paths, allow_partial=allow_partial)
    message = str(caught.value)
    assert "\n" not in message
    return message.replace(f"{paths[0].parent}/", "")


def named(records: Records) -> list[list[str]]:
    """Predictions by class name."""
    return [[records.classes[c] for c in row] for row in records.pred_MN]


def test_csv(put) -> None:
    records = read_tables([put("a.csv", PLAIN)])
    assert (records.name, records.classes, records.manifest.task) == (
        "a",
        ("cat", "dog", "owl"),
        "classification",
    )
    assert records.manifest.classes_from == "observed"
    assert named(records) == [["cat", "dog", "owl"]]
    assert records.label_N.tolist() == [0, 0, 2]
    assert records.examples["region"].to_list() == ["n", "s", "n"]
    assert [m.id for m in records.members] == ["a"]
    assert records.proba_MNC is None
    assert records.manifest.notes == ()


FORMS = {
    "semicolon.csv": PLAIN.replace(",", ";").encode(),
    "tab.tsv": PLAIN.replace(",", "\t").encode(),
    "windows.csv": PLAIN.replace("\n", "\r\n").encode(),
    "oldmac.csv": PLAIN.replace("\n", "\r").encode(),
    "blank.csv": (PLAIN + "\n\n").encode(),
    "spread.csv": (PLAIN + ",,,\n").encode(),
    "spaced.csv": PLAIN.replace(",", ", ").encode(),
    "bom.csv": PLAIN.encode("utf-8-sig"),
    "utf16.csv": PLAIN.encode("utf-16"),
    "packed.csv.gz": gzip.compress(PLAIN.encode(), mtime=0),
    "misnamed.parquet": PLAIN.encode(),
    "noname": PLAIN.encode(),
    "rows.jsonl": pl.read_csv(PLAIN.encode()).write_ndjson().encode(),
    "rows.json": pl.read_csv(PLAIN.encode()).write_json().encode(),
}


@pytest.mark.heavy
@pytest.mark.parametrize("name", FORMS)
def test_forms_of_one_table(put, name: str) -> None:
    want = read_tables([put("want.csv", PLAIN)])
    records = read_tables([put(name, FORMS[name])])
    assert records.examples.equals(want.examples)
    assert named(records) == named(want)


def test_parquet_of_any_column_types(put) -> None:
    frame = pl.DataFrame(
        {
            "example_id": [2, 1],
            "prediction": pl.Series(["b", "a"], dtype=pl.Categorical),
            "label": pl.Series(["a", "a"], dtype=pl.Enum(["a", "b"])),
            "when": pl.Series([0, 1]).cast(pl.Date),
            "weight": [1.5, float("nan")],
        }
    )
    records = read_tables([put("a.csv", frame)])
    assert records.example_id_N.to_list() == ["1", "2"]
    assert named(records) == [["a", "b"]]
    assert records.examples["when"].to_list() == ["1970-01-02", "1970-01-01"]
    assert records.examples["weight"].to_list() == [None, 1.5]


KINDS = {
    "duration": pl.Series([dt.timedelta(1), dt.timedelta(2)]),
    "time": pl.Series([dt.time(1), dt.time(2)]),
    "datetime": pl.Series([dt.datetime(2020, 1, 1), None]).dt.replace_time_zone("UTC"),
    "decimal": pl.Series([decimal.Decimal("1.5"), decimal.Decimal("0.2")]),
    "uint64": pl.Series([2**64 - 1, 3], dtype=pl.UInt64),
    "binary": pl.Series([b"a", b"\xff"]),
    "struct": pl.Series([{"a": 1}, {"a": 2}]),
    "list": pl.Series([[1], [2]]),
    "array": pl.Series([[1], [2]], dtype=pl.Array(pl.Int64, 1)),
    "categorical": pl.Series(["a", "b"], dtype=pl.Categorical),
    "null": pl.Series([None, None], dtype=pl.Null),
    "boolean": pl.Series([True, False]),
    "float": pl.Series([0.5, float("inf")], dtype=pl.Float32),
    "nan": pl.Series([-1.5, float("nan")]),
}
COLUMNS = (
    "example_id",
    "prediction",
    "label",
    "member",
    "score",
    "p_a",
    "input",
    "content_hash",
    "slice",
)


@pytest.mark.heavy
@pytest.mark.parametrize("kind", KINDS)
def test_any_type_in_any_column_is_read_or_refused(put, kind: str) -> None:
    read = []
    for column in COLUMNS:
        frame = pl.DataFrame({"example_id": ["1", "2"], "prediction": ["0", "1"]})
        if column == "label" and kind != "null":  # Of labels that nobody predicts nothing is read.
            frame = frame.with_columns(KINDS[kind].alias("prediction"))
        path = put("a.parquet", frame.with_columns(KINDS[kind].alias(column)))
        with contextlib.suppress(TableError):
            read_tables([path])
            read.append(column)
    assert "slice" in read, "a slice of any type is used or left out with a note"
    unreadable = kind in ("duration", "binary", "struct", "list", "array")
    assert ("label" in read) == (not unreadable)


def test_rows_and_files_in_any_order_give_the_same_population(put) -> None:
    head, *rows = PLAIN.strip().split("\n")
    want = read_tables([put("a.csv", PLAIN)])
    for i, order in enumerate(itertools.permutations(rows)):
        records = read_tables([put(f"{i}/a.csv", "\n".join([head, *order]) + "\n")])
        assert records.examples.equals(want.examples)
        assert named(records) == named(want)


def test_members_are_joined_by_id(put) -> None:
    a = put("run-1.csv", PLAIN)
    b = put("run-2.csv", "prediction,example_id\nx,3\ny,1\nz,2\n")
    records = read_tables([a, b])
    assert named(records) == [["cat", "dog", "owl"], ["y", "z", "x"]]
    assert records.name == "run"
    assert [m.id for m in records.members] == ["run-1", "run-2"]


def test_a_member_column_holds_several(put) -> None:
    text = "member,example_id,prediction,label\ns1,1,a,a\ns1,2,b,b\ns2,2,a,b\ns2,1,a,a\n"
    records = read_tables([put("all.csv", text)])
    assert [m.id for m in records.members] == ["s1", "s2"]
    assert named(records) == [["a", "b"], ["a", "a"]]


def test_files_named_alike_are_told_apart_by_their_folder(put) -> None:
    records = read_tables([put("one/preds.csv", PLAIN), put("two/preds.csv", PLAIN)])
    assert [m.id for m in records.members] == ["one-preds", "two-preds"]


def test_ids_keep_their_text(put) -> None:
    records = read_tables([put("a.csv", "example_id,prediction\n007,a\n7,b\n1e3,a\n")])
    assert records.example_id_N.to_list() == ["007", "1e3", "7"]


@pytest.mark.parametrize(
    ("seen", "order"),
    [
        (["10", "9", "-1"], ("-1", "9", "10")),
        (["10", "9", "x"], ("10", "9", "x")),
        (["b", "B", "a"], ("B", "a", "b")),
        (["3.0", "3", "1"], ("1", "3")),
        (["True", "false", "true"], ("false", "true")),
    ],
)
def test_order_of_observed_classes(put, seen: list[str], order: tuple[str, ...]) -> None:
    rows = "".join(f"{n},{name}\n" for n, name in enumerate(seen))
    assert read_tables([put("a.csv", "example_id,prediction\n" + rows)]).classes == order


def test_whole_floats_are_the_integers_they_were(put) -> None:
    frame = pl.DataFrame({"example_id": ["a", "b"], "prediction": [3, 1], "label": [3.0, None]})
    records = read_tables([put("a.parquet", frame)])
    assert records.classes == ("1", "3")
    assert records.label_N.tolist() == [1, -1]


def test_probabilities_give_predictions_and_class_order(put) -> None:
    text = "example_id,p_owl,p_cat,label\n1,0.9,0.1,owl\n2,0.5,0.5,cat\n3,.2,.8,\n"
    records = read_tables([put("a.csv", text)])
    assert records.classes == ("owl", "cat")
    assert records.manifest.classes_from == "declared"
    assert named(records) == [["owl", "owl", "cat"]]
    np.testing.assert_allclose(
        records.proba_MNC[0], [[0.9, 0.1], [0.5, 0.5], [0.2, 0.8]], rtol=1e-6
    )
    np.testing.assert_allclose(records.p_label_MN[0], [0.9, 0.5, np.nan], rtol=1e-6)
    np.testing.assert_allclose(records.margin_MN[0], [0.8, 0, 0.6], rtol=1e-6)
    assert records.slice_columns == ()


def test_a_member_without_probabilities_has_nan(put) -> None:
    a = put("a.csv", "example_id,p_x,p_y\n1,1,0\n2,0,1\n")
    b = put("b.csv", "example_id,prediction\n1,x\n2,x\n")
    records = read_tables([a, b])
    assert np.isnan(records.confidence_MN[1]).all()
    assert records.confidence_MN[0].tolist() == [1, 1]


@pytest.mark.parametrize(
    ("classes", "positive"),
    [(("0", "1"), "1"), (("no", "yes"), "yes"), (("Positive", "zero"), "Positive")],
)
def test_score_is_the_probability_of_the_positive_class(
    put, classes: tuple[str, str], positive: str
) -> None:
    text = f"example_id,prediction,label,score\n1,{classes[0]},{classes[0]},0.25\n2,{classes[1]},{classes[0]},0.75\n"
    records = read_tables([put("a.csv", text)])
    assert (records.manifest.task, records.manifest.positive) == ("binary", positive)
    at = records.classes.index(positive)
    np.testing.assert_allclose(records.proba_MNC[0, :, at], [0.25, 0.75])
    np.testing.assert_allclose(records.proba_MNC[0, :, 1 - at], [0.75, 0.25])


def test_a_positive_class_that_no_name_tells_is_said(put) -> None:
    records = read_tables([put("a.csv", "example_id,prediction,score\n1,cat,0.1\n2,dog,0.2\n")])
    assert records.manifest.positive == "dog"
    assert [n.split("/")[-1] for n in records.manifest.notes] == [
        "a.csv: in 1 of 2 rows the prediction is not the likeliest class",
        "positive class: 'dog', the last of the two; no name says so",
    ]


def test_score_of_many_classes_is_not_used_and_said(put) -> None:
    records = read_tables([put("a.csv", "example_id,prediction,score\n1,a,9\n2,b,8\n3,c,7\n")])
    assert records.manifest.notes == (
        "column 'score' is not used: it is read for two classes, here are 3",
    )
    assert records.slice_columns == ()
    assert records.proba_MNC is None


def test_slices_get_the_type_that_loses_nothing(put) -> None:
    text = "example_id,prediction,age,zip,share,old,mixed,none\n1,a,31,01234,0.5,True,1,\n2,b,7,99999,1e-3,false,x,\n"
    frame = read_tables([put("a.csv", text)]).examples
    assert frame["age"].to_list() == [31, 7]
    assert frame["zip"].to_list() == ["01234", "99999"]
    assert frame["share"].to_list() == [0.5, 0.001]
    assert frame["old"].to_list() == [True, False]
    assert frame["mixed"].to_list() == ["1", "x"]
    assert frame["none"].to_list() == [None, None]


def test_slices_may_come_from_any_file(put) -> None:
    a = put("a.csv", "example_id,prediction,region\n1,x,n\n2,y,s\n")
    b = put("b.csv", "example_id,prediction,age\n2,y,4\n1,x,3\n")
    assert read_tables([a, b]).examples.select("region", "age").rows() == [("n", 3), ("s", 4)]


def test_equal_numbers_written_differently_agree(put) -> None:
    a = put("a.csv", "example_id,prediction,w\n1,x,0.50\n2,y,2\n")
    b = put(
        "b.parquet",
        pl.DataFrame({"example_id": ["1", "2"], "prediction": ["x", "y"], "w": [0.5, 2.0]}),
    )
    assert read_tables([a, b]).examples["w"].to_list() == [0.5, 2.0]


def test_input_is_shown_and_no_slice(put) -> None:
    path = put(
        "a.csv", 'example_id,prediction,input,content_hash\n2,x,"two\nlines",h2\n1,y,one,h1\n'
    )
    records = read_tables([path])
    assert records.inputs.to_list() == ["one", "two\nlines"]
    assert records.slice_columns == ()
    assert records.examples["content_hash"].to_list() == ["h1", "h2"]
    assert read_tables([path], inputs=False).inputs is None


def test_nested_columns_are_not_used_and_said(put) -> None:
    path = put(
        "a.jsonl",
        '{"example_id":1,"prediction":"a","logits":[1.0,2.0]}\n{"example_id":2,"prediction":"b"}\n',
    )
    records = read_tables([path])
    assert records.slice_columns == ()
    assert (
        records.manifest.notes[0] == f"{path}: column 'logits' holds List(Float64), not single "
        "values, and is not used"
    )


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "", "a.csv: is empty; expected names of columns and a row for each example"),
        ("a.csv", " \n\n", "a.csv: is empty; expected names of columns and a row for each example"),
        (
            "a.csv",
            "example_id,prediction\n",
            "a.csv: has a header and no rows; expected one row per example",
        ),
        (
            "a.csv",
            "id,prediction\n1,a\n",
            "a.csv: has no column 'example_id'; it has 'id', 'prediction'; name its columns with "
            "--id id",
        ),
        (
            "a.csv",
            "example_id,answer\n1,a\n",
            "a.csv: has no column 'prediction' and no p_<class>; it has 'example_id', 'answer'; "
            "name its columns with --prediction answer",
        ),
        (
            "a.csv",
            "example_id,prediction,label,label\n1,a,a,a\n",
            "a.csv: has two columns named 'label'; rename or remove one",
        ),
        (
            "a.csv",
            b"example_id,prediction\n1,caf\xe9\n",
            "a.csv: is not UTF-8 text (byte 0xe9 at position 27); save it as UTF-8",
        ),
        (
            "a.csv",
            "example_id,prediction\n1,a\x00\n",
            "a.csv: holds NUL characters, so it is no text table; save it as CSV in UTF-8",
        ),
        (
            "a.csv.gz",
            gzip.compress(PLAIN.encode(), mtime=0)[:-9],
            "a.csv.gz: cannot be read (Compressed file ended before the end-of-stream marker was "
            "reached); check the file and its permissions",
        ),
        (
            "a.json",
            '[1, "example_id"]',
            "a.json: is a JSON array, but not of objects; it should hold one object per example",
        ),
        (
            "a.txt",
            "hello\n",
            "a.txt: is no table of predictions: expected CSV, Parquet or JSON lines with a column "
            "example_id",
        ),
        (
            "a.csv",
            "example_id,prediction\n1,a\n,b\n",
            "a.csv: 1 of 2 rows have no example_id; fill them in, or leave them out with "
            "--allow-partial",
        ),
        (
            "a.csv",
            "example_id,prediction\n1,a\n2,a\n1,b\n",
            "a.csv: 1 example ids appear more than once, first '1'; remove the repeats (or name "
            "the members in a column 'member'), or leave all rows of these ids out with --allow-partial",
        ),
        (
            "a.csv",
            "example_id,p_a,p_b\n1,50,50\n",
            "a.csv: 'p_a' and 'p_b' sum to 100 in every row, so they are per cent; expected "
            "probabilities from 0 to 1, and a threshold of 20 % as --threshold 0.2; write them as "
            'fractions, python -c \'import polars as pl; pl.read_csv("a.csv", infer_schema=False)'
            '.with_columns((pl.col("p_a", "p_b").cast(float) / 100).round(12))'
            '.write_csv("a-scaled.csv")\'',
        ),
        (
            "a.csv",
            "example_id,prediction,p_a,p_b\n1,a,0.9,0.8\n",
            "a.csv: 'p_a' and 'p_b' of example '1' sum to 1.7, and in 1 of 1 rows not to 1; if they "
            "are the probabilities of all classes, rounded, divide each by their sum: "
            """python -c 'import polars as pl; pl.read_csv("a.csv", infer_schema=False)"""
            """.with_columns((pl.col("p_a", "p_b").cast(float) / """
            """pl.sum_horizontal(pl.col("p_a", "p_b").cast(float))).round(12))"""
            """.write_csv("a-scaled.csv")'; if one is no probability of a class, give it another """
            "name",
        ),
        (
            "a.csv",
            "example_id,p_a,p_b\n1,0.5,high\n",
            "a.csv: column 'p_b' has 'high' for '1', which is no number (1 of 1 rows); rename the "
            "column if it is no probability, write a number, or empty the cell: --missing wrong then "
            "counts it as wrong, and --allow-partial leaves its example out",
        ),
        (
            "a.csv",
            "example_id,label,p_a,p_b\n1,c,0.5,0.5\n",
            "a.csv: label 'c' is none of the 2 classes of the p_<class> columns (1 such rows); add "
            "p_c, or rename columns that are not probabilities",
        ),
        (
            "a.csv",
            "example_id,prediction,score\n1,0,-2.5\n2,1,3\n",
            "a.csv: a probability of example '1' is -2.5 (2 such examples); expected numbers between 0 "
            "and 1, not logits or per cent",
        ),
        (
            "a.csv",
            "example_id,prediction,member\n1,a,s1\n2,b,\n",
            "a.csv: 1 of 2 rows have no member; fill them in",
        ),
        (
            "a.jsonl",
            '{"example_id": [1], "prediction": "a"}\n',
            "a.jsonl: column 'example_id' holds List(Int64); expected one text or number per row",
        ),
        (
            "a.parquet",
            pl.DataFrame({"example_id": [2.0**53], "prediction": ["a"]}),
            "a.parquet: example_id 9007199254740992.0 is a float too large to be exact; write the "
            "ids as text",
        ),
    ],
)
def test_one_file_that_cannot_be_used(
    put, name: str, content: str | bytes | pl.DataFrame, message: str
) -> None:
    assert refused(put(name, content)) == message


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.csv", b"example_id,prediction\n1,a,b\n", "CSV"),
        ("a.csv", b'example_id,prediction\n1,"a\n', "CSV"),
        ("a.parquet", b"PAR1PAR1", "Parquet"),
        ("a.jsonl", b'{"example_id": 1, "prediction": "a"}\n{"example_id": 2, "pre', "JSON lines"),
        ("a.json", b'[{"example_id": 1, "prediction": "a"}, {"ex', "JSON array"),
    ],
)
def test_damaged_files_say_so_with_the_parsers_reason(
    put, name: str, content: bytes, kind: str
) -> None:
    message = refused(put(name, content))
    assert message.startswith(f"{name}: cannot be read as {kind} (")
    assert message.endswith("); it may be cut off or damaged: write it again")


def test_a_panic_of_the_parser_is_one_silent_line(
    put, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture
) -> None:
    path = put("a.parquet", pl.DataFrame({"example_id": ["1"], "prediction": ["a"]}))

    def panic(data: bytes) -> pl.DataFrame:
        os.write(2, b"thread panicked, stack backtrace ...")
        raise pl.exceptions.PanicException("index out of bounds")

    monkeypatch.setattr(pl, "read_parquet", panic)
    assert refused(path) == (
        "a.parquet: cannot be read as Parquet (index out of bounds); it may be cut off or damaged: "
        "write it again"
    )
    assert capfd.readouterr().err == ""


FIRST = "example_id,prediction,label,region,content_hash\n1,a,a,n,h1\n2,b,b,s,h2\n3,a,b,n,h3\n"


@pytest.mark.parametrize(
    ("second", "message"),
    [
        (
            "example_id,prediction\n1,a\n3,b\n",
            "b.csv: lacks 1 of 3 example ids that other members have, first '2'; predict the same "
            "examples with every member, or leave them out with --allow-partial",
        ),
        (
            "example_id,prediction\n1,a\n2,a\n3,b\n4,b\n5,b\n",
            "a.csv: lacks 2 of 5 example ids that other members have, first '4'; predict the same "
            "examples with every member, or leave them out with --allow-partial",
        ),
        (
            "example_id,prediction,label\n1,a,b\n2,a,b\n3,b,\n",
            "'label' of example '1' is 'a' in a.csv and 'b' in b.csv (2 of 3 examples differ); one "
            "id must mean one example: correct the ids or the values, or leave them out with "
            "--allow-partial",
        ),
        (
            "example_id,prediction,content_hash\n1,a,h1\n2,a,h3\n3,b,h2\n",
            "'content_hash' of example '2' is 'h2' in a.csv and 'h3' in b.csv (2 of 3 examples "
            "differ); one id must mean one example: correct the ids or the values, or leave them "
            "out with --allow-partial",
        ),
    ],
)
def test_two_files_that_cannot_be_joined(put, second: str, message: str) -> None:
    paths = put("a.csv", FIRST), put("b.csv", second)
    with pytest.raises(TableError) as caught:
        read_tables(paths)
    assert str(caught.value).replace(f"{paths[0].parent}/", "") == message


SECOND = "example_id,prediction,region\n1,a,n\n2,a,n\n3,b,n\n"
DISPUTED = (
    "'region' of example '2' is 's' in a.csv and 'n' in b.csv (1 of 3 examples differ); the column "
    "is no slice"
)


def test_a_column_on_which_files_differ_costs_nobody_a_refusal(put) -> None:
    paths = put("a.csv", FIRST), put("b.csv", SECOND)
    records = read_tables(paths)
    assert records.slice_columns == ()
    assert records.manifest.notes[0].replace(f"{paths[0].parent}/", "") == f"left out: {DISPUTED}"


@pytest.mark.parametrize(
    "asked", [{"by": ("region",)}, {"by": ("size+region",)}, {"cluster": "region"}]
)
def test_one_that_was_asked_for_does(put, asked: dict) -> None:
    paths = put("a.csv", FIRST), put("b.csv", SECOND)
    with pytest.raises(TableError) as caught:
        read_any(paths, **asked)
    assert str(caught.value).replace(f"{paths[0].parent}/", "") == (
        f"{DISPUTED}; a slice belongs to the example: remove the column, or leave them out with "
        "--allow-partial"
    )


def test_different_probability_columns_are_refused(put) -> None:
    a = put("a.csv", "example_id,p_x,p_y\n1,1,0\n")
    b = put("b.csv", "example_id,p_x,p_y,p_z\n1,1,0,0\n")
    assert refused(a, b) == (
        "a.csv and b.csv: have different class sets: only one has the column 'p_z' (1 such); write "
        "the same p_<class> columns to every file"
    )


def test_one_member_in_two_files_is_refused(put) -> None:
    text = "member,example_id,prediction\ns1,1,a\n"
    assert refused(put("a.csv", text), put("b.csv", text)) == (
        "b.csv: member 's1' is also in another file; give each member a name of its own"
    )


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert refused(tmp_path / "gone.csv") == (
        "gone.csv: cannot be read (No such file or directory); check the name and the permissions"
    )


def test_partial_data_is_left_out_and_counted(put) -> None:
    a = put("a.csv", FIRST + "4,a,a,n,h4\n5,a,a,n,h5\n6,a,a,n,h6\n6,a,a,n,h6\n7,,a,n,h7\n")
    b = put(
        "b.csv",
        "example_id,prediction,label,region\n7,a,a,n\n5,a,a,s\n4,a,b,n\n3,a,b,n\n2,b,b,s\n1,a,a,n\n6,a,a,n\n,a,a,n\n",
    )
    records = read_tables([a, b], allow_partial=True)
    assert records.example_id_N.to_list() == ["1", "2", "3", "5"]
    assert records.slice_columns == ()
    assert [note.replace(f"{a.parent}/", "") for note in records.manifest.notes] == [
        "left out: a.csv: 1 example ids appear more than once, first '6'",
        "left out: b.csv: 1 of 8 rows have no example_id",
        "left out: a.csv: lacks 1 of 7 example ids that other members have, first '6'",
        "6 of 7 examples are in every member's table and are kept",
        "left out: 'label' of example '4' is 'a' in a.csv and 'b' in b.csv (1 of 6 examples "
        "differ)",
        "left out: 'region' of example '5' is 'n' in a.csv and 's' in b.csv (1 of 6 examples "
        "differ); the column is no slice",
        "left out: a.csv: 'prediction' is empty for 1 of 6 examples, first '7'",
        "positive class: 'b', the last of the two; no name says so",
    ]


def test_nothing_in_common_is_refused_even_as_partial(put) -> None:
    a, b = (
        put("a.csv", "example_id,prediction\n1,a\n"),
        put("b.csv", "example_id,prediction\n2,a\n"),
    )
    assert refused(a, b, allow_partial=True).startswith("a.csv, ")
    assert refused(a, b, allow_partial=True).endswith(
        "b.csv: no example is left after leaving out what does not fit; check the ids"
    )


def test_many_probability_columns_keep_what_measures_need(put) -> None:
    p = np.random.default_rng(0).dirichlet(np.ones(70), size=5)
    frame = pl.DataFrame({"example_id": [f"e{n}" for n in range(5)], "label": ["c3"] * 5}).hstack(
        pl.DataFrame(p, schema=[f"p_c{c}" for c in range(70)])
    )
    records = read_tables([put("a.parquet", frame)])
    assert records.proba_MNC is None
    np.testing.assert_allclose(records.p_label_MN[0], p[:, 3], rtol=1e-6)
    np.testing.assert_allclose(records.confidence_MN[0], p.max(1), rtol=1e-6)


def test_a_table_without_any_prediction_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("example_id,prediction\n1,\n2,\n")
    with pytest.raises(UserError) as caught:
        read_any([path])
    assert (
        str(caught.value) == f"{path}: has no prediction in any row; give the answers of the model"
    )


@pytest.mark.parametrize("blank", ["", " ", "  \t"])
def test_a_cell_of_blanks_is_an_empty_cell(put, blank: str) -> None:
    """It is no answer that could be wrong: sides that lack answers are not compared in silence."""
    records = read_tables(
        [put("a.csv", f'example_id,prediction,label\n1,cat,cat\n2,"{blank}",cat\n')]
    )
    assert records.classes == ("cat",)
    assert records.pred_MN.tolist() == [[0, -1]]


def test_columns_may_be_separated_by_bars(put) -> None:
    records = read_tables([put("a.csv", PLAIN.replace(",", "|"))])
    assert named(records) == [["cat", "dog", "owl"]]


def test_every_dispute_about_what_an_example_is_leaves_it_out(put) -> None:
    """Its label in one example, its input in another."""
    rows = "example_id,prediction,label,input\n1,cat,{},{}\n2,dog,cat,{}\n3,owl,owl,z\n"
    sheets = rows.format("cat", "x", "y"), rows.format("dog", "x", "other")
    files = [put(name, text) for name, text in zip(("a.csv", "b.csv"), sheets, strict=True)]
    records = read_tables(files, allow_partial=True)
    assert records.example_id_N.to_list() == ["3"]


def test_where_both_names_are_positive_it_is_said_which_was_taken(put) -> None:
    text = "example_id,prediction,label\n1,true,yes\n2,yes,true\n"
    manifest = read_tables([put("a.csv", text)]).manifest
    assert manifest.positive == "yes"
    said = "positive class: 'yes', the last of the two; no name says so"
    assert any(said in note for note in manifest.notes)
