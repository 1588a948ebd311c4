"""False positives and negatives: rates, counts, and changes relative to small or empty rates."""

import numpy as np
import pytest

import oracles
import worlds
from undertow.audit.measures import false_negative_rate, false_positive_rate, relative_change
from undertow.audit.measures.error_rates import error_note
from undertow.audit.slices import slice_table
from undertow.audit.stats.slice_means import summed
from undertow.errors import UserError

BLOND = ("not blond", "blond")


def test_rates_are_nan_outside_their_denominator():
    records = worlds.records_from(
        [[0, 1, 0, 1, 1]], [0, 0, 1, 1, -1], BLOND, task="binary", positive="blond"
    )
    np.testing.assert_array_equal(false_positive_rate(records), [[0, 1, np.nan, np.nan, np.nan]])
    np.testing.assert_array_equal(false_negative_rate(records), [[np.nan, np.nan, 1, 0, np.nan]])


def test_counts_equal_a_loop():
    """What the audit divides and notes: errors of each slice and member, and of how many
    examples."""
    records, _ = worlds.planted_world(
        {1: 0.4}, n=300, classes=2, positive="class 1", missing_labels=0.1, seed=5
    )
    slices = slice_table(records, ["region", "blurred"])
    fp_GM, negative_GM = summed(slices.membership_GN, false_positive_rate(records))
    fn_GM, positive_GM = summed(slices.membership_GN, false_negative_rate(records))
    for g in range(slices.G):
        inside = np.flatnonzero(slices.membership_GN.toarray()[g])
        for m in range(records.M):
            expected = oracles.error_counts(
                records.pred_MN[m, inside].tolist(), records.label_N[inside].tolist(), 1
            )
            got = (fp_GM, negative_GM - fp_GM, fn_GM, positive_GM - fn_GM)
            assert tuple(count_GM[g, m] for count_GM in got) == expected


def test_relative_change_is_nan_where_there_was_nothing():
    np.testing.assert_allclose(
        relative_change([0.03, 0.02, 0.1, np.nan], [0.02, 0.04, 0.0, 0.5]),
        [50, -50, np.nan, np.nan],
    )
    assert np.isnan(relative_change(0.0, 0.0))


def test_a_task_without_a_positive_class_is_refused():
    records = worlds.records_from([[0, 1]], [0, 1], BLOND)
    with pytest.raises(UserError) as raised:
        false_positive_rate(records)
    assert str(raised.value) == (
        "population 'world' has 2 classes and positive class None: "
        "a false positive needs two classes, one of them named as positive in the manifest"
    )


def test_three_classes_are_refused():
    records = worlds.records_from([[0, 1]], [0, 1], 3, positive="class 1")
    with pytest.raises(UserError) as raised:
        false_negative_rate(records)
    assert str(raised.value) == (
        "population 'world' has 3 classes and positive class 'class 1': "
        "a false positive needs two classes, one of them named as positive in the manifest"
    )


@pytest.mark.parametrize(("of_before", "of_after"), [(0, 10), (10, 0), (0, 0), (np.nan, 10)])
def test_counts_of_nothing_are_not_said(of_before: float, of_after: float):
    assert error_note("false_positive_rate", 0.0, 0.0, of_before, of_after) == ""


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((12, 30, 400, 400), "false positives 12 → 30 of 400; relative change +150 %"),
        (
            (30, 12.25, 400, 1200.5),
            "false positives 30 → 12.2 of 400 → 1,200.5; relative change −86 %",
        ),
        ((0, 2, 5, 5), "false positives 0 → 2 of 5; relative change undefined (none before)"),
    ],
)
def test_counts_stand_beside_their_relative_change(
    given: tuple[float, float, float, float], said: str
):
    assert error_note("false_positive_rate", *given) == said
    assert error_note("accuracy", *given) == ""
