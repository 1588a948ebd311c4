"""Robust distillation (2206.06479) against its formulas written out, and against what follows from
them."""

import math
import re
from dataclasses import replace

import polars as pl
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from blobs import Blobs, BlobsKept
from undertow.errors import NoEffectError, UserError
from undertow.lab.feeds.resident import resident
from undertow.lab.interventions.objective import (
    Distillation,
    GroupDRO,
    LogitAdjustment,
    Robust,
    RobustDistillation,
)
from undertow.lab.interventions.objective._groups import groups_of
from undertow.lab.interventions.objective._held_errors import HeldErrors
from undertow.lab.interventions.objective._margin import shifted, soft_cross_entropy
from undertow.lab.interventions.objective._multipliers import Multipliers
from undertow.lab.recipe import Recipe
from undertow.lab.seeds import SeedPlan
from undertow.lab.trainings.supervised import Supervised
from undertow.lab.trainings.training import Given

DRAWN = torch.Generator().manual_seed(0)
F_BC = 3 * torch.randn(5, 4, generator=DRAWN, dtype=torch.float64)
P_BC = (2 * torch.randn(5, 4, generator=DRAWN, dtype=torch.float64)).softmax(-1)
C_C = torch.rand(4, generator=DRAWN, dtype=torch.float64) + 0.1

SPLITS = BlobsKept(train=41).load()
DATA = resident(SPLITS, dtype=torch.float64)

INDEX = torch.tensor([3, 11, 4, 25, 39, 0])
Y = DATA.train_y_N[INDEX]
LOGITS = 2 * torch.randn(6, 3, generator=DRAWN, dtype=torch.float64)


class Linear(nn.Module):
    """Sure of what it says, and often wrong."""

    def __init__(self, seed):
        super().__init__()
        weight = torch.randn(3, 64, generator=torch.Generator().manual_seed(seed))
        self.weight = nn.Parameter(weight.double() / 4, requires_grad=False)

    def forward(self, x_BCHW):
        return x_BCHW.flatten(-3) @ self.weight.T


TEACHER, STUDENT = Linear(0), Linear(1)
SAID = TEACHER(DATA.train_x_NCHW)[INDEX]


def started(goal, data=DATA, teacher=TEACHER):
    model = nn.Linear(1, 1)
    return goal.start(Given(data, [model], [{}], (goal,), teacher if goal.teaches else None))


def each(goal, data=DATA, logits=LOGITS, rounds=0):
    run = started(goal, data)
    for t in range(rounds):
        run.after_step(t, STUDENT)
    return run.each(logits, Y, INDEX, SAID if goal.teaches else None)


# -- slow loops, from the paper's formulas


def margin_loop(p, f, c):
    """L^mar as it is written."""
    m, total = len(f), 0.0
    for y in range(m):
        inside = sum(math.exp(math.log(c[y] / c[j]) - (f[y] - f[j])) for j in range(m) if j != y)
        total += p[y] * math.log(1 + inside)
    return total / m


def softmax_loop(row, temperature):
    raised = [math.exp(v / temperature) for v in row]
    return [v / sum(raised) for v in raised]


def held_errors_loop(kind, temperature, groups):
    """R_j of the held-out part, as in Algorithm 1."""
    names = 3 if groups == "class" else 2
    lost, total = [0.0] * names, [0.0] * names
    half = DATA.held_out_slices["half"].to_list()
    for i, x in enumerate(DATA.held_out_x_NCHW):
        answer = int(STUDENT(x[None])[0].argmax())
        y = int(DATA.held_out_y_N[i])
        one_hot = [float(j == y) for j in range(3)]
        soft = softmax_loop(TEACHER(x[None])[0].tolist(), temperature)
        p = soft if kind == "teacher" else one_hot
        if groups == "class":
            for j in range(3):
                lost[j] += p[j] * (answer != j)
                total[j] += p[j]
        else:
            g = ["left", "right"].index(half[i])
            lost[g] += sum(p[j] * (answer != j) for j in range(3))
            total[g] += 1
    return [a / b for a, b in zip(lost, total, strict=True)]


