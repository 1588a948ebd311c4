"""One JSON object with rows somewhere within, as files of few are: the command that a refusal gives
makes rows of it, or the refusal says what has to be mended first."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest

import suggested
from undertow.errors import UserError
from undertow.files import Request, read_sides
from undertow.records.formats.detect import read_any

ROWS = [{"id": f"e{n}", "pred": "ab"[n % 3 % 2], "gold": "ab"[n % 2]} for n in range(8)]
BY_ID = {row["id"]: {"pred": row["pred"], "gold": row["gold"]} for row in ROWS}


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def refused(path: str, held: object, mark: bytes = b"") -> str:
    text = held if isinstance(held, str) else json.dumps(held, ensure_ascii=False)
    data = mark + text.encode()
    Path(path).write_bytes(gzip.compress(data) if path.endswith(".gz") else data)
    with pytest.raises(UserError) as caught:
        read_any([Path(path)])
    return str(caught.value)


def obeyed(message: str) -> list[dict[str, Any]]:
    (command,) = re.findall(r"python -c '[^']*'", message)
    suggested.run(command.removeprefix("python -c '").removesuffix("'"))
    (path,) = Path().glob("*-rows.jsonl")
    return [json.loads(line) for line in path.read_text().splitlines()]


def said(path: str, within: str, made: str, flags: str, read: str = "") -> str:
    read = read or f'import json, pathlib; d = json.loads(pathlib.Path("{path}").read_bytes()); '
    new = path.split(".")[0] + "-rows.jsonl"
    return (
        f"{path}: is one JSON object with {within}, and a table is read from rows; write a line for "
        f'each: python -c \'{read}pathlib.Path("{new}").write_text("\\n".join(map(json.dumps, '
        f"{made})))', and give {new}{flags}"
    )


PLAIN = " --id id --prediction pred --label gold"


@pytest.mark.parametrize(
    ("held", "key"),
    [
        ('{"data": [{"id": 1, "pred": "a", "pred": "b", "gold": "a"}]}', "pred"),
        ('{"data": [{"id": 1, "pred": "a"}], "data": [{"id": 2, "pred": "a"}]}', "data"),
        ('{"e1": {"pred": "a"}, "e2": {"pred": "a"}, "e1": {"pred": "b"}}', "e1"),
        ('{"id": {"0": 1}, "pred": {"0": "a", "0": "b"}}', "0"),
    ],
    ids=["within a row", "two lists", "an id", "columns"],
)
def test_a_key_that_stands_twice_is_said_before_anything_is_written(held: str, key: str) -> None:
    assert refused("a.json", held) == (
        f"a.json: has the key {key!r} twice in one object; keep the one that holds"
    )


@pytest.mark.parametrize("path", ["a.json", "x😀.json"])
@pytest.mark.parametrize("key", ["dätä😀", "data"])
def test_signs_beyond_the_usual_are_typed_as_they_are(path: str, key: str) -> None:
    message = refused(path, {key: ROWS})
    new = "'x😀-rows.jsonl'" if path != "a.json" else "a-rows.jsonl"
    made = said(path, f"its rows under the key {key!r}", f'd["{key}"]', PLAIN)
    assert message == made.replace(" x😀-rows.jsonl", f" {new}")
    assert obeyed(message) == ROWS


def test_a_mark_before_the_text_is_read_over() -> None:
    message = refused("a.json", {"data": ROWS}, b"\xef\xbb\xbf")
    assert message == said("a.json", "its rows under the key 'data'", 'd["data"]', PLAIN)
    assert obeyed(message) == ROWS


def test_a_packed_file_is_unpacked() -> None:
    message = refused("a.json.gz", {"data": ROWS})
    read = 'import gzip, json, pathlib; d = json.loads(gzip.decompress(pathlib.Path("a.json.gz").read_bytes())); '
    within = "its rows under the key 'data'"
    assert message == said("a.json.gz", within, 'd["data"]', PLAIN, read)
    assert obeyed(message) == ROWS


def test_a_packed_file_of_columns_is_unpacked() -> None:
    message = refused("a.json.gz", {name: [row[name] for row in ROWS] for name in ROWS[0]})
    assert message == (
        "a.json.gz: is one JSON object of columns ('id', 'pred', 'gold' …), and a table is read from "
        "rows; write an object for each example: python -c 'import gzip, json, polars as pl; d = "
        'json.load(gzip.open("a.json.gz", "rb")); pl.DataFrame(d).write_ndjson("a-rows.jsonl")\', and '
        "give a-rows.jsonl"
    )
    assert obeyed(message) == ROWS


def test_packed_files_beside_others_are_written_apart() -> None:
    Path("a.json").write_text(json.dumps({"data": ROWS}))
    Path("a.json.gz").write_bytes(gzip.compress(json.dumps({"data": ROWS}).encode()))
    with pytest.raises(UserError) as caught:
        read_sides(Request([Path("a.json")], [[Path("a.json.gz")]]))
    assert str(caught.value) == (
        "a.json: is one JSON object with its rows under the key 'data', and a table is read from rows;"
        " write a line for each: python -c 'import gzip, json, pathlib; [pathlib.Path(b).write_text("
        '"\\n".join(map(json.dumps, d["data"]))) for a, b in [("a.json", "a-json-rows.jsonl"), '
        '("a.json.gz", "a-json-gz-rows.jsonl")] for d in [json.loads((gzip.decompress if '
        'a.endswith(".gz") else bytes)(pathlib.Path(a).read_bytes()))]]\', and give a-json-rows.jsonl for a.json, '
        f"a-json-gz-rows.jsonl for a.json.gz, and add{PLAIN}"
    )
    suggested.do(re.findall(r"python -c '[^']*'", str(caught.value))[0])
    lines = [path.read_text() for path in Path().glob("*-rows.jsonl")]
    assert (len(lines), lines[0]) == (2, lines[1])


def test_the_command_for_many_files_is_said_for_the_first() -> None:
    paths = [Path(f"some-long-name-of-a-run-with-seed-{k:03}.json") for k in range(7)]
    for path in paths:
        path.write_text(json.dumps({"data": ROWS}))
    with pytest.raises(UserError) as caught:
        read_sides(Request(paths[:1], [paths[1:]]))
    made = said(paths[0].name, "its rows under the key 'data'", 'd["data"]', PLAIN)
    assert str(caught.value) == f"{made}; so with the other 6 files"


TWO = {"a": 0.25, "b": 0.75}
LIST = [{"label": name, "score": share} for name, share in TWO.items()]


@pytest.mark.parametrize(
    ("name", "value", "typed", "made"),
    [
        (
            "probs",
            TWO,
            '{**{"p_" + c: p for c, p in (r.pop("probs", None) or {}).items()}, **r}',
            {"p_a": 0.25, "p_b": 0.75},
        ),
        (
            "probs",
            LIST,
            '{**{"p_" + c["label"]: c["score"] for c in (r.pop("probs", None) or [])}, **r}',
            {"p_a": 0.25, "p_b": 0.75},
        ),
        (
            "output",
            {"label": "a"},
            '{**r, "prediction": (r.get("output") or {}).get("label")}',
            {"output": {"label": "a"}, "prediction": "a"},
        ),
    ],
    ids=["probabilities", "a list", "answers"],
)
def test_a_row_may_lack_what_is_nested_in_others(
    name: str, value: object, typed: str, made: dict[str, object]
) -> None:
    rows = [{"id": "x", name: value, "gold": "a"}, {"id": "y", "gold": "b"}]
    message = refused("a.json", {"data": rows})
    within = "its rows under the key 'data'"
    assert message == said(
        "a.json", within, f'[{typed} for r in d["data"]]', " --id id --label gold"
    )
    found = obeyed(message)
    assert found[0] == {"id": "x", "gold": "a", **made}
    assert found[1] == {"id": "y", "gold": "b"} | ({"prediction": None} if "output" in made else {})


@pytest.mark.parametrize(
    ("name", "first", "second"),
    [
        ("probs", TWO, "none"),
        ("probs", LIST, [{"name": "a", "p": 0.5}, {"name": "b", "p": 0.5}]),
        ("probs", [{"the label": "a", "p": 0.5}, {"the label": "b", "p": 0.5}], None),
        ("output", {"label": "a"}, "a"),
    ],
)
def test_what_is_nested_otherwise_is_written_as_it_is(
    name: str, first: object, second: object
) -> None:
    rows = [{"id": "x", "gold": "a", name: first}, {"id": "y", "gold": "b", name: second}]
    message = refused("a.json", {"data": rows})
    assert 'map(json.dumps, d["data"])' in message
    assert obeyed(message) == rows


def test_what_rows_stand_under_is_their_id_whatever_they_call_their_own() -> None:
    message = refused("a.json", {k: {"example_id": "same", **row} for k, row in BY_ID.items()})
    made = '[{**v, "example_id": k} for k, v in d.items()]'
    flags = " --prediction pred --label gold"
    assert message == said("a.json", "each row under its id ('e0' …)", made, flags)
    assert [row["example_id"] for row in obeyed(message)] == [row["id"] for row in ROWS]


@pytest.mark.parametrize(
    "held",
    [
        {"first": {"rows": ROWS}, "second": {"rows": ROWS}},
        {"results": ROWS, "others": ROWS},
        {f"group {k}": {"rows": ROWS} if k == 0 else {"n": k} for k in range(25)},
    ],
    ids=["deep", "beside one another", "among many"],
)
def test_of_several_places_none_is_chosen(held: dict[str, object]) -> None:
    assert "python -c" not in refused("a.json", {"model": "x", **held})


def test_among_fewer_objects_rows_are_found() -> None:
    held = {f"group {k}": {"rows": ROWS} if k == 0 else {"n": k} for k in range(24)}
    assert obeyed(refused("a.json", held)) == ROWS
