"""Slices with fewer examples than a rule asks for: they can fail it, they cannot keep it from
passing, and the verdict says which are not shown to keep their limit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

import worlds
from undertow.audit.gate import gate
from undertow.audit.gate.not_shown import lost_said
from undertow.audit.gate.policy import parse_policy
from undertow.audit.gate.result import GateResult, Loss, NotShown
from undertow.audit.gate.rules.worst_slice_drop import can_fail
from undertow.audit.settings import Settings
from undertow.records.formats.asked.clusters import with_clusters
from undertow.records.records import Records

Sizes = Mapping[str, int]
BY = '[[worst_slice_drop]]\nby = "{}"\npoints = {}\n'


def sides(sizes: Sizes, lost: Sizes, **more: list[str]) -> tuple[Records, Records]:
    """All right before; of each hospital the first so many become wrong."""
    names = [name for name, n in sizes.items() for _ in range(n)]
    old = np.zeros(len(names), int)
    new = np.concatenate([np.arange(n) < lost.get(name, 0) for name, n in sizes.items()])
    slices = {"hospital": names, **more}
    return tuple(  # type: ignore[return-value]
        worlds.records_from([pred], old, 2, slices=slices, name=name)
        for pred, name in ((old, "old"), (new.astype(int), "new"))
    )


def decided(pair: tuple[Records, Records], text: str, **settings: int) -> GateResult:
    return gate(pair[0], [pair[1]], parse_policy(text), Settings(**settings))


def test_a_small_slice_that_loses_all_fails_the_rule():
    result = decided(sides({"Mayo": 400, "Lund": 29}, {"Lund": 28}), BY.format("hospital", 2))
    assert result.reason == (
        "1 of 2 required checks fails; it is worst_slice_drop on hospital=Lund: −96.55 points "
        "(one-sided 95 % limits −99.76 to −76.76): dropped by more than 2 points, corrected over 2 "
        "slices."
    )
    assert [(d.value, d.outcome, d.n_examples) for d in result.decisions] == [
        ("Lund", "fail", 29),
        ("Mayo", "pass", 400),
    ]
    assert result.not_shown == ()


def test_a_small_slice_that_loses_little_leaves_the_rule_to_pass_and_is_named():
    pair = sides({"Mayo": 400, "Lund": 29}, {"Lund": 1})
    result = decided(pair, BY.format("hospital", 2))
    assert (result.verdict, [d.value for d in result.decisions]) == ("pass", ["Mayo"])
    assert result.reason == (
        "The one required check passes, but 1 slice with fewer than 30 examples is not shown to "
        "keep its limit (hospital Lund lost 1 of 29)."
    )
    (small,) = result.not_shown
    assert small == NotShown(
        "worst_slice_drop", "new", "hospital", ("Lund",), "required", 30, 29, Loss("Lund", 1.0, 29)
    )


@pytest.mark.parametrize(
    ("lost", "named"),
    [
        ({"Bern": 12, "Lund": 1, "Riga": 1}, "hospital Bern, which lost 12 of 29"),
        ({"Bern": 2, "Lund": 5, "Riga": 1}, "hospital Lund, which lost 5 of 12"),
        ({"Bern": 2, "Lund": 1, "Riga": 3}, "hospital Riga, which lost 3 of 3"),
    ],
)
def test_of_several_the_worst_is_named_with_its_loss(lost: Sizes, named: str):
    """A total loss of one example is no worse than twelve of 29, and one of three is."""
    pair = sides({"Mayo": 400, "Lund": 12, "Bern": 29, "Riga": 3}, lost)
    result = decided(pair, BY.format("hospital", 60))
    assert result.reason == (
        "The one required check passes, but 3 slices with fewer than 30 examples are not shown to "
        f"keep their limit (the worst is {named})."
    )


def test_of_several_variants_the_worst_slice_says_of_which():
    old, new = sides({"Mayo": 400, "Lund": 29}, {"Lund": 2})
    again = replace(old, manifest=old.manifest.model_copy(update={"name": "other"}))
    result = gate(old, [again, new], parse_policy(BY.format("hospital", 60)))
    assert result.reason == (
        "All 2 required checks pass, but 1 slice with fewer than 30 examples is not shown to keep "
        "its limit (hospital Lund of new lost 2 of 29)."
    )


def test_a_loss_of_grades_and_of_the_mean_of_runs_is_in_points():
    assert lost_said(Loss("Lund", 2.5, 20)) == "lost 12.5 points over 20"
    assert lost_said(Loss("Lund", 2.9999999, 20)) == "lost 3 of 20"


def test_a_rule_that_limits_no_loss_names_the_largest():
    pair = sides({"Mayo": 419, "Lund": 11}, {"Lund": 3}, group=GROUPS)
    text = '[[max_churn]]\npoints = 30\nabove = "zero"\non = "hospital+group"\n'
    result = decided(pair, text)
    assert result.not_shown[0].worst is None
    assert "(the largest is hospital+group Mayo+y, 19)" in result.reason


def test_of_several_the_largest_is_named_and_each_counts_once():
    pair = sides({"Mayo": 400, "Umeå": 500, "Lund": 12, "Bern": 29, "Riga": 3}, {})
    text = f"{BY.format('hospital', 2)}{BY.format('hospital', 40)}min_count = 10\n"
    again = replace(pair[1], manifest=pair[1].manifest.model_copy(update={"name": "other"}))
    result = gate(pair[0], [pair[1], again], parse_policy(text))
    assert result.reason == (
        "All 12 required checks pass, but 3 slices with fewer than 30 examples are not shown to "
        "keep their limit (the largest is hospital Bern, 29)."
    )
    assert [(s.variant, s.values) for s in result.not_shown] == [
        ("new", ("Bern", "Lund", "Riga")),
        ("new", ("Riga",)),
        ("other", ("Bern", "Lund", "Riga")),
        ("other", ("Riga",)),
    ]


def test_an_open_verdict_names_them_too_and_so_does_a_failure():
    small = {"Mayo": 400, "Lund": 29}
    tail = (
        " 1 slice with fewer than 30 examples is not shown to keep its limit (hospital Lund, 29)."
    )
    open_ = decided(sides(small, {"Mayo": 8}), BY.format("hospital", 2))
    assert (open_.verdict, open_.reason.endswith(tail)) == ("cannot tell", True)
    failed = decided(sides(small, {"Mayo": 40}), BY.format("hospital", 2))
    assert failed.reason == (
        "The one required check fails; it is worst_slice_drop on hospital=Mayo: −10.00 points "
        "(one-sided 95 % limits −12.88 to −7.68): dropped by more than 2 points, corrected over 2 "
        f"slices.{tail}"
    )


def test_an_advisory_rule_leaves_nothing_out_of_the_verdict():
    text = f'[[max_drop]]\npoints = 2\n\n{BY.format("hospital", 2)}tier = "advisory"\n'
    result = decided(sides({"Mayo": 400, "Lund": 29}, {}), text)
    assert result.reason == "The one required check passes."
    assert [s.tier for s in result.not_shown] == ["advisory"]


def test_where_every_slice_is_small_one_can_fail_and_else_nothing_is_told():
    lost = decided(sides({"Mayo": 25, "Lund": 29}, {"Lund": 28}), BY.format("hospital", 2))
    assert [(d.value, d.outcome) for d in lost.decisions] == [("Lund", "fail")]
    kept = decided(sides({"Mayo": 25, "Lund": 29}, {}), BY.format("hospital", 2))
    assert [(d.where, d.reason) for d in kept.decisions] == [
        (
            "hospital",
            "Cannot tell: no slice of 'hospital' has 30 examples; the largest, 'Lund', has 29.",
        )
    ]
    assert kept.not_shown == ()
    assert kept.reason == (
        "The one required check cannot be decided; it is worst_slice_drop on hospital: no slice of "
        "'hospital' has 30 examples; the largest, 'Lund', has 29."
    )


GROUPS = ["x"] * 400 + ["y"] * 19 + ["x"] * 9 + ["y"] * 2


def test_a_policys_own_minimum_holds_in_a_crossing():
    """Whatever the audit's own is: 20 by itself."""
    pair = sides({"Mayo": 419, "Lund": 11}, {}, group=GROUPS)
    for least in (1, 20, 500):
        result = decided(
            pair, f"{BY.format('hospital+group', 40)}min_count = 10\n", min_count=least
        )
        assert [d.value for d in result.decisions] == ["Mayo+x", "Mayo+y"]
        assert [(s.min_count, s.values) for s in result.not_shown] == [(10, ("Lund+x", "Lund+y"))]