def objective_loop(goal, rounds):
    """Losses of the six examples after so many updates of λ."""
    teaches, by_class = goal.teaches, goal.groups == "class"
    soft_N = (
        [softmax_loop(z, goal.temperature) for z in TEACHER(DATA.train_x_NCHW).tolist()]
        if teaches
        else [[float(j == y) for j in range(3)] for y in DATA.train_y_N.tolist()]
    )
    half = DATA.train_slices["half"].to_list()
    if by_class:
        prior = [sum(p[j] for p in soft_N) / len(soft_N) for j in range(3)]
    else:
        prior = [half.count(name) / len(half) for name in ("left", "right")]
    m = len(prior)
    lam = [1 / m] * m
    kind = goal.held_out if teaches else "labels"
    for _ in range(rounds):
        R = held_errors_loop(kind, goal.held_out_temperature if teaches else 1.0, goal.groups)
        lam = [v * math.exp(goal.step * goal.alpha * r) for v, r in zip(lam, R, strict=True)]
        lam = [v / sum(lam) for v in lam]
    cost = [((1 - goal.alpha) / m + goal.alpha * v) / q for v, q in zip(lam, prior, strict=True)]
    found = []
    for b, i in enumerate(INDEX.tolist()):
        f, p = LOGITS[b].tolist(), soft_N[i]
        if by_class:
            found.append(margin_loop(p, f, cost) * (1 if goal.one_over_m else m))
        else:
            g = ["left", "right"].index(half[i])
            log_z = math.log(sum(map(math.exp, f)))
            found.append(cost[g] * sum(q * (log_z - z) for q, z in zip(p, f, strict=True)))
    return found


GOALS = [
    Robust(update_every=1, step=0.7),
    Robust(alpha=0.0),
    Robust(alpha=0.3, update_every=1, step=2.0, one_over_m=False),
    Robust(alpha=0.6, update_every=1, groups="half", step=3.0),
    RobustDistillation(update_every=1, temperature=3.0, held_out_temperature=0.5, step=0.7),
    RobustDistillation(alpha=0.0, temperature=2.0),
    RobustDistillation(0.4, 1.0, "labels", update_every=1, step=2.0),
    RobustDistillation(0.4, 2.0, groups="half", update_every=1, step=3.0),
]


@pytest.mark.parametrize("rounds", [0, 3])
@pytest.mark.parametrize("goal", GOALS, ids=repr)
def test_it_is_the_papers_loop_in_value_and_gradient(goal, rounds):
    logits = LOGITS.clone().requires_grad_()
    found = each(goal, logits=logits, rounds=rounds)
    expected = objective_loop(goal, rounds)
    assert found.tolist() == pytest.approx(expected, abs=1e-12)
    (gradient,) = torch.autograd.grad(found.sum(), logits)
    # the derivative of −Σ p log softmax(f − log c) is Σ p (softmax(f − log c) − p), p summing to 1
    run = started(goal)
    for t in range(rounds):
        run.after_step(t, STUDENT)
    p = (SAID / goal.temperature).softmax(-1) if goal.teaches else F.one_hot(Y, 3).double()
    if goal.groups == "class":
        by_hand = (LOGITS - run.log_cost_MG[0]).softmax(-1) - p
        by_hand = by_hand / 3 if goal.one_over_m else by_hand
    else:
        group = [["left", "right"].index(v) for v in DATA.train_slices["half"][INDEX.tolist()]]
        by_hand = run.log_cost_MG[0].exp()[group][:, None] * (LOGITS.softmax(-1) - p)
    torch.testing.assert_close(gradient, by_hand, rtol=0, atol=1e-12)


# -- what follows


def test_the_margin_is_cross_entropy_on_shifted_logits():
    found = soft_cross_entropy(shifted(F_BC, C_C.log()[None]), P_BC) / 4
    rows = zip(P_BC.tolist(), F_BC.tolist(), strict=True)
    expected = [margin_loop(p, f, C_C.tolist()) for p, f in rows]
    assert found.tolist() == pytest.approx(expected, abs=1e-12)


