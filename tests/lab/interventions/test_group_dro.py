"""Group DRO (1911.08731) against its loop written out."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from blobs import BlobsKept
from undertow.lab.feeds.resident import resident
from undertow.lab.interventions.objective import GroupDRO
from undertow.lab.trainings.training import Given

DATA = resident(BlobsKept(train=41).load(), dtype=torch.float64)
HALF = ["left", "right"]
BATCHES = [torch.tensor(index) for index in ([3, 11, 4, 25, 39, 0], [1, 3, 5], [2, 4, 6, 8])]


def started(goal):
    return goal.start(Given(DATA, [nn.Linear(1, 1)], [{}], (goal,)))


def logits_of(step):
    source = torch.Generator().manual_seed(step)
    return 2 * torch.randn(len(BATCHES[step]), 3, generator=source, dtype=torch.float64)


def group_of(goal, part, i):
    if goal.groups == "class":
        return int((DATA.train_y_N if part == "train" else DATA.held_out_y_N)[i])
    slices = DATA.train_slices if part == "train" else DATA.held_out_slices
    return HALF.index(slices["half"][i])


def cross_entropy_loop(logits, y):
    return math.log(sum(math.exp(v) for v in logits)) - logits[y]


@pytest.mark.parametrize(
    "goal",
    [
        GroupDRO(step=0.5),
        GroupDRO("half", step=0.5),
        GroupDRO("half", step=0.5, adjustment=3.0),
    ],
    ids=repr,
)
def test_it_is_the_authors_loop_in_value_and_gradient(goal):
    """Batches without the group ``right`` among them, whose multiplier falls."""
    run, groups = started(goal), 3 if goal.groups == "class" else 2
    count = [0] * groups
    for i in range(41):
        count[group_of(goal, "train", i)] += 1
    q = [1 / groups] * groups
    for step, index in enumerate(BATCHES):
        logits = logits_of(step).requires_grad_()
        y = DATA.train_y_N[index]
        found = run.each(logits, y, index, None).mean()
        of_group = [[] for _ in range(groups)]
        for b, i in enumerate(index.tolist()):
            of_group[group_of(goal, "train", i)].append(b)
        rows = logits.tolist()
        mean = [
            sum(cross_entropy_loop(rows[b], int(y[b])) for b in of) / len(of) if of else 0.0
            for of in of_group
        ]
        extra = [goal.adjustment / math.sqrt(n) for n in count]
        q = [v * math.exp(goal.step * (a + e)) for v, a, e in zip(q, mean, extra, strict=True)]
        q = [v / sum(q) for v in q]
        expected = sum(v * a for v, a in zip(q, mean, strict=True))
        assert found.item() == pytest.approx(expected, abs=1e-12)
        (gradient,) = torch.autograd.grad(found, logits)
        for g, of in enumerate(of_group):
            for b in of:
                by_hand = q[g] / len(of) * (logits[b].softmax(-1) - F.one_hot(y[b], 3))
                torch.testing.assert_close(gradient[b], by_hand, rtol=0, atol=1e-12)
    assert run.multipliers.log_MG.exp()[0].tolist() == pytest.approx(q, abs=1e-12)


class Fixed(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight_FC = torch.randn(64, 3, generator=torch.Generator().manual_seed(1)).double() / 4

    def forward(self, x_BCHW):
        return x_BCHW.flatten(1) @ self.weight_FC


@pytest.mark.parametrize("by", ["class", "half"])
def test_multipliers_may_follow_the_held_out_part(by):
    goal = GroupDRO(by, step=0.5, adjustment=1.0, multipliers="held_out", update_every=2)
    run, network, groups = started(goal), Fixed(), 3 if by == "class" else 2
    index, logits = BATCHES[0], logits_of(0).requires_grad_()
    before = run.each(logits, DATA.train_y_N[index], index, None)
    assert [run.after_step(t, network) for t in range(3)] == [0, 30, 0]
    sums, counts, train = [0.0] * groups, [0] * groups, [0] * groups
    for i in range(30):
        g = group_of(goal, "held_out", i)
        said = network(DATA.held_out_x_NCHW[i : i + 1])[0].tolist()
        sums[g] += cross_entropy_loop(said, int(DATA.held_out_y_N[i]))
        counts[g] += 1
    for i in range(41):
        train[group_of(goal, "train", i)] += 1
    by_hand = [
        math.exp(0.5 * (s / n + 1 / math.sqrt(t)))
        for s, n, t in zip(sums, counts, train, strict=True)
    ]
    expected = [v / sum(by_hand) for v in by_hand]
    assert run.multipliers.log_MG.exp()[0].tolist() == pytest.approx(expected, abs=1e-12)
    after = run.each(logits, DATA.train_y_N[index], index, None)
    assert not torch.allclose(before, after)


def test_a_score_is_by_the_multipliers_as_they_are():
    run, index = started(GroupDRO(step=5.0)), BATCHES[0]
    y = DATA.train_y_N[index]
    run.each(logits_of(0), y, index, None)
    assert torch.equal(run.multipliers.log_MG, started(GroupDRO()).multipliers.log_MG)


GIVEN = "GroupDRO(groups='class', step={}, adjustment={}, multipliers={!r}, update_every={})"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: GroupDRO(step=0),
            f"{GIVEN.format(0, 0.0, 'train', 50)}: step is above 0 and adjustment 0 or more, both "
            "finite",
        ),
        (
            lambda: GroupDRO(multipliers="test"),
            f"{GIVEN.format(0.01, 0.0, 'test', 50)}: multipliers is 'train' or 'held_out'",
        ),
        (
            lambda: GroupDRO(update_every=0),
            f"{GIVEN.format(0.01, 0.0, 'train', 0)}: update_every is a whole number of steps, 1 or more",
        ),
        (
            lambda: GroupDRO(adjustment="2"),
            f"{GIVEN.format(0.01, repr('2'), 'train', 50)}: adjustment is a number, not '2'",
        ),
        (
            lambda: GroupDRO(""),
            "GroupDRO(groups='', step=0.01, adjustment=0.0, multipliers='train', update_every=50): "
            "groups is 'class' or the name of a slice",
        ),
    ],
)
def test_what_cannot_be_is_refused(make, message):
    with pytest.raises(ValueError) as caught:
        make()
    assert str(caught.value) == message
