"""The control arm: of every model of the lab, two trainings from equal seeds have equal bits."""

import pytest
import torch

from blobs import BlobsKept
from contracts.test_trainings import assert_same_bytes, given, weights
from undertow.lab import models
from undertow.lab.feeds.resident import resident
from undertow.lab.interventions.arithmetic import Deterministic
from undertow.lab.models import (
    MLP,
    DeepMLP,
    ResNet,
    SmallCNN,
    Specialists,
    ThreeBlockCNN,
    WideResNet,
)
from undertow.lab.recipe import Recipe
from undertow.lab.runner.drive import drive
from undertow.lab.trainings.class_weighted import ClassWeighted
from undertow.lab.trainings.contrastive import Contrastive
from undertow.lab.trainings.supervised import Supervised

RECIPE = Recipe(epochs=1, batch=16, lr=0.05, flip=True, crop=1)
ADAM = Recipe(epochs=1, batch=16, lr=0.003, optimizer="adam")
CASES = [
    (DeepMLP(8), Supervised(RECIPE)),
    (MLP((16,)), Supervised(ADAM)),
    (ResNet(8, width=4), Supervised(RECIPE)),
    (SmallCNN(4), Supervised(RECIPE)),
    (SmallCNN(4), Contrastive(ADAM, projector=(8, 4))),
    (ThreeBlockCNN((4, 4, 4), dropout=0.1), Supervised(RECIPE)),
    (Specialists(MLP((4,))), ClassWeighted(ADAM, 2.0)),
    (WideResNet(10, 1, dropout=0.3, stem=4), Supervised(RECIPE)),
]


def test_every_model_is_here():
    assert {type(model).__name__ for model, _ in CASES} == set(models.__all__) - {"Model"}


@pytest.mark.heavy
@pytest.mark.parametrize(("model", "training"), CASES, ids=repr)
def test_two_trainings_have_equal_bits(model, training):
    data = resident(BlobsKept(train=40).load(), dtype=torch.float32)
    one, other = (given(data, (Deterministic(),), model=model) for _ in range(2))
    begun = weights(one)
    ends = [drive(training, member) for member in (one, other)]
    assert ends[0] == ends[1]
    assert ends[0][0]["deterministic_algorithms"] == 1.0
    assert_same_bytes(weights(one), weights(other))
    assert any(not torch.equal(value, weights(one)[0][n]) for n, value in begun[0].items())
