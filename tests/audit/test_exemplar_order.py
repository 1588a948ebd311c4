"""With one model a side every changed answer is as far as any other: what decides their order
then."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from undertow.audit import Settings, audit
from undertow.audit.id_order import id_rank, in_order
from worlds import records_from

LABEL_N = np.zeros(40, dtype=int)


def ids(reference, variant, **given):
    found = audit(reference, [variant], Settings(draws=100, min_count=5, **given))
    return found.exemplars["example_id"].to_list(), [
        e.exemplar.example_id for e in found.variants[0].gallery
    ]


def pair(**given):
    after_N = np.where(np.arange(40) < 6, 1, 0)
    both = [
        records_from([pred], LABEL_N, 2, name=n, **given)
        for n, pred in (("old", LABEL_N), ("new", after_N))
    ]
    return both[0], both[1]


def with_probability(records, right_N, confidence=False):
    right_MN = np.asarray(right_N, dtype=np.float32)[None, :]
    if confidence:
        return replace(records, confidence_MN=np.maximum(right_MN, 1 - right_MN))
    return replace(records, p_label_MN=right_MN)


def test_the_probability_that_the_right_answer_lost_comes_first():
    old, new = pair()
    before_N, after_N = np.full(40, 0.9), np.full(40, 0.9)
    after_N[:6] = [0.4, 0.1, 0.3, 0.05, 0.45, 0.2]
    expected = ["e0003", "e0001", "e0005", "e0002", "e0000", "e0004"]
    for confidence in (False, True):
        sides = (with_probability(r, p, confidence) for r, p in ((old, before_N), (new, after_N)))
        assert ids(*sides) == (expected, expected)


def test_without_probabilities_the_slices_that_lose_most_come_first():
    old, new = pair(slices={"region": ["south", "north"] * 3 + ["north"] * 4 + ["south"] * 30})
    assert ids(old, new, by=("region",))[0] == [
        "e0001",
        "e0003",
        "e0005",
        "e0000",
        "e0002",
        "e0004",
    ]


def test_and_without_slices_the_order_of_the_data():
    assert ids(*pair())[0] == [f"e{n:04d}" for n in range(6)]


def test_probabilities_of_one_side_alone_say_nothing_of_what_was_taken():
    old, new = pair()
    sure = with_probability(old, np.full(40, 0.9))
    assert (
        ids(sure, new)[0] == ids(old, with_probability(new, np.full(40, 0.9)))[0] == ids(*pair())[0]
    )


def test_what_nothing_tells_apart_stands_in_the_order_of_its_ids_as_people_count():
    old, new = pair(
        example_ids=[f"q{n}/a" for n in (10, 9, 100, 2, 20, 1)] + [f"z{n}" for n in range(34)]
    )
    assert ids(old, new)[1] == ["q1/a", "q2/a", "q9/a", "q10/a", "q20/a", "q100/a"]


def test_ids_are_ranked_by_their_numbers_however_long() -> None:
    long = ["1" * 5000, "2", "a", "a10b2", "a9b11", "a9b2", "", "007"]
    rank = dict(zip(long, id_rank(pl.Series(long)), strict=True))
    assert sorted(long[1:], key=rank.__getitem__) == ["", "2", "007", "a", "a9b2", "a9b11", "a10b2"]
    assert rank["2"] < rank["1" * 5000]


def test_ids_decide_where_all_keys_are_equal_also_where_they_are_unknown():
    ids = pl.Series(["q10", "q9", "q2", "q1"])
    certain, loss = np.array([np.nan, np.nan, 1.0, 1.0]), np.array([0.0, 0.0, 1.0, 0.0])
    assert ids[in_order((certain, loss), ids)].to_list() == ["q1", "q9", "q10", "q2"]
    assert ids[in_order((loss, np.arange(4.0)), ids)].to_list() == ids.to_list()