def test_where_it_is_least_softmax_is_proportional_to_cost_times_label():
    best_BC = (C_C * P_BC).log()
    softmax_BC = best_BC.softmax(-1)
    expected_BC = C_C * P_BC / (C_C * P_BC).sum(-1, keepdim=True)
    torch.testing.assert_close(softmax_BC, expected_BC, rtol=0, atol=1e-15)
    best_BC.requires_grad_()
    soft_cross_entropy(shifted(best_BC, C_C.log()[None]), P_BC).sum().backward()
    assert best_BC.grad.abs().max() < 1e-15


def test_the_log_ratio_of_multipliers_grows_by_the_difference_of_errors():
    """Algorithm 1 with f fixed: log(λ_a/λ_b) after K rounds = that before + γ K (R_a − R_b)."""
    run = started(Robust(update_every=1, step=0.3))
    run.multipliers.grow(torch.tensor([[0.5, 0.0, -1.0]]))
    before = run.multipliers.log_MG.clone()
    for t in range(40):
        run.after_step(t, STUDENT)
    error = run.error_MG[0]
    moved = (run.multipliers.log_MG - before)[0]
    assert error.unique().numel() > 1
    for a in range(3):
        for b in range(3):
            expected = 0.3 * 40 * (error[a] - error[b])
            assert float(moved[a] - moved[b]) == pytest.approx(float(expected), abs=1e-12)


def test_multipliers_gather_on_the_worst_class():
    run = started(Robust(update_every=1, step=10.0))
    for t in range(400):
        run.after_step(t, STUDENT)
    (lam,) = run.multipliers.log_MG.exp()
    worst = run.error_MG[0].argmax()
    assert lam[worst] > 1 - 1e-9
    assert float(lam.sum()) == pytest.approx(1)
    assert run.multipliers.log_MG.isfinite().all()  # however small, none is lost
    assert started(Robust()).told()["held_out_error 0"].isnan().all()


def test_alpha_0_keeps_beta_even_and_looks_at_nothing():
    run = started(
        RobustDistillation(alpha=0.0, update_every=1),
        resident(Blobs(41).load(), dtype=torch.float64),
    )
    assert [run.after_step(t, None) for t in range(5)] == [0] * 5  # no network is needed
    assert torch.equal(run.log_beta_MG, torch.full((1, 3), -math.log(3), dtype=torch.float64))


def test_alpha_1_is_algorithm_1():
    """β = λ, and λ grows by the whole error."""
    multipliers = Multipliers(2, 3, torch.device("cpu"))
    multipliers.grow(torch.tensor([[1.0, 0.0, 2.0], [0.0, -3.0, 0.1]], dtype=torch.float64))
    assert torch.equal(multipliers.mixed(1.0), multipliers.log_MG)
    assert torch.equal(
        multipliers.mixed(0.0), torch.full((2, 3), -math.log(3), dtype=torch.float64)
    )
    mixed = multipliers.mixed(0.25).exp()
    expected = 0.75 / 3 + 0.25 * multipliers.log_MG.exp()
    torch.testing.assert_close(mixed, expected, rtol=0, atol=1e-15)


@pytest.mark.parametrize("make", [Robust, RobustDistillation], ids=lambda m: m.__name__)
def test_a_trade_off_at_both_ends_is_its_limits(make):
    for end, near in ((0.0, 1e-13), (1.0, 1 - 1e-13)):
        limit, close = (each(make(a, step=0.5, update_every=1), rounds=3) for a in (end, near))
        torch.testing.assert_close(close, limit, rtol=0, atol=1e-11)
    between = each(make(0.5, step=0.5, update_every=1), rounds=3)
    assert not torch.allclose(between, each(make(0.0)), rtol=0, atol=1e-4)


