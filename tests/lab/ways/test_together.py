"""Which examples are asked together: every one once, whatever the way."""

from __future__ import annotations

import numpy as np
import pytest

from undertow.lab.ways.together import PadAxis, answers, batches
from undertow.lab.ways.way import Way

X = np.arange(11.0)[:, None]
WAYS = [
    Way("batch-4", "", "batch size", 4),
    Way("shuffled-4", "", "neighbours", 4, shuffled=0),
    Way("filled-4", "", "neighbours", 4, filled=True),
    Way("filled-1", "", "neighbours", 1, filled=True),
]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_answers_come_back_in_the_order_of_examples(way: Way):
    sizes = []

    def ask(arrays):
        sizes.append(len(arrays["x"]))
        return arrays["x"] * 2

    assert (answers(way, {"x": X}, (), ask) == X * 2).all()
    assert max(sizes) == way.batch
    if way.filled:
        assert set(sizes) == {way.batch}


def test_an_order_is_another_one_and_a_fill_is_other_examples():
    rows = np.concatenate([row_B for row_B, _ in batches(WAYS[1], 11)])
    assert sorted(rows) == list(range(11))
    assert rows.tolist() != list(range(11))
    filled = [*batches(WAYS[2], 11)]
    row_B, kept = filled[0]
    assert (len(row_B), kept, row_B[:2].tolist()) == (4, 2, [0, 1])
    added = {int(row) for row_B, kept in filled for row in row_B[kept:]}
    assert len(added) > 4  # from all over, and not a batch's own rows again
    assert any({*row_B[kept:].tolist()} - {*row_B[:kept].tolist()} for row_B, kept in filled)


def test_padding_goes_to_its_side_with_its_value():
    x = np.ones((2, 3), dtype=np.int64)
    shown = []
    way = Way("padded-2", "", "padding", 2, padded=2)
    pads = (PadAxis("x", 1, 9), PadAxis("mask", 1, 0, "left"))

    def ask(arrays):
        shown.append(arrays)
        return np.zeros((2, 1))

    answers(way, {"x": x, "mask": x}, pads, ask)
    assert shown[0]["x"].tolist() == [[1, 1, 1, 9, 9]] * 2
    assert shown[0]["mask"].tolist() == [[0, 0, 1, 1, 1]] * 2
