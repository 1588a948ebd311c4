"""Samplers on scores that the test makes up: what they choose, step by step, against slow loops and
closed forms."""

from __future__ import annotations

import math
import pickle
import re
from collections import deque
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from blobs import Blobs
from undertow.errors import UserError
from undertow.lab.feeds.batches import Batches
from undertow.lab.feeds.resident import resident
from undertow.lab.interventions import sampling
from undertow.lab.interventions.sampling import (
    Balanced,
    Folds,
    RandomShare,
    Reducr,
    RhoLoss,
    SelectiveBackprop,
    Subset,
    VarianceReduction,
    balanced,
    reducr,
    rho_loss,
    selective_backprop,
)
from undertow.lab.interventions.sampling import variance_reduction as vr
from undertow.lab.interventions.sampling._draws import Draws
from undertow.lab.models.specialists import Panel
from undertow.lab.recipe import Recipe
from undertow.lab.runner.drive import drive
from undertow.lab.seeds import SeedPlan
from undertow.lab.trainings.supervised import Supervised, SupervisedRun
from undertow.lab.trainings.training import Given

RECIPE = Recipe(epochs=3, batch=16, lr=0.05, precision="float64")
SMALL = [
    Balanced(),
    Balanced(by="half", share=0.5),
    Folds(3, seed=2),
    RandomShare(1 / 3),
    Reducr(keep=0.2, eta=0.1),
    Reducr(keep=0.3, held_out="each", teacher_member=1),
    RhoLoss(keep=0.2, teacher_member=1),
    SelectiveBackprop(beta=2.0),
    SelectiveBackprop(beta=1.0, window=10, warm=0, stale=3),
    Subset(0.6),
    VarianceReduction(keep=0.5),
    VarianceReduction(keep=0.5, unbiased=True),
]


