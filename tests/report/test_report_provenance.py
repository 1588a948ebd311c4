"""Where a report comes from: what was read, its digests, and the command that makes it again."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import jsonschema
import pytest

from test_files import place as place
from test_gating import run
from undertow.errors import UserError
from undertow.files import Request, audit_files
from undertow.report import render_html
from undertow.report.provenance import LIBRARIES, InputFile, Provenance, Sources, _digest, _made
from undertow.report.schema import report_schema


def report(folder: Path) -> dict:
    content = json.loads((folder / "report.json").read_text())
    jsonschema.Draft202012Validator(report_schema()).validate(content)
    return content["provenance"]


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_command_and_every_file_that_was_read(place: Path):
    done = run(
        place, "undertow audit old.csv old2.csv --against good.csv --against bad.csv --out out"
    )
    assert done.returncode == 0, done.stderr
    said = report(place / "out")
    assert (
        said["command"]
        == "undertow audit old.csv old2.csv --against good.csv --against bad.csv --out out"
    )
    assert [(f["role"], f["path"]) for f in said["inputs"]] == [
        ("reference", "old.csv"),
        ("reference", "old2.csv"),
        ("variant", "good.csv"),
        ("variant", "bad.csv"),
    ]
    for file in said["inputs"]:
        assert (file["size"], file["sha256"]) == (
            (place / file["path"]).stat().st_size,
            sha256(place / file["path"]),
        )
    assert [name for name, _ in said["versions"]] == [
        "undertow",
        "Python",
        "numpy",
        "scipy",
        "polars",
    ]
    page = (place / "out" / "report.html").read_text("utf-8")
    assert '<li><a href="#provenance">Provenance</a></li>' in page
    assert f"<code>{said['command']}</code>" in page
    assert all(file["sha256"] in page for file in said["inputs"])


def test_a_gates_policy_and_the_files_it_names_are_among_them(place: Path):
    (place / "ids.txt").write_text("e1\ne2\n")
    (place / "gate.toml").write_text(
        '[[max_drop]]\npoints = 10\n[[must_not_flip]]\nfile = "ids.txt"\n'
    )
    run(place, "undertow gate old.csv --against good.csv --policy gate.toml --out out")
    inputs = report(place / "out")["inputs"]
    assert [(f["role"], f["path"]) for f in inputs] == [
        ("policy", "gate.toml"),
        ("reference", "old.csv"),
        ("variant", "good.csv"),
        ("policy", "ids.txt"),
    ]


def test_sides_that_cannot_be_compared_have_it_too(place: Path):
    (place / "good.csv").write_text("example_id,prediction,label\nother,cat,cat\n")
    done = run(place, "undertow gate old.csv --against good.csv --policy gate.toml --out out")
    assert done.returncode == 3
    assert len(report(place / "out")["inputs"]) == 3
    assert 'id="provenance"' in (place / "out" / "report.html").read_text("utf-8")


def test_from_python_there_is_no_command(place: Path):
    audit_files(Request([place / "old.csv"], [[place / "good.csv"]]), place / "out")
    assert report(place / "out")["command"] == ""
    page = (place / "out" / "report.html").read_text("utf-8")
    assert "It was made from Python, so there is no command to repeat." in page


def test_the_time_is_told_only_where_it_is_given(place: Path, monkeypatch: pytest.MonkeyPatch):
    request = Request([place / "old.csv"], [[place / "good.csv"]])
    audit_files(request, place / "one")
    audit_files(request, place / "two")
    assert (place / "one" / "report.html").read_bytes() == (
        place / "two" / "report.html"
    ).read_bytes()
    assert report(place / "one")["made"] == ""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    audit_files(request, place / "three")
    assert report(place / "three")["made"] == "2023-11-14 22:13:20 UTC"


def test_a_file_that_both_sides_read_is_listed_once(place: Path):
    bare = "example_id,prediction\n" + "".join(f"e{n},cat\n" for n in range(4))
    for name in ("one.csv", "two.csv"):
        (place / name).write_text(bare.replace("e3,cat", f"e3,{name[:-4]}"))
    (place / "key.csv").write_text("example_id,label\n" + "".join(f"e{n},cat\n" for n in range(4)))
    run(place, "undertow audit one.csv --against two.csv --labels key.csv --out out")
    assert [(f["role"], f["path"]) for f in report(place / "out")["inputs"]] == [
        ("reference", "one.csv"),
        ("reference, variant", "key.csv"),
        ("variant", "two.csv"),
    ]


def test_whole_paths_stand_in_the_provenance_alone(place: Path):
    file = InputFile("reference", f"{place}/old.csv", 1, "0" * 64)
    provenance = Provenance(f"undertow audit {place}/old.csv --against good.csv", (file,), (), "")
    found = audit_files(Request([place / "old.csv"], [[place / "good.csv"]]), place / "out")
    told = replace(found, assumptions=(f"{place}/logs: has no results.json.",))
    before, _, after = render_html(told, provenance=provenance).partition('id="provenance"')
    assert str(place) not in before
    assert "<bdi>logs: has no results.json.</bdi>" in before.replace("<wbr>", "")
    assert f"{place}/old.csv" in after.replace("<wbr>", "")


def test_names_of_files_are_hostile_text(place: Path):
    evil = place / "<img src=x onerror=alert(1)>.csv"
    (place / "good.csv").rename(evil)
    audit_files(Request([place / "old.csv"], [[evil]]), place / "out")
    page = (place / "out" / "report.html").read_text("utf-8")
    assert "<img src=x" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;.csv" in page.replace("<wbr>", "")


def test_a_file_that_is_gone_before_its_digest_is_named(place: Path):
    sources = Sources()
    with sources.reading("reference"):
        audit_files(Request([place / "old.csv"], [[place / "good.csv"]]), place / "out")
    gone = place / "gone.csv"
    sources._digests.append(("variant", gone, sources._beside.submit(_digest, gone)))
    with pytest.raises(UserError) as caught:
        sources.provenance()
    assert str(caught.value) == (
        f"{gone}: cannot be read a second time for its digest (No such file or directory); keep it "
        "in place until the report is written"
    )


def test_each_library_has_its_own_version(place: Path):
    audit_files(Request([place / "old.csv"], [[place / "good.csv"]]), place / "out")
    said = dict(map(tuple, report(place / "out")["versions"]))
    assert {name: said[name] for name in LIBRARIES} == {name: version(name) for name in LIBRARIES}


def test_the_time_is_in_utc_wherever_it_is_made(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert _made() == "2023-11-14 22:13:20 UTC"
    finally:
        monkeypatch.undo()
        time.tzset()
