"""A finished population is asked by its weights what its members would have said in training."""

import numpy as np
import pytest
import torch

from blobs import Blobs
from undertow.errors import UserError
from undertow.lab import probes
from undertow.lab.finished import asked_when_finished
from undertow.lab.interventions.weights import OneShotPruning
from undertow.lab.models import MLP
from undertow.lab.population import Population
from undertow.lab.probes import (
    Embedding,
    GraNd,
    PredictionDepth,
    QScore,
    Snapshots,
    TrainingProbabilities,
    VoG,
)
from undertow.lab.recipe import Recipe
from undertow.lab.runner.trainer import train_population
from undertow.lab.trainings.supervised import SupervisedRun
from undertow.records.probes import read_probe

PROBES = (PredictionDepth(k=5), QScore(over=1.0), GraNd("test"), TrainingProbabilities())
DENSE = Population(
    "dense", Blobs(), MLP((12, 20)), Recipe(epochs=2, batch=16, lr=0.05), 2, probes=PROBES
)


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("finished")
    train_population(DENSE, folder, runner="loop")
    return folder


@pytest.mark.parametrize("probe", PROBES, ids=lambda p: p.name)
def test_it_finds_what_was_found_in_training(probe, out):
    before = {p: p.read_bytes() for p in out.rglob("*") if p.is_file()}
    found, expected = asked_when_finished(DENSE, out, probe), read_probe(out / "dense", probe.name)
    assert found.members == expected.members == ("000", "001")
    assert found.example_id_N.equals(expected.example_id_N)
    assert found.label_N.tolist() == expected.label_N.tolist()
    for name, values in expected.values.items():
        np.testing.assert_allclose(found.values[name], values, rtol=1e-5, err_msg=name)
        assert found.values[name].shape == (2, len(found.label_N), 1)
    assert {p: p.read_bytes() for p in out.rglob("*") if p.is_file()} == before


def test_every_probe_of_weights_is_asked_without_a_step_of_training(out, monkeypatch):
    def refuse(*args, **kept):
        raise AssertionError("a step of training")

    of_weights = [getattr(probes, name) for name in probes.__all__]
    of_weights = {probe for probe in of_weights if probe.of_weights}
    asked = (*PROBES, Embedding())
    assert {type(probe) for probe in asked} == of_weights
    monkeypatch.setattr(SupervisedRun, "__init__", refuse)
    monkeypatch.setattr(torch.Tensor, "backward", refuse)
    monkeypatch.setattr(torch.optim.Optimizer, "__init__", refuse)
    for probe in asked:
        found = asked_when_finished(DENSE, out, probe)
        assert found.members == ("000", "001")
        assert all(len(values) == 2 for values in found.values.values())


def test_members_that_were_pruned_without_training_are_asked_too(out):
    pruned = DENSE.under(OneShotPruning(0.8), name="pruned")
    train_population(pruned, out, runner="loop")
    depth = asked_when_finished(pruned, out, PredictionDepth(k=5)).values["depth"]
    dense = read_probe(out / "dense", "prediction-depth").values["depth"]
    assert depth.shape == dense.shape
    assert (depth != dense).any()


def test_what_cannot_be_asked_is_refused(out, tmp_path):
    for probe in (VoG(), Snapshots((1,))):
        with pytest.raises(UserError) as caught:
            asked_when_finished(DENSE, out, probe)
        assert str(caught.value) == (
            f"{probe!r}: needs more than final weights; give it to the population that trains"
        )
    train_population(DENSE, tmp_path, runner="loop")
    weights = tmp_path / "dense" / "weights" / "000.safetensors"
    weights.unlink()
    with pytest.raises(UserError) as caught:
        asked_when_finished(DENSE, tmp_path, PROBES[0])
    assert str(caught.value) == (
        f"{weights}: these weights are gone, and {PROBES[0]!r} is asked of them; train the "
        "population again"
    )
