"""``Planted``: training examples that are known for what they are."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from blobs import Blobs
from undertow.errors import UserError
from undertow.lab.data import GaussianPixels, HeldOut, Planted, WrongLabels

DATA = Blobs(train=120)


@pytest.fixture(scope="module")
def scores(tmp_path_factory):
    """Of each example its number, so 0 is the lowest; the record's order is another one."""
    path = tmp_path_factory.mktemp("scores") / "scores.csv"
    order = np.random.default_rng(0).permutation(120)
    pl.DataFrame({"example_id": [f"train/{n}" for n in order], "score": order}).write_csv(path)
    return str(path)


def rows(part, kind):
    return np.flatnonzero((part.slices["planted"] == kind).fill_null(False).to_numpy())


def test_each_kind_is_planted_as_often_and_half_of_it_is_for_reference(scores):
    before, after = DATA.load().train, Planted(DATA, scores, count=5).load().train
    told = Counter(zip(after.slices["planted"], after.slices["planted_for"], strict=True))
    assert told == Counter(
        {
            (kind, use): 5
            for kind in ("typical", "atypical", "corrupted", "wrong label")
            for use in ("reference", "validation")
        }
        | {(None, None): 80}
    )
    assert after.example_id_N == before.example_id_N
    assert sorted(rows(after, "atypical")) == list(range(10))
    assert sorted(rows(after, "typical")) == list(range(110, 120))
    wrong = after.label_N != before.label_N
    assert np.flatnonzero(wrong).tolist() == rows(after, "wrong label").tolist()
    assert (after.slices["mislabelled"] == "yes").to_numpy().tolist() == wrong.tolist()
    names = np.array(DATA.load().classes)
    assert after.slices["true_label"].to_list() == names[before.label_N].tolist()
    moved = (after.x_NCHW != before.x_NCHW).any(axis=(1, 2, 3))
    assert np.flatnonzero(moved).tolist() == rows(after, "corrupted").tolist()


def test_what_is_corrupted_or_wrong_is_of_all_scores_between(scores):
    """The mean of 20 of the 110 between 5 and 115 is 60 with a deviation of about 6.5."""
    for seed in range(3):
        after = Planted(DATA, scores, count=10, seed=seed).load().train
        for kind in ("corrupted", "wrong label"):
            assert 40 < np.mean(rows(after, kind)) < 80


def test_the_highest_may_be_the_atypical(scores):
    after = Planted(DATA, scores, count=5, highest=True).load().train
    assert sorted(rows(after, "atypical")) == list(range(110, 120))
    assert sorted(rows(after, "typical")) == list(range(10))


def test_corruption_is_gaussian_noise_of_the_stated_deviation(scores):
    mid = replace(Blobs(train=120).load().train)
    before = np.full_like(mid.x_NCHW, 128)

    class Grey:
        def load(self):
            splits = DATA.load()
            return replace(splits, train=replace(splits.train, x_NCHW=before))

    after = Planted(Grey(), scores, count=15, sigma=0.1).load().train
    noise = after.x_NCHW[rows(after, "corrupted")].astype(float) - 128
    assert noise.size == 30 * 64
    assert noise.std() == pytest.approx(25.5, rel=0.06)
    assert abs(noise.mean()) < 3 * 25.5 / np.sqrt(noise.size)
    loud = Planted(Grey(), scores, count=15, sigma=9.0).load().train
    found = set(loud.x_NCHW[rows(loud, "corrupted")].ravel().tolist())
    assert {0, 255} <= found  # clipped, and not wrapped around
    ends = np.isin(loud.x_NCHW[rows(loud, "corrupted")], (0, 255)).mean()
    assert ends > 0.9


def test_seeds_draw_other_examples_and_one_seed_the_same(scores):
    def drawn(seed):
        part = Planted(DATA, scores, count=5, seed=seed).load().train
        return part.slices.select("planted", "planted_for"), part.label_N, part.x_NCHW

    one, again, other = drawn(0), drawn(0), drawn(1)
    assert one[0].equals(again[0])
    assert (one[1] == again[1]).all()
    assert (one[2] == again[2]).all()
    assert not one[0].equals(other[0])


def test_what_is_wrong_or_corrupted_already_is_not_planted(scores):
    noisy = GaussianPixels(WrongLabels(DATA, 0.3), 0.3)
    before, after = noisy.load().train, Planted(noisy, scores, count=5).load().train
    already = np.array(
        [
            m == "yes" or c == "yes"
            for m, c in before.slices.select("mislabelled", "corrupted").rows()
        ]
    )
    planted = after.slices["planted"].is_not_null().to_numpy()
    assert planted.sum() == 40
    assert not (planted & already).any()
    # what was wrong stays as it was, and what is planted wrong is told beside it
    assert (after.label_N[already] == before.label_N[already]).all()
    wrong = after.slices["mislabelled"] == "yes"
    assert wrong.sum() == (before.slices["mislabelled"] == "yes").sum() + 10
    names = np.array(noisy.load().classes)
    assert (
        (names[after.label_N] != after.slices["true_label"].to_numpy()) == wrong.to_numpy()
    ).all()


def test_what_is_held_out_has_nothing_planted(scores):
    splits = Planted(HeldOut(DATA, 0.25), scores, count=3).load()
    assert splits.held_out.slices["planted"].null_count() == 30
    assert splits.held_out.slices["planted_for"].null_count() == 30
    assert splits.recorded


def test_the_embedded_scores_serve():
    from undertow.lab.data import FashionMNIST

    data = FashionMNIST(train_per_class=20)
    part = Planted(data, "embedded:fashion-mnist", count=10).load().train
    assert part.slices["planted"].value_counts()["count"].to_list().count(20) == 4


def test_its_description_round_trips(scores):
    planted = Planted(DATA, scores, count=3, sigma=0.25, seed=2)
    assert eval(repr(planted), {"Planted": Planted, "Blobs": Blobs}) == planted


def test_what_cannot_be_planted_is_refused(scores):
    many = Planted(DATA, scores, count=16)
    twice = Planted(Planted(DATA, scores, count=2), scores, count=2)
    for data, said in (
        (
            many,
            "plants 128 training examples, and the data have 120 with right labels and clean "
            "images; count can be 15 at most",
        ),
        (
            twice,
            "its data have a slice 'planted' already; plant once, and give a slice of your own "
            "another name",
        ),
        *(
            (bad, "a count of 1 or more, and sigma and seed of 0 or more, are needed")
            for bad in (
                Planted(DATA, scores, count=0),
                Planted(DATA, scores, sigma=float("nan")),
                Planted(DATA, scores, seed=-1),
            )
        ),
    ):
        with pytest.raises(UserError) as caught:
            data.load()
        assert str(caught.value) == f"{data!r}: {said}"
