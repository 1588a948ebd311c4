"""Ballots: one row per example and answer."""

import numpy as np

from undertow.audit.stats.ballots import ballots


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