def test_equal_classes_give_the_mth_part_of_the_standard_gradient():
    """The teacher's marginals are equal where it says nothing of the image."""

    def said(x_BCHW):
        return torch.zeros(*x_BCHW.shape[:-3], 3, dtype=torch.float64)

    goal = RobustDistillation(alpha=0.0, temperature=2.0)
    run, logits = started(goal, teacher=said), LOGITS.clone().requires_grad_()
    mine = torch.autograd.grad(run.each(logits, Y, INDEX, SAID).sum(), logits)[0]
    standard = Distillation(2.0).each(logits, Y, SAID)
    theirs = torch.autograd.grad(standard.sum(), logits)[0]
    torch.testing.assert_close(3 * mine, theirs, rtol=0, atol=1e-12)
    whole = started(replace(goal, one_over_m=False), teacher=said)
    torch.testing.assert_close(whole.each(LOGITS, Y, INDEX, SAID), standard, rtol=0, atol=1e-12)


def test_equal_groups_of_a_slice_are_the_standard_loss():
    even = resident(BlobsKept(train=40).load(), dtype=torch.float64)
    found = each(RobustDistillation(temperature=2.0, groups="half"), even)
    torch.testing.assert_close(found, Distillation(2.0).each(LOGITS, Y, SAID), rtol=0, atol=1e-12)


def test_logit_adjustment_adds_the_log_of_the_prior_and_is_m_times_the_balanced_objective():
    prior = torch.bincount(DATA.train_y_N) / 41
    expected = F.cross_entropy(LOGITS + 0.7 * prior.double().log(), Y, reduction="none")
    torch.testing.assert_close(each(LogitAdjustment(0.7)), expected, rtol=0, atol=1e-7)
    balanced = each(Robust(alpha=0.0))
    torch.testing.assert_close(each(LogitAdjustment()), 3 * balanced, rtol=0, atol=1e-12)
    plain = F.cross_entropy(LOGITS, Y, reduction="none")
    torch.testing.assert_close(each(LogitAdjustment(0.0)), plain, rtol=0, atol=1e-12)


def test_a_teacher_that_is_right_up_to_a_scale_by_class_has_no_error():
    """The paper's toy: p of cat twice η, of panda half of it, and the panda is never answered; yet
    p / π is what η / π is, so the held-out errors by the teacher's labels are those by η."""
    eta = torch.rand(1, 30, 3, generator=DRAWN, dtype=torch.float64)
    answers = torch.randint(0, 2, (1, 30), generator=DRAWN)
    groups = groups_of("toy", "class", DATA, held_out=True)
    right, scaled = (
        HeldErrors(DATA, groups, eta * torch.tensor(scale)).of(answers)
        for scale in ((1.0, 1.0, 1.0), (2.0, 0.5, 1.0))
    )
    torch.testing.assert_close(scaled, right, rtol=0, atol=1e-15)
    assert 0 < right[0, 0] < right[0, 2] == 1


@pytest.mark.parametrize("held_out", ["teacher", "labels"])
def test_the_temperatures_of_training_and_of_what_is_held_out_are_their_own(held_out):
    goal = RobustDistillation(held_out=held_out, update_every=1, temperature=2.0)
    other = replace(goal, held_out_temperature=0.1)
    errors = [started(g).errors(STUDENT) for g in (goal, other, replace(goal, temperature=5.0))]
    assert torch.equal(errors[0], errors[2])
    assert torch.equal(errors[0], errors[1]) == (held_out == "labels")
    priors = [started(g).log_prior_MG for g in (goal, other, replace(goal, temperature=5.0))]
    assert torch.equal(priors[0], priors[1])
    assert not torch.allclose(priors[0], priors[2])


def test_by_labels_the_error_is_the_share_of_wrong_answers():
    (error,) = started(Robust()).errors(STUDENT)
    answers = STUDENT(DATA.held_out_x_NCHW).argmax(-1)
    for label in range(3):
        of_class = DATA.held_out_y_N == label
        wrong = (answers[of_class] != label).double().mean()
        assert float(error[label]) == pytest.approx(float(wrong), abs=1e-15)


def test_a_prior_of_nearly_nothing_is_no_infinity():
    sure = RobustDistillation(alpha=0.0, temperature=1e-3)
    run = started(sure)
    assert run.log_prior_MG.isfinite().all()
    assert run.each(LOGITS, Y, INDEX, SAID).isfinite().all()


