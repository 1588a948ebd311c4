"""What members answer to all training examples, class by class."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import nn

from blobs import Blobs
from contracts.test_trainings import RECIPE, given
from undertow.lab.feeds.resident import resident
from undertow.lab.finished import asked_when_finished
from undertow.lab.interventions.sampling import Folds
from undertow.lab.models import MLP
from undertow.lab.population import Population
from undertow.lab.probes import LearnedFrom, TrainingProbabilities
from undertow.lab.runner.drive import drive
from undertow.lab.runner.probing import Probing
from undertow.lab.runner.trainer import train_population
from undertow.lab.trainings.supervised import Supervised
from undertow.lab.trainings.training import Given
from undertow.lab.trainings.untrained import UntrainedRun
from undertow.records.probes import read_probe


@pytest.fixture(scope="module")
def data():
    return resident(Blobs(train=40).load(), dtype=torch.float64)


def test_they_are_those_of_the_trained_network_in_eval_mode_on_clean_images(data):
    one, probing = given(data, ()), Probing((TrainingProbabilities(),))
    drive(Supervised(RECIPE), one, probing=probing)
    (kept,) = probing.kept_M
    frame = kept.probed.per_example["training-probabilities"]
    assert frame.columns == ["log_p0", "log_p1", "log_p2"]
    model = copy.deepcopy(one.models[0]).eval()
    with torch.no_grad():
        p_NC = np.array([model(x[None]).softmax(-1)[0].tolist() for x in data.train_x_NCHW])
    found_NC = np.stack([frame[c].to_numpy()[:, 0] for c in frame.columns], axis=1)
    np.testing.assert_allclose(np.exp(found_NC.astype(float)), p_NC, rtol=4e-3)


class Fixed(nn.Module):
    """Logits by the number of the example."""

    def __init__(self, logits_NC):
        super().__init__()
        self.logits_NC = torch.tensor(logits_NC)
        self.unused = nn.Linear(1, 1)

    def forward(self, x_BCHW):
        return self.logits_NC[: len(x_BCHW)]


def test_halves_keep_the_surest_and_the_least_probable_answers_apart(data):
    logits = np.zeros((40, 3))
    logits[0], logits[1] = (12.0, 0.0, -3.0), (13.0, 0.0, -3.0)
    logits[2] = (np.nan, 0.0, 0.0)
    logits[3] = (2e5, 0.0, 0.0)
    alone = Given(data, [Fixed(logits)], [{}])
    run = TrainingProbabilities().start(alone, 1)
    run.after_epoch(1, UntrainedRun(alone))
    frame = run.found()[0].per_example
    surest_N, least_N = (frame[c].to_numpy()[:, 0] for c in ("log_p0", "log_p2"))
    assert surest_N.dtype == np.float16
    np.testing.assert_allclose(surest_N[:2], [-6.45e-6, -2.37e-6], rtol=0.02)
    np.testing.assert_allclose(least_N[:2], [-15.0, -16.0], atol=0.005)
    assert np.isnan(surest_N[2])
    assert (surest_N[3], least_N[3]) == (0.0, -65504.0)


def test_a_finished_population_is_asked_without_training(tmp_path):
    probes = (LearnedFrom(), TrainingProbabilities())
    dense = Population("dense", Blobs(), MLP((4,)), RECIPE, 2, probes=probes)
    folds = dense.under(Folds(2), name="folds")
    folder = train_population(folds, tmp_path, runner="loop")
    in_training = read_probe(folder, "training-probabilities")
    after = asked_when_finished(folds, tmp_path, TrainingProbabilities())
    for column, value_MNE in in_training.values.items():
        np.testing.assert_array_equal(after.values[column], value_MNE)
    assert in_training.entry.part == "train"
    assert in_training.entry.epochs == (2,)


def test_its_description_round_trips():
    made = {"TrainingProbabilities": TrainingProbabilities}
    assert eval(repr(TrainingProbabilities()), made) == TrainingProbabilities()
