"""Measures on slices, against loops."""

import numpy as np
import pytest

import oracles
import worlds
from undertow.audit.measures import (
    accuracy,
    all_measures,
    error,
    false_negative_rate,
)
from undertow.audit.needs import supported
from undertow.audit.slices import slice_table
from undertow.audit.stats.slice_means import overall_means, slice_means

WORLDS = [
    {"m_ref": 3, "missing_labels": 0.3},
    {"m_ref": 1},
    {"m_ref": 4, "classes": 1},
    {"m_ref": 2, "classes": 2, "positive": "class 0", "missing_labels": 0.2},
]


def rate_by_slice(measure, records, slices):
    """(G, M): each member's mean over each slice, as the audit has it."""
    return slice_means(slices.membership_GN, measure(records))


@pytest.mark.parametrize("settings", WORLDS)
@pytest.mark.parametrize("measure", [m for m in all_measures() if m.card.kind == "rate"], ids=repr)
def test_rates_by_slice_and_overall_equal_loops(measure, settings):
    records, _ = worlds.planted_world({0: 0.4}, n=120, seed=3, proba=True, **settings)
    if measure not in supported([measure], records, records)[0]:
        pytest.skip("the world cannot feed it")
    slices = slice_table(records, ["class", "region", "tone+blurred"], min_count=5)
    value_MN = measure(records).astype(float).tolist()
    inside_GN = slices.membership_GN.toarray().astype(bool).tolist()
    expected = [
        [
            oracles.mean_defined([v for v, inside in zip(row, inside_N, strict=True) if inside])
            for row in value_MN
        ]
        for inside_N in inside_GN
    ]
    np.testing.assert_allclose(rate_by_slice(measure, records, slices), expected, rtol=1e-12)
    np.testing.assert_allclose(
        overall_means(measure(records)), [oracles.mean_defined(row) for row in value_MN], rtol=1e-12
    )


def test_a_class_slices_accuracy_is_its_recall():
    records = worlds.records_from([[0, 1, 1, 1], [0, 0, 1, 0]], [0, 0, 1, 1])
    assert rate_by_slice(accuracy, records, slice_table(records, ["class"])).tolist() == [
        [0.5, 1.0],
        [1.0, 0.5],
    ]


def test_a_slice_on_which_a_measure_is_never_defined_is_nan():
    records = worlds.records_from([[0, 1]], [0, -1], 2, task="binary", positive="class 1")
    slices = slice_table(records, ["class"])
    np.testing.assert_array_equal(rate_by_slice(accuracy, records, slices), [[1.0], [np.nan]])
    assert np.isnan(rate_by_slice(false_negative_rate, records, slices)).all()
    assert np.isnan(overall_means(false_negative_rate(records))).all()


def test_without_slices_or_examples():
    records = worlds.records_from([[0, 1]], [0, 0])
    assert rate_by_slice(error, records, slice_table(records, [])).shape == (0, 1)
    nothing = records.take_examples(np.array([], dtype=int))
    assert np.isnan(overall_means(error(nothing))).all()
