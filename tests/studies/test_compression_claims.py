"""How claims of the two studies of bias in compressed models are decided, on made numbers."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from undertow.listing import study_files
from undertow.run import load_study
from undertow.study import Outcome, judge

BIAS, CELLS = (
    load_study(study_files()[name]) for name in ("compression_bias", "compression_subgroups")
)
P90, AGAIN = "pruned 90 %", "dense again"


def outcome(module: Any, name: str, results: Any) -> Outcome:
    return judge(getattr(module, name), results)


@pytest.mark.parametrize(
    ("above", "status"),
    [
        ({"pruned 50 %": (-10, 12), "pruned 70 %": (13, 20), "pruned 90 %": (21, 30)}, "held"),
        (
            {"pruned 50 %": (-10, 12), "pruned 70 %": (-11, 9), "pruned 90 %": (25, 50)},
            "not testable",
        ),
        ({"pruned 50 %": (30, 40), "pruned 70 %": (2, 9), "pruned 90 %": (25, 50)}, "not held"),
    ],
)
def test_the_count_grows_where_every_step_leaves_the_floors(
    above: dict[str, tuple[float, float]], status: str
) -> None:
    results = SimpleNamespace(
        names=(AGAIN, *above, "int8"),
        above_floor=above.__getitem__,
        against_floor=lambda arm: "n exemplars",
    )
    assert outcome(BIAS, "count_grows", results).status == status


@pytest.mark.parametrize(
    ("verdicts", "status"),
    [
        (["worse"] + ["better"] * 2 + ["within tolerance"] * 7, "held"),
        (["worse"] + ["better"] * 2 + ["too small to tell"] * 7, "not testable"),
        (["worse"] * 3 + ["better"] + ["within tolerance"] * 6, "not held"),
        (["within tolerance"] * 10, "not testable"),
    ],
)
def test_fewer_classes_lose_where_those_that_are_open_could_not_turn_it(
    verdicts: list[str], status: str
) -> None:
    found = {P90: verdicts, AGAIN: ["within tolerance"] * 10}
    results = SimpleNamespace(findings=lambda arm, *_: pl.DataFrame({"verdict": found[arm]}))
    told = outcome(BIAS, "few_lose", results)
    assert told.status == status
    assert "dense again: 0 and 0" in told.evidence


@pytest.mark.parametrize(
    ("module", "name"), [(BIAS, "tail_pays"), (CELLS, "top_line_hides")], ids=["tail", "rare cell"]
)
@pytest.mark.parametrize(
    ("limits", "status"),
    [((-0.06, -0.01), "held"), ((-0.06, 0.016), "not testable"), ((0.01, 0.03), "not held")],
)
def test_the_rare_pay_more_where_they_are_shown_to_lose_more_than_the_whole(
    module: Any, name: str, limits: tuple[float, float], status: str
) -> None:
    def finding(arm: str, measure: str, *_: str) -> dict[str, float]:
        low, high = limits if arm != AGAIN else (-0.05, 0.05)
        if measure == "accuracy":  # is worse by itself, whatever it is beyond the whole
            low, high = -0.2, -0.1
        return {"effect": (low + high) / 2, "low": low, "high": high}

    results = SimpleNamespace(finding=finding, overall=lambda *_: {"effect": -0.05})
    told = outcome(module, name, results)
    assert told.status == status
    assert "beyond the whole; dense again 0.0 [−5.0, +5.0]" in told.evidence


def test_some_class_pays_more_where_the_lowest_is_shown_below_the_whole() -> None:
    for high, status in ((-0.001, "held"), (0.001, "not testable")):
        row = {"value": "Coat", "effect": -0.01, "low": -0.02, "high": high}
        results = SimpleNamespace(
            lowest=lambda *_, row=row: row, overall=lambda *_: {"effect": -0.05}
        )
        assert outcome(BIAS, "top_line_hides", results).status == status


@pytest.mark.parametrize(
    ("with_", "without", "status"),
    [
        ((0.3, 0.5), (0.1, 0.2), "held"),
        ((0.1, 0.3), (0.2, 0.4), "not testable"),
        ((0.1, 0.2), (0.3, 0.5), "not held"),
    ],
)
def test_relative_changes_are_told_apart_by_their_limits(
    with_: tuple[float, float],
    without: tuple[float, float],
    status: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limits = {"yes": with_, "": (0.0, 1.0), "no": without}

    def rate(measure: str, slice: str, value: str) -> SimpleNamespace:
        low, high = limits[value]
        return SimpleNamespace(relative=(low + high) / 2, low=low, high=high)

    monkeypatch.setattr(CELLS, "of", lambda *_: SimpleNamespace(rate=rate))
    assert outcome(CELLS, "false_negatives", None).status == status
