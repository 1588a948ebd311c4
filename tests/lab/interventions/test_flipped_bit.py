"""The smallest change of an initial weight."""

import re

import pytest
import torch
from torch import nn

from blobs import Blobs
from undertow.lab.interventions.site import Horizon
from undertow.lab.interventions.weights import FlippedBit
from undertow.lab.interventions.weights.flipped_bit import flipped
from undertow.lab.models import MLP
from undertow.lab.population import Population
from undertow.lab.recipe import Recipe
from undertow.lab.runner.trainer import train_population
from undertow.lab.seeds import SeedPlan
from undertow.records.read import read_population


def network(dtype=torch.float32):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(16, 3)).to(dtype)
    return net.to(memory_format=torch.channels_last)


def moved(intervention, number=0, dtype=torch.float32):
    """Which weights changed, by name and place, and how."""
    plain, under = network(dtype), network(dtype)
    intervention.start(under, Horizon(4, 0, number))
    found = {}
    for (name, before), after in zip(plain.named_parameters(), under.parameters(), strict=True):
        for place in (before != after).flatten().nonzero().flatten().tolist():
            found[name, place] = (before.flatten()[place].item(), after.flatten()[place].item())
    return found


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_it_is_the_next_number_up_or_down(dtype):
    x = torch.tensor([1.0, -1.0, 0.1, 3e5], dtype=dtype)
    other = flipped(x)
    up, down = (torch.nextafter(x, torch.full_like(x, end)) for end in (torch.inf, -torch.inf))
    assert ((other == up) | (other == down)).all()
    assert torch.equal(flipped(other), x)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_named_one_changes_alone_wherever_it_lies_in_memory(dtype):
    for name, place in (("0.weight", 13), ("2.weight", 40)):
        found = moved(FlippedBit(weight=name, index=place), dtype=dtype)
        assert list(found) == [(name, place)]
        before, after = found[name, place]
        assert after == flipped(torch.tensor(before, dtype=dtype)).item() != before


def test_drawn_ones_belong_to_the_seed_and_the_members_number():
    drawn = moved(FlippedBit())
    assert len(drawn) == 1
    assert moved(FlippedBit()) == drawn
    assert moved(FlippedBit(), number=1).keys() != drawn.keys()
    assert moved(FlippedBit(seed=1)).keys() != drawn.keys()
    assert len(moved(FlippedBit(count=84))) == 84  # 36 and 48: biases are left alone


def test_zeros_and_denormals_are_not_drawn():
    net = network()
    with torch.no_grad():
        net[0].weight.zero_()
        net[2].weight.fill_(1e-40)
        net[2].weight[1, 5] = 0.5
    FlippedBit().start(net, Horizon(1, 0))
    assert net[2].weight[1, 5].item() == flipped(torch.tensor(0.5)).item()
    with pytest.raises(ValueError, match="1 weights are neither 0 nor denormal"):
        FlippedBit(count=2).start(net, Horizon(1, 0))
    said = (
        "FlippedBit(seed=0, count=1, weight='0.weight', index=2): this weight is 0 or denormal; "
        "name another one"
    )
    with pytest.raises(ValueError, match="^" + re.escape(said) + "$"):
        FlippedBit(weight="0.weight", index=2).start(net, Horizon(1, 0))


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (
            lambda: FlippedBit(seed=-1),
            "FlippedBit(seed=-1, count=1, weight='', index=None): seed, count and index are 0 or "
            "more",
        ),
        (
            lambda: FlippedBit(weight="0.weight"),
            "FlippedBit(seed=0, count=1, weight='0.weight', index=None): one weight is named by "
            "weight and index, and then count is 1",
        ),
        (
            lambda: moved(FlippedBit(weight="0.weight", index=36)),
            "FlippedBit(seed=0, count=1, weight='0.weight', index=36): there is no such weight "
            "(0.weight has 36, 2.weight has 48)",
        ),
    ],
)
def test_what_cannot_be_is_refused(made, said):
    with pytest.raises(ValueError, match="^" + re.escape(said) + "$"):
        made()


def test_members_with_equal_streams_differ_by_the_bit_alone(tmp_path):
    recipe = Recipe(epochs=1, batch=16, lr=0.05)
    same = Population("same", Blobs(), MLP((8,)), recipe, 2, SeedPlan(vary=()))
    weights = {}
    for arm in (same, same.under(FlippedBit(count=20), name="flipped")):
        folder = train_population(arm, tmp_path, runner="loop")
        assert read_population(folder).M == 2
        weights[arm.name] = [
            (folder / "weights" / f"00{m}.safetensors").read_bytes() for m in range(2)
        ]
    assert weights["same"][0] == weights["same"][1]
    assert len({*weights["same"], *weights["flipped"]}) == 3
