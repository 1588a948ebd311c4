"""The verdict rules, one by one."""

from __future__ import annotations

import math
from types import SimpleNamespace

import pytest

from undertow.audit.by_examples import _ways
from undertow.audit.findings import FINDING_COLUMNS, Finding, findings_frame
from undertow.audit.measures import (
    accuracy,
    churn,
    confidence,
    false_positive_rate,
    newly_right,
    newly_right_per_pair,
)
from undertow.audit.stats.outlook import size_for
from undertow.audit.verdicts import Verdict, count_verdict, floor_verdict, shift_verdict
from undertow.audit.wording import Excess, decimals, excess_note, points, share, signed, told
from undertow.card import Card


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


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ((-0.013, -0.052, 0.021), "−1.3 (−5.2 to +2.1)"),
        ((-0.0009, -0.0014, -0.0004), "−0.09 (−0.14 to −0.04)"),
        ((0.00015, -0.00001, 0.0003), "+0.015 (−0.001 to +0.030)"),
        ((-0.0004, -0.02, 0.03), "−0.04 (−2.00 to +3.00)"),
        ((0.123, 0.0004, 0.25), "+12.30 (+0.04 to +25.00)"),
        ((0.0, -0.0069, 0.0069), "0.0 (−0.7 to +0.7)"),
        ((0.002, 0.002, 0.03), "+0.2 (+0.2 to +3.0)"),
        ((0.1, 1e-15, 0.2), "+10.0 (0.0 to +20.0)"),
        ((0.5, 0.0001, 1.0), "+50.0 (0.0 to +100.0)"),
    ],
)
def test_a_change_has_as_many_decimals_as_it_needs_beside_its_limits(
    change: tuple[float, float, float], said: str
) -> None:
    effect, low, high = told(*change)
    assert f"{effect} ({low} to {high})" == said


def test_both_sides_of_a_change_read_apart() -> None:
    """90.04 % → 89.96 % would be 90.0 % → 90.0 % (−0.1 points)."""
    assert decimals(-0.08, -0.5, 0.3, sides=(90.04, 89.96)) == 2
    assert decimals(-0.08, -0.5, 0.3, sides=(90.06, 89.98)) == 1


def test_a_share_is_not_told_as_nothing_or_as_what_it_differs_from() -> None:
    assert [share(part) for part in (0.174, 0.0, 0.0004)] == ["17.4 %", "0.0 %", "0.04 %"]
    assert [share(0.0004, beside) for beside in (0.9996, 0.5, 0.0)] == ["0.04 %"] * 3
    assert [share(part) for part in (0.00001, 4e-6)] == ["0.001 %", "less than 0.001 %"]
    assert [share(4e-6, 1.0), share(1e-15), share(0.0, 1.0)] == [
        "less than 0.001 %",
        "0.0 %",
        "0.0 %",
    ]
    assert [share(0.1741, 0.1744), share(0.1744, 0.1741)] == ["17.41 %", "17.44 %"]


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


def _asked(found: Excess, tolerance: float, card: Card) -> set[tuple[float, float, float]]:
    """The questions of which the note gives the smallest answer: seen, target, wide."""
    asked = set()

    def until(seen: float, target: float, wide: float) -> int:
        asked.add((round(seen, 9), round(target, 9), round(wide, 9)))
        return 80 if len(asked) == 1 else 70

    note = excess_note(card, found, tolerance, until, 20, "clusters")
    much = "5 points" if tolerance == 0.05 else "1 point"
    fewest = 80 if len(asked) == 1 else 70
    assert note == f"about {fewest} clusters in this slice would decide {much} above the floor"
    return asked


def test_what_would_settle_a_disagreement() -> None:
    """The lower limit above 0, or the upper one below the tolerance; of what is better the lower
    limit that allows for clusters unlike those seen."""
    found = Excess(0.02, -0.02, 0.3, -0.05)
    within = (0.28, 0.03, 0.28)
    assert _asked(found, 0.05, churn.card) == {(0.04, 0.02, 0.0), within}
    assert _asked(found, 0.05, newly_right_per_pair.card) == {(0.04, 0.02, 0.07), within}
    assert _asked(found, 0.01, churn.card) == {(0.04, 0.02, 0.0)}
    assert _asked(Excess(-0.02, -0.1, 0.3, -0.1), 0.05, churn.card) == {(0.32, 0.07, 0.32)}


def test_what_nothing_settles_is_not_forecast() -> None:
    nothing = Excess(0.0, -0.1, 0.1, -0.1)
    said = excess_note(churn.card, nothing, 0.0, lambda *_: 1, 20, "examples")
    assert said == "as often as repeat runs do"
    far = excess_note(churn.card, nothing, 0.01, lambda *_: 20_001, 20, "examples")
    assert far == "far more examples in this slice would decide 1 point above the floor"


@pytest.mark.parametrize("sign", [1, -1])
def test_a_gain_that_is_open_has_to_hold_with_clusters_unlike_those_seen(sign: int) -> None:
    """And a loss only by what was seen."""
    ends = [sign * end for end in (0.04, 0.01, 0.09, -0.05, 0.3)]
    if sign < 0:
        ends = [ends[0], ends[2], ends[1], ends[4], ends[3]]
    one = SimpleNamespace(
        **dict(zip(("effect", "low", "high", "unseen_low", "unseen_high"), ends, strict=True))
    )
    for gains, wide in ((True, 0.09), (False, 0.0)):
        (shown,) = _ways(one, 0.01, gains=gains)
        assert shown == pytest.approx((0.04, 0.03, wide))
        _, within = _ways(one, 0.05, gains=gains)
        assert within == pytest.approx((0.01, 0.05, 0.26))
