"""Disagreement beyond what members of the reference disagree among themselves, against slow
loops."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from undertow.audit.stats.excess_limits import member_excess
from undertow.audit.stats.over_runs import Excess

NONE = Excess(*np.zeros((7, 3)))
"""Examples that leave nothing open."""


def pairs(m_ref: int, m_var: int, seed: int = 0, rows: int = 3) -> np.ndarray:
    """Values of every two members, other ones in the other direction; reference members first."""
    members = m_ref + m_var
    value_MMG = np.random.default_rng(seed).random((members, members, rows))
    value_MMG[np.eye(members, dtype=bool)] = np.nan
    return value_MMG


def excess(value_MMG, ref, var) -> np.ndarray:
    across = [value_MMG[i, j] for i in ref for j in var]
    within = [value_MMG[i, j] for i in ref for j in ref if i != j]
    return sum(across) / len(across) - sum(within) / len(within)


def error(value_MMG, m_ref: int, m_var: int) -> np.ndarray:
    """Standard error: each member of either side left out in turn."""
    ref, var = list(range(m_ref)), list(range(m_ref, m_ref + m_var))
    square = 0.0
    for side in (ref, var):
        without = [
            excess(value_MMG, [i for i in ref if i != m], [j for j in var if j != m]) for m in side
        ]
        mean = sum(without) / len(without)
        square = square + (len(side) - 1) / len(side) * sum(
            (value - mean) ** 2 for value in without
        )
    return np.sqrt(square)


@pytest.mark.parametrize(("m_ref", "m_var"), [(3, 2), (4, 6), (7, 3)])
def test_equals_the_slow_loop(m_ref: int, m_var: int):
    value_MMG = pairs(m_ref, m_var)
    found = member_excess(value_MMG, m_ref, NONE, 0.1)
    effect_G = excess(value_MMG, range(m_ref), range(m_ref, m_ref + m_var))
    half_G = stats.t.isf(0.05, min(m_ref, m_var) - 1) * error(value_MMG, m_ref, m_var)
    np.testing.assert_allclose(found.effect_G, effect_G)
    np.testing.assert_allclose(found.low_G, effect_G - half_G)
    np.testing.assert_allclose(found.high_G, effect_G + half_G)


def test_what_examples_leave_open_is_added_in_squares_on_either_side():
    value_MMG = pairs(4, 4)
    examples = Excess(
        np.full(3, 0.2),
        np.array([0.1, 0.19, -0.7]),
        np.array([0.5, 0.2, 0.9]),
        *np.full((4, 3), np.nan),
    )
    alone, found = (member_excess(value_MMG, 4, given, 0.1) for given in (NONE, examples))
    below_G, above_G = examples.effect_G - examples.low_G, examples.high_G - examples.effect_G
    np.testing.assert_allclose(
        (found.effect_G - found.low_G) ** 2, (alone.effect_G - alone.low_G) ** 2 + below_G**2
    )
    np.testing.assert_allclose(
        (found.high_G - found.effect_G) ** 2, (alone.high_G - alone.effect_G) ** 2 + above_G**2
    )


def test_limits_are_never_narrower_than_over_examples():
    """Members that agree to the last digit show nothing about other examples."""
    value_MMG = np.full((7, 7, 3), 0.25)
    examples = Excess(np.zeros(3), np.full(3, -0.03), np.full(3, 0.04), *np.full((4, 3), np.nan))
    found = member_excess(value_MMG, 4, examples, 0.1)
    np.testing.assert_allclose(found.effect_G, 0, atol=1e-12)
    np.testing.assert_allclose(found.low_G, -0.03)
    np.testing.assert_allclose(found.high_G, 0.04)
    for seed in range(5):
        found = member_excess(pairs(4, 3, seed), 4, examples, 0.1)
        assert (found.effect_G - found.low_G >= 0.03).all()
        assert (found.high_G - found.effect_G >= 0.04).all()


@pytest.mark.parametrize(
    ("m_ref", "m_var", "known"), [(2, 2, False), (2, 9, False), (3, 1, False), (3, 2, True)]
)
def test_too_few_members_tell_nothing(m_ref: int, m_var: int, known: bool):
    value_MMG = pairs(m_ref, m_var)
    found = member_excess(value_MMG, m_ref, NONE, 0.1)
    np.testing.assert_allclose(
        found.effect_G, excess(value_MMG, range(m_ref), range(m_ref, m_ref + m_var))
    )
    assert (np.isfinite(found.low_G) == known).all()
    assert (np.isfinite(found.high_G) == known).all()


def test_how_variant_members_disagree_among_themselves_does_not_count():
    value_MMG = pairs(4, 4)
    other_MMG = value_MMG.copy()
    other_MMG[4:, 4:] = 1.0
    np.testing.assert_array_equal(
        member_excess(other_MMG, 4, NONE, 0.1), member_excess(value_MMG, 4, NONE, 0.1)
    )


def test_one_member_a_side_tells_nothing_without_a_warning():
    found = member_excess(np.full((2, 2, 3), 0.2), 1, NONE, 0.1)
    assert np.isnan(np.stack(found)).all()
