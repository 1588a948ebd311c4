import copy
import math
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
import torch
from torch import nn

from trainings import train_member, train_stacked
from undertow.lab.data.dataset import Part, Splits
from undertow.lab.feeds.resident import resident
from undertow.lab.interventions.weights import MagnitudePruning
from undertow.lab.recipe import Recipe
from undertow.lab.runner.answers import probabilities
from undertow.lab.runner.drive import DivergedError
from undertow.lab.seeds import STREAMS
from undertow.lab.trainings.noise import torch_seeded

RECIPE = Recipe(epochs=3, batch=16, lr=0.05, flip=True, crop=1)
SEEDS = {"init": 1, "order": 2, "augment": 3, "dropout": 4}


def part(count, seed):
    rng = np.random.default_rng(seed)
    label_N = rng.integers(0, 3, count)
    x_NCHW = rng.integers(0, 80, (count, 1, 8, 8)) + 60 * label_N[:, None, None, None]
    return Part(
        x_NCHW.astype(np.uint8), label_N, tuple(f"{seed}/{i}" for i in range(count)), pl.DataFrame()
    )


@pytest.fixture(scope="module")
def data():
    return resident(
        Splits("blobs", ("a", "b", "c"), part(60, 0), part(30, 1), mean=(0.4,), std=(0.25,))
    )


def trained(data, recipe=RECIPE, seeds=SEEDS, interventions=()):
    with torch_seeded(seeds["init"], data.device):
        model = nn.Sequential(
            nn.Flatten(), nn.Linear(64, 12), nn.ReLU(), nn.Dropout(0.3), nn.Linear(12, 3)
        )
    facts = train_member(model, data, recipe, seeds, interventions)
    return model, facts


def weights(model):
    return torch.cat([p.detach().flatten() for p in model.parameters()])


def test_it_equals_a_loop_written_with_torchs_own_parts(data):
    recipe = Recipe(
        epochs=4, batch=60, lr=0.1, schedule="cosine", weight_decay=0.01, label_smoothing=0.1
    )
    seeds = SEEDS | {"dropout": 0}
    with torch_seeded(seeds["init"], data.device):
        plain = nn.Sequential(nn.Flatten(), nn.Linear(64, 12), nn.ReLU(), nn.Linear(12, 3)).double()
        ours = nn.Sequential(nn.Flatten(), nn.Linear(64, 12), nn.ReLU(), nn.Linear(12, 3)).double()
    ours.load_state_dict(plain.state_dict())
    x, y = data.train_x_NCHW.double(), data.train_y_N
    optimizer = torch.optim.SGD(
        plain.parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01
    )
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 4)
    for _ in range(4):
        optimizer.zero_grad()
        loss = nn.CrossEntropyLoss(label_smoothing=0.1)(plain(x), y)
        loss.backward()
        optimizer.step()
        scheduler.step()
    doubled = replace(data, train_x_NCHW=x, train_y_N=y)
    facts = train_member(ours, doubled, recipe, seeds)
    torch.testing.assert_close(weights(ours), weights(plain), rtol=1e-10, atol=1e-12)
    assert facts["loss"] == pytest.approx(loss.item(), rel=1e-10)  # of the last epoch


def test_the_loss_is_the_mean_over_examples_however_long_the_last_batch_is(data):
    still = Recipe(epochs=2, batch=25, lr=1e-9)
    models = [nn.Sequential(nn.Flatten(), nn.Linear(64, 3)) for _ in range(3)]
    expected = [
        nn.functional.cross_entropy(model(data.train_x_NCHW), data.train_y_N).item()
        for model in models
    ]
    ends = train_stacked(copy.deepcopy(models), data, still, [SEEDS] * 3)
    assert [end["loss"] for end in ends] == pytest.approx(expected, rel=1e-5)
    assert [train_member(model, data, still, SEEDS)["loss"] for model in models] == pytest.approx(
        expected, rel=1e-5
    )


def test_it_learns(data):
    model, facts = trained(data)
    assert facts["loss"] < math.log(3)
    right = probabilities(model, data).argmax(1) == data.test_y_N
    assert right.float().mean() > 0.8


def test_the_same_seeds_give_the_same_bytes_and_leave_torchs_generator_alone(data):
    before = torch.random.get_rng_state()
    first, _ = trained(data)
    second, _ = trained(data)
    assert torch.equal(weights(first), weights(second))
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("stream", STREAMS)
def test_every_stream_matters(data, stream):
    first, _ = trained(data)
    second, _ = trained(data, seeds=SEEDS | {stream: 99})
    assert not torch.equal(weights(first), weights(second))


def test_streams_that_are_not_used_do_not_matter(data):
    plain = Recipe(epochs=2, batch=16, lr=0.05)
    first, _ = trained(data, plain)
    second, _ = trained(data, plain, seeds=SEEDS | {"augment": 99})
    assert torch.equal(weights(first), weights(second))


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_pruning_during_training_reaches_its_target(data, optimizer):
    recipe = Recipe(epochs=3, batch=16, lr=0.01, optimizer=optimizer)
    model, facts = trained(data, recipe, interventions=(MagnitudePruning(sparsity=0.75),))
    assert facts["sparsity"] == 0.75
    assert facts["weights_changed"] == 0.75 * (64 * 12 + 12 * 3)
    assert int((model[1].weight == 0).sum()) == 0.75 * 64 * 12


def test_without_a_recipe_nothing_is_trained(data):
    model, facts = trained(data, recipe=None)
    with torch_seeded(SEEDS["init"], data.device):
        fresh = nn.Sequential(
            nn.Flatten(), nn.Linear(64, 12), nn.ReLU(), nn.Dropout(0.3), nn.Linear(12, 3)
        )
    assert torch.equal(weights(model), weights(fresh))
    assert facts == {}


def test_a_loss_that_is_no_number_stops_the_member(data):
    with pytest.raises(DivergedError) as caught:
        trained(data, Recipe(epochs=2, batch=16, lr=1e30))
    assert str(caught.value) == "the loss was nan in epoch 1 of 2"


def test_every_epoch_is_reported(data):
    seen = []
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 3))
    train_member(
        model, data, RECIPE, SEEDS, on_epoch=lambda epoch, epochs: seen.append((epoch, epochs))
    )
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_probabilities_are_float32_sum_to_one_and_ignore_dropout(data):
    model, _ = trained(data)
    model.train()
    first, second = probabilities(model, data), probabilities(model, data)
    assert torch.equal(first, second)
    assert first.dtype == torch.float32
    torch.testing.assert_close(first.sum(1), torch.ones(30))


def test_images_are_normalised_once_and_black_with_them(data):
    expected = (part(60, 0).x_NCHW / 255 - 0.4) / 0.25
    np.testing.assert_allclose(data.train_x_NCHW.numpy(), expected, atol=1e-6)
    assert data.black_C.item() == pytest.approx(-1.6)
    assert data.white_C.item() == pytest.approx(2.4)
    assert data.shape_CHW == (1, 8, 8)
