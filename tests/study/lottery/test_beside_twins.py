"""Ideas are timed as a study's scale says. Nothing is run."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from undertow.lottery.ideas import IdeaSettings
from undertow.lottery.ideas_found import Ideas, ideas_from
from undertow.study.lottery import beside_twins
from undertow.study.lottery.beside_twins import BesideTwins


def test_a_study_sets_batch_processes_and_readings(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(settings: IdeaSettings, tell: Callable[[str], None]) -> Ideas:
        assert settings == IdeaSettings(batch=7, processes=2, repeats=3)
        tell("runs")
        return Ideas(
            batch=settings.batch, processes=settings.processes, repeats=settings.repeats,
            level=0.05, clock="wall", worked=1.0, machine={}, rows=(),
        )  # fmt: skip

    monkeypatch.setattr(beside_twins, "run_ideas", run)
    told: list[str] = []
    found = ideas_from(BesideTwins((2, 3), batch=7).take({}, told.append))
    assert (found.batch, found.processes, found.repeats, told) == (7, 2, 3, ["runs"])
