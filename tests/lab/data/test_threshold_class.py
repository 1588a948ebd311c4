"""A class that there is not: who is in it, and what stays as it was."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from blobs import Blobs
from undertow.errors import UserError
from undertow.lab.data import Digits, HeldOut, ThresholdClass, WrongLabels
from undertow.lab.models import MLP
from undertow.lab.population import Population
from undertow.lab.probes import Trace
from undertow.lab.recipe import Recipe
from undertow.lab.runner.trainer import train_population
from undertow.records.probes import read_probe, read_train
from undertow.records.read import read_population

DATA = Blobs(train=100)


def drawn(data):
    return data.load().train.slices["threshold"].to_numpy() == "yes"


def test_n_over_k_examples_are_in_it_and_the_two_sets_share_none():
    first, second = (ThresholdClass(DATA, which) for which in ("first", "second"))
    assert drawn(first).sum() == drawn(second).sum() == 33
    assert not (drawn(first) & drawn(second)).any()
    assert (drawn(ThresholdClass(DATA, seed=1)) != drawn(first)).any()
    of_class_C = np.bincount(DATA.load().train.label_N[drawn(first)], minlength=3)
    assert of_class_C.min() > 3  # over all classes


def test_only_their_label_and_the_classes_are_others():
    whole, found = DATA.load(), ThresholdClass(DATA).load()
    in_N = drawn(ThresholdClass(DATA))
    assert found.classes == ("dark", "grey", "light", "(threshold)")
    assert (found.train.label_N == np.where(in_N, 3, whole.train.label_N)).all()
    names = np.array(whole.classes)[whole.train.label_N]
    assert found.train.slices["given_label"].to_list() == names.tolist()
    assert found.train.slices["half"].equals(whole.train.slices["half"])
    assert (found.train.x_NCHW == whole.train.x_NCHW).all()
    assert found.train.example_id_N == whole.train.example_id_N
    assert (found.test.label_N == whole.test.label_N).all()
    assert (found.mean, found.std) == (whole.mean, whole.std)
    assert found.recorded
    assert ThresholdClass(Digits()).load().train.slices.columns == ["given_label", "threshold"]


def test_labels_that_are_wrong_already_are_still_said_to_be():
    noisy = WrongLabels(DATA, 0.3)
    found, given = ThresholdClass(noisy).load().train, noisy.load().train
    for column in ("true_label", "mislabelled"):
        assert found.slices[column].equals(given.slices[column])
    out_N = found.slices["threshold"].to_numpy() == "no"
    assert (found.label_N[out_N] == given.label_N[out_N]).all()


def test_what_is_held_out_is_not_in_it():
    found = ThresholdClass(HeldOut(DATA, 0.2)).load()
    assert set(found.held_out.slices["threshold"]) == {"no"}
    assert (found.held_out.label_N < 3).all()


@dataclass(frozen=True)
class Binary(Blobs):
    def load(self):
        splits = super().load()
        parts = [replace(p, label_N=p.label_N % 2) for p in (splits.train, splits.test)]
        return replace(splits, classes=("no", "yes"), train=parts[0], test=parts[1], positive="yes")


def test_a_binary_task_is_none_any_more():
    assert ThresholdClass(Binary()).load().positive is None


def test_members_learn_it_and_are_asked_about_the_others(tmp_path):
    population = Population(
        "first", ThresholdClass(WrongLabels(DATA, 0.2)), MLP((8,)), Recipe(2, 16), 2,
        probes=(Trace(),),
    )  # fmt: skip
    folder = train_population(population, tmp_path, runner="loop")
    assert read_population(folder).proba_MNC.shape == (2, 30, 4)
    train = read_train(folder)
    assert {"given_label", "threshold", "true_label", "mislabelled"} <= set(train.columns)
    assert read_probe(folder, "trace").label_N.max() == 3


def one_class():
    splits = Blobs(train=4).load()
    return replace(splits, classes=("dark",), train=replace(splits.train, label_N=np.zeros(4, int)))


@dataclass(frozen=True)
class Dark:
    def load(self):
        return one_class()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (
            lambda: ThresholdClass(DATA, "third"),
            "ThresholdClass(data=Blobs(train=100, test=30), which='third', seed=0): which is "
            "'first' or 'second', seed is 0 or more",
        ),
        (
            lambda: ThresholdClass(DATA, seed=-1),
            "ThresholdClass(data=Blobs(train=100, test=30), which='first', seed=-1): which is "
            "'first' or 'second', seed is 0 or more",
        ),
        (
            lambda: ThresholdClass(Dark()).load(),
            "ThresholdClass(data=Dark(), which='first', seed=0): 4 training examples in 1 classes; "
            "two classes, and as many examples as classes, are needed",
        ),
        (
            lambda: ThresholdClass(Blobs(train=2)).load(),
            "ThresholdClass(data=Blobs(train=2, test=30), which='first', seed=0): 2 training "
            "examples in 3 classes; two classes, and as many examples as classes, are needed",
        ),
        (
            lambda: ThresholdClass(ThresholdClass(DATA), "second").load(),
            "ThresholdClass(data=ThresholdClass(data=Blobs(train=100, test=30), which='first', "
            "seed=0), which='second', seed=0): it has a class '(threshold)' already; add it once",
        ),
        (
            lambda: WrongLabels(ThresholdClass(DATA), 0.1).load(),
            "WrongLabels(data=ThresholdClass(data=Blobs(train=100, test=30), which='first', "
            "seed=0), share=0.1, seed=0, fixed_points=False): its training labels were changed "
            "already; change them once",
        ),
    ],
)
def test_what_cannot_be_is_refused(make, said):
    with pytest.raises(UserError) as caught:
        make()
    assert str(caught.value) == said


def test_its_description_round_trips():
    data = ThresholdClass(DATA, "second", seed=3)
    assert eval(repr(data), {"ThresholdClass": ThresholdClass, "Blobs": Blobs}) == data
