"""Several writers of one file: every write succeeds, and nobody ever meets half a file."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from records.test_write import CLASSES, EXAMPLES, PLAN, contents, proba, run
from undertow.errors import UserError
from undertow.records import folder as folder_module
from undertow.records.folder import write_whole
from undertow.records.read import read_population
from undertow.records.write import PopulationWriter

WRITES = 60
SIZE = 1 << 18


def write_often(path: Path, letter: bytes) -> None:
    for _ in range(WRITES):
        write_whole(path, letter * SIZE)


@pytest.mark.heavy
def test_writers_in_threads_while_a_reader_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, done, halves = tmp_path / "file", threading.Event(), []
    # Disks apart, so that they meet more often.
    monkeypatch.setattr(folder_module.os, "fsync", lambda handle: None)

    def read() -> int:
        times = 0
        while not done.is_set():
            data = path.read_bytes() if path.exists() else b"a" * SIZE
            if data not in (b"a" * SIZE, b"b" * SIZE, b"c" * SIZE):
                halves.append(len(data))
            times += 1
        return times

    with ThreadPoolExecutor(4) as pool:
        reading = pool.submit(read)
        writing = [pool.submit(write_often, path, letter) for letter in (b"a", b"b", b"c")]
        failures = [w.exception() for w in writing]
        done.set()
        assert reading.result() > 0
    assert failures == [None] * 3
    assert halves == []
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


@pytest.mark.heavy
def test_writers_in_processes(tmp_path: Path) -> None:
    context = get_context("spawn")
    processes = [
        context.Process(target=write_often, args=(tmp_path / "file", letter))
        for letter in (b"a", b"b")
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    assert (tmp_path / "file").read_bytes() in (b"a" * SIZE, b"b" * SIZE)
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_a_writer_whose_file_is_tidied_away_writes_it_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another run of the same population finishes just then, and removes what it takes for
    leftovers."""
    writer = PopulationWriter(tmp_path / "dense", PLAN, EXAMPLES)
    fsync, tidied = os.fsync, []

    def tidy(handle: int) -> None:
        fsync(handle)
        if not tidied:
            tidied.extend((tmp_path / "dense/members").glob("*.tmp"))
            for path in tidied:
                path.unlink()

    monkeypatch.setattr(folder_module.os, "fsync", tidy)
    writer.write_member("m0", proba(0).argmax(1), proba(0))
    assert len(tidied) == 1
    assert list(writer.done_members()) == ["m0"]


def test_a_writer_that_is_tidied_away_for_ever_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        folder_module.os, "fsync", lambda handle: [p.unlink() for p in tmp_path.glob("*.tmp")]
    )
    with pytest.raises(UserError) as caught:
        write_whole(tmp_path / "file", b"x")
    assert str(caught.value) == (
        f"{tmp_path}/file: cannot be written (its temporary file was removed again and again); "
        "free some disk space or choose another folder"
    )


def test_a_writer_that_fails_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(folder_module.os, "fsync", full)
    with pytest.raises(UserError, match="No space left on device"):
        write_whole(tmp_path / "file", b"x")
    assert list(tmp_path.iterdir()) == []


def test_what_killed_writers_left_is_tidied_away(tmp_path: Path) -> None:
    run(tmp_path / "whole")
    (tmp_path / "killed/members").mkdir(parents=True)
    for name in ("examples.parquet.7-00.tmp", "plan.json.7-01.tmp", "members/m0.parquet.7-02.tmp"):
        (tmp_path / "killed" / name).write_bytes(b"half")
    run(tmp_path / "killed")
    assert contents(tmp_path / "killed") == contents(tmp_path / "whole")


def test_predictions_that_a_kill_left_without_an_entry_are_no_stranger(tmp_path: Path) -> None:
    """The resumed run wants fewer members than the one that was killed."""
    run(tmp_path / "whole", members=2)
    run(tmp_path / "killed", members=3)
    writer = PopulationWriter(tmp_path / "resumed", PLAN, EXAMPLES)
    for m in range(2):
        writer.write_member(
            f"m{m}",
            proba(m).argmax(1),
            proba(m),
            seeds={"init": m},
            facts={"sparsity": 0.1 * m},
            parent=f"d{m}",
        )
    (tmp_path / "resumed/members/m2.parquet").write_bytes(
        (tmp_path / "killed/members/m2.parquet").read_bytes()
    )
    writer.finish()
    assert contents(tmp_path / "resumed") == contents(tmp_path / "whole")
    assert read_population(tmp_path / "resumed").M == 2


def test_a_member_that_failed_when_it_was_made_again_leaves_no_predictions(tmp_path: Path) -> None:
    run(tmp_path / "dense")
    (tmp_path / "dense/members/m1.parquet").write_bytes(b"PAR1")
    writer = PopulationWriter(tmp_path / "dense", PLAN, EXAMPLES)
    writer.diverge_member("m1", "loss became nan")
    writer.finish()
    assert [m.id for m in read_population(tmp_path / "dense").members] == ["m0", "m2"]


def test_two_runs_that_finish_one_population_agree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one finishes, and tidies up, while this one reads the entries: it must not miss any
    of them."""
    run(tmp_path / "whole")
    first = PopulationWriter(tmp_path / "both", PLAN, EXAMPLES)
    for m in range(3):
        first.write_member(
            f"m{m}",
            proba(m).argmax(1),
            proba(m),
            seeds={"init": m},
            facts={"sparsity": 0.1 * m},
            parent=f"d{m}",
        )
    second = PopulationWriter(tmp_path / "both", PLAN, EXAMPLES)
    waiting = PopulationWriter._waiting

    def late(self: PopulationWriter) -> list:
        monkeypatch.setattr(PopulationWriter, "_waiting", waiting)
        first.finish()
        return waiting(self)

    monkeypatch.setattr(PopulationWriter, "_waiting", late)
    assert [m.id for m in second.finish().members] == ["m0", "m1", "m2"]
    assert contents(tmp_path / "both") == contents(tmp_path / "whole")
    assert read_population(tmp_path / "both").classes == CLASSES
