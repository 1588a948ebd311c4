"""What holds of every finding whatever the statistics behind it: of each golden world, against
plain loops."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import polars as pl
import pytest

import oracles
from golden_worlds import WORLDS, World, audit_of
from undertow.audit.measures import all_measures
from undertow.audit.verdicts import VERDICTS
from undertow.records.records import Records

CARDS = {m.card.name: m.card for m in all_measures()}
Row = dict[str, Any]


@pytest.fixture(params=WORLDS)
def world(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def rows_of(world: str, *measures: str) -> list[Row]:
    found = audit_of(world).findings
    return found.filter(pl.col("measure").is_in(measures) if measures else pl.lit(True)).to_dicts()


def by_place(world: str, measure: str) -> dict[tuple[str, str, str], Row]:
    return {(r["variant"], r["slice"], r["value"]): r for r in rows_of(world, measure)}


def known(value: float | None) -> bool:
    return value is not None and not math.isnan(value)


def examples_of(records: Records, row: Row) -> list[int]:
    """Positions of the examples that a row is about, by a loop over its column."""
    every = range(records.N)
    if row["slice"] == "all":
        return list(every)
    if row["slice"] == "class":
        return [
            n
            for n in every
            if records.label_N[n] >= 0 and records.classes[records.label_N[n]] == row["value"]
        ]
    said = [None if v is None else str(v) for v in records.examples[row["slice"]].to_list()]
    return [
        n
        for n in every
        if said[n] == row["value"] or (said[n] is None and row["value"] == "(missing)")
    ]


def test_limits_hold_their_effect_and_p_is_a_probability(world: str) -> None:
    for row in rows_of(world):
        if known(row["low"]) and known(row["high"]):
            assert row["low"] <= row["high"], row
        if known(row["effect"]) and known(row["low"]) and row["unit"] == "member":
            assert row["low"] - 1e-12 <= row["effect"] <= row["high"] + 1e-12, row
        if known(row["p"]):
            assert 0 <= row["p"] <= row["p_adjusted"] <= 1, row
        if known(row["floor_low"]):
            assert row["floor_low"] <= row["floor_high"], row
        assert row["verdict"] in VERDICTS


def test_a_verdict_stands_on_its_numbers(world: str) -> None:
    level = audit_of(world).settings.level
    for row in rows_of(world):
        if row["verdict"] in ("worse", "better"):
            assert not known(row["p"]) or row["p_adjusted"] <= level, row
            assert row["effect"] != 0, row
        if row["verdict"] in ("worse", "better") and row["measure"] == "accuracy":
            assert (row["effect"] < 0) == (row["verdict"] == "worse"), row
        if row["verdict"] == "within tolerance" and row["unit"] == "member":
            tolerance = 0.01 if row["slice"] == "all" else 0.05
            assert max(-row["low"], row["high"]) <= tolerance, row
        if row["n_examples"] == 0:
            assert row["verdict"] == "undefined", row


def test_values_lie_in_the_range_of_their_measure(world: str) -> None:
    for row in rows_of(world):
        card = CARDS.get(row["measure"])
        if card is not None:
            for side in ("reference", "changed"):
                assert not known(row[side]) or card.range[0] <= row[side] <= card.range[1], row


def test_an_effect_is_what_changed_less_what_it_is_set_against(world: str) -> None:
    for row in rows_of(world):
        if row["measure"] in CARDS and known(row["effect"]):
            assert row["effect"] == pytest.approx(row["changed"] - row["reference"], abs=1e-6), row


def test_accuracy_and_its_examples_are_those_of_a_loop(world: str) -> None:
    made: World = WORLDS[world]()
    for variant in made.variants:
        for row in (r for r in rows_of(world, "accuracy") if r["variant"] == variant.name):
            inside = examples_of(made.reference, row)
            for side, records in (("reference", made.reference), ("changed", variant)):
                right_MN = records.correct_MN[:, inside]
                whole = [
                    oracles.mean_defined(right_N.astype(float).tolist()) for right_N in right_MN
                ]
                assert row[side] == pytest.approx(float(np.mean(whole)), abs=1e-6, nan_ok=True), (
                    side,
                    row,
                )
            assert row["n_examples"] == int(
                (~np.isnan(made.reference.correct_MN[0, inside])).sum()
            ), row
            assert (row["members_reference"], row["members_variant"]) == (
                made.reference.M,
                variant.M,
            )


def test_newly_wrong_and_newly_right_are_parts_of_what_changed(world: str) -> None:
    for whole, parts in (
        ("modal_disagreement", ("newly_wrong", "newly_right")),
        ("churn", ("newly_wrong_per_pair", "newly_right_per_pair")),
    ):
        wholes = by_place(world, whole)
        sides = [by_place(world, part) for part in parts]
        for place in set(wholes) & set(sides[0]) & set(sides[1]):
            rows = [wholes[place], *(side[place] for side in sides)]
            # Where labels are missing, the parts are shares of fewer examples than the whole.
            if len({row["n_examples"] for row in rows}) == 1 and all(
                known(row["changed"]) for row in rows
            ):
                assert rows[1]["changed"] + rows[2]["changed"] <= rows[0]["changed"] + 1e-6, place


def test_what_accuracy_lost_is_newly_wrong_less_newly_right(world: str) -> None:
    """With one member a side and nothing missing, to the last example."""
    made = WORLDS[world]()
    lost, won = by_place(world, "newly_wrong_per_pair"), by_place(world, "newly_right_per_pair")
    for place, row in by_place(world, "accuracy").items():
        if made.reference.M == made.variants[0].M == 1 and place in lost:
            assert row["effect"] == pytest.approx(
                won[place]["changed"] - lost[place]["changed"], abs=1e-9
            ), place


def test_slices_of_a_column_share_out_its_examples(world: str) -> None:
    """Each example is in one slice of a column; those left out have no value there."""
    places = by_place(world, "accuracy")
    whole = places[(audit_of(world).variants[0].arm.name, "all", "")]["n_examples"]
    for column in {place[1] for place in places} - {"all"}:
        variant = audit_of(world).variants[0].arm.name
        counted = sum(
            r["n_examples"] for (v, c, _), r in places.items() if c == column and v == variant
        )
        assert counted == whole, column


def test_no_measure_has_a_place_twice_or_one_that_accuracy_lacks(world: str) -> None:
    """Some measures exist on classes alone; none exists where nothing else does."""
    for variant in audit_of(world).variants:
        rows = [
            r for r in rows_of(world) if r["variant"] == variant.arm.name and r["measure"] in CARDS
        ]
        places = {
            m: [(r["slice"], r["value"]) for r in rows if r["measure"] == m]
            for m in {r["measure"] for r in rows}
        }
        by_class = {m: p for m, p in places.items() if CARDS[m].kind == "answers"}
        assert len({tuple(p) for m, p in places.items() if m not in by_class}) == 1
        assert len({tuple(p) for p in by_class.values()}) <= 1
        assert {slice_ for p in by_class.values() for slice_, _ in p} <= {"class"}
        assert all(len(set(p)) == len(p) for p in places.values())
