"""Training images that show nothing, in memory and encoded."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from blobs import Blobs
from undertow.drawn import drawn_by_class
from undertow.errors import UserError
from undertow.lab.data import (
    GaussianPixels,
    HeldOut,
    ImageFolder,
    ShuffledPixels,
    WrongLabels,
    encode_png,
)
from undertow.lab.data.lazy import LazyImages
from undertow.lab.data.longtail import take

DATA = Blobs(train=120)
BOTH = [ShuffledPixels, GaussianPixels]


def corrupted_N(part):
    return part.slices["corrupted"].to_numpy() == "yes"


@pytest.mark.parametrize("make", BOTH)
def test_the_contract_of_a_wrapper(make):
    data = make(DATA, 0.3, 1)
    assert eval(repr(data)) == data
    assert hash(eval(repr(data))) == hash(data)
    whole, splits = DATA.load(), data.load()
    drawn_N = corrupted_N(splits.train)
    assert (drawn_N == drawn_by_class(whole.train.label_N, 0.3, 1)).all()
    same_N = (splits.train.x_NCHW == whole.train.x_NCHW).all(axis=(1, 2, 3))
    assert (same_N == ~drawn_N).all()
    assert splits.train.x_NCHW.dtype == np.uint8
    assert splits.train.label_N.tolist() == whole.train.label_N.tolist()
    assert (splits.test.x_NCHW == whole.test.x_NCHW).all()
    assert (splits.mean, splits.std, splits.recorded) == (whole.mean, whole.std, True)
    assert (data.load().train.x_NCHW == splits.train.x_NCHW).all()
    assert (make(DATA, 0.3, 2).load().train.x_NCHW != splits.train.x_NCHW).any()


@pytest.mark.parametrize("make", BOTH)
def test_the_datas_own_pixels_are_left_alone(make):
    splits = DATA.load()
    before = splits.train.x_NCHW.copy()

    class Kept:
        def load(self):
            return splits

    assert (make(Kept(), 1.0).load().train.x_NCHW != before).any()
    assert (splits.train.x_NCHW == before).all()


def test_one_permutation_of_places_is_shared():
    """Pixels whose three channels name their place: the order can be read off each image."""

    class Places(Blobs):
        def load(self):
            splits = super().load()
            place_CHW = np.arange(64).reshape(1, 8, 8) + np.array([0, 64, 128]).reshape(3, 1, 1)
            x_NCHW = np.broadcast_to(place_CHW, (self.train, 3, 8, 8)).astype(np.uint8)
            return replace(splits, train=replace(splits.train, x_NCHW=x_NCHW))

    x_NCHW = ShuffledPixels(Places(), 1.0, 3).load().train.x_NCHW
    assert (x_NCHW == x_NCHW[:1]).all()
    order_CP = x_NCHW[0].reshape(3, -1) - np.array([[0], [64], [128]], dtype=np.uint8)
    assert (order_CP == order_CP[:1]).all()
    assert sorted(order_CP[0].tolist()) == list(range(64))
    assert (order_CP[0] != np.arange(64)).any()


def test_gaussian_pixels_have_their_images_mean_and_spread():
    class Large(Blobs):
        def load(self):
            splits = super().load()
            rng = np.random.default_rng(0)
            middle = rng.uniform(100, 150, (self.train, 1, 1, 1))
            spread = rng.uniform(5, 30, (self.train, 1, 1, 1))
            x_NCHW = rng.normal(middle, spread, (self.train, 3, 32, 32)).astype(np.uint8)
            return replace(splits, train=replace(splits.train, x_NCHW=x_NCHW))

    clean, drawn = Large().load().train.x_NCHW, GaussianPixels(Large(), 1.0).load().train.x_NCHW
    axes = (1, 2, 3)
    assert np.abs(clean.mean(axes) - drawn.mean(axes)).max() < 3
    assert np.abs(clean.std(axes) / drawn.std(axes) - 1).max() < 0.1
    alike_N = [np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(clean, drawn, strict=True)]
    assert np.abs(alike_N).max() < 0.1
    assert len({image.tobytes() for image in drawn}) == len(drawn)


def test_draws_are_clipped_to_what_a_pixel_can_be():
    class Stark(Blobs):
        def load(self):
            splits = super().load()
            x_NCHW = np.where(splits.train.x_NCHW > 100, 255, 0).astype(np.uint8)
            return replace(splits, train=replace(splits.train, x_NCHW=x_NCHW))

    x_NCHW = GaussianPixels(Stark(), 1.0).load().train.x_NCHW
    both_N = ((x_NCHW == 0).mean(axis=(1, 2, 3)) > 0.05) & (
        (x_NCHW == 255).mean(axis=(1, 2, 3)) > 0
    )
    assert both_N.any()


def test_draws_follow_the_id_and_not_the_place():
    class Reversed(Blobs):
        def load(self):
            splits = super().load()
            return replace(splits, train=take(splits.train, np.arange(self.train)[::-1]))

    one, other = (GaussianPixels(data, 1.0).load().train for data in (Blobs(), Reversed()))
    assert one.example_id_N == other.example_id_N[::-1]
    assert (one.x_NCHW == other.x_NCHW[::-1]).all()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(0)
    for part, count in (("train", 10), ("test", 3)):
        for name in ("ant", "bee"):
            at = root / part / name
            at.mkdir(parents=True)
            images = rng.integers(0, 256, (count, 3, 8, 9), dtype=np.uint8)
            for n, png in enumerate(encode_png(images)):
                (at / f"{n}.png").write_bytes(png)
    return str(root)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda data: ShuffledPixels(data, 0.4),
        lambda data: GaussianPixels(data, 0.4),
        lambda data: HeldOut(GaussianPixels(data, 0.4), 0.3),
        lambda data: GaussianPixels(HeldOut(data, 0.3), 0.4),
    ],
)
def test_encoded_images_stay_encoded_and_come_out_the_same(folder, wrap):
    streamed, eager = (wrap(ImageFolder(folder, stream=stream)).load() for stream in (True, False))
    assert isinstance(streamed.train.x_NCHW, LazyImages)
    assert (np.asarray(streamed.train.x_NCHW) == eager.train.x_NCHW).all()
    assert streamed.train.slices.equals(eager.train.slices)
    rows = np.array([5, 0, 5])
    assert (take(streamed.train, rows).x_NCHW[:] == eager.train.x_NCHW[rows]).all()
    assert (streamed.train.x_NCHW[3] == eager.train.x_NCHW[3]).all()
    if streamed.held_out is not None:
        assert (np.asarray(streamed.held_out.x_NCHW) == eager.held_out.x_NCHW).all()


@pytest.mark.parametrize("make", BOTH)
def test_what_is_held_out_stays_clean(make):
    held, splits = HeldOut(DATA, 0.25).load().held_out, make(HeldOut(DATA, 0.25), 1.0).load()
    assert (splits.held_out.x_NCHW == held.x_NCHW).all()
    assert set(splits.held_out.slices["corrupted"]) == {"no"}
    assert splits.held_out.slices.columns == splits.train.slices.columns


@pytest.mark.parametrize("make", BOTH)
def test_images_are_corrupted_once(make):
    data = make(ShuffledPixels(DATA, 0.2), 0.2)
    with pytest.raises(UserError) as caught:
        data.load()
    assert str(caught.value) == (
        f"{data!r}: its data have a slice 'corrupted' already; corrupt training images once, and "
        "give a slice of your own another name"
    )


@pytest.mark.parametrize("make", BOTH)
def test_a_share_that_cannot_be_is_refused(make):
    with pytest.raises(UserError) as caught:
        make(DATA, 1.5).load()
    assert str(caught.value) == (
        "share=1.5, seed=0: a share of 0 to 1 and a seed of 0 or more are needed"
    )


def test_labels_and_pixels_may_both_be_changed():
    train = GaussianPixels(WrongLabels(DATA, 0.2), 0.3).load().train
    assert train.slices.columns == ["half", "true_label", "mislabelled", "corrupted"]
