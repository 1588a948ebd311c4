"""Images that come batch by batch from disk: the trainer gets the bits that it gets from memory."""

import io
import subprocess
import sys
import threading
import time
from dataclasses import dataclass

import numpy as np
import polars as pl
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from trainings import train_member
from undertow.errors import UserError
from undertow.lab.data import ImageFolder, Part, Splits
from undertow.lab.data.lazy import LazyImages
from undertow.lab.feeds.augment import Draws, augmented, generator
from undertow.lab.feeds.resident import resident
from undertow.lab.feeds.streamed import AHEAD, streamed
from undertow.lab.models import SmallCNN
from undertow.lab.recipe import Recipe
from undertow.lab.runner.answers import probabilities
from undertow.lab.runner.threads import one_thread

MEAN, STD = (0.47, 0.31, 0.5), (0.21, 0.33, 0.27)
SEEDS = {"init": 1, "order": 2, "augment": 3, "dropout": 4}
TRAIN, TEST = 50, 23


@dataclass(frozen=True, eq=False)
class Counted:
    """Encoded images in memory that note which rows were read."""

    files: list
    seen: list

    def __len__(self):
        return len(self.files)

    def read(self, row):
        self.seen.append(row)
        return self.files[row]

    def where(self, row):
        return f"image {row}"


def encoded(count, seed, channels=3, side=16):
    rng = np.random.default_rng(seed)
    files = []
    for _ in range(count):
        pixels = rng.integers(0, 256, (side, side, channels), dtype=np.uint8)
        stream = io.BytesIO()
        Image.fromarray(pixels[:, :, 0] if channels == 1 else pixels).save(stream, "JPEG")
        files.append(stream.getvalue())
    return Counted(files, [])


def part(images, count, seed):
    label_N = np.random.default_rng(seed).integers(0, 3, count)
    return Part(images, label_N, tuple(f"{seed}/{i}" for i in range(count)), pl.DataFrame())


def splits(channels=3, side=16):
    train, test = (
        LazyImages.of(encoded(count, seed, channels, side), channels, None)
        for count, seed in ((TRAIN, 0), (TEST, 1))
    )
    return Splits(
        "s",
        ("a", "b", "c"),
        part(train, TRAIN, 0),
        part(test, TEST, 1),
        MEAN[:channels],
        STD[:channels],
    )


def eager(lazy):
    train, test = (
        Part(np.asarray(p.x_NCHW), p.label_N, p.example_id_N, p.slices)
        for p in (lazy.train, lazy.test)
    )
    return Splits(lazy.name, lazy.classes, train, test, lazy.mean, lazy.std)


@pytest.fixture(scope="module")
def lazy():
    return splits()


@pytest.fixture(scope="module")
def whole(lazy):
    return resident(eager(lazy))


def same_bits(ours, theirs):
    assert ours.dtype == theirs.dtype
    assert torch.equal(ours, theirs)
    # the sign of zeros too
    assert np.array_equal(ours.numpy().view(np.int32), theirs.numpy().view(np.int32))


@pytest.mark.heavy
@settings(deadline=None, max_examples=25)
@given(
    seed=st.integers(0, 2**31),
    batch=st.integers(1, TRAIN + 3),
    flip=st.booleans(),
    crop=st.integers(0, 3),
    planned=st.booleans(),
)
def test_augmented_batches_are_the_bits_of_the_resident_data(
    lazy, whole, seed, batch, flip, crop, planned
):
    recipe = Recipe(epochs=1, batch=batch, lr=0.1, flip=flip, crop=crop)
    ours = streamed(lazy)
    for epoch in range(2):
        order_N = torch.randperm(TRAIN, generator=generator(seed, epoch))
        draws = Draws.of_epoch(seed + 1, epoch, TRAIN, crop, ours.device)
        if planned:
            ours.plan_epoch(order_N, batch)
        for index_B in torch.split(order_N, batch):
            same_bits(
                augmented(ours.train_batch(index_B), index_B, draws, recipe, ours.black_C),
                augmented(whole.train_batch(index_B), index_B, draws, recipe, whole.black_C),
            )


