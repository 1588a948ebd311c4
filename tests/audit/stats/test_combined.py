"""A sum of parts that are each known with their own degrees of freedom, against its definition."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, stats

from undertow.audit.stats.combined import Part, half_width, sides, two_sided_p

PARTS = [
    Part(np.array([0.04, 0.0, 0.3]), 3.0),
    Part(np.array([0.01, 0.2, 0.0]), 1.0),
    Part(np.array([0.02, 0.1, 0.05]), np.inf),
]


def half(parts: list[Part], g: int, level: float) -> float:
    """Half widths of single parts, added in squares."""
    total = 0.0
    for part in parts:
        quantile = (
            stats.norm.isf(level / 2) if part.df == np.inf else stats.t.isf(level / 2, part.df)
        )
        total += (quantile * part.square_G[g] ** 0.5) ** 2
    return float(total**0.5)


@pytest.mark.parametrize("level", [0.2, 0.05, 0.0004])
def test_half_widths_add_in_squares(level: float):
    np.testing.assert_allclose(half_width(PARTS, level), [half(PARTS, g, level) for g in range(3)])


def test_each_row_may_have_a_level_of_its_own():
    levels = [0.2, 0.05, 0.0004]
    np.testing.assert_allclose(
        half_width(PARTS, np.array(levels)), [half(PARTS, g, a) for g, a in enumerate(levels)]
    )


def test_p_is_the_level_at_which_the_interval_reaches_no_change():
    effect_G = np.array([-0.7, 1.1, 0.9])
    by_root = [
        optimize.brentq(lambda a, g=g: half(PARTS, g, a) - abs(effect_G[g]), 1e-12, 1 - 1e-12)
        for g in range(3)
    ]
    p_G = two_sided_p(PARTS, effect_G)
    np.testing.assert_allclose(p_G, by_root, rtol=1e-6)
    np.testing.assert_allclose(half_width(PARTS, p_G), np.abs(effect_G), rtol=1e-6)


def test_no_effect_is_no_evidence_and_an_unknown_one_is_unknown():
    found = two_sided_p(PARTS, np.array([0.0, np.nan, 0.0]))
    np.testing.assert_allclose(found, [1, np.nan, 1])


def test_a_single_part_is_students_t():
    part = Part(np.array([0.04]), 6.0)
    np.testing.assert_allclose(
        two_sided_p([part], np.array([0.5])), 2 * stats.t.sf(0.5 / 0.2, 6), rtol=1e-6
    )


def test_unequal_sides_are_a_part_each():
    before_G, after_G = np.array([0.04, 0.01]), np.array([0.02, 0.03])
    first, second = sides(before_G, after_G, 2, 9)
    assert (first.df, second.df) == (1, 8)
    np.testing.assert_allclose([first.square_G, second.square_G], [before_G, after_G])


def test_two_that_look_calm_do_not_lend_the_others_degrees_of_freedom():
    """Nine members vary by .02; the other two may lie close by chance, as one degree of freedom
    says."""
    found = half_width(sides(np.array([0.005]), np.array([0.02]), 2, 9), 0.05)[0]
    welch = stats.t.isf(0.025, 0.025**2 / (0.005**2 / 1 + 0.02**2 / 8)) * 0.025**0.5
    assert found > 1.5 * welch


def test_equal_sides_are_welchs_with_shares_pooled_over_the_rows():
    before_G, after_G = np.array([0.04, 0.01, 0.0]), np.array([0.02, 0.03, 0.0])
    (part,) = sides(before_G, after_G, 5, 5)
    share = (0.04 / 0.06 + 0.01 / 0.04) / 2
    assert part.df == pytest.approx(1 / (share**2 / 4 + (1 - share) ** 2 / 4))
    np.testing.assert_allclose(part.square_G, [0.06, 0.04, 0])
    assert sides(np.zeros(2), np.zeros(2), 5, 5)[0].df == pytest.approx(8)


def test_a_row_without_a_value_does_not_change_the_others():
    (part,) = sides(np.array([0.04, np.nan]), np.array([0.02, np.nan]), 5, 5)
    assert part.df == pytest.approx(4 / ((2 / 3) ** 2 + (1 / 3) ** 2))


@pytest.mark.parametrize(("m_ref", "m_var"), [(6, 1), (1, 6)])
def test_a_side_of_one_member_varies_as_the_other(m_ref: int, m_var: int):
    (part,) = sides(np.array([0.04]), np.array([0.02]), m_ref, m_var)
    assert (part.df, part.square_G[0]) == (5, pytest.approx(0.06))


def test_p_of_what_cannot_be_chance_is_as_small_as_it_is():
    (p,) = two_sided_p([Part(np.array([1.0]), np.inf)], np.array([20.0]))
    assert p == pytest.approx(2 * stats.norm.sf(20), rel=1e-6, abs=0)
