from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

import oracles_stats as oracle
from undertow.audit.stats import vote_exchange as module
from undertow.audit.stats.arrangements import exchange, swaps
from undertow.audit.stats.candidates import candidates
from undertow.audit.stats.vote_exchange import vote_exchange


def taxicab(ref_XK, var_XK, truth_XK):
    return np.abs(ref_XK - var_XK).sum(axis=-1)


def modal(ref_XK, var_XK, truth_XK):
    """Modal disagreement, NaN on ties."""
    tops = [s >= s.max(axis=-1, keepdims=True) - 1e-6 for s in (ref_XK, var_XK)]
    differs = (tops[0] != tops[1]).any(axis=-1).astype(float)
    differs[(tops[0].sum(axis=-1) > 1) | (tops[1].sum(axis=-1) > 1)] = np.nan
    return differs


def smallest_tied(ref_XK, var_XK, truth_XK):
    """Ties to the smallest label: depends on the candidates' order."""
    return (ref_XK.argmax(axis=-1) != var_XK.argmax(axis=-1)).astype(float)


def lost_truth(ref_XK, var_XK, truth_XK):
    """Asymmetric, and reads the label."""
    return np.maximum(((ref_XK - var_XK) * truth_XK).sum(axis=-1), 0)


FUNCTIONS = {"taxicab": taxicab, "modal": modal, "smallest": smallest_tied, "lost": lost_truth}


def world(rng, members, examples=40, classes=5, missing=0.0, spread=0.5):
    """Predictions from nearly unanimous to nearly random; an empty slice, overlapping slices,
    missing labels."""
    label_N = rng.integers(0, classes, examples)
    doubt_N = rng.random(examples) ** 2 * spread * 2
    pred_MN = np.where(
        rng.random((members, examples)) < doubt_N,
        rng.integers(0, classes, (members, examples)),
        label_N,
    )
    pred_MN[rng.random(pred_MN.shape) < missing] = -1
    label_N[::7] = -1
    label_N[3] = classes + 2  # nobody ever votes for it
    membership_GN = np.vstack(
        [np.ones(examples), np.zeros(examples), label_N == 1, rng.random((2, examples)) < 0.4]
    )
    return pred_MN, label_N, sp.csr_array(membership_GN.astype(float))


def per_example(pred_MN, label_N, m_ref, needs_label):
    """Values as observed: every example is a slice of its own, and no member is exchanged."""
    alone = sp.eye_array(pred_MN.shape[1], format="csr")
    observed = exchange(m_ref, len(pred_MN) - m_ref, 1, np.random.default_rng(0))
    found = vote_exchange(pred_MN, label_N, alone, observed, FUNCTIONS, needs_label)
    return {name: value_DG[0] for name, value_DG in found.items()}


def check(pred_MN, label_N, membership_GN, drawn):
    found = vote_exchange(pred_MN, label_N, membership_GN, drawn, FUNCTIONS, {"lost"})
    seen = per_example(pred_MN, label_N, drawn.m_ref, {"lost"})
    dense_GN = membership_GN.toarray()
    for name, function in FUNCTIONS.items():
        assert found[name].shape == (len(drawn.is_reference_DM), len(dense_GN))
        for d, side in enumerate(drawn.is_reference_DM):
            mean_G, value_N = oracle.vote_mean(
                pred_MN, label_N, dense_GN, side, function, name == "lost"
            )
            np.testing.assert_allclose(found[name][d], mean_G, atol=1e-6, err_msg=name)
            if d == 0:
                np.testing.assert_allclose(seen[name], value_N, atol=1e-6, err_msg=name)