@pytest.mark.parametrize("size", [1, 7, 23, 512])
def test_the_test_part_comes_in_order_with_a_short_last_batch(lazy, whole, size):
    ours, theirs = list(streamed(lazy).test_batches(size)), list(whole.test_batches(size))
    assert len(ours) == len(theirs)
    for mine, other in zip(ours, theirs, strict=True):
        same_bits(mine, other)
        assert mine.stride() == other.stride()


@pytest.mark.parametrize("side", [1, 8])
@pytest.mark.parametrize("channels", [1, 3])
def test_batches_are_channels_last(channels, side):
    shape = splits(channels, side)
    data, theirs = streamed(shape), resident(eager(shape))
    batch = data.train_batch(torch.arange(5))
    assert batch.is_contiguous(memory_format=torch.channels_last)
    if side > 1:
        assert batch.stride() == (channels * side * side, 1, side * channels, channels)
    assert data.shape_CHW == theirs.shape_CHW == (channels, side, side)


def test_the_rest_of_its_face_is_that_of_resident(lazy, whole):
    data = streamed(lazy)
    assert torch.equal(data.train_y_N, whole.train_y_N)
    assert torch.equal(data.test_y_N, whole.test_y_N)
    assert torch.equal(data.black_C, whole.black_C)
    assert torch.equal(data.white_C, whole.white_C)
    assert (data.classes, data.shape_CHW) == (whole.classes, whole.shape_CHW)
    assert (data.device, data.dtype) == (whole.device, whole.dtype)


def test_double_precision_sees_the_same_pixels(lazy):
    ours, theirs = streamed(lazy, dtype=torch.float64), resident(eager(lazy), dtype=torch.float64)
    index_B = torch.tensor([3, 1, 49])
    assert ours.dtype == ours.black_C.dtype == ours.train_batch(index_B).dtype == torch.float64
    assert torch.equal(ours.train_batch(index_B), theirs.train_batch(index_B))
    assert torch.equal(ours.black_C, theirs.black_C)


def test_images_in_memory_as_bytes_can_be_streamed_too(lazy, whole):
    same_bits(
        streamed(eager(lazy)).train_batch(torch.tensor([7, 0])),
        whole.train_batch(torch.tensor([7, 0])),
    )


def test_other_devices_look_up_the_same_bits(lazy, whole):
    """Bytes travel and are looked up there; the meta device only proves that nothing is looked at
    on the way."""
    pixels = streamed(lazy)._pixels
    x_BCHW = torch.from_numpy(lazy.train.x_NCHW[:9])
    same_bits(pixels.placed(x_BCHW), whole.train_batch(torch.arange(9)))
    assert streamed(lazy, "meta").train_batch(torch.arange(9)).shape == (9, 3, 16, 16)


@pytest.mark.parametrize("mean", [0.0, 0.1306604762738429, 0.4914, 1.0])
@pytest.mark.parametrize("std", [1.0, 0.30810780717887876, 1e-3])
def test_every_pixel_value_becomes_what_resident_makes_of_it(mean, std):
    x_NCHW = np.arange(256, dtype=np.uint8).reshape(1, 1, 16, 16)
    one = Splits("v", ("a",), part(x_NCHW, 1, 0), part(x_NCHW, 1, 1), (mean,), (std,))
    same_bits(
        streamed(one).train_batch(torch.tensor([0])), resident(one).train_batch(torch.tensor([0]))
    )


@pytest.mark.parametrize(
    "augment", [{}, {"flip": True}, {"crop": 2}, {"flip": True, "crop": 2}], ids=str
)
def test_a_member_trained_on_it_has_the_same_bits(lazy, whole, augment):
    recipe = Recipe(epochs=2, batch=16, lr=0.05, **augment)
    bits = []
    with one_thread():
        for data in (whole, streamed(lazy)):
            torch.manual_seed(0)
            model = SmallCNN(width=8).build(data.shape_CHW, data.classes)
            train_member(model, data, recipe, SEEDS)
            bits += [torch.cat([value.flatten().double() for value in model.state_dict().values()])]
            bits += [probabilities(model, data)]
    assert torch.equal(bits[0], bits[2])
    assert torch.equal(bits[1], bits[3])


