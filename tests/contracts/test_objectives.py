"""What holds for every objective; one that is exported but not in ``SMALL`` fails here."""

import copy
import pickle

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from blobs import BlobsKept
from undertow.lab.feeds.resident import resident
from undertow.lab.interventions import objective
from undertow.lab.interventions.site import AbstractObjective
from undertow.lab.seeds import SeedPlan
from undertow.lab.trainings.noise import torch_seeded
from undertow.lab.trainings.teacher import stacked_teacher
from undertow.lab.trainings.training import Given

SMALL = [
    objective.Distillation(),
    objective.Distillation(temperature=3.0, teacher_member=1),
    objective.DORO(alpha=0.5),
    objective.DORO(alpha=0.4, epsilon=0.2, divergence="chi2"),
    objective.GroupDRO(step=0.5),
    objective.GroupDRO(groups="half", adjustment=2.0, multipliers="held_out", update_every=1),
    objective.LogitAdjustment(),
    objective.LogitAdjustment(tau=0.5),
    objective.Robust(alpha=0.0),
    objective.Robust(update_every=3),
    objective.Robust(alpha=0.5, groups="half", one_over_m=False),
    objective.RobustDistillation(alpha=0.0, temperature=2.0),
    objective.RobustDistillation(held_out_temperature=0.1, update_every=1),
    objective.RobustDistillation(alpha=0.5, held_out="labels", one_over_m=False),
    objective.RobustDistillation(groups="half", teacher_member=1),
]
every = pytest.mark.parametrize("goal", SMALL, ids=repr)
IN_ITS_BATCH = (objective.DORO, objective.GroupDRO)
"""What an example counts for depends on the others of its batch, and no gradient flows through
that."""

DATA = resident(BlobsKept(train=41).load(), dtype=torch.float64)
"""An odd number, so that halves are not alike."""
INDEX = torch.tensor([3, 11, 4, 25, 39, 0])


def built(stream, member):
    with torch_seeded(SeedPlan().member(stream, member)["init"], DATA.device):
        return nn.Sequential(nn.Flatten(), nn.Linear(64, 3)).double()


def started(goal, members=None):
    """Of member 0 alone, of another one by its number in a list, or of several together."""
    who = [0] if members is None else members
    teachers = [built("teacher", m).eval() for m in who]
    teacher = teachers[0] if len(who) == 1 else stacked_teacher(teachers, len(who))
    seeds_M = [SeedPlan().member("dense", m) for m in who]
    models = [built("dense", m) for m in who]
    return goal.start(
        Given(
            DATA,
            models,
            seeds_M,
            (goal,),
            teacher if goal.teaches else None,
            together=len(who) > 1,
        )
    )


def side_by_side():
    """Three networks, asked about shared images."""
    models = [built("dense", m) for m in range(3)]
    seeds_M = [SeedPlan().member("dense", m) for m in range(3)]
    given = Given(DATA, models, seeds_M, together=True)
    return given.network(given.noise("dropout"))


def given(*axes):
    """Logits of a student, labels, indices, and logits of a teacher; without axes in front unless
    told."""
    source = torch.Generator().manual_seed(0)
    logits, teacher = torch.randn(2, *axes, 6, 3, generator=source, dtype=torch.float64)
    index = INDEX.expand(*axes, 6)
    return logits, DATA.train_y_N[index], index, teacher


def loss(goal, logits, y, index, teacher, members=None):
    run = started(goal, members)
    return run.each(logits, y, index, teacher if goal.teaches else None)


def test_every_exported_objective_is_under_contract():
    assert {type(goal).__name__ for goal in SMALL} == set(objective.__all__)
    assert all(isinstance(goal, AbstractObjective) for goal in SMALL)


@every
def test_it_gives_every_example_a_finite_loss_and_changes_nothing_it_is_given(goal):
    logits, y, index, teacher = given()
    before = copy.deepcopy((logits, y, index, teacher))
    each_B = loss(goal, logits, y, index, teacher)
    assert each_B.shape == y.shape
    assert each_B.dtype == logits.dtype
    assert each_B.isfinite().all()
    after = (logits, y, index, teacher)
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))


