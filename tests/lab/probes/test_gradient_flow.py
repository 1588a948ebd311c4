"""Effective gradient flow by hand, by finite differences, and of masked weights."""

import math
from dataclasses import dataclass

import pytest
import torch
from torch import nn
from torch.nn.utils.parametrizations import weight_norm

from blobs import Blobs
from undertow.errors import UserError
from undertow.lab.feeds.resident import resident
from undertow.lab.interventions.site import Horizon, weight_layers
from undertow.lab.interventions.weights import FixedMask
from undertow.lab.models import MLP
from undertow.lab.population import Population
from undertow.lab.probes import GradientFlow
from undertow.lab.probes.asking import chosen_epochs
from undertow.lab.probes.gradient_flow import (
    _flow,
    effective_gradient_flow,
    flow_per_active_weight,
    gradient_norm,
    layers_of,
)
from undertow.lab.recipe import Recipe
from undertow.lab.runner.drive import drive
from undertow.lab.runner.member import build_member
from undertow.lab.runner.probing import Probing
from undertow.lab.trainings.supervised import Supervised
from undertow.lab.trainings.training import Given

G = [torch.tensor([3.0, 4.0]), torch.tensor([1.0, -7.0, 2.0])]
M = [torch.tensor([True, True]), torch.tensor([True, False, True])]
ALL = [torch.ones_like(m) for m in M]


@pytest.mark.parametrize(
    ("p", "egf", "plain", "masked"), [(1, 5, 17, 10), (2, 3.61803, 8.88819, 5.47723)]
)
def test_two_small_layers_by_hand(p, egf, plain, masked):
    """g₁ = (3, 4), g₂ = (1, −7, 2) with its second weight masked."""
    assert effective_gradient_flow(G, M, p) == pytest.approx(egf, abs=5e-6)
    assert gradient_norm(G, p) == pytest.approx(plain, abs=5e-6)
    assert gradient_norm([g * m for g, m in zip(G, M, strict=True)], p) == pytest.approx(
        masked, abs=5e-6
    )
    per_active = {1: (7 / 2 + 3 / 2) / 2, 2: (5 / 2 + math.sqrt(5) / 2) / 2}
    assert flow_per_active_weight(G, M, p) == pytest.approx(per_active[p])


def test_of_a_dense_network_the_first_is_the_plain_norm_over_layers():
    """So any rank correlation of the two is the same there."""
    assert effective_gradient_flow(G, ALL, 1) == gradient_norm(G, 1) / 2


def test_a_layer_without_active_weights_counts_as_nothing():
    none = [M[0], torch.zeros(3, dtype=torch.bool)]
    assert flow_per_active_weight(G, none, 1) == 7 / 2 / 2


def plain_model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2)).double()


def test_gradients_are_of_masked_weights_too_and_those_of_finite_differences():
    """The loss where one weight is moved a little, as the network reads it."""
    model = plain_model()
    sizes = [w.numel() for w in weight_layers(model).values()]
    run = FixedMask((5, 4)).start(model, Horizon(10, seed=3))
    x, y = torch.randn(6, 1, 2, 2, dtype=torch.float64), torch.tensor([0, 1, 1, 0, 1, 0])
    row = _flow(model, x, y)
    masks = [layer.active.clone() for layer in layers_of(model)]
    run.finish()
    gradients = [_by_differences(model, w, x, y) for w in weight_layers(model).values()]
    assert [int(m.sum()) for m in masks] == [5, 4]
    assert sizes == [12, 6]
    assert row["norm2"] == pytest.approx(gradient_norm(gradients, 2), rel=1e-5)
    assert row["egf2"] == pytest.approx(effective_gradient_flow(gradients, masks, 2), rel=1e-5)
    assert row["egf1"] == pytest.approx(effective_gradient_flow(gradients, masks, 1), rel=1e-5)
    assert row["1.weight"] == pytest.approx(float((gradients[0] * masks[0]).norm()), rel=1e-5)
    for p in (1, 2):
        expected = flow_per_active_weight(gradients, masks, p)
        assert row[f"egf{p}_per_active"] == pytest.approx(expected, rel=1e-5)
    assert row["norm2"] > 1.05 * math.hypot(row["1.weight"], row["3.weight"])


@torch.no_grad()
def _by_differences(model, weight, x, y, step=1e-5):
    gradient = torch.zeros_like(weight)
    for i in range(weight.numel()):
        there = []
        for sign in (1, -1):
            weight.view(-1)[i] += sign * step
            there.append(nn.functional.cross_entropy(model(x), y).item())
            weight.view(-1)[i] -= sign * step
        gradient.view(-1)[i] = (there[0] - there[1]) / (2 * step)
    return gradient


@pytest.mark.parametrize(
    ("total", "moments", "chosen"),
    [
        (11, 11, tuple(range(1, 12))),
        (22, 11, tuple(range(2, 23, 2))),
        (3, 11, (1, 2, 3)),
        (10, 3, (4, 7, 10)),
        (5, 1, (5,)),
        (0, 11, ()),
    ],
)
def test_moments_are_evenly_spread_and_end_with_the_last(total, moments, chosen):
    assert chosen_epochs(total, moments) == chosen


