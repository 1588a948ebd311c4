"""Where a report comes from: what was read, its digests, and the command that makes it again."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import jsonschema
import pytest

from records.formats.seeds_logs import inspect_eval, quiz
from test_files import place as place
from test_gating import run
from undertow.errors import UserError
from undertow.files import Request, audit_files
from undertow.records.opening import read_file
from undertow.report import render_html
from undertow.report.provenance import LIBRARIES, InputFile, Provenance, Sources, _made
from undertow.report.schema import report_schema


def report(folder: Path) -> dict:
    content = json.loads((folder / "report.json").read_text())
    jsonschema.Draft202012Validator(report_schema()).validate(content)
    return content["provenance"]


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.heavy
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


@pytest.mark.heavy
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
        ("labels", "key.csv"),
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


def test_a_folder_whose_name_is_no_text_does_not_stand_before_it(place: Path):
    folder = place / os.fsdecode(b"d\xff")
    found = audit_files(Request([place / "old.csv"], [[place / "good.csv"]]), place / "out")
    told = replace(found, assumptions=(f"{folder}/good.csv: has no results.",))
    file = InputFile("variant", rf"{place}/d\xff/good.csv", 1, "0" * 64)
    provenance = Provenance("", (file,), (), "")
    before, _, _ = render_html(told, provenance=provenance).partition('id="provenance"')
    assert "<bdi>good.csv: has no results.</bdi>" in before.replace("<wbr>", "")


def test_names_of_files_are_hostile_text(place: Path):
    evil = place / "<img src=x onerror=alert(1)>.csv"
    (place / "good.csv").rename(evil)
    audit_files(Request([place / "old.csv"], [[evil]]), place / "out")
    page = (place / "out" / "report.html").read_text("utf-8")
    assert "<img src=x" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;.csv" in page.replace("<wbr>", "")


def test_a_file_that_is_gone_before_its_digest_is_named(place: Path):
    sources, gone = Sources(), place / "old.csv"
    with sources.reading("reference"):
        read_file(gone)
        gone.unlink()
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


def files(folder: Path) -> list[tuple[str, str]]:
    return [(f["role"], f["path"]) for f in report(folder)["inputs"]]


@pytest.mark.heavy
def test_the_members_of_a_population_folder_are_among_them(place: Path):
    for command in (
        "convert old.csv old2.csv --out before",
        "convert good.csv bad.csv --out after",
        *["audit before --against after --out one --force"] * 2,
    ):
        pages = sorted((place / "one").glob("report.html"))
        page = pages[0].read_bytes() if pages else b""
        done = run(place, f"undertow {command}")
        assert done.returncode == 0, done.stderr
    assert (place / "one" / "report.html").read_bytes() == page
    said = report(place / "one")["inputs"]
    assert [(f["role"], f["path"]) for f in said] == [
        ("reference", "before/manifest.json"),
        ("reference", "before/examples.parquet"),
        ("reference", "before/members/old.parquet"),
        ("reference", "before/members/old2.parquet"),
        ("variant", "after/manifest.json"),
        ("variant", "after/examples.parquet"),
        ("variant", "after/members/bad.parquet"),
        ("variant", "after/members/good.parquet"),
    ]
    assert all(f["sha256"] == sha256(place / f["path"]) for f in said)


def test_what_was_only_looked_at_is_not_among_them(place: Path):
    folder = place / "folder"
    folder.mkdir()
    (place / "old.csv").rename(folder / "old.csv")
    (folder / "README.txt").write_text("hello")
    (folder / "config.json").write_text("{}")
    (folder / "photo.png").write_bytes(b"\x89PNG")
    run(place, "undertow audit folder --against good.csv --out out")
    assert files(place / "out") == [("reference", "folder/old.csv"), ("variant", "good.csv")]


def test_nor_are_settings_beside_logs(place: Path):
    for name in ("before", "after"):
        (place / name).mkdir()
        (place / name / "log.eval").write_bytes(inspect_eval(quiz()))
        (place / name / "config.json").write_text("{}")
    done = run(place, "undertow audit before --against after --out out")
    assert done.returncode == 0, done.stderr
    assert files(place / "out") == [
        ("reference", "before/log.eval"),
        ("variant", "after/log.eval"),
    ]


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("side", "part"), [("bad.csv", ""), ("bad.csv::prediction", ""), ("b", "b/")]
)
def test_a_side_that_has_the_right_answers_too_is_still_that_side(
    place: Path, side: str, part: str
):
    (place / "b").mkdir()
    (place / "b" / "bad.csv").write_bytes((place / "bad.csv").read_bytes())
    done = run(place, f"undertow audit {side} --against good.csv --labels {part}bad.csv --out out")
    assert done.returncode == 0, done.stderr
    assert files(place / "out") == [
        ("reference, labels", f"{part}bad.csv"),
        ("variant", "good.csv"),
    ]


def test_one_file_for_both_sides_is_listed_once_for_both(place: Path):
    text = (place / "old.csv").read_text().replace("prediction,label", "a,b")
    (place / "both.csv").write_text(text)
    run(place, "undertow audit both.csv::a --against both.csv::b --out out")
    assert files(place / "out") == [("reference, variant", "both.csv")]


def test_bytes_that_are_no_text_are_shown_in_path_and_command(place: Path):
    (place / "bad.csv").rename(place / os.fsdecode(b"bad\xff.csv"))
    done = run(place, os.fsdecode(b"undertow audit old.csv --against bad\xff.csv --out out"))
    assert done.returncode == 0, done.stderr
    said = report(place / "out")
    assert said["inputs"][1]["path"] == r"bad\xff.csv"
    assert said["command"] == r"undertow audit old.csv --against $'bad\xff.csv' --out out"
    page = (place / "out" / "report.html").read_text("utf-8")
    assert r"--against $&#39;bad\xff.csv&#39; --out out</code>" in page
    assert r"bad\xff.csv" in page.partition("Files that were read")[2].replace("<wbr>", "")


def rewritten(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\n")


def as_long_as_before(path: Path) -> None:
    before = path.stat().st_mtime_ns
    path.write_bytes(path.read_bytes()[::-1])
    os.utime(path, ns=(before + 1, before + 1))


def replaced(path: Path) -> None:
    status = path.stat()
    other = path.with_suffix(".new")
    other.write_bytes(path.read_bytes()[::-1])
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    other.replace(path)


CHANGES = (rewritten, as_long_as_before, replaced)


def refused(sources: Sources) -> str:
    with pytest.raises(UserError) as caught:
        sources.provenance()
    return str(caught.value)


def changed(path: Path) -> str:
    return (
        f"{path}: was written to or replaced while it was read, so it cannot be told what the "
        "numbers are of; wait until nothing writes to it, and run this again"
    )


@pytest.mark.parametrize("change", CHANGES)
def test_a_file_that_is_changed_after_it_was_read_is_named(
    place: Path, change: Callable[[Path], None]
):
    sources, path = Sources(), place / "old.csv"
    with sources.reading("reference"):
        read_file(path)
        change(path)
    assert refused(sources) == changed(path)


@pytest.mark.parametrize("change", CHANGES)
def test_so_is_one_that_is_changed_between_two_openings(
    place: Path, change: Callable[[Path], None]
):
    sources, path, kept = Sources(), place / "old.csv", place / "kept.csv"
    os.link(path, kept)
    path.rename(place / "was.csv")  # The file as it was comes back, with all that shows.
    path.write_bytes(kept.read_bytes())
    with sources.reading("reference"):
        read_file(path)
        change(path)
        read_file(path)
    assert refused(sources) == changed(path)


def test_so_is_one_that_changes_and_comes_back(place: Path):
    sources, path, other = Sources(), place / "old.csv", place / "bad.csv"
    with sources.reading("reference"):
        read_file(path)
        path.rename(place / "kept.csv")
        other.rename(path)
        read_file(path)
        (place / "kept.csv").rename(path)
    assert refused(sources) == changed(path)


@pytest.mark.parametrize("change", CHANGES)
def test_so_is_one_that_is_changed_between_two_sides(place: Path, change: Callable[[Path], None]):
    sources, path = Sources(), place / "old.csv"
    with sources.reading("reference"):
        read_file(path)
    sources._digests[path].result()
    change(path)
    with sources.reading("variant"):
        read_file(path)
    assert refused(sources) == changed(path)


def test_so_is_one_that_is_written_to_while_its_digest_is_taken(
    place: Path, monkeypatch: pytest.MonkeyPatch
):
    path = place / "old.csv"
    whole = hashlib.sha256

    class Slow:
        def __init__(self) -> None:
            self.real = whole()

        def update(self, piece: bytes) -> None:
            rewritten(path)
            self.real.update(piece)

    sources = Sources()
    monkeypatch.setattr("undertow.report.provenance.hashlib.sha256", Slow)
    with sources.reading("reference"):
        read_file(path)
    assert refused(sources) == changed(path)


def test_the_command_writes_no_report_of_files_that_changed(
    place: Path, monkeypatch: pytest.MonkeyPatch
):
    def read_any(*given: object, **wanted: object) -> object:
        found = files_of.read_any(*given, **wanted)
        rewritten(place / "good.csv")
        return found

    files_of = __import__("undertow.records", fromlist=["read_any"])
    monkeypatch.setattr("undertow.files.read_any", read_any)
    done = run(place, "undertow audit old.csv --against good.csv --out out")
    assert done.returncode == 2
    assert done.stderr == f"undertow: {changed(Path('good.csv'))}\n"
    assert not (place / "out").exists()
