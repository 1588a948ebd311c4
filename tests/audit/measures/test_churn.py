"""Pair measures on the flips vector of the notes, §8.10 (2407.09141)."""

import numpy as np
import pytest

from undertow.audit.measures import churn, newly_right_per_pair, newly_wrong_per_pair

Y, B, C = (
    np.array([int(digit) for digit in text]) for text in ("01201201", "01210202", "02202210")
)


def test_vector():
    assert (B == Y).mean() == 0.625
    assert (C == Y).mean() == 0.5
    assert churn(B, C, Y).mean() == 0.625
    assert newly_wrong_per_pair(B, C, Y).mean() == 0.25
    assert newly_right_per_pair(B, C, Y).mean() == 0.125


def test_flips_and_wrong_to_other_wrong_follow_from_the_three():
    wrong, right = newly_wrong_per_pair(B, C, Y).mean(), newly_right_per_pair(B, C, Y).mean()
    assert wrong + right == 0.375
    assert churn(B, C, Y).mean() - wrong - right == 0.25
    assert right - wrong == (C == Y).mean() - (B == Y).mean()


def test_churn_reads_no_label_and_the_others_do():
    none = np.full(8, -1)
    assert churn(B, C, none).mean() == 0.625
    assert np.isnan(newly_wrong_per_pair(B, C, none)).all()
    assert np.isnan(newly_right_per_pair(B, C, none)).all()


@pytest.mark.parametrize("measure", [churn, newly_wrong_per_pair, newly_right_per_pair], ids=repr)
def test_a_missing_prediction_is_undefined_on_either_side(measure):
    some, none = np.array([0]), np.array([-1])
    assert np.isnan(measure(some, none, some)).all()
    assert np.isnan(measure(none, some, some)).all()


def test_many_pairs_at_once():
    pairs_PN = np.stack([B, C, Y])
    np.testing.assert_array_equal(churn(B, pairs_PN, Y), [churn(B, row, Y) for row in pairs_PN])
