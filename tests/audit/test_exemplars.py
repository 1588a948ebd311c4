"""Exemplars against plain loops: who changed, who became wrong, in what order, beside which
control."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import oracles
from pairs import WORLDS, pair_of
from undertow.audit.exemplars import Exemplars
from undertow.audit.pair import Pair
from undertow.audit.settings import Settings
from worlds import records_from


def votes_of(pair: Pair, n: int) -> tuple[list[int], list[int]]:
    before, after = (side.pred_MN[:, n].tolist() for side in (pair.reference, pair.variant))
    return before, after


def share(votes: list[int], code: int | None) -> float:
    cast = [v for v in votes if v >= 0]
    return cast.count(code) / len(cast) if cast and code is not None else oracles.NAN


@pytest.fixture(
    params=[(world, seed) for world in WORLDS for seed in (0, 1)], ids=lambda p: f"{p[0]}, {p[1]}"
)
def pair(request: pytest.FixtureRequest) -> Pair:
    return pair_of(*request.param)


def test_flags_and_shares_are_those_of_a_loop(pair: Pair) -> None:
    made, label_N = Exemplars(pair), pair.reference.label_N.tolist()
    for n, label in enumerate(label_N):
        votes = votes_of(pair, n)
        before, after = (oracles.mode(v) for v in votes)
        changed = before is not None and after is not None and before != after
        assert made.changed_N[n] == changed
        assert made.newly_wrong_N[n] == (changed and label >= 0 and before == label)
        assert made.newly_right_N[n] == (changed and label >= 0 and after == label)
        assert made.tied_N[n] == (before is None or after is None)
        assert made.voted_N[n] == all(any(v >= 0 for v in side) for side in votes)
        first = oracles.mode(votes[0], ties="smallest")
        np.testing.assert_allclose(made.reference_share_N[n], share(votes[0], first))
        if made.voted_N[n]:
            np.testing.assert_allclose(
                made.variant_share_N[n], share(votes[1], first), err_msg=str(votes)
            )
            np.testing.assert_allclose(
                made.taxicab_N[n], oracles.taxicab(*votes, label), atol=1e-12
            )


def test_what_became_wrong_or_right_changed_and_no_example_is_both(pair: Pair) -> None:
    made = Exemplars(pair)
    assert (made.newly_wrong_N <= made.changed_N).all()
    assert (made.newly_right_N <= made.changed_N).all()
    assert not (made.newly_wrong_N & made.newly_right_N).any()
    assert not (made.changed_N & made.tied_N).any()


def test_the_table_has_every_example_whose_votes_moved_the_farthest_first(pair: Pair) -> None:
    made = Exemplars(pair)
    frame = made.frame()
    ids = pair.reference.example_id_N.to_list()
    moved = [ids[n] for n in range(len(ids)) if made.taxicab_N[n] > 0]
    assert sorted(frame["example_id"]) == moved
    p = frame["p"].fill_nan(1.0)
    keys = list(zip(-frame["taxicab"].round(9), p, -frame["reference_share"].round(9), strict=True))
    assert keys == sorted(keys)
    for row in frame.iter_rows(named=True):
        n = ids.index(row["example_id"])
        before, after = (oracles.mode(v) for v in votes_of(pair, n))
        names = [None if code is None else pair.reference.classes[code] for code in (before, after)]
        assert [row["reference_modal"], row["variant_modal"]] == names
        label = int(pair.reference.label_N[n])
        assert row["label"] == (None if label < 0 else pair.reference.classes[label])
        flags = (made.changed_N[n], made.newly_wrong_N[n], made.newly_right_N[n])
        assert (row["modal_disagreement"], row["newly_wrong"], row["newly_right"]) == flags


def test_a_p_value_needs_members_on_both_sides(pair: Pair) -> None:
    made = Exemplars(pair)
    several = min(pair.reference.M, pair.variant.M) > 1
    assert np.isnan(made.p_N).all() != several
    assert np.isnan(made.q_N).all() != several
    assert (made.confirmed_N <= (made.q_N <= 0.2)).all()
    if several:
        assert ((made.p_N > 0) & (made.p_N <= 1)).all()
        assert (made.q_N >= made.p_N).all()


def slow_control(made: Exemplars, exemplar: int, taken: set[int]) -> int | None:
    """The unchanged example of the same label and the same reference answer that is nearest in
    certainty and calm."""
    reference = made.pair.reference
    best, nearest = None, float("inf")
    for n in range(reference.N):
        if made.changed_N[n] or made.tied_N[n] or n in taken:
            continue
        if reference.label_N[n] != reference.label_N[exemplar]:
            continue
        if made.reference_modal_N[n] != made.reference_modal_N[exemplar]:
            continue
        gap = abs(made.reference_share_N[n] - made.reference_share_N[exemplar]) + made.taxicab_N[n]
        if gap < nearest:
            best, nearest = n, gap
    return best


def test_the_gallery_has_those_that_became_wrong_first_each_beside_its_nearest_control(
    pair: Pair,
) -> None:
    made = Exemplars(pair)
    index = {example: n for n, example in enumerate(pair.reference.example_id_N)}
    ranked = [index[e] for e in made.frame().filter(pl.col("modal_disagreement"))["example_id"]]
    wanted = [n for wrong in (True, False) for n in ranked if bool(made.newly_wrong_N[n]) == wrong][
        :12
    ]
    gallery, taken = made.gallery(), set[int]()
    assert [index[e.exemplar.example_id] for e in gallery] == wanted
    for entry, n in zip(gallery, wanted, strict=True):
        control = slow_control(made, n, taken)
        assert (entry.control and index[entry.control.example_id]) == control
        taken |= set() if control is None else {control}
        assert (entry.taxicab, entry.newly_wrong) == (made.taxicab_N[n], made.newly_wrong_N[n])
        assert entry.confirmed == (entry.q <= 0.2)
        for side, votes in zip(
            (entry.exemplar.reference, entry.exemplar.variant), votes_of(pair, n), strict=True
        ):
            counted = Counter(pair.reference.classes[v] for v in votes if v >= 0)
            assert {name: s * sum(counted.values()) for name, s in side.shares} == pytest.approx(
                counted
            )
            assert [s for _, s in side.shares] == sorted((s for _, s in side.shares), reverse=True)


def test_what_lost_most_of_a_graded_score_comes_before_what_lost_less() -> None:
    label = np.zeros(4, np.int32)
    reference, variant = (
        records_from([pred], label, 2, name=name) for pred, name in (([0] * 4, "a"), ([1] * 4, "b"))
    )
    before, after = np.array([[0.5, 0.9, 0.9, np.nan]]), np.array([[0.4, 0.2, 0.6, 0.1]])
    sides = [
        replace(r, score_MN=s.astype(np.float32))
        for r, s in ((reference, before), (variant, after))
    ]
    made = Exemplars(Pair(*sides, paired=False, settings=Settings()))
    assert made.order_N.tolist() == [1, 2, 0, 3]


def test_a_gallery_holds_as_many_as_were_asked_for() -> None:
    pair = pair_of("even and odd")
    for asked in (0, 1, 5):
        fewer = replace(pair, settings=replace(pair.settings, gallery=asked))
        assert len(Exemplars(fewer).gallery()) == asked
