"""A model that lost exactly what the policy allows must not pass: worlds where losses are rare and
large, or few."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

import worlds
from undertow.audit import Settings
from undertow.audit.gate import gate
from undertow.audit.gate.policy import parse_policy
from undertow.audit.stats.bounded import mean_limits
from undertow.audit.stats.two_way import two_way
from undertow.errors import UserError

pytestmark = pytest.mark.heavy

MOST = 0.055
"""Of models that lost exactly the limit, how many may pass."""


def policy(points: float):
    return parse_policy(f"[[max_drop]]\npoints = {points:g}\n")


def graded(score_MN, name: str, **made):
    score_MN = np.asarray(score_MN, dtype=np.float32)
    pred = np.zeros(score_MN.shape, int)
    return replace(
        worlds.records_from(pred, np.zeros(pred.shape[1], int), 2, name=name, **made),
        score_MN=score_MN,
    )


@pytest.mark.parametrize("n", [1, 2, 5, 20])
def test_nothing_changed_on_a_few_graded_examples_is_not_certainty(n):
    same = [graded(np.full((1, n), 0.7), name) for name in ("old", "new")]
    assert gate(same[0], [same[1]], policy(0.5)).verdict == "cannot tell"


def test_nothing_changed_on_many_graded_examples_passes():
    same = [graded(np.full((1, 2000), 0.7), name) for name in ("old", "new")]
    assert gate(same[0], [same[1]], policy(0.5)).verdict == "pass"


@pytest.mark.parametrize("members", [2, 3])
def test_nothing_changed_in_a_few_pairs_is_not_certainty(members):
    right = np.random.default_rng(0).random((members, 30)) < 0.8
    old = worlds.records_from(np.where(right, 0, 1), np.zeros(30, int), 2, name="old")
    new = worlds.records_from(
        old.pred_MN,
        np.zeros(30, int),
        2,
        name="new",
        parents=[m.id for m in old.members],
        parent="old",
    )
    result = gate(old, [new], policy(1), Settings(draws=100))
    assert result.verdict == "cannot tell"
    assert result.audit.variants[0].scope == "both"


def test_nearly_identical_models_still_pass():
    old, new = worlds.flipped_world(10_000, 27, 23)
    assert gate(old, [new], policy(1)).verdict == "pass"


def test_a_gate_about_members_alone_is_refused():
    old, new = worlds.flipped_world(100, 1, 1)
    with pytest.raises(UserError) as caught:
        gate(old, [new], policy(1), Settings(generalise_to="members"))
    assert str(caught.value) == (
        "a gate cannot generalise to members alone, since a release meets new examples; choose "
        "examples or both"
    )


@pytest.mark.parametrize(
    ("members", "asked", "scope"),
    [(1, "auto", "examples"), (4, "auto", "both"), (4, "examples", "examples")],
)
def test_by_itself_a_gate_is_about_members_and_examples_where_there_are_members(
    members, asked, scope
):
    reference, variant = worlds.null_world(members, members, 300, 3, seed=1)
    result = gate(reference, [variant], policy(5), Settings(draws=100, generalise_to=asked))
    assert result.audit.variants[0].scope == scope


def passes(low_D, limit: float) -> float:
    return float((low_D > -limit).mean())


def draws(shape, share, rng):
    return (rng.random(shape) < share).astype(float)


DRAWS = 400


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("n", "share", "loss"), [(50, 0.02, 0.49), (50, 0.02, 1.0), (200, 0.005, 1.0), (20, 0.05, 0.3)]
)
def test_rare_large_losses_of_graded_examples(n, share, loss):
    """At n = 50 Student's limits pass .378: a sample without the loss has no width."""
    change_DN = -loss * draws((DRAWS, n), share, np.random.default_rng(n))
    rows = sp.csr_array(np.kron(np.eye(DRAWS), np.ones(n)))
    found = mean_limits(rows, change_DN.ravel(), 0.1)
    assert passes(found.low_G, share * loss) <= MOST


@pytest.mark.parametrize("clusters", [10, 20, 50])
def test_whole_clusters_that_are_lost(clusters):
    """2 % of clusters lose all of their ten examples: CR1 limits pass .81, .67 and .38."""
    lost_DK = -draws((DRAWS, clusters), 0.02, np.random.default_rng(clusters))
    number_N = np.arange(DRAWS * clusters).repeat(10)
    rows = sp.csr_array((np.ones(len(number_N)), (number_N // clusters, np.arange(len(number_N)))))
    found = mean_limits(rows, lost_DK.ravel().repeat(10), 0.1, number_N)
    assert passes(found.low_G, 0.02) <= MOST


@pytest.mark.parametrize(("pairs", "n"), [(2, 30), (3, 30), (8, 100)])
def test_pairs_that_rarely_lose(pairs, n):
    """Each loses 1 % of its examples: Student's limits over pairs pass .305, .152 and .094."""
    rng, size = np.random.default_rng(pairs), DRAWS * n
    rows = sp.csr_array(np.kron(np.eye(DRAWS), np.ones(n)))
    before_MN = draws((pairs, size), 0.8, rng)
    # Half of what is lost is lost in all pairs, as it is where examples are hard.
    common_N, own_MN = draws(size, 0.005 / 0.8, rng), draws((pairs, size), 0.005 / 0.8, rng)
    after_MN = before_MN * (1 - np.maximum(common_N, own_MN))
    found = two_way(before_MN, after_MN, rows, 0.1, paired=True)
    assert passes(found.low_G, 0.01 * (1 - 0.005 / 0.8 / 2)) <= MOST
