"""Every optimizer of a recipe against its formula, written down as in its paper."""

import math

import pytest
import torch

from undertow.lab.recipe import Recipe
from undertow.lab.trainings.descend import descend, set_rate
from undertow.lab.trainings.optimizer import make_optimizer

RATE, DECAY = 0.05, 0.1


def gradient(w, t):
    return 2 * (w - 3) * (1 + t)


def sgd(w, g, kept, t):
    g += DECAY * w
    kept["v"] = g if t == 0 else 0.9 * kept["v"] + g
    return w - RATE * (g + 0.9 * kept["v"])  # Nesterov


def moments(g, kept, t):
    kept["m"] = 0.9 * kept.get("m", 0) + 0.1 * g
    kept["v"] = 0.999 * kept.get("v", 0) + 0.001 * g**2
    mean, square = kept["m"] / (1 - 0.9 ** (t + 1)), kept["v"] / (1 - 0.999 ** (t + 1))
    return mean / (math.sqrt(square) + 1e-8)


def adam(w, g, kept, t):
    return w - RATE * moments(g + DECAY * w, kept, t)


def adamw(w, g, kept, t):
    return w - RATE * DECAY * w - RATE * moments(g, kept, t)


def adagrad(w, g, kept, t):
    g += DECAY * w
    kept["s"] = kept.get("s", 0) + g**2
    return w - RATE * g / (math.sqrt(kept["s"]) + 1e-10)


def rmsprop(w, g, kept, t):
    g += DECAY * w
    kept["s"] = 0.99 * kept.get("s", 0) + 0.01 * g**2
    return w - RATE * g / (math.sqrt(kept["s"]) + 1e-8)


@pytest.mark.parametrize("formula", [sgd, adam, adamw, adagrad, rmsprop])
def test_it_is_the_formula_of_its_paper(formula):
    recipe = Recipe(
        epochs=1, lr=RATE, optimizer=formula.__name__, weight_decay=DECAY, schedule="constant"
    )
    parameter = torch.nn.Parameter(torch.tensor([0.7], dtype=torch.float64))
    optimizer, by_hand, kept = make_optimizer(recipe, [parameter]), 0.7, {}
    for t in range(5):
        descend(optimizer, (parameter - 3).square() * (1 + t))
        by_hand = formula(by_hand, gradient(by_hand, t), kept, t)
        assert parameter.item() == pytest.approx(by_hand, rel=1e-12)


def test_a_step_goes_down_the_mean_and_each_loss_counts_for_its_weight():
    recipe = Recipe(epochs=1, lr=1.0, momentum=0.0, weight_decay=0.0, schedule="linear")
    parameter = torch.nn.Parameter(torch.zeros(3))
    optimizer = make_optimizer(recipe, [parameter])
    set_rate(optimizer, recipe, 1, 4)
    descend(optimizer, parameter * torch.tensor([1.0, 2.0, 6.0]))
    assert parameter.tolist() == pytest.approx([-0.25, -0.5, -1.5])
    descend(optimizer, parameter * 6, torch.tensor([0.0, 1.0, 0.5]))
    assert parameter.tolist() == pytest.approx([-0.25, -2.0, -2.25])
