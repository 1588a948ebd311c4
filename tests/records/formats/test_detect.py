"""What a path holds is found out, said, and mixtures are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

import worlds
from undertow.errors import UserError
from undertow.records.formats import detect
from undertow.records.formats.detect import known_formats, read_any
from undertow.records.write import write_records

KNOWN = ", ".join(format.NAME for format in known_formats())
TABLE = "example_id,prediction,label\n1,cat,cat\n2,dog,cat\n"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    write_records(worlds.null_world(n=30)[0], tmp_path / "pop")
    (tmp_path / "a.csv").write_text(TABLE)
    (tmp_path / "runs").mkdir()
    for name in ("run2.csv", "run1.csv"):
        (tmp_path / "runs" / name).write_text(TABLE)
    (tmp_path / "runs/notes.txt").write_text("not a table")
    (tmp_path / "runs/.hidden.csv").write_text("x")
    return tmp_path


def refused(*paths: Path) -> str:
    with pytest.raises(UserError) as caught:
        read_any(paths)
    return str(caught.value)


def test_every_format_says_what_it_is() -> None:
    names = [format.NAME for format in known_formats()]
    assert (names[0], names[-1]) == ("population", "table")
    assert len(set(names)) == len(names)
    assert all(format.ABOUT for format in known_formats())


def test_a_population_folder(place: Path) -> None:
    records, about = read_any([place / "pop"])
    assert records.name == "reference"
    assert (
        about
        == f"{place / 'pop'}: population folder (has manifest.json): 5 members, 30 examples, 4 "
        "classes"
    )
    assert read_any([place / "pop"], name="mine")[0].name == "mine"


def test_a_table(place: Path) -> None:
    records, about = read_any([place / "a.csv"])
    assert (
        about
        == f"{place / 'a.csv'}: CSV (a header with example_id): 1 member, 2 examples, 2 classes; "
        "positive class: 'dog', the last of the two; no name says so"
    )
    assert records.name == "a"


def test_a_folder_of_tables_is_its_files_in_order(place: Path) -> None:
    records, about = read_any([place / "runs"])
    assert [m.id for m in records.members] == ["run1", "run2"]
    assert about.startswith(f"{place / 'runs/run1.csv'} and 1 more: CSV")
    assert records.name == "runs"


def test_a_population_that_lost_its_manifest_is_no_table(place: Path) -> None:
    (place / "pop/manifest.json").unlink()
    assert refused(place / "pop") == (
        f"{place / 'pop'}: is no population folder (no manifest.json); restore it, or make the "
        "records again"
    )


def test_what_cannot_be_read(place: Path) -> None:
    (place / "empty").mkdir()
    (place / "a.txt").write_text("hello")
    assert refused() == "there is nothing to read: give a population folder or files of predictions"
    assert (
        refused(place / "gone")
        == f"{place / 'gone'}: there is no such file or folder; check the name"
    )
    assert refused(place / "a.txt") == (
        f"{place / 'a.txt'}: is of no known format ({KNOWN}); see undertow list formats"
    )
    assert refused(place / "empty") == (
        f"{place / 'empty'}: holds no file of a known format ({KNOWN}); see undertow list formats"
    )
    assert refused(place / "pop", place / "a.csv") == (
        f"{place / 'pop'} (population), {place / 'a.csv'} (table): have different formats, but all files of one side must have the same; convert one of them with undertow convert"
    )
    assert refused(place / "pop", place / "pop") == (
        f"{place / 'pop'}, {place / 'pop'}: are 2 population folders; give one on each side of a "
        "comparison"
    )
    assert refused(place) == f"{place}: holds the populations pop; give one of these folders"


def test_a_table_converts_to_a_folder_and_back(place: Path) -> None:
    records, _ = read_any([place / "runs"])
    write_records(records, place / "converted")
    back, _ = read_any([place / "converted"])
    assert back.examples.equals(records.examples)
    assert back.pred_MN.tolist() == records.pred_MN.tolist()
    assert back.manifest.notes == records.manifest.notes


class Brought:
    """A format as another package would bring it."""

    NAME = "made up"
    ABOUT = "files that begin with MADE"

    @staticmethod
    def sniff(path: Path) -> str | None:
        return (
            "begins with MADE" if path.is_file() and path.read_bytes().startswith(b"MADE") else None
        )

    @staticmethod
    def read(paths, reading):
        return worlds.records_from([[0, 1]], [0, 0], 2, name=reading.name or "made")


class Point:
    """What ``importlib.metadata`` gives for an entry point."""

    name, value = "made", "somewhere:Brought"

    def __init__(self, thing):
        self.thing = thing

    def load(self):
        if isinstance(self.thing, Exception):
            raise self.thing
        return self.thing


@pytest.fixture
def brought(monkeypatch):
    def _brought(thing):
        monkeypatch.setattr(
            detect, "entry_points", lambda group: [Point(thing)] if group == detect.GROUP else []
        )
        known_formats.cache_clear()

    yield _brought
    known_formats.cache_clear()


def test_formats_of_other_packages_join_in(tmp_path: Path, brought):
    brought(Brought)
    (tmp_path / "x.bin").write_bytes(b"MADE of it")
    records, about = read_any([tmp_path / "x.bin"])
    assert (records.name, about.split(": ")[1]) == ("made", "begins with MADE")
    assert [format.NAME for format in known_formats()][-2:] == ["made up", "table"]


def test_a_format_that_does_not_load_is_named(tmp_path: Path, brought):
    (tmp_path / "x.bin").write_bytes(b"MADE")
    brought(ImportError("no module named nowhere"))
    assert refused(tmp_path / "x.bin") == (
        "format 'made' of somewhere:Brought cannot be loaded: no module named nowhere; remove or "
        "repair it"
    )
    brought(object())
    assert refused(tmp_path / "x.bin") == (
        "format 'made' of somewhere:Brought lacks NAME, ABOUT, sniff, read; remove or repair it"
    )


def test_detection_can_be_overridden(place: Path):
    records, about = read_any([place / "a.csv"], format="table")
    assert (records.name, about.split(": ")[1]) == ("a", "read as table, as asked")
    with pytest.raises(UserError) as caught:
        read_any([place / "a.csv"], format="tabel")
    assert str(caught.value) == f"--format tabel: there is no such format; choose from {KNOWN}"


def test_a_part_is_asked_for_after_two_colons(place: Path):
    with pytest.raises(UserError) as caught:
        read_any([f"{place / 'a.csv'}::one", f"{place / 'a.csv'}::two"], format="PIE CSV")
    assert str(caught.value) == (
        f"{place / 'a.csv'}::one and {place / 'a.csv'}::two: files of the format PIE CSV are read "
        "with one ::part a side; write the same part after each, or make each a variant of its own "
        "with --against"
    )
    assert (
        refused(Path(f"{place / 'gone'}::one")) == f"{place / 'gone'}: there is no such file or "
        "folder; check the name"
    )
