"""The example of docs/dynamics.md runs as it stands there: a probe asked of a finished population,
crossed, on a page."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from blobs import Blobs
from undertow.lab.interventions.weights import OneShotPruning
from undertow.lab.models import MLP
from undertow.lab.population import Population
from undertow.lab.recipe import Recipe
from undertow.lab.runner.machine import Machine
from undertow.lab.runner.trainer import Trainer

pytestmark = pytest.mark.heavy  # they train

PAGE = (Path(__file__).parents[2] / "docs/dynamics.md").read_text("utf-8")


def test_a_probe_of_a_finished_population_is_crossed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    dense = Population("dense", Blobs(), MLP((12,)), Recipe(epochs=1, batch=16, lr=0.02), 3)
    pruned, third = dense.under(OneShotPruning(0.9), name="pruned"), dense.again("third")
    with Trainer(tmp_path, Machine(runner="loop")) as trainer:
        for population in (dense, pruned, third):
            trainer.train(population)
    section = PAGE.split("### A probe asked after training")[1].split("\n## ")[0]
    block, of_a_study = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    names: dict[str, Any] = {"third": third, "out": tmp_path}
    exec(block, names)
    (crossed,) = names["found"].audit.variants[0].crossed.columns
    assert (crossed.column, crossed.unit) == ("depth", "layers")
    assert crossed.n_exemplars > 0
    page = (tmp_path / "page/report.html").read_text("utf-8")
    assert "What exemplars are like" in page
    assert "whether those take no part in the comparison is not checked" in page
    exec(of_a_study, names)
