"""Tables as people have them: read at the first command, or with the flags that it prints.

The header lines and commands stand in docs/tables.md, which is held to what is run here.
"""

from __future__ import annotations

import gzip
import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import polars as pl
import pytest

from test_cli import run

DOCS = Path(__file__).parents[3] / "docs" / "tables.md"
N = 60
LABEL = [("cat", "dog", "owl")[i % 3] for i in range(N)]
OLD = ["dog" if i < 4 else LABEL[i] for i in range(N)]
NEW = ["owl" if i < 14 else LABEL[i] for i in range(N)]
IMAGES = [f"img_{i:03d}.jpg" for i in range(N)]


class Given(NamedTuple):
    """A table for each side: ``header`` as docs show it, and the flags that the refusal prints."""

    files: tuple[str, str]
    write: Callable[[Path, list[str]], object]
    flags: str
    header: str
    asked: str = ""
    found: str = " 95.0 % → 83.3 % "


def csv(rows: dict[str, list], separator: str = ",") -> str:
    frame = pl.DataFrame(rows)
    return frame.write_csv(separator=separator)


def other_names(path: Path, said: list[str]) -> None:
    path.write_text(csv({"image": IMAGES, "pred": said, "y_true": LABEL}))


def without_ids(path: Path, said: list[str]) -> None:
    path.write_text(csv({"pred": said, "truth": LABEL}))


def semicolons(path: Path, said: list[str]) -> None:
    p = {
        f"p_{name}": ["0,8" if s == name else "0,1" for s in said] for name in ("cat", "dog", "owl")
    }
    text = csv({"Bild": IMAGES, "Image ID": IMAGES, **p, "gold": LABEL}, ";")
    path.write_bytes(text.encode("utf-8-sig"))


def wide(path: Path, said: list[str]) -> None:
    seed1 = ["owl" if i == 21 else s for i, s in enumerate(said)]
    path.write_text(csv({"filename": IMAGES, "class": LABEL, "seed0": said, "seed1": seed1}))


def both_models(path: Path, said: list[str]) -> None:
    path.write_text(csv({"img_id": IMAGES, "gold": LABEL, "resnet50": OLD, "resnet50_int8": NEW}))


def string_scores(path: Path, said: list[str]) -> None:
    grades = ["Correct" if s == y else "Incorrect" for s, y in zip(said, LABEL, strict=True)]
    rows = [
        {"question_id": f"q{i}", "is_correct": grade, "topic": "abc"[i % 3]}
        for i, grade in enumerate(grades)
    ]
    path.write_text("\n".join(json.dumps(row) for row in rows) + "\n")


def tabs(path: Path, said: list[str]) -> None:
    path.write_text(csv({"sentence_id": range(N), "Predicted Label": said, "Label": LABEL}, "\t"))


def packed(path: Path, said: list[str]) -> None:
    rt = [f"{0.1 * (i + len(path.name)):.3f}" for i in range(N)]
    text = csv({"example_id": IMAGES, "prediction": said, "label": LABEL, "rt": rt})
    path.write_bytes(gzip.compress(text.encode(), mtime=0))


def pandas_index(path: Path, said: list[str]) -> None:
    import pandas

    pandas.DataFrame({"y_pred": said, "y_true": LABEL}).to_csv(path)


def json_records(path: Path, said: list[str]) -> None:
    rows = [
        {"id": i, "prediction": s, "target": y}
        for i, (s, y) in enumerate(zip(said, LABEL, strict=True))
    ]
    path.write_text(json.dumps(rows, indent=2))