class Told:
    """In place of a network: losses that depend on (epoch, example)."""

    def __init__(self, losses_EN, per_epoch, logits_NC=None):
        self.losses_EN, self.per_epoch, self.logits_NC = losses_EN, per_epoch, logits_NC
        self.asked = []

    def at(self, t):
        def score(batch):
            self.asked.append((t, batch.index_B.tolist()))
            return self.losses_EN[t // self.per_epoch][batch.index_B]

        score.logits = lambda batch: self.logits_NC[batch.index_B]
        return score


def linear(data, seed=0):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(nn.Flatten(), nn.Linear(64, data.classes)).to(data.dtype)


def given_of(data, acting=(), teacher=None):
    return Given(data, [linear(data)], [SeedPlan().member("dense", 0)], acting, teacher)


def walked(what, data, losses_EN, recipe=RECIPE, teacher=None, logits_NC=None):
    """What each step of some epochs learns from, as ``Chosen`` or None; and who was asked when."""
    given = given_of(data, teacher=teacher)
    batches = Batches(data, recipe, given.seeds_M, together=False)
    run, told = what.start(given, batches), Told(losses_EN, batches.per_epoch, logits_NC)
    steps = range(batches.per_epoch * len(losses_EN))
    return [run.choose(t, batches.batch(t), told.at(t)) for t in steps], told.asked


def learned(chosen):
    return [None if c is None else c.batch.index_B.tolist() for c in chosen]


def blobs(count, held_out=30):
    splits = Blobs(train=count).load()
    return resident(
        replace(splits, held_out=Blobs(train=held_out).load().train), dtype=torch.float64
    )


def uniform(epochs, count, seed=0):
    return torch.rand(epochs, count, generator=torch.Generator().manual_seed(seed)).double()


def test_every_exported_sampler_is_under_contract():
    assert {type(what).__name__ for what in SMALL} == set(sampling.__all__)


@pytest.mark.parametrize("what", SMALL, ids=repr)
def test_its_description_round_trips(what):
    assert eval(repr(what), {name: getattr(sampling, name) for name in sampling.__all__}) == what
    assert pickle.loads(pickle.dumps(what)) == what


@pytest.mark.parametrize("what", SMALL, ids=repr)
def test_images_and_labels_stay_with_their_examples_and_every_wait_ends(what):
    data, losses_EN = blobs(50), uniform(3, 50)
    given = given_of(data, teacher=Panel([linear(data, c) for c in range(3)]))
    batches = Batches(data, RECIPE, given.seeds_M, together=False)
    run, told = what.start(given, batches), Told(losses_EN, 4, torch.zeros(50, 3))
    for t in range(12):
        c = run.choose(t, batches.batch(t), told.at(t))
        if c is not None:
            assert torch.equal(c.batch.y_B, data.train_y_N[c.batch.index_B])
            assert torch.equal(c.batch.x_BCHW, data.train_x_NCHW[c.batch.index_B])
        waits = [name for name in run.state_dict() if name.endswith("x")]
        assert not (waits and (t + 1) % 4 == 0)


def slow_selective(what, data, losses_EN, recipe):
    """As the authors' code does it, with our ranks: lists, one example at a time."""
    given = given_of(data)
    batches = Batches(data, recipe, given.seeds_M, together=False)
    draws, recent, last, buffer, found = Draws(given), deque(maxlen=what.window), {}, [], []
    for t in range(batches.per_epoch * len(losses_EN)):
        epoch, index = t // batches.per_epoch, batches.batch(t).index_B.tolist()
        if epoch < what.warm:
            buffer += index
        else:
            if (epoch - what.warm) % what.stale == 0:
                last |= {i: float(losses_EN[epoch][i]) for i in index}
            recent.extend(last[i] for i in index)
            for i in index:
                lower = sum(other < last[i] for other in recent)
                equal = sum(other == last[i] for other in recent)
                chance = ((lower + equal / 2) / len(recent)) ** what.beta
                if float(draws.of_examples(t, torch.tensor([i]))[0]) < chance:
                    buffer.append(i)
        ends = (t + 1) % batches.per_epoch == 0
        size = len(buffer) if ends else recipe.batch
        found.append(buffer[:size] if 0 < size <= len(buffer) else None)
        if found[-1] is not None:
            buffer = buffer[size:]
    return found


@pytest.mark.heavy
@pytest.mark.parametrize(
    "what",
    [
        SelectiveBackprop(2.0),
        SelectiveBackprop(1.0, window=10, warm=0),
        SelectiveBackprop(0.5, window=40, warm=0, stale=2),
        SelectiveBackprop(3.0, window=40, warm=2, stale=3),
    ],
    ids=repr,
)
@pytest.mark.parametrize("ties", [False, True])
def test_selective_backprop_chooses_as_a_slow_loop_does(what, ties):
    data, losses_EN = blobs(150), uniform(5, 150)
    if ties:
        losses_EN = (losses_EN * 4).floor() / 4
    found, asked = walked(what, data, losses_EN)
    assert learned(found) == slow_selective(what, data, losses_EN, RECIPE)
    scored = {t // 10 for t, _ in asked}
    assert scored == {e for e in range(what.warm, 5) if (e - what.warm) % what.stale == 0}


@pytest.mark.parametrize("beta", [1.0, 2.0, 3.0])
def test_selective_backprop_keeps_one_in_beta_and_one(beta):
    """Within 3 standard errors, for losses that are continuous."""
    data, recipe = blobs(4000), replace(RECIPE, batch=100)
    chosen, _ = walked(SelectiveBackprop(beta, warm=0), data, uniform(3, 4000), recipe)
    kept, expected = sum(len(i or ()) for i in learned(chosen)) / 12000, 1 / (beta + 1)
    assert abs(kept - expected) < 3 * (expected * (1 - expected) / 12000) ** 0.5


@pytest.mark.heavy
@pytest.mark.parametrize("beta", [1.0, 2.0])
@pytest.mark.parametrize("q", [0.1, 0.25, 0.5])
def test_what_always_lies_on_top_is_as_large_a_share_of_the_kept_as_the_closed_form_says(beta, q):
    data, recipe, losses_EN = blobs(4000), replace(RECIPE, batch=100), uniform(3, 4000)
    noisy_N = torch.arange(4000) < q * 4000
    chosen, _ = walked(SelectiveBackprop(beta, warm=0), data, losses_EN + 10 * noisy_N, recipe)
    kept = torch.cat([c.batch.index_B for c in chosen if c is not None])
    share, expected = float(noisy_N[kept].double().mean()), 1 - (1 - q) ** (beta + 1)
    assert abs(share - expected) < 3 * (expected * (1 - expected) / len(kept)) ** 0.5


def test_equal_losses_have_the_middle_of_their_ranks():
    loss = torch.tensor([0.0, 0.0, 1.0, 2.0])
    assert selective_backprop.chances(loss, loss, 1.0).tolist() == [0.25, 0.25, 0.625, 0.875]
    same = torch.zeros(7)
    assert selective_backprop.chances(same, same, 2.0).tolist() == [0.25] * 7
    lost = torch.tensor([torch.nan, 0.0])
    assert selective_backprop.chances(lost, lost, 1.0).tolist() == [1.0, 0.25]


@pytest.mark.parametrize("what", [SelectiveBackprop(0.0), RandomShare(1.0, warm=0)], ids=repr)
def test_without_strength_it_gives_the_bytes_of_a_training_without_it(what):
    data, recipe = blobs(50), replace(RECIPE, flip=True, crop=1)
    without, under = given_of(data), given_of(data, (what,))
    drive(Supervised(recipe), without)
    drive(Supervised(recipe), under)
    assert torch.equal(under.models[0][1].weight, without.models[0][1].weight)


def test_a_random_share_is_kept_after_a_first_epoch_of_everything_and_nobody_is_asked():
    data, recipe = blobs(3000), replace(RECIPE, batch=100)
    chosen, asked = walked(RandomShare(1 / 3), data, uniform(4, 3000), recipe)
    count_T = [len(i or ()) for i in learned(chosen)]
    assert asked == []
    assert sum(count_T[:30]) == 3000
    assert abs(sum(count_T[30:]) / 9000 - 1 / 3) < 3 * (2 / 9 / 9000) ** 0.5
    assert {n for t, n in enumerate(count_T) if (t + 1) % 30} == {0, 100}


def test_each_step_draws_anew():
    draws, index_B = Draws(given_of(blobs(50))), torch.arange(50)
    for found in (lambda t: draws.of_examples(t, index_B), lambda t: draws.of_places(t, 50, "cpu")):
        at_TB = torch.stack([found(t) for t in range(20)])
        assert all(len(set(drawn_T.tolist())) == 20 for drawn_T in at_TB.T)
        assert torch.equal(found(7), at_TB[7])


@pytest.mark.parametrize("what", [RandomShare(0.5, warm=0), Balanced(share=0.5)], ids=repr)
def test_each_epoch_keeps_other_examples(what):
    """Of two epochs each with half of the examples, a quarter of all are in both, within 4 standard
    errors."""
    data, recipe = blobs(1000), replace(RECIPE, batch=100)
    steps = learned(walked(what, data, uniform(2, 1000), recipe)[0])
    first, second = (
        {i for kept in part if kept for i in kept} for part in (steps[:10], steps[10:])
    )
    assert abs(len(first & second) - 250) < 4 * (1000 * 3 / 16) ** 0.5


def test_a_presample_is_as_many_batches_as_make_the_share_a_batch():
    data, losses_EN = blobs(150), uniform(1, 150)  # ten batches, the last of 6
    chosen, _ = walked(VarianceReduction(1 / 3), data, losses_EN)
    assert [len(i or ()) for i in learned(chosen)] == [0, 0, 16, 0, 0, 16, 0, 0, 16, 2]


def gradients(data):
    """(N, D): each example's own, of a linear model's cross-entropy; and its logits."""
    logits_NC = linear(data)(data.train_x_NCHW).detach()
    error_NC = logits_NC.softmax(-1) - F.one_hot(data.train_y_N, data.classes)
    flat_NP = data.train_x_NCHW.flatten(1)
    return torch.einsum("nc,np->ncp", error_NC, flat_NP).flatten(1), logits_NC


@pytest.mark.parametrize("unbiased", [False, True])
def test_draws_by_loss_shift_the_mean_gradient_and_weights_restore_it(unbiased):
    """By Monte Carlo, along the mean gradient, within 3 standard errors."""
    data = blobs(60)
    gradient_ND, logits_NC = gradients(data)
    loss_N = F.cross_entropy(logits_NC, data.train_y_N, reduction="none")
    along_N = gradient_ND @ F.normalize(gradient_ND.mean(0), dim=0)
    score_N = vr.error_norm(logits_NC, data.train_y_N) if unbiased else loss_N
    source = torch.Generator().manual_seed(0)
    place_K, weight_K = vr.drawn(score_N, torch.rand(100000, generator=source).double())
    found_K = along_N[place_K] * (weight_K if unbiased else 1)
    error = float(found_K.std() / 100000**0.5)
    mean = float(along_N.mean())
    assert (abs(float(found_K.mean()) - mean) < 3 * error) == unbiased
    expected = mean if unbiased else float((along_N * loss_N / loss_N.sum()).sum())
    assert abs(float(found_K.mean()) - expected) < 3 * error
    if not unbiased:
        assert expected > mean + 10 * error


def test_the_step_of_an_unbiased_draw_has_the_weights_of_its_presample():
    data = blobs(64)
    _, logits_NC = gradients(data)
    (_, _, _, chosen), _ = walked(
        VarianceReduction(0.25, unbiased=True), data, uniform(1, 64), logits_NC=logits_NC
    )
    error_N = (logits_NC.softmax(-1) - F.one_hot(data.train_y_N, 3)).norm(dim=-1)
    expected = error_N.sum() / (64 * error_N[chosen.batch.index_B])
    torch.testing.assert_close(chosen.weight_B, expected)


def test_scores_that_tell_nothing_draw_all_alike():
    uniform_K = torch.tensor([0.0, 0.3, 0.6, 0.999])
    for score in (torch.zeros(4), torch.tensor([1.0, torch.nan, 1.0, 1.0])):
        place_K, weight_K = vr.drawn(score, uniform_K)
        assert (place_K.tolist(), weight_K.tolist()) == ([0, 1, 2, 3], [1.0] * 4)


class Sure(nn.Module):
    """Loses nothing on any example: it knows each by its picture."""

    def __init__(self, data):
        super().__init__()
        self.known = {
            x.numpy().tobytes(): int(y)
            for x, y in zip(data.train_x_NCHW, data.train_y_N, strict=True)
        }

    def forward(self, x_BCHW):
        label_B = torch.tensor([self.known[x.numpy().tobytes()] for x in x_BCHW])
        return 1e6 * F.one_hot(label_B, 3).to(x_BCHW.dtype)


def test_where_the_held_out_model_loses_nothing_the_largest_losses_are_chosen():
    data, losses_EN = blobs(150), uniform(2, 150)
    chosen, asked = walked(RhoLoss(0.25), data, losses_EN, teacher=Sure(data))
    candidates = [[]]
    for (t, index), found in zip(asked, learned(chosen), strict=True):
        candidates[-1] += index
        if found is not None:
            by_loss = sorted(candidates[-1], key=lambda i: -losses_EN[t // 10][i])
            assert found == by_loss[: int(0.25 * len(candidates[-1]) + 0.5)]
            candidates.append([])
    assert [len(i or ()) for i in learned(chosen)] == [0, 0, 0, 16, 0, 0, 0, 16, 0, 6] * 2


def test_where_the_held_out_model_is_the_one_that_learns_all_scores_are_0():
    data = blobs(40)
    given = given_of(data, (RhoLoss(0.1),), teacher=linear(data).eval())
    run = SupervisedRun(RECIPE, given)
    assert run.step(0).seen is None
    assert run.sampling[0].state_dict()["value"].abs().max() < 1e-12


def test_what_a_held_out_model_loses_is_cross_entropy_on_images_as_they_are():
    data = blobs(600)  # more than are asked about at once
    model = linear(data, 3)
    with torch.no_grad():
        expected = F.cross_entropy(model(data.train_x_NCHW), data.train_y_N, reduction="none")
    found = rho_loss.losses(model, data, "float64")
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)


def test_a_held_out_model_is_not_asked_about_each_batch():
    data, asked = blobs(40), []
    model = linear(data, 3).eval()
    model.register_forward_hook(lambda *_: asked.append(1))
    drive(Supervised(RECIPE), given_of(data, (RhoLoss(0.5),), teacher=model))
    assert len(asked) == 1


def slow_reducr(what, data, losses_EN, panel, logits_NC, recipe):
    """From the formulas, one example and one class at a time: who is chosen, and the weights after
    each choice."""
    batches = Batches(data, recipe, given_of(data).seeds_M, together=False)
    with torch.no_grad():
        held = [
            F.cross_entropy(network(data.train_x_NCHW), data.train_y_N, reduction="none").tolist()
            for network in panel.networks
        ]
    w, found, weights, waiting = [1 / 3] * 3, [], [], []
    of = round(1 / what.keep)
    behind = []
    for c in range(3):
        lost = [
            float(torch.logsumexp(logits_NC[n], 0) - logits_NC[n][c])
            for n, label in enumerate(data.held_out_y_N.tolist())
            if label == c
        ]
        behind.append(sum(lost) / len(lost))
    for t in range(batches.per_epoch * len(losses_EN)):
        epoch, place = divmod(t, batches.per_epoch)
        waiting += batches.batch(t).index_B.tolist()
        if (place + 1) % of and place + 1 < batches.per_epoch:
            found.append(None)
            continue
        left = {
            i: [max(0.0, float(losses_EN[epoch][i]) - held[c][i]) for c in range(3)]
            for i in waiting
        }
        score = {i: sum(w[c] * left[i][c] for c in range(3)) for i in waiting}
        count = max(1, int(what.keep * len(waiting) + 0.5))
        chosen = sorted(waiting, key=lambda i: -score[i])[:count]
        for c in range(3):
            alpha = sum(left[i][c] for i in chosen)
            alpha -= behind[c] * (count if what.held_out == "each" else 1)
            w[c] *= math.exp(-what.eta * alpha)
        w = [each / sum(w) for each in w]
        found.append(chosen)
        weights.append(list(w))
        waiting = []
    return found, weights


@pytest.mark.parametrize("held_out", ["once", "each"])
@pytest.mark.parametrize(("keep", "eta"), [(0.25, 0.05), (0.5, 1e-4), (0.1, 0.5)])
def test_reducr_chooses_and_reweighs_as_a_slow_loop_does(keep, eta, held_out):
    data, losses_EN = blobs(150), 3 * uniform(3, 150)
    panel = Panel([linear(data, c) for c in range(3)])
    logits_NC = torch.randn(150, 3, generator=torch.Generator().manual_seed(1)).double()
    what = Reducr(keep, eta, held_out)
    expected, weights = slow_reducr(what, data, losses_EN, panel, logits_NC, RECIPE)
    given = given_of(data, teacher=panel)
    batches = Batches(data, RECIPE, given.seeds_M, together=False)
    run, told, found = what.start(given, batches), Told(losses_EN, 10, logits_NC), []
    for t in range(30):
        chosen = run.choose(t, batches.batch(t), told.at(t))
        if chosen is not None:
            said = run.told()
            w = [float(said[f"weight {c}"]) for c in range(3)]
            assert w == pytest.approx(weights[len([i for i in found if i])], rel=1e-10)
            assert sum(w) == pytest.approx(1.0, abs=1e-12)
        found.append(None if chosen is None else chosen.batch.index_B.tolist())
    assert found == expected


def test_a_class_that_is_behind_gains_weight_and_one_that_is_learned_from_loses():
    left_KC = torch.tensor([[2.0, 0.0, 0.0], [1.0, 0.0, 0.0]]).double()
    log_w_C = torch.zeros(3).double().log_softmax(0)
    w = reducr.reweighed(log_w_C, left_KC, torch.tensor([0.0, 0.0, 4.0]).double(), 0.1).exp()
    expected = [math.exp(-0.3), 1.0, math.exp(0.4)]
    assert w.tolist() == pytest.approx([each / sum(expected) for each in expected])


def test_where_all_held_out_models_are_one_and_none_knows_better_reducr_is_rho_loss():
    data, losses_EN = blobs(150), 9 + uniform(2, 150)  # above whatever the model loses
    one = linear(data, 4)
    logits_NC = torch.zeros(150, 3).double()
    panel = Panel([one, one, one])
    chosen, _ = walked(Reducr(0.25, eta=0.3), data, losses_EN, teacher=panel, logits_NC=logits_NC)
    rho, _ = walked(RhoLoss(0.25), data, losses_EN, teacher=one)
    assert learned(chosen) == learned(rho)


def test_what_the_held_out_models_lose_is_cross_entropy_on_images_as_they_are():
    data = blobs(600)  # more than are asked about at once
    panel = Panel([linear(data, c) for c in range(3)])
    found = reducr.losses(panel, data, "float64")
    for c, network in enumerate(panel.networks):
        with torch.no_grad():
            logits = network(data.train_x_NCHW)
        expected = F.cross_entropy(logits, data.train_y_N, reduction="none")
        torch.testing.assert_close(found[:, c], expected, rtol=0, atol=1e-12)


def test_what_is_held_out_is_asked_once_an_epoch_and_paid_for():
    data = blobs(64, held_out=12)
    panel = Panel([linear(data, c) for c in range(3)]).eval()
    run = SupervisedRun(RECIPE, given_of(data, (Reducr(0.5),), teacher=panel))
    forwards = [run.step(t).cost.forwards for t in range(8)]
    assert forwards == [16 + 12, 16 + 16, 16, 16 + 16] * 2
    with torch.no_grad():
        logits_NC = run.net.eval()(next(data.held_out_batches(12)))
    loss_N = F.cross_entropy(logits_NC, data.held_out_y_N, reduction="none")
    run.net.train()
    run.step(8)
    said = run.sampling[0].told()
    for c in range(3):
        of_c = loss_N[data.held_out_y_N == c].mean()
        assert float(said[f"held_out_loss {c}"]) == pytest.approx(float(of_c), rel=1e-9)


def test_reducr_goes_on_with_its_weights():
    data = blobs(64, held_out=12)
    panel = Panel([linear(data, c) for c in range(3)]).eval()
    runs = [
        SupervisedRun(RECIPE, given_of(data, (Reducr(0.5, eta=0.3),), teacher=panel))
        for _ in range(2)
    ]
    for t in range(3):
        runs[0].step(t)
    told = runs[0].sampling[0].told()
    assert len({float(told[f"weight {c}"]) for c in range(3)}) > 1
    runs[1].sampling[0].load_state_dict(runs[0].sampling[0].state_dict())
    torch.testing.assert_close(runs[1].sampling[0].told(), told, rtol=0, atol=0)


def test_reducr_says_what_it_lacks():
    data = blobs(40)
    with pytest.raises(UserError) as caught:
        SupervisedRun(RECIPE, given_of(data, (Reducr(),), teacher=linear(data)))
    assert str(caught.value) == (
        f"{Reducr()!r} asks a held-out model for each class, and its teacher is a Sequential; give "
        "one with Specialists(model), trained by ClassWeighted(recipe)"
    )
    panel = Panel([linear(data, c) for c in range(3)])
    bare = resident(Blobs(train=40).load(), dtype=torch.float64)
    with pytest.raises(UserError) as caught:
        SupervisedRun(RECIPE, given_of(bare, (Reducr(),), teacher=panel))
    assert str(caught.value) == (
        f"{Reducr()!r} looks at held-out examples of each class, and the data hold out none of "
        "class 0; train on Watching(half, other half) or HeldOut(data)"
    )


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        (None, {0: 10 / 60, 1: 10 / 30, 2: 1.0}),
        (1.0, {0: 1.0, 1: 1.0, 2: 1.0}),
        (0.5, {0: 20 / 60, 1: 20 / 30, 2: 1.0}),
        (0.15, {0: 5 / 60, 1: 5 / 30, 2: 5 / 10}),
    ],
)
def test_the_chance_of_an_example_falls_with_the_count_of_its_value(share, expected):
    value_N = np.repeat([0, 1, 2], [60, 30, 10])
    chance_N = balanced.chances(value_N, share)
    for value, chance in expected.items():
        assert chance_N[value_N == value] == pytest.approx(chance)
    if share is not None:
        assert chance_N.sum() == pytest.approx(100 * share)


def test_an_epoch_learns_from_all_classes_equally_often():
    splits = Blobs(train=3000).load()
    rare_N = np.flatnonzero((splits.train.label_N != 0) | (np.arange(3000) % 10 == 0))
    whole = resident(splits, dtype=torch.float64)
    data = replace(
        whole, train_x_NCHW=whole.train_x_NCHW[rare_N], train_y_N=whole.train_y_N[rare_N]
    )
    chosen, _ = walked(Balanced(), data, uniform(3, len(rare_N)))
    y = torch.cat([c.batch.y_B for c in chosen if c is not None])
    count_C = torch.bincount(y, minlength=3).double()
    rarest = int((data.train_y_N == 0).sum())
    assert count_C[0] == 3 * rarest
    assert (count_C[1:] - 3 * rarest).abs().max() < 3 * (3 * rarest) ** 0.5


def test_a_slice_is_balanced_by_its_name_and_one_that_is_not_there_is_named():
    data = blobs(41)  # 21 at even places, "right", and 20 "left"
    chance_N = (
        Balanced("half")
        .start(given_of(data), Batches(data, RECIPE, given_of(data).seeds_M, False))
        .chance_N
    )
    assert chance_N.tolist() == pytest.approx([20 / 21 if n % 2 == 0 else 1 for n in range(41)])
    with pytest.raises(UserError) as caught:
        walked(Balanced("age"), data, uniform(1, 41))
    assert str(caught.value) == (
        "Balanced(by='age', share=None): the training part has no slice 'age'; it has class, half"
    )


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (
            lambda: SelectiveBackprop(-1.0),
            "SelectiveBackprop(beta=-1.0, window=1024, warm=1, stale=1): beta and warm are 0 or "
            "more, window and stale 1 or more",
        ),
        (
            lambda: SelectiveBackprop(1.0, stale=0),
            "SelectiveBackprop(beta=1.0, window=1024, warm=1, stale=0): beta and warm are 0 or "
            "more, window and stale 1 or more",
        ),
        (
            lambda: RandomShare(0.0),
            "RandomShare(share=0.0, warm=1): share is above 0 and up to 1, warm is 0 or more",
        ),
        (
            lambda: VarianceReduction(1.5),
            "VarianceReduction(keep=1.5, unbiased=False): keep is above 0 and up to 1",
        ),
        (
            lambda: RhoLoss(0.1, teacher_member=-1),
            "RhoLoss(keep=0.1, teacher_member=-1): teacher_member is a whole number, counted from 0, "
            "or None for a teacher of each student's own",
        ),
        (
            lambda: Reducr(teacher_member=1.5),
            "Reducr(keep=0.1, eta=0.0001, held_out='once', teacher_member=1.5): teacher_member is a "
            "whole number, counted from 0, or None for a teacher of each student's own",
        ),
        (
            lambda: Reducr(0.0),
            "Reducr(keep=0.0, eta=0.0001, held_out='once', teacher_member=None): keep is above 0 and "
            "up to 1",
        ),
        (
            lambda: Reducr(eta=-1.0),
            "Reducr(keep=0.1, eta=-1.0, held_out='once', teacher_member=None): eta is a finite "
            "number of 0 or more, held_out is once or each",
        ),
        (
            lambda: Balanced(share=0.0),
            "Balanced(by='class', share=0.0): share is above 0 and up to 1, or None",
        ),
    ],
)
def test_what_cannot_be_is_refused(made, said):
    with pytest.raises(ValueError, match="^" + re.escape(said) + "$"):
        made()
