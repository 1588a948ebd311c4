"""Answers inside another value, and sides that call two classes differently: the command that a
refusal gives makes files that are read."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pandas
import polars as pl
import pytest
from click.testing import Result
from typer.testing import CliRunner

import suggested
import undertow
from test_cli import run
from undertow.cli import app
from undertow.errors import UserError
from undertow.files import Request, read_sides
from undertow.records.formats.detect import read_any
from undertow.records.reading import Reading


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def obeyed(message: str) -> None:
    (command,) = re.findall(r"python -c '[^']*'", message)
    suggested.do(command)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (
            {},
            "a.jsonl: has no column 'example_id'; it has 'id', 'gold', 'output'; name its columns with "
            "--id id --prediction output.label --label gold",
        ),
        (
            {"id": "id", "label": "gold", "prediction": ("output",)},
            "a.jsonl: column 'output' holds Struct({'label': String, 'p': Float64}); write --prediction "
            "output.label",
        ),
    ],
)
def test_a_nested_answer_is_read_by_its_place(asked: dict[str, object], said: str) -> None:
    rows = [
        {"id": f"e{n}", "gold": "ab"[n % 2], "output": {"label": "ab"[n % 3 % 2], "p": 0.5}}
        for n in range(8)
    ]
    written("a.jsonl", rows)
    with pytest.raises(UserError) as caught:
        read_any([Path("a.jsonl")], Reading(**asked))
    assert str(caught.value) == said
    how = Reading(id="id", label="gold", prediction=("output.label",))
    records, _ = read_any([Path("a.jsonl")], how)
    assert [records.classes[c] for c in records.pred_MN[0]] == ["ab"[n % 3 % 2] for n in range(8)]


def test_a_prediction_that_is_nested_itself_is_read_by_its_place() -> None:
    written("a.jsonl", [{"example_id": n, "prediction": {"label": "ab"[n % 2]}} for n in range(8)])
    with pytest.raises(UserError) as caught:
        read_any([Path("a.jsonl")])
    assert str(caught.value) == (
        "a.jsonl: column 'prediction' holds Struct({'label': String}); write --prediction "
        "prediction.label"
    )
    assert read_any([Path("a.jsonl")], Reading(prediction=("prediction.label",)))[0].C == 2


def typed(*line: str) -> Result:
    return CliRunner().invoke(app, [*line])


def written(name: str, rows: list[dict[str, Any]]) -> None:
    lines = [json.dumps(row) for row in rows]
    text = "\n".join(lines) if name.endswith("l") else f"[{','.join(lines)}]"
    Path(name).write_text(text)


def answered(n: int, *, right: bool) -> str:
    return "ab"[n % 2] if right else "ba"[n % 2]


def shape(kind: str, n: int, *, right: bool) -> dict[str, Any]:
    """An example as one of the ways to nest has it."""
    label, p = answered(n, right=right), 0.6 + n % 4 / 10
    probs = {label: p, "ba"["ab".index(label)]: 1 - p}
    probs = {name: round(probs[name], 3) for name in "ab"}
    gold, meta = answered(n, right=True), {"lang": ("en", "de")[n // 2 % 2]}
    listed = [*probs.values()]
    rows: dict[str, dict[str, Any]] = {
        "by name": {"out": {"label": label, "probs": probs}, "gold": gold, "meta": meta},
        "list": {"out": {"label": label, "probs": listed}, "gold": gold, "meta": meta},
        "label": {"out": {"label": label}, "gold": gold, "meta": meta},
        "deep": {"reply": {"top": {"label": label}, "probs": probs}, "gold": gold, "meta": meta},
        "other": {"result": {"pred": label}, "target": {"label": gold}, "meta": meta},
    }
    key = {"info": {"id": f"e{n}"}} if kind == "other" else {"uid": f"e{n}"}
    return {**key, **rows[kind]}


NAMED = {
    "by name": "--id uid --prediction out.label --label gold",
    "list": "--id uid --prediction out.label --label gold",
    "label": "--id uid --prediction out.label --label gold",
    "deep": "--id uid --prediction reply.top.label --label gold",
    "other": "--id info.id --prediction result.pred --label target.label",
}
HAVE = {"deep": "'uid', 'reply', 'gold', 'meta'", "other": "'info', 'result', 'target', 'meta'"}


@pytest.mark.heavy
@pytest.mark.parametrize("kind", NAMED)
@pytest.mark.parametrize("ending", ["jsonl", "json"])
def test_nested_sides_run_with_the_flags_that_are_said(kind: str, ending: str) -> None:
    for name in ("old", "new"):
        rows = [shape(kind, n, right=name == "new" or n % 10 > 0) for n in range(80)]
        written(f"{name}.{ending}", rows)
    line = ["audit", f"old.{ending}", "--against", f"new.{ending}"]
    refused = typed(*line)
    have = HAVE.get(kind, "'uid', 'out', 'gold', 'meta'")
    assert str(refused.exception) == (
        f"old.{ending}: has no column 'example_id'; it has {have}; name its columns with "
        f"{NAMED[kind]}"
    )
    done = typed(*line, *NAMED[kind].split(), "--by", "meta.lang", "--out", "out")
    assert done.exit_code == 0, done.stderr
    assert "accuracy 90.0 % → 100.0 %" in done.stdout
    findings = json.loads(Path("out/report.json").read_text())["findings"]
    assert {f["value"] for f in findings if f["slice"] == "meta.lang"} == {"de", "en"}
    by_class = "are read as the probabilities of the classes"
    assert (by_class in done.stdout) == (kind in ("by name", "deep"))


@pytest.mark.heavy
def test_sides_that_nest_differently_are_told_what_differs() -> None:
    """One flag at a time, until it runs."""
    written("old.jsonl", [shape("by name", n, right=n % 10 > 0) for n in range(80)])
    written("new.jsonl", [shape("other", n, right=True) for n in range(80)])
    flags, new, has = NAMED["by name"], "new.jsonl", HAVE["other"]
    for flag, way in (
        ("--id uid", "--id uid,info.id"),
        ("--label gold", "--label gold,target.label"),
        ("--prediction out.label", "--prediction out.label,result.pred"),
    ):
        refused = typed("audit", "old.jsonl", "--against", new, *flags.split())
        assert str(refused.exception) == (
            f"{flag}: new.jsonl has no such column; it has {has}; where files have different names "
            f"give both: {way}"
        )
        has = "'info.id', 'result.pred', 'target.label', 'meta.lang'"
        flags = flags.replace(flag, way)
    done = typed("audit", "old.jsonl", "--against", new, *flags.split())
    assert "accuracy 90.0 % → 100.0 %" in done.stdout


ROWS = [{"id": f"e{n}", "pred": "ab"[n % 3 % 2], "gold": "ab"[n % 2]} for n in range(8)]
BY_ID = {row["id"]: {k: v for k, v in row.items() if k != "id"} for row in ROWS}
WITHIN = (
    "write a line for each: python -c 'import json, pathlib; d = "
    'json.loads(pathlib.Path("a.json").read_bytes()); '
    'pathlib.Path("a-rows.jsonl").write_text("\\n".join(map(json.dumps, {made})))\', and give '
    "a-rows.jsonl "
)


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("held", "said", "made", "flags"),
    [
        ({"results": ROWS}, "its rows under the key 'results'", 'd["results"]', "--id id "),
        ({"model": "x", "data": ROWS}, "its rows under the key 'data'", 'd["data"]', "--id id "),
        ({"predictions": ROWS}, "its rows under the key 'predictions'", 'd["predictions"]', "--id id "),
        (
            BY_ID,
            "each row under its id ('e0' …)",
            '[{"example_id": k, **v} for k, v in d.items()]',
            "",
        ),
    ],
)  # fmt: skip
def test_rows_within_an_object_are_written_as_rows(
    held: object, said: str, made: str, flags: str
) -> None:
    Path("a.json").write_text(json.dumps(held))
    with pytest.raises(UserError) as caught:
        read_any([Path("a.json")])
    assert str(caught.value) == (
        f"a.json: is one JSON object with {said}, and a table is read from rows; "
        f"{WITHIN.replace('{made}', made)}{flags}--prediction pred --label gold"
    )
    obeyed(str(caught.value))
    named = {"id": "id"} if flags else {}
    records, _ = read_any([Path("a-rows.jsonl")], prediction=("pred",), label="gold", **named)
    assert [records.classes[c] for c in records.pred_MN[0]] == [row["pred"] for row in ROWS]


def test_one_example_with_messages_is_no_object_with_rows_within() -> None:
    row = {"example_id": "a", "prediction": "x", "messages": [{"id": 1, "answer": "hello"}]}
    Path("one.jsonl").write_text(json.dumps(row))
    assert read_any([Path("one.jsonl")])[0].N == 1


@pytest.mark.heavy
def test_probabilities_by_class_in_one_column_become_columns() -> None:
    rows = [
        {"id": f"e{n}", "label": "ab"[n % 2], "probs": {"a": 0.1 * n, "b": 1 - 0.1 * n}}
        for n in range(8)
    ]
    Path("a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(UserError) as caught:
        read_any([Path("a.jsonl")])
    assert str(caught.value) == (
        "a.jsonl: has no column 'example_id'; it has 'id', 'label', 'probs'; 'probs' looks like the "
        "probability of each class: write them as columns p_<class>, and name its columns with --id "
        'id: python -c \'import polars as pl; pl.read_ndjson("a.jsonl").with_columns(pl.col("probs")'
        '.name.prefix_fields("p_")).unnest("probs").write_ndjson("a-flat.jsonl")\''
    )
    obeyed(str(caught.value))
    records, _ = read_any([Path("a-flat.jsonl")], Reading(id="id"))
    assert records.classes == ("a", "b")
    assert records.pred_MN[0].tolist() == [1, 1, 1, 1, 1, 0, 0, 0]


@pytest.mark.parametrize("turned", [False, True])
def test_sides_that_name_two_classes_differently_are_written_alike(turned: bool) -> None:
    for name, two in (("words", ("ok", "fraud")), ("codes", (0, 1))):
        rows = {"example_id": range(8), "risk": [0.2, 0.9] * 4, "y": [*two] * 4}
        pl.DataFrame(rows).write_csv(f"{name}.csv")
    paths = [[Path("words.csv")], [Path("codes.csv")]]
    old, new = reversed(paths) if turned else paths
    reading = Reading(score="risk", label="y", positive="fraud")
    with pytest.raises(UserError) as caught:
        read_sides(Request(old, [new], reading))
    assert str(caught.value) == (
        "--positive fraud: 'words' has the classes 'fraud', 'ok' and 'codes' '0', '1', so the sides "
        "name their classes differently; if '1' is 'fraud', write them alike: python -c 'import "
        'polars as pl; pl.read_csv("codes.csv", infer_schema=False).with_columns(pl.col("y")'
        '.cast(str).replace({"1": "fraud", "0": "ok"})).write_csv("codes-renamed.csv")\''
    )
    obeyed(str(caught.value))
    made = read_sides(Request([Path("words.csv")], [[Path("codes-renamed.csv")]], reading))
    assert made.variants[0].classes == made.reference.classes == ("fraud", "ok")


def test_a_policy_may_name_the_label_as_the_audit_does() -> None:
    rows = {"example_id": range(400), "risk": [0.2, 0.9] * 200, "fraud": [0, 1] * 200}
    for name in ("old", "new"):
        pl.DataFrame(rows).write_csv(f"{name}.csv")
    Path("gate.toml").write_text(
        'identical = "allowed"\n[[worst_slice_drop]]\nby = "fraud"\npoints = 9.0\n'
        '[[max_drop]]\non = "fraud=1"\npoints = 9.0\n[[must_not_flip]]\nids = [3, "5"]\n'
    )
    done = run(
        "gate", "old.csv", "--against", "new.csv", "--policy", "gate.toml", "--score", "risk",
        "--label", "fraud", "--quiet",
    )  # fmt: skip
    assert done.stdout == "PASS: All 4 required checks pass.\n"


PROBABLE = [
    {"id": f"e{n}", "probs": {"a": 0.75 - n / 20, "b": 0.25 + n / 20}, "gold": "ab"[n % 2]}
    for n in range(8)
]
NESTED_ROWS = [
    {"id": row["id"], "output": {"label": row["pred"], "n": 3}, "gold": row["gold"]} for row in ROWS
]


@pytest.mark.parametrize(
    ("rows", "made"),
    [
        (
            PROBABLE,
            '[{**{"p_" + c: p for c, p in r.pop("probs").items()}, **r} for r in d["results"]]',
        ),
        (NESTED_ROWS, '[{**r, "prediction": r["output"]["label"]} for r in d["results"]]'),
    ],
    ids=["probabilities", "answers"],
)
def test_nested_rows_within_objects_are_written_flat_on_both_sides_at_once(
    rows: list[dict[str, object]], made: str
) -> None:
    for name in ("a.json", "b.json"):
        Path(name).write_text(json.dumps({"model": name, "results": rows}))
    with pytest.raises(UserError) as caught:
        read_sides(Request([Path("a.json")], [[Path("b.json")]]))
    assert str(caught.value) == (
        "a.json: is one JSON object with its rows under the key 'results', and a table is read from "
        "rows; write a line for each: python -c 'import json, pathlib; [pathlib.Path(b).write_text("
        f'"\\n".join(map(json.dumps, {made}))) for a, b in [("a.json", "a-rows.jsonl"), ("b.json", '
        '"b-rows.jsonl")] for d in [json.loads(pathlib.Path(a).read_bytes())]]\', and give '
        "a-rows.jsonl for a.json, b-rows.jsonl for b.json, and add --id id --label gold"
    )
    obeyed(str(caught.value))
    sides = [[Path(f"{stem}-rows.jsonl")] for stem in "ab"]
    both = read_sides(Request(sides[0], [sides[1]], Reading(id="id", label="gold")))
    assert both.reference.pred_MN.tolist() == both.variants[0].pred_MN.tolist()
    assert both.reference.classes == ("a", "b")


def test_a_file_that_is_made_otherwise_is_not_written_with_the_others() -> None:
    Path("a.json").write_text(json.dumps({"results": PROBABLE}))
    Path("b.json").write_text(json.dumps({"rows": PROBABLE}))
    with pytest.raises(UserError) as caught:
        read_sides(Request([Path("a.json")], [[Path("b.json")]]))
    assert str(caught.value).endswith("', and give a-rows.jsonl --id id --label gold")


PAIRS = [
    {"id": row["id"], "scores": [{"label": c, "score": p} for c, p in row["probs"].items()]}
    for row in PROBABLE
]


@pytest.mark.parametrize(
    ("held", "key", "made"),
    [
        ({"data": {"results": ROWS}}, "data.results", 'd["data"]["results"]'),
        ({"meta": [{"id": 1}], "results": ROWS}, "results", 'd["results"]'),
        (
            {"results": PAIRS},
            "results",
            '[{**{"p_" + c["label"]: c["score"] for c in r.pop("scores")}, **r} for r in '
            'd["results"]]',
        ),
    ],
    ids=["deep", "two lists", "a list for each class"],
)
def test_rows_further_down(held: object, key: str, made: str) -> None:
    Path("a.json").write_text(json.dumps(held))
    with pytest.raises(UserError) as caught:
        read_any([Path("a.json")])
    flags = "" if "scores" in made else " --prediction pred --label gold"
    assert str(caught.value) == (
        f"a.json: is one JSON object with its rows under the key {key!r}, and a table is read from "
        f"rows; {WITHIN.replace('{made}', made)}--id id{flags}"
    )
    obeyed(str(caught.value))
    asked = {} if "scores" in made else {"prediction": ("pred",), "label": "gold"}
    assert read_any([Path("a-rows.jsonl")], id="id", **asked)[0].classes == ("a", "b")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (
            {"by": ("topic",)},
            "'meta.topic' in nested columns, asked for with --by topic; write --by ",
        ),
        (
            {"by": ("meta",)},
            "'meta.topic', 'meta.len' in nested columns, asked for with --by meta; write --by ",
        ),
        (
            {"by": ("gold+topic",), "cluster": "topic"},
            "'meta.topic' in nested columns, asked for with --cluster topic; write --cluster ",
        ),
    ],
)
def test_a_slice_within_a_nested_column_is_asked_for_by_its_place(
    asked: dict[str, Any], said: str
) -> None:
    meta = [{"topic": "xyz"[n % 3], "len": n, "tags": ["a"]} for n in range(8)]
    written("a.jsonl", [{**row, "meta": m, "topic ": 1} for row, m in zip(ROWS, meta, strict=True)])
    names = {"id": "id", "prediction": ("pred",), "label": "gold"}
    with pytest.raises(UserError) as caught:
        read_any([Path("a.jsonl")], Reading(**names, **asked))
    assert str(caught.value) == f"a.jsonl: has {said}meta.topic"
    records, _ = read_any([Path("a.jsonl")], Reading(**names, by=("meta.topic",)))
    assert records.examples["meta.topic"].to_list() == ["xyz"[n % 3] for n in range(8)]


def test_a_slice_within_a_nested_column_of_a_frame() -> None:
    old = pl.DataFrame(ROWS).with_columns(pl.struct(topic="id").alias("meta"))
    for frame in (old, old.to_pandas()):
        names = {"id": "id", "prediction": "pred", "label": "gold"}
        with pytest.raises(UserError) as caught:
            undertow.compare(frame, frame, **names, by="topic")
        assert str(caught.value) == (
            "old: has 'meta.topic' in nested columns, asked for with by='topic'; write by='meta.topic'"
        )
        found = undertow.compare(frame, frame, **names, by="meta.topic")
        assert found.findings["slice"].unique().sort().to_list() == ["all", "meta.topic"]


def test_what_is_suggested_of_a_field_reads_it_as_a_field() -> None:
    rows = [{"id": n, "out": {"y": {"risk": n * 10}}, "label": n % 2} for n in range(8)]
    written("a.jsonl", rows)
    how = Reading(id="id", score="out.y.risk")
    with pytest.raises(UserError) as caught:
        read_any([Path("a.jsonl")], how)
    assert str(caught.value) == (
        "a.jsonl: column 'out.y.risk' reaches from 0 to 70, and beside 'label' it is read as the "
        "probability of '1', from 0 to 1; if it is per cent, give the score above which it decides with "
        '--threshold NUMBER, or scale it: python -c \'import polars as pl; pl.read_ndjson("a.jsonl")'
        '.unnest("out", separator=".").unnest("out.y", separator=".").with_columns((pl.col("out.y.risk")'
        '.cast(float) / 100).round(12).alias("out.y.risk")).write_ndjson("a-scaled.jsonl")\''
    )
    obeyed(str(caught.value))
    assert read_any([Path("a-scaled.jsonl")], how)[0].N == 8


ORDER = ["cow", "ant", "bee"]
PROBS = [[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8], [0.2, 0.7, 0.1]] * 15
LISTED = {
    "sample": [f"s{n}" for n in range(60)],
    "truth": ["cow", "ant", "bee", "ant"] * 15,
    "probs": PROBS,
}
TOLD = (
    "; the answers tell which is which (so named 100.0 % of 60 are right, with any two names exchanged "
    "at most 50.0 %), if the model is about that good (answers that were exchanged would not show: "
    "check the order against model.classes_ or config.id2label)"
)
UNTOLD = (
    "; nothing tells their order, so write the 3 names in place of CLASSES, in the order of the "
    'model\'s training (model.classes_, config.id2label), as in ["name of 0", "name of 1"]'
)
BY_NAME = '["p_" + c for c in ["cow", "ant", "bee"]]'
HAS = (
    "a.parquet: has no column 'example_id'; it has 'sample', 'truth', 'probs'; 'probs' looks like "
)


def spread(kind: str, names: str) -> str:
    mark = ', classes_told_by=pl.lit("answers")' if names == BY_NAME else ""
    made = f'pl.col("probs").{kind}.to_struct(fields={names}){mark}).unnest("probs")'
    return (
        'python -c \'import polars as pl; pl.read_parquet("a.parquet").with_columns('
        f'{made}.write_parquet("a-flat.parquet")\''
    )


@pytest.mark.parametrize(
    ("truth", "order", "names", "classes"),
    [
        (LISTED["truth"], TOLD, BY_NAME, ORDER),
        ([0, 1, 2, 1] * 15, "", '[f"p_{i}" for i in range(3)]', ["0", "1", "2"]),
        (
            ["cow", "cow", "bee", "cow"] * 15,
            UNTOLD,
            '["p_" + c for c in CLASSES]',
            None,
        ),
    ],
)
@pytest.mark.parametrize("kind", ["list", "arr"])
def test_probabilities_of_classes_in_lists_become_columns(
    truth: list[object], order: str, names: str, classes: list[str] | None, kind: str
) -> None:
    frame = pl.DataFrame({**LISTED, "truth": truth})
    frame = frame.cast({"probs": pl.Array(pl.Float64, 3)}) if kind == "arr" else frame
    frame.write_parquet("a.parquet")
    with pytest.raises(UserError) as caught:
        read_any([Path("a.parquet")])
    assert str(caught.value) == (
        f"{HAS}the probability of each class{order}: write them as columns p_<class>, and name its "
        f"columns with --id sample --label truth: {spread(kind, names)}"
    )
    with pytest.raises(UserError) as caught:
        read_any([Path("a.parquet")], id="sample", prediction=("probs",), label="truth")
    held = "List(Float64)" if kind == "list" else "Array(Float64, shape=(3,))"
    assert str(caught.value) == (
        f"a.parquet: column 'probs' holds {held}, which look like the probability of each class"
        f"{order}; write them as columns p_<class>, and leave --prediction out: "
        f"{spread(kind, names)}"
    )
    if classes is not None:
        obeyed(str(caught.value))
        records, _ = read_any([Path("a-flat.parquet")], id="sample", label="truth")
        assert list(records.classes) == classes
        assert records.correct_MN.mean() == 1


@pytest.mark.heavy
@pytest.mark.parametrize(
    "asked", [(), ("--id", "sample", "--label", "truth", "--prediction", "probs")]
)
def test_lists_of_both_sides_are_written_as_columns_in_one_round(asked: tuple[str, ...]) -> None:
    for name in ("a", "b"):
        pl.DataFrame(LISTED).write_parquet(f"{name}.parquet")
    refused = str(typed("audit", "a.parquet", "--against", "b.parquet", *asked).exception)
    command = spread("list", BY_NAME)
    assert refused.endswith(
        f": {command} && {command.replace('a.parquet', 'b.parquet').replace('a-', 'b-')}, and give "
        "a-flat.parquet for a.parquet, b-flat.parquet for b.parquet"
    )
    for one in re.findall(r"python -c '[^']*'", refused):
        suggested.do(one)
    line = ["audit", "a-flat.parquet", "--against", "b-flat.parquet", "--id", "sample", "--label"]
    done = typed(*line, "truth")
    assert "accuracy 100.0 % → 100.0 %" in done.stdout


@pytest.mark.heavy
@pytest.mark.parametrize("within", [False, True])
def test_lists_in_another_order_are_written_in_one_round_and_said_to_be(within: bool) -> None:
    """Either file may have its answers exchanged, so each order has to be checked."""
    ending = "jsonl" if within else "parquet"
    turned = [[two, one, three] for one, two, three in PROBS]
    for name, probs in (("a", PROBS), ("b", turned)):
        frame = pl.DataFrame({**LISTED, "probs": probs})
        if within:
            frame.with_columns(out=pl.struct("probs")).drop("probs").write_ndjson(f"{name}.jsonl")
        else:
            frame.write_parquet(f"{name}.parquet")
    refused = str(typed("audit", f"a.{ending}", "--against", f"b.{ending}").exception)
    commands = re.findall(r"python -c '[^']*'", refused)
    assert [re.findall(r"c in (\[.*?\])", one) for one in commands] == [
        ['["cow", "ant", "bee"]'],
        ['["ant", "cow", "bee"]'],
    ]
    assert refused.endswith(
        f"{TOLD}: write them as columns p_<class>, and name its columns with --id sample --label truth "
        "(by their answers the files have the classes in different orders, so check the order of "
        f"each): {' && '.join(commands)}, and give a-flat.{ending} for a.{ending}, b-flat.{ending} "
        f"for b.{ending}"
    )
    for one in commands:
        suggested.do(one)
    line = ["audit", f"a-flat.{ending}", "--against", f"b-flat.{ending}", "--id", "sample"]
    assert "accuracy 100.0 % → 100.0 %" in typed(*line, "--label", "truth").stdout


def test_lists_of_other_classes_are_left_to_the_next_round() -> None:
    pl.DataFrame(LISTED).write_parquet("a.parquet")
    truth = [{"cow": "ox"}.get(word, word) for word in LISTED["truth"]]
    pl.DataFrame({**LISTED, "truth": truth}).write_parquet("b.parquet")
    refused = str(typed("audit", "a.parquet", "--against", "b.parquet").exception)
    assert refused.endswith(f": {spread('list', BY_NAME)}, and give a-flat.parquet for a.parquet")


@pytest.mark.heavy
def test_probabilities_by_name_of_both_sides_are_written_in_one_round() -> None:
    for name in ("a", "b"):
        written(f"{name}.jsonl", PROBABLE)
    refused = str(typed("audit", "a.jsonl", "--against", "b.jsonl").exception)
    commands = re.findall(r"python -c '[^']*'", refused)
    assert refused.endswith(
        f"--id id --label gold: {' && '.join(commands)}, and give a-flat.jsonl for a.jsonl, "
        "b-flat.jsonl for b.jsonl"
    )
    for one in commands:
        suggested.do(one)
    line = ["audit", "a-flat.jsonl", "--against", "b-flat.jsonl", "--id", "id", "--label", "gold"]
    assert typed(*line).exit_code == 0


def test_probabilities_in_lists_beside_predictions_are_not_asked_for() -> None:
    pl.DataFrame({**LISTED, "pred": LISTED["truth"]}).write_parquet("a.parquet")
    with pytest.raises(UserError) as caught:
        read_any([Path("a.parquet")])
    assert str(caught.value) == (
        "a.parquet: has no column 'example_id'; it has 'sample', 'truth', 'probs', 'pred'; name its "
        "columns with --id sample --prediction pred --label truth"
    )


def test_lists_of_other_numbers_are_no_probabilities() -> None:
    pl.DataFrame({**LISTED, "probs": [[1.5, -1.0]] * 60}).write_parquet("a.parquet")
    with pytest.raises(UserError) as caught:
        read_any([Path("a.parquet")])
    assert str(caught.value).endswith(
        "; name its columns with --id sample --prediction COLUMN --label truth"
    )


def test_probabilities_in_lists_of_a_frame() -> None:
    old = pl.DataFrame(LISTED)
    made = f'with_columns(pl.col("probs").list.to_struct(fields={BY_NAME})).unnest("probs")'
    lists = f'pandas.DataFrame(old["probs"].tolist(), index=old.index, columns={BY_NAME})'
    for frame, typed in ((old, f"old.{made}"), (old.to_pandas(), f"old.join({lists})")):
        with pytest.raises(UserError) as caught:
            undertow.compare(frame, frame, id="sample", label="truth")
        assert str(caught.value) == (
            "old: has no column 'prediction' and no p_<class>; it has 'sample', 'truth', 'probs'; "
            f"'probs' looks like the probability of each class{TOLD}: write them as columns "
            f"p_<class>: {typed}"
        )
        flat = eval(typed, {"pl": pl, "pandas": pandas, "old": frame})
        found = undertow.compare(flat, flat, id="sample", label="truth")
        assert found.findings.filter(slice="all", measure="accuracy")["reference"].to_list() == [
            1.0
        ]


def test_classes_written_with_a_point_are_renamed_too() -> None:
    for name, two in (("words", ("ok", "fraud")), ("codes", (0.0, 1.0))):
        rows = {"example_id": range(8), "risk": [0.2, 0.9] * 4, "y": [*two] * 4}
        pl.DataFrame(rows).write_csv(f"{name}.csv")
    reading = Reading(score="risk", label="y", positive="fraud")
    with pytest.raises(UserError) as caught:
        read_sides(Request([Path("words.csv")], [[Path("codes.csv")]], reading))
    assert '{"1": "fraud", "0": "ok", "0.0": "ok", "1.0": "fraud"}' in str(caught.value)
    obeyed(str(caught.value))
    made = read_sides(Request([Path("words.csv")], [[Path("codes-renamed.csv")]], reading))
    assert made.variants[0].classes == ("fraud", "ok")
