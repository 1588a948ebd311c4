"""Data sets that stay on disk: what they give equals what the eager readers give, byte for byte."""

import io
import os
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from undertow.errors import UserError
from undertow.lab.data import ImageFolder, LongTail, ParquetImages, encode_png, lazy
from undertow.lab.data.blobs import Blobs, copied
from undertow.lab.data.lazy import LazyImages, chunks
from undertow.lab.data.longtail import take
from undertow.lab.data.splits import first_per_class, pixel_statistics
from undertow.lab.runner.description import examples_table

pytestmark = pytest.mark.heavy

CLASSES = ("ant", "bee", "cat")
COUNT = {"train": 60, "test": 21}


def jpeg(rng, height=64, width=64):
    """A picture with structure, so that decoding has something to do."""
    coarse = rng.integers(0, 256, (height // 8, width // 8, 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC).save(
        stream, "JPEG", quality=80
    )
    return stream.getvalue()


def rows():
    """(split, index, label, bytes), with split and index in no order."""
    rng = np.random.default_rng(3)
    every = [
        (split, index, index % 3, jpeg(rng))
        for split, count in COUNT.items()
        for index in range(count)
    ]
    return [every[place] for place in rng.permutation(len(every))]


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("images")
    for split, index, label, data in rows():
        path = folder / "set" / split / CLASSES[label] / f"{index:03d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    frame = pl.DataFrame(rows(), schema=["split", "index", "label", "jpeg"], orient="row")
    frame.with_columns(even=pl.col("index") % 2 == 0).write_parquet(
        folder / "set.parquet", row_group_size=16
    )
    return folder


def folder_of(root, **settings):
    return ImageFolder(str(root / "set"), **settings)


def parquet_of(root, **settings):
    return ParquetImages(str(root / "set.parquet"), **settings)


@pytest.fixture(autouse=True)
def three_threads(monkeypatch):
    monkeypatch.setattr(lazy, "_cores", lambda: 3)
    monkeypatch.setattr(lazy, "PIXELS_PER_THREAD", 512)


@pytest.fixture(scope="module")
def pair(root):
    """The training images, decoded and not."""
    return folder_of(root).load().train.x_NCHW, folder_of(root, stream=True).load().train.x_NCHW


TAIL = LongTail(ratio=4)


@pytest.mark.parametrize("make", [folder_of, parquet_of])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"channels": 1},
        {"size": (20, 31)},
        {"tail": TAIL},
        {"mean": (0.5,) * 3, "std": (0.2,) * 3},
    ],
    ids=str,
)
def test_a_streamed_data_set_equals_the_eager_one(root, make, settings):
    dataset = make(root, **settings)
    eager, streamed = dataset.load(), replace(dataset, stream=True).load()
    assert (streamed.name, streamed.classes) == (eager.name, eager.classes)
    assert (streamed.mean, streamed.std) == (eager.mean, eager.std)
    for ours, theirs in ((streamed.train, eager.train), (streamed.test, eager.test)):
        assert isinstance(ours.x_NCHW, LazyImages)
        assert ours.x_NCHW.shape == theirs.x_NCHW.shape
        assert ours.x_NCHW.dtype == theirs.x_NCHW.dtype
        assert np.array_equal(np.asarray(ours.x_NCHW), theirs.x_NCHW)
        assert ours.label_N.tolist() == theirs.label_N.tolist()
        assert ours.example_id_N == theirs.example_id_N
        assert ours.slices.equals(theirs.slices)


def test_the_record_of_the_test_part_is_the_same_bytes(root, monkeypatch, tmp_path):
    monkeypatch.setattr(lazy, "CHUNK_BYTES", 4 * 3 * 64 * 64)
    for name, stream in (("eager", False), ("streamed", True)):
        examples_table(parquet_of(root, stream=stream).load().test).write_parquet(tmp_path / name)
    assert (tmp_path / "eager").read_bytes() == (tmp_path / "streamed").read_bytes()


