"""Counts on which the usual gates mislead: 1,000 examples, 750 of them right in the reference.

A ratio of means rounded to .95, a relative tolerance of .08 and an unpaired z test each have their
own idea of 41 lost answers. The p values are published with the digits given here; the limits are
Tango's one-sided ones at 5 %, with half an example of correction for continuity.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import oracles_stats as oracle
from noninferior import limits, outcome
from undertow.audit.stats.mcnemar import mcnemar_exact

BASE, N, MARGIN = 750, 1000, 0.01

ROWS = [
    # lost, gained, p of McNemar, p unpaired
    (41, 0, 9e-13, 0.039),
    (61, 20, 6e-6, 0.039),
    (100, 60, 2e-3, 0.044),
    (60, 60, 1.0, 1.0),
]


@pytest.mark.parametrize(("lost", "gained", "p", "p_unpaired"), ROWS)
def test_exact_mcnemar_has_the_published_p(lost, gained, p, p_unpaired):
    assert float(f"{mcnemar_exact(lost, gained):.0e}") == p


@pytest.mark.parametrize(("lost", "gained", "p", "p_unpaired"), ROWS)
def test_the_bars_on_means_pass_all_and_the_unpaired_p_is_as_published(lost, gained, p, p_unpaired):
    before, after = BASE / N, (BASE - lost + gained) / N
    assert round(after / before, 2) >= 0.95
    assert abs(after - before) <= 0.08 * before
    se = np.sqrt((before * (1 - before) + after * (1 - after)) / N)
    assert round(2 * stats.norm.sf(abs(after - before) / se), 3) == p_unpaired


def test_one_sided_sums_done_by_hand():
    """Nothing gained: both tails are 2⁻⁴¹. Equal counts: the whole distribution twice, cut at 1."""
    assert mcnemar_exact(41, 0) == 2.0**-40
    assert mcnemar_exact(0, 41) == 2.0**-40
    assert mcnemar_exact(60, 60) == 1.0


@pytest.mark.parametrize(("lost", "gained"), [(41, 0), (61, 20), (100, 60)])
def test_a_net_loss_of_four_points_is_shown_to_exceed_one_point(lost, gained):
    assert outcome(lost, gained, N, MARGIN) == "fails"


@pytest.mark.parametrize(
    ("lost", "gained", "low", "high"),
    [
        (41, 0, -0.0532, -0.0314),
        (61, 20, -0.0569, -0.0262),
        (100, 60, -0.0615, -0.0189),
        (60, 60, -0.0187, 0.0187),
    ],
)
def test_one_sided_limits(lost, gained, low, high):
    found = limits(lost, gained, N)
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)
    assert tuple(found) == pytest.approx(oracle.tango_limits(lost, gained, N, 0.1, 0.5), abs=2e-6)


def test_equal_churn_is_open_at_one_point_and_holds_at_two():
    """120 of 1,000 changed: no net loss, and nothing that 1,000 examples could rule out at one
    point."""
    assert (outcome(60, 60, N, 0.01), outcome(60, 60, N, 0.02)) == ("open", "holds")


def test_nearly_identical_models_hold_at_one_point():
    """10,000 items, 27 lost and 23 gained: a power rule on the 50 changed ones alone can conclude
    nothing here."""
    found = limits(27, 23, 10_000)
    assert (round(found.low, 4), round(found.high, 4)) == (-0.0017, 0.0008)
    assert outcome(27, 23, 10_000, MARGIN) == "holds"
    assert outcome(27, 23, 10_000, 0.05) == "holds"
    assert round(mcnemar_exact(27, 23), 2) == 0.67
