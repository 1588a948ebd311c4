"""A mask that is there from the first step: exact counts, zeros that hold, and what the initial
scale does to the signal."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from undertow.lab.interventions.site import Horizon, weight_layers
from undertow.lab.interventions.weights import FixedMask
from undertow.lab.models import MLP
from undertow.lab.recipe import Recipe
from undertow.lab.trainings.descend import descend
from undertow.lab.trainings.optimizer import make_optimizer

WIDE, INPUTS, CLASSES, DEPTH = 256, 192, 10, 4
SHAPE = (3, 8, 8)


def built(width, seed=0):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return MLP((width,) * DEPTH).build(SHAPE, CLASSES)


def sizes(width):
    return tuple(weight.numel() for weight in weight_layers(built(width)).values())


@pytest.mark.parametrize("width", [32, 100, 255])
def test_a_sparse_network_has_exactly_the_dense_ones_weights_in_each_layer(width):
    model = built(WIDE)
    FixedMask(sizes(width)).start(model, Horizon(10, 3)).finish()
    active = tuple(int((weight != 0).sum()) for weight in weight_layers(model).values())
    assert active == (INPUTS * width, *[width * width] * (DEPTH - 1), width * CLASSES)


@pytest.mark.heavy
@pytest.mark.parametrize(
    "recipe",
    [
        Recipe(1, lr=0.01, optimizer="sgd", momentum=0.0, weight_decay=0.01),
        Recipe(1, lr=0.01, optimizer="sgd", weight_decay=0.01),
        *(
            Recipe(1, lr=0.01, optimizer=name, weight_decay=0.01)
            for name in ("adagrad", "rmsprop", "adam", "adamw")
        ),
    ],
    ids=["sgd", "momentum", "adagrad", "rmsprop", "adam", "adamw"],
)
def test_what_is_masked_stays_zero_for_a_thousand_steps_and_so_do_its_moments(recipe):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(12, 8), nn.ReLU(), nn.Linear(8, 3))
    run = FixedMask((30, 10)).start(model, Horizon(1000, 1))
    masters = list(run.masked.masters.values())
    gone = [~mask.keep for mask in run.masked.masks.values()]
    optimizer = make_optimizer(recipe, model.parameters())
    source = torch.Generator().manual_seed(2)
    for step in range(1000):
        x_BI = torch.randn(16, 12, generator=source)
        y_B = torch.randint(0, 3, (16,), generator=source)
        descend(optimizer, F.cross_entropy(model(x_BI), y_B, reduction="none"))
        run.after_step(step)
    for weight, out in zip(masters, gone, strict=True):
        assert (weight[out] == 0).all()
        assert (weight.grad[out] == 0).all()
        assert (weight[~out] != 0).all()
        for name, value in optimizer.state[weight].items():
            assert value.ndim == 0 or (value[out] == 0).all(), name
    assert run.finish().changed == 12 * 8 + 8 * 3 - 40


def variance(model):
    """Of what the last hidden layer gives before its nonlinearity, over many inputs."""
    x_BI = torch.randn(512, *SHAPE, generator=torch.Generator().manual_seed(5))
    hidden = nn.Sequential(*list(model)[: 2 * DEPTH])
    with torch.no_grad():
        return float(hidden(x_BI).var())


@pytest.mark.heavy
@pytest.mark.parametrize("width", [64, 128, 200])
def test_one_distribution_for_both_lets_the_narrow_networks_signal_die(width):
    """Each neuron has width²/wide active inputs instead of width: the variance falls by width/wide
    a layer. With the fan-in of active weights it does not."""
    ratios = {"dense's": [], "active": []}
    for seed in range(6):
        dense = variance(built(width, seed))
        as_dense = (1.0, *[math.sqrt(WIDE / width)] * DEPTH)
        for name, scale in (("dense's", as_dense), ("active", "active")):
            sparse = built(WIDE, seed + 100)
            FixedMask(sizes(width), scale).start(sparse, Horizon(1, seed))
            ratios[name].append(variance(sparse) / dense)
    dying, kept = (math.exp(sum(map(math.log, r)) / len(r)) for r in ratios.values())
    assert dying == pytest.approx((width / WIDE) ** DEPTH, rel=0.4)
    assert kept == pytest.approx(1, rel=0.4)


@pytest.mark.parametrize(
    "wrong",
    [
        FixedMask((1, 2, 3)),
        FixedMask((97, 2)),
        FixedMask((-1, 2)),
        FixedMask((5, 5), scale=(1.0,)),
    ],
    ids=repr,
)
def test_numbers_that_do_not_fit_the_layers_are_refused(wrong):
    model = nn.Sequential(nn.Linear(12, 8), nn.Linear(8, 3))
    with pytest.raises(ValueError, match="one number for each layer") as caught:
        wrong.start(model, Horizon(1, 0))
    assert str(caught.value) == (
        f"{wrong!r}: give one number for each layer of weights (0.weight has 96, 1.weight has 24)"
    )