def test_a_look_is_paid_for_and_comes_after_so_many_steps():
    run = started(Robust(update_every=3))
    assert [run.after_step(t, STUDENT) for t in range(7)] == [0, 0, 30, 0, 0, 30, 0]


def test_looking_leaves_the_network_as_it_was():
    network = nn.Sequential(
        nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Dropout(0.5), nn.Flatten(), nn.Linear(72, 3)
    ).double()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    run = started(Robust(update_every=1))
    state = torch.random.get_rng_state()
    run.after_step(0, network)
    assert all(torch.equal(v, before[n]) for n, v in network.state_dict().items())
    assert network.training
    assert network[1].training
    assert torch.equal(torch.random.get_rng_state(), state)


def changed(part, **columns):
    return replace(
        part, slices=pl.DataFrame([*part.slices, *(pl.Series(n, v) for n, v in columns.items())])
    )


def ward(train, held):
    """The same with a slice ``ward`` of these values, over and over."""

    def of(part, values):
        count = len(part.label_N)
        return changed(part, ward=[values[i % len(values)] for i in range(count)])

    return resident(
        replace(SPLITS, train=of(SPLITS.train, train), held_out=of(SPLITS.held_out, held))
    )


def test_an_empty_value_is_a_group():
    run = started(Robust(groups="ward"), ward(["b", None, "a"], ["a", "b", None]))
    assert run.groups.names == ("(empty)", "a", "b")
    assert run.groups.train_N[:3].tolist() == [2, 0, 1]
    assert run.groups.held_N[:3].tolist() == [1, 2, 0]
    assert set(run.told()) == {
        f"{word} {name}"
        for word in ("lambda", "beta", "held_out_error")
        for name in ("(empty)", "a", "b")
    }


def lacking(label):
    keep = [i for i, y in enumerate(SPLITS.held_out.label_N.tolist()) if y != label]
    held = SPLITS.held_out
    few = replace(
        held,
        x_NCHW=held.x_NCHW[keep],
        label_N=held.label_N[keep],
        example_id_N=tuple(held.example_id_N[i] for i in keep),
        slices=held.slices[keep],
    )
    return resident(replace(SPLITS, held_out=few))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: started(Robust(), resident(Blobs().load())),
            f"{Robust()!r}: it looks at held-out examples, and the data have none; train on "
            "HeldOut(data, share=0.1)",
        ),
        (
            lambda: started(Robust(), lacking(1)),
            f"{Robust()!r}: no held-out example has class '1'; each group needs one. Cut the data "
            "in another way, or take other groups",
        ),
        (
            lambda: started(Robust(groups="ward"), ward(["a"], ["a", "c"])),
            f"{Robust(groups='ward')!r}: no training example has ward 'c'; each group needs one. "
            "Cut the data in another way, or take other groups",
        ),
        (
            lambda: started(RobustDistillation(groups="hospital")),
            f"{RobustDistillation(groups='hospital')!r}: the training part has no slice "
            "'hospital'; it has class, half",
        ),
    ],
)
def test_data_that_do_not_serve_are_refused(make, message):
    with pytest.raises(UserError) as caught:
        make()
    assert str(caught.value) == message


