"""Modal labels against the hand-made vectors of both tie rules (notes on 1911.05248 and 2207.00200,
§8.1)."""

import numpy as np
import pytest
import scipy.sparse as sp

import oracles
import worlds
from undertow.audit.measures import modal_disagreement, modal_labels, newly_right, newly_wrong

BASE = [
    [0, 1, 2, 0, 1, 2],
    [0, 1, 2, 1, 1, 2],
    [0, 1, 0, 0, 2, 0],
    [0, 2, 2, 1, 2, 0],
    [1, 1, 2, 2, 1, 1],
]
COMPRESSED = [
    [0, 1, 0, 1, 2, 0],
    [0, 1, 0, 1, 2, 2],
    [0, 1, 2, 1, 1, 2],
    [0, 2, 2, 0, 1, 0],
    [1, 1, 2, 0, 2, 1],
]
LABEL = [0, 1, 2, 1, 1, 2]
NAN = np.nan


@pytest.fixture
def populations():
    return tuple(worlds.records_from(pred_MN, LABEL, 3) for pred_MN in (BASE, COMPRESSED))


def shares(records):
    return records.votes_NC.toarray() / records.M


def test_votes_are_those_of_the_vector(populations):
    base, compressed = (records.votes_NC.toarray().tolist() for records in populations)
    assert base == [[4, 1, 0], [0, 4, 1], [1, 0, 4], [2, 2, 1], [0, 3, 2], [2, 1, 2]]
    assert compressed == [[4, 1, 0], [0, 4, 1], [2, 0, 3], [2, 3, 0], [0, 2, 3], [2, 1, 2]]


@pytest.mark.parametrize(
    ("ties", "base", "compressed"),
    [
        ("smallest", [0, 1, 2, 0, 1, 0], [0, 1, 2, 1, 2, 0]),
        ("largest", [0, 1, 2, 1, 1, 2], [0, 1, 2, 1, 2, 2]),
        ("undefined", [0, 1, 2, -1, 1, -1], [0, 1, 2, 1, 2, -1]),
    ],
)
def test_modal_labels_under_each_tie_rule(populations, ties, base, compressed):
    assert modal_labels(populations[0].votes_NC, ties).tolist() == base
    assert modal_labels(populations[1].votes_NC, ties).tolist() == compressed


@pytest.mark.parametrize(("ties", "exemplars"), [("smallest", [3, 4]), ("largest", [4])])
def test_published_tie_rules_give_their_exemplars(populations, ties, exemplars):
    before, after = (modal_labels(records.votes_NC, ties) for records in populations)
    assert np.flatnonzero(before != after).tolist() == exemplars


def test_modal_disagreement_is_undefined_where_a_mode_is_tied(populations):
    ref_NK, var_NK = map(shares, populations)
    got = modal_disagreement(ref_NK, var_NK, np.zeros((6, 3), dtype=bool))
    np.testing.assert_array_equal(got, [0, 0, 0, NAN, 1, NAN])


def test_newly_wrong_and_newly_right(populations):
    ref_NK, var_NK = map(shares, populations)
    truth_NK = np.arange(3) == np.array(LABEL)[:, None]
    np.testing.assert_array_equal(newly_wrong(ref_NK, var_NK, truth_NK), [0, 0, 0, NAN, 1, NAN])
    np.testing.assert_array_equal(newly_right(ref_NK, var_NK, truth_NK), [0, 0, 0, NAN, 0, NAN])
    np.testing.assert_array_equal(newly_right(var_NK, ref_NK, truth_NK), [0, 0, 0, NAN, 1, NAN])


def test_a_truth_nobody_voted_for_is_wrong_on_both_sides():
    ref_NK, var_NK, truth_NK = (
        np.array([[1.0, 0.0]]),
        np.array([[0.0, 1.0]]),
        np.zeros((1, 2), dtype=bool),
    )
    assert modal_disagreement(ref_NK, var_NK, truth_NK).tolist() == [1.0]
    assert newly_wrong(ref_NK, var_NK, truth_NK).tolist() == [0.0]
    assert newly_right(ref_NK, var_NK, truth_NK).tolist() == [0.0]


@pytest.mark.parametrize("nobody", [0.0, NAN])
def test_no_vote_is_undefined(nobody):
    none_NK, some_NK, truth_NK = (
        np.full((1, 2), nobody),
        np.array([[1.0, 0.0]]),
        np.zeros((1, 2), dtype=bool),
    )
    assert np.isnan(modal_disagreement(none_NK, some_NK, truth_NK)).all()
    assert np.isnan(modal_disagreement(some_NK, none_NK, truth_NK)).all()


def test_a_tie_survives_rounding():
    """Shares summed from 1/M in another order differ in the last bit; they are the same share."""
    ref_NK = np.array([[0.1 + 0.2, 0.3, 0.4 - 1e-9]])
    tied_NK = np.array([[0.1 + 0.2, 0.3, 0.1]])
    sure_NK = np.array([[1.0, 0.0, 0.0]])
    assert ref_NK[0, 0] != ref_NK[0, 1]
    truth_NK = np.zeros((1, 3), dtype=bool)
    assert modal_disagreement(ref_NK, sure_NK, truth_NK).tolist() == [1.0]
    assert np.isnan(modal_disagreement(tied_NK, sure_NK, truth_NK)).all()


def test_shares_of_many_members_are_told_apart():
    """One vote of 4,001 in float32 is a lead."""
    ref_NK = np.array([[2001 / 4001, 2000 / 4001]], dtype=np.float32)
    assert modal_disagreement(ref_NK, ref_NK[:, ::-1], np.zeros((1, 2), dtype=bool)).tolist() == [
        1.0
    ]


@pytest.mark.parametrize("ties", ["undefined", "smallest", "largest"])
@pytest.mark.parametrize("seed", range(5))
def test_modal_labels_equal_the_oracle(ties, seed):
    rng = np.random.default_rng(seed)
    pred_MN = rng.integers(-1, 4, size=(rng.integers(1, 7), 50))
    records = worlds.records_from(pred_MN, None, 4)
    expected = [oracles.mode(column, ties) for column in pred_MN.T.tolist()]
    expected = [-1 if label is None else label for label in expected]
    assert modal_labels(records.votes_NC, ties).tolist() == expected
    assert modal_labels(records.votes_NC.toarray(), ties).tolist() == expected
    assert modal_labels(sp.coo_array(records.votes_NC), ties).tolist() == expected


def test_modal_labels_without_examples_or_votes():
    assert modal_labels(np.zeros((0, 3))).tolist() == []
    assert modal_labels(np.zeros((2, 3), dtype=int)).tolist() == [-1, -1]