def test_class_folders_alone_are_split_alike(root):
    dataset = ImageFolder(str(root / "set" / "train"), test_fraction=0.3, seed=5)
    eager, streamed = dataset.load(), replace(dataset, stream=True).load()
    assert streamed.test.example_id_N == eager.test.example_id_N
    assert np.array_equal(np.asarray(streamed.test.x_NCHW), eager.test.x_NCHW)
    assert np.array_equal(np.asarray(streamed.train.x_NCHW), eager.train.x_NCHW)


def test_limits_per_class_copy_only_what_they_keep(root):
    dataset = parquet_of(root, train_per_class=2, test_per_class=1)
    eager, streamed = dataset.load(), replace(dataset, stream=True).load()
    assert streamed.train.example_id_N == eager.train.example_id_N
    assert np.array_equal(np.asarray(streamed.train.x_NCHW), eager.train.x_NCHW)
    assert len(streamed.train.x_NCHW.encoded.blobs) == 9


INDEX = st.lists(st.integers(-60, 59), max_size=80).map(lambda rows: np.array(rows, dtype=np.int64))
EDGE = st.none() | st.integers(-70, 70)
SLICE = st.builds(slice, EDGE, EDGE, st.none() | st.integers(-5, 5).filter(bool))


@settings(deadline=None, max_examples=60)
@given(key=INDEX | SLICE | st.integers(-60, 59))
def test_any_index_gives_what_numpy_gives(pair, key):
    eager, streamed = pair
    assert np.array_equal(streamed[key], eager[key])


@settings(deadline=None, max_examples=30)
@given(first=INDEX, second=st.data())
def test_taking_rows_keeps_them_encoded_and_in_order(pair, first, second):
    eager, streamed = pair
    taken = streamed.take(first)
    assert (len(taken), taken.shape) == (len(first), (len(first), 3, 64, 64))
    if len(first):
        again = second.draw(st.lists(st.integers(0, len(first) - 1), max_size=9))
        assert np.array_equal(
            taken[np.array(again, dtype=int)], eager[first][np.array(again, dtype=int)]
        )


def test_a_mask_and_an_index_of_two_axes_and_an_index_outside(pair):
    eager, streamed = pair
    mask, square = np.arange(60) % 7 == 0, np.arange(6).reshape(2, 3)
    assert np.array_equal(streamed[mask], eager[mask])
    assert np.array_equal(streamed[square], eager[square])
    with pytest.raises(IndexError):
        streamed[np.array([60])]
    assert sum(1 for _ in streamed) == 60


def test_it_becomes_an_array_only_by_decoding(pair):
    eager, streamed = pair
    assert np.array_equal(np.asarray(streamed, dtype=np.float32), eager.astype(np.float32))
    with pytest.raises(ValueError) as caught:
        np.asarray(streamed, copy=False)
    assert str(caught.value) == "encoded images cannot become an array without a copy"


def test_parts_are_thinned_alike(root):
    eager, streamed = parquet_of(root).load().train, parquet_of(root, stream=True).load().train
    for change in (
        lambda part: first_per_class(part, 3),
        lambda part: take(part, np.array([5, 1, 5])),
    ):
        assert change(streamed).example_id_N == change(eager).example_id_N
        assert isinstance(change(streamed).x_NCHW, LazyImages)
        assert np.array_equal(np.asarray(change(streamed).x_NCHW), change(eager).x_NCHW)


@pytest.mark.parametrize("chunk", [1, 40_000, 16_000_000])
def test_statistics_do_not_depend_on_the_chunks(pair, monkeypatch, chunk):
    monkeypatch.setattr(lazy, "CHUNK_BYTES", chunk)
    eager, streamed = pair
    assert np.array_equal(np.concatenate(list(chunks(streamed))), eager)
    assert pixel_statistics(streamed) == pixel_statistics(eager)
    share = [np.bincount(eager[:, c].ravel(), minlength=256) / eager[:, c].size for c in range(3)]
    assert pixel_statistics(eager)[0] == tuple(float(s @ (np.arange(256) / 255.0)) for s in share)


