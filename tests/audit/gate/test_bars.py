"""The cases that thresholds on means and tests of significance get wrong (field practice), and the
gate must not."""

from __future__ import annotations

import re
from dataclasses import replace

import polars as pl
import pytest

import worlds
from undertow.audit.gate import gate
from undertow.audit.gate.policy import parse_policy

ONE_POINT = parse_policy("[[max_drop]]\npoints = 1.0\n")
CHURN = parse_policy("[[max_drop]]\npoints = 2.0\n\n[[max_churn]]\npoints = 2.0\n")


@pytest.mark.parametrize(
    ("lost", "gained", "accuracy"),
    [(41, 0, 0.709), (61, 20, 0.709), (100, 60, 0.710)],
    ids=lambda v: str(v),
)
def test_a_drop_of_four_points_fails_at_one(lost, gained, accuracy):
    """A ratio of means rounded to .95, and a relative tolerance of 8 %, pass all three."""
    old, new = worlds.flipped_world(1000, lost, gained)
    assert new.correct_MN.mean() == pytest.approx(accuracy)
    result = gate(old, [new], ONE_POINT)
    assert (result.verdict, result.exit_code) == ("fail", 1)
    assert result.decisions[0].observed == pytest.approx(100 * (lost - gained) / 1000)


def test_nearly_identical_models_pass_at_one_point():
    """27 lost and 23 gained of 10,000: a test that counts power on the 50 discordant pairs cannot
    decide this."""
    old, new = worlds.flipped_world(10_000, 27, 23)
    result = gate(old, [new], ONE_POINT)
    assert (result.verdict, result.exit_code) == ("pass", 0)
    assert result.decisions[0].reason == (
        "Accuracy moved −0.04 points (one-sided 95 % limits −0.17 to +0.08): a drop of 1 "
        "point is ruled out."
    )


def test_a_gain_has_its_sign_in_a_line_of_the_gate_as_everywhere():
    site = pl.Series("site", ["north", "south"] * 500)
    old, new = (
        replace(side, examples=side.examples.with_columns(site))
        for side in worlds.flipped_world(1000, 4, 30)
    )
    text = '[[max_drop]]\npoints = 1.0\n[[worst_slice_drop]]\nby = "site"\npoints = 5.0\n'
    whole, north, south = gate(old, [new], parse_policy(text)).decisions
    for said, decided, points in (
        ("Accuracy moved +2.60 points ", whole, 1),
        ("+2.60 points ", north, 5),
        ("+2.60 points ", south, 5),
    ):
        limits = f"(one-sided 95 % limits {-decided.high:+.2f} to {-decided.low:+.2f})"
        ruled_out = f"a drop of {points} point{'s' * (points > 1)} is ruled out."
        assert decided.reason == f"{said}{limits}: {ruled_out}"


def test_identical_models_pass():
    old, new = worlds.flipped_world(1000, 0, 0)
    assert gate(old, [new], ONE_POINT).verdict == "pass"


def test_sixty_lost_and_sixty_gained_are_churn_above_the_floor():
    """Accuracy is equal to the last digit, and so is every test on it; 12 % of the answers are
    not."""
    old, new = worlds.flipped_world(1000, 60, 60, repeat=(10, 10))
    result = gate(old, [new], CHURN)
    drop, churn = result.decisions
    assert (drop.rule, drop.outcome) == ("max_drop", "pass")
    assert (churn.rule, churn.outcome) == ("max_churn", "fail")
    # 12 % from the first run, 14 % from the second, less the 2 % that the two differ by.
    assert churn.observed == pytest.approx(11.0)
    assert result.verdict == "fail"


def test_without_a_repeat_run_churn_has_no_floor_and_cannot_be_told():
    old, new = worlds.flipped_world(1000, 60, 60)
    result = gate(old, [new], CHURN)
    assert (result.verdict, result.exit_code) == ("cannot tell", 3)
    assert result.decisions[1].reason == (
        "12.00 % of answers changed; there is no floor: give a repeat run of the reference (or "
        "several members a side),"
        ' or limit all of it with above = "zero".'
    )


def test_a_small_test_set_cannot_tell_and_says_how_many_examples_would():
    old, new = worlds.flipped_world(200, 5, 4)
    result = gate(old, [new], ONE_POINT)
    assert result.verdict == "cannot tell"
    assert result.decisions[0].reason.endswith("examples would decide 1 point.")
    needed = int(
        result.decisions[0].reason.split("about ")[1].split(" examples")[0].replace(",", "")
    )
    larger = needed // 200
    assert (
        gate(*_list(worlds.flipped_world(200 * larger, 5 * larger, 5 * larger)), ONE_POINT).verdict
        == "pass"
    )


def _list(sides):
    return sides[0], [sides[1]]


def test_an_implausible_gain_is_not_a_pass():
    old, new = worlds.flipped_world(2000, 5, 205)
    result = gate(old, [new], ONE_POINT)
    assert result.verdict == "cannot tell"
    guard = result.decisions[0]
    assert guard.rule == "implausible_gain"
    numbers = f"10.00 points (one-sided 95 % limits {guard.low:+.2f} to {guard.high:+.2f})"
    assert result.reason == (
        f"implausible_gain on all cannot be decided: Accuracy gained {numbers}, more than is "
        "plausible: look for leaked answers, another prompt or another filter, or write max_gain "
        "= 10 at the top of the policy. The one required check passes."
    )
    assert (
        gate(old, [new], parse_policy("max_gain = 20.0\n[[max_drop]]\npoints = 1.0\n")).verdict
        == "pass"
    )


def test_an_implausible_gain_is_a_finding_of_the_audit():
    old, new = worlds.flipped_world(2000, 5, 205)
    said = gate(old, [new], ONE_POINT).audit.variants[0].design
    (plausible,) = [s for s in said if "plausible" in s]
    assert re.fullmatch(
        r"The gain of \+10\.0 points \(\+8\.\d to \+11\.\d\) is larger than is plausible: .*filter\.",
        plausible,
    )
    old, new = worlds.flipped_world(2000, 5, 25)
    assert not any("plausible" in s for s in gate(old, [new], ONE_POINT).audit.variants[0].design)
