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
    held,
    judge,
    points,
    untested,
)
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


def test_claims_keep_their_order() -> None:
    @claim("first", "ours")
    def a(r: Results) -> Outcome:
        return held(True, "")

    b = untested("second", "ours", "needs people")
    assert [c.text for c in claims_in({"a": a, "other": 3, "b": b})] == ["first", "second"]
    assert judge(b, Results(None)) == Outcome("not testable", "needs people")  # type: ignore[arg-type]
