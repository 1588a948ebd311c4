"""The planted worlds hold what they say, or every test built on them would be about something
else."""

import numpy as np
import pytest

import worlds


def accuracy_on(records, chosen_N):
    return records.correct_MN[:, chosen_N].mean()


def test_a_world_is_a_pure_function_of_its_arguments():
    first, again = (worlds.planted_world({1: 0.2}, seed=4, proba=True) for _ in range(2))
    for a, b in zip(first, again, strict=True):
        np.testing.assert_array_equal(a.proba_MNC, b.proba_MNC)
        assert a.examples.equals(b.examples)
    other = worlds.planted_world({1: 0.2}, seed=5)[0]
    assert not np.array_equal(first[0].pred_MN, other.pred_MN)


def test_damage_falls_where_it_is_planted_and_nowhere_else():
    reference, variant = worlds.planted_world(
        {2: 0.3}, n=20_000, m_ref=20, m_var=20, spread=0.0, seed=1
    )
    damaged_N = reference.label_N == 2
    loss = [
        accuracy_on(reference, chosen) - accuracy_on(variant, chosen)
        for chosen in (damaged_N, ~damaged_N)
    ]
    assert loss == pytest.approx([0.3, 0.0], abs=0.02)


def test_damage_by_a_column():
    reference, variant = worlds.planted_world(
        {"north": 0.3}, by="region", n=20_000, spread=0.0, seed=1
    )
    north_N = (reference.examples["region"] == "north").to_numpy()
    loss = [
        accuracy_on(reference, chosen) - accuracy_on(variant, chosen)
        for chosen in (north_N, ~north_N)
    ]
    assert loss == pytest.approx([0.3, 0.0], abs=0.02)


def test_a_null_world_differs_only_by_chance():
    reference, variant = worlds.null_world(m_ref=20, m_var=20, n=20_000, spread=0.0, seed=1)
    assert not np.array_equal(reference.pred_MN, variant.pred_MN)
    assert reference.correct_MN.mean() == pytest.approx(variant.correct_MN.mean(), abs=0.005)


def test_paired_members_derive_from_their_parents():
    reference, variant = worlds.null_world(n=2000, paired=True, churn=0.1)
    own, other = (
        (reference.pred_MN != np.roll(variant.pred_MN, shift, axis=0)).mean() for shift in (0, 1)
    )
    assert own < 0.1 < other
    assert [m.parent for m in variant.members] == [m.id for m in reference.members]
    assert variant.manifest.parent == reference.name


def test_the_highest_probability_stands_at_the_prediction():
    records, _ = worlds.null_world(proba=True, classes=5)
    np.testing.assert_array_equal(records.proba_MNC.argmax(axis=2), records.pred_MN)
    np.testing.assert_allclose(records.proba_MNC.sum(axis=2), 1, rtol=1e-6)


def test_missing_labels_are_missing():
    records, _ = worlds.null_world(n=5000, missing_labels=0.25)
    assert (records.label_N == -1).mean() == pytest.approx(0.25, abs=0.03)
