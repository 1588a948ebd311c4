"""Answers inside another value, and sides that call two classes differently: the command that a
refusal gives makes files that are read."""

from __future__ import annotations

import json
import re
from pathlib import Path

import polars as pl
import pytest

import suggested
from test_cli import run
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


NESTED = (
    'python -c \'import polars as pl; pl.read_ndjson("a.jsonl").with_columns(pl.col("output")'
    '.struct.field("label").alias("prediction")).write_ndjson("a-flat.jsonl")\''
)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (
            {},
            "a.jsonl: has no column 'example_id'; it has 'id', 'gold', 'output'; 'output.label' looks "
            "like what the model answered: write it as a column 'prediction', and name its columns "
            "with --id id --label gold: ",
        ),
        (
            {"id": "id", "label": "gold", "prediction": ("output",)},
            "a.jsonl: column 'output' holds Struct({'label': String, 'p': Float64}); write its "
            "'label' as a column of its own, and leave --prediction out: ",
        ),
    ],
)
def test_a_nested_answer_is_written_as_a_column(asked: dict[str, object], said: str) -> None:
    rows = [
        {"id": f"e{n}", "gold": "ab"[n % 2], "output": {"label": "ab"[n % 3 % 2], "p": 0.5}}
        for n in range(8)
    ]
    Path("a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(UserError) as caught:
        read_any([Path("a.jsonl")], Reading(**asked))
    assert str(caught.value) == said + NESTED
    obeyed(str(caught.value))
    records, _ = read_any([Path("a-flat.jsonl")], Reading(id="id", label="gold"))
    assert [records.classes[c] for c in records.pred_MN[0]] == ["ab"[n % 3 % 2] for n in range(8)]


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
        '[[worst_slice_drop]]\nby = "fraud"\npoints = 9.0\n'
        '[[max_drop]]\non = "fraud=1"\npoints = 9.0\n[[must_not_flip]]\nids = [3, "5"]\n'
    )
    done = run(
        "gate", "old.csv", "--against", "new.csv", "--policy", "gate.toml", "--score", "risk",
        "--label", "fraud", "--quiet",
    )  # fmt: skip
    assert done.stdout == "PASS: All 4 required checks pass.\n"
