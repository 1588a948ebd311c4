"""``ClassWeighted``: a network for each class, each trained as it would be alone."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
import torch
from torch.nn import functional as F

from blobs import Blobs
from contracts.test_trainings import RECIPE, assert_same_bytes, given, weights
from undertow.errors import UserError
from undertow.lab.feeds.resident import resident
from undertow.lab.interventions.site import PureObjective
from undertow.lab.models import MLP, SmallCNN, Specialists
from undertow.lab.models.specialists import together
from undertow.lab.runner.checkpoint import FolderShelf, Saver, Stopped
from undertow.lab.runner.drive import drive
from undertow.lab.trainings.class_weighted import ClassWeighted, weighted
from undertow.lab.trainings.supervised import Supervised
from undertow.lab.trainings.training import Given

PANEL = Specialists(SmallCNN(4))  # it has batch norm
CLASSES = 3


@dataclass(frozen=True)
class Counted(PureObjective):
    """Cross-entropy of one class counted 1 + ``gamma`` times."""

    label: int
    gamma: float

    def each(self, logits_BC, y_B, teacher_logits_BC):
        loss_B = F.cross_entropy(logits_BC, y_B, reduction="none")
        return loss_B * torch.where(y_B == self.label, 1 + self.gamma, 1.0)


@pytest.fixture(scope="module")
def data():
    return resident(Blobs(train=40).load(), dtype=torch.float64)


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_each_network_is_trained_as_it_would_be_alone(data, optimizer):
    recipe = replace(RECIPE, optimizer=optimizer, lr=0.01)
    panel, alone = given(data, (), model=PANEL), given(data, (), model=PANEL)
    drive(ClassWeighted(recipe, gamma=4.0), panel)
    for c in range(CLASSES):
        network = alone.models[0].networks[c]
        by_itself = Given(data, [network], alone.seeds_M, (Counted(c, 4.0),))
        drive(Supervised(recipe), by_itself)
        found = panel.models[0].networks[c].state_dict()
        for name, value in network.state_dict().items():
            torch.testing.assert_close(found[name], value, rtol=0, atol=1e-10)


def test_the_loss_is_that_of_a_slow_loop_in_value_and_gradient():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(5, 3, 3, generator=generator, dtype=torch.float64, requires_grad=True)
    y = torch.tensor([0, 2, 1, 1, 0])
    found = weighted(logits, y, 9.0)
    slow = []
    for b in range(5):
        terms = []
        for k in range(3):
            exps = logits[b, k].exp()
            terms.append((10.0 if y[b] == k else 1.0) * -(exps[y[b]] / exps.sum()).log())
        slow.append(sum(terms))
    expected = torch.stack(slow)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=0)
    grad = [
        torch.autograd.grad(each.sum(), logits, retain_graph=True)[0] for each in (found, expected)
    ]
    torch.testing.assert_close(*grad, rtol=1e-10, atol=1e-14)


def test_more_weight_on_a_class_makes_its_network_better_there(data):
    """Than the same network without it, from the same start."""
    recipe, own = replace(RECIPE, epochs=1, lr=0.002), {}
    for gamma in (0.0, 9.0):
        panel = given(data, (), model=Specialists(MLP((8,))))
        drive(ClassWeighted(recipe, gamma), panel)
        with torch.no_grad():
            log_p_NKC = panel.models[0].eval().each(data.train_x_NCHW).log_softmax(-1)
        own[gamma] = [-log_p_NKC[data.train_y_N == c, c, c].mean() for c in range(CLASSES)]
    assert all(more < none for more, none in zip(own[9.0], own[0.0], strict=True))


def test_together_they_answer_with_the_mean_of_their_probabilities():
    logits = torch.randn(4, 3, 5, dtype=torch.float64)
    torch.testing.assert_close(together(logits).exp(), logits.softmax(-1).mean(-2))


def test_stopped_at_each_step_it_ends_in_the_bytes_of_one_never_stopped(data, tmp_path):
    training = ClassWeighted(RECIPE)
    whole = given(data, (), model=PANEL)
    facts = drive(training, whole)
    shelf = FolderShelf(tmp_path)
    for _ in range(1, training.steps(data)):
        with pytest.raises(Stopped):
            drive(
                training,
                given(data, (), model=PANEL),
                saver=Saver(shelf, "000", asked=lambda: True),
            )
    broken = given(data, (), model=PANEL)
    assert drive(training, broken, saver=Saver(shelf, "000")) == facts
    assert_same_bytes(weights(broken), weights(whole))


def test_it_says_what_it_needs(data):
    with pytest.raises(UserError) as caught:
        drive(ClassWeighted(RECIPE), given(data, (), model=MLP((4,))))
    assert str(caught.value) == (
        f"{ClassWeighted(RECIPE)!r} trains a network for each class, and the model is a Sequential; "
        "give the population Specialists(model)"
    )
    with pytest.raises(ValueError) as caught:
        ClassWeighted(RECIPE, gamma=-1.0)
    assert str(caught.value) == (
        f"ClassWeighted(recipe={RECIPE!r}, gamma=-1.0): gamma is a finite number of 0 or more"
    )
