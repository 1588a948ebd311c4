"""A training that is stopped anywhere and goes on gives the bytes of one that never stopped."""

import itertools

import pytest
import torch

from blobs import Blobs
from trainings import train_member, train_stacked
from undertow.lab.feeds.resident import resident
from undertow.lab.interventions.weights import MagnitudePruning
from undertow.lab.models import MLP, SmallCNN, WideResNet
from undertow.lab.recipe import Recipe
from undertow.lab.runner.checkpoint import FolderShelf, Saver, Stopped
from undertow.lab.seeds import SeedPlan
from undertow.lab.trainings.noise import torch_seeded

SEEDS = [SeedPlan().member("dense", index) for index in range(2)]
PRUNED = (MagnitudePruning(0.5, begin=0.0, end=0.6, every=0.1),)


@pytest.fixture(scope="module")
def data():
    return resident(Blobs(train=90).load())


def built(model, data):
    models = []
    for seeds in SEEDS:
        with torch_seeded(seeds["init"], data.device):
            models.append(model.build(data.shape_CHW, data.classes))
    return models


def train(how, models, data, recipe, saver=None):
    if how == "alone":
        return train_member(models[0], data, recipe, SEEDS[0], PRUNED, saver=saver)
    return train_stacked(models, data, recipe, SEEDS, PRUNED, saver=saver)


def stop_after(steps):
    """Says yes from the given look on."""
    looks = itertools.count(1)
    return lambda: next(looks) >= steps


@pytest.mark.parametrize("how", ["alone", "stacked"])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize(
    "model", [MLP((8,)), SmallCNN(4), WideResNet(10, 1, dropout=0.2)], ids=repr
)
def test_stopped_at_any_step_it_goes_on_to_the_same_bytes(how, optimizer, model, data, tmp_path):
    # nine steps
    recipe = Recipe(epochs=3, batch=32, lr=0.01, optimizer=optimizer, flip=True, crop=1)
    whole = built(model, data)
    facts = train(how, whole, data, recipe)
    shelf = FolderShelf(tmp_path / "unfinished")
    for steps in (2, 1, 4):  # in mid-epoch, just after an epoch, in mid-epoch
        with pytest.raises(Stopped):
            train(
                how, built(model, data), data, recipe, Saver(shelf, "000", asked=stop_after(steps))
            )
    broken = built(model, data)
    assert train(how, broken, data, recipe, Saver(shelf, "000")) == facts
    for one, other in zip(whole, broken, strict=True):
        for name, value in one.state_dict().items():
            assert torch.equal(other.state_dict()[name], value), name


def test_it_saves_by_the_clock_and_goes_on_from_there(data, tmp_path):
    recipe, shelf, seen = Recipe(epochs=3, batch=32, lr=0.01), FolderShelf(tmp_path), []
    train_member(
        built(MLP((8,)), data)[0], data, recipe, SEEDS[0], saver=Saver(shelf, "000", every=0.0)
    )
    train_member(
        built(MLP((8,)), data)[0],
        data,
        recipe,
        SEEDS[0],
        on_epoch=lambda e, _: seen.append(e),
        saver=Saver(shelf, "000"),
    )
    assert seen == [3]  # the last checkpoint lies before the last step


def test_a_damaged_checkpoint_costs_time_and_nothing_else(data, tmp_path):
    recipe, shelf = Recipe(epochs=2, batch=32, lr=0.01), FolderShelf(tmp_path)
    shelf.save("000", b"not a checkpoint")
    first, second = built(MLP((8,)), data)[0], built(MLP((8,)), data)[0]
    train_member(first, data, recipe, SEEDS[0])
    train_member(second, data, recipe, SEEDS[0], saver=Saver(shelf, "000"))
    assert all(
        torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True)
    )


def test_torchs_own_generator_is_left_alone(data, tmp_path):
    before = torch.random.get_rng_state()
    with pytest.raises(Stopped):
        train(
            "alone",
            built(MLP((8,)), data),
            data,
            Recipe(epochs=2),
            Saver(FolderShelf(tmp_path), "0", asked=stop_after(1)),
        )
    assert torch.equal(torch.random.get_rng_state(), before)
