"""Trained members in engines, in processes of their own."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from torch import nn

from undertow.errors import UserError
from undertow.lab.data import Digits
from undertow.lab.lottery.cells import CSR, Cell
from undertow.lab.measurements.calibration import calibrate
from undertow.lab.models import MLP
from undertow.lab.population import Population
from undertow.lab.recipe import Recipe
from undertow.lab.runner.trainer import Trainer
from undertow.study.lottery import in_engines
from undertow.study.lottery.in_engines import InEngines

DENSE = Population("dense", Digits(), MLP((64,)), Recipe(1), members=2)
NARROW = Population("narrow", Digits(), MLP((8,)), Recipe(1), members=2)
CELLS = (Cell("dense", "eager"), Cell("narrow", "eager"), Cell("dense", CSR, 0.5))


@dataclass(frozen=True)
class Dies:
    """Where it is asked, not where it is declared."""

    marked: str

    def build(self, shape_CHW: tuple[int, int, int], classes: int) -> nn.Module:
        if Path(self.marked).exists():
            os._exit(3)
        return MLP((4,)).build(shape_CHW, classes)


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_engines, "calibrate", partial(calibrate, repeats=1))


@pytest.mark.heavy
def test_every_process_asks_a_member_and_all_is_told_as_json(tmp_path: Path) -> None:
    trainer = Trainer(tmp_path)
    folders = {p.name: trainer.train(p) for p in (DENSE, NARROW)}
    told: list[str] = []
    measured = InEngines((DENSE, NARROW), CELLS, "dense", (2, 1), batch=8)
    found = measured.take(folders, told.append)
    assert told == [
        "calibrates the device", "seconds in engines: process 1 of 2",
        "seconds in engines: process 2 of 2",
    ]  # fmt: skip
    cells = json.loads(json.dumps(found))["cells"]
    assert [(c["network"], c["engine"]) for c in cells] == [(c.network, c.engine) for c in CELLS]
    assert all(len(c["seconds"]) == 2 and min(c["seconds"]) > 0 for c in cells)
    # of the weights that training left as promised, not of those that are there
    gains = [c["predicted"]["flops"] for c in cells]
    assert gains == pytest.approx([1, 8, 2])
    assert [c["differ"] for c in cells] == [0, 0, 0]
    assert (found["batch"], found["repeats"], found["machine"]["threads"]) == (8, 1, 1)


@pytest.mark.heavy
def test_a_process_that_dies_is_told_and_nothing_trained_is_lost(tmp_path: Path) -> None:
    dying = Population("dense", Digits(), Dies(str(tmp_path / "mark")), Recipe(1), members=1)
    folder = Trainer(tmp_path / "p").train(dying)
    (tmp_path / "mark").touch()
    measured = InEngines((dying,), (Cell("dense", "eager"),), "dense", (1, 1))
    with pytest.raises(UserError) as caught:
        measured.take({"dense": folder}, lambda said: None)
    assert str(caught.value) == (
        "the process that asks networks in engines ended without a word; perhaps for lack of "
        "memory: free some, and run the study again, which goes on with the members it has"
    )
    assert list((folder / "members").iterdir())