@pytest.mark.parametrize("channels", [1, 3])
def test_batches_lie_in_memory_as_those_of_resident_do(channels):
    """Torch chooses kernels by strides, and another kernel is another last bit."""
    lazy = splits(channels, 8)
    ours, theirs, index_B = streamed(lazy), resident(eager(lazy)), torch.arange(5)
    assert ours.train_batch(index_B).stride() == theirs.train_batch(index_B).stride()


# The plan


def read(lazy):
    """Training rows read since the last call."""
    seen = lazy.train.x_NCHW.encoded.seen
    rows = sorted(seen)
    seen.clear()
    return rows


def settled(data):
    """Wait until everything that was begun is done."""
    for batch in data._plan._begun:
        batch.exception()


def test_the_next_batches_are_read_ahead_and_no_more():
    lazy = splits()
    data, order_N = streamed(lazy), torch.arange(TRAIN).flip(0)
    read(lazy)
    data.plan_epoch(order_N, 8)
    settled(data)
    assert read(lazy) == sorted(order_N[: 8 * AHEAD].tolist())
    for step, index_B in enumerate(torch.split(order_N, 8)):
        data.train_batch(index_B)
        settled(data)
        assert read(lazy) == sorted(order_N[8 * (step + AHEAD) : 8 * (step + AHEAD + 1)].tolist())


@pytest.mark.parametrize(("room", "batches"), [(2.5, 2), (0.1, 1)])
def test_fewer_large_batches_are_read_ahead(monkeypatch, room, batches):
    monkeypatch.setattr("undertow.lab.feeds.streamed.AHEAD_BYTES", int(room * 8 * 3 * 16 * 16 * 4))
    lazy = splits()
    data = streamed(lazy)
    read(lazy)
    data.plan_epoch(torch.arange(TRAIN), 8)
    settled(data)
    assert len(read(lazy)) == 8 * batches


def test_a_batch_out_of_plan_is_read_then_and_there_and_leaves_the_plan(whole):
    lazy = splits()
    data, order_N = streamed(lazy), torch.arange(TRAIN)
    data.plan_epoch(order_N, 20)
    settled(data)
    read(lazy)
    for index_B in (torch.tensor([4, 4, 1]), order_N[20:40], order_N[:7]):
        same_bits(data.train_batch(index_B), whole.train_batch(index_B))
        assert read(lazy) == sorted(index_B.tolist())
    same_bits(data.train_batch(order_N[:20].clone()), whole.train_batch(order_N[:20]))
    assert read(lazy) == []


def test_a_new_plan_replaces_one_that_was_left(whole):
    data = streamed(splits())
    data.plan_epoch(torch.arange(TRAIN), 3)
    data.train_batch(torch.arange(3))
    order_N = torch.arange(TRAIN).flip(0)[13:]
    data.plan_epoch(order_N, 6)
    for index_B in torch.split(order_N, 6):
        same_bits(data.train_batch(index_B), whole.train_batch(index_B))
    data.plan_epoch(torch.arange(0), 6)
    same_bits(data.train_batch(torch.arange(2)), whole.train_batch(torch.arange(2)))


def test_two_passes_over_the_test_part_may_run_side_by_side_and_be_left(whole):
    data = streamed(splits())
    data.plan_epoch(torch.arange(TRAIN), 10)
    for (first, second), other in zip(
        zip(data.test_batches(5), data.test_batches(5), strict=True),
        whole.test_batches(5),
        strict=True,
    ):
        same_bits(first, other)
        same_bits(second, other)
    assert len(list(zip(range(2), data.test_batches(2), strict=False))) == 2
    same_bits(data.train_batch(torch.arange(10)), whole.train_batch(torch.arange(10)))