MEMBER = (
    "teacher_member is a whole number, counted from 0, or None for a teacher of each student's own"
)
ROBUST = "Robust(alpha={}, step={}, update_every={}, groups='class', one_over_m=True)"
TAUGHT = (
    "RobustDistillation(alpha=1.0, temperature={}, held_out={!r}, held_out_temperature={}, "
    "step=0.1, update_every=50, groups='class', one_over_m=True, teacher_member={})"
)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: Robust(alpha=1.5),
            f"{ROBUST.format(1.5, 0.1, 50)}: alpha is from 0 (balanced) to 1 (robust)",
        ),
        (lambda: Robust(step=0), f"{ROBUST.format(1.0, 0, 50)}: step is a finite number above 0"),
        (
            lambda: Robust(update_every=0),
            f"{ROBUST.format(1.0, 0.1, 0)}: update_every is a whole number of steps, 1 or more",
        ),
        (
            lambda: Robust(update_every=2.5),
            f"{ROBUST.format(1.0, 0.1, 2.5)}: update_every is a whole number of steps, 1 or more",
        ),
        (
            lambda: Robust(alpha="a"),
            f"{ROBUST.format(repr('a'), 0.1, 50)}: alpha is a number, not 'a'",
        ),
        (lambda: Robust(True), f"{ROBUST.format(True, 0.1, 50)}: alpha is a number, not True"),
        (
            lambda: Robust(groups=""),
            "Robust(alpha=1.0, step=0.1, update_every=50, groups='', one_over_m=True): groups is "
            "'class' or the name of a slice",
        ),
        (
            lambda: Robust(groups=None),
            "Robust(alpha=1.0, step=0.1, update_every=50, groups=None, one_over_m=True): groups is "
            "'class' or the name of a slice",
        ),
        (
            lambda: RobustDistillation(held_out="none"),
            f"{TAUGHT.format(1.0, 'none', 1.0, None)}: held_out is 'teacher' or 'labels'",
        ),
        (
            lambda: RobustDistillation(held_out_temperature=0.0),
            f"{TAUGHT.format(1.0, 'teacher', 0.0, None)}: temperatures are finite numbers above 0",
        ),
        (
            lambda: RobustDistillation(teacher_member=-1),
            f"{TAUGHT.format(1.0, 'teacher', 1.0, -1)}: {MEMBER}",
        ),
        (
            lambda: RobustDistillation(teacher_member=1.5),
            f"{TAUGHT.format(1.0, 'teacher', 1.0, 1.5)}: {MEMBER}",
        ),
        (
            lambda: RobustDistillation(temperature=None),
            f"{TAUGHT.format(None, 'teacher', 1.0, None)}: temperature is a number, not None",
        ),
        (
            lambda: started(RobustDistillation(), teacher=None),
            f"{TAUGHT.format(1.0, 'teacher', 1.0, None)} needs a teacher",
        ),
        (
            lambda: LogitAdjustment(-1),
            "LogitAdjustment(tau=-1): tau is a finite number, 0 or more",
        ),
        (lambda: LogitAdjustment("1"), "LogitAdjustment(tau='1'): tau is a number, not '1'"),
    ],
)
def test_what_cannot_be_is_refused(make, message):
    with pytest.raises(ValueError, match="^" + re.escape(message) + "$"):
        make()


SHORT = Recipe(epochs=2, batch=11)
"""Of 41 examples: 8 steps."""


def trained(goal, recipe=SHORT):
    """A run at its start."""
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 3)).double()
    seeds = SeedPlan().member("dense", 0)
    teacher = TEACHER if goal.teaches else None
    return Supervised(recipe).start(Given(DATA, [model], [seeds], (goal,), teacher))


@pytest.mark.parametrize(
    ("goal", "symbol"),
    [
        (Robust(0.25), "λ"),
        (Robust(update_every=8), "λ"),
        (RobustDistillation(), "λ"),
        (GroupDRO(multipliers="held_out"), "q"),
    ],
    ids=repr,
)
def test_a_training_that_ends_before_an_update_counts_is_refused(goal, symbol):
    with pytest.raises(NoEffectError) as caught:
        trained(goal)
    assert str(caught.value) == (
        f"{goal!r}: this training has 8 steps, so {symbol} would be updated before none of them; "
        "give update_every=4 or less"
    )


def test_a_training_of_one_step_has_no_update_that_counts():
    with pytest.raises(NoEffectError) as caught:
        trained(Robust(update_every=1), Recipe(epochs=1, batch=41))
    assert str(caught.value) == (
        f"{Robust(update_every=1)!r}: this training has 1 step, so λ would be updated before none "
        "of them; let it train for longer"
    )


@pytest.mark.parametrize(
    "goal",
    [
        Robust(update_every=7),
        Robust(alpha=0.0),
        RobustDistillation(update_every=7),
        RobustDistillation(alpha=0.0),
        GroupDRO(multipliers="held_out", update_every=7),
        GroupDRO(),
    ],
    ids=repr,
)
def test_a_training_with_a_step_after_an_update_begins_and_one_that_needs_none(goal):
    assert trained(goal).steps == 8
