"""The tracer names the first operator that gives other bits, and nothing where all are equal."""

import pickle
from dataclasses import dataclass

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from blobs import BlobsKept
from contracts.test_trainings import CASES, given
from undertow.lab.feeds.resident import resident
from undertow.lab.interventions.arithmetic import ChannelPermutation
from undertow.lab.interventions.weights import FlippedBit
from undertow.lab.measurements.first_difference import first_difference
from undertow.lab.measurements.operators_called import digest, operators_called
from undertow.lab.models import SmallCNN
from undertow.lab.recipe import Recipe
from undertow.lab.trainings.supervised import Supervised

RECIPE = Recipe(epochs=1, batch=16, lr=0.05)
CALLS = {"forward": 0, "backward": 0}
"""What a kernel that is not deterministic depends on: nothing that the step was given."""


def _moved(x, where):
    CALLS[where] += 1
    moved = x.clone()
    moved[0, 0, 0, 3] += 1e-6 * CALLS[where]
    return moved


@torch.library.custom_op("planted::forward_noise", mutates_args=())
def forward_noise(x: torch.Tensor) -> torch.Tensor:
    return _moved(x, "forward")


@torch.library.custom_op("planted::backward_noise", mutates_args=())
def backward_noise(x: torch.Tensor) -> torch.Tensor:
    return _moved(x, "backward")


class Planted(nn.Module):
    """The same numbers, but for the noise of one kernel."""

    def __init__(self, where):
        super().__init__()
        self.where = where

    def forward(self, x):
        return _Planted.apply(x, self.where)


class _Planted(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, where):
        ctx.where = where
        return forward_noise(x) if where == "forward" else x.clone()

    @staticmethod
    def backward(ctx, grad):
        return (backward_noise(grad) if ctx.where == "backward" else grad), None


def step(where="nowhere", seed=0, optimizer=torch.optim.SGD, **settings):
    """One step from its beginning: a network, an optimizer and data of its own."""

    def once():
        source = torch.Generator().manual_seed(0)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            net = nn.Sequential(
                nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Sequential(nn.ReLU(), Planted(where)),
                nn.Flatten(), nn.Linear(144, 3),
            )  # fmt: skip
        made = optimizer(net.parameters(), **{"lr": 0.1} | settings)
        x_BCHW = torch.randn(8, 1, 8, 8, generator=source)
        F.cross_entropy(net(x_BCHW), torch.arange(8) % 3).backward()
        made.step()

    return once


@pytest.mark.parametrize(
    "settings",
    [{}, {"momentum": 0.9, "fused": True}, {"optimizer": torch.optim.Adam, "fused": True}],
    ids=str,
)
def test_equal_runs_have_no_difference(settings):
    assert first_difference(step(**settings), step(**settings)) is None


def test_a_planted_forward_operator_is_named():
    found = first_difference(step("forward"), step("forward"))
    assert found.why == "output"
    assert found.one.operator == "planted.forward_noise"
    assert (found.one.phase, found.one.module) == ("forward", "Sequential.2.1")
    assert found.one.shapes == ((8, 4, 6, 6),)
    assert found.apart == 1
    assert found.largest == pytest.approx(1e-6, rel=0.5)
    assert str(found).startswith(f"call {found.number + 1} of {found.calls}: planted.forward_noise")
    assert (
        "(forward, in Sequential.2.1) gives other bits, first in output 1 of 1 of shape "
        "(8, 4, 6, 6); 1 numbers differ, by "
    ) in str(found)


def test_a_planted_backward_operator_is_named():
    found = first_difference(step("backward"), step("backward"))
    assert (found.why, found.one.operator) == ("output", "planted.backward_noise")
    assert (found.one.phase, found.one.module) == ("backward", "Sequential.2.1")


def test_another_rate_is_found_in_the_optimizer():
    found = first_difference(step(fused=True), step(lr=0.2, fused=True))
    assert (found.why, found.one.phase) == ("output", "optimizer")
    assert "sgd" in found.one.operator


def test_what_a_step_began_with_is_no_operators_fault():
    """Weights that come from outside: the first to read them is named, as one that read others."""
    weight_a, weight_b = torch.ones(3, 5), torch.ones(3, 5)
    weight_b[1, 2] += 1e-6
    x = torch.ones(4, 5)
    found = first_difference(lambda: x @ weight_a.T, lambda: x @ weight_b.T)
    assert (found.why, found.one.operator) == ("input", "aten.mm")
    assert "reads other bits already" in str(found)


