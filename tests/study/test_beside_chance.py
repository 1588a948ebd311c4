"""What is said of exemplars beside chance, against counting on made answers."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest

from undertow.audit import Settings, audit
from undertow.records.records import Records
from undertow.study import Outcome, Results
from undertow.study.beside_chance import Beside, BesideChance, times
from undertow.study.people.within_class import Interval
from worlds import planted_world

PLANTED = {2: 0.5}


@pytest.fixture(scope="module")
def sides() -> dict[str, Records]:
    """Two populations of one world, and one that loses on class 2."""
    dense, variant = planted_world(PLANTED, m_ref=6, m_var=6, n=600, classes=4, seed=1)
    again = planted_world({}, m_ref=6, m_var=6, n=600, classes=4, seed=1)[1]
    return {
        "dense": dense,
        "dense again": renamed(again, "dense again"),
        "pruned": renamed(variant, "pruned"),
    }


def renamed(records: Records, name: str) -> Records:
    return replace(records, manifest=records.manifest.model_copy(update={"name": name}))


@pytest.fixture(scope="module")
def beside(sides: dict[str, Records]) -> BesideChance:
    found = audit(
        sides["dense"],
        [sides["dense again"], sides["pruned"]],
        Settings(by=("class",), draws=200),
    )
    populations: Any = {name: SimpleNamespace(answers=side) for name, side in sides.items()}
    return BesideChance(Results(found, populations))


def changed(beside: BesideChance, arm: str, sides: dict[str, Records]) -> np.ndarray:
    rows = beside.results.audit.exemplars.filter(
        (pl.col("variant") == arm) & pl.col("modal_disagreement")
    )
    return np.isin(sides["dense"].example_id_N.to_numpy(), rows["example_id"].to_numpy())


def test_over_indexing_is_the_audits_less_1(beside: BesideChance) -> None:
    found = beside.over_index("pruned", "class", "class 2")
    for arm, each in (("pruned", found.own), ("dense again", found.null)):
        ratio = beside.results.over_index(arm, "class", "class 2")
        assert each.value == pytest.approx(ratio - 1)
    assert found.beyond.value == pytest.approx(found.own.value - found.null.value)
    assert found.beyond.low < found.beyond.value < found.beyond.high


def test_errors_are_counted_on_exemplars_and_off_them(
    beside: BesideChance, sides: dict[str, Records]
) -> None:
    changed_N = changed(beside, "pruned", sides)
    wrong_MN = sides["pruned"].pred_MN != sides["pruned"].label_N
    share = wrong_MN[:, changed_N].sum() / wrong_MN.sum() / changed_N.mean()
    assert beside.errors("pruned").own.value == pytest.approx(share - 1)


def test_the_first_by_taxicab_are_counted(beside: BesideChance, sides: dict[str, Records]) -> None:
    rows = beside.results.audit.exemplars.filter(pl.col("variant") == "pruned")
    order = sides["dense"].example_id_N.to_list()
    distance = dict(zip(rows["example_id"], rows["taxicab"], strict=True))
    first = sorted(range(600), key=lambda n: -distance.get(order[n], 0.0))[:30]
    inside_N = sides["dense"].label_N == 2
    found = beside.first_by_taxicab("pruned", "class", "class 2")
    assert found.own.value == pytest.approx(inside_N[first].mean() - inside_N.mean())


@pytest.mark.heavy
def test_who_chooses_is_not_scored_as_in_the_audit(
    beside: BesideChance, sides: dict[str, Records]
) -> None:
    count = beside.results.count("pruned")
    scored = count.reference_accuracy_on_exemplars, count.variant_accuracy_on_exemplars
    for found, name, on in zip(beside.harder("pruned"), ("dense", "pruned"), scored, strict=True):
        whole = (sides[name].pred_MN == sides[name].label_N).mean()
        assert found.own.value == pytest.approx(whole - on, abs=0.002)


def test_a_slice_that_is_not_there_makes_a_claim_untestable(beside: BesideChance) -> None:
    with pytest.raises(KeyError) as caught:
        beside.over_index("pruned", "class", "none")
    assert caught.value.args[0] == "no slice class = none"


@pytest.mark.parametrize(
    ("beyond", "status", "added"),
    [
        (Interval(0.5, 0.2, 0.8), "held", ""),
        (Interval(0.5, -0.2, 0.8), "not testable", "; too small to tell"),
        (Interval(-0.5, -0.8, -0.2), "not held", ""),
    ],
)
def test_a_claim_holds_beyond_the_null_arm_alone(beyond: Interval, status: str, added: str) -> None:
    found = Beside(Interval(1.0, 0.7, 1.3), Interval(0.5, 0.2, 0.8), beyond)
    low, high = (f"{x:+.2f}".replace("-", "−") for x in beyond[1:])
    value = f"{beyond.value:+.2f}".replace("-", "−")
    assert found.outcome("times as common", times, ratio=True) == Outcome(
        status,  # type: ignore[arg-type]
        "2.00 [1.70, 2.30] times as common; by chance (dense again) 1.50: "
        f"{value} [{low}, {high}] beyond it{added}",
    )
