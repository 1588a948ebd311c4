"""Of every k members in a row, one never learned from a given example."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from blobs import Blobs
from contracts.test_trainings import RECIPE, assert_same_bytes, given, weights
from undertow.lab.feeds.resident import resident
from undertow.lab.interventions.sampling import Folds
from undertow.lab.interventions.sampling.folds import folds
from undertow.lab.models import MLP
from undertow.lab.population import Population
from undertow.lab.probes import LearnedFrom
from undertow.lab.runner.drive import drive
from undertow.lab.runner.probing import Probing
from undertow.lab.runner.trainer import train_population
from undertow.lab.trainings.supervised import Supervised
from undertow.records.probes import read_probe

N = 40


@pytest.fixture(scope="module")
def data():
    return resident(Blobs(train=N).load(), dtype=torch.float64)


def learned(data, what, number=0):
    probing = Probing((LearnedFrom(),))
    one = replace(given(data, (what,)), number=number)
    drive(Supervised(RECIPE), one, probing=probing)
    (kept,) = probing.kept_M
    return one, kept.probed.per_example["learned-from"]["learned_from"].to_numpy()[:, 0] == 1


def test_folds_and_classes_in_them_differ_by_one_at_most():
    for k in (2, 3, 7):
        y_N = torch.as_tensor(np.random.default_rng(k).choice(4, 101, p=[0.5, 0.3, 0.15, 0.05]))
        fold_N = folds(5, y_N, k)
        assert fold_N.unique().tolist() == list(range(k))
        assert np.ptp(fold_N.bincount().numpy()) <= 1
        for label in range(4):
            assert np.ptp(fold_N[y_N == label].bincount(minlength=k).numpy()) <= 1


@pytest.mark.heavy
def test_an_example_is_in_each_fold_as_often_as_in_any_other():
    y_N, draws = torch.tensor([0] * 7 + [1] * 4), 6000
    fold_DN = np.stack([folds(seed, y_N, 3).numpy() for seed in range(draws)])
    for fold in range(3):
        away_N = (fold_DN == fold).mean(axis=0) - 1 / 3
        # the first fold has one more of the first class, where examples are alike
        assert np.ptp(away_N[:7]) < 0.04
        assert np.ptp(away_N[7:]) < 0.04


@pytest.mark.parametrize(
    ("seed", "drawn"),
    [(5, [0, 0, 1, 2, 1, 1, 0, 0, 2, 2]), (2**40 + 1, [2, 0, 1, 0, 1, 2, 0, 0, 1, 2])],
)
def test_a_seed_deals_what_it_always_dealt(seed, drawn):
    """Finished members learned from these, and such as are added later belong to them."""
    assert folds(seed, torch.tensor([0, 0, 0, 0, 0, 1, 1, 1, 1, 1]), 3).tolist() == drawn


def test_k_members_in_a_row_leave_out_each_example_once_and_the_next_k_others(data):
    out = [~learned(data, Folds(3, seed=4), m)[1] for m in range(6)]
    for turn in (out[:3], out[3:]):
        assert np.sum(turn, axis=0).tolist() == [1] * N
        assert sorted(left.sum() for left in turn) == [13, 13, 14]
    assert any((a != b).any() for a, b in zip(out[:3], out[3:], strict=True))
    assert (learned(data, Folds(3, seed=5))[1] != ~out[0]).any()


def test_what_is_left_out_takes_no_part(data):
    """Other pixels there change no weight, by which batch norm's running statistics are meant
    too."""
    one, learned_N = learned(data, Folds(4), 1)
    changed = resident(Blobs(train=N).load(), dtype=torch.float64)
    changed.train_x_NCHW[torch.as_tensor(~learned_N)] = 7.0
    other, _ = learned(changed, Folds(4), 1)
    assert_same_bytes(weights(other), weights(one))


@pytest.mark.parametrize("runner", ["loop", pytest.param("processes", marks=pytest.mark.heavy)])
def test_members_of_a_population_know_which_they_are(runner, tmp_path):
    dense = Population("dense", Blobs(), MLP((4,)), RECIPE, 4, probes=(LearnedFrom(),))
    crossed = dense.under(Folds(2), name="folds")
    folder = train_population(crossed, tmp_path, runner=runner, workers=2)
    learned_MN = read_probe(folder, "learned-from").values["learned_from"][:, :, 0]
    assert (learned_MN[0] + learned_MN[1]).tolist() == [1] * 60
    assert (learned_MN[2] + learned_MN[3]).tolist() == [1] * 60
    assert (learned_MN[0] != learned_MN[2]).any()


@pytest.mark.parametrize("what", [{"k": 1}, {"k": 0}, {"k": 3, "seed": -1}])
def test_what_is_no_division_is_refused(what):
    with pytest.raises(ValueError) as caught:
        Folds(**what)
    assert str(caught.value) == (
        f"Folds(k={what['k']}, seed={what.get('seed', 0)}): k is 2 folds or more, seed is 0 or more"
    )


def test_more_folds_than_examples_are_refused(data):
    with pytest.raises(ValueError) as caught:
        learned(data, Folds(41))
    assert str(caught.value) == (
        "Folds(k=41, seed=0): there are 40 training examples; give k up to that"
    )


def test_its_description_round_trips():
    assert eval(repr(Folds(5, seed=2)), {"Folds": Folds}) == Folds(5, seed=2)
