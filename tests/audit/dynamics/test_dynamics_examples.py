"""The examples of docs/dynamics.md that train run as they stand there, on fewer images."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from undertow.lab.data import FashionMNIST, Half, Planted, Watching, WrongLabels
from undertow.lab.interventions.weights import FineTuning
from undertow.lab.models import SmallCNN
from undertow.lab.population import Population
from undertow.lab.probes import Trace
from undertow.lab.recipe import Recipe
from undertow.lab.runner.machine import Machine
from undertow.lab.runner.trainer import Trainer

pytestmark = pytest.mark.heavy  # they train

PAGE = (Path(__file__).parents[3] / "docs/dynamics.md").read_text("utf-8")
FEWER = (
    ("FashionMNIST()", "FashionMNIST(train_per_class=20)"),
    ("epochs=10", "epochs=2"),
    ("epochs=12", "epochs=2"),
    ("count=250", "count=5"),
    ("recipe, 4", "recipe, 2"),
    ("Trainer(out)", "Trainer(out, Machine(runner='loop'))"),
    ("data, SmallCNN(8)", "data, SmallCNN(4)"),
)


def ran(heading: str, out: Path) -> dict[str, Any]:
    section = PAGE.split(f"## {heading}")[1].split("\n## ")[0]
    (block,) = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    for before, after in FEWER:
        block = block.replace(before, after)
    known = (
        FashionMNIST, Half, Planted, Watching, WrongLabels, FineTuning, SmallCNN, Population, Trace,
        Recipe, Machine, Trainer, replace,
    )  # fmt: skip
    names: dict[str, Any] = {each.__name__: each for each in known} | {"out": out}
    exec(block, names)
    return names


def test_second_split_forgetting(tmp_path):
    columns = ran("What members forget when they go on with other examples", tmp_path)["columns"]
    assert columns.height == 200
    assert columns["example_id"].n_unique() == 200
    assert columns["second_split_forgetting"].is_between(1, 3).all()
    assert columns["joint_rank"].is_between(0, 1).all()


def test_kinds_by_curve(tmp_path):
    kinds = ran("What kind of example each one is", tmp_path)["kinds"]
    assert kinds.columns.height == 200
    assert kinds.columns["likeliest"].null_count() == 20
    assert kinds.confusion["planted"].to_list() == [
        "atypical", "corrupted", "typical", "wrong label",
    ]  # fmt: skip
    assert (
        kinds.confusion.select("atypical", "corrupted", "typical", "wrong label").sum_horizontal()
        == 5
    ).all()
