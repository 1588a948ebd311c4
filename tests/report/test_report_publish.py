"""Files of two runs never stand together: killed, failing, full, taken or written twice at once."""

from __future__ import annotations

import os
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import audits
import gates
from undertow.errors import UserError
from undertow.report import publish as module
from undertow.report import write_report
from undertow.report.publish import STAGE, publish

OTHERS = {"tests.xml": b"<ours", "flips": b"PAR1"}
State = frozenset[tuple[str, bytes]]


def report(run: str, *others: str) -> dict[str, bytes]:
    """A report of some run, each file with the run in it; the page last."""
    heads = {name: OTHERS[name] for name in others}
    return {
        name: heads.get(name, b"") + run.encode() for name in (*others, "json", "summary", "page")
    }


def state(folder: Path) -> State:
    return frozenset(
        (str(p.relative_to(folder)), p.read_bytes()) for p in folder.rglob("*") if p.is_file()
    )


def visible(found: State) -> dict[str, bytes]:
    return {name: content for name, content in found if not name.startswith(STAGE)}


def runs(found: State) -> set[bytes]:
    return {
        content.removeprefix(b"<ours").removeprefix(b"PAR1") for content in visible(found).values()
    }


@contextmanager
def every_line(seen: list[State], folder: Path) -> Iterator[None]:
    """Notes what is in the folder before each line that runs, here and in what is called: where a
    kill may come."""

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        if frame.f_code.co_filename not in (module.__file__, shutil.__file__):
            return None
        found = state(folder)
        if not seen or found != seen[-1]:
            seen.append(found)
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(before)


FIRST, SECOND, THIRD = report("1", "tests.xml", "flips"), report("2", "flips"), report("3")


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> list[State]:
    """Every state of a folder with one report while a second comes."""
    folder = tmp_path_factory.mktemp("killed")
    publish(FIRST, folder, OTHERS)
    seen: list[State] = []
    with every_line(seen, folder):
        publish(SECOND, folder, OTHERS)
    return [*dict.fromkeys(seen), state(folder)]


def test_at_no_point_do_files_of_two_runs_stand_together(killed: list[State]):
    assert len(killed) > 15
    assert visible(killed[0]) == FIRST
    assert dict(killed[-1]) == SECOND
    for found in killed:
        assert len(runs(found)) <= 1
        if "page" in visible(found):
            assert visible(found) in (FIRST, SECOND)


@pytest.mark.heavy
def test_wherever_a_run_was_killed_the_next_one_leaves_its_own_files_alone(
    killed: list[State], tmp_path: Path
):
    for n, found in enumerate(killed):
        folder = tmp_path / str(n)
        for name, content in found:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        publish(THIRD, folder, OTHERS)
        assert dict(state(folder)) == THIRD


