from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.spatial.distance import jensenshannon

import oracles_stats as oracle
from undertow.audit.measures import jensen_shannon
from undertow.audit.stats.arrangements import exchange, swaps
from undertow.audit.stats.mixture_exchange import mixture_exchange
from undertow.audit.stats.pair_exchange import pair_exchange


def newly_wrong(a_N, b_N, label_N):
    value_N = ((a_N == label_N) & (b_N != label_N)).astype(float)
    value_N[(label_N < 0) | (a_N < 0) | (b_N < 0)] = np.nan
    return value_N


def membership(rng, examples):
    return (
        np.vstack([np.ones(examples), np.zeros(examples), rng.random((2, examples)) < 0.2])
    ).astype(float)


@pytest.mark.parametrize(
    ("m_ref", "m_var", "missing"), [(4, 4, 0.0), (2, 5, 0.4), (1, 1, 0.0), (1, 3, 0.1)]
)
def test_pairs_across_the_sides_equal_the_loop(m_ref, m_var, missing):
    rng = np.random.default_rng(m_var)
    pred_MN, label_N = rng.integers(0, 3, (m_ref + m_var, 12)), rng.integers(-1, 3, 12)
    pred_MN[rng.random(pred_MN.shape) < missing] = -1
    member_GN, drawn = membership(rng, 12), exchange(m_ref, m_var, 30, rng)
    found = pair_exchange(pred_MN, label_N, sp.csr_array(member_GN), drawn, newly_wrong, m_ref)
    for side, value_G in zip(drawn.is_reference_DM, found, strict=True):
        np.testing.assert_allclose(
            value_G, oracle.pair_mean(pred_MN, label_N, member_GN, side, newly_wrong)
        )


def test_own_pairs_only_where_members_are_paired():
    rng = np.random.default_rng(0)
    pred_MN, label_N = rng.integers(0, 3, (8, 15)), rng.integers(-1, 3, 15)
    member_GN, drawn = membership(rng, 15), swaps(4, 16, rng)
    found = pair_exchange(pred_MN, label_N, sp.csr_array(member_GN), drawn, newly_wrong, 4)
    for side, value_G in zip(drawn.is_reference_DM, found, strict=True):
        np.testing.assert_allclose(
            value_G, oracle.pair_mean(pred_MN, label_N, member_GN, side, newly_wrong, pairs=4)
        )


def spread(ref_XC, var_XC, label_X):
    """Reads everything it is given; NaN without a label."""
    return np.where(
        label_X < 0, np.nan, ((ref_XC - var_XC) ** 2).sum(axis=-1) + ref_XC[:, 0] * label_X
    )


@pytest.mark.parametrize("gaps", [False, True])
def test_mean_probabilities_equal_the_loop(gaps, monkeypatch):
    monkeypatch.setattr("undertow.audit.stats.mixture_exchange.BLOCK", 200)
    rng = np.random.default_rng(0)
    proba_MNC, label_N = rng.dirichlet(np.ones(4), size=(7, 9)), rng.integers(-1, 4, 9)
    if gaps:
        proba_MNC[rng.random((7, 9)) < 0.5] = np.nan
        proba_MNC[:, 2] = np.nan
    member_GN, drawn = membership(rng, 9), exchange(3, 4, 20, rng)
    found = mixture_exchange(proba_MNC, label_N, sp.csr_array(member_GN), drawn, spread)
    for side, value_G in zip(drawn.is_reference_DM, found, strict=True):
        means = []
        for s in (side, ~side):
            present = [[p for p in proba_MNC[s, n] if not np.isnan(p).any()] for n in range(9)]
            means.append(
                np.array([np.mean(p, axis=0) if p else np.full(4, np.nan) for p in present])
            )
        value_N = spread(*means, label_N)
        for row, value in zip(member_GN, value_G, strict=True):
            inside = value_N[(row > 0) & ~np.isnan(value_N)]
            np.testing.assert_allclose(value, inside.mean() if len(inside) else np.nan, rtol=1e-12)


def test_means_of_single_precision_probabilities_are_taken_in_double():
    rng = np.random.default_rng(3)
    proba_MNC = rng.dirichlet(np.ones(6), size=(7, 40)).astype(np.float32)
    drawn, whole = exchange(3, 4, 35, rng), np.ones((1, 40))
    found = mixture_exchange(
        proba_MNC, np.zeros(40, int), sp.csr_array(whole), drawn, jensen_shannon.function
    )
    for side, value_G in zip(drawn.is_reference_DM, found, strict=True):
        ref_NC, var_NC = (proba_MNC[s].astype(np.float64).mean(axis=0) for s in (side, ~side))
        exact = np.mean([jensenshannon(a, b, base=2) for a, b in zip(ref_NC, var_NC, strict=True)])
        np.testing.assert_allclose(value_G, exact, rtol=1e-13)


def test_a_large_mixture_gets_fewer_draws_and_says_so():
    rng = np.random.default_rng(0)
    proba_MNC, drawn = rng.dirichlet(np.ones(3), size=(10, 20)), exchange(5, 5, 252, rng)
    few = mixture_exchange(
        proba_MNC, np.zeros(20, int), sp.csr_array(np.ones((1, 20))), drawn, spread, work=60 * 150
    )
    all_DG = mixture_exchange(
        proba_MNC, np.zeros(20, int), sp.csr_array(np.ones((1, 20))), drawn, spread
    )
    assert (len(few), len(all_DG)) == (150, 252)
    np.testing.assert_allclose(few, all_DG[:150])
