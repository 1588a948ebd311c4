"""A head that learns on frozen features, beside a loop by hand."""

from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import weight_norm

from blobs import Blobs
from contracts.test_trainings import given, weights
from undertow.errors import UserError
from undertow.lab.feeds.augment import order_of_epoch
from undertow.lab.feeds.resident import resident
from undertow.lab.models.initialise import he
from undertow.lab.recipe import Recipe
from undertow.lab.runner.drive import drive
from undertow.lab.trainings.linear_probe import LinearProbe
from undertow.lab.trainings.noise import mixed
from undertow.lab.trainings.supervised import Supervised

RECIPE = Recipe(
    epochs=3, batch=16, lr=0.1, schedule="constant", momentum=0, nesterov=False,
    weight_decay=0.01, precision="float64",
)  # fmt: skip
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def data():
    return resident(Blobs(train=40).load(), dtype=torch.float64)


@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize(
    "recipe", [RECIPE, replace(RECIPE, flip=True, crop=1)], ids=["once", "anew"]
)
def test_the_encoder_keeps_its_bytes(recipe, members, data):
    made = given(data, (), members)
    drive(Supervised(replace(RECIPE, epochs=1)), made)  # running statistics that say something
    before = [{n: v.clone() for n, v in one.items()} for one in weights(made)]
    drive(LinearProbe(recipe), made)
    for start, end in zip(before, weights(made), strict=True):
        changed = {name for name, value in start.items() if not torch.equal(end[name], value)}
        assert changed == {"7.weight", "7.bias"}
        assert start["1.running_mean"].abs().max() > 0


def test_it_is_gradient_descent_on_features_in_eval_mode(data):
    """Formula by formula: softmax minus the label, times the features."""
    made = given(data, ())
    (facts,) = drive(LinearProbe(RECIPE), made)
    found, seeds = made.models[0][-1], made.seeds_M[0]
    encoder = given(data, ()).models[0][:-1].eval()
    feature_NF = encoder(data.train_batch(torch.arange(40))).detach()
    torch.manual_seed(mixed(seeds["init"], 2))
    head = he(nn.Linear(16, 3))
    weight, bias = head.weight.detach().double(), head.bias.detach().double()
    for epoch in range(3):
        total = 0.0
        for index_B in order_of_epoch(seeds["order"], epoch, 40, CPU).split(16):
            x_BF, y_B = feature_NF[index_B], data.train_y_N[index_B]
            logits_BC = x_BF @ weight.T + bias
            total += float(-logits_BC.log_softmax(1)[range(len(y_B)), y_B].sum())
            wrong_BC = (logits_BC.softmax(1) - F.one_hot(y_B, 3)) / len(y_B)
            weight = weight - 0.1 * (wrong_BC.T @ x_BF + 0.01 * weight)
            bias = bias - 0.1 * (wrong_BC.sum(0) + 0.01 * bias)
    torch.testing.assert_close(found.weight.detach(), weight, rtol=0, atol=1e-12)
    torch.testing.assert_close(found.bias.detach(), bias, rtol=0, atol=1e-12)
    assert facts["loss"] == pytest.approx(total / 40, abs=1e-12)
    assert (facts["forwards"], facts["backprops"]) == (40, 120)


def test_features_that_are_kept_are_those_that_are_asked_for(data, monkeypatch):
    kept, asked = given(data, ()), given(data, ())
    drive(LinearProbe(RECIPE), kept)
    monkeypatch.setattr("undertow.lab.trainings.linear_probe.LinearProbeRun._once", False)
    drive(LinearProbe(RECIPE), asked)
    for name, value in weights(asked)[0].items():
        torch.testing.assert_close(weights(kept)[0][name], value, rtol=0, atol=1e-12)


@pytest.mark.parametrize("changes", [{"flip": True}, {"crop": 1}], ids=["flips", "crops"])
def test_features_of_examples_that_look_otherwise_each_time_are_not_kept(changes, data):
    made = given(data, ())
    (facts,) = drive(LinearProbe(replace(RECIPE, **changes)), made)
    assert "forwards" not in facts  # as many as learned from, so not said
    alike = given(data, ())
    drive(LinearProbe(RECIPE), alike)
    assert not torch.equal(made.models[0][-1].weight, alike.models[0][-1].weight)


def test_the_head_begins_afresh(data):
    """Wherever an earlier phase left it."""
    ends = []
    for start in (0.0, 100.0):
        made = given(data, ())
        nn.init.constant_(made.models[0][-1].weight, start)
        drive(LinearProbe(RECIPE), made)
        ends.append(made.models[0][-1].weight.detach())
    assert torch.equal(*ends)


def test_gradients_of_an_earlier_phase_are_gone(data):
    made = given(data, ())
    drive(Supervised(RECIPE), made)
    drive(LinearProbe(RECIPE), made)
    learned = {n for n, p in made.models[0].named_parameters() if p.grad is not None}
    assert learned == {"7.weight", "7.bias"}


def test_a_head_without_bias_learns_too(data):
    class Biasless:
        def build(self, shape_CHW, classes):
            return nn.Sequential(nn.Flatten(), nn.Linear(64, classes, bias=False))

    (facts,) = drive(LinearProbe(replace(RECIPE, epochs=100)), given(data, (), model=Biasless()))
    assert facts["loss"] < 0.5


class Tied:
    """A model whose head has the weights of an earlier layer."""

    def build(self, shape_CHW, classes):
        model = nn.Sequential(nn.Flatten(), nn.Linear(64, 64), nn.Linear(64, 64))
        model[2].weight = model[1].weight
        return model


class Normed:
    """A model whose head is computed from a direction and a length."""

    def build(self, shape_CHW, classes):
        return nn.Sequential(nn.Flatten(), weight_norm(nn.Linear(64, classes)))


@pytest.mark.parametrize(("model", "head"), [(Tied(), "2"), (Normed(), "1")])
def test_a_head_that_is_not_its_own_is_refused(model, head, data):
    with pytest.raises(UserError) as caught:
        LinearProbe(RECIPE).start(given(data, (), model=model))
    assert str(caught.value) == (
        f"Sequential: its head '{head}' is not a plain torch.nn.Linear with weights of its own, so "
        "it cannot be trained alone; give the model one as its last layer"
    )
