"""The trace's values against a slow loop and by hand, and when it has none."""

import math

import numpy as np
import pytest
import torch

import toys
from blobs import Blobs
from undertow.lab.feeds.batches import Batches
from undertow.lab.feeds.resident import resident
from undertow.lab.models import MLP
from undertow.lab.population import Population
from undertow.lab.probes import Trace
from undertow.lab.probes import trace as trace_module
from undertow.lab.probes.probe import Size
from undertow.lab.probes.trace import values_of
from undertow.lab.recipe import Recipe
from undertow.lab.runner.drive import drive
from undertow.lab.runner.member import build_member
from undertow.lab.runner.probing import Probing
from undertow.lab.trainings.supervised import Supervised
from undertow.lab.trainings.training import Given

RECIPE = Recipe(epochs=3, batch=16, lr=0.05, flip=True, crop=1)


def slowly(logits_C, y):
    """As the papers define them, one example and one class at a time."""
    exp_C = [math.exp(z) for z in logits_C]
    p_C = [e / sum(exp_C) for e in exp_C]
    others = [z for c, z in enumerate(logits_C) if c != y]
    squares = [(p - (c == y)) ** 2 for c, p in enumerate(p_C)]
    predicted = max(range(len(p_C)), key=lambda c: logits_C[c])
    return -math.log(p_C[y]), logits_C[y] - max(others), math.sqrt(sum(squares)), predicted


@pytest.mark.parametrize("shape", [(5,), (2, 5)])
@pytest.mark.parametrize("classes", [2, 7])
def test_its_values_are_those_of_a_slow_loop(shape, classes):
    source = torch.Generator().manual_seed(0)
    logits = torch.randn(*shape, classes, generator=source, dtype=torch.float64) * 3
    y = torch.randint(classes, shape, generator=source)
    found = torch.stack([v.double() for v in values_of(logits, y)], dim=-1).reshape(-1, 4)
    rows = zip(logits.reshape(-1, classes).tolist(), y.flatten().tolist(), strict=True)
    np.testing.assert_allclose(found, [slowly(*row) for row in rows], rtol=1e-12)


def test_its_values_by_hand():
    """Two equal logits of two classes: p = 1/2, so log 2, no margin, and (1/2, −1/2) off."""
    loss, margin, error, predicted = values_of(torch.zeros(1, 2), torch.tensor([1]))
    assert (loss.item(), margin.item(), error.item(), predicted.item()) == pytest.approx(
        (math.log(2), 0, math.sqrt(0.5), 0)
    )


def given(data, acting=(), seed_of="dense", model=MLP((8,))):
    population = Population("dense", Blobs(train=40), model, RECIPE, 1)
    seeds = population.seeds.member(seed_of, 0)
    return Given(data, [build_member(population, seeds, data, None)], [seeds], acting)


@pytest.fixture(scope="module")
def data():
    return resident(Blobs(train=40).load(), dtype=torch.float64)


def traced(trace, given, recipe=RECIPE):
    probing = Probing([trace])
    drive(Supervised(recipe), given, probing=probing)
    return probing.kept_M[0].probed.per_example[trace.name]


