"""Many members in one step give what the reference gives, member by member."""

import copy
import itertools
from dataclasses import replace

import pytest
import torch
from torch import nn

from blobs import Blobs
from trainings import train_member, train_stacked
from undertow.errors import NoEffectError
from undertow.lab.feeds.resident import resident
from undertow.lab.interventions.site import Horizon
from undertow.lab.interventions.weights import MagnitudePruning, OneShotPruning, RandomPruning
from undertow.lab.models import MLP, ResNet, SmallCNN, WideResNet
from undertow.lab.recipe import Recipe
from undertow.lab.runner.drive import DivergedError
from undertow.lab.seeds import SeedPlan
from undertow.lab.trainings.noise import torch_seeded
from undertow.lab.trainings.precision import shortened
from undertow.lab.trainings.stack import Stack

pytestmark = pytest.mark.heavy

RECIPE = Recipe(
    epochs=2,
    batch=32,
    lr=0.05,
    flip=True,
    crop=1,
    label_smoothing=0.1,
    warmup=0.2,
    weight_decay=1e-3,
    precision="float64",
)


class Plain:
    """Two convolutions without batch norm."""

    def build(self, shape_CHW, classes):
        return nn.Sequential(
            nn.Conv2d(shape_CHW[0], 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 6, 3), nn.ReLU(),
            nn.Flatten(), nn.Linear(24, classes),
        )  # fmt: skip


class Tied:
    """Two layers that share their weights."""

    def build(self, shape_CHW, classes):
        first, second = nn.Linear(64, 64), nn.Linear(64, 64)
        second.weight = first.weight
        return nn.Sequential(nn.Flatten(), first, nn.ReLU(), second, nn.Linear(64, classes))


MODELS = [MLP((8,)), Plain(), SmallCNN(4), ResNet(8, 4), WideResNet(10, 1, dropout=0.3), Tied()]
every_model = pytest.mark.parametrize("model", MODELS, ids=lambda m: type(m).__name__)


@pytest.fixture(scope="module")
def data():
    return resident(Blobs(train=81).load(), dtype=torch.float64)


def seeds_of(members, vary=("init", "order", "augment", "dropout")):
    plan = SeedPlan(vary=vary)
    return [plan.member("dense", index) for index in range(members)]


def built(model, seeds_M, data):
    models = []
    for seeds in seeds_M:
        with torch_seeded(seeds["init"], data.device):
            models.append(model.build(data.shape_CHW, data.classes).to(data.dtype))
    return models


def both(model, data, recipe, interventions=(), seeds_M=None):
    seeds_M = seeds_M or seeds_of(3)
    alone, together = built(model, seeds_M, data), built(model, seeds_M, data)
    facts = [
        train_member(m, data, recipe, seeds, interventions)
        for m, seeds in zip(alone, seeds_M, strict=True)
    ]
    return alone, together, facts, train_stacked(together, data, recipe, seeds_M, interventions)


def assert_equal(alone, together):
    for one, other in zip(alone, together, strict=True):
        assert one.state_dict().keys() == other.state_dict().keys()
        for name, value in one.state_dict().items():
            torch.testing.assert_close(
                other.state_dict()[name], value, rtol=0, atol=1e-10, msg=name
            )


@every_model
@pytest.mark.parametrize(
    ("optimizer", "pruning"),
    [("adam", ()), ("sgd", (MagnitudePruning(0.5),))],
    ids=["adam, dense", "sgd, pruned"],
)
def test_float64_weights_equal_the_references(model, optimizer, pruning, data):
    recipe = replace(RECIPE, optimizer=optimizer, lr=0.05 if optimizer == "sgd" else 0.003)
    alone, together, facts, stacked = both(model, data, recipe, pruning)
    assert_equal(alone, together)
    for one, other in zip(facts, stacked, strict=True):
        assert other == pytest.approx(one, abs=1e-10)


@pytest.mark.parametrize(
    "intervention", [RandomPruning(0.5), MagnitudePruning(0.6, regrow=False, scope="global")]
)
def test_every_member_has_masks_of_its_own(intervention, data):
    alone, together, _, _ = both(SmallCNN(4), data, RECIPE, (intervention,))
    assert_equal(alone, together)
    zeros = [torch.cat([p.flatten() == 0 for p in m.parameters() if p.ndim >= 2]) for m in together]
    assert all(not torch.equal(a, b) for a, b in itertools.combinations(zeros, 2))


def test_one_shot_masks_hold_while_stacked_members_are_fine_tuned(data):
    alone, together, facts, stacked = both(
        SmallCNN(4), data, RECIPE, (OneShotPruning(0.5, RECIPE),)
    )
    assert_equal(alone, together)
    assert [f["sparsity"] for f in stacked] == [f["sparsity"] for f in facts]


@every_model
def test_members_that_share_their_data_order_share_images(model, data):
    seeds_M = seeds_of(3, vary=("init",))
    alone, together, _, _ = both(model, data, RECIPE, seeds_M=seeds_M)
    assert_equal(alone, together)