def test_streaming_is_not_part_of_what_a_description_says(root):
    for make in (folder_of, parquet_of):
        assert make(root) == make(root, stream=True)
        assert repr(make(root)) == repr(make(root, stream=True))
        assert hash(make(root)) == hash(make(root, stream=True))
        assert eval(repr(make(root, mean=(0.1,) * 3, std=(1.0,) * 3))) == make(
            root, mean=(0.1,) * 3, std=(1.0,) * 3
        )


@pytest.mark.parametrize(
    ("statistics", "message"),
    [
        ({"mean": (0.5,)}, "(mean=(0.5,), std=None): give both, or neither to have them counted."),
        (
            {"mean": (0.5,), "std": (0.2,)},
            "(mean=(0.5,), std=(0.2,)): give one number per channel, 3 of each.",
        ),
        (
            {"mean": (0.5, 0.5, 0.5), "std": (0.2, 0.0, 0.2)},
            "(mean=(0.5, 0.5, 0.5), std=(0.2, 0.0, 0.2)): give finite numbers, and deviations "
            "above 0.",
        ),
        (
            {"mean": (0.5, float("nan"), 0.5), "std": (0.2, 0.2, 0.2)},
            "(mean=(0.5, nan, 0.5), std=(0.2, 0.2, 0.2)): give finite numbers, and deviations "
            "above 0.",
        ),
    ],
)
def test_statistics_that_cannot_be_are_refused(statistics, message):
    for kind in (ImageFolder, ParquetImages):
        with pytest.raises(UserError) as caught:
            kind("somewhere", **statistics)
        assert str(caught.value) == kind.__name__ + message


def write(path, seed, height=6, width=5):
    path.parent.mkdir(parents=True, exist_ok=True)
    x_NCHW = np.random.default_rng(seed).integers(0, 256, (1, 3, height, width), dtype=np.uint8)
    path.write_bytes(encode_png(x_NCHW)[0])


def small(folder, **settings):
    """Nine training images and one test image; with statistics given, loading decodes only the
    first of each part."""
    for i in range(9):
        write(folder / "train" / "a" / f"{i}.png", i)
    write(folder / "test" / "a" / "9.png", 9)
    return ImageFolder(str(folder), stream=True, mean=(0.5,) * 3, std=(0.2,) * 3, **settings)


def test_given_statistics_spare_the_pass_over_the_images(tmp_path):
    dataset = small(tmp_path, size=(6, 5))
    bad = tmp_path / "train" / "a" / "0.png"
    bad.write_bytes(b"\x89PNG and then nothing")
    message = f"{bad}: not a readable image (not a known image format). Replace or remove it."
    part = dataset.load().train
    assert part.x_NCHW.shape == (9, 3, 6, 5)
    assert part.x_NCHW[1:].shape == (8, 3, 6, 5)
    for provoke in (lambda: part.x_NCHW[:], lambda: replace(dataset, mean=None, std=None).load()):
        with pytest.raises(UserError) as caught:
            provoke()
        assert str(caught.value) == message


def test_an_image_of_another_size_is_named_when_it_is_met(tmp_path):
    dataset = small(tmp_path)
    write(tmp_path / "train" / "a" / "4.png", 0, height=7)
    images = dataset.load().train.x_NCHW
    with pytest.raises(UserError) as caught:
        images[np.array([8, 4, 0])]
    assert str(caught.value) == (
        f"{tmp_path}/train/a/4.png: 7 × 5 pixels, but {tmp_path}/train/a/0.png has 6 × 5. "
        f"Give size=(6, 5) to resize all."
    )
    with pytest.raises(UserError) as eager:
        replace(dataset, stream=False).load()
    assert str(eager.value) == str(caught.value)


def test_the_first_bad_image_is_the_one_named_whatever_thread_met_it(root, tmp_path):
    files = {i: jpeg(np.random.default_rng(i)) for i in range(40)}
    files |= {7: b"x", 8: b"y", 39: b"z"}

    @dataclass(frozen=True)
    class Memory:
        def __len__(self):
            return 40

        def read(self, row):
            return files[row]

        def where(self, row):
            return f"image {row}"

    images = LazyImages.of(Memory(), 3, None)
    for _ in range(20):
        with pytest.raises(UserError) as caught:
            images[np.arange(40)]
        assert (
            str(caught.value)
            == "image 7: not a readable image (not a known image format). Replace or remove it."
        )


