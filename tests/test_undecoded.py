"""Bytes that are no text: shown in hexadecimal, and read back by a shell as they were."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from test_files import place as place
from test_gating import run
from undertow.errors import UserError, harmless
from undertow.files import Request, audit_files, read_sides
from undertow.gating import gate_paths
from undertow.records import read_any
from undertow.records.reading import Reading
from undertow.report.wording import clean
from undertow.undecoded import escaped, shell_word

BYTE = os.fsdecode(b"\xff")
NO_TEXT = "is not UTF-8 text, which everything in a report must be; type it in UTF-8"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("naïve 👩‍🚀.csv", "naïve 👩‍🚀.csv"),
        (f"bad{BYTE}.csv", r"bad\xff.csv"),
        ("\udc80a", r"\x80a"),
    ],
)
def test_bytes_are_shown_in_hexadecimal_and_text_as_it_is(text: str, shown: str):
    assert escaped(text) == shown
    assert clean(text) == shown
    assert harmless(text) == shown


@pytest.mark.parametrize(
    "name",
    [
        b"bad\xff.csv",
        b"it's \\x \xe9a.csv",
        b"plain.csv",
        b"two words",
        b"\xffff\nnext",
        b"\\\xff'",
    ],
)
def test_a_shell_reads_the_word_as_the_same_bytes(name: bytes):
    word = shell_word(os.fsdecode(name))
    read = subprocess.run(["bash", "-c", f"printf %s {word}"], capture_output=True, check=True)
    assert read.stdout == name
    word.encode()


@pytest.mark.parametrize(
    "flag",
    ["id", "prediction", "label", "score", "member", "metric", "filter", "cluster", "tasks", "by"],
)
def test_what_is_no_text_is_refused_wherever_it_is_typed(place: Path, flag: str):
    done = run(place, f"undertow audit old.csv --against bad.csv --out out --{flag} A{BYTE}")
    assert done.returncode == 2
    assert done.stderr == f"undertow: --{flag} $'A\\xff': {NO_TEXT}\n"


def test_a_name_that_is_no_text_is_refused(place: Path):
    done = run(place, f"undertow audit old.csv --against bad.csv --out out --name 'A B' {BYTE}")
    assert (done.returncode, done.stderr) == (2, f"undertow: --name 'A B' $'\\xff': {NO_TEXT}\n")
    done = run(place, f"undertow convert old.csv --out out --name {BYTE}")
    assert (done.returncode, done.stderr) == (2, f"undertow: --name $'\\xff': {NO_TEXT}\n")


def test_from_python_too(place: Path):
    with pytest.raises(UserError) as caught:
        gate_paths(place / "old.csv", place / "bad.csv", place / "gate.toml", names=["A", "\ud800"])
    assert str(caught.value) == f"--name A ' ': {NO_TEXT}"
    with pytest.raises(UserError) as caught:
        Reading(id=BYTE)
    assert str(caught.value) == f"--id $'\\xff': {NO_TEXT}"


def test_a_file_whose_name_is_no_text_is_told_by_it(place: Path):
    (place / "bad.csv").rename(place / f"bad{BYTE}.csv")
    done = run(place, f"undertow audit old.csv --against bad{BYTE}.csv --out out{BYTE}")
    assert done.returncode == 0, done.stderr
    assert "variant bad\\xff.csv: CSV (a header with example_id): 1 member" in done.stdout
    assert done.stdout.endswith("\nReport: out\\xff/report.html\n")
    gone = run(place, f"undertow audit old.csv --against elsewhere{BYTE}.csv")
    assert gone.stderr == (
        "undertow: elsewhere\\xff.csv: there is no such file or folder; check the name\n"
    )


@pytest.mark.heavy
def test_what_is_written_is_told_where_it_went(place: Path):
    for command, said in (
        (f"bless old.csv --out b{BYTE}", " in b\\xff\n"),
        (f"convert old.csv --out p{BYTE}", "\nwritten to p\\xff: 1 member, 200 examples\n"),
        (f"gate old.csv old2.csv --suggest s{BYTE}", "\nwritten to s\\xff\n"),
        (
            f"gate old.csv --against good.csv --policy gate.toml --out g{BYTE}",
            "\nReport: g\\xff/report.html\n",
        ),
    ):
        done = run(place, f"undertow {command}")
        assert done.returncode == 0, done.stderr
        assert done.stdout.endswith(said)


def test_folders_whose_names_are_no_text_tell_sides_apart(place: Path):
    folder = place / f"d{BYTE}"
    folder.mkdir()
    (place / "good.csv").rename(folder / "old.csv")
    (place / "bad.csv").rename(folder / "two.csv")
    one = Request([place / "old.csv"], [[folder / "old.csv"]])
    assert read_sides(one).variants[0].name == "d\\xff/old"
    audit_files(one, place / "out")
    several = read_sides(Request([place / "old.csv"], [[folder / "old.csv", folder / "two.csv"]]))
    assert several.variants[0].name == "d\\xff"


def test_notes_that_name_such_a_file_are_written(place: Path):
    text = (place / "old.csv").read_text().replace(",label", ",y_true")
    (place / f"y{BYTE}.csv").write_text(text)
    done = run(place, f"undertow convert y{BYTE}.csv --out population")
    assert done.returncode == 0, done.stderr
    records, _ = read_any([place / "population"])
    assert records.manifest.notes[0] == (
        "y\\xff.csv: has no column 'label'; 'y_true' looks like the right answers: add --label "
        "y_true"
    )