@pytest.mark.parametrize(
    ("m_ref", "m_var", "classes", "missing"),
    [
        (5, 5, 5, 0.0),
        (3, 6, 4, 0.0),
        (1, 4, 3, 0.0),
        (1, 1, 3, 0.2),
        (4, 4, 1, 0.0),
        (5, 4, 6, 0.3),
        (3, 3, 3, 0.95),
    ],
)
@pytest.mark.parametrize("states", [1024, pytest.param(1, marks=pytest.mark.heavy)])
def test_equals_counting_votes_draw_by_draw(monkeypatch, m_ref, m_var, classes, missing, states):
    """With ``states`` 1 every example that can change is counted directly, with 1024 all are looked
    up."""
    monkeypatch.setattr(module, "STATES", states)
    rng = np.random.default_rng(m_ref * 10 + m_var)
    pred_MN, label_N, membership_GN = world(rng, m_ref + m_var, classes=classes, missing=missing)
    check(pred_MN, label_N, membership_GN, exchange(m_ref, m_var, 25, rng))


def test_equals_it_for_pairs_and_over_several_blocks_batches_and_chunks(monkeypatch):
    for name, value in {
        "DRAWS": 7,
        "ROWS": 3,
        "PRODUCT": 8,
        "TABLE": 40,
        "DIRECT": 21,
        "STATES": 20,
    }.items():
        monkeypatch.setattr(module, name, value)
    rng = np.random.default_rng(0)
    pred_MN, label_N, membership_GN = world(rng, 10, missing=0.1)
    check(pred_MN, label_N, membership_GN, swaps(5, 30, rng))


def test_no_example_and_no_vote_at_all():
    drawn = exchange(2, 2, 6, np.random.default_rng(0))
    none = vote_exchange(
        np.empty((4, 0), int),
        np.empty(0, int),
        sp.csr_array(np.zeros((2, 0))),
        drawn,
        FUNCTIONS,
        set(),
    )
    silent = vote_exchange(
        np.full((4, 3), -1),
        np.zeros(3, int),
        sp.csr_array(np.ones((1, 3))),
        drawn,
        FUNCTIONS,
        set(),
    )
    for found in (none, silent):
        assert all(np.isnan(value_DG).all() for value_DG in found.values())


def test_many_members_and_classes_keep_the_counts_exact():
    rng = np.random.default_rng(0)
    pred_MN = rng.integers(0, 40, (60, 6))
    drawn = exchange(30, 30, 40, rng)
    value_DG = vote_exchange(
        pred_MN, pred_MN[0], sp.eye_array(6, format="csr"), drawn, {"taxicab": taxicab}, set()
    )["taxicab"]
    for side, value_G in zip(drawn.is_reference_DM, value_DG, strict=True):
        counts = [
            np.array([np.bincount(p, minlength=40) for p in pred_MN[s].T]) / 30
            for s in (side, ~side)
        ]
        np.testing.assert_allclose(value_G, np.abs(counts[0] - counts[1]).sum(axis=1), atol=1e-6)


def test_the_papers_six_examples():
    """§8.1: modal by the smallest label 0 0 0 1 1 0, Taxicab on proportions 0 0 .4 .4 .4 0."""
    reference = np.array(
        [
            [0, 1, 2, 0, 1, 2],
            [0, 1, 2, 1, 1, 2],
            [0, 1, 0, 0, 2, 0],
            [0, 2, 2, 1, 2, 0],
            [1, 1, 2, 2, 1, 1],
        ]
    )
    variant = np.array(
        [
            [0, 1, 0, 1, 2, 0],
            [0, 1, 0, 1, 2, 2],
            [0, 1, 2, 1, 1, 2],
            [0, 2, 2, 0, 1, 0],
            [1, 1, 2, 0, 2, 1],
        ]
    )
    seen = per_example(np.vstack([reference, variant]), np.zeros(6, int), 5, set())
    assert seen["smallest"].tolist() == [0, 0, 0, 1, 1, 0]
    np.testing.assert_allclose(seen["taxicab"], [0, 0, 0.4, 0.4, 0.4, 0], atol=1e-12)
    assert np.flatnonzero(np.isnan(seen["modal"])).tolist() == [3, 5]


def test_candidates_are_ascending_and_count_what_is_missing():
    (group,) = candidates(np.array([[7], [2], [-1], [7]]), np.array([7]))
    assert group.label_XK.tolist() == [[2, 7]]
    assert group.margin_XK.tolist() == [[1, 2]]
    assert (group.missing_X.tolist(), group.truth_X.tolist()) == ([1], [1])
