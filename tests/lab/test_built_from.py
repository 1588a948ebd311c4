"""What a record says its members were built from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from blobs import Blobs
from undertow.lab.built_from import built_from
from undertow.lab.data import ImageFolder
from undertow.lab.data import lazy as lazy_module
from undertow.lab.data.dataset import Splits
from undertow.lab.held_values import without_address
from undertow.lab.interventions.objective import Distillation
from undertow.lab.interventions.weights import MagnitudePruning, WeightQuantization
from undertow.lab.models import MLP, SmallCNN
from undertow.lab.population import Population
from undertow.lab.recipe import Recipe

DENSE = Population("dense", Blobs(), MLP(hidden=(8,)), Recipe(epochs=1), members=2)
SPLITS = Blobs().load()


def names(population: Population) -> list[str]:
    return list(built_from(population, SPLITS))


def test_its_own_code_and_data_by_name() -> None:
    found = built_from(DENSE.under(MagnitudePruning(0.5), name="pruned"), SPLITS, "import torch\n")
    assert list(found) == [
        "data Blobs",
        "model MLP",
        "intervention MagnitudePruning",
        "training data",
    ]
    assert all(len(digest) == 16 for digest in found.values())
    assert "study file" in built_from(DENSE, SPLITS, "import torch\ntorch.manual_seed(1)\n")


def test_what_it_derives_or_learns_from_as_far_as_it_is_not_its_own() -> None:
    assert names(DENSE.under(WeightQuantization(4), name="int4"))[3:] == [
        "training data",
        "parent's declaration",
    ]
    pruned = DENSE.under(MagnitudePruning(0.5), name="pruned")
    assert names(pruned.under(WeightQuantization(4), name="both"))[4:] == [
        "parent's intervention MagnitudePruning",
        "parent's declaration",
    ]
    teacher = replace(DENSE, name="teacher", model=SmallCNN(4))
    student = DENSE.under(Distillation(2.0), name="student", teacher=teacher)
    assert names(student)[4:] == ["teacher's model SmallCNN", "teacher's declaration"]
    derived = student.under(WeightQuantization(4), name="q")
    assert names(derived)[4:] == [
        "parent's intervention Distillation",
        "parent's declaration",
        "parent's teacher's model SmallCNN",
        "parent's teacher's declaration",
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"recipe": Recipe(epochs=2)},
        {"model": MLP(hidden=(9,))},
        {"interventions": (MagnitudePruning(0.5),)},
    ],
)
def test_another_teacher_of_the_same_name_makes_other_students(change: dict) -> None:
    teacher = replace(DENSE, name="teacher")
    taught = [
        DENSE.under(Distillation(2.0), name="s", teacher=t)
        for t in (teacher, replace(teacher, **change))
    ]
    before, after = (built_from(student, SPLITS) for student in taught)
    assert before["teacher's declaration"] != after["teacher's declaration"]


def changed(splits: Splits, **change: object) -> str:
    return built_from(DENSE, replace(splits, train=replace(splits.train, **change)))[
        "training data"
    ]


def test_training_data_count_by_their_content() -> None:
    train = SPLITS.train
    before = changed(SPLITS)
    assert changed(Blobs().load()) == before
    pixels, labels = np.array(train.x_NCHW), train.label_N.copy()
    pixels[7, 0, 3, 3] ^= 1
    labels[7] = (labels[7] + 1) % 3
    assert len({before, changed(SPLITS, x_NCHW=pixels), changed(SPLITS, label_N=labels)}) == 3
    assert changed(SPLITS, example_id_N=tuple(reversed(train.example_id_N))) != before
    assert built_from(DENSE, replace(SPLITS, mean=(0.5,)))["training data"] != before


def test_a_large_data_set_counts_by_images_at_even_distances(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("undertow.lab.built_from.CHUNK_BYTES", 4 * 64)  # four of sixty images
    before = changed(SPLITS)
    for row, seen in ((0, True), (15, True), (16, False), (45, True)):
        pixels = np.array(SPLITS.train.x_NCHW)
        pixels[row] ^= 1
        assert (changed(SPLITS, x_NCHW=pixels) != before) == seen


def test_images_on_disk_give_what_the_same_in_memory_give(tmp_path: Path) -> None:
    for part, label in ((p, c) for p in ("train", "test") for c in ("a", "b")):
        (tmp_path / part / label).mkdir(parents=True)
        Image.fromarray(np.full((4, 4), len(label + part), np.uint8)).save(
            tmp_path / part / label / "0.png"
        )
    kept = ImageFolder(str(tmp_path), channels=1)
    streamed = ImageFolder(str(tmp_path), channels=1, stream=True)
    assert isinstance(streamed.load().train.x_NCHW, lazy_module.LazyImages)
    one, other = (built_from(replace(DENSE, data=data), data.load()) for data in (kept, streamed))
    assert one == other


def test_an_address_is_no_part_of_a_declaration() -> None:
    @dataclass(frozen=True)
    class Held:
        act: object

    class Bare:
        pass

    assert without_address(Held(Bare())) == without_address(Held(Bare()))
    assert " at 0x" not in without_address(Held(lambda: 1))
