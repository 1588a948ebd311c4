"""Jensen–Shannon distance on the vector of the notes, §8.10, and against SciPy."""

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon

from undertow.audit.measures import jensen_shannon

P, Q = np.array([[0.7, 0.2, 0.1]]), np.array([[0.5, 0.4, 0.1]])
LABEL = np.array([0])


def test_vector():
    assert jensen_shannon(P, Q, LABEL)[0] == pytest.approx(0.1912851165, abs=1e-10)
    assert jensen_shannon(P, Q, LABEL)[0] * np.sqrt(np.log(2)) == pytest.approx(
        0.1592553058, abs=1e-10
    )


def test_equals_scipy_in_base_two():
    rng = np.random.default_rng(0)
    p, q = rng.dirichlet(np.full(4, 0.3), size=(2, 50))
    np.testing.assert_allclose(
        jensen_shannon(p, q, LABEL), jensenshannon(p, q, base=2, axis=1), rtol=1e-9
    )


def test_disjoint_beliefs_are_one_apart_and_equal_ones_exactly_zero():
    one, other = np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])
    assert jensen_shannon(one, other, LABEL).tolist() == [1.0]
    third = np.full((1, 3), 1 / 3, dtype=np.float32)
    assert jensen_shannon(third, third, LABEL).tolist() == [0.0]


def test_single_precision_sums_do_not_make_a_distance():
    """Float32 rows that sum to 1 ± 1e-7 are normalised, so scale is not mistaken for a shift."""
    assert jensen_shannon(P, P * (1 + 1e-6), LABEL)[0] < 1e-7


def test_missing_probabilities_are_undefined():
    unknown = np.full((1, 3), np.nan)
    assert np.isnan(jensen_shannon(P, unknown, LABEL)).all()
    assert np.isnan(jensen_shannon(np.zeros((1, 3)), P, LABEL)).all()
