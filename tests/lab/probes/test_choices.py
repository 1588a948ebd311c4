"""``Choices`` against counts by hand."""

from __future__ import annotations

import pytest
import torch

import toys
from blobs import Blobs
from undertow.lab.data import WrongLabels
from undertow.lab.feeds.resident import resident
from undertow.lab.interventions.sampling import SelectiveBackprop
from undertow.lab.models import MLP
from undertow.lab.population import Population
from undertow.lab.probes import Choices
from undertow.lab.recipe import Recipe
from undertow.lab.runner.drive import drive
from undertow.lab.runner.member import build_member
from undertow.lab.runner.probing import Probing
from undertow.lab.trainings.supervised import Supervised, SupervisedRun
from undertow.lab.trainings.training import Given

RECIPE = Recipe(epochs=4, batch=16, lr=0.05)
DATA = WrongLabels(Blobs(train=40), share=0.25)


def given(acting, data):
    population = Population("dense", DATA, MLP((8,)), RECIPE, 1)
    seeds = population.seeds.member("dense", 0)
    return Given(data, [build_member(population, seeds, data, None)], [seeds], acting)


def found(acting, last, data):
    probing = Probing((Choices(last=last),))
    drive(Supervised(RECIPE), given(acting, data), probing=probing)
    (kept,) = probing.kept_M
    return kept.probed


@pytest.mark.parametrize("acting", [(SelectiveBackprop(2.0),), (toys.HardestHalf(),)], ids=repr)
def test_counts_and_shares_are_those_of_the_steps(acting):
    data = resident(DATA.load())
    run, steps = SupervisedRun(RECIPE, given(acting, data)), []
    steps = [run.step(t) for t in range(run.steps)]
    wrong = (data.train_slices["mislabelled"] == "yes").to_list()
    probed = found(acting, 2, data)
    for epoch in range(4):
        done = steps[3 * epoch : 3 * epoch + 3]
        index = [i for d in done if d.seen is not None for i in d.seen.index_B.tolist()]
        row = probed.series.row(epoch, named=True)
        assert row == {
            "epoch": epoch + 1,
            "forwards": sum(d.cost.forwards for d in done),
            "backprops": len(index),
            "share_chosen": len(index) / 40,
            "share_mislabelled": pytest.approx(sum(wrong[i] for i in index) / len(index)),
        }
        if epoch >= 2:
            chosen_N = probed.per_example["choices"]["chosen"].to_numpy()[:, epoch - 2]
            assert chosen_N.tolist() == torch.bincount(torch.tensor(index), minlength=40).tolist()


def test_without_a_sampler_all_are_chosen_once_and_without_marks_there_is_no_share_of_them():
    data = resident(Blobs(train=40).load())
    probed = found((), 9, data)
    assert probed.series.columns == ["epoch", "forwards", "backprops", "share_chosen"]
    assert probed.series["share_chosen"].to_list() == [1.0] * 4
    assert (probed.per_example["choices"]["chosen"].to_numpy() == 1).all()
    assert Choices(9).entry(4).epochs == (1, 2, 3, 4)


def test_no_epoch_is_refused():
    with pytest.raises(ValueError) as caught:
        Choices(0)
    assert str(caught.value) == "Choices(last=0): last is a number of epochs, 1 or more"
