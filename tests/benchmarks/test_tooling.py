"""The simulation of how members differ: its worlds are what they say, and it runs to its page."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
import tooling
from tooling import World

pytestmark = pytest.mark.heavy


@pytest.mark.parametrize("world", tooling.NULL_WORLDS, ids=tooling.title)
def test_members_of_a_null_world_are_equally_good_and_as_good_as_it_says(world: World) -> None:
    rng = np.random.default_rng(0)
    assert (world.quality, world.by_class) == (0, 0)
    mean_M = np.concatenate([world.draw(rng).mean(axis=1) for _ in range(5)])
    assert mean_M.mean() == pytest.approx(world.accuracy, abs=0.01)


def test_the_true_spread_is_that_of_members_on_many_examples() -> None:
    world = World(10, 20_000, 0.73, 0.3, 0.4)
    found = world.draw(np.random.default_rng(1), members=60).mean(axis=1).std(ddof=1)
    assert found == pytest.approx(tooling.true_spread_of(world), rel=0.3)


def test_it_runs_to_its_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tooling, "NULL_WORLDS", (World(4, 30, 0.73),))
    monkeypatch.setattr(tooling, "TRUE_WORLDS", tooling.TRUE_WORLDS[:1])
    monkeypatch.setattr(tooling, "PAIR_WORLDS", tooling.PAIR_WORLDS[:1])
    lines = list(tooling.page(2))
    rows = [line for line in "\n".join(lines).splitlines() if line.startswith("|")]
    heads = [n for n, line in enumerate(rows) if line.startswith("|---")]
    assert len(heads) == 5
    # every row has as many cells as its head
    for n, line in enumerate(rows):
        head = max([h for h in heads if h <= n + 1])
        assert line.count("|") == rows[head].count("|"), line
    assert len(rows) - 2 * len(heads) == 5 + len(tooling.MOVED) + len(tooling.DISTRIBUTIONS) + 2