def test_a_file_that_went_away_is_named(tmp_path):
    images = small(tmp_path).load().train.x_NCHW
    gone = tmp_path / "train" / "a" / "5.png"
    gone.unlink()
    with pytest.raises(UserError) as caught:
        images[:]
    assert str(caught.value) == (
        f"{gone}: cannot be read (No such file or directory). It was there when the data set was "
        "loaded: put it back, or load again."
    )


def test_parts_of_different_size_are_refused(tmp_path, root):
    dataset = small(tmp_path)
    write(tmp_path / "test" / "a" / "9.png", 9, height=4)
    with pytest.raises(UserError) as caught:
        dataset.load()
    assert (
        str(caught.value)
        == f"{tmp_path}: test images have 4 × 5 pixels, training images 6 × 5. Give size=(6, 5)."
    )
    frame = pl.read_parquet(root / "set.parquet")
    other = pl.lit(jpeg(np.random.default_rng(0), 32, 32))
    path = tmp_path / "two.parquet"
    frame.with_columns(
        jpeg=pl.when(pl.col("split") == "test").then(other).otherwise("jpeg")
    ).write_parquet(path)
    for stream in (False, True):
        with pytest.raises(UserError) as caught:
            ParquetImages(str(path), stream=stream).load()
        assert (
            str(caught.value)
            == f"{path}: test images have 32 × 32 pixels, training images 64 × 64. Give size=(64, "
            "64)."
        )


def test_threads_end_with_the_images(root):
    images = folder_of(root, stream=True).load().train.x_NCHW
    images[:]
    mine = [thread for thread in threading.enumerate() if thread.name.startswith("decode")]
    pool = set(images._pool._threads)
    assert pool <= set(mine)
    del images
    for thread in pool:
        thread.join(timeout=5)
    assert not any(thread.is_alive() for thread in pool)


# Parquet: the copy


def table(root):
    return pl.read_parquet(root / "set.parquet")


@pytest.mark.parametrize("slice_bytes", [1, 20_000, 16_000_000])
def test_the_copy_holds_every_value_that_is_kept(root, monkeypatch, slice_bytes):
    monkeypatch.setattr("undertow.lab.data.blobs.SLICE_BYTES", slice_bytes)
    values, kept_K = table(root)["jpeg"].to_list(), np.array([0, 3, 4, 30, 80])
    blobs = copied(str(root / "set.parquet"), "jpeg", kept_K)
    assert [blobs.read(row) for row in range(len(blobs))] == [values[row] for row in kept_K]


def test_values_are_read_where_the_system_has_no_pread(root, monkeypatch):
    values = table(root)["jpeg"].to_list()
    blobs = copied(str(root / "set.parquet"), "jpeg", np.arange(len(values)))
    monkeypatch.delattr(os, "pread")
    assert [blobs.read(row) for row in (80, 0, 41)] == [values[row] for row in (80, 0, 41)]


