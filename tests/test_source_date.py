"""``SOURCE_DATE_EPOCH``: taken where it is a time, refused before any work where it is none."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from test_files import place as place
from test_gating import run
from undertow.errors import UserError
from undertow.files import Request, audit_files
from undertow.gating import gate_paths
from undertow.notebook import compare
from undertow.source_date import LATEST, VARIABLE, source_date

REST = (
    "is not a time in whole seconds since 1970, from 0 to 253402300799 (the end of the year 9999); "
    "set it to one, as in SOURCE_DATE_EPOCH=1700000000, or take it away with unset "
    "SOURCE_DATE_EPOCH"
)
WRONG = {
    "253402300800": "253402300800",
    "abc": "abc",
    "1e9": "1e9",
    "-5": "-5",
    "1.0": "1.0",
    "1_000": "1_000",
    " ": " ",
    "١": "١",
    "12345678901234567890": "12345678901234567890",
    "9" * 5000: "9" * 40 + "…",
}


@pytest.mark.parametrize(("said", "year"), [("0", 1970), ("1700000000", 2023), (str(LATEST), 9999)])
def test_seconds_are_a_time(monkeypatch: pytest.MonkeyPatch, said: str, year: int):
    monkeypatch.setenv(VARIABLE, said)
    made = source_date()
    assert made is not None
    assert (made.year, made.tzinfo) == (year, UTC)
    assert made == datetime.fromtimestamp(int(said), UTC)


@pytest.mark.parametrize("said", WRONG, ids=lambda said: said[:20])
def test_anything_else_is_refused(monkeypatch: pytest.MonkeyPatch, said: str):
    monkeypatch.setenv(VARIABLE, said)
    with pytest.raises(UserError) as caught:
        source_date()
    assert str(caught.value) == f"SOURCE_DATE_EPOCH={WRONG[said]}: {REST}"


def command(place: Path, said: str) -> subprocess.CompletedProcess[str]:
    """In a process of its own, as libraries read the variable when they are loaded."""
    given = ("audit", "old.csv", "--against", "good.csv", "--out", "out")
    return subprocess.run(
        [sys.executable, "-m", "undertow", *given],
        cwd=place,
        env={**os.environ, VARIABLE: said},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command_says_so_before_it_loads_what_would_fail(place: Path):
    done = command(place, "abc")
    assert done.returncode == 2
    assert done.stderr == f"undertow: SOURCE_DATE_EPOCH=abc: {REST}\n"
    assert not (place / "out").exists()


@pytest.mark.heavy
def test_an_empty_one_is_none(place: Path):
    done = command(place, "")
    assert done.returncode == 0, done.stderr
    assert (place / "out" / "report.html").is_file()


def test_the_command_refuses_times_that_python_cannot_count(place: Path):
    done = run(
        place, "undertow audit old.csv --against good.csv", SOURCE_DATE_EPOCH=str(LATEST + 1)
    )
    assert done.returncode == 2
    assert done.stderr == f"undertow: SOURCE_DATE_EPOCH=253402300800: {REST}\n"
    assert not (place / "audit").exists()


def test_from_python_it_is_refused_before_the_work(place: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(VARIABLE, "-5")
    gone = place / "gone.csv"  # The work would find out.
    for report in (
        lambda: audit_files(Request([gone], [[gone]]), place / "out"),
        lambda: gate_paths(gone, gone, place / "gate.toml", out=place / "out"),
        lambda: compare(str(gone), str(gone)),
    ):
        with pytest.raises(UserError) as caught:
            report()
        assert str(caught.value) == f"SOURCE_DATE_EPOCH=-5: {REST}"
    assert not (place / "out").exists()


def test_a_gate_that_writes_nothing_needs_no_time(place: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(VARIABLE, "-5")
    assert gate_paths(place / "old.csv", place / "good.csv", place / "gate.toml")
