import numpy as np
import polars as pl
import pytest

from undertow.errors import UserError
from undertow.lab.data.dataset import Part
from undertow.lab.data.splits import assemble, first_per_class, pixel_statistics


def part(labels, prefix="p"):
    label_N = np.array(labels, dtype=np.int64)
    x_NCHW = np.random.default_rng(0).integers(0, 256, (len(labels), 2, 3, 3), dtype=np.uint8)
    return Part(x_NCHW, label_N, tuple(f"{prefix}/{i}" for i in range(len(labels))), pl.DataFrame())


def test_pixel_statistics_equal_numpys():
    x_NCHW = part(range(50)).x_NCHW
    mean, std = pixel_statistics(x_NCHW)
    np.testing.assert_allclose(mean, (x_NCHW / 255).mean(axis=(0, 2, 3)), rtol=1e-12)
    np.testing.assert_allclose(std, (x_NCHW / 255).std(axis=(0, 2, 3)), rtol=1e-12)


def test_a_constant_channel_has_deviation_one():
    assert pixel_statistics(np.zeros((4, 1, 2, 2), dtype=np.uint8)) == ((0.0,), (1.0,))


def test_first_per_class_keeps_the_order():
    assert first_per_class(part([1, 0, 1, 1, 0, 0]), 2).example_id_N == ("p/0", "p/1", "p/2", "p/4")


def test_arrays_may_be_written_to():
    train, test = part([0, 1]), part([0, 1])
    train.x_NCHW.flags.writeable = train.label_N.flags.writeable = False
    made = assemble("d", ("a", "b"), train, test)
    made.train.x_NCHW[0] = 0
    made.train.label_N[0] = 1
    assert train.label_N[0] == 0


@pytest.mark.parametrize(
    ("train", "message"),
    [
        (
            [],
            "d, train part: no examples. Check that the folder or file holds both a training and a "
            "test part.",
        ),
        (
            [0, 2],
            "d, train part: label 2 is outside 0 … 1. Give the names of all classes in the order "
            "of their labels.",
        ),
        (
            [0, -1],
            "d, train part: label -1 is outside 0 … 1. Give the names of all classes in the order "
            "of their labels.",
        ),
    ],
)
def test_unusable_parts_are_refused(train, message):
    with pytest.raises(UserError) as caught:
        assemble("d", ("a", "b"), part(train), part([0]))
    assert str(caught.value) == message


def test_zero_per_class_is_refused():
    with pytest.raises(UserError) as caught:
        first_per_class(part([0]), 0)
    assert (
        str(caught.value)
        == "0 examples per class: at least 1 is needed. Give a positive number, or None for all."
    )
