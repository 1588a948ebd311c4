"""The contrastive losses beside loops typed from the papers, and what their training leaves."""

import copy
import math
import re
from dataclasses import replace

import pytest
import torch
from torch.nn import functional as F

from blobs import Blobs
from contracts.test_trainings import given, weights
from undertow.errors import UserError
from undertow.lab.feeds.resident import resident
from undertow.lab.feeds.uniforms import uniforms
from undertow.lab.feeds.views import Flip, Jitter, ResizedCrop, numbers, view_of
from undertow.lab.interventions.during import During
from undertow.lab.interventions.weights import MagnitudePruning
from undertow.lab.models import MLP, SmallCNN
from undertow.lab.population import Population
from undertow.lab.probes import Trace
from undertow.lab.recipe import Recipe
from undertow.lab.runner.drive import drive
from undertow.lab.runner.probing import Probing
from undertow.lab.runner.trainer import train_population
from undertow.lab.trainings.contrastive import Contrastive, contrast
from undertow.lab.trainings.linear_probe import LinearProbe
from undertow.lab.trainings.noise import mixed
from undertow.lab.trainings.phases import Phases
from undertow.lab.trainings.training import Given
from undertow.records.probes import read_probe
from undertow.records.read import read_population

RECIPE = Recipe(epochs=2, batch=16, lr=0.05, precision="float64")
SMALL = Contrastive(RECIPE, projector=(8, 4))
LABELS = torch.tensor([0, 1, 0, 2, 1, 0])


@pytest.fixture(scope="module")
def data():
    return resident(Blobs(train=40).load(), dtype=torch.float64)


def projections(count=12, width=5, members=()):
    source = torch.Generator().manual_seed(count)
    shape = (*members, count, width)
    return torch.randn(shape, generator=source, dtype=torch.float64).requires_grad_()


def supcon(z, label, temperature):
    """2004.11362, eq. 2 (L_out): for each i in I the mean over P(i), outside the logarithm."""
    losses = []
    for i in range(len(z)):
        others = [a for a in range(len(z)) if a != i]
        denominator = sum(torch.exp(z[i] @ z[a] / temperature) for a in others)
        positives = [p for p in others if label[p] == label[i]]
        total = sum(
            torch.log(torch.exp(z[i] @ z[p] / temperature) / denominator) for p in positives
        )
        losses.append(-total / len(positives))
    return torch.stack(losses)


def ntxent(z, temperature):
    """2002.05709, algorithm 1, where views 2k − 1 and 2k are of one example."""

    def s(i, j):
        return z[i] @ z[j] / (z[i].norm() * z[j].norm())

    def of_pair(i, j):
        below = sum(torch.exp(s(i, k) / temperature) for k in range(len(z)) if k != i)
        return -torch.log(torch.exp(s(i, j) / temperature) / below)

    pairs = [(k, k + 1) for k in range(0, len(z), 2)]
    return sum(of_pair(i, j) + of_pair(j, i) for i, j in pairs) / len(z)


def inside_the_logarithm(z, label, temperature):
    """L_in of 2004.11362 without its 1/|P|, as a much used repository computes it on labels."""
    losses = []
    for i in range(len(z)):
        weight = {a: torch.exp(z[i] @ z[a] / temperature) for a in range(len(z)) if a != i}
        losses.append(
            -torch.log(sum(w for a, w in weight.items() if label[a] == label[i]))
            + torch.log(sum(weight.values()))
        )
    return torch.stack(losses)


def gradient(loss, of):
    (found,) = torch.autograd.grad(loss, of, retain_graph=True)
    return found


@pytest.mark.parametrize("temperature", [0.07, 0.5, 2.0])
def test_with_labels_it_is_l_out_of_the_paper(temperature):
    raw = projections()
    z, label = F.normalize(raw, dim=-1), LABELS.repeat(2)
    each = contrast(z, label, temperature)
    expected = supcon(z, label, temperature)
    torch.testing.assert_close(each, expected, rtol=1e-12, atol=1e-12)
    found, slow = (gradient(one.mean(), raw) for one in (each, expected))
    torch.testing.assert_close(found, slow, rtol=1e-10, atol=1e-12)
    assert slow.abs().max() > 1e-3


