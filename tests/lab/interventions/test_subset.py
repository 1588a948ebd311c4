"""Each member learns from its own part of the training examples, and from no other."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from blobs import Blobs
from contracts.test_trainings import RECIPE, assert_same_bytes, given, weights
from undertow.lab.feeds.resident import resident
from undertow.lab.interventions.sampling import Subset
from undertow.lab.interventions.sampling.subset import subset
from undertow.lab.runner.drive import drive
from undertow.lab.runner.probing import Probing
from undertow.lab.trainings.supervised import Supervised

N = 40


@pytest.fixture(scope="module")
def data():
    return resident(Blobs(train=N).load(), dtype=torch.float64)


class Watch(Probing):
    """Which examples each step learned from."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def after_step(self, t, done, run):
        if done.seen is not None:
            self.seen.append((t, done.seen.index_B.tolist()))


def learned(data, share):
    watch, one = Watch(), given(data, (Subset(share),))
    (facts,) = drive(Supervised(RECIPE), one, probing=watch)
    per_epoch = -(-N // RECIPE.batch)
    epochs = [[], []]
    for t, index in watch.seen:
        epochs[t // per_epoch] += index
    return one, epochs, facts


def test_all_epochs_learn_from_the_subset_once_each_and_from_no_other(data):
    one, epochs, facts = learned(data, 0.7)
    expected = subset(one.seeds_M[0]["order"], N, 0.7).nonzero()[:, 0].tolist()
    assert len(expected) == 28
    for epoch in epochs:
        assert sorted(epoch) == expected
    assert epochs[0] != epochs[1]  # in an order of its own
    assert "forwards" not in facts  # none beyond those of what it learned from


def test_the_subset_keeps_the_order_in_which_the_baseline_meets_its_examples(data):
    _, whole, _ = learned(data, 1.0)
    one, epochs, _ = learned(data, 0.5)
    kept = subset(one.seeds_M[0]["order"], N, 0.5)
    for epoch, all_ in zip(epochs, whole, strict=True):
        assert epoch == [index for index in all_ if kept[index]]


def test_all_of_the_examples_are_the_baseline_to_the_last_bit(data):
    baseline = given(data, ())
    drive(Supervised(RECIPE), baseline)
    one, _, _ = learned(data, 1.0)
    assert_same_bytes(weights(one), weights(baseline))


def test_what_is_left_out_takes_no_part(data):
    """Other pixels and another label there change no weight, by which batch norm's running
    statistics are meant too."""
    one, _, _ = learned(data, 0.7)
    out_N = ~subset(one.seeds_M[0]["order"], N, 0.7)
    changed = resident(Blobs(train=N).load(), dtype=torch.float64)
    changed.train_x_NCHW[out_N] = 7.0
    changed.train_y_N[out_N] = 0
    other, _, _ = learned(changed, 0.7)
    assert_same_bytes(weights(other), weights(one))


def test_steps_without_an_example_of_the_subset_learn_nothing(data):
    _, epochs, facts = learned(data, 0.01)
    assert [len(epoch) for epoch in epochs] == [1, 1]
    assert facts["loss"] > 0


def test_each_example_is_left_out_as_often_as_any_other():
    draws, share = 4000, 0.7
    count_N = np.sum([subset(seed, N, share).numpy() for seed in range(draws)], axis=0)
    spread = np.sqrt(draws * share * (1 - share))
    assert (np.abs(count_N - draws * share) < 4.5 * spread).all()
    z_N = (count_N - draws * share) / spread
    assert 0.5 < z_N.var() < 1.6


@pytest.mark.parametrize(
    ("seed", "drawn"), [(5, [0, 3, 4, 5, 9, 11]), (2**40 + 1, [1, 2, 4, 8, 9, 10])]
)
def test_a_seed_draws_what_it_always_drew(seed, drawn):
    """Finished members learned from these, and such as are added later belong to them."""
    assert subset(seed, 12, 0.5).nonzero()[:, 0].tolist() == drawn


@pytest.mark.parametrize(
    ("examples", "share", "count"), [(10, 0.29, 3), (10, 0.21, 2), (40, 0.69, 28), (3, 0.01, 1)]
)
def test_the_share_is_rounded_to_the_nearest_count(examples, share, count):
    assert subset(0, examples, share).sum() == count


@pytest.mark.parametrize("share", [0.0, -0.1, 1.5])
def test_what_is_no_share_is_refused(share):
    with pytest.raises(ValueError) as caught:
        Subset(share)
    assert str(caught.value) == f"Subset(share={share}): share is more than 0 and at most 1"


def test_its_description_round_trips():
    assert eval(repr(Subset(0.3)), {"Subset": Subset}) == Subset(0.3)
