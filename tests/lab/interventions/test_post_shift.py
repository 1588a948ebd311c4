"""``PostShift``: what is fitted, and what becomes of a member."""

import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from blobs import Blobs, BlobsKept
from undertow.errors import NoEffectError, UndertowError, UserError
from undertow.lab.data import FlooredLongTail, LongTailed
from undertow.lab.data.longtail import take
from undertow.lab.feeds.resident import resident
from undertow.lab.interventions.weights import PostShift
from undertow.lab.models import MLP
from undertow.lab.population import Population
from undertow.lab.recipe import Recipe
from undertow.lab.runner.drive import drive
from undertow.lab.runner.trainer import train_population
from undertow.lab.trainings.shifting import fitted, recalls
from undertow.lab.trainings.training import Given
from undertow.records.read import read_population

DATA = resident(BlobsKept(train=40, held_out=60).load(), dtype=torch.float64)


def model(bias=True):
    """It knows dark from light, and hardly ever says grey."""
    source = torch.Generator().manual_seed(3)
    linear = nn.Linear(64, 3, bias=bias).double()
    with torch.no_grad():
        brighter = torch.tensor([[-1.0], [0.0], [1.0]]) / 64
        linear.weight.copy_(brighter + torch.randn(3, 64, generator=source) / 64)
        if bias:
            linear.bias.copy_(torch.tensor([0.3, -1.0, 0.0]))
    return nn.Sequential(nn.Flatten(), linear)


def logits(net):
    with torch.no_grad():
        return net(DATA.held_out_x_NCHW)


def worst_loop(logits_NC, y_N):
    """The worst recall and the mean, by counting."""
    right, count = [0] * 3, [0] * 3
    for row, y in zip(logits_NC.tolist(), y_N.tolist(), strict=True):
        count[y] += 1
        right[y] += row.index(max(row)) == y
    found = [a / b for a, b in zip(right, count, strict=True)]
    return min(found), sum(found) / 3


def fitted_loop(logits_NC, rounds, rate):
    y_N = DATA.held_out_y_N
    prior = np.bincount(DATA.train_y_N.numpy()) / len(DATA.train_y_N)
    best, best_shift = worst_loop(logits_NC, y_N), np.zeros(3)
    lam = np.ones(3) / 3
    for _ in range(rounds):
        shift = np.log(lam / prior)
        shift = shift - shift.mean()
        moved = logits_NC + torch.from_numpy(shift)
        if worst_loop(moved, y_N) > best:
            best, best_shift = worst_loop(moved, y_N), shift
        error = 1 - recalls(moved, y_N).numpy()
        lam = lam * np.exp(rate * error)
        lam = lam / lam.sum()
    return best_shift


def test_it_is_the_loop_written_out():
    said_NC = logits(model())
    for rounds in (0, 1, 7, 60):
        found = fitted(said_NC, DATA, rounds, 0.3)
        expected = fitted_loop(said_NC, rounds, 0.3)
        assert found.tolist() == pytest.approx(expected.tolist(), abs=1e-9)
    assert found.any()


def test_the_head_is_shifted_and_nothing_else():
    net = model()
    before, said_NC = [p.detach().clone() for p in net.parameters()], logits(net)
    shift = PostShift(rounds=60, step=0.3, precision="float64")
    (facts,) = drive(shift.finetune, Given(DATA, [net], [{"init": 0}], (shift,)))
    expected = fitted(said_NC, DATA, 60, 0.3)
    torch.testing.assert_close(logits(net), said_NC + expected, rtol=0, atol=1e-12)
    assert torch.equal(net[1].weight, before[0])
    worst = [worst_loop(z, DATA.held_out_y_N)[0] for z in (said_NC, said_NC + expected)]
    assert facts == {
        "held_out_worst_before": worst[0],
        "held_out_worst": worst[1],
        "weights_changed": 3.0,
        "shift_range": pytest.approx(float(expected.max() - expected.min())),
    }
    assert worst[1] > worst[0]


