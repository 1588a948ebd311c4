"""Columns that a person names: what the flags do, and every refusal in full."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import suggested
import undertow
from test_cli import run
from undertow.audit.settings import Settings
from undertow.errors import UserError
from undertow.files import Request, read_sides
from undertow.gating import gate_paths
from undertow.records.formats.detect import read_any
from undertow.records.reading import Reading
from undertow.records.records import Records

LABEL = ["cat", "dog", "owl", "cat"]
SAID = ["cat", "dog", "owl", "dog"]
IMAGES = ["a.tif", "b.tif", "c.tif", "d.tif"]
TABLE = {"image": IMAGES, "pred": SAID, "gold": LABEL}
SERIAL = [f"S{i}" for i in range(8)]
TWO = ["cat", "dog"] * 4
RISK = [0.1, 0.9, 0.1, 0.8, 0.2, 0.9, 0.1, 0.3]
NAMED = {"id": "image", "prediction": "pred", "label": "gold"}


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def put(rows: dict[str, list[Any]], name: str = "old.csv") -> Path:
    pl.DataFrame(rows).write_csv(name)
    return Path(name)


APART = ", or, where right answers are in a file of their own, --labels FILE in place of --label"

BY_ROW = (
    "; if no column names the examples and the rows of all files are in one order, write --id none: "
    "row 1 is compared with row 1 and so on"
)


def refusal(rows: dict[str, list[Any]], pick: str = "", **asked: Any) -> str:
    with pytest.raises(UserError) as caught:
        read_any([Path(f"{put(rows)}{pick}")], **asked)
    return str(caught.value)


def labels(records: Records) -> list[str | None]:
    return [None if k < 0 else records.classes[k] for k in records.label_N]


def said(records: Records) -> list[list[str]]:
    return [[records.classes[k] for k in row] for row in records.pred_MN]


def test_named_columns_are_read() -> None:
    records, about = read_any([put(TABLE)], **NAMED)
    assert (said(records), labels(records)) == ([SAID], LABEL)
    assert records.example_id_N.to_list() == IMAGES
    assert about == "old.csv: CSV (a header with image): 1 member, 4 examples, 3 classes"


def test_a_named_column_goes_before_one_of_the_usual_name() -> None:
    records, _ = read_any([put({**TABLE, "label": SAID})], **NAMED)
    assert labels(records) == LABEL
    assert records.manifest.notes == ("old.csv: column 'label' is not used, as another was named.",)


def test_sides_may_have_different_names() -> None:
    other = {"img": IMAGES, "yhat": SAID, "truth": LABEL}
    asked = {"id": "image,img", "label": "gold,truth"}
    records, _ = read_any([Path(f"{put(other, 'new.csv')}::yhat")], **asked)
    assert (said(records), labels(records)) == ([SAID], LABEL)
    assert refusal(other, id="image") == (
        "--id image: old.csv has no such column; it has 'img', 'yhat', 'truth'; where files have "
        "different names give both: --id image,img"
    )
    assert refusal(other, **asked, prediction="pred") == (
        "--prediction pred: old.csv has no such column; it has 'img', 'yhat', 'truth'; where files "
        "have different names give both: --prediction pred,yhat"
    )
    records, about = read_any([Path(put(other, "new.csv"))], **asked, prediction="pred,yhat")
    assert (said(records), labels(records)) == ([SAID], LABEL)
    assert about.endswith(
        "; new.csv: column 'yhat' is taken for the predictions, as there is no 'pred'."
    )


def test_a_name_of_predictions_that_no_file_has_is_a_slip() -> None:
    put(TABLE, "old.csv")
    put({("yhat" if name == "pred" else name): TABLE[name] for name in TABLE}, "new.csv")
    for names, slip in (("pred,yhat", None), ("pred,yhta", "yhta"), ("pred,zz,yhat", "zz")):
        asked = Reading(id="image", label="gold", prediction=(names,))
        request = Request([Path("old.csv")], [[Path("new.csv")]], asked)
        if slip is None:
            assert read_sides(request).variants[0].M == 1
            continue
        with pytest.raises(UserError) as caught:
            read_sides(request)
        assert (
            str(caught.value)
            == {
                "yhta": "--prediction yhta: new.csv has no such column; it has 'image', 'yhat', 'gold'; "
                "did you mean --prediction yhat",
                "zz": "--prediction pred,zz,yhat: no file has a column 'zz'; check the name, or leave it "
                "out",
            }[slip]
        )


def test_a_named_id_tells_a_table_whatever_the_file_is_called() -> None:
    put(TABLE, "notes.txt")
    assert said(read_any([Path("notes.txt")], **NAMED)[0]) == [SAID]


@pytest.mark.parametrize("asked", ["s0,s1", ("s0", "s1"), "s[01]"])
def test_several_columns_of_predictions_are_members(asked: Any) -> None:
    rows = {
        "example_id": IMAGES,
        "label": LABEL,
        "s0": SAID,
        "s1": LABEL,
        "score": [0.1, 0.2, 0.3, 0.4],
    }
    records, _ = read_any([put(rows)], prediction=asked)
    assert [m.id for m in records.members] == ["s0", "s1"]
    assert said(records) == [SAID, LABEL]


@pytest.mark.parametrize(("pick", "answers"), [("::base", SAID), ("::int8", LABEL)])
def test_a_model_is_chosen_after_the_path(pick: str, answers: list[str]) -> None:
    wide = {"example_id": IMAGES, "label": LABEL, "base": SAID, "int8": LABEL}
    long = {
        "example_id": IMAGES * 2,
        "m": ["base"] * 4 + ["int8"] * 4,
        "prediction": SAID + LABEL,
        "label": LABEL * 2,
    }
    for rows, asked in ((wide, {}), (long, {"member": "m"})):
        records, _ = read_any([Path(f"{put(rows)}{pick}")], **asked)
        assert said(records) == [answers]
        assert records.name == pick.removeprefix("::")


GRADES = [["yes", "No", "yes", "no"], ["100 %", "0%", "100%", "0 %"], ["1,0", "0,0", "1,0", "0,0"]]


@pytest.mark.parametrize("grades", GRADES)
def test_grades_as_people_write_them(grades: list[str]) -> None:
    rows = {"qid": IMAGES, "ok": grades, "model_answer": SAID, "gold": LABEL}
    records, _ = read_any([put(rows)], id="qid", score="ok", label="gold")
    assert records.score_MN is not None
    assert records.score_MN.tolist() == [[1, 0, 1, 0]]
    assert "gold" not in records.slice_columns


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("rows", "pick", "asked", "message"),
    [
        (
            TABLE,
            "",
            {"id": "imge"},
            "--id imge: old.csv has no such column; it has 'image', 'pred', 'gold'; did you mean "
            "--id image",
        ),
        (
            {**TABLE, "s0": SAID},
            "",
            {**NAMED, "prediction": "pred,s0,zzz"},
            "--prediction zzz: old.csv has no such column; it has 'image', 'pred', 'gold', 's0'; give "
            "the column of each member, by the names that the file has",
        ),
        (
            TABLE,
            "",
            {"id": "image", "label": "image"},
            "--id image and --label image: one column cannot be both; leave one out",
        ),
        (
            TABLE,
            "",
            {**NAMED, "prediction": "pred,gold"},
            "--label gold and --prediction gold: one column cannot be both; leave one out",
        ),
        (
            {"example_id": IMAGES, "member": ["m"] * 4, "a": SAID, "b": SAID},
            "",
            {"prediction": "a,b"},
            "--prediction a,b: old.csv has a column 'member' too, so one column of predictions is "
            "enough: --prediction a",
        ),
        (
            {"example_id": IMAGES, "label": LABEL, "base": SAID, "int8": SAID},
            "::fp16",
            {},
            "old.csv: has no column 'fp16' to take for predictions; it has 'example_id', 'label', "
            "'base', 'int8'; choose one of old.csv::base, old.csv::int8",
        ),
        (
            {"img": IMAGES, "gold": LABEL, "v1": ["bat"] * 4, "v2": ["bat"] * 4},
            "::v3",
            {"id": "img", "label": "gold"},
            "old.csv: has no column 'v3' to take for predictions; it has 'img', 'gold', 'v1', "
            "'v2'; choose one of old.csv::v1, old.csv::v2",
        ),
        (
            {"img": IMAGES, "gold": LABEL, "v1": ["bat"] * 4, "v2": ["bat"] * 4},
            "::v3",
            {"id": "img", "label": "gold", "prediction": "v2"},
            "old.csv: has no column 'v3' to take for predictions; it has 'img', 'gold', 'v1', "
            "'v2'; choose one of old.csv::v1, old.csv::v2",
        ),
        (
            {"img": IMAGES, "gold": LABEL, "v1": SAID, "v2": SAID},
            "::img",
            {"id": "img", "label": "gold"},
            "old.csv::img: column 'img' is given as --id img, so it holds no predictions; choose "
            "one of old.csv::v1, old.csv::v2",
        ),
        (
            {"example_id": IMAGES, "gold": LABEL, "v1": SAID, "v2": SAID},
            "::example_id",
            {},
            "old.csv::example_id: column 'example_id' names the examples, so it holds no "
            "predictions; choose one of old.csv::v1, old.csv::v2",
        ),
        (
            TABLE,
            "",
            {"id": ""},
            "--id '': old.csv has no such column; it has 'image', 'pred', 'gold'; write --id image",
        ),
        (
            TABLE,
            "",
            {"id": ","},
            "--id ,: old.csv has no such column; it has 'image', 'pred', 'gold'; write --id image",
        ),
        (
            TABLE,
            "",
            {"id": "image", "prediction": " "},
            "--prediction '': old.csv has no such column; it has 'image', 'pred', 'gold'; write "
            "--prediction pred",
        ),
        (
            {"name": IMAGES, "said": SAID},
            "",
            {"label": ""},
            "--label '': old.csv has no such column; it has 'name', 'said'; give --label one of "
            "these",
        ),
        (
            {"example_id": IMAGES * 2, "member": ["a"] * 4 + ["b"] * 4, "prediction": SAID * 2},
            "::c",
            {},
            "old.csv: has no member 'c'; choose one of old.csv::a, old.csv::b",
        ),
        (
            {"example_id": IMAGES * 2, "seed": [0] * 4 + [1] * 4, "prediction": SAID * 2},
            "",
            {},
            "old.csv: 4 example ids appear more than once, first 'a.tif'; remove the repeats (or "
            "name the members with --member seed), or leave all rows of these ids out with --allow-partial",
        ),
        (
            {"x": ["1", "2"], "y": ["a", "b"], "z": ["c", "d"]},
            "",
            {},
            "old.csv: has no column 'example_id'; it has 'x', 'y', 'z'; name its columns with --id "
            "COLUMN --prediction COLUMN --label y, where only you know which COLUMN is, of 'x', 'z'"
            "; a score or a probability goes with --score COLUMN in place of --prediction COLUMN"
            f"{BY_ROW}",
        ),
        (
            {"serial": SERIAL, "line": ["L"] * 8, "actual": TWO, "pred": TWO},
            "",
            {},
            "old.csv: has no column 'example_id'; it has 'serial', 'line', 'actual', 'pred'; name "
            "its columns with --id serial --prediction pred --label actual",
        ),
        (
            {"file": SERIAL, "truth": TWO, "predicted": TWO[::-1], "confidence": RISK},
            "",
            {},
            "old.csv: has no column 'example_id'; it has 'file', 'truth', 'predicted', "
            "'confidence'; name its columns with --id file --prediction predicted --label truth",
        ),
        (
            {"file": SERIAL, "truth": TWO, "predicted": ["Cat"] * 8, "y_prob": RISK},
            "",
            {},
            "old.csv: has no column 'example_id'; it has 'file', 'truth', 'predicted', 'y_prob'; "
            "name its columns with --id file --prediction predicted --label truth",
        ),
        (
            {"file": SERIAL, "ill": [0, 1] * 4, "response": [f"It {n}" for n in SERIAL], "p": RISK},
            "",
            {},
            "old.csv: has no column 'example_id'; it has 'file', 'ill', 'response', 'p'; name its "
            "columns with --id file --score p --label ill",
        ),
        (
            {"site": ["G"] * 8, "patient": SERIAL, "ill": [0, 1] * 4, "risk": RISK},
            "",
            {},
            "old.csv: has no column 'example_id'; it has 'site', 'patient', 'ill', 'risk'; name "
            "its columns with --id patient --score risk --label ill",
        ),
        (
            {"patient": SERIAL, "risk": RISK},
            "",
            {},
            "old.csv: has no column 'example_id'; it has 'patient', 'risk'; name its columns with "
            f"--id patient --score risk --label COLUMN{APART}",
        ),
        (
            {"msg": list(range(8)), "gold": TWO, "pred": RISK},
            "",
            {},
            "old.csv: has no column 'example_id'; it has 'msg', 'gold', 'pred'; name its columns "
            "with --id msg --score pred --label gold",
        ),
        (
            {"q": SERIAL, "y_true": [0, 1] * 4, "score": RISK},
            "",
            {},
            "old.csv: has no column 'example_id'; it has 'q', 'y_true', 'score'; name its columns "
            "with --id q --label y_true",
        ),
        (
            {"text": [f"a b {i}" for i in range(8)], "share": [i / 7 for i in range(8)], "x": TWO},
            "",
            {},
            "old.csv: has no column 'example_id'; it has 'text', 'share', 'x'; name its columns "
            f"with --id COLUMN --prediction COLUMN --label COLUMN{APART}, where only you know which "
            "COLUMN is, of 'text', 'share', 'x'"
            "; a score or a probability goes with --score COLUMN in place of --prediction COLUMN"
            f"{BY_ROW}",
        ),
        (
            {"uid": SERIAL, "pred": TWO, "true": TWO[::-1], "lang": ["en"] * 8},
            "",
            {},
            "old.csv: has no column 'example_id'; it has 'uid', 'pred', 'true', 'lang'; name its "
            "columns with --id uid --prediction pred --label true",
        ),
        (
            {"uid": SERIAL, "pred": TWO, "true": [0, 1] * 4},
            "",
            {},
            "old.csv: has no column 'example_id'; it has 'uid', 'pred', 'true'; name its columns "
            "with --id uid --prediction pred",
        ),
        (
            {"index": range(8), "datei": SERIAL, "y_pred": TWO, "y_true": TWO},
            "",
            {},
            "old.csv: has no column 'example_id'; it has 'index', 'datei', 'y_pred', 'y_true'; "
            "name its columns with --id datei --prediction y_pred --label y_true",
        ),
        (
            {"index": range(8), "output": SERIAL, "age": range(8), "y_pred": TWO},
            "",
            {},
            "old.csv: has no column 'example_id'; it has 'index', 'output', 'age', 'y_pred'; name "
            "its columns with --id index --prediction y_pred",
        ),
        (
            {"Patient": SERIAL, "risk": [100 * r for r in RISK], "ill": [0, 1] * 4},
            "",
            {},
            "old.csv: has no column 'example_id'; it has 'Patient', 'risk', 'ill'; name its "
            "columns with --id Patient --score risk --label ill",
        ),
        (
            {"prompt_id": range(8), "task": TWO, "rouge": RISK},
            "",
            {},
            "old.csv: has no column 'example_id'; it has 'prompt_id', 'task', 'rouge'; name its "
            "columns with --id prompt_id --score rouge",
        ),
        (
            {"prompt_id": range(8), "task": ["c"] * 8, "kept": RISK},
            "",
            {},
            "old.csv: has no column 'example_id'; it has 'prompt_id', 'task', 'kept'; name its "
            f"columns with --id prompt_id --prediction COLUMN --label COLUMN{APART}, where only you "
            "know which COLUMN is, of 'task', 'kept'"
            "; a score or a probability goes with --score COLUMN in place of --prediction COLUMN",
        ),
        (
            {"prompt_id": range(8), "rating": [1, 2, 3, 4, 5, 5, 4, 3]},
            "",
            {},
            "old.csv: has no column 'example_id'; it has 'prompt_id', 'rating'; name its columns "
            "with --id prompt_id --score rating, and with --scale WORST,BEST too: its ends, the worst "
            "first",
        ),
        (
            {"question_id": IMAGES, "acc": [1, 0, 1, 1], "answer": ["Paris is", "I", "Rome", "42"]},
            "",
            {},
            "old.csv: has no column 'example_id'; it has 'question_id', 'acc', 'answer'; name its "
            "columns with --id question_id --score acc",
        ),
        (
            {"filename": IMAGES, "label": LABEL, "prediction": SAID},
            "",
            {},
            "old.csv: has no column 'example_id'; it has 'filename', 'label', 'prediction'; name "
            "its columns with --id filename",
        ),
    ],
)
def test_what_is_refused(
    rows: dict[str, list[Any]], pick: str, asked: dict[str, Any], message: str
) -> None:
    assert refusal(rows, pick, **asked) == message


def test_what_is_not_there_is_called_as_its_owner_calls_it() -> None:
    rows = {"image": ["a", "", "c"], "pred": ["x", "y", ""], "truth": ["x", "y", "y"]}
    asked = {"id": "image", "prediction": "pred", "label": "truth"}
    assert refusal(rows, **asked) == (
        "old.csv: 1 of 3 rows have no image; fill them in, or leave them out with --allow-partial"
    )
    records, _ = read_any([put(rows)], **asked, allow_partial=True)
    assert records.manifest.notes == (
        "left out: old.csv: 1 of 3 rows have no image",
        "left out: old.csv: 'pred' is empty for 1 of 2 examples, first 'c'",
    )
    full = {**rows, "image": ["a", "b", "c"], "pred": ["x", "y", "y"]}
    with pytest.raises(UserError) as caught:
        read_any([put(full), put({**full, "truth": ["x", "x", "y"]}, "new.csv")], **asked)
    assert str(caught.value) == (
        "'truth' of example 'b' is 'y' in old.csv and 'x' in new.csv (1 of 3 examples differ); one "
        "id must mean one example: correct the ids or the values, or leave them out with "
        "--allow-partial"
    )
    pl.DataFrame({"image": [2.0**53], "pred": ["x"]}).write_parquet("i.parquet")
    with pytest.raises(UserError) as caught:
        read_any([Path("i.parquet")], id="image", prediction="pred")
    assert str(caught.value) == (
        "i.parquet: image 9007199254740992.0 is a float too large to be exact; write the ids as "
        "text"
    )
    Path("zero.txt").write_text("nothing\n")
    with pytest.raises(UserError) as caught:
        read_any([Path("zero.txt")], id="image", prediction="pred", format="table")
    assert str(caught.value) == (
        "zero.txt: is no table of predictions: expected CSV, Parquet or JSON lines with a column image"
    )


WIDE = {"img": IMAGES, "gold": LABEL, "base": SAID, "again": LABEL, "int8": SAID[::-1]}


def test_members_of_one_side_may_be_parts_of_one_file() -> None:
    path = put(WIDE)
    records, about = read_any([f"{path}::base", f"{path}::again"], id="img", label="gold")
    assert [m.id for m in records.members] == ["base", "again"]
    assert said(records) == [SAID, LABEL]
    assert about == "old.csv::base and 1 more: CSV (a header with img): 2 members, 4 examples, 3 " \
                    "classes"  # fmt: skip
    other = put(WIDE, "new.csv")
    records, _ = read_any([f"{path}::base", f"{other}::again"], id="img", label="gold")
    assert [m.id for m in records.members] == ["old-base", "new-again"]
    grades = {"qid": IMAGES * 2, "model": ["a"] * 4 + ["b"] * 4, "correct": [0, 1] * 4}
    path = put(grades, "long.csv")
    records, _ = read_any([f"{path}::a", f"{path}::b"], id="qid", member="model")
    assert [m.id for m in records.members] == ["a", "b"]
    assert records.score_MN.tolist() == [[0, 1, 0, 1]] * 2


def test_a_part_goes_before_the_columns_of_predictions() -> None:
    """So that the flag is of one side alone."""
    path = put(WIDE)
    asked = {"id": "img", "label": "gold", "prediction": "base,again"}
    sides = read_sides(Request([path], [[Path(f"{path}::int8")]], Reading(**asked)))
    assert [m.id for m in sides.reference.members] == ["base", "again"]
    assert said(sides.variants[0]) == [SAID[::-1]]


def test_files_of_other_formats_have_columns_of_their_own() -> None:
    np.save("p.npy", np.array([0, 1]))
    with pytest.raises(UserError) as caught:
        read_any([Path("p.npy")], id="image")
    assert str(caught.value) == (
        "--id image: this names a column of a plain table, and files of the format arrays are not "
        "plain tables; leave --id out"
    )


def test_columns_are_those_of_the_table_beside_arrays() -> None:
    np.savez("old.npz", probs=np.eye(2)[[0, 1, 1, 0]], labels=[0, 1, 1, 0])
    path = put({"nr": [2, 0, 1, 3], "said": [1, 0, 0, 0], "gold": [1, 0, 1, 0]}, "new.csv")
    asked = Reading(id="nr", prediction="said", label="gold")
    for sides in ([Path("old.npz")], [[path]]), ([path], [[Path("old.npz")]]):
        read = read_sides(Request(*sides, asked))
        found = {r.name: r for r in (read.reference, *read.variants)}
        assert found["old"].pred_MN.tolist() == [[0, 1, 1, 0]]
        assert found["new"].pred_MN.tolist() == [[0, 0, 1, 0]]
    np.savez("new.npz", probs=np.eye(2)[[0, 1, 1, 1]], labels=[0, 1, 1, 0])
    both = Request([Path("old.npz")], [[Path("new.npz")]], Reading(id="nr"))
    with pytest.raises(UserError, match="--id nr: this names a column of a plain table"):
        read_sides(both)


def test_a_label_by_another_name_is_said_at_once() -> None:
    rows = {"example_id": IMAGES, "prediction": SAID, "gold": LABEL}
    _, about = read_any([put(rows)])
    assert about.endswith(
        "; old.csv: has no column 'label'; 'gold' looks like the right answers: add --label gold"
    )


P = {f"p_{c}": [0.8 if c == said else 0.1 for said in SAID] for c in ("cat", "dog", "owl")}


def test_right_answers_beside_probabilities_are_told_by_their_words() -> None:
    rows = {"img": IMAGES, "Klasse": LABEL, "lang": ["de", "en"] * 2, **P}
    has = "old.csv: has no column 'example_id'; it has 'img', 'Klasse', 'lang', 'p_cat', 'p_dog', "
    assert refusal(rows) == (f"{has}'p_owl'; name its columns with --id img --label Klasse")
    assert read_any([put(rows)], id="img")[1].endswith(
        "; old.csv: has no column 'label'; 'Klasse' looks like the right answers: add --label Klasse"
    )


@pytest.mark.parametrize(
    "words",
    [{"Vorhersage": SAID}, {"a": LABEL, "b": LABEL}, {"y_hat": LABEL}, {"a": [*LABEL[:3], "fox"]}],
)
def test_words_that_may_be_answers_of_a_model_are_no_right_answers(
    words: dict[str, list[Any]],
) -> None:
    assert refusal({"img": IMAGES, **words, **P}).endswith(" with --id img")


def test_settings_beside_tables_of_json_are_no_table() -> None:
    Path("run").mkdir()
    Path("run/config.json").write_text('{"lr": 1}')
    Path("run/lines.json").write_text('{"id": 1, "pred": "a"}\n{"id": 2, "pred": "b"}\n')
    records, _ = read_any([Path("run")], id="id", prediction="pred")
    assert said(records) == [["a", "b"]]


@pytest.mark.heavy
@pytest.mark.parametrize("seeds", [1, 2])
def test_flags_suggested_for_predictions_beside_a_confidence_work_at_once(seeds: int) -> None:
    """Also with a seed column, where a file has several members; and as arguments in Python."""
    count = 40 * seeds
    rows = {
        "seed": [k for k in range(seeds) for _ in range(40)],
        "file": [f"img/{n}.tif" for n in range(40)] * seeds,
        "truth": ["cat", "dog", "owl", "fox"] * (count // 4),
        "predicted": ["cat", "dog", "owl", "owl"] * (count // 4),
        "confidence": [0.5, 0.9, 0.8, 0.7] * (count // 4),
    }
    if seeds == 1:
        del rows["seed"]
    put(rows)
    moved = ["dog", "cat", "owl", "owl"]
    put({**rows, "predicted": [moved[(n + n // 40) % 4] for n in range(count)]}, "new.csv")
    said = run("audit", "old.csv", "--against", "new.csv").stderr
    flags = said.partition("name its columns with ")[2].split()
    member = ["--member", "seed"] if seeds > 1 else []
    assert flags == ["--id", "file", *member, "--prediction", "predicted", "--label", "truth"]
    done = run("audit", "old.csv", "--against", "new.csv", *flags)
    assert done.returncode == 0, done.stderr
    assert "column 'confidence' is read as the probability of the prediction." in done.stdout
    with pytest.raises(UserError) as caught:
        undertow.compare(pl.DataFrame(rows), "new.csv")
    arguments = str(caught.value).partition("name its columns with ")[2]
    named = dict(part.split("=") for part in arguments.replace("'", "").split(", "))
    read_as = undertow.compare(pl.DataFrame(rows), "new.csv", **named).read_as
    assert read_as[0].startswith(f"reference  old: table in memory: {seeds} member")


def test_one_file_on_both_sides_says_how_its_models_are_chosen() -> None:
    path = put({"img": IMAGES, "gold": LABEL, "base": SAID, "int8": SAID})
    done = run("audit", str(path), "--against", str(path))
    assert (done.returncode, done.stderr) == (
        2,
        "undertow: old.csv: stands on both sides, in the reference and after --against; take it "
        "from one, give a copy of it to test a model against itself, or give a model on each side: "
        "old.csv::base --against old.csv::int8 --id img --label gold\n",
    )
    command = ["old.csv::base", "--against", "old.csv::int8", "--id", "img", "--label", "gold"]
    done = run("audit", *command, "--out", "out")
    assert done.returncode == 0, done.stderr


WORDS = ["legit", "fraud", "legit", "legit"] * 10
NUMBERS = [0, 1, 0, 0] * 10
TX = [f"t{n}" for n in range(40)]
V1, V2 = [0.1, 0.9, 0.2, 0.7] * 10, [0.2, 0.8, 0.1, 0.3] * 10


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("rows", "typed", "offered"),
    [
        (
            {"tx": TX, "y": NUMBERS, "a": V1, "b": V2},
            "--id tx --score a,b --label y",
            "old.csv::a --against old.csv::b --id tx --label y --score a,b",
        ),
        (
            {"tx": TX, "y": WORDS, "a": V1, "b": V2},
            "--id tx --score a,b --label y --positive fraud",
            "old.csv::a --against old.csv::b --id tx --label y --score a,b --positive fraud",
        ),
        (
            {"tx_id": TX, "fraud": NUMBERS, "score_v1": V1, "score_v2": V2, "amount": V1},
            "",
            "old.csv::score_v1 --against old.csv::score_v2 --score score_v1,score_v2 --id tx_id "
            "--label fraud",
        ),
        (
            {"tx_id": TX, "fraud": WORDS, "score_v1": V1, "score_v2": V2},
            "--positive fraud",
            "old.csv::score_v1 --against old.csv::score_v2 --score score_v1,score_v2 --positive "
            "fraud --id tx_id --label fraud",
        ),
        # The first two of several, and no scores on another scale.
        (
            {"tx_id": TX, "fraud": NUMBERS, "score_1": V1, "score_2": V2, "score_3": V1},
            "",
            "old.csv::score_1 --against old.csv::score_2 --score score_1,score_2,score_3 --id "
            "tx_id --label fraud",
        ),
        (
            {
                "tx_id": TX,
                "fraud": NUMBERS,
                "logit_score": [2 * v for v in V1],
                "score_1": V1,
                "score_2": V2,
            },
            "",
            "old.csv::score_1 --against old.csv::score_2 --score score_1,score_2 --id tx_id "
            "--label fraud",
        ),
        (
            {"tx": TX, "kind": WORDS, "a": WORDS, "b": WORDS[::-1]},
            "--id tx --prediction a,b --label kind",
            "old.csv::a --against old.csv::b --id tx --label kind",
        ),
        (
            {"tx": TX[:20] * 2, "m": [0] * 20 + [1] * 20, "kind": WORDS, "said": WORDS},
            "--id tx --member m --prediction said --label kind",
            "old.csv::0 --against old.csv::1 --id tx --prediction said --label kind --member m",
        ),
        (
            {"tx": TX[:20] * 2, "seed": [0] * 20 + [1] * 20, "kind": WORDS, "said": WORDS},
            "--id tx --prediction said --label kind",
            "old.csv::0 --against old.csv::1 --id tx --prediction said --label kind --member seed",
        ),
    ],
)
def test_one_file_on_both_sides_with_several_models(
    rows: dict[str, list[Any]], typed: str, offered: str
) -> None:
    """What is offered works at once, also where the columns were named."""
    path = str(put(rows))
    done = run("audit", path, "--against", path, *typed.split())
    assert (done.returncode, done.stderr) == (
        2,
        "undertow: old.csv: stands on both sides, in the reference and after --against; take it "
        "from one, give a copy of it to test a model against itself, or give a model on each side: "
        f"{offered}\n",
    )
    done = run("audit", *offered.split(), "--out", "out")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "rows",
    [
        {"tx": TX, "pred": WORDS, "truth": WORDS, "score_a": V1, "conf": V2},
        {"tx": TX, "pred": WORDS},
        {"tx": TX, "score": V1, "risk": V2},
        {"tx": TX, "score_a": V1, "score_b": NUMBERS, "length": V2},
    ],
)
def test_one_file_of_one_model_on_both_sides(rows: dict[str, list[Any]]) -> None:
    path = str(put(rows))
    done = run("audit", path, "--against", path)
    assert (done.returncode, done.stderr) == (
        2,
        "undertow: old.csv: stands on both sides, in the reference and after --against; take it "
        "from one, or give a copy of it to test a model against itself\n",
    )


def test_probabilities_without_known_labels_are_never_offered_as_grades() -> None:
    rows = {"tx": TX, "kind": list("abcd") * 10, "risk_1": V1, "risk_2": V2}
    done = run("audit", str(put(rows)), "--against", "old.csv")
    assert done.stderr.endswith(
        ": old.csv::risk_1 --against old.csv::risk_2 --score risk_1,risk_2 --id tx --label COLUMN\n"
    )


@pytest.fixture
def sides() -> tuple[Path, Path]:
    many = {name: column * 50 for name, column in TABLE.items()} | {
        "image": [f"{i}" for i in range(200)]
    }
    return put({**many, "age": [1, 2] * 100}), put({**many, "age": [1, 2] * 100}, "new.csv")


FLAGS = ["--id", "image", "--prediction", "pred", "--label", "gold"]


@pytest.mark.heavy
def test_every_command_and_function_takes_the_names(sides: tuple[Path, Path]) -> None:
    rule = '[[worst_slice_drop]]\npoints = 90\nby = "label"\n'
    Path("gate.toml").write_text(f'identical = "allowed"\n{rule}')
    audit = run("audit", "old.csv", "--against", "new.csv", *FLAGS, "--name", "dense", "int8")
    assert audit.returncode == 0, audit.stderr
    assert "int8  accuracy 75.0 % → 75.0 %" in audit.stdout
    gate = run(
        "gate", "old.csv", "--against", "new.csv", "--policy", "gate.toml", *FLAGS, "--by", "label"
    )
    assert (gate.returncode, gate.stderr) == (0, "")
    assert "\nPASS: All 3 required checks pass.\n" in gate.stdout
    assert run("bless", "old.csv", *FLAGS).returncode == 0
    assert run("convert", "old.csv", *FLAGS, "--name", "dense", "--out", "folder").returncode == 0
    assert read_any([Path("folder")])[0].name == "dense"
    assert gate_paths("folder", "new.csv", "gate.toml", names=("a", "b"), **NAMED).verdict == "pass"


def test_one_population_has_one_name(sides: tuple[Path, Path]) -> None:
    done = run("convert", "old.csv", *FLAGS, "--name", "a", "b", "--out", "folder")
    assert (done.returncode, done.stderr) == (
        2,
        "undertow: --name a b: one population has one name; write the files before --name, and one "
        "name after it\n",
    )


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (
            ["a"],
            "--name a: there is 1 for the reference and 1 variant; give one for each, the "
            "reference's first: --name REFERENCE VARIANT",
        ),
        (
            ["a", "b", "c"],
            "--name a b c: there are 3 for the reference and 1 variant; give one for each, the "
            "reference's first: --name REFERENCE VARIANT",
        ),
        (["a", "a"], "--name a a: two sides are called 'a'; give each a name of its own"),
        (["a", " "], "--name a ' ': a side has an empty name; give each a name of its own"),
    ],
)
def test_names_that_do_not_fit(sides: tuple[Path, Path], names: list[str], message: str) -> None:
    with pytest.raises(UserError) as caught:
        Request([sides[0]], [[sides[1]]], names=names)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("by", "slices"),
    [
        (("label",), ("class",)),
        (("gold", "class"), ("class",)),
        (("label,age",), ("class", "age")),
        (("age+label",), ("age+class",)),
        ((), ("class",)),
    ],
)
def test_slices_as_people_ask_for_them(
    sides: tuple[Path, Path], by: tuple[str, ...], slices: tuple[str, ...]
) -> None:
    request = Request([sides[0]], [[sides[1]]], Reading(**NAMED), settings=Settings(by=by))
    assert read_sides(request).settings.by == slices


def test_files_of_one_folder_never_get_its_name_twice() -> None:
    Path("runs").mkdir()
    groups = [[put({**TABLE}, f"runs/{name}.csv") for name in pair] for pair in ("xk", "pq", "mz")]
    found = read_sides(Request(groups[0], groups[1:], Reading(**NAMED)))
    assert [found.reference.name, *(v.name for v in found.variants)] == [
        "runs",
        "variant",
        "variant 2",
    ]


BARE = {"example_id": IMAGES, "prediction": SAID}


def saved(name: str, **arrays: Any) -> Path:
    path = Path(name)
    if path.suffix == ".npz":
        np.savez(path, **arrays)
    else:
        np.save(path, arrays["labels"])
    return path


def test_labels_of_their_own_file() -> None:
    truth = {"image_id": IMAGES[::-1], "y_true": LABEL[::-1]}
    pl.DataFrame(truth).write_parquet("y.parquet")
    backwards = saved("y.npz", labels=np.array(LABEL[::-1]), ids=np.array(IMAGES[::-1]))
    for path in (put(truth, "y.csv"), Path("y.parquet"), backwards):
        assert labels(read_any([put(BARE)], labels=path)[0]) == LABEL
    records, _ = read_any([put(BARE)], labels=saved("y.npy", labels=np.array(LABEL)))
    assert labels(records) == LABEL
    assert records.manifest.notes == (
        "y.npy: names no examples, so label i is taken for row i of old.csv.",
    )
    numbered = {"example_id": [3, 1, 0], "prediction": ["2", "1", "0"]}
    records, _ = read_any([put(numbered)], labels=saved("y.npy", labels=np.array([0, -1, 1, 2])))
    assert labels(records) == ["0", None, "2"]
    assert records.manifest.notes == (
        "y.npy: names no examples, so label i is taken for the example with id i.",
        "y.npy: has no label for 1 of 3 examples of old.csv, first '1'.",
    )


@pytest.mark.parametrize(
    ("name", "arrays", "message"),
    [
        (
            "y.npy",
            {"labels": np.array(["cat"])},
            "y.npy: holds 1 labels and names no examples, and old.csv has 4 rows; write into IDS which "
            'examples these are, python -c \'import numpy; y = numpy.load("y.npy"); '
            'numpy.savez("y-ids.npz", ids=IDS, labels=y)\', and give --labels y-ids.npz',
        ),
        (
            "y.npy",
            {"labels": np.zeros((4, 3))},
            "y.npy: array is float64 of shape (4, 3); expected one label for each example, of shape "
            "(N,)",
        ),
        (
            "y.npy",
            {"labels": np.array([0.5, 1, 2, 3])},
            "y.npy: labels are float64; expected whole numbers or text",
        ),
        (
            "y.npy",
            {"labels": np.array([{}] * 4, dtype=object)},
            "y.npy: holds Python objects, which are never unpickled; save plain numbers or text",
        ),
        (
            "y.npy",
            {"labels": np.array([1 << 30] * 4, dtype=np.uint32).view("<U1")},
            "y.npy: holds what is no text; the file is damaged: save it again",
        ),
        (
            "y.npz",
            {"other": np.zeros(4)},
            "y.npz: holds no array of labels; save one that is called labels",
        ),
        (
            "y.npz",
            {"labels": np.array(LABEL), "ids": np.array(IMAGES[:2])},
            "y.npz: has 2 ids and 4 labels; save one for each",
        ),
        (
            "y.npz",
            {"labels": np.array(LABEL), "ids": np.array([*IMAGES[:3], IMAGES[0]])},
            "y.npz: id 'a.tif' is there more than once; remove repeats",
        ),
    ],
)
def test_arrays_that_are_no_labels(name: str, arrays: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError) as caught:
        read_any([put(BARE)], labels=saved(name, **arrays))
    assert str(caught.value) == message


def test_labels_without_ids_need_files_in_one_order() -> None:
    put({name: column[::-1] for name, column in BARE.items()}, "new.csv")
    with pytest.raises(UserError) as caught:
        read_any([put(BARE), Path("new.csv")], labels=saved("y.npy", labels=np.array(LABEL)))
    assert str(caught.value) == (
        "y.npy: names no examples, and the rows of new.csv are in another order than those of "
        "old.csv; if they are in that of old.csv, save them with its ids, python -c 'import numpy, "
        'polars as pl; y = numpy.load("y.npy"); numpy.savez("y-ids.npz", ids=pl.read_csv("old.csv", '
        'infer_schema=False)["example_id"].to_list(), labels=y)\', and give --labels y-ids.npz'
    )


@pytest.mark.heavy
@pytest.mark.parametrize("allow_partial", [False, True])
def test_labels_without_ids_need_sides_in_one_order(allow_partial: bool) -> None:
    """Leaving out the examples that then have two labels would compare a few that mean nothing."""
    old, new = put(TABLE), put({name: column[::-1] for name, column in TABLE.items()}, "new.csv")
    y = saved("y.npy", labels=np.array(LABEL))
    asked: dict[str, Any] = {"id": "image", "prediction": "pred", "allow_partial": allow_partial}
    with pytest.raises(UserError) as caught:
        undertow.compare(old, new, labels=y, **asked)
    message = str(caught.value)
    assert message == (
        "y.npy: its labels go by position, and the rows of old.csv and new.csv are in two orders "
        "('b.tif' would be 'dog' in one and 'owl' in the other); if they are in the order of "
        "old.csv, save them with its ids, python -c 'import numpy, polars as pl; y = "
        'numpy.load("y.npy"); numpy.savez("y-ids.npz", ids=pl.read_csv("old.csv", '
        'infer_schema=False)["image"].to_list(), labels=y)\', and give '
        "labels='y-ids.npz'"
    )
    suggested.do(message.partition("ids, ")[2].rpartition(", and give")[0])
    found = undertow.compare(old, new, labels="y-ids.npz", **asked)
    assert [arm.accuracy for arm in (found.audit.reference, found.audit.variants[0].arm)] == [
        0.75
    ] * 2


def test_a_table_of_labels_alone_has_no_ids() -> None:
    with pytest.raises(UserError) as caught:
        read_any([put(BARE)], labels=put({"y": LABEL}, "y.csv"))
    assert str(caught.value) == (
        "y.csv: has one column, 'y', and a table of labels is joined by its ids; if its rows are in the "
        "order of old.csv, save them with its ids, python -c 'import numpy, polars as pl; y = "
        'pl.read_csv("y.csv", infer_schema=False)["y"].cast(str).fill_null("").to_list(); '
        'numpy.savez("y-ids.npz", ids=pl.read_csv("old.csv", infer_schema=False)["example_id"]'
        ".to_list(), labels=y)', and give --labels y-ids.npz"
    )


def test_two_columns_may_change_their_names_with_each_other() -> None:
    records, _ = read_any(
        [put({"label": IMAGES, "example_id": LABEL, "prediction": SAID})],
        id="label",
        label="example_id",
    )
    assert (labels(records), records.example_id_N.to_list()) == (LABEL, IMAGES)


def test_probabilities_of_one_model_are_not_given_to_several() -> None:
    rows = {"example_id": IMAGES, "label": LABEL, "s0": SAID, "s1": LABEL}
    rows |= {f"p_{name}": [float(name == a) for a in SAID] for name in ("cat", "dog", "owl")}
    records, _ = read_any([put(rows)], prediction="s0,s1")
    assert (said(records), records.proba_MNC) == ([SAID, LABEL], None)


def test_a_member_is_picked_by_its_whole_name() -> None:
    rows = {"example_id": IMAGES * 2, "member": ["int8"] * 4 + ["int8-v2"] * 4}
    rows |= {"prediction": SAID + LABEL, "label": LABEL * 2}
    records, _ = read_any([Path(f"{put(rows)}::int8")])
    assert said(records) == [SAID]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            {"what": ["cat", "dog"], "where": ["a.tif", "b.tif"]},
            "y.csv: has no pair of columns such as example_id and label; it has 'what', 'where'; "
            "name them with --id where --label what",
        ),
        (
            {"what": ["cat", "dog"], "where": ["a.tif", "b.tif"], "who": ["x", "y"]},
            "y.csv: has no pair of columns such as example_id and label; it has 'what', 'where', "
            "'who'; name them with --id where --label COLUMN",
        ),
        (
            {"when": [1, 2], "what": ["a", "b"]},
            "y.csv: has no pair of columns such as example_id and label; it has 'when', 'what'; "
            "name them with --id COLUMN --label COLUMN",
        ),
        (
            {"image": ["a.tif", "a.tif"], "gold": ["cat", "dog"]},
            "y.csv: image 'a.tif' is there more than once; remove repeats",
        ),
    ],
)
def test_tables_of_labels_that_cannot_be_used(rows: dict[str, list[Any]], message: str) -> None:
    with pytest.raises(UserError) as caught:
        read_any([put(BARE)], labels=put(rows, "y.csv"))
    assert str(caught.value) == message


def test_a_member_without_predictions_beside_one_of_probabilities() -> None:
    one = put({"example_id": [1, 2], "p_a": [0.0, 1.0], "p_b": [1.0, 0.0]})
    two = put({"example_id": [1, 2], "prediction": ["a", "b"]}, "new.csv")
    assert read_any([one, two])[0].M == 2
    three = put({"example_id": [1, 2], "p_a": [None, None], "p_b": [None, None]}, "c.csv")
    with pytest.raises(UserError) as caught:
        read_any([two, three])
    assert str(caught.value) == (
        "c.csv: has no column 'prediction'; other members have one, name it alike"
    )


def test_a_model_of_a_table_whose_columns_nobody_named() -> None:
    rows = {"qid": IMAGES * 2, "model": ["base"] * 4 + ["int8"] * 4}
    assert refusal({**rows, "answer": SAID * 2, "gold": LABEL * 2}, "::base") == (
        "old.csv: has no column 'base' to take for predictions; it has 'qid', 'model', 'answer', "
        "'gold'; name its columns with --id qid --member model --prediction answer --label gold"
    )


def test_a_model_of_a_table_of_which_some_columns_were_named() -> None:
    rows = {"qid": IMAGES * 2, "model": ["base"] * 4 + ["int8"] * 4}
    rows |= {"answer": SAID * 2, "gold": LABEL * 2}
    has = "old.csv: has no column 'base' to take for predictions; it has 'qid', 'model', 'answer', "
    named = {"id": "qid", "prediction": "answer", "label": "gold"}
    assert refusal(rows, "::base", **named) == f"{has}'gold'; add --member model"
    records, _ = read_any([Path("old.csv::base")], **named, member="model")
    assert said(records) == [SAID]
    del named["id"]
    assert refusal(rows, "::base", **named) == f"{has}'gold'; add --id qid --member model"


def test_a_nul_deep_in_a_table() -> None:
    Path("old.csv").write_bytes(b"example_id,prediction\n" + b"1,a\n" * 20_000 + b"2,\0\n")
    with pytest.raises(UserError) as caught:
        read_any([Path("old.csv")])
    assert str(caught.value) == (
        "old.csv: holds NUL characters, so it is no text table; save it as CSV in UTF-8"
    )


def test_a_column_that_another_flag_names_is_never_suggested() -> None:
    rows = {"patient_id": SERIAL, "y_pred": TWO}
    asked = {"id": "patient_id", "prediction": "y_pred", "label": "y_true"}
    apart = (
        "if right answers are in a file of their own, add --labels FILE, or, to compare answers "
        "without any, leave --label out"
    )
    assert refusal(rows, **asked) == (
        "--label y_true: old.csv has no such column; it has 'patient_id', 'y_pred'; " + apart
    )
    assert refusal({**rows, "age": [3] * 8}, **asked) == (
        "--label y_true: old.csv has no such column; it has 'patient_id', 'y_pred', 'age'; " + apart
    )
    assert refusal(rows, id="patient_id", prediction="y_pred", member="y_prod") == (
        "--member y_prod: old.csv has no such column; it has 'patient_id', 'y_pred'; leave "
        "--member out"
    )
    assert refusal({"y_pred": TWO, "img": SERIAL}, prediction="y_pred", id="y_prod") == (
        "--id y_prod: old.csv has no such column; it has 'y_pred', 'img'; where files have "
        "different names give both: --id y_prod,img"
    )


def test_a_score_of_another_name_on_the_other_side_is_suggested_and_works() -> None:
    old = put({"example_id": SERIAL, "sick": [0, 1] * 4, "risk": RISK})
    both = {"p_0": [1 - r for r in RISK], "p_1": RISK}
    for columns, said in ((both, "p_1"), ({"age": [40] * 8, "proba": RISK}, "proba")):
        new = put({"example_id": SERIAL, "sick": [0, 1] * 4, **columns}, "new.csv")
        with pytest.raises(UserError) as caught:
            read_sides(Request([old], [[new]], Reading(label="sick", score="risk")))
        has = ", ".join(map(repr, ["example_id", "sick", *columns]))
        assert str(caught.value) == (
            f"--score risk: new.csv has no such column; it has {has}; where files have different "
            f"names give both: --score risk,{said}"
        )
        sides = read_sides(Request([old], [[new]], Reading(label="sick", score=f"risk,{said}")))
        assert sides.reference.pred_MN.tolist() == sides.variants[0].pred_MN.tolist()


def test_right_answers_may_be_in_a_file_of_their_own_and_its_names_are_filled_in() -> None:
    old = put({"patient": SERIAL, "risk": RISK})
    with pytest.raises(UserError) as caught:
        read_any([old], id="patient", score="risk")
    assert str(caught.value) == (
        "old.csv: column 'risk' is called a probability, and there is no label of two values "
        "beside it, so it would be read as a grade, by which a surer model is a better one; name "
        f"the right answers with --label COLUMN{APART}, or, if 'risk' says how good an answer is, "
        "add --format 'graded table'"
    )
    truth = put({"patient": SERIAL, "sick": [0, 1] * 4}, "truth.csv")
    with pytest.raises(UserError) as caught:
        read_any([old], id="patient", score="risk", labels=truth)
    assert str(caught.value) == (
        "truth.csv: has no pair of columns such as example_id and label; it has 'patient', 'sick'; "
        "name them with --id patient --label sick"
    )
    records, _ = read_any([old], id="patient", score="risk", labels=truth, label="sick")
    assert records.label_N.tolist() == [0, 1] * 4


def test_a_table_without_usual_names_is_told_the_flags_of_both_files_at_once() -> None:
    old = put({"patient": SERIAL, "risk": RISK})
    has = "old.csv: has no column 'example_id'; it has 'patient', 'risk'; name its columns with "
    sick = [0, 1] * 4
    for columns, flags in (
        ({"patient": SERIAL, "sick": sick}, "--id patient --score risk --label sick"),
        ({"patient": SERIAL, "label": sick}, "--id patient --score risk"),
        (
            {"patient": SERIAL, "age": [4] * 8, "gold": sick},
            "--id patient --score risk --label gold",
        ),
        ({"case": SERIAL, "sick": sick}, "--id patient,case --score risk --label sick"),
        ({"example_id": SERIAL, "sick": sick}, "--id patient --score risk --label sick"),
    ):
        truth = put(columns, "truth.csv")
        with pytest.raises(UserError) as caught:
            read_any([old], labels=truth)
        assert str(caught.value) == has + flags
        words = flags.replace("--", "").split()
        asked = dict(zip(words[::2], words[1::2], strict=True))
        records, _ = read_any([old], labels=truth, **asked)
        assert records.label_N.tolist() == sick


def test_right_answers_that_no_column_seems_to_hold_are_still_to_be_named() -> None:
    old = put({"patient": SERIAL, "risk": RISK})
    truth = put({"patient": SERIAL, "age": [4] * 8, "sick": [0, 1] * 4}, "truth.csv")
    np.save("truth.npy", np.array([0, 1] * 4))
    said = "old.csv: has no column 'example_id'; it has 'patient', 'risk'; name its columns with "
    for path, flags in (
        (truth, "--id patient --score risk --label COLUMN"),
        (Path("truth.npy"), "--id patient --score risk"),
    ):
        with pytest.raises(UserError) as caught:
            read_any([old], labels=path)
        assert str(caught.value) == said + flags