@every
def test_it_is_another_loss_than_cross_entropy_with_the_labels(goal):
    logits, y, index, teacher = given()
    plain_B = F.cross_entropy(logits, y, reduction="none")
    assert not torch.allclose(loss(goal, logits, y, index, teacher), plain_B)


@every
def test_the_same_logits_give_the_same_bytes(goal):
    assert torch.equal(loss(goal, *given()), loss(goal, *given()))


@every
def test_a_score_changes_nothing(goal):
    """Who asks without a gradient asks the same question again."""
    logits, y, index, teacher = given()
    run, teacher = started(goal), teacher if goal.teaches else None
    before = copy.deepcopy(run.state_dict())
    first, second = (run.each(logits, y, index, teacher) for _ in range(2))
    assert torch.equal(first, second)
    same(run.state_dict(), before)


def same(found, expected):
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert torch.allclose(found[name], value, rtol=0, atol=0, equal_nan=True), name


@pytest.mark.heavy
@every
def test_members_in_front_are_each_as_alone(goal):
    logits, y, index, teacher = given(3)
    together = started(goal, [0, 1, 2])
    network = side_by_side()
    for t in range(4):
        graded = logits.clone().requires_grad_()
        each_MB = together.each(graded, y, index, teacher if goal.teaches else None)
        together.after_step(t, network)
    for m in range(3):
        alone = started(goal, [m])
        for t in range(4):
            graded = logits[m].clone().requires_grad_()
            each_B = alone.each(graded, y[m], index[m], teacher[m] if goal.teaches else None)
            alone.after_step(t, network.models[m])
        torch.testing.assert_close(each_MB[m], each_B, rtol=0, atol=1e-12)
        told = {name: value_M[m] for name, value_M in together.told().items()}
        mine = {name: value_M[0] for name, value_M in alone.told().items()}
        for name, value in mine.items():
            torch.testing.assert_close(told[name], value, rtol=0, atol=1e-12, equal_nan=True)


@every
def test_what_it_keeps_goes_into_a_checkpoint_and_comes_back(goal):
    logits, y, index, teacher = given()
    teacher = teacher if goal.teaches else None
    graded, network = logits.clone().requires_grad_(), built("dense", 0)
    whole = started(goal)
    for t in range(3):
        whole.each(graded, y, index, teacher)
        whole.after_step(t, network)
    other = started(goal)
    other.load_state_dict(copy.deepcopy(whole.state_dict()))
    same(other.state_dict(), whole.state_dict())
    for t in range(3, 7):
        found, expected = (run.each(graded, y, index, teacher) for run in (other, whole))
        assert torch.equal(found, expected)
        assert other.after_step(t, network) == whole.after_step(t, network)
    same(other.state_dict(), whole.state_dict())


@every
def test_examples_are_on_their_own(goal):
    logits, y, index, teacher = given()
    order = torch.tensor([3, 1, 5, 0, 2, 4])
    moved = loss(goal, *(part[order] for part in (logits, y, index, teacher)))
    straight = loss(goal, logits, y, index, teacher)
    torch.testing.assert_close(moved, straight[order], rtol=0, atol=1e-12)


@every
def test_the_gradient_reaches_the_student_and_equals_finite_differences(goal):
    logits, y, index, teacher = given()
    run = started(goal)
    if isinstance(goal, objective.GroupDRO) and goal.multipliers == "train":
        run.multipliers.grow = lambda by_MG: None  # q stays where one differentiates

    def of(x):
        each_B = run.each(x, y, index, teacher if goal.teaches else None)
        return each_B.mean() if isinstance(goal, IN_ITS_BATCH) else each_B

    assert torch.autograd.gradcheck(of, logits.requires_grad_())


@every
def test_the_description_round_trips(goal):
    names = {name: getattr(objective, name) for name in objective.__all__}
    assert eval(repr(goal), names) == goal
    assert pickle.loads(pickle.dumps(goal)) == goal
    assert hash(goal) == hash(copy.deepcopy(goal))