def test_where_none_is_better_a_member_stays_as_it_is():
    net = model()
    with torch.no_grad():  # right about every held-out example
        x_NF, y_N = DATA.held_out_x_NCHW.flatten(1), DATA.held_out_y_N
        net[1].weight.zero_()
        for label in range(3):
            net[1].weight[label] = x_NF[y_N == label].mean(0)
        net[1].bias.copy_(-(net[1].weight ** 2).sum(1) / 2)
    before = net[1].bias.detach().clone()
    shift = PostShift(rounds=20, precision="float64")
    (facts,) = drive(shift.finetune, Given(DATA, [net], [{"init": 0}], (shift,)))
    assert facts["held_out_worst"] == facts["held_out_worst_before"] == 1.0
    assert facts["weights_changed"] == 0
    assert torch.equal(net[1].bias, before)


class Scaled(nn.Module):
    """A bias of whose head is not added to the logits."""

    def __init__(self):
        super().__init__()
        self.flatten, self.head = model()

    def forward(self, x):
        return 7 * self.head(self.flatten(x))


def lacking(label):
    """The same without this class in the held-out part."""
    splits = BlobsKept(train=41).load()
    kept = take(splits.held_out, np.flatnonzero(splits.held_out.label_N != label))
    return resident(replace(splits, held_out=kept), dtype=torch.float64)


def alone(net, data=DATA):
    shift = PostShift(rounds=200, step=1.0, precision="float64")
    (ended,) = drive(shift.finetune, Given(data, [net], [{"init": 0}], (shift,)))
    if isinstance(ended, Exception):
        raise ended


@pytest.mark.parametrize(
    ("make", "kind", "message"),
    [
        (
            lambda: alone(model(bias=False)),
            UserError,
            "Sequential: its head '1' has no bias that could be shifted; give that layer one",
        ),
        (
            lambda: alone(Scaled()),
            UserError,
            "Scaled: a bias added to its head 'head' does not add to its logits; give it an "
            "attribute head with the layer that gives them",
        ),
        (
            lambda: alone(model(), resident(Blobs().load(), dtype=torch.float64)),
            UserError,
            "PostShift: it looks at held-out examples, and the data have none; train on "
            "HeldOut(data, share=0.1)",
        ),
        (
            lambda: alone(model(), lacking(2)),
            UserError,
            "PostShift: no held-out example of class 2, counted from 0; each class needs one. Cut "
            "the data in another way, such as HeldOut(data, share=0.1), which draws by class",
        ),
        (
            lambda: PostShift(step=0),
            ValueError,
            "PostShift(rounds=200, step=0, precision='float32'): rounds are 0 or more, step is a "
            "finite number above 0",
        ),
        (
            lambda: PostShift(rounds=0).start(model(), None).finish(),
            NoEffectError,
            "PostShift(rounds=0, step=0.1, precision='float32') changed no weight; give it rounds",
        ),
    ],
)
def test_what_cannot_be_is_refused(make, kind, message):
    with pytest.raises(kind, match="^" + re.escape(message) + "$"):
        make()


RECIPE = Recipe(epochs=2, batch=16, lr=0.02)
TAIL = LongTailed(BlobsKept(train=200), FlooredLongTail(10))


@pytest.mark.heavy
@pytest.mark.parametrize("runner", ["loop", "processes", "auto"])
def test_members_are_shifted_after_training_one_by_one(runner, tmp_path):
    dense = Population("dense", TAIL, MLP((8,)), RECIPE, members=2)
    shifted = dense.under(PostShift(), name="shifted")
    folder = train_population(shifted, tmp_path, runner=runner, workers=2)
    before, after = (read_population(tmp_path / name) for name in ("dense", "shifted"))
    assert after.manifest.parent == "dense"
    assert after.manifest.dtype == before.manifest.dtype == "float32"
    logs = np.log(after.proba_MNC) - np.log(before.proba_MNC)
    for member, log_NC in zip(after.manifest.members, logs, strict=True):
        moved_NC = log_NC - log_NC.mean(1, keepdims=True)
        np.testing.assert_allclose(
            moved_NC, np.broadcast_to(moved_NC[0], moved_NC.shape), atol=1e-3
        )
        assert member.facts["held_out_worst"] >= member.facts["held_out_worst_before"]
    assert folder.name == "shifted"


@pytest.mark.heavy
def test_without_a_held_out_part_each_member_says_why(tmp_path):
    dense = Population("dense", Blobs(), MLP((8,)), RECIPE, members=1)
    with pytest.raises(UndertowError) as caught:
        train_population(dense.under(PostShift(), name="shifted"), tmp_path, runner="loop")
    assert "PostShift: it looks at held-out examples, and the data have none" in str(caught.value)