def test_a_cell_below_the_audits_minimum_can_fail():
    names = [(i < 400 and i % 50 == 0) or 400 <= i < 419 for i in range(430)]
    old, new = sides({"Mayo": 419, "Lund": 11}, {}, group=GROUPS)
    worse = replace(new, pred_MN=np.array([names], new.pred_MN.dtype))
    result = decided((old, worse), BY.format("hospital+group", 10))
    assert [(d.value, d.outcome) for d in result.decisions] == [
        ("Mayo+y", "fail"),
        ("Mayo+x", "pass"),
    ]
    assert [s.values for s in result.not_shown] == [("Lund+x", "Lund+y")]


def test_other_rules_on_a_crossing_say_which_cells_the_audit_leaves_out():
    pair = sides({"Mayo": 419, "Lund": 11}, {}, group=GROUPS)
    result = decided(pair, '[[max_drop]]\npoints = 3\non = "hospital+group"\n')
    assert [d.value for d in result.decisions] == ["Mayo+x"]
    assert result.reason == (
        "The one required check passes, but 3 slices with fewer than 20 examples are not shown to "
        "keep their limit (the largest is hospital+group Mayo+y, 19)."
    )
    one = decided(pair, '[[max_drop]]\npoints = 3\non = "hospital+group=*x"\n')
    assert [s.values for s in one.not_shown] == [("Lund+x",)]