def test_it_holds_what_each_step_saw_when_it_saw_it(data):
    """Asked of the network by hand, just before each step, on the batch that the step will see."""
    frame = traced(Trace(), given(data))
    by_hand = given(data)
    run = Supervised(RECIPE).start(by_hand)
    batches = Batches(data, RECIPE, by_hand.seeds_M, together=False)
    expected = np.full((40, 3), np.nan)
    for t in range(run.steps):
        batch = batches.batch(t)
        loss_B = values_of(run.network()(batch.x_BCHW), batch.y_B).loss
        expected[batch.index_B, t // 3] = loss_B.detach()
        run.step(t)
    np.testing.assert_allclose(frame["loss"].to_numpy(), expected, rtol=1e-3)
    assert (np.diff(expected.mean(0)) < 0).all()


@pytest.mark.parametrize("part", ["train", "test"])
def test_a_clean_trace_is_asked_after_the_epoch(part, data):
    frame = traced(Trace(clean=True, part=part), trained := given(data))
    x, y = (
        (data.train_x_NCHW, data.train_y_N)
        if part == "train"
        else (data.test_x_NCHW, data.test_y_N)
    )
    with torch.no_grad():
        expected = values_of(trained.models[0].eval()(x), y)
    for name, value in expected._asdict().items():
        np.testing.assert_allclose(frame[name].to_numpy()[:, -1], value, rtol=1e-3, atol=1e-4)
    assert not np.allclose(frame["loss"].to_numpy()[:, 0], expected.loss, rtol=1e-2)


def test_an_example_that_an_epoch_did_not_learn_from_has_no_values_there(data):
    frame = traced(Trace(), given(data, (toys.HardestHalf(1),)))
    loss_NE, predicted_NE = frame["loss"].to_numpy(), frame["predicted"].to_numpy()
    assert np.isnan(loss_NE).sum(0).tolist() == [20, 20, 20]
    assert ((predicted_NE == -1) == np.isnan(loss_NE)).all()


@pytest.mark.parametrize(
    ("every", "epochs", "chosen"),
    [(1, 3, (1, 2, 3)), (2, 4, (2, 4)), (2, 5, (2, 4, 5)), (9, 2, (2,))],
)
def test_it_looks_at_every_so_many_epochs_and_at_the_last(every, epochs, chosen):
    assert Trace(every=every).entry(epochs).epochs == chosen


def test_every_other_epoch_has_what_every_epoch_has(data):
    whole, some = (traced(Trace(every=e), given(data)) for e in (1, 2))
    np.testing.assert_array_equal(some["margin"].to_numpy(), whole["margin"].to_numpy()[:, [1, 2]])


def test_how_much_waits_changes_nothing(data, monkeypatch):
    late = traced(Trace(), given(data))
    monkeypatch.setattr(trace_module, "AT_ONCE", 1)
    assert traced(Trace(), given(data)).equals(late)


def test_it_says_what_it_keeps():
    """Three halves and one byte, or four bytes from 128 classes on, and an epoch under way."""
    assert Trace().kept_bytes(Size(1000, 10, 127, 0), 9) == 1000 * 7 * 10
    assert Trace(clean=True, part="test").kept_bytes(Size(1000, 10, 128, 0), 9) == 10 * 10 * 10
    frame = traced(Trace(), given(resident(Blobs(train=40).load())))
    assert frame.estimated_size() == 40 * 7 * 3


def test_many_classes_are_told_apart(data):
    far = torch.zeros(1, 300).scatter(1, torch.tensor([[299]]), 9.0)
    kept = trace_module._unseen((1, 1), 300).predicted
    kept.copy_(values_of(far, torch.tensor([0])).predicted)
    assert kept.item() == 299


@pytest.mark.heavy
def test_a_clean_pass_reaches_all_of_a_large_part():
    """More examples than are asked about at once."""
    many = resident(Blobs(train=1100, test=600).load(), dtype=torch.float64)
    for part, x, y in (
        ("train", many.train_x_NCHW, many.train_y_N),
        ("test", many.test_x_NCHW, many.test_y_N),
    ):
        frame = traced(Trace(clean=True, part=part, every=9), trained := given(many))
        with torch.no_grad():
            expected = values_of(trained.models[0].eval()(x), y)
        np.testing.assert_allclose(
            frame["loss"].to_numpy()[:, 0], expected.loss, rtol=2e-3, atol=1e-4
        )
        assert (frame["predicted"].to_numpy()[:, 0] == expected.predicted.numpy()).all()


def test_what_half_precision_does_not_hold_is_the_largest_number_that_it_does(data):
    kept = trace_module._Kept(given(data), "train", (1,))
    logits = torch.zeros(1, 2, data.classes)
    logits[0, 0, (int(kept.y_N[0]) + 1) % data.classes] = 1e6
    kept.add(torch.tensor([[0, 1]]), logits)
    assert kept.now.loss[0, 0].item() == 65504
    assert kept.now.margin[0, 0].item() == -65504
    assert math.isfinite(kept.now.loss[0, 1].item())
