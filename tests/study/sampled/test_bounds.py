"""Claims about ratios are decided by limits, each by the right one."""

from __future__ import annotations

import math

import numpy as np
import pytest

from undertow.study.sampled import Ratio, Sampled
from undertow.study.sampled.bounds import at_least, in_order, matches

S = Sampled(None, ("clean", "labels 25 %", "labels 50 %"), "standard")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("ratio", "match", "least"),
    [
        (Ratio(1.3, 1.26, 1.4), "not held", "held"),
        (Ratio(1.2, 1.06, 1.3), "not held", "not testable"),
        (Ratio(1.0, 0.8, 1.04), "held", "not held"),
        (Ratio(1.1, 1.0, 1.3), "not testable", "not testable"),
        (Ratio(1.2, math.nan, math.nan), "not testable", "not testable"),
    ],
)
def test_a_bound_is_met_by_the_limit_on_its_side(
    ratio: Ratio, match: str, least: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Sampled, "ratio", lambda self, arm, base, column: ratio)
    assert matches(S, "SB", "standard", ["clean"]).status == match
    assert at_least(S, "SB", "standard", ["clean"], 1.25).status == least


def test_every_column_has_to_be_so(monkeypatch: pytest.MonkeyPatch) -> None:
    by_column = {"labels 25 %": Ratio(1.5, 1.4, 1.6), "labels 50 %": Ratio(1.1, 1.0, 1.2)}
    monkeypatch.setattr(Sampled, "ratio", lambda self, arm, base, column: by_column[column])
    found = at_least(S, "SB", "standard", list(by_column), 1.25)
    assert found.status == "not held"
    assert found.evidence == (
        "× the error of standard: labels 25 % 1.50 [1.40, 1.60], labels 50 % 1.10 [1.00, 1.20]"
    )


@pytest.mark.parametrize(
    ("first", "step", "status"),
    [
        (Ratio(1.0, 0.9, 1.04), Ratio(1.2, 1.1, 1.3), "held"),
        (Ratio(1.2, 1.1, 1.3), Ratio(1.2, 1.1, 1.3), "not held"),
        (Ratio(1.0, 0.9, 1.04), Ratio(0.9, 0.8, 0.95), "not held"),
        (Ratio(1.0, 0.9, 1.1), Ratio(1.2, 1.1, 1.3), "not testable"),
        (Ratio(1.0, 0.9, 1.04), Ratio(1.2, 0.9, 1.3), "not testable"),
    ],
)
def test_an_order_takes_a_match_and_every_step(
    first: Ratio, step: Ratio, status: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {("VR", "standard"): first, ("SB-50", "VR"): step, ("SB-33", "SB-50"): step}
    monkeypatch.setattr(Sampled, "ratio", lambda self, arm, base, column: asked[arm, base])
    found = in_order(S, "standard", ("VR", "SB-50", "SB-33"), ["labels 25 %"])
    assert found.status == status


def test_ratios_have_fiellers_limits() -> None:
    generator = np.random.default_rng(0)
    base_M, over_M = generator.normal(0.1, 0.01, 8), generator.normal(0.2, 0.01, 8)
    found = Ratio.of(over_M, base_M)
    assert found.value == pytest.approx(over_M.mean() / base_M.mean())
    assert 1.5 < found.low < found.value < found.high < 2.6
    again = Ratio.of(base_M, base_M)
    assert again.low < 1 < again.high
    assert str(Ratio(1.234, 1.1, 1.4)) == "1.23 [1.10, 1.40]"
    assert str(Ratio(1.234, 1.1, math.inf)) == "1.23 [1.10, ∞]"
    assert str(Ratio(1.234, math.nan, math.nan)) == "1.23"
    assert str(Ratio(math.nan, math.nan, math.nan)) == "undefined"
