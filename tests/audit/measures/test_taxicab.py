"""Taxicab distance on the vectors of the notes, §8.1, and what it says beyond the modal label."""

from fractions import Fraction

import numpy as np
import pytest
import scipy.sparse as sp

from undertow.audit.measures import modal_disagreement, taxicab, total_variation
from undertow.audit.measures.taxicab import taxicab_of_votes

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


@pytest.mark.heavy
@pytest.mark.parametrize("members", [(3, 3), (5, 5), (7, 7), (6, 10), (1, 3)])
def test_equal_distances_of_whole_votes_are_equal_numbers(members):
    """Whatever the classes: who ranks examples by them has as many ranks as there are distances."""
    rng = np.random.default_rng(0)
    counts = [rng.multinomial(m, [0.4, 0.3, 0.2, 0.1], size=3000) for m in members]
    found_N = taxicab_of_votes(*map(sp.csr_array, counts))
    exact = [
        sum(
            abs(Fraction(int(a), members[0]) - Fraction(int(b), members[1]))
            for a, b in zip(*row, strict=True)
        )
        for row in zip(*counts, strict=True)
    ]
    assert found_N.tolist() == [float(one) for one in exact]
    assert len(set(found_N.tolist())) == len(set(exact))


def test_without_a_vote_on_one_side_it_is_half_of_the_most():
    votes = sp.csr_array([[0, 2], [0, 0]]), sp.csr_array([[0, 0], [0, 0]])
    assert taxicab_of_votes(*votes).tolist() == [1, 0]
