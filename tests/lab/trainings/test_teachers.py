"""Students in the loop and in a stack: one teacher each, or one for all, on the very pixels that
the student sees."""

import copy
from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from blobs import Blobs
from trainings import train_member, train_stacked
from undertow.lab.feeds.resident import resident
from undertow.lab.interventions.objective import Distillation
from undertow.lab.interventions.weights import MagnitudePruning
from undertow.lab.models import MLP, ResNet, SmallCNN, WideResNet
from undertow.lab.population import Population
from undertow.lab.recipe import Recipe
from undertow.lab.runner.memory import MemberMemory, member_memory, members_that_fit
from undertow.lab.seeds import SeedPlan
from undertow.lab.trainings.noise import torch_seeded
from undertow.lab.trainings.precision import shortened
from undertow.lab.trainings.teacher import stacked_teacher, teacher_logits

pytestmark = pytest.mark.heavy

RECIPE = Recipe(
    epochs=2, batch=32, lr=0.05, flip=True, crop=1, weight_decay=1e-3, precision="float64"
)
GOAL = Distillation(temperature=2.0)
PLAN = SeedPlan()
MODELS = [MLP((8,)), SmallCNN(4), ResNet(8, 4), WideResNet(10, 1, dropout=0.3)]
every_model = pytest.mark.parametrize("model", MODELS, ids=lambda m: type(m).__name__)


@pytest.fixture(scope="module")
def data():
    return resident(Blobs(train=81).load(), dtype=torch.float64)


def built(model, data, name, members=3):
    models = []
    for member in range(members):
        with torch_seeded(PLAN.member(name, member)["init"], data.device):
            models.append(model.build(data.shape_CHW, data.classes).to(data.dtype))
    return models


def taught_by(model, data, members=3):
    """Teachers that were trained, so that their batch norms have statistics."""
    models = built(model, data, "teacher", members)
    for member, teacher in enumerate(models):
        train_member(teacher, data, replace(RECIPE, epochs=1), PLAN.member("teacher", member))
        teacher.eval().requires_grad_(False)
    return models


def both(model, data, teachers, acting=(), seeds_M=None):
    """Trained one by one and together, with what was measured."""
    seeds_M = seeds_M or [PLAN.member("student", member) for member in range(3)]
    alone, together = built(model, data, "student"), built(model, data, "student")
    facts = [
        train_member(
            student,
            data,
            RECIPE,
            seeds,
            acting,
            objective=GOAL,
            teacher=teachers[m % len(teachers)],
        )
        for m, (student, seeds) in enumerate(zip(alone, seeds_M, strict=True))
    ]
    ends = train_stacked(
        together,
        data,
        RECIPE,
        seeds_M,
        acting,
        objective=GOAL,
        teacher=stacked_teacher(teachers, 3),
    )
    return alone, together, facts, ends


def assert_equal(alone, together):
    for one, other in zip(alone, together, strict=True):
        for name, value in one.state_dict().items():
            torch.testing.assert_close(
                other.state_dict()[name], value, rtol=0, atol=1e-10, msg=name
            )


@every_model
@pytest.mark.parametrize(
    ("teachers", "acting"),
    [(3, (MagnitudePruning(0.5),)), (1, ())],
    ids=["own, pruned", "one for all, dense"],
)
def test_float64_students_in_a_stack_are_the_references(model, teachers, acting, data):
    alone, together, facts, ends = both(model, data, taught_by(model, data, teachers), acting)
    assert_equal(alone, together)
    for one, other in zip(facts, ends, strict=True):
        assert other == pytest.approx(one, abs=1e-10)


@pytest.mark.parametrize("teachers", [3, 1], ids=["own", "one for all"])
def test_a_teacher_may_have_another_model_and_students_may_share_images(teachers, data):
    plan = SeedPlan(vary=("init",))
    seeds_M = [plan.member("student", member) for member in range(3)]
    alone, together, _, _ = both(
        MLP((8,)), data, taught_by(SmallCNN(4), data, teachers), seeds_M=seeds_M
    )
    assert_equal(alone, together)


def test_every_member_learns_from_its_own_teacher(data):
    teachers = taught_by(MLP((8,)), data)
    _, mine, _, _ = both(MLP((8,)), data, teachers)
    _, moved, _, _ = both(MLP((8,)), data, [teachers[0], teachers[2], teachers[1]])
    same = [torch.equal(a[1].weight, b[1].weight) for a, b in zip(mine, moved, strict=True)]
    assert same == [True, False, False]


def test_it_equals_a_loop_written_with_torchs_own_parts(data):
    recipe = Recipe(
        epochs=3, batch=81, lr=0.1, schedule="constant", weight_decay=0.0, precision="float64"
    )
    (teacher,) = taught_by(SmallCNN(4), data, 1)
    plain, ours = built(MLP((8,)), data, "student", 1)[0], built(MLP((8,)), data, "student", 1)[0]
    optimizer = torch.optim.SGD(plain.parameters(), lr=0.1, momentum=0.9, nesterov=True)
    soft_NC = torch.softmax(teacher(data.train_x_NCHW) / 2.0, dim=1)
    for _ in range(3):
        optimizer.zero_grad()
        F.cross_entropy(plain(data.train_x_NCHW), soft_NC).backward()
        optimizer.step()
    train_member(ours, data, recipe, PLAN.member("student", 0), objective=GOAL, teacher=teacher)
    for a, b in zip(ours.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-12)