def risks(path: Path, said: list[str]) -> None:
    old = path.name == "old.csv"
    sick = [int(i % 3 == 0) for i in range(N)]
    wrong = range(3) if old else range(10)
    risk = [0.3 + 0.4 * (s ^ (i in wrong)) for i, s in enumerate(sick)]
    rows = {"patient": [f"P{i}" for i in range(N)], "age_band": ["<40", ">40"] * (N // 2)}
    path.write_text(csv({**rows, "has_disease": sick, "risk": risk}))


def long_models(path: Path, said: list[str]) -> None:
    frames = [
        pl.DataFrame({"qid": IMAGES, "model": m, "answer": s, "gold": LABEL})
        for m, s in (("base", OLD), ("int8", NEW))
    ]
    path.write_text(pl.concat(frames).write_csv())


TABLES = {
    "without ids": Given(
        ("old.csv", "new.csv"), without_ids, "--id none --prediction pred --label truth",
        "pred,truth",
    ),
    "other names": Given(
        ("old.csv", "new.csv"), other_names, "--id image --prediction pred --label y_true",
        "image,pred,y_true",
    ),
    "a spreadsheet in Europe": Given(
        ("alt.csv", "neu.csv"), semicolons, "--id 'Image ID' --label gold",
        "Bild;Image ID;p_cat;p_dog;p_owl;gold",
    ),
    "a column for each seed": Given(
        ("old.csv", "new.csv"), wide, "--id filename --prediction seed0,seed1 --label class",
        "filename,class,seed0,seed1", found=" 94.2 % → 82.5 % ",
    ),
    "both models side by side": Given(
        ("both.csv::resnet50", "both.csv::resnet50_int8"), both_models, "--id img_id --label gold",
        "img_id,gold,resnet50,resnet50_int8",
    ),
    "graded in words": Given(
        ("old.jsonl", "new.jsonl"), string_scores, "--id question_id --score is_correct",
        '{"question_id": "q0", "is_correct": "Incorrect", "topic": "a"}', "--by topic",
    ),
    "tabs and capitals": Given(
        ("old.tsv", "new.tsv"), tabs, "--id sentence_id --prediction 'Predicted Label' --label "
                                      "Label",
        "sentence_id\tPredicted Label\tLabel",
    ),
    "packed, with times": Given(
        ("runs/a.csv.gz runs/b.csv.gz", "new.csv.gz"), packed, "",
        "example_id,prediction,label,rt", "--by label",
    ),
    "the index of pandas": Given(
        ("old.csv", "new.csv"), pandas_index, "--id index --prediction y_pred --label y_true",
        ",y_pred,y_true",
    ),
    "records of JSON": Given(
        ("old.json", "new.json"), json_records, "--id id --label target",
        '[{"id": 0, "prediction": "dog", "target": "cat"}, …]',
    ),
    "a row for each model": Given(
        ("long.csv::base", "long.csv::int8"), long_models,
        "--id qid --member model --prediction answer --label gold",
        "qid,model,answer,gold",
    ),
    "a probability and a label": Given(
        ("old.csv", "new.csv"), risks, "--id patient --score risk --label has_disease",
        "patient,age_band,has_disease,risk", "--by age_band",
    ),
}  # fmt: skip


def command(given: Given) -> str:
    old, new = given.files
    return " ".join(part for part in ("undertow audit", old, "--against", new, given.asked) if part)


def tables(place: Path, given: Given) -> None:
    for side, said in zip(given.files, (OLD, NEW), strict=True):
        for name in side.split():
            path = place / name.split("::")[0]
            path.parent.mkdir(exist_ok=True)
            given.write(path, said)


@pytest.mark.heavy
@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_read_with_the_flags_that_the_refusal_prints(tmp_path: Path, name: str) -> None:
    given = TABLES[name]
    tables(tmp_path, given)
    words = [*shlex.split(command(given))[1:], "--draws", "100", "--out", "out"]
    done = run(*words, cwd=tmp_path)
    flags = re.search(r"name its columns with (--[^;\n]*)", done.stderr)
    assert (flags.group(1) if flags else "") == given.flags, done.stderr
    if flags:
        assert done.returncode == 2
        done = run(*words, *shlex.split(flags.group(1)), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert f"{N} examples" in done.stdout
    assert given.found in done.stdout


def test_the_page_shows_what_is_run_here() -> None:
    page = DOCS.read_text(encoding="utf-8")
    missing = [
        line
        for given in TABLES.values()
        for line in (given.header, f"{command(given)} {given.flags}".strip())
        if line not in page
    ]
    assert missing == []
    assert page.count("\n## ") == len(TABLES)