def test_a_damaged_image_is_named_when_its_batch_is_asked_for(whole):
    lazy = splits()
    lazy.train.x_NCHW.encoded.files[25] = b"not an image"
    data, order_N = streamed(lazy), torch.arange(TRAIN)
    message = "image 25: not a readable image (not a known image format). Replace or remove it."
    data.plan_epoch(order_N, 10)
    batches = torch.split(order_N, 10)
    for index_B in batches[:2]:
        same_bits(data.train_batch(index_B), whole.train_batch(index_B))
    with pytest.raises(UserError) as caught:
        data.train_batch(batches[2])
    assert str(caught.value) == message
    same_bits(data.train_batch(batches[3]), whole.train_batch(batches[3]))
    with pytest.raises(UserError) as caught:
        data.train_batch(torch.tensor([25]))
    assert str(caught.value) == message


# Threads


def test_threads_end_when_the_object_is_dropped(monkeypatch):
    monkeypatch.setattr("undertow.lab.data.lazy.PIXELS_PER_THREAD", 64)
    data = streamed(splits())
    data.plan_epoch(torch.arange(TRAIN), 2)
    data.train_batch(torch.tensor([0, 1]))
    assert any(thread.name.startswith("prepare") for thread in threading.enumerate())
    threads = set(data._pool._threads) | set(data._train._pool._threads)
    del data
    until = time.monotonic() + 10
    while any(thread.is_alive() for thread in threads) and time.monotonic() < until:
        time.sleep(0.01)
    assert not any(thread.is_alive() for thread in threads)


SCRIPT = """
import sys, time
import torch
from undertow.lab.data import ImageFolder
from undertow.lab.feeds.streamed import streamed

data = streamed(ImageFolder(sys.argv[1], stream=True, size=(64, 64), mean=(0.5,) * 3, std=(0.5,) * 3).load())
order = torch.arange(len(data.train_y_N))
data.plan_epoch(order, 4)
{body}
"""


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("body", "code", "last"),
    [
        ("for index in torch.split(order, 4): data.train_batch(index)", 1, "UserError"),
        (
            "data.train_batch(order[:4]); raise ZeroDivisionError('training failed')",
            1,
            "ZeroDivisionError",
        ),
        ("print('left at once')", 0, ""),
        ("batches = data.test_batches(1); next(batches); sys.exit(3)", 3, ""),
    ],
    ids=["damaged", "failed", "left", "exit"],
)
def test_a_process_ends_at_once_whatever_waits_in_the_queue(tmp_path, body, code, last):
    for split, count in (("train", 40), ("test", 8)):
        (tmp_path / split / "a").mkdir(parents=True)
        for i, data in enumerate(encoded(count, 0, side=64).files):
            (tmp_path / split / "a" / f"{i:02d}.jpg").write_bytes(data)
    (tmp_path / "train" / "a" / "30.jpg").write_bytes(b"damaged")
    script = SCRIPT.format(body=body)
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == code, done.stderr
    if last == "UserError":
        assert done.stderr.splitlines()[-1] == (
            f"undertow.errors.UserError: {tmp_path}/train/a/30.jpg: not a readable image (not a "
            "known image format). Replace or remove it."
        )
    elif last:
        assert done.stderr.splitlines()[-1] == f"{last}: training failed"
    else:
        assert done.stderr == ""


def test_a_folder_is_streamed_from_its_description_on(tmp_path):
    for split in ("train", "test"):
        for label in "ab":
            (tmp_path / split / label).mkdir(parents=True)
            for i, data in enumerate(encoded(6, ord(label), side=24).files):
                (tmp_path / split / label / f"{i}.jpg").write_bytes(data)
    lazy, whole = (ImageFolder(str(tmp_path), stream=stream).load() for stream in (True, False))
    same_bits(
        streamed(lazy).train_batch(torch.arange(12)), resident(whole).train_batch(torch.arange(12))
    )