def test_a_member_that_diverges_leaves_the_others_as_they_are(data):
    seeds_M = seeds_of(3)
    together, alone = built(MLP((8,)), seeds_M, data), built(MLP((8,)), seeds_M, data)
    for models in (together, alone):
        next(models[1].parameters()).data[0] = float("inf")
    first, wild, last = train_stacked(together, data, RECIPE, seeds_M)
    for index in (0, 2):
        train_member(alone[index], data, RECIPE, seeds_M[index])
    assert_equal([alone[0], alone[2]], [together[0], together[2]])
    assert isinstance(wild, DivergedError)
    with pytest.raises(DivergedError) as caught:
        train_member(alone[1], data, RECIPE, seeds_M[1])
    assert str(wild) == str(caught.value)
    assert first["loss"] < 2
    assert last["loss"] < 2


def test_an_intervention_without_effect_is_the_members_error(data):
    _, idle = train_stacked(
        built(MLP((8,)), seeds_of(2), data),
        data,
        RECIPE,
        seeds_of(2),
        (MagnitudePruning(0.0),),
    )
    assert isinstance(idle, NoEffectError)


def test_float32_agrees_to_rounding(data):
    single = resident(Blobs(train=81).load())
    recipe = replace(RECIPE, precision="float32")
    alone, together, _, _ = both(SmallCNN(4), single, recipe)
    for one, other in zip(alone, together, strict=True):
        for name, value in one.state_dict().items():
            torch.testing.assert_close(other.state_dict()[name], value, rtol=1e-3, atol=1e-3)


def test_a_whole_training_under_bfloat16_stays_close_and_differs():
    single = resident(Blobs(train=81).load())
    recipe = replace(RECIPE, precision="bfloat16")
    _, _, facts, stacked = both(SmallCNN(4), single, recipe)
    plain, _, exact, _ = both(SmallCNN(4), single, replace(recipe, precision="float32"))
    for one, other, third in zip(facts, stacked, exact, strict=True):
        assert other["loss"] == pytest.approx(one["loss"], rel=0.05)
        assert one["loss"] != third["loss"]
    assert {p.dtype for m in plain for p in m.parameters()} == {torch.float32}


@pytest.mark.parametrize("shared", [True, False])
def test_a_batch_norm_of_members_is_that_of_each(shared):
    def net(seed):
        torch.manual_seed(seed)
        norm = nn.BatchNorm2d(4, momentum=0.3)
        nn.init.normal_(norm.weight)
        return nn.Sequential(norm, nn.Conv2d(4, 3, 3), nn.BatchNorm2d(3), nn.Flatten()).double()

    alone, members = [net(m) for m in range(2)], [net(m) for m in range(2)]
    x_MBCHW = torch.randn(2, 5, 4, 6, 6, dtype=torch.float64)
    if shared:
        x_MBCHW = x_MBCHW[:1].expand(2, -1, -1, -1, -1)
    stack = Stack(members, [])
    for _ in range(2):
        out_MBC = stack(x_MBCHW[0] if shared else x_MBCHW)
        out_MBC.square().sum().backward()
    for m, one in enumerate(alone):
        for _ in range(2):
            out_BC = one(x_MBCHW[m])
            out_BC.square().sum().backward()
        torch.testing.assert_close(out_MBC[m], out_BC)
        for name, parameter in one.named_parameters():
            torch.testing.assert_close(dict(stack.named_parameters())[name].grad[m], parameter.grad)
        for name, buffer in members[m].named_buffers():
            torch.testing.assert_close(buffer, one.state_dict()[name])


@pytest.mark.parametrize("acting", [(), (MagnitudePruning(0.5),)], ids=["dense", "masked"])
def test_under_bfloat16_a_stack_computes_in_it_where_the_reference_does(acting):
    layers = nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.Flatten()
    nets = [copy.deepcopy(nn.Sequential(*layers)) for _ in range(2)]
    for net, intervention in itertools.product(nets, acting):
        intervention.start(net, Horizon(10, 0))
    x_MBCHW = torch.randn(2, 4, 1, 5, 5)
    with shortened("bfloat16", torch.device("cpu")):
        alone = [net(x_BCHW) for net, x_BCHW in zip(nets, x_MBCHW, strict=True)]
        together = Stack(nets, [])(x_MBCHW)
    assert alone[0].dtype == together.dtype == torch.bfloat16
    torch.testing.assert_close(together, torch.stack(alone), rtol=0.05, atol=0.05)


def test_members_without_augmentation_draw_none(data, monkeypatch):
    def drawn(*what):
        raise AssertionError("drawn for nothing")

    monkeypatch.setattr("undertow.lab.feeds.augment.Draws.of_epoch", drawn)
    both(MLP((8,)), data, replace(RECIPE, flip=False, crop=0))
