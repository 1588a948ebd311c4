"""The verdict rules, one by one."""

from __future__ import annotations

import math

import pytest

from undertow.audit.findings import FINDING_COLUMNS, Finding, findings_frame
from undertow.audit.measures import accuracy, churn, confidence, false_positive_rate, newly_right
from undertow.audit.stats.outlook import Known, size_for
from undertow.audit.verdicts import Verdict, count_verdict, floor_verdict, shift_verdict
from undertow.audit.wording import clustered_excess_note, points, signed


@pytest.mark.parametrize(
    ("effect", "low", "high", "p", "verdict"),
    [
        (-0.10, -0.15, -0.05, 0.01, "worse"),
        (+0.10, 0.05, 0.15, 0.01, "better"),
        (-0.10, -0.21, 0.01, 0.04, "too small to tell"),
        (+0.10, -0.01, 0.21, 0.04, "too small to tell"),
        (-0.10, -0.19, -0.01, 0.06, "too small to tell"),
        (-0.02, -0.041, 0.001, 0.04, "within tolerance"),
        (-0.01, -0.03, 0.01, 0.40, "within tolerance"),
        (-0.01, -0.09, 0.07, 0.40, "too small to tell"),
        (+0.04, -0.01, 0.09, 0.20, "too small to tell"),
        (math.nan, math.nan, math.nan, math.nan, "undefined"),
    ],
)
def test_a_shift_of_accuracy(
    effect: float, low: float, high: float, p: float, verdict: str
) -> None:
    assert shift_verdict(accuracy.card, effect, low, high, p, level=0.05, tolerance=0.05) == verdict


@pytest.mark.parametrize(
    ("effect", "unseen", "verdict"),
    [
        (0.1, (0.01, 0.3), "better"),
        (0.1, (-0.01, 0.3), "too small to tell"),
        (0.02, (-0.01, 0.04), "within tolerance"),
        (0.02, (-0.01, 0.06), "too small to tell"),
        (-0.1, (-0.3, 0.01), "worse"),
    ],
)
def test_an_all_clear_has_to_hold_with_clusters_unlike_those_seen(effect, unseen, verdict) -> None:
    """A gain or no change; that something was lost is said by what was seen."""
    found = shift_verdict(
        accuracy.card,
        effect,
        effect - 0.01,
        effect + 0.01,
        0.001,
        level=0.05,
        tolerance=0.05,
        unseen=unseen,
    )
    assert found == verdict


@pytest.mark.parametrize(
    ("unseen_low", "verdict"), [(0.01, "better"), (-0.01, "too small to tell")]
)
def test_examples_newly_right_beyond_the_floor_have_to_be_so_elsewhere(unseen_low, verdict) -> None:
    found = floor_verdict(
        newly_right.card, 0.2, 0.1, 0.3, 0.001, level=0.05, tolerance=0.05, unseen_low=unseen_low
    )
    assert found == verdict


def test_a_rising_error_rate_is_worse() -> None:
    assert (
        shift_verdict(false_positive_rate.card, 0.1, 0.05, 0.15, 0.01, level=0.05, tolerance=0.05)
        == "worse"
    )


@pytest.mark.parametrize(
    ("value", "floor", "high", "p", "verdict"),
    [
        (0.30, 0.10, 0.25, 0.001, "changed"),
        (0.11, 0.10, 0.03, 0.30, "within tolerance"),
        (0.11, 0.10, 0.20, 0.30, "too small to tell"),
        (0.18, 0.10, 0.12, 0.07, "too small to tell"),
        (0.11, 0.10, math.nan, 0.30, "too small to tell"),
        (0.11, math.nan, math.nan, math.nan, "too small to tell"),
        (math.nan, 0.1, 0.1, 1.0, "undefined"),
    ],
)
def test_a_disagreement_against_its_floor(
    value: float, floor: float, high: float, p: float, verdict: str
) -> None:
    assert floor_verdict(churn.card, value, floor, high, p, level=0.05, tolerance=0.05) == verdict


def test_more_newly_right_than_chance_is_better() -> None:
    assert (
        floor_verdict(newly_right.card, 0.3, 0.1, 0.12, 0.001, level=0.05, tolerance=0.05)
        == "better"
    )


def test_a_measure_without_a_bad_direction_changes_and_is_never_called_worse() -> None:
    assert (
        shift_verdict(confidence.card, -0.1, -0.15, -0.05, 0.01, level=0.05, tolerance=0.05)
        == "changed"
    )


def test_an_open_verdict_never_asks_for_what_there_is() -> None:
    assert size_for(10, 0.06, 0.06) == 11
    assert size_for(100, 0.10, 0.05) == 400


@pytest.mark.parametrize(
    ("p", "found", "above", "verdict"),
    [
        (0.01, "within tolerance", True, "changed"),
        (0.01, "changed", False, "within tolerance"),
        (0.40, "within tolerance", True, "within tolerance"),
        (0.40, "too small to tell", True, "too small to tell"),
        (math.nan, "within tolerance", True, "too small to tell"),
    ],
)
def test_a_count_against_its_floor(p: float, found: Verdict, above: bool, verdict: str) -> None:
    assert count_verdict(p, found, above=above, level=0.05) == verdict


def test_points_with_their_direction() -> None:
    assert [signed(effect) for effect in (-0.013, 0.02)] == ["−1.3", "+2.0"]


def test_points_are_singular_and_plural() -> None:
    assert [points(p) for p in (0.01, 0.05, 0.005)] == ["1 point", "5 points", "0.5 points"]


def test_the_table_has_the_published_columns_and_keeps_nan() -> None:
    row = Finding(
        variant="v",
        measure="accuracy",
        unit="member",
        slice="all",
        value="",
        reference=0.9,
        changed=0.8,
        n_examples=5,
        members_reference=2,
        members_variant=2,
        verdict="undefined",
        note="",
    )
    frame = findings_frame([row])
    assert frame.schema == FINDING_COLUMNS
    assert frame["effect"].is_nan()[0]
    assert frame["effect"].null_count() == 0


@pytest.mark.parametrize(
    ("clusters", "low", "high", "said"),
    [
        # Above 0 in (0.04 / 0.02)² as many, within the tolerance later.
        (20, -0.02, 0.3, "about 81 clusters in this slice would decide 5 points above the floor"),
        # Within the tolerance first: the unseen part gets rarer with the number of clusters.
        (20, -0.02, 0.065, "about 41 clusters in this slice would decide 5 points above the floor"),
        (4, -1.0, 1.0, "at least 5 clusters in this slice are needed to tell anything"),
    ],
)
def test_what_would_settle_a_disagreement_over_clusters(
    clusters: int, low: float, high: float, said: str
) -> None:
    known = Known(clusters, 0.04 / 1.6448536, 0.05)
    assert clustered_excess_note(churn.card, known, 0.02, low, high, 0.05) == said
