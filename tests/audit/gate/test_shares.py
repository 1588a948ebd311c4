"""``above = "zero"``: pairs against their own reference member, independent members all against
all."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import worlds
from undertow.audit.gate import gate
from undertow.audit.gate.policy import parse_policy

CHURN = '[[max_churn]]\npoints = 5\nabove = "zero"\n'
WRONG = '[[max_new_errors]]\npoints = 5\nabove = "zero"\n'


def decide(sides, text: str = CHURN):
    (decision,) = gate(sides[0], [sides[1]], parse_policy(text)).decisions
    return decision


def test_members_that_derive_from_one_another_are_compared_with_their_own_reference():
    """Nothing changed, while any two members of a side differ on a fifth of the examples."""
    sides = worlds.null_world(m_ref=3, m_var=3, n=400, paired=True, churn=0.0)
    assert (sides[0].pred_MN[0] != sides[1].pred_MN[1]).mean() > 0.15
    for text in (CHURN, WRONG):
        decision = decide(sides, text)
        assert (decision.outcome, decision.observed, decision.low) == ("pass", 0, 0)
        exact = stats.binomtest(0, 400).proportion_ci(0.90)
        assert decision.high == pytest.approx(100 * exact.high)
        assert decision.reason.startswith("0.00 % ")


def test_pairs_that_do_not_vary_are_known_only_as_well_as_their_examples():
    """No churn in 3 pairs × 30 examples does not rule out 5 %."""
    decision = decide(worlds.null_world(m_ref=3, m_var=3, n=30, paired=True, churn=0.0))
    assert (decision.outcome, decision.observed) == ("cannot tell", 0)
    assert decision.high == pytest.approx(100 * (1 - 0.05 ** (1 / 30)))


def test_pairs_are_as_many_shares():
    sides = worlds.null_world(m_ref=4, m_var=4, n=2000, paired=True, churn=0.5)
    share_P = (sides[0].pred_MN != sides[1].pred_MN).mean(axis=1)
    decision = decide(sides)
    assert decision.observed == pytest.approx(100 * share_P.mean())
    half = stats.t.isf(0.05, 3) * share_P.std(ddof=1) / 2
    within = stats.beta.ppf([0.05, 0.95], *_beta(share_P.mean(), 2000))
    low, high = np.hypot(half, within - share_P.mean()) * [-1, 1] + share_P.mean()
    assert (decision.low, decision.high) == pytest.approx((100 * low, 100 * high))


def _beta(share: float, n: int):
    return np.array([share * n, share * n + 1]), np.array([n - share * n + 1, n - share * n])


def test_independent_members_are_all_compared_with_all():
    reference, variant = worlds.null_world(m_ref=3, m_var=5, n=300)
    decision = decide((reference, variant))
    changed_RVN = reference.pred_MN[:, None] != variant.pred_MN[None]
    assert decision.observed == pytest.approx(100 * changed_RVN.mean())
    assert decision.low < decision.observed < decision.high
    swapped = decide((reference.take_members([2, 0, 1]), variant))
    assert (swapped.observed, swapped.low, swapped.high) == pytest.approx(
        (decision.observed, decision.low, decision.high)
    )


def test_clusters_of_copies_are_worth_one_example_each():
    """A fifth of forty passages changed, each with ten rows that say the same."""
    passages = np.arange(40)
    old = np.zeros(400, int)
    new = np.repeat((passages % 5 == 0).astype(int), 10)
    names = [f"p{i // 10}" for i in range(400)]
    sides = [
        worlds.records_from([p], old, 2, slices={"cluster": names}, name=w)
        for p, w in ((old, "old"), (new, "new"))
    ]
    decision = decide(sides)
    exact = stats.binomtest(8, 40).proportion_ci(0.90)
    assert decision.n_examples == 400
    assert decision.observed == pytest.approx(20)
    assert decision.low < 100 * exact.low + 2
    assert decision.high > 100 * exact.high - 2
