"""Parts of a variance: made by hand, and by simulation of how often limits hold the truth."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from scipy import stats

from undertow.audit.stats.components import beside_one, nested


def test_mean_squares_are_those_of_loops():
    value_M, origin_M = np.array([1.0, 3, 4, 8, 9, 13]), ["a", "a", "b", "b", "c", "c"]
    found = nested(value_M, origin_M)
    within = sum((x - m) ** 2 for x, m in zip(value_M, [2, 2, 6, 6, 11, 11], strict=True)) / 3
    between = 2 * np.var([2, 6, 11], ddof=1)
    assert found.members.value == pytest.approx(within)
    assert found.origins.value == pytest.approx((between - within) / 2)
    ratio = between / within
    assert found.share.value == pytest.approx((ratio - 1) / (ratio + 1))
    assert (found.number, found.df) == (3, 3)


def test_limits_are_those_of_chi_square_and_f():
    value_M, origin_M = np.array([1.0, 3, 4, 8, 9, 13]), ["a", "a", "b", "b", "c", "c"]
    found = nested(value_M, origin_M)
    within, between = found.members.value, 2 * np.var([2, 6, 11], ddof=1)
    low, high = (3 * within / stats.chi2.ppf(q, 3) for q in (0.975, 0.025))
    assert found.members[1:] == pytest.approx((low, high))
    for got, q in zip(found.share[1:], (0.975, 0.025), strict=True):
        theta = max((between / within / stats.f.ppf(q, 2, 3) - 1) / 2, 0)
        assert got == pytest.approx(theta / (1 + theta))
    for got, q in zip(found.origins[1:], (0.975, 0.025), strict=True):
        most = max(between - within * stats.f.ppf(q, 2, 3), 0)
        assert got == pytest.approx(most / (2 * stats.chi2.ppf(q, 2) / 2))


def test_one_origin_beside_several_is_the_difference_of_variances():
    one_M, several_M = np.array([1.0, 2, 3, 6]), np.array([0.0, 4, 9])
    found = beside_one(one_M, several_M)
    own, others = one_M.var(ddof=1), several_M.var(ddof=1)
    assert found.members.value == pytest.approx(own)
    assert found.origins.value == pytest.approx(others - own)
    assert found.share.value == pytest.approx(1 - own / others)
    assert (found.number, found.df) == (3, 3)


def test_of_unequal_numbers_it_is_unweighted_means():
    value_M = np.array([1.0, 3, 5, 4, 8])
    found = nested(value_M, ["a", "a", "a", "b", "b"])
    harmonic = 2 / (1 / 3 + 1 / 2)
    between, within = harmonic * np.var([3, 6], ddof=1), (8 + 8) / 3
    assert found.origins.value == pytest.approx((between - within) / harmonic)


def test_what_does_not_vary_has_no_share_and_what_varies_by_origin_alone_has_all():
    nothing = nested(np.ones(4), ["a", "a", "b", "b"])
    assert math.isnan(nothing.share.value)
    assert nothing.members == (0, 0, 0)
    alone = nested(np.array([1.0, 1, 2, 2]), ["a", "a", "b", "b"])
    assert alone.share == (1, 1, 1)
    apart = nested(np.array([1.0, 3, 1, 3]), ["a", "a", "b", "b"])
    assert apart.origins.value == pytest.approx(-1)
    assert apart.share.value == apart.share.low == apart.origins.low == 0


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (
            lambda: nested(np.arange(3.0), ["a", "b", "c"]),
            "3 members of 3 origins; at least two origins, one of them with two members, tell both "
            "variances",
        ),
        (
            lambda: nested(np.arange(3.0), ["a"] * 3),
            "3 members of 1 origins; at least two origins, one of them with two members, tell both "
            "variances",
        ),
        (
            lambda: beside_one(np.arange(3.0), np.arange(1.0)),
            "3 members of one origin and 1 of others; two of each tell both variances",
        ),
    ],
)
def test_too_few_are_refused(ask, said):
    with pytest.raises(ValueError, match=f"^{re.escape(said)}$"):
        ask()


@pytest.mark.heavy
@pytest.mark.parametrize("share", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("design", ["nested", "beside one", "unequal"])
def test_limits_hold_the_truth(design, share):
    """Of 1,000 worlds. Exact for the members and the share; those of origins cover more."""
    rng, worlds, held = np.random.default_rng(round(10 * share)), 1000, []
    counts = [2, 3, 6, 2, 4] if design == "unequal" else [3] * 5
    origin_M = np.repeat([*"abcde"], counts)
    for _ in range(worlds):
        part = np.sqrt(share / (1 - share)) * rng.normal(size=5)
        if design == "beside one":
            found = beside_one(rng.normal(size=8), part + rng.normal(size=5))
        else:
            found = nested(np.repeat(part, counts) + rng.normal(size=len(origin_M)), origin_M)
        truths = (found.members, 1.0), (found.origins, share / (1 - share)), (found.share, share)
        held.append([each.low <= true <= each.high for each, true in truths])
    members, origins, shares = np.mean(held, axis=0)
    assert 0.93 <= members <= 0.97
    assert origins >= 0.93
    assert shares >= 0.93