class Watched(nn.Module):
    """Notes the images that it sees."""

    def __init__(self, model):
        super().__init__()
        self.model, self.seen = model, []

    def forward(self, x_BCHW):
        self.seen.append((x_BCHW.clone(), self.training, torch.is_grad_enabled()))
        return self.model(x_BCHW)


def test_the_teacher_sees_the_students_pixels_without_gradient_and_is_left_as_it_was(data):
    teacher = Watched(taught_by(WideResNet(10, 1, dropout=0.3), data, 1)[0]).eval()
    student = Watched(built(MLP((8,)), data, "student", 1)[0])
    before = copy.deepcopy(teacher.state_dict())
    train_member(student, data, RECIPE, PLAN.member("student", 0), objective=GOAL, teacher=teacher)
    assert len(teacher.seen) == len(student.seen) == 6
    for (theirs, training, graded), (ours, learning, _) in zip(
        teacher.seen, student.seen, strict=True
    ):
        assert torch.equal(theirs, ours)
        assert (training, graded, learning) == (False, False, True)
    assert all(torch.equal(value, before[name]) for name, value in teacher.state_dict().items())


@pytest.mark.parametrize("model", MODELS, ids=lambda m: type(m).__name__)
def test_a_stack_that_teaches_leaves_its_members_as_they_were(model, data):
    teachers = taught_by(model, data)
    before = [copy.deepcopy(teacher.state_dict()) for teacher in teachers]
    alone = [teacher(data.train_x_NCHW[:8]) for teacher in teachers]
    together = teacher_logits(stacked_teacher(teachers, 3), data.train_x_NCHW[:8], "float64")
    torch.testing.assert_close(together, torch.stack(alone), rtol=0, atol=1e-10)
    for teacher, was in zip(teachers, before, strict=True):
        assert all(torch.equal(value, was[name]) for name, value in teacher.state_dict().items())


def test_a_teacher_computes_in_the_students_precision(data):
    single = resident(Blobs().load())
    (teacher,) = built(MLP((8,)), single, "teacher", 1)
    x_BCHW = single.train_x_NCHW[:8]
    said = teacher_logits(teacher, x_BCHW, "bfloat16")
    with shortened("bfloat16", x_BCHW.device), torch.no_grad():
        assert torch.equal(said, teacher(x_BCHW).float())
    assert not torch.equal(said, teacher_logits(teacher, x_BCHW, "float32"))


def test_under_bfloat16_a_stack_stays_close_to_the_loop():
    single = resident(Blobs(train=81).load())
    recipe = replace(RECIPE, precision="bfloat16")
    teachers = [
        teacher.eval().requires_grad_(False) for teacher in built(SmallCNN(4), single, "teacher")
    ]
    seeds_M = [PLAN.member("student", member) for member in range(3)]
    alone, together = built(SmallCNN(4), single, "student"), built(SmallCNN(4), single, "student")
    facts = [
        train_member(student, single, recipe, seeds, objective=GOAL, teacher=teacher)
        for student, seeds, teacher in zip(alone, seeds_M, teachers, strict=True)
    ]
    ends = train_stacked(
        together,
        single,
        recipe,
        seeds_M,
        objective=GOAL,
        teacher=stacked_teacher(teachers, 3),
    )
    for one, other in zip(facts, ends, strict=True):
        assert other["loss"] == pytest.approx(one["loss"], rel=0.05)


def test_memory_counts_a_teacher_for_each_member_or_one_for_all(data):
    dense = Population("dense", Blobs(), MLP((8,)), replace(RECIPE, precision="float64"), members=4)
    big = replace(dense, name="big", model=MLP((1000,)))
    weights = 8 * (64 * 1000 + 1000 + 1000 * 3 + 3)
    plain = member_memory(dense, data)
    own = member_memory(dense.under(Distillation(), name="own", teacher=big), data)
    fixed = member_memory(
        dense.under(Distillation(teacher_member=0), name="fixed", teacher=big), data
    )
    assert (own.state - plain.state, own.once) == (weights, 0)
    assert (fixed.state - plain.state, fixed.once) == (0, weights)
    # the two losses keep a little more or less of a batch's logits
    assert own.activations == fixed.activations == pytest.approx(plain.activations, rel=0.05)
    # the wide layer is held while the teacher answers
    assert own.working == fixed.working > plain.working


def test_a_shared_teacher_takes_its_room_before_members_do(monkeypatch):
    monkeypatch.setattr("undertow.lab.runner.memory.free_memory", lambda device: 1000)
    cpu = torch.device("cpu")
    assert members_that_fit(MemberMemory(10, 20, 20), cpu, 1) == 12
    assert members_that_fit(MemberMemory(10, 20, 20, once=300), cpu, 1) == 6
    assert members_that_fit(MemberMemory(10, 20, 20, once=300), cpu, 2) == 1
