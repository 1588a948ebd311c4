"""Ballots: one row per example and answer."""

import numpy as np
import pytest

from undertow.audit.measures import modal_labels
from undertow.audit.stats.ballots import ballots, modes
from worlds import records_from


def test_each_example_has_one_row_per_answer_and_one_for_missing_ones():
    pred_MN = np.array([[3, 0, -1, 2], [1, 0, 4, -1], [3, 0, -1, 0]])
    found = ballots(pred_MN)
    assert found.example_X.tolist() == [0, 0, 1, 2, 2, 3, 3, 3]
    assert found.label_X.tolist() == [1, 3, 0, -1, 4, -1, 0, 2]
    assert found.cast_XM[:2].tolist() == [[False, True, False], [True, False, True]]
    assert found.cast_XM[-1].tolist() == [True, False, False]


def test_every_member_casts_one_ballot_on_every_example():
    pred_MN = np.random.default_rng(3).integers(-1, 6, size=(7, 40))
    found = ballots(pred_MN)
    cast_NM = np.zeros((40, 7), dtype=int)
    np.add.at(cast_NM, found.example_X, found.cast_XM)
    assert (cast_NM == 1).all()
    back_NM = np.full((40, 7), -9)
    for n, label, cast_M in zip(*found, strict=True):
        back_NM[n, cast_M] = label
    assert (pred_MN == back_NM.T).all()


def test_any_negative_index_is_a_missing_prediction():
    found = ballots(np.array([[-2], [-1]]))
    assert found.label_X.tolist() == [-1]
    assert found.cast_XM.tolist() == [[True, True]]


@pytest.mark.parametrize("missing", [0.0, 0.5])
def test_modes_of_many_choices_are_the_modal_labels_of_each(missing):
    rng = np.random.default_rng(5)
    pred_MN = rng.integers(0, 4, size=(6, 200))
    pred_MN[rng.random(pred_MN.shape) < missing] = -1
    chosen_MS = rng.random((6, 9)) < 0.6
    chosen_MS[:, 0] = False
    found_NS = modes(pred_MN, chosen_MS)
    for s, chosen_M in enumerate(chosen_MS.T):
        votes_NC = records_from(pred_MN, classes=4).take_members(np.flatnonzero(chosen_M)).votes_NC
        assert (found_NS[:, s] == modal_labels(votes_NC)).all()
    assert (found_NS[:, 0] == -1).all()
