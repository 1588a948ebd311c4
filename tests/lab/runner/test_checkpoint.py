"""Checkpoints: when they are written, and what becomes of damaged ones. (That a training goes on
from each of its steps to the same bytes is in ``contracts/test_trainings.py``.)"""

import pytest
import torch

from blobs import Blobs
from trainings import train_member
from undertow.lab.feeds.resident import resident
from undertow.lab.models import MLP
from undertow.lab.recipe import Recipe
from undertow.lab.runner.checkpoint import FolderShelf, Saver, Stopped
from undertow.lab.seeds import SeedPlan
from undertow.lab.trainings.noise import torch_seeded

SEEDS = [SeedPlan().member("dense", index) for index in range(2)]


@pytest.fixture(scope="module")
def data():
    return resident(Blobs(train=90).load())


def built(model, data):
    models = []
    for seeds in SEEDS:
        with torch_seeded(seeds["init"], data.device):
            models.append(model.build(data.shape_CHW, data.classes))
    return models


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


class Column:
    """Keeps a column of a table of one row, which has the stride of the table."""

    def __init__(self, value):
        self.table_MG = torch.full((1, 3), value, dtype=torch.float64)

    def state_dict(self):
        return {"column": self.table_MG[:, 1]}

    def load_state_dict(self, state_dict):
        self.table_MG[:, 1] = state_dict["column"]


def test_a_column_of_one_row_is_saved_and_comes_back(tmp_path):
    Saver(FolderShelf(tmp_path), "000").save(4, {"kept": Column(2.0)})
    kept = Column(0.0)
    assert Saver(FolderShelf(tmp_path), "000").resume({"kept": kept}) == 4
    assert kept.table_MG.tolist() == [[0.0, 2.0, 0.0]]


def test_torchs_own_generator_is_left_alone(data, tmp_path):
    before = torch.random.get_rng_state()
    with pytest.raises(Stopped):
        train_member(
            built(MLP((8,)), data)[0],
            data,
            Recipe(epochs=2),
            SEEDS[0],
            saver=Saver(FolderShelf(tmp_path), "0", asked=lambda: True),
        )
    assert torch.equal(torch.random.get_rng_state(), before)
