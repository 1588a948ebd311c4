"""Which files were opened: those of threads in the order of the work, whoever is first."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

from records.formats.test_detect import Brought
from records.formats.test_detect import brought as brought
from undertow.records import read_any
from undertow.records.opened import in_threads, note_opened, opened_files
from undertow.records.opening import read_file
from undertow.records.records import Records


def test_threads_are_noted_in_the_order_of_the_work(tmp_path: Path):
    paths = [tmp_path / name for name in "cab"]
    for path in paths:
        path.write_text(path.name)
    later = Event()

    def work(path: Path) -> bytes:
        if path.name == "c":
            assert later.wait(60)  # The first is the last to be opened.
        data = read_file(path)
        if path.name == "b":
            later.set()
        return data

    with ThreadPoolExecutor(3) as pool, opened_files() as opened:
        assert list(in_threads(pool, work, paths)) == [b"c", b"a", b"b"]
    assert list(opened) == paths


def test_each_file_is_there_once_and_a_changed_one_has_no_state(tmp_path: Path):
    path, other = tmp_path / "a", tmp_path / "b"
    path.write_text("a")
    other.write_text("b")
    with opened_files() as opened:
        for one in (path, other, path):
            read_file(one)
        assert list(opened) == [path, other]
        assert opened[path] is not None
        path.write_text("longer")
        read_file(path)
    assert opened[path] is None
    assert opened[other] is not None


def test_whoever_collects_around_hears_of_nothing_that_is_not_noted(tmp_path: Path):
    path = tmp_path / "a"
    path.write_text("a")
    with opened_files() as around:
        with opened_files() as opened:
            read_file(path)
        assert around == {}
        note_opened(opened)
    assert around == opened
    note_opened(opened)  # Nobody collects.


def test_what_another_format_keeps_of_its_look_is_read(tmp_path: Path, brought):
    class Keeping(Brought):
        kept: bytes

        @classmethod
        def sniff(cls, path: Path) -> str | None:
            if path.is_dir() or not (data := read_file(path)).startswith(b"MADE"):
                return None
            cls.kept = data
            return "begins with MADE"

        @classmethod
        def read(cls, paths: list[Path], reading: object) -> Records:
            assert cls.kept
            return Brought.read(paths, reading)

    brought(Keeping)
    (tmp_path / "x.bin").write_bytes(b"MADE of it")
    (tmp_path / "y.txt").write_bytes(b"something else")
    with opened_files() as opened:
        read_any([tmp_path])
    assert list(opened) == [tmp_path / "x.bin"]
