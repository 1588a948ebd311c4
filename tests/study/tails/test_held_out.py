"""Tails of data that came with wrong labels."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from undertow.study.tails import held_out
from undertow.study.tails.held_out import ByHeldOut
from undertow.study.trained import Trained

NAN = float("nan")


@pytest.fixture
def told(monkeypatch):
    """Held-out correctness by the number of an example."""

    def tell(*correct):
        ids = [str(n) for n in range(len(correct))]
        frame = pl.DataFrame({"example_id": ids[::-1], "held_out_correctness": correct[::-1]})
        monkeypatch.setattr("undertow.study.tails.held_out.learned_columns", lambda folder: frame)
        held_out._told.cache_clear()
        return Trained(Path())

    return tell


def train(wrong, label):
    ids = [str(n) for n in range(len(wrong))]
    marks = ["yes" if w else "no" for w in wrong]
    return pl.DataFrame({"example_id": ids, "mislabelled": marks, "true_label": label})


def tails(parts, frame, share=0.25):
    return "".join(tail[:1] or "-" for tail in ByHeldOut(parts, share)(frame))


def test_the_lowest_of_each_class_with_right_labels_are_atypical(told):
    parts = told(0.0, 0.9, 0.5, 0.8, 0.4, 0.3, 1.0, 1.0)
    frame = train([1, 0, 0, 0, 0, 0, 0, 0], ["cat"] * 4 + ["dog"] * 4)
    assert tails(parts, frame) == "nt" + "at" + "tatt"


def test_shares_are_of_the_class_and_equal_ones_keep_the_order_of_the_data(told):
    parts = told(1.0, 1.0, 1.0, 1.0)
    assert tails(parts, train([0, 1, 1, 0], ["cat"] * 4), 0.5) == "anna"
    assert tails(parts, train([0, 0, 0, 0], ["cat"] * 4), 0.5) == "aatt"


def test_who_was_left_out_by_too_few_is_in_no_tail_unless_noisy(told):
    parts = told(NAN, 0.2, NAN, 0.9)
    assert tails(parts, train([1, 0, 0, 0], ["cat"] * 4)) == "na-t"