@pytest.mark.parametrize("temperature", [0.07, 0.5, 2.0])
def test_without_labels_it_is_ntxent_of_the_paper(temperature):
    raw = projections()
    z, kin = F.normalize(raw, dim=-1), torch.arange(6).repeat(2)
    together = contrast(z, kin, temperature).mean()
    in_pairs = raw.reshape(2, 6, -1).transpose(0, 1).reshape(12, -1)  # view by view, side by side
    expected = ntxent(in_pairs, temperature)
    torch.testing.assert_close(together, expected, rtol=1e-12, atol=0)
    found, slow = gradient(together, raw), gradient(expected, raw)
    torch.testing.assert_close(found, slow, rtol=1e-10, atol=1e-12)


def test_the_sum_over_kin_is_outside_the_logarithm():
    """Inside, a batch has another loss, but for anchors that have one kin."""
    z, label = F.normalize(projections(), dim=-1).detach(), LABELS.repeat(2)
    found, inside = contrast(z, label, 0.5), inside_the_logarithm(z, label, 0.5)
    assert (found - inside)[label != 2].min() > 0.5
    torch.testing.assert_close(found[label == 2], inside[label == 2], rtol=1e-12, atol=0)


def test_closed_forms():
    same = torch.zeros(8, 3, dtype=torch.float64)
    same[:, 0] = 1
    found = contrast(same, torch.tensor([0, 0, 0, 0, 1, 1, 2, 2]), 0.3)
    torch.testing.assert_close(found, torch.full_like(found, math.log(7)), rtol=1e-12, atol=0)
    apart = same * torch.tensor([1, 1, 1, 1, -1, -1, -1, -1])[:, None]
    expected = math.log(3 + 4 * math.exp(-2 / 0.3))  # four at each of two opposite ends
    found = contrast(apart, torch.tensor([0, 1]).repeat_interleave(4), 0.3)
    torch.testing.assert_close(found, torch.full_like(found, expected), rtol=1e-12, atol=0)


