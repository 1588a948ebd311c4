"""Training labels that are changed: at random, in one direction, shuffled."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from blobs import Blobs
from undertow.drawn import drawn_by_class
from undertow.errors import UserError
from undertow.lab.data import (
    CIFAR10_CONFUSIONS,
    HeldOut,
    MappedLabels,
    ShuffledLabels,
    WrongLabels,
)
from undertow.lab.data.cifar import CLASSES
from undertow.lab.models import MLP
from undertow.lab.population import Population
from undertow.lab.recipe import Recipe
from undertow.lab.runner.trainer import train_population
from undertow.records.probes import read_train

DATA = Blobs(train=120)
RIGHT_N = DATA.load().train.label_N
ALL = [
    WrongLabels(DATA, 0.3, 1, fixed_points=True),
    MappedLabels(DATA, 0.3, {"dark": "light", "light": "grey"}, 2),
    MappedLabels(DATA, 0.3, "next"),
    ShuffledLabels(DATA, 0.3, 1),
]


def marked(part, name):
    return part.slices[name].to_numpy() == "yes"


@pytest.mark.parametrize("data", ALL)
def test_the_contract_of_a_wrapper(data):
    """Equal to what its repr says, a dictionary or not; told in train.parquet; the rest stays."""
    assert eval(repr(data)) == data
    assert hash(eval(repr(data))) == hash(data)
    whole, splits = DATA.load(), data.load()
    train = splits.train
    assert splits.recorded
    assert (train.slices["true_label"] == np.array(whole.classes)[RIGHT_N]).all()
    assert (marked(train, "mislabelled") == (train.label_N != RIGHT_N)).all()
    assert marked(train, "mislabelled").any()
    assert (train.label_N == data.load().train.label_N).all()
    assert (splits.test.label_N == whole.test.label_N).all()
    assert splits.test.slices.equals(whole.test.slices)
    assert (train.x_NCHW == whole.train.x_NCHW).all()
    assert train.example_id_N == whole.train.example_id_N


@pytest.mark.parametrize("data", ALL)
def test_what_is_held_out_keeps_its_labels(data):
    inside = replace(data, data=HeldOut(DATA, 0.25)).load()
    right = dict(zip(DATA.load().train.example_id_N, RIGHT_N.tolist(), strict=True))
    assert inside.held_out.label_N.tolist() == [right[i] for i in inside.held_out.example_id_N]
    assert inside.held_out.slices.columns == inside.train.slices.columns
    assert set(inside.held_out.slices["mislabelled"]) == {"no"}


@pytest.mark.parametrize("data", ALL)
def test_labels_are_changed_once(data):
    twice = replace(data, data=WrongLabels(DATA, 0.1))
    with pytest.raises(UserError) as caught:
        twice.load()
    assert str(caught.value) == (
        f"{twice!r}: its training labels were changed already; change them once"
    )


@pytest.mark.parametrize("data", ALL[1:])
@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_share_that_cannot_be_is_refused(data, share):
    with pytest.raises(UserError) as caught:
        replace(data, share=share, seed=0).load()
    assert str(caught.value) == (
        f"share={share!r}, seed=0: a share of 0 to 1 and a seed of 0 or more are needed"
    )


def test_the_record_has_who_was_drawn(tmp_path):
    data = HeldOut(WrongLabels(DATA, 0.5, fixed_points=True), 0.25)
    recipe = Recipe(epochs=1, batch=16, lr=0.05)
    population = Population("noisy", data, MLP((8,)), recipe, 1)
    train = read_train(train_population(population, tmp_path, runner="loop"))
    assert {"true_label", "mislabelled", "relabelled"} <= set(train.columns)
    drawn = train.filter(train["relabelled"] == "yes")
    assert 0 < (drawn["mislabelled"] == "yes").sum() < drawn.height
    assert set(train.filter(train["relabelled"] == "no")["mislabelled"]) == {"no"}


def test_with_fixed_points_each_class_is_as_likely_as_any():
    big = replace(DATA, train=6000)
    train = WrongLabels(big, 0.5, 3, fixed_points=True).load().train
    right_N = big.load().train.label_N
    drawn_N = marked(train, "relabelled")
    assert (drawn_N == drawn_by_class(right_N, 0.5, 3)).all()
    assert (train.label_N[~drawn_N] == right_N[~drawn_N]).all()
    away = np.bincount((train.label_N - right_N)[drawn_N] % 3, minlength=3) / drawn_N.sum()
    assert np.abs(away - 1 / 3).max() < 0.03
    assert "relabelled" not in WrongLabels(big, 0.5).load().train.slices.columns


def test_without_fixed_points_labels_are_those_they_always_were():
    given_N = WrongLabels(Blobs(train=12), 0.5).load().train.label_N
    assert given_N.tolist() == [2, 2, 1, 0, 0, 1, 1, 0, 2, 0, 2, 1]
    assert WrongLabels(DATA, 0.5).load().train.slices.columns == [
        "half",
        "true_label",
        "mislabelled",
    ]


def test_only_mapped_classes_change_and_only_to_their_target():
    train = MappedLabels(DATA, 0.3, {"dark": "light", "light": "grey"}).load().train
    for label, target in ((0, 2), (1, 1), (2, 1)):
        given_N = train.label_N[label == RIGHT_N]
        assert set(given_N.tolist()) <= {label, target}
        wrong = int(0.3 * len(given_N) + 0.5) if label != target else 0
        assert (given_N != label).sum() == wrong
    assert MappedLabels(DATA, 0.3, {"dark": "light"}) == MappedLabels(
        DATA, 0.3, [["dark", "light"]]
    )


def test_next_goes_round():
    train = MappedLabels(DATA, 1.0, "next").load().train
    assert (train.label_N == (RIGHT_N + 1) % 3).all()


def test_the_usual_map_of_cifar10_by_number():
    """9→1, 2→0, 4→7, 3↔5, as the code of 2002.07394 has it."""
    by_number = {CLASSES.index(a): CLASSES.index(b) for a, b in CIFAR10_CONFUSIONS.items()}
    assert by_number == {9: 1, 2: 0, 4: 7, 3: 5, 5: 3}


@pytest.mark.parametrize(
    ("to", "said"),
    [
        ("after", "to='after': give 'next', where there are two classes or more, or a dictionary "
         "of class names"),
        ({"dark": "red"}, "to: there is no class 'red'; choose from dark, grey, light"),
        ({"dark": "dark"}, "to={'dark': 'dark'}: 'dark' is named twice or is its own target; give "
         "each class one other class"),
        ((("dark", "grey"), ("dark", "light")), "to={'dark': 'light'}: 'dark' is named twice or is "
         "its own target; give each class one other class"),
        ({}, "to={}: it maps no class; give each class one other class"),
    ],
)  # fmt: skip
def test_a_map_that_cannot_be_is_refused(to, said):
    with pytest.raises(UserError) as caught:
        MappedLabels(DATA, 0.3, to).load()
    assert str(caught.value) == said


def test_shuffled_labels_are_those_that_were_there():
    train = ShuffledLabels(DATA, 0.5, 1).load().train
    drawn_N = marked(train, "relabelled")
    assert (drawn_N == drawn_by_class(RIGHT_N, 0.5, 1)).all()
    assert (train.label_N[~drawn_N] == RIGHT_N[~drawn_N]).all()
    assert sorted(train.label_N[drawn_N]) == sorted(RIGHT_N[drawn_N])
    assert 0 < marked(train, "mislabelled").sum() < drawn_N.sum()
    other = ShuffledLabels(DATA, 0.5, 2).load().train
    assert (other.label_N != train.label_N).any()
