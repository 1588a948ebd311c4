"""``Reducr`` as a population: a held-out model for each class is trained first, on other rows, and
weights of classes are in the series."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from blobs import Blobs
from folders import record, weights
from undertow.lab.data import Half, Watching
from undertow.lab.interventions.sampling import Reducr
from undertow.lab.models import MLP, Specialists
from undertow.lab.population import Population
from undertow.lab.probes import Choices, Told
from undertow.lab.recipe import Recipe
from undertow.lab.runner.trainer import train_population
from undertow.lab.trainings.class_weighted import ClassWeighted
from undertow.records.probes import read_series
from undertow.records.read import read_population

pytestmark = pytest.mark.heavy  # they train

DATA = Blobs(train=200)
EVEN, ODD = Half(DATA, "even"), Half(DATA, "odd")
RECIPE = Recipe(epochs=3, batch=16, lr=0.02)
HELD_OUT = Population("held out", ODD, Specialists(MLP((8,))), ClassWeighted(RECIPE), members=1)
HALF = Population(
    "half", Watching(EVEN, ODD), MLP((8,)), RECIPE, members=2, probes=(Choices(), Told())
)
REDUCED = HALF.under(
    Reducr(0.25, eta=0.05, teacher_member=0), name="reweighed", teacher=HELD_OUT
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return train_population(REDUCED, tmp_path_factory.mktemp("loop"), runner="loop")


def test_the_held_out_models_are_trained_first_and_recorded(folder):
    manifest = read_population(folder).manifest
    assert manifest.teacher == "held out"
    assert [member.teacher for member in manifest.members] == ["000", "000"]
    assert read_population(folder.parent / "held-out").manifest.facts["accuracy"] > 0.6


def test_the_series_has_the_weight_and_the_held_out_loss_of_each_class(folder):
    series = read_series(folder)
    assert series.columns == [
        "member", "epoch", "forwards", "backprops", "share_chosen",
        *(f"held_out_loss {c}" for c in range(3)), *(f"weight {c}" for c in range(3)),
    ]  # fmt: skip
    w = series.select(f"weight {c}" for c in range(3)).to_numpy()
    np.testing.assert_allclose(w.sum(1), 1.0, atol=1e-12)
    assert (abs(w[3:] - w[:3]) > 0).any()  # each member has its own
    # epochs of 100 candidates and of 100 that are held out: 100 + 100 + 25 passes
    assert set(series["forwards"].to_list()) == {100 + 100 + 25}
    assert set(series["backprops"].to_list()) == {25}


def test_processes_choose_the_same_to_the_last_byte(folder, tmp_path):
    train_population(REDUCED, tmp_path, runner="processes", workers=2)
    assert weights(tmp_path) == weights(folder.parent)
    assert record(tmp_path).keys() == record(folder.parent).keys()
    assert read_series(tmp_path / folder.name).equals(read_series(folder))


def test_auto_measures_steps_with_fresh_held_out_models(tmp_path):
    said = []
    train_population(
        replace(REDUCED, name="by auto"), tmp_path, runner="auto", workers=2,
        progress=lambda event: said.append(event.reason),
    )  # fmt: skip
    assert any("each member chooses examples of its own" in reason for reason in said)