def test_neither_order_nor_a_rotation_matters():
    z, label = F.normalize(projections(), dim=-1).detach(), LABELS.repeat(2)
    each = contrast(z, label, 0.5)
    order = torch.randperm(12, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(contrast(z[order], label[order], 0.5), each[order])
    turned, _ = torch.linalg.qr(projections(5).detach())
    torch.testing.assert_close(contrast(z @ turned, label, 0.5), each)
    torch.testing.assert_close(contrast(z, 7 - label, 0.5), each)  # names of classes are names


def test_members_side_by_side_are_each_as_alone():
    z = F.normalize(projections(members=(3,)), dim=-1)
    kin = torch.stack([LABELS.repeat(2).roll(m) for m in range(3)])
    together = contrast(z, kin, 0.5)
    for m in range(3):
        torch.testing.assert_close(together[m], contrast(z[m], kin[m], 0.5), rtol=1e-12, atol=0)


def test_an_anchor_without_kin_has_no_loss_and_pushes_nobody_but_those_that_meet_it():
    raw = projections(4)
    kin = torch.tensor([0, 1, 0, 2])
    each = contrast(F.normalize(raw, dim=-1), kin, 0.5)
    assert each[1] == each[3] == 0
    lonely = gradient(each[1] + each[3], raw)
    assert torch.equal(lonely, torch.zeros_like(lonely))
    met = gradient(contrast(F.normalize(raw, dim=-1), kin, 0.5)[0], raw)
    assert met.isfinite().all()
    assert met[1].abs().max() > 0


@pytest.mark.parametrize("count", [1, 3])
def test_where_nobody_has_kin_nothing_is_nan(count):
    raw = projections(count)
    each = contrast(F.normalize(raw, dim=-1), torch.arange(count), 0.5)
    assert torch.equal(each, torch.zeros_like(each))
    assert torch.equal(gradient(each.sum(), raw), torch.zeros_like(raw))


def test_the_base_temperature_multiplies_the_loss():
    z, kin = F.normalize(projections(), dim=-1).detach(), LABELS
    plain, published = Contrastive(RECIPE, 0.5), Contrastive(RECIPE, 0.5, 0.07)
    each = plain.each(z, kin)
    assert each.shape == (6,)
    by_view = supcon(z, kin.repeat(2), 0.5)
    torch.testing.assert_close(each, (by_view[:6] + by_view[6:]) / 2)
    torch.testing.assert_close(published.each(z, kin), each * (0.5 / 0.07))


def test_a_batch_is_seen_in_two_views_that_belong_to_epoch_and_example(data):
    what = replace(SMALL, views=(ResizedCrop(), Flip(), Jitter()))
    one = given(data, ())
    run = what.start(one)
    for t in (0, 4):
        index_B, x_BCHW, _ = run.batches.batch(t)
        found = run._views(t, index_B, x_BCHW)
        for view, part in enumerate(found.split(len(index_B))):
            seed = mixed(mixed(one.seeds_M[0]["augment"], t // 3), view)
            for i, seen in zip(index_B.tolist(), part, strict=True):
                u_BK = uniforms([seed], torch.tensor([i]), numbers(what.views))
                x = data.train_batch(torch.tensor([i]))
                expected = view_of(x, u_BK, what.views, data.black_C, data.white_C)[0]
                torch.testing.assert_close(seen, expected, rtol=0, atol=1e-12)


def test_members_that_share_their_images_are_each_as_alone(data):
    shared = given(data, (), 2)
    seeds_M = [seeds | {"order": 1, "augment": 2} for seeds in shared.seeds_M]
    together = replace(shared, seeds_M=seeds_M)
    ends = drive(SMALL, together)
    for m in range(2):
        alone = Given(data, [given(data, (), 2).models[m]], [seeds_M[m]])
        (end,) = drive(SMALL, alone)
        assert ends[m] == pytest.approx(end, abs=1e-10)
        for name, value in weights(alone)[0].items():
            found = together.models[m].state_dict()[name]
            torch.testing.assert_close(found, value, rtol=0, atol=1e-10)


@pytest.mark.parametrize("views", [(), (Flip(),)], ids=["none", "flip"])
@pytest.mark.parametrize("members", [1, 2])
def test_the_encoder_learns_and_the_head_stays(members, views, data):
    one = given(data, (), members)
    before = weights(one)
    drive(replace(SMALL, views=views, recipe=replace(RECIPE, weight_decay=0.1)), one)
    for start, end in zip(before, weights(one), strict=True):
        kept = {name for name, value in start.items() if torch.equal(end[name], value)}
        assert kept == {"7.weight", "7.bias"}


def test_gradients_of_an_earlier_phase_are_gone(data):
    one = given(data, ())
    drive(LinearProbe(RECIPE), one)
    drive(SMALL, one)
    left = {n for n, p in one.models[0].named_parameters() if p.grad is None}
    assert left == {"7.weight", "7.bias"}


@pytest.mark.heavy
@pytest.mark.parametrize("labels", [True, False])
def test_one_tiny_member_tells_eight_examples_apart(labels):
    """Kin come together and all others as far apart as can be, and a head on the frozen encoder
    then knows all eight."""
    eight = resident(Blobs(train=8).load(), dtype=torch.float64)
    recipe = replace(RECIPE, epochs=150, batch=8)
    pretrained = given(eight, (), model=MLP((32,)))
    (facts,) = drive(Contrastive(recipe, 0.5, labels=labels, views=()), pretrained)
    kin = (eight.train_y_N if labels else torch.arange(8)).repeat(2)
    kinds = int(kin.max()) + 1
    simplex = F.normalize(torch.eye(kinds, dtype=torch.float64)[kin] - 1 / kinds, dim=-1)
    assert facts["loss"] == pytest.approx(float(contrast(simplex, kin, 0.5).mean()), abs=0.03)
    (facts,) = drive(LinearProbe(replace(recipe, lr=0.5)), pretrained)
    assert facts["loss"] < 0.05


def test_pruning_within_the_first_phase_holds_to_the_end(data):
    training = Phases(("pretrain", SMALL), ("probe", LinearProbe(replace(RECIPE, flip=True))))
    pruned = given(data, (During("pretrain", MagnitudePruning(0.75, begin=0.0, end=0.5)),))
    (facts,) = drive(training, pruned)
    assert facts["pretrain.sparsity"] == pytest.approx(0.75, abs=0.02)
    state = pruned.models[0].state_dict()
    for name in ("0.weight", "4.weight"):
        assert float((state[name] == 0).double().mean()) == 0.75
    assert (state["7.weight"] != 0).all()


def test_a_trace_of_what_was_seen_says_nothing_of_steps_without_logits(data):
    training = Phases(("pretrain", SMALL), ("probe", LinearProbe(RECIPE)))
    probing = Probing((Trace(), Trace(clean=True)))
    drive(training, given(data, ()), probing=probing)
    seen, clean = (probing.kept_M[0].probed.per_example[n] for n in ("trace", "trace-clean"))
    for frame, known in ((seen, [False, False, True, True]), (clean, [True] * 4)):
        losses = torch.tensor(frame["loss"].to_numpy().astype("float64"))
        assert losses.isfinite().all(0).tolist() == known
        assert losses.isnan().all(0).tolist() == [not one for one in known]


@pytest.mark.heavy
@pytest.mark.parametrize("runner", ["loop", "stacked"])
def test_a_population_is_pretrained_and_probed(runner, tmp_path):
    recipe = replace(RECIPE, precision="float32")
    training = Phases(("pretrain", replace(SMALL, recipe=recipe)), ("probe", LinearProbe(recipe)))
    pruning = During("pretrain", MagnitudePruning(0.5))
    declared = Population(
        "con", Blobs(), SmallCNN(4), training, 2, interventions=(pruning,), probes=(Trace(),)
    )
    folder = train_population(declared, tmp_path, runner=runner, workers=1)
    records = read_population(folder)
    assert records.M == 2
    assert records.manifest.recipe["training"] == repr(training)
    for member in records.members:
        assert member.facts["accuracy"] > 0.5
        assert member.facts["pretrain.sparsity"] == pytest.approx(0.5, abs=0.01)
    assert read_probe(folder, "trace").values["loss"].shape == (2, 60, 4)


def test_a_model_without_an_encoder_is_refused(data):
    with pytest.raises(UserError) as caught:
        SMALL.start(given(data, (), model=MLP(())))
    assert str(caught.value) == (
        "Sequential: has no parameters before its head '1', so there is no encoder to train; give "
        "a model with a hidden layer"
    )


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ({"temperature": 0.0}, "temperatures are above 0"),
        ({"temperature": math.nan}, "temperatures are above 0"),
        ({"base_temperature": -0.07}, "temperatures are above 0"),
        (
            {"recipe": replace(RECIPE, crop=2)},
            "the recipe's flip and crop would be the same in both views; leave them out, and give "
            "views=(Flip(), ResizedCrop())",
        ),
        (
            {"recipe": replace(RECIPE, label_smoothing=0.1)},
            "label_smoothing is of cross-entropy with labels; set it to 0",
        ),
    ],
)
def test_what_cannot_be_is_refused(made, said):
    with pytest.raises(ValueError) as caught:
        replace(SMALL, **made)
    whole = copy.copy(SMALL)
    for name, value in made.items():
        object.__setattr__(whole, name, value)
    assert str(caught.value) == f"{whole!r}: {said}"
    assert re.match(r"Contrastive\(recipe=Recipe\(", str(caught.value))