@pytest.mark.parametrize(("cell", "shown"), [(19, False), (20, True)])
def test_a_cell_of_the_audits_minimum_is_large_enough(cell: int, shown: bool):
    """Beside one that is too small, without which no cell is asked for its size."""
    group = ["x"] * 400 + ["y"] * cell + ["x"] * 3
    pair = sides({"Mayo": 400 + cell, "Lund": 3}, {}, group=group)
    result = decided(pair, '[[max_drop]]\npoints = 30\non = "hospital+group"\n')
    assert ("Mayo+y" in [d.value for d in result.decisions]) == shown


@pytest.mark.heavy
def test_a_small_slice_of_few_clusters_cannot_fail():
    """29 examples of two passages are two pieces of evidence."""
    passages = [f"m{i}" for i in range(400)] + ["a"] * 15 + ["b"] * 14
    pair = sides({"Mayo": 400, "Lund": 29}, {"Lund": 29}, passage=passages)
    clustered = tuple(with_clusters(side, "passage") for side in pair)
    result = decided(clustered, BY.format("hospital", 20))  # type: ignore[arg-type]
    assert [(d.value, d.outcome) for d in result.decisions] == [("Mayo", "pass")]
    assert [s.values for s in result.not_shown] == [("Lund",)]


def test_slices_too_small_to_fail_do_not_weaken_the_correction():
    many = {"Mayo": 400, "Lund": 29} | {f"h{i}": 3 for i in range(150)}
    result = decided(sides(many, {"Lund": 12}), BY.format("hospital", 2))
    assert result.decisions[0].reason.endswith("corrected over 2 slices.")
    assert result.decisions[0].outcome == "fail"


def test_beside_many_large_slices_a_small_one_has_to_be_larger_to_join():
    """Of 7 a total loss is significant at the level itself, and not at a twelfth of it."""
    for large, over in ((1, 2), (12, 12)):
        sizes = {f"h{i}": 60 for i in range(large)} | {"Lund": 7}
        result = decided(sides(sizes, {"h0": 30}), BY.format("hospital", 2))
        assert result.decisions[0].reason.endswith(f"corrected over {over} slices.")


@pytest.mark.parametrize(("small", "failing"), [(0, ["Lund"]), (20, [])])
def test_small_slices_that_join_are_corrected_for(small: int, failing: list[str]):
    """8 of 29 are more than 2 points at the level, and at half of it, but not among 22."""
    sizes = {"Mayo": 400, "Lund": 29} | {f"h{i}": 29 for i in range(small)}
    result = decided(sides(sizes, {"Lund": 8}), BY.format("hospital", 2))
    assert [d.value for d in result.decisions if d.outcome == "fail"] == failing


def test_a_large_slice_is_corrected_for_small_ones_that_join():
    rule = BY.format("hospital", 2)
    alone = decided(sides({"Mayo": 400, "Umeå": 30}, {"Umeå": 8}), rule)
    assert (alone.decisions[0].value, alone.decisions[0].outcome) == ("Umeå", "fail")
    sizes = {"Mayo": 400, "Umeå": 30} | {f"h{i}": 29 for i in range(20)}
    among = decided(sides(sizes, {"Umeå": 8}), rule).decisions[0]
    assert (among.value, among.outcome) == ("Umeå", "cannot tell")
    assert ", but corrected over 22 slices a larger drop is not shown (limit " in among.reason


def by_counting(units: list[int], large: int, level: float, limit: float) -> list[bool]:
    """Tarone's rule step by step: the fewest tests that hold all that could be significant."""
    for over in range(max(large, 1), large + len(units) + 1):
        joins = [((1 + limit) / 2) ** n <= level / over for n in units]
        if large + sum(joins) <= over:
            return joins
    return [False] * len(units)


@pytest.mark.heavy
@pytest.mark.parametrize("large", [0, 1, 5, 40])
def test_which_join_agrees_with_a_slow_count(large: int):
    rng = np.random.default_rng(large)
    for _ in range(200):
        units = rng.integers(0, 30, rng.integers(0, 60))
        level, limit = rng.choice([0.01, 0.05, 0.2]), rng.choice([0.005, 0.05, 0.5])
        found = can_fail(units, large, level, limit)
        assert found.tolist() == by_counting(units.tolist(), large, level, limit)
        assert not len(units) or found.sum() <= len(units)
