import numpy as np
import polars as pl
import pytest

from undertow.errors import UserError
from undertow.lab.data import FlooredLongTail, LongTail
from undertow.lab.data.dataset import Part
from undertow.lab.data.longtail import frequency_columns, strata, take

LABEL_N = np.random.default_rng(7).permutation(np.repeat(np.arange(10), 1000))


def test_counts_fall_exponentially_in_the_stated_order():
    counts = LongTail(ratio=100).counts(np.full(10, 5000))
    # Class counts of CIFAR-10-LT at ratio 100, as its papers list them, up to their rounding down.
    assert counts.tolist() == [5000, 2997, 1797, 1077, 646, 387, 232, 139, 83, 50]


def test_order_says_which_classes_are_rare():
    order = (3, 1, 4, 0, 5, 9, 2, 6, 8, 7)
    counts = LongTail(ratio=50, order=order).counts(np.full(10, 1000))
    assert counts[list(order)].tolist() == [1000, 647, 419, 271, 176, 114, 74, 48, 31, 20]


def test_index_keeps_the_stated_number_of_each_class_and_is_ascending():
    tail = LongTail(ratio=20, seed=3)
    index = tail.index(LABEL_N, 10)
    assert np.bincount(LABEL_N[index]).tolist() == tail.counts(np.full(10, 1000)).tolist()
    assert (np.diff(index) > 0).all()


def test_index_depends_on_the_seed_alone():
    first, again, other = (LongTail(ratio=20, seed=s).index(LABEL_N, 10) for s in (0, 0, 1))
    assert first.tolist() == again.tolist()
    assert first.tolist() != other.tolist()


def test_tails_of_one_seed_are_nested():
    mild, steep = (set(LongTail(ratio=r).index(LABEL_N, 10).tolist()) for r in (10, 100))
    assert steep < mild


def test_unequal_classes_keep_the_exact_profile_as_far_as_it_fits():
    # The second class can give 30 of the wanted half, so the first keeps 60 of its 100.
    assert LongTail(ratio=2).counts(np.array([100, 30])).tolist() == [60, 30]


def test_ratio_one_is_balanced():
    assert LongTail(ratio=1).counts(np.array([7, 9, 8])).tolist() == [7, 7, 7]


def test_largest_caps_the_profile():
    assert LongTail(ratio=4, largest=40).counts(np.array([90, 90, 90])).tolist() == [40, 20, 10]


def test_one_class_is_kept_whole():
    assert LongTail(ratio=9).counts(np.array([5])).tolist() == [5]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: LongTail(ratio=0.5),
            "LongTail(ratio=0.5): the largest class over the smallest is at least 1.",
        ),
        (
            lambda: LongTail(ratio=float("nan")),
            "LongTail(ratio=nan): the largest class over the smallest is at least 1.",
        ),
        (
            lambda: LongTail(ratio=2, order=(0, 0, 1)),
            "LongTail(order=(0, 0, 1)): not a permutation. List every class index 0 … C − 1 once, "
            "most frequent first.",
        ),
        (
            lambda: LongTail(ratio=2, order=(1, 0)).counts(np.array([5, 5, 5])),
            "LongTail(order=(1, 0)): 2 classes, the data has 3. "
            "List every class index 0 … 2 once, most frequent first.",
        ),
        (
            lambda: LongTail(ratio=100).counts(np.array([20, 20])),
            "LongTail(ratio=100, seed=0, order=(), largest=None): the rarest class would keep no "
            "example. Lower ratio to 20 or below.",
        ),
        (
            lambda: LongTail(ratio=2, largest=50).counts(np.array([20, 20])),
            "LongTail(ratio=2, seed=0, order=(), largest=50): the classes have too few examples, "
            "largest can be 20 at most.",
        ),
    ],
)
def test_a_tail_that_cannot_be_is_refused(make, message):
    with pytest.raises(UserError) as caught:
        make()
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ([9, 8, 7, 6, 5, 4, 3, 2, 1, 0], ["head"] * 3 + ["middle"] * 4 + ["tail"] * 3),
        ([5, 5, 5], ["middle"] * 3),
        ([1, 100], ["tail", "head"]),
        ([100, 10, 10, 10, 1], ["head", "middle", "middle", "middle", "tail"]),
    ],
)
def test_strata_are_thirds_of_the_classes_by_count(counts, expected):
    assert strata(np.array(counts)) == expected


def test_frequency_columns_follow_the_label():
    table = frequency_columns(np.array([3, 30, 300]), np.array([2, 0, 1, 0]))
    assert table.to_dict(as_series=False) == {
        "frequency": ["head", "tail", "middle", "tail"],
        "train_count": [300, 3, 30, 3],
    }


def test_take_keeps_rows_together():
    part = Part(
        np.arange(3, dtype=np.uint8)[:, None, None, None],
        np.array([0, 1, 2]),
        ("a", "b", "c"),
        pl.DataFrame({"s": [7, 8, 9]}),
    )
    taken = take(part, np.array([2, 0]))
    assert taken.x_NCHW.ravel().tolist() == [2, 0]
    assert taken.label_N.tolist() == [2, 0]
    assert taken.example_id_N == ("c", "a")
    assert taken.slices["s"].to_list() == [9, 7]


@pytest.mark.parametrize(("classes", "largest", "total"), [(10, 5000, 12_406), (100, 500, 10_847)])
def test_rounded_down_the_counts_are_those_of_published_tables(classes, largest, total):
    """CIFAR-10-LT and CIFAR-100-LT at a ratio of 100 (2206.06479)."""
    counts = FlooredLongTail(ratio=100).counts(np.full(classes, largest))
    assert counts.sum() == total
    assert (counts <= LongTail(ratio=100).counts(np.full(classes, largest))).all()
    if classes == 10:
        assert counts.tolist() == [5000, 2997, 1796, 1077, 645, 387, 232, 139, 83, 50]


def test_a_tail_that_is_rounded_down_follows_its_order_and_says_what_it_is():
    order = (3, 1, 4, 0, 5, 9, 2, 6, 8, 7)
    tail = FlooredLongTail(ratio=100, order=order, largest=200)
    assert eval(repr(tail)) == tail != LongTail(ratio=100, order=order, largest=200)
    counts = tail.counts(np.full(10, 1000))
    assert counts[list(order)].tolist() == [int(200 * 100 ** (-r / 9)) for r in range(10)]
    assert np.bincount(LABEL_N[tail.index(LABEL_N, 10)]).tolist() == counts.tolist()


def test_a_class_that_rounds_down_to_nothing_is_refused():
    with pytest.raises(UserError) as caught:
        FlooredLongTail(ratio=30).counts(np.array([20, 20]))
    assert str(caught.value) == (
        "FlooredLongTail(ratio=30, seed=0, order=(), largest=None): the rarest class would keep no "
        "example. Lower ratio to 20 or below."
    )
