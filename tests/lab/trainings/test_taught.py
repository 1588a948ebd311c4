"""A teacher is asked once about each example where images stay as they are, and about the very
images of a step where they do not."""

from dataclasses import replace

import pytest
import torch
from torch import nn

import toys
from blobs import Blobs
from trainings import train_member, train_stacked
from undertow.lab.feeds.batches import Batch
from undertow.lab.feeds.resident import resident
from undertow.lab.interventions.objective import Distillation
from undertow.lab.recipe import Recipe
from undertow.lab.seeds import SeedPlan
from undertow.lab.trainings import teacher as teachers
from undertow.lab.trainings.teacher import Taught, stacked_teacher

RECIPE = Recipe(epochs=3, batch=16, lr=0.05, precision="float64")
SEEDS = SeedPlan().member("student", 0)
GOAL = Distillation(2.0)
DATA = resident(Blobs(train=40).load(), dtype=torch.float64)


class Counted(nn.Module):
    """Linear, and counts the images that it was asked about."""

    def __init__(self, seed=0):
        super().__init__()
        source, self.images = torch.Generator().manual_seed(seed), 0
        self.weight = nn.Parameter(torch.randn(3, 64, generator=source).double() / 8)

    def forward(self, x_BCHW):
        self.images += x_BCHW.shape[-4] if x_BCHW.ndim == 4 else 0
        return x_BCHW.flatten(1) @ self.weight.T


def student():
    source = torch.Generator().manual_seed(9)
    linear = nn.Linear(64, 3).double()
    with torch.no_grad():
        linear.weight.copy_(torch.randn(3, 64, generator=source) / 8)
        linear.bias.zero_()
    return nn.Sequential(nn.Flatten(), linear)


@pytest.mark.parametrize(
    ("recipe", "acting", "asked"),
    [
        (RECIPE, (), 40),
        (RECIPE, (toys.HardestHalf(),), 40),
        (replace(RECIPE, flip=True), (), 3 * 40),
        (RECIPE, (toys.Brighter(),), 3 * 40),
    ],
)
def test_how_often_it_is_asked(recipe, acting, asked):
    teacher = Counted()
    train_member(student(), DATA, recipe, SEEDS, acting, objective=GOAL, teacher=teacher)
    assert teacher.images == asked


@pytest.mark.parametrize("acting", [(), (toys.HardestHalf(),)], ids=["all", "sampled"])
def test_what_is_kept_is_what_it_would_say(acting, monkeypatch):
    kept, asked = student(), student()
    train_member(kept, DATA, RECIPE, SEEDS, acting, objective=GOAL, teacher=Counted())
    monkeypatch.setattr(teachers, "KEPT_BYTES", 40 * 3 * 8 - 1)  # one byte too few
    teacher = Counted()
    train_member(asked, DATA, RECIPE, SEEDS, acting, objective=GOAL, teacher=teacher)
    assert teacher.images > 40
    torch.testing.assert_close(kept[1].weight, asked[1].weight, rtol=0, atol=1e-12)


@pytest.mark.parametrize("count", [1, 3], ids=["one for all", "one each"])
def test_in_a_stack_each_member_is_told_what_its_own_teacher_says(count):
    models = [Counted(seed) for seed in range(count)]
    taught = Taught(stacked_teacher(models, 3), DATA, "float64", members=3, fixed=True)
    index_MB = torch.tensor([[4, 1], [39, 4], [0, 7]])
    x_MBCHW = DATA.train_batch(index_MB.flatten()).reshape(3, 2, 1, 8, 8)
    found = taught(Batch(index_MB, x_MBCHW, DATA.train_y_N[index_MB]))
    for m in range(3):
        expected = models[m % count](DATA.train_batch(index_MB[m]))
        torch.testing.assert_close(found[m], expected, rtol=0, atol=1e-12)
    assert taught._kept.numel() == count * 40 * 3


@pytest.mark.parametrize("count", [1, 3], ids=["one for all", "one each"])
def test_a_stack_trains_as_its_members_would(count):
    seeds_M = [SeedPlan().member("student", m) for m in range(3)]
    together, alone = [student() for _ in range(3)], [student() for _ in range(3)]
    teacher = stacked_teacher([Counted(seed) for seed in range(count)], 3)
    train_stacked(together, DATA, RECIPE, seeds_M, objective=GOAL, teacher=teacher)
    for m in range(3):
        own = Counted(m % count)
        train_member(alone[m], DATA, RECIPE, seeds_M[m], objective=GOAL, teacher=own)
        torch.testing.assert_close(together[m][1].weight, alone[m][1].weight, rtol=0, atol=1e-12)