def test_the_copy_has_no_name_and_is_closed_with_its_last_reader(root, monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    splits = parquet_of(root, stream=True).load()
    file = splits.train.x_NCHW.encoded.blobs._file
    assert list(tmp_path.iterdir()) == []
    part = splits.test
    del splits
    assert part.x_NCHW[0].shape == (3, 64, 64)
    del part
    assert file.closed


def test_a_full_disk_is_said_to_be_full(root, monkeypatch):
    full = "/dev/full"
    if not os.path.exists(full):
        pytest.skip("no device that is always full")
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda buffering: io.FileIO(full, "w"))
    with pytest.raises(UserError) as caught:
        parquet_of(root, stream=True).load()
    assert str(caught.value) == (
        f"{root}/set.parquet: its images cannot be copied to {tempfile.gettempdir()} (No space "
        "left on device). stream=True needs room for them there: set TMPDIR to a folder that has "
        "it."
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.drop("jpeg"),
        lambda t: t.drop("label"),
        lambda t: t.with_columns(pl.col("label").cast(pl.String)),
        lambda t: t.with_columns(label=pl.when(pl.col("index") > 1).then("label")),
        lambda t: t.with_columns(jpeg=pl.when(pl.col("index") > 1).then("jpeg")),
        lambda t: t.with_columns(index=1),
        lambda t: t.filter(pl.col("split") == "train"),
        lambda t: t.with_columns(jpeg=pl.lit(b"nothing")),
    ],
)
def test_unusable_tables_are_refused_in_the_same_words(root, tmp_path, change):
    path = tmp_path / "toy.parquet"
    change(table(root)).write_parquet(path)
    said = []
    for stream in (False, True):
        with pytest.raises(UserError) as caught:
            ParquetImages(str(path), stream=stream).load()
        said.append(str(caught.value))
    assert said[0] == said[1]


def test_a_file_damaged_in_its_middle_is_refused(root, tmp_path):
    data = bytearray((root / "set.parquet").read_bytes())
    data[4:4000] = bytes(3996)
    path = tmp_path / "bad.parquet"
    path.write_bytes(data)
    with pytest.raises(
        UserError,
        match=rf"^{path}: not a readable Parquet file \(.+\)\. Check the path, or fetch it",
    ):
        ParquetImages(str(path), stream=True).load()


def test_blobs_know_how_many_they_are(tmp_path):
    with (tmp_path / "x").open("w+b") as file:
        file.write(b"abcd")
        file.flush()
        blobs = Blobs(file, np.array([1, 1, 4]))
        assert (len(blobs), [blobs.read(row) for row in range(3)]) == (3, [b"a", b"", b"bcd"])


MEMORY = '''
import sys
import numpy as np
from undertow.lab.data import ImageFolder, ParquetImages
from undertow.lab.data.lazy import chunks

def peak():
    """Megabytes; not getrusage's, which begins with what the parent process had."""
    (line,) = [line for line in open("/proc/self/status") if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1000

def work(root):
    for dataset in (ImageFolder(root + "/set", stream=True), ParquetImages(root + "/set.parquet", stream=True)):
        splits = dataset.load()
        for _ in chunks(splits.test.x_NCHW):
            pass
        order = np.random.default_rng(0).permutation(len(splits.train.x_NCHW))
        for at in range(0, len(order), 32):
            splits.train.x_NCHW[order[at:at + 32]]
    return splits.train.x_NCHW.shape[0]

work(sys.argv[1])
before = peak()
print(work(sys.argv[2]), peak() - before)
'''


def bitmaps(folder, count):
    """Noise of 192 × 192 pixels that no format makes smaller: 110 kB a piece, encoded or not."""
    rng = np.random.default_rng(0)
    header = io.BytesIO()
    Image.fromarray(np.zeros((192, 192, 3), dtype=np.uint8)).save(header, "BMP")
    table = []
    for i in range(count):
        data = header.getvalue()[:54] + rng.bytes(3 * 192 * 192)
        split, label = "test" if i % 10 == 0 else "train", "ab"[i % 2]
        path = folder / "set" / split / label / f"{i}.bmp"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        table.append((split, i, i % 2, data))
    frame = pl.DataFrame(table, schema=["split", "index", "label", "jpeg"], orient="row")
    frame.write_parquet(folder / "set.parquet", row_group_size=50, compression="uncompressed")


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.heavy
def test_memory_does_not_grow_with_the_data(tmp_path):
    """200 MB of pixels after 50 MB of them: some 25 MB more, that the allocator keeps; the eager
    readers take 740."""
    bitmaps(tmp_path / "small", 460)
    bitmaps(tmp_path / "large", 1840)
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, str(tmp_path / "small"), str(tmp_path / "large")],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    count, megabytes = done.stdout.split()
    assert int(count) == 1656
    assert float(megabytes) < 100
