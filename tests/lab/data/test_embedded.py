"""The data that comes with the package, and what holds for every data set."""

import subprocess
import sys
from importlib import resources

import numpy as np
import pytest
from sklearn.datasets import load_digits

from undertow.lab.data import (
    CIFAR10,
    Digits,
    FashionMNIST,
    IdxFolder,
    ImageFolder,
    LongTail,
    ParquetImages,
)
from undertow.lab.data.fashion_mnist.make_subset import PER_CLASS, chosen_rows, write_npz

TAIL = LongTail(ratio=50, order=tuple(range(9, -1, -1)))


@pytest.fixture(scope="module")
def fashion():
    return FashionMNIST().load()


def test_fashion_mnist_is_the_stated_subset(fashion):
    assert fashion.train.x_NCHW.shape == (10_000, 1, 28, 28)
    assert fashion.test.x_NCHW.shape == (2_000, 1, 28, 28)
    assert np.bincount(fashion.train.label_N).tolist() == [1000] * 10
    assert np.bincount(fashion.test.label_N).tolist() == [200] * 10
    assert len(set(fashion.train.example_id_N) | set(fashion.test.example_id_N)) == 12_000


def test_fashion_mnist_holds_clothes(fashion):
    """Nearest class mean gets .68 on the full set (ours alike): rows, labels and pixels belong
    together."""
    train, test = fashion.train, fashion.test
    flat = train.x_NCHW.reshape(10_000, -1).astype(np.float32)
    mean_C = np.stack([flat[train.label_N == c].mean(axis=0) for c in range(10)])
    held = test.x_NCHW.reshape(2_000, -1).astype(np.float32)
    nearest_N = ((held[:, None] - mean_C[None]) ** 2).sum(axis=2).argmin(axis=1)
    assert 0.64 < (nearest_N == test.label_N).mean() < 0.72


def test_ink_splits_the_subset_about_evenly_and_follows_the_pixels(fashion):
    ink_N, mean_N = (
        fashion.train.slices["ink"].to_numpy(),
        fashion.train.x_NCHW.mean(axis=(1, 2, 3)),
    )
    shares = [np.mean(ink_N == name) for name in ("little", "medium", "much")]
    assert np.abs(np.array(shares) - 1 / 3).max() < 0.02
    assert mean_N[ink_N == "little"].max() < mean_N[ink_N == "medium"].min()
    assert mean_N[ink_N == "medium"].max() < mean_N[ink_N == "much"].min()


def test_a_tail_thins_the_training_part_and_marks_both(fashion):
    tailed = FashionMNIST(tail=TAIL).load()
    rows = TAIL.index(fashion.train.label_N, 10)
    assert tailed.train.example_id_N == tuple(fashion.train.example_id_N[i] for i in rows)
    assert np.bincount(tailed.train.label_N).tolist() == [
        20,
        31,
        48,
        74,
        114,
        176,
        271,
        419,
        647,
        1000,
    ]
    assert tailed.test.example_id_N == fashion.test.example_id_N
    assert tailed.test.slices.columns == ["ink", "frequency", "train_count"]
    by_class = {
        c: tailed.test.slices["frequency"][int(np.argmax(tailed.test.label_N == c))]
        for c in range(10)
    }
    assert [by_class[c] for c in range(10)] == ["tail"] * 3 + ["middle"] * 4 + ["head"] * 3


def test_limits_come_before_the_tail():
    cut = FashionMNIST(tail=LongTail(ratio=5), train_per_class=10, test_per_class=3).load()
    assert np.bincount(cut.train.label_N).tolist() == [10, 8, 7, 6, 5, 4, 3, 3, 2, 2]
    assert np.bincount(cut.test.label_N).tolist() == [3] * 10


def test_loading_twice_gives_the_same_and_shares_nothing(fashion):
    again = FashionMNIST().load()
    assert (again.test.x_NCHW == fashion.test.x_NCHW).all()
    again.test.x_NCHW[0] = 255
    assert not (FashionMNIST().load().test.x_NCHW[0] == 255).all()


def test_the_embedded_file_is_small_and_keeps_its_notice():
    folder = resources.files("undertow.lab.data.fashion_mnist")
    with resources.as_file(folder / "subset.npz") as path:
        assert path.stat().st_size < 5_000_000
    assert "Copyright © 2017 Zalando SE" in (folder / "NOTICE").read_text(encoding="utf-8")


def test_subset_rows_are_seeded_and_balanced():
    label_N = np.repeat(np.arange(10), 1500)
    rows = chosen_rows(label_N, 0, PER_CLASS["train"])
    assert rows.tolist() == chosen_rows(label_N, 0, PER_CLASS["train"]).tolist()
    assert np.bincount(label_N[rows]).tolist() == [1000] * 10
    assert rows.tolist() != chosen_rows(label_N, 1, PER_CLASS["train"]).tolist()


def test_write_npz_gives_the_same_bytes_twice(tmp_path):
    arrays = {"a": np.arange(1000, dtype=np.uint8), "b": np.eye(3)}
    for name in ("one", "two"):
        write_npz(tmp_path / name, arrays)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    with np.load(tmp_path / "one", allow_pickle=False) as back:
        assert {name: back[name].tolist() for name in back} == {
            k: v.tolist() for k, v in arrays.items()
        }


def test_digits_are_scikit_learns():
    splits = Digits().load()
    table = load_digits()
    assert (len(splits.train.label_N), len(splits.test.label_N)) == (897, 900)
    rows = [
        int(example_id.removeprefix("digits/"))
        for example_id in splits.train.example_id_N + splits.test.example_id_N
    ]
    assert rows == np.random.default_rng(0).permutation(1797).tolist()
    for part, chosen in ((splits.train, rows[:897]), (splits.test, rows[897:])):
        assert (part.label_N == table.target[chosen]).all()
        assert np.abs(part.x_NCHW[:, 0] / 255 - table.images[chosen] / 16).max() < 0.002
    assert (splits.mean, splits.std) == ((0.0,), (1.0,))


@pytest.mark.parametrize(
    "dataset",
    [
        FashionMNIST(tail=TAIL, data_dir="a", train_per_class=2),
        Digits(tail=LongTail(ratio=3.5, seed=2, largest=50)),
        IdxFolder("a", name="mnist", classes=("x", "y")),
        CIFAR10("a", tail=LongTail(100)),
        ImageFolder("a", size=(3, 4), channels=1),
        ParquetImages("a", classes=("x", "y")),
    ],
    ids=lambda dataset: type(dataset).__name__,
)
def test_repr_evaluates_to_an_equal_object(dataset):
    assert eval(repr(dataset)) == dataset
    assert hash(dataset) == hash(eval(repr(dataset)))


@pytest.mark.heavy
def test_data_sets_need_no_torch():
    code = "import sys; from undertow.lab.data import FashionMNIST; FashionMNIST().load(); "
    done = subprocess.run(
        [sys.executable, "-c", code + "print('torch' in sys.modules)"],
        capture_output=True,
        text=True,
    )
    assert done.stdout == "False\n", done.stderr
