"""A folder is held while a run works for it; what a killed run left is seen."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from undertow.cli.places import report_folder
from undertow.errors import UserError
from undertow.report.at_work import MARK, at_work, refuse_not_empty, was_left

HOLDS = """
import sys, time
from pathlib import Path
from undertow.report.at_work import at_work
with at_work(Path(sys.argv[1]), new=False, whole=True):
    print("held", flush=True)
    time.sleep(100)
"""
FILES = ("page.html",)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@contextmanager
def another_run(folder: str) -> Iterator[subprocess.Popen]:
    """At work for the folder; killed at the end."""
    run = subprocess.Popen([sys.executable, "-c", HOLDS, folder], stdout=subprocess.PIPE, text=True)
    try:
        assert run.stdout is not None
        assert run.stdout.readline() == "held\n"
        yield run
    finally:
        os.kill(run.pid, signal.SIGKILL)
        run.communicate()


def given(out: str | None, files: tuple[str, ...] = FILES, force: bool = False):
    where = None if out is None else Path(out)
    return report_folder(where, usual="usual", files=files, force=force)


@pytest.mark.heavy
@pytest.mark.parametrize("files", [FILES, ()])
@pytest.mark.parametrize("force", [False, True])
def test_the_second_of_two_runs_for_one_folder_is_refused(files: tuple[str, ...], force: bool):
    with another_run("o"):
        with pytest.raises(UserError) as error, given("o", files, force):
            pass
        assert str(error.value) == (
            "o: another run is at work for this folder; wait until it ends, or give another name "
            "after --out"
        )
        assert os.listdir("o") == [MARK]


@pytest.mark.heavy
def test_a_second_run_without_a_name_takes_the_next():
    with another_run("usual"), given(None) as folder:
        assert folder == Path("usual-2")
        assert not was_left(Path("usual"))


@pytest.mark.heavy
@pytest.mark.parametrize("out", ["usual", None])
def test_a_folder_in_which_a_run_was_killed_before_it_wrote_is_taken(out: str | None):
    with another_run("usual"):
        pass
    assert os.listdir("usual") == [MARK]
    for files in (FILES, ()):
        with given(out, files) as folder:
            assert folder == Path("usual")
            (folder / "page.html").write_text("")
        assert os.listdir("usual") == ["page.html"]
        (folder / "page.html").unlink()
        (folder / MARK).touch()


@pytest.mark.heavy
def test_a_part_of_a_result_is_no_result():
    with another_run("a part"):
        Path("a part/reference").mkdir()
    for _ in range(2):
        with pytest.raises(UserError) as error, given("a part", ()):
            pass
        assert str(error.value) == (
            "--out a part: holds a part of what a run was writing as it was killed; remove it with "
            "rm -r 'a part', or give the name of a new folder"
        )
    Path("mine").mkdir()
    Path("mine/notes").touch()
    with pytest.raises(UserError) as error:
        refuse_not_empty(Path("mine"))
    assert str(error.value) == (
        "--out mine: is there already and not empty; give the name of a new folder"
    )


def test_a_run_that_fails_takes_away_what_it_made_and_marks_a_part():
    for out in ("new/deep", "there", None):
        Path("there").mkdir(exist_ok=True)
        with pytest.raises(KeyError), given(out, ()):
            raise KeyError
        assert os.listdir() == ["there"]
        assert os.listdir("there") == []
    for files, left in (((), {MARK, "reference"}), (FILES, {"reference"})):
        with pytest.raises(FileExistsError), given(out := f"o{len(files)}", files) as folder:
            _twice(folder / "reference")
        assert {*os.listdir(out)} == left


def _twice(path: Path) -> None:
    for _ in range(2):
        path.touch(exist_ok=False)


def test_the_mark_goes_with_the_run_and_another_can_hold_it():
    for _ in range(2):
        with at_work(Path("o"), new=False):
            assert os.listdir("o") == [MARK]
        assert os.listdir("o") == []
