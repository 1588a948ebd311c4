"""Claims about speed are decided by limits, never by ratios alone."""

from __future__ import annotations

import math

import pytest

from undertow.lab.measurements.speedups import SpeedUp
from undertow.study.lottery.outcomes import above, as_fast, below, changes_sides, spared, times


def ratio(low: float, high: float) -> SpeedUp:
    return SpeedUp(math.sqrt(low * high), low, high, low, high, 5)


CASES = [
    (above, {"a": (1.1, 1.2), "b": (1.01, 3)}, "held"),
    (above, {"a": (1.1, 1.2), "b": (0.99, 3)}, "not testable"),
    (above, {"a": (1.1, 1.2), "b": (0.5, 0.9)}, "not held"),
    (below, {"a": (0.1, 0.2)}, "held"),
    (below, {"a": (0.1, 1.01)}, "not testable"),
    (below, {"a": (1.01, 1.02), "b": (0.1, 0.2)}, "not held"),
    (changes_sides, {"a": (1.1, 1.2), "b": (0.5, 0.9)}, "held"),
    (changes_sides, {"a": (1.1, 1.2), "b": (1.5, 1.9)}, "not held"),
    (changes_sides, {"a": (0.1, 0.2), "b": (0.5, 0.9)}, "not held"),
    (changes_sides, {"a": (1.1, 1.2), "b": (0.5, 1.9)}, "not testable"),
]


@pytest.mark.parametrize(("decide", "limits", "status"), CASES)
def test_limits_decide(decide, limits, status):
    found = decide({name: ratio(*each) for name, each in limits.items()})
    assert found.status == status
    assert ("too small to tell" in found.evidence) == (status == "not testable")


@pytest.mark.parametrize(
    ("limits", "status"),
    [
        ((0.98, 1.02), "held"),
        ((0.96, 1.02), "not testable"),
        ((1.0, 1.04), "not testable"),
        ((1.04, 1.05), "not held"),
        ((0.90, 0.96), "not held"),
    ],
)
def test_as_fast_is_shown_by_limits_inside_and_refuted_by_limits_outside(limits, status):
    assert as_fast({"a": ratio(*limits), "b": ratio(0.99, 1.01)}, within=0.03).status == status


def test_who_is_spared_goes_by_limits_of_the_class_that_loses_most():
    def row(low: float, high: float) -> dict[str, object]:
        return {"value": "Shirt", "effect": -0.03, "low": low, "high": high, "verdict": "worse"}

    inside, across = row(-0.049, -0.01), row(-0.06, 0.0)
    assert spared({"a": inside, "b": inside}, 5).status == "held"
    assert spared({"a": inside, "b": across}, 5).status == "not testable"
    said = spared({"a": across, "b": row(-0.08, -0.05)}, 5)
    assert said.status == "not held"
    assert said.evidence == "a: Shirt −3.0 [−6.0, 0.0]; b: Shirt −3.0 [−8.0, −5.0]"


def test_small_ratios_have_more_digits_and_one_process_no_limits():
    nan = math.nan
    assert times(ratio(1.0, 1.21)) == "1.10 × [1.00, 1.21]"
    assert times(SpeedUp(0.0321, 0.03, 0.034, 0, 0, 5)) == "0.032 × [0.030, 0.034]"
    assert times(SpeedUp(2.0, nan, nan, nan, nan, 1)) == "2.00 ×"