def test_another_operator_is_a_difference():
    found = first_difference(lambda: torch.ones(3).exp(), lambda: torch.ones(3).log())
    assert str(found) == (
        "call 2 of 2: aten.exp (forward) in one run, aten.log (forward) in the other"
    )
    shorter = first_difference(lambda: torch.ones(3), lambda: torch.ones(3).log())
    assert str(shorter) == "call 2 of 2: nothing more in one run, aten.log (forward) in the other"


def test_another_shape_is_a_difference():
    found = first_difference(lambda: torch.ones(3), lambda: torch.ones(4))
    assert str(found) == (
        "call 1 of 1: aten.ones (forward) gives other bits; shapes are ((3,),) and ((4,),)"
    )


def test_memory_that_nobody_filled_is_no_difference():
    def fresh():
        made = torch.empty(1000)
        torch.rand(1000)
        return made.fill_(2.0)

    names = [call.operator for call in operators_called(fresh)]
    assert names == ["aten.rand", "aten.fill_"]
    torch.manual_seed(0)
    one = operators_called(lambda: torch.empty(1000).fill_(2.0))
    assert first_difference(one, lambda: torch.empty(1000).fill_(2.0)) is None


def test_notes_travel_and_need_no_values():
    kept, light = (operators_called(step("forward"), keep=k) for k in (True, False))
    found = first_difference(pickle.loads(pickle.dumps(kept)), light)
    assert (found.one.operator, found.apart) == ("planted.forward_noise", 0)
    assert all(not call.values for call in light)


def test_looking_changes_nothing():
    """A step has the bytes that it has unwatched."""
    made = []

    def once():
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            net = nn.Sequential(nn.Flatten(), nn.Linear(64, 3))
            x_BCHW = torch.randn(8, 1, 8, 8)
        net(x_BCHW).square().sum().backward()
        made.append(net[1].weight.grad)

    once()
    operators_called(once)
    assert torch.equal(*made)
    assert not torch.utils._python_dispatch._get_current_dispatch_mode_stack()


def test_a_digest_is_of_numbers_and_not_of_their_order_in_memory():
    x = torch.randn(2, 3, 4, 4)
    assert digest(x) == digest(x.to(memory_format=torch.channels_last))
    assert digest(x) != digest(x + 1e-6)
    assert digest(x.to(torch.bfloat16)) != digest(x)
    assert digest(torch.zeros(0)) == digest(torch.ones(0))
    assert digest(torch.tensor(1.0)) != digest(torch.tensor(2.0))
    assert digest(torch.ones(3, device="meta")) == ""


@dataclass(frozen=True)
class Noisy:
    """A network with a kernel that is not deterministic."""

    def build(self, shape_CHW, classes):
        return nn.Sequential(
            nn.Conv2d(shape_CHW[0], 4, 3), Planted("forward"), nn.Flatten(), nn.Linear(144, classes)
        )


def lab_step(acting=(), model=None, training=None):
    """The first step of a training of the lab, on a member that is built anew."""
    data = resident(BlobsKept(train=40).load(), dtype=torch.float32)

    def once():
        run = (training or Supervised(RECIPE)).start(
            given(data, acting, model=model or SmallCNN(4))
        )
        return lambda: run.step(0)

    return lambda: operators_called(once())


def test_a_step_of_the_lab_is_told_apart_where_it_parts():
    assert first_difference(lab_step()(), lab_step()()) is None
    found = first_difference(lab_step(model=Noisy())(), lab_step(model=Noisy())())
    assert (found.one.operator, found.one.module) == ("planted.forward_noise", "Sequential.1")
    flip = FlippedBit(weight="0.weight", index=3)
    found = first_difference(lab_step()(), lab_step((flip,))())
    assert (found.why, found.one.operator, found.one.module) == (
        "input", "aten.convolution", "Sequential.0"
    )  # fmt: skip
    permuted = operators_called(_under_permutation())
    assert first_difference(lab_step()(), permuted).why == "operators"


def _under_permutation():
    data = resident(BlobsKept(train=40).load(), dtype=torch.float32)
    one = given(data, (ChannelPermutation(),), model=SmallCNN(4))
    run = Supervised(RECIPE).start(one)

    def once():
        with ChannelPermutation().around(one):
            run.step(0)

    return once


@pytest.mark.heavy
@pytest.mark.parametrize("case", ["adam", "pruned", "contrastive", "phases", "robust, taught"])
def test_every_kind_of_training_can_be_looked_at(case):
    training, acting = CASES[case]
    data = resident(BlobsKept(train=40).load(), dtype=torch.float64)

    def notes():
        run = training.start(given(data, acting))
        return operators_called(lambda: run.step(0))

    one, other = notes(), notes()
    assert {call.phase for call in one} == {"forward", "backward", "optimizer"}
    assert first_difference(one, other) is None
