"""What each process is asked, and what is kept of their answers. No process is started."""

from __future__ import annotations

import pickle
from concurrent.futures import Future
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lottery_worlds import CALIBRATION, WORK
from undertow.lab.data import Digits
from undertow.lab.lottery.cells import Asked, Cell
from undertow.lab.lottery.worker import Ran
from undertow.lab.models import MLP
from undertow.lab.population import Population
from undertow.lab.recipe import Recipe
from undertow.study.lottery import in_engines
from undertow.study.lottery.in_engines import InEngines

DENSE = Population("dense", Digits(), MLP((64,)), Recipe(1), members=4)
NARROW = Population("narrow", Digits(), MLP((8,)), Recipe(1), members=4)
CELLS = (Cell("dense", "eager"), Cell("narrow", "eager"), Cell("dense", "compile"))
DONE = {"dense": ("000", "002", "003"), "narrow": ("000", "001", "002")}
"""A member of the dense population failed."""
FOLDERS = {name: Path(f"of-{name}") for name in DONE}


def rows(number: int, without: str = "") -> list[dict[str, Any]]:
    """Of a process, in which a cell of this engine has no seconds."""
    found = []
    for place, cell in enumerate(CELLS):
        row = Ran("native", size=4)
        if cell.engine != without:
            row.wall = row.processor = 1.0 + place + 10 * number
        if cell.engine == "eager" and number == 0:
            row.work = [asdict(cost) for cost in WORK]
        found.append(asdict(row))
    return found


class Pools:
    """In the place of processes: keeps what they are asked, and gives planted answers."""

    def __init__(self, *answers: list[dict[str, Any]]) -> None:
        self.answers, self.asked = list(answers), list[Asked]()

    def __call__(self, workers: int, **given: object) -> Pools:
        return self

    def __enter__(self) -> Pools:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def submit(self, function: object, described: bytes) -> Future[Any]:
        self.asked.append(pickle.loads(described))
        answer: Future[Any] = Future()
        answer.set_result(self.answers[len(self.asked) - 1])
        return answer


def manifest(folder: Path) -> SimpleNamespace:
    done = DONE[folder.name.removeprefix("of-")]
    ids = ("000", "001", "002", "003")
    members = [SimpleNamespace(id=i, status="done" if i in done else "failed") for i in ids]
    return SimpleNamespace(members=members)


def taken(monkeypatch: pytest.MonkeyPatch, *answers: list[dict[str, Any]]) -> Any:
    """What was asked of each process, and what was found."""
    pools = Pools(*answers)
    monkeypatch.setattr(in_engines, "ProcessPoolExecutor", pools)
    monkeypatch.setattr(in_engines, "calibrate", lambda: CALIBRATION)
    monkeypatch.setattr(in_engines, "read_manifest", manifest)
    measurement = InEngines((DENSE, NARROW), CELLS, "dense", (len(answers), 7), batch=8)
    return pools.asked, measurement.take(FOLDERS, lambda said: None)


def test_process_p_asks_member_p_of_those_that_are_done(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, _ = taken(monkeypatch, *(rows(number) for number in range(4)))
    paths = [[path for _, path in each.networks] for each in asked]
    assert paths == [
        [FOLDERS[name] / "weights" / f"{DONE[name][number % 3]}.safetensors" for name in DONE]
        for number in range(4)
    ]
    assert [[p.name for p, _ in each.networks] for each in asked] == [["dense", "narrow"]] * 4


def test_only_the_first_process_looks_and_all_ask_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, _ = taken(monkeypatch, *(rows(number) for number in range(3)))
    assert [each.look for each in asked] == [True, False, False]
    assert {(each.cells, each.batch, each.repeats) for each in asked} == {(CELLS, 8, 7)}


def test_seconds_are_of_all_processes_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    _, found = taken(monkeypatch, *(rows(number) for number in range(3)))
    assert [cell["seconds"] for cell in found["cells"]] == [
        [1.0, 11.0, 21.0], [2.0, 12.0, 22.0], [3.0, 13.0, 23.0],
    ]  # fmt: skip


@pytest.mark.parametrize("lacking", range(3))
def test_a_cell_that_one_process_lacks_has_no_seconds(
    monkeypatch: pytest.MonkeyPatch, lacking: int
) -> None:
    answers = [rows(n, without="compile" if n == lacking else "") for n in range(3)]
    _, found = taken(monkeypatch, *answers)
    assert [cell["seconds"] for cell in found["cells"]] == [
        [1.0, 11.0, 21.0], [2.0, 12.0, 22.0], [],
    ]  # fmt: skip
