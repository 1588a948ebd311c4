"""What a study measures beside its records is taken once, and anew where anything it rests on
changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from undertow.records.write import write_records
from undertow.study import Results, Study
from undertow.study.measurement import measured_once
from worlds import records_from

TAKEN: list[str] = []


@dataclass(frozen=True)
class Counted:
    how: str
    populations: tuple[Any, ...] = field(default=(SimpleNamespace(name="dense"),))

    def take(self, folders: Mapping[str, Path], tell: Callable[[str], None]) -> dict[str, Any]:
        TAKEN.append(self.how)
        return {"how": self.how, "pair": (1, 2)}


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, Path]:
    TAKEN.clear()
    write_records(records_from([[0, 1, 1]], [0, 1, 0]), tmp_path / "dense")
    return {"dense": tmp_path / "dense"}


def taken(how: str, folders: Mapping[str, Path], path: Path) -> dict[str, Any]:
    return measured_once(Counted(how), folders, path, lambda said: None)


def test_what_was_measured_is_read_the_second_time_and_reads_the_same(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    path = tmp_path / "measured" / "engines.json"
    first = taken("once", folders, path)
    assert first == {"how": "once", "pair": [1, 2]}  # as JSON has it, the first time too
    assert taken("once", folders, path) == first
    assert TAKEN == ["once"]


def test_another_declaration_is_measured_anew(folders: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "engines.json"
    taken("once", folders, path)
    assert taken("otherwise", folders, path)["how"] == "otherwise"
    assert TAKEN == ["once", "otherwise"]


def test_other_members_are_measured_anew(folders: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "engines.json"
    taken("once", folders, path)
    write_records(records_from([[0, 1, 0]], [0, 1, 0]), tmp_path / "other")
    taken("once", {"dense": tmp_path / "other"}, path)
    assert TAKEN == ["once", "once"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": "undertow-measured/0"}', "null"])
def test_what_is_no_whole_measurement_is_taken_anew(
    text: str, folders: dict[str, Path], tmp_path: Path
) -> None:
    path = tmp_path / "engines.json"
    path.write_text(text, encoding="utf-8")
    taken("once", folders, path)
    assert TAKEN == ["once"]
    taken("once", folders, path)
    assert TAKEN == ["once"]


def test_a_study_trains_what_is_measured_and_names_what_is_not() -> None:
    dense, narrow = SimpleNamespace(name="dense"), SimpleNamespace(name="narrow")
    declared = Study("s", "", dense, (), measurements={"engines": Counted("once", (dense, narrow))})  # type: ignore[arg-type]
    assert [p.name for p in declared.populations] == ["dense", "dense", "narrow"]  # type: ignore[misc]
    found = Results(None, measured={"engines": {"seconds": 1}})  # type: ignore[arg-type]
    assert found.measurement("engines") == {"seconds": 1}
    with pytest.raises(KeyError, match="this scale measures no 'ideas'"):
        found.measurement("ideas")
