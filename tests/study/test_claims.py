"""Claims: held, not held, not testable, each for a reason that can be read."""

from __future__ import annotations

import math

import pytest

from undertow.audit import Settings, audit
from undertow.study import (
    Claim,
    Outcome,
    Results,
    claim,
    claims_in,
    decided,
    held,
    judge,
    points,
    untested,
)
from undertow.study.claims import effect_text
from undertow.study.pairs import Pairs
from worlds import planted_world


@pytest.fixture(scope="module")
def results() -> Results:
    reference, variant = planted_world({2: 0.4}, m_ref=6, m_var=6, n=600, classes=4, seed=1)
    return Results(audit(reference, [variant], Settings(by=("class",), draws=300)))


def outcome_of(check, results: Results) -> Outcome:
    return judge(Claim("it is so", "ours", check), results)


def test_a_claim_with_its_numbers(results: Results) -> None:
    row = results.lowest("variant", "accuracy", "class")
    outcome = outcome_of(
        lambda r: held(row["value"] == "class 2", f"{row['value']} {points(row['effect'])}"),
        results,
    )
    assert outcome.status == "held"
    assert outcome.evidence.startswith("class 2 −")


def test_an_arm_that_is_not_there_is_not_testable(results: Results) -> None:
    outcome = outcome_of(lambda r: held(r.count("int8").observed > 0, ""), results)
    assert outcome == Outcome("not testable", "this scale has no arm 'int8'")


def test_a_setting_of_pairs_that_is_not_there_is_not_testable(results: Results) -> None:
    def check(r: Results) -> Outcome:
        pairs = Pairs(r, ("SGD",), (100,), ("sparse", "dense"))
        return held(pairs.p_adjusted("Adam") <= 0.05, "")

    assert outcome_of(check, results) == Outcome("not testable", "this scale has no setting 'Adam'")


def test_a_measure_that_is_not_there_is_not_testable(results: Results) -> None:
    outcome = outcome_of(lambda r: held(True, str(r.overall("variant", "jensen_shannon"))), results)
    assert outcome == Outcome("not testable", "no finding of jensen_shannon on all for variant")


def test_an_undefined_number_is_not_testable(results: Results) -> None:
    assert (
        outcome_of(lambda r: held(math.nan > 0, f"{math.nan:.2f}"), results).status
        == "not testable"
    )


def test_what_is_too_small_to_tell_does_not_refute(results: Results) -> None:
    assert (
        outcome_of(lambda r: held(False, "tail −3.0 (too small to tell)"), results).status
        == "not testable"
    )
    assert (
        outcome_of(lambda r: held(True, "tail −3.0 (too small to tell)"), results).status == "held"
    )


@pytest.mark.parametrize(
    ("limits", "status", "added"),
    [
        ([(0.1, 0.3), (0.2, 0.4)], "held", ""),
        ([(0.1, 0.3), (-0.4, -0.2)], "not held", ""),
        ([(0.1, 0.3), (-0.1, 0.2)], "not testable", "; too small to tell"),
        ([(0.0, 0.3)], "not testable", "; too small to tell"),
        ([(0.1, 0.3), (math.nan, math.nan)], "not testable", "; undefined"),
        ([(math.nan, math.nan), (-0.3, -0.1)], "not held", ""),
    ],
)
def test_intervals_decide_a_claim_and_the_open_ones_do_not_refute_it(
    limits: list[tuple[float, float]], status: str, added: str
) -> None:
    assert decided(limits, "so it is") == Outcome(status, f"so it is{added}")  # type: ignore[arg-type]


def test_a_finding_is_told_with_its_interval(results: Results) -> None:
    row = results.finding("variant", "accuracy", "class", "class 2")
    assert row == results.lowest("variant", "accuracy", "class")
    assert effect_text({"effect": -0.013, "low": -0.02, "high": 0.006}) == "−1.3 [−2.0, +0.6]"
    outcome = outcome_of(
        lambda r: held(True, effect_text(r.finding("variant", "accuracy", "class", "none"))),
        results,
    )
    assert outcome == Outcome("not testable", "no slice class = none")


def test_the_count_above_its_floor_has_the_ends_of_the_floor(results: Results) -> None:
    count = results.count("variant")
    low, high = results.above_floor("variant")
    assert (low, high) == (count.observed - count.floor_high, count.observed - count.floor_low)


def test_claims_keep_their_order() -> None:
    @claim("first", "ours")
    def a(r: Results) -> Outcome:
        return held(True, "")

    b = untested("second", "ours", "needs people")
    assert [c.text for c in claims_in({"a": a, "other": 3, "b": b})] == ["first", "second"]
    assert judge(b, Results(None)) == Outcome("not testable", "needs people")  # type: ignore[arg-type]


def test_nothing_to_compare_decides_nothing() -> None:
    assert decided([], "steps: ") == Outcome(
        "not testable", "steps: ; this scale has nothing to compare"
    )


def test_a_word_with_nan_in_it_is_a_number_for_all_that(results: Results) -> None:
    assert outcome_of(lambda r: held(True, "dominant arm +1"), results).status == "held"
    assert outcome_of(lambda r: held(True, "arm +nan"), results).status == "not testable"


def test_limits_in_the_wrong_order_are_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match=r"^limits are \(low, high\), got \[\(0.2, 0.1\)\]$"):
        decided([(0.2, 0.1)], "so it is")
