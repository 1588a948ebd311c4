"""What holds for every objective; one that is exported but not in ``SMALL`` fails here."""

import copy
import pickle

import pytest
import torch
from torch.nn import functional as F

from undertow.lab.interventions import objective
from undertow.lab.interventions.site import AbstractObjective

SMALL = [
    objective.Distillation(),
    objective.Distillation(temperature=3.0, teacher_member=1),
]
every = pytest.mark.parametrize("goal", SMALL, ids=repr)


def given(*axes):
    """Logits of a student and labels, and logits of a teacher; without axes in front unless
    told."""
    source = torch.Generator().manual_seed(0)
    logits, teacher = torch.randn(2, *axes, 6, 5, generator=source, dtype=torch.float64)
    return logits, torch.randint(0, 5, (*axes, 6), generator=source), teacher


def loss(goal, logits, y, teacher):
    return goal.each(logits, y, teacher if goal.teaches else None)


def test_every_exported_objective_is_under_contract():
    assert {type(goal).__name__ for goal in SMALL} == set(objective.__all__)
    assert all(isinstance(goal, AbstractObjective) for goal in SMALL)


@every
def test_it_gives_every_example_a_finite_loss_and_changes_nothing_it_is_given(goal):
    logits, y, teacher = given()
    before = copy.deepcopy((logits, y, teacher))
    each_B = loss(goal, logits, y, teacher)
    assert each_B.shape == y.shape
    assert each_B.dtype == logits.dtype
    assert each_B.isfinite().all()
    assert all(torch.equal(a, b) for a, b in zip(before, (logits, y, teacher), strict=True))


@every
def test_it_is_another_loss_than_cross_entropy_with_the_labels(goal):
    logits, y, teacher = given()
    assert not torch.allclose(
        loss(goal, logits, y, teacher), F.cross_entropy(logits, y, reduction="none")
    )


@every
def test_the_same_logits_give_the_same_bytes(goal):
    assert torch.equal(loss(goal, *given()), loss(goal, *given()))


@every
def test_members_in_front_are_each_as_alone(goal):
    logits, y, teacher = given(3)
    each_MB = loss(goal, logits, y, teacher)
    for m in range(3):
        torch.testing.assert_close(
            each_MB[m], loss(goal, logits[m], y[m], teacher[m]), rtol=0, atol=1e-12
        )


@every
def test_examples_are_on_their_own(goal):
    logits, y, teacher = given()
    order = torch.tensor([3, 1, 5, 0, 2, 4])
    moved = loss(goal, logits[order], y[order], teacher[order])
    torch.testing.assert_close(moved, loss(goal, logits, y, teacher)[order], rtol=0, atol=1e-12)


@every
def test_the_gradient_reaches_the_student_and_equals_finite_differences(goal):
    logits, y, teacher = given()
    assert torch.autograd.gradcheck(lambda x: loss(goal, x, y, teacher), logits.requires_grad_())


@every
def test_the_description_round_trips(goal):
    names = {name: getattr(objective, name) for name in objective.__all__}
    assert eval(repr(goal), names) == goal
    assert pickle.loads(pickle.dumps(goal)) == goal
    assert hash(goal) == hash(copy.deepcopy(goal))
