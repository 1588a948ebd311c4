"""What holds for every intervention on weights; one that is exported but not in ``SMALL`` fails
here."""

import copy
import pickle

import pytest
import torch
from torch import nn

from undertow.errors import NoEffectError
from undertow.lab.interventions import weights
from undertow.lab.interventions.site import Horizon
from undertow.lab.recipe import Recipe

SMALL = [
    weights.FineTuning(Recipe(epochs=1)),
    weights.FixedMask(active=(18, 100)),
    weights.FixedMask(active=(36, 360), scale="active"),
    weights.FixedMask(active=(36, 0), scale=(0.5, 1.0)),
    weights.FlippedBit(seed=3),
    weights.FlippedBit(count=5),
    weights.FlippedBit(weight="4.weight", index=17),
    weights.MagnitudePruning(sparsity=0.5),
    weights.MagnitudePruning(
        sparsity=0.75, begin=0.0, end=0.5, every=0.25, scope="global", regrow=False
    ),
    weights.MagnitudePruning(sparsity=0.5, of="encoder"),
    weights.RandomPruning(sparsity=0.5),
    weights.OneShotPruning(sparsity=0.5),
    weights.OneShotPruning(sparsity=0.5, of="encoder"),
    weights.OneShotPruning(sparsity=0.5, finetune=Recipe(epochs=1, lr=0.01), scope="layer"),
    weights.PostShift(rounds=3),
    weights.WeightQuantization(bits=8),
    weights.WeightQuantization(bits=3, per_channel=False),
]
IDLE = [
    weights.FineTuning(Recipe(epochs=1, lr=0.0)),
    weights.FixedMask(active=(36, 720)),
    weights.FlippedBit(count=0),
    weights.MagnitudePruning(sparsity=0.0),
    weights.RandomPruning(sparsity=0.0),
    weights.OneShotPruning(sparsity=0.0),
    weights.PostShift(rounds=0),
    weights.WeightQuantization(bits=32),
]
every = pytest.mark.parametrize("intervention", SMALL, ids=repr)


def network():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return nn.Sequential(
            nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(144, 5)
        )


def applied(intervention, model, seed=0):
    """A short training of this model under the intervention, on fixed data."""
    source = torch.Generator().manual_seed(1)
    steps = 0 if intervention.derives and not intervention.finetune else 12
    run = intervention.start(model, Horizon(steps, seed))
    lr = min(0.01, getattr(intervention.finetune, "lr", 0.01))
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    for step in range(steps):
        optimizer.zero_grad()
        x, y = (
            torch.randn(8, 1, 8, 8, generator=source),
            torch.randint(0, 5, (8,), generator=source),
        )
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
        run.after_step(step)
    return run.finish()


def test_every_exported_intervention_is_under_contract():
    assert (
        {type(i).__name__ for i in SMALL}
        == {type(i).__name__ for i in IDLE}
        == set(weights.__all__)
    )


@every
def test_it_changes_weights_and_says_how_many(intervention):
    model = network()
    effect = applied(intervention, model)
    assert 0 < effect.changed <= sum(p.numel() for p in model.parameters() if p.ndim >= 2)
    assert effect.facts
    assert all(isinstance(value, float) for value in effect.facts.values())


@every
def test_it_leaves_a_plain_model(intervention):
    model, plain = network(), network()
    applied(intervention, model)
    assert set(model.state_dict()) == set(plain.state_dict())
    assert [type(module) for module in model.modules()] == [
        type(module) for module in plain.modules()
    ]


@every
def test_biases_and_norms_are_left_alone(intervention):
    if not intervention.derives or intervention.finetune:
        pytest.skip("training moves them")
    model, plain = network(), network().state_dict()
    applied(intervention, model)
    for name, value in model.state_dict().items():
        assert value.ndim >= 2 or torch.equal(value, plain[name])


@every
def test_the_same_seed_gives_the_same_weights(intervention):
    first, second = network(), network()
    applied(intervention, first, seed=7)
    applied(intervention, second, seed=7)
    for a, b in zip(first.state_dict().values(), second.state_dict().values(), strict=True):
        assert torch.equal(a, b)


@every
def test_applied_twice_equals_applied_once(intervention):
    if not intervention.derives or intervention.finetune:
        pytest.skip("training between the two moves the weights")
    model = network()
    applied(intervention, model)
    once = copy.deepcopy(model.state_dict())
    with pytest.raises(NoEffectError):
        applied(intervention, model)
    assert all(torch.equal(value, once[name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize("intervention", IDLE, ids=repr)
def test_one_that_changes_nothing_says_so(intervention):
    with pytest.raises(NoEffectError):
        applied(intervention, network())


@every
def test_the_description_round_trips(intervention):
    names = {name: getattr(weights, name) for name in weights.__all__}
    assert eval(repr(intervention), names | {"Recipe": Recipe}) == intervention
    assert pickle.loads(pickle.dumps(intervention)) == intervention
    assert hash(intervention) == hash(copy.deepcopy(intervention))