def steps(
    monkeypatch: pytest.MonkeyPatch, folder: Path, fail_at: int, error: BaseException
) -> list[str]:
    """Of the calls that change the disk the given one fails; returns the calls made so far."""
    made: list[str] = []
    for owner, name in ((os, "replace"), (os, "mkdir"), (os, "fsync")):

        def call(
            *given: Any, _real: Any = getattr(owner, name), _name: str = name, **more: Any
        ) -> Any:
            if given[0] == folder:  # That the folder is there already is no step.
                return _real(*given, **more)
            made.append(_name)
            if len(made) == fail_at:
                raise error
            return _real(*given, **more)

        monkeypatch.setattr(owner, name, call)
    return made


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), KeyboardInterrupt()], ids=["full", "ctrl-c"]
)
def test_what_fails_at_any_step_puts_the_old_report_back(
    error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    publish(FIRST, tmp_path, OTHERS)
    for fail_at in range(1, 100):
        with monkeypatch.context() as patch:
            made = steps(patch, tmp_path, fail_at, error)
            try:
                publish(SECOND, tmp_path, OTHERS)
            except type(error):
                assert dict(state(tmp_path)) == FIRST
                continue
        assert len(made) == fail_at - 1 > 10
        assert dict(state(tmp_path)) == SECOND
        return


def test_where_even_putting_back_fails_nothing_stands_beside_it_and_the_next_run_clears_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    publish(FIRST, tmp_path, OTHERS)
    with monkeypatch.context() as patch:
        moves: list[object] = []

        def replace(source: Path, target: Path, _real: Any = os.replace) -> None:
            moves.append(target)
            if len(moves) > 7:
                raise OSError(5, "Input/output error")
            _real(source, target)

        patch.setattr(os, "replace", replace)
        with pytest.raises(OSError, match="Input/output error"):
            publish(SECOND, tmp_path, OTHERS)
    assert runs(state(tmp_path)) == {b"2"}
    assert "page" not in visible(state(tmp_path))
    publish(THIRD, tmp_path, OTHERS)
    assert dict(state(tmp_path)) == THIRD


def test_files_of_others_stay(tmp_path: Path):
    (tmp_path / "populations").mkdir()
    (tmp_path / "populations/page").write_bytes(b"theirs")
    (tmp_path / "tests.xml").write_bytes(b"<theirs")
    (tmp_path / "flips").write_bytes(b"PAR1 theirs")
    publish(THIRD, tmp_path, OTHERS)
    theirs = {"populations/page": b"theirs", "tests.xml": b"<theirs"}
    assert dict(state(tmp_path)) == THIRD | theirs | {"flips": b"PAR1 theirs"}
    publish(THIRD, tmp_path, OTHERS)
    assert dict(state(tmp_path)) == THIRD | theirs


def test_a_folder_of_the_name_of_a_file_is_refused_and_nothing_is_touched(tmp_path: Path):
    (tmp_path / "summary.md").mkdir()
    (tmp_path / "summary.md/notes").write_bytes(b"theirs")
    (tmp_path / "report.json").write_bytes(b"theirs")
    before = state(tmp_path)
    with pytest.raises(UserError) as refused:
        write_report(audits.garments((0.5,)), tmp_path)
    assert str(refused.value) == (
        f"{tmp_path}: the report cannot be written here (summary.md is a folder). Give another "
        "--out."
    )
    assert state(tmp_path) == before


def test_a_link_is_replaced_and_what_it_points_at_is_left(tmp_path: Path):
    (tmp_path / "elsewhere").write_bytes(b"theirs")
    (tmp_path / "page").symlink_to(tmp_path / "elsewhere")
    publish(THIRD, tmp_path, OTHERS)
    assert not (tmp_path / "page").is_symlink()
    assert dict(state(tmp_path)) == THIRD | {"elsewhere": b"theirs"}


def test_two_runs_at_once_wait_for_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    reached, go, order = threading.Event(), threading.Event(), list[str]()

    def replace(source: Path, target: Path, _real: Any = os.replace) -> None:
        order.append(threading.current_thread().name)
        if len(order) == 2:  # One file of the first run is in place.
            reached.set()
            assert go.wait(30)
        _real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    first = threading.Thread(target=publish, args=(report("1"), tmp_path, OTHERS), name="first")
    second = threading.Thread(target=publish, args=(SECOND, tmp_path, OTHERS), name="second")
    first.start()
    assert reached.wait(30)
    second.start()
    second.join(0.3)
    assert second.is_alive()
    go.set()
    first.join(30)
    second.join(30)
    assert order == ["first"] * 3 + ["second"] * 7
    assert dict(state(tmp_path)) == SECOND


def test_who_waits_too_long_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "PATIENCE", 0.0)
    with module._alone(tmp_path) as alone:
        assert alone
        with pytest.raises(UserError) as refused:
            write_report(None, tmp_path, gates.refused())
    assert str(refused.value) == (
        f"{tmp_path}: the report cannot be written here (another run is writing here). Give "
        "another --out."
    )
    assert write_report(None, tmp_path, gates.refused()).exists()


@pytest.mark.parametrize("lacking", ["module", "lock", "open"])
def test_a_folder_that_cannot_be_locked_can_be_written(
    lacking: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def refuse(*given: object) -> None:
        raise OSError(37, "No locks available")

    if lacking == "module":
        monkeypatch.setattr(module, "fcntl", None)
    elif lacking == "lock":
        monkeypatch.setattr(module.fcntl, "flock", refuse)
    else:
        real = os.open
        monkeypatch.setattr(
            os, "open", lambda p, *a, **k: refuse() if p == tmp_path else real(p, *a, **k)
        )
    other = tmp_path / f"{STAGE}of-a-run-that-may-live"
    other.mkdir()
    publish(FIRST, tmp_path, OTHERS)
    publish(THIRD, tmp_path, OTHERS)
    assert dict(state(tmp_path)) == THIRD
    assert other.exists()
