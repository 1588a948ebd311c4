"""Taxicab distance on the vectors of the notes, §8.1, and what it says beyond the modal label."""

import numpy as np
import pytest

from undertow.audit.measures import modal_disagreement, taxicab, total_variation

BASE = np.array([[4, 1, 0], [0, 4, 1], [1, 0, 4], [2, 2, 1], [0, 3, 2], [2, 1, 2]]) / 5
COMPRESSED = np.array([[4, 1, 0], [0, 4, 1], [2, 0, 3], [2, 3, 0], [0, 2, 3], [2, 1, 2]]) / 5
NO_TRUTH = np.zeros((6, 3), dtype=bool)


def test_vector_of_proportions_and_counts():
    got = taxicab(BASE, COMPRESSED, NO_TRUTH)
    np.testing.assert_allclose(got, [0, 0, 0.4, 0.4, 0.4, 0], atol=1e-15)
    np.testing.assert_allclose(5 * got, [0, 0, 2, 2, 2, 0], atol=1e-15)
    np.testing.assert_allclose(
        total_variation(BASE, COMPRESSED, NO_TRUTH), [0, 0, 0.2, 0.2, 0.2, 0], atol=1e-15
    )


def test_a_distance_without_modal_disagreement():
    assert taxicab(BASE, COMPRESSED, NO_TRUTH)[2] == pytest.approx(0.4)
    assert modal_disagreement(BASE, COMPRESSED, NO_TRUTH)[2] == 0


def test_two_classes_give_twice_the_difference_of_one_share():
    p, q = np.linspace(0, 1, 11), np.linspace(1, 0.3, 11)
    got = taxicab(
        np.stack([p, 1 - p], axis=-1), np.stack([q, 1 - q], axis=-1), np.zeros((11, 2), dtype=bool)
    )
    np.testing.assert_allclose(got, 2 * np.abs(p - q))


def test_rounding_does_not_leave_the_range():
    ref_NK = np.array([[1 / 3, 1 / 3, 1 / 3 + 1e-7, 0.0]], dtype=np.float32)
    var_NK = np.array([[0.0, 0.0, 0.0, 1.0 + 1e-7]], dtype=np.float32)
    no_truth = np.zeros((1, 4), dtype=bool)
    assert taxicab(ref_NK, var_NK, no_truth).tolist() == [2.0]
    assert total_variation(ref_NK, var_NK, no_truth).tolist() == [1.0]


@pytest.mark.parametrize("nobody", [0.0, np.nan])
def test_no_vote_is_undefined(nobody):
    none_NK, some_NK, no_truth = (
        np.full((1, 2), nobody),
        np.array([[1.0, 0.0]]),
        np.zeros((1, 2), dtype=bool),
    )
    assert np.isnan(taxicab(none_NK, some_NK, no_truth)).all()
    assert np.isnan(taxicab(some_NK, none_NK, no_truth)).all()