@dataclass(frozen=True)
class Normed:
    def build(self, shape_CHW, classes):
        return nn.Sequential(
            nn.Flatten(),
            nn.Linear(64, 8),
            nn.BatchNorm1d(8),
            nn.Dropout(0.5),
            nn.Linear(8, classes),
        )


@pytest.mark.parametrize("model", [MLP((8,)), Normed()], ids=["plain", "normed"])
def test_two_members_of_equal_seeds_have_equal_flow(model):
    """Dropout draws from a stream of the member, not from torch's own generator."""
    data = resident(Blobs(train=40).load())
    population = Population("dense", Blobs(train=40), model, Recipe(epochs=2, batch=16), 1)
    seeds = population.seeds.member("dense", 0)
    series = []
    for disturbed in range(2):
        torch.manual_seed(disturbed)
        probing = Probing([GradientFlow()])
        given = Given(data, [build_member(population, seeds, data, None)], [seeds])
        drive(Supervised(population.recipe), given, probing=probing)
        series.append(probing.kept_M[0].probed.series)
    assert series[0].equals(series[1])
    assert series[0]["egf2"].min() > 0


def flow_after(model, epochs=1, examples=512, data=None, seed_of="dense"):
    data = data or resident(Blobs(train=40).load())
    population = Population("dense", Blobs(train=40), model, Recipe(epochs=epochs, batch=16), 1)
    seeds = population.seeds.member(seed_of, 0)
    probing = Probing([GradientFlow(examples=examples)])
    given = Given(data, [build_member(population, seeds, data, None)], [seeds])
    drive(Supervised(population.recipe), given, probing=probing)
    return given.models[0], probing.kept_M[0].probed.series


def test_it_asks_the_first_examples_in_train_mode():
    """Without dropout, by hand: batch norm takes the batch's statistics and not the running ones."""
    data = resident(Blobs(train=40).load())
    model, series = flow_after(Plain(), examples=12, data=data)
    with torch.no_grad():
        trained = _flow(model.train(), data.train_x_NCHW[:12], data.train_y_N[:12])["egf2"]
        asked = _flow(model.eval(), data.train_x_NCHW[:12], data.train_y_N[:12])["egf2"]
        whole = _flow(model.train(), data.train_x_NCHW, data.train_y_N)["egf2"]
    assert series["egf2"][-1] == pytest.approx(trained, rel=1e-5)
    assert asked != pytest.approx(trained, rel=1e-2)
    assert whole != pytest.approx(trained, rel=1e-2)


@dataclass(frozen=True)
class Plain:
    def build(self, shape_CHW, classes):
        return nn.Sequential(
            nn.Flatten(), nn.Linear(64, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, classes)
        )


@dataclass(frozen=True)
class Frozen:
    layers: int

    def build(self, shape_CHW, classes):
        model = MLP((8,)).build(shape_CHW, classes)
        for layer in list(weight_layers(model).values())[: self.layers]:
            layer.requires_grad_(False)
        return model


def test_frozen_layers_have_no_flow():
    _, series = flow_after(Frozen(1))
    assert [c for c in series.columns if c.endswith("weight")] == ["3.weight"]
    assert series["egf2"].to_list() == pytest.approx(series["3.weight"].to_list())
    with pytest.raises(UserError) as caught:
        flow_after(Frozen(2))
    assert str(caught.value) == (
        "Sequential: no matrix and no filter learns, so it has no gradient flow; leave GradientFlow "
        "out"
    )


def test_a_layer_that_takes_no_part_in_the_answers_has_a_flow_of_nothing():
    class TwoHeads(nn.Module):
        def __init__(self):
            super().__init__()
            self.used, self.spare = plain_model(), nn.Linear(4, 2).double()

        def forward(self, x_BCHW):
            return self.used(x_BCHW)

    model = TwoHeads()
    x, y = torch.randn(6, 1, 2, 2, dtype=torch.float64), torch.tensor([0, 1, 1, 0, 1, 0])
    row, alone = _flow(model, x, y), _flow(model.used, x, y)
    assert row["spare.weight"] == 0
    assert row["used.1.weight"] == alone["1.weight"]
    assert row["norm2"] == alone["norm2"]
    assert row["egf2"] == pytest.approx(alone["egf2"] * 2 / 3)  # a mean over three layers


def test_a_weight_that_is_made_of_several_counts_once():
    @dataclass(frozen=True)
    class Normalised:
        def build(self, shape_CHW, classes):
            return nn.Sequential(nn.Flatten(), weight_norm(nn.Linear(64, 8)), nn.Linear(8, classes))

    _, series = flow_after(Normalised())
    assert [c for c in series.columns if c.endswith("weight")] == ["1.weight", "2.weight"]
    assert series["egf2"][0] == pytest.approx((series["1.weight"][0] + series["2.weight"][0]) / 2)


def test_two_moments_draw_other_noise():
    """The same weights, asked as after another epoch: dropout is another."""
    data = resident(Blobs(train=40).load())
    population = Population("dense", Blobs(train=40), Normed(), Recipe(epochs=1), 1)
    seeds = population.seeds.member("dense", 0)
    given = Given(data, [build_member(population, seeds, data, None)], [seeds])
    probe = GradientFlow(moments=3).start(given, 3)
    for epoch in (1, 2, 3):
        probe.after_epoch(epoch, None)
    flows = probe.found()[0].series["egf2"].to_list()
    assert len(set(flows)) == 3
