"""A side some classes of which have one another's names is named before any number, also where
nothing else is printed, and holds up a gate."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner

import worlds
from undertow.audit import audit
from undertow.audit.exchanged import exchanged_names
from undertow.audit.gate import gate
from undertow.audit.gate.policy import parse_policy
from undertow.audit.settings import Settings
from undertow.cli import app
from undertow.records.classes_told import note_on
from undertow.records.records import Records

NAMES = ["ant", "bee", "cow", "dog"]
LABEL_N = np.arange(400) % 4
GOOD_N = np.where(np.arange(400) % 20 < 16, LABEL_N, (LABEL_N + 1) % 4)
"""Right on 80 of 100 of each class."""
SWAPPED = np.array([3, 1, 2, 0])
RING = np.array([1, 2, 0, 3])
CHECK = (
    "Check the order of its class names, or how its answers were named, before any number here is "
    "read."
)


def side(pred: NDArray[np.int64], name: str = "old", **slices: list[str]) -> Records:
    return worlds.records_from(np.atleast_2d(pred), LABEL_N, NAMES, name=name, slices=slices)


def test_two_names_exchanged() -> None:
    assert [*exchanged_names("reference", side(SWAPPED[GOOD_N]))] == [
        "In the reference 'old' the classes 'ant' and 'dog' seem to have each other's names: 80 of 100 "
        "'ant' are answered 'dog', 80 of 100 'dog' are answered 'ant'. As named 45.0 % are right, with "
        f"these names exchanged 80.0 %. {CHECK}"
    ]


def test_a_ring_of_names_in_some_members() -> None:
    members = np.stack([GOOD_N, RING[GOOD_N], RING[GOOD_N]])
    assert [*exchanged_names("variant", side(members, "new"))] == [
        "In member 'm01' of the variant 'new' the classes 'ant', 'bee' and 'cow' seem to have one "
        "another's names (so in 2 of 3 members): 80 of 100 'ant' are answered 'bee', 80 of 100 'bee' "
        "are answered 'cow', 80 of 100 'cow' are answered 'ant'. As named 20.0 % are right, with these "
        f"names exchanged 80.0 %. {CHECK}"
    ]


@pytest.mark.parametrize("pred_N", [GOOD_N, np.where(GOOD_N == 3, 0, GOOD_N), LABEL_N * 0])
def test_nothing_is_said_of_models_that_mix_classes_up(pred_N: NDArray[np.int64]) -> None:
    assert [*exchanged_names("reference", side(pred_N))] == []


def test_of_two_classes_answers_are_inverted_and_below_chance() -> None:
    records = worlds.records_from([1 - LABEL_N % 2], LABEL_N % 2, ["no", "yes"])
    assert [*exchanged_names("reference", records)] == []


def test_examples_of_one_cluster_are_few() -> None:
    records = side(SWAPPED[GOOD_N])
    assert [*exchanged_names("reference", records, np.arange(400) // 4 % 3)] == []
    assert len([*exchanged_names("reference", records, np.arange(400))]) == 1


@pytest.mark.parametrize("turned", ["reference", "variant"])
def test_it_stands_before_the_verdict_and_after_it(turned: str) -> None:
    old, new = side(GOOD_N), side(GOOD_N, "new")
    if turned == "reference":
        old = side(SWAPPED[GOOD_N])
    else:
        new = side(SWAPPED[GOOD_N], "new")
    found = audit(old, [new], Settings(draws=100))
    name = {"reference": "old", "variant": "new"}[turned]
    (notice,) = found.notices
    assert notice.startswith(f"In the {turned} {name!r} the classes 'ant' and 'dog' seem to have ")
    assert found.headline.startswith(notice)
    assert found.variants[0].headline.endswith(
        f" But classes of the {turned} {name!r} seem to have one another's names: check that first."
    )


def test_a_gate_does_not_pass_on_them_unless_that_is_allowed() -> None:
    rule = "max_gain = 100\n[[max_drop]]\npoints = 10"
    sides = side(SWAPPED[GOOD_N]), [side(GOOD_N, "new")]
    found = gate(*sides, parse_policy(rule))
    guard = found.decisions[0]
    assert (found.verdict, guard.rule, guard.outcome) == (
        "cannot tell", "below_chance", "cannot tell",
    )  # fmt: skip
    assert guard.reason.startswith(
        "In the reference 'old' the classes 'ant' and 'dog' seem to have "
    )
    assert guard.reason.endswith(
        f"{CHECK} If the names are right and the model does mix these classes up, write "
        'below_chance = "allowed" at the top of the policy.'
    )
    assert gate(*sides, parse_policy(f'below_chance = "allowed"\n{rule}')).verdict == "pass"


def test_a_gate_that_fails_says_to_check_them_first() -> None:
    """Names exchanged in what is released are a real failure; but it is one of the file."""
    rule = "[[max_drop]]\npoints = 10"
    sides = side(GOOD_N), [side(SWAPPED[GOOD_N], "new")]
    found = gate(*sides, parse_policy(rule))
    said = "But classes of the variant 'new' seem to have one another's names: check that first."
    assert (found.verdict, found.reason.endswith(f"more than 10 points. {said}")) == ("fail", True)
    allowed = gate(*sides, parse_policy(f'below_chance = "allowed"\n{rule}'))
    assert (allowed.verdict, said in allowed.reason) == ("fail", False)


def test_a_gate_that_fails_counts_what_else_has_to_be_looked_into_first() -> None:
    rule = "[[max_drop]]\npoints = 10"
    old = side(GOOD_N)
    notes = (note_on("old.csv"),)
    old = replace(old, manifest=old.manifest.model_copy(update={"notes": notes}))
    found = gate(old, [side(SWAPPED[GOOD_N], "new")], parse_policy(rule))
    assert found.reason.endswith(
        " But classes of the variant 'new' seem to have one another's names: check that first. "
        "classes_told has to be looked into first too."
    )
    worse = side(np.where(np.arange(400) % 3, GOOD_N, (GOOD_N + 1) % 4), "new")
    found = gate(old, [worse], parse_policy(rule))
    assert found.reason.endswith("more than 10 points. classes_told has to be looked into first.")


def test_of_many_classes_with_few_examples_another_order_of_all_is_said_at_chance() -> None:
    """Each class has too few to be told alone."""
    label_N = np.arange(500) % 100
    order = np.array([0, *range(2, 100), 1])
    before = worlds.records_from([order[label_N]], label_N, 100, name="old")
    after = worlds.records_from([label_N], label_N, 100, name="new")
    assert [*exchanged_names("reference", before)] == []
    found = audit(before, [after], Settings(draws=100))
    assert found.notices[0] == (
        "The reference 'old' is at chance level: its mean recall is 1.0 %, guessing gives 1.0 % (1 in "
        "100). But with its classes in another order 100.0 % of its answers are right, and 1.0 % as "
        "they are named: check that order before any number here is read."
    )
    assert found.variants[0].headline.endswith(
        " But classes of the reference 'old' seem to have one another's names: check that first."
    )


def test_class_names_saved_by_the_alphabet_are_doubted_in_quiet_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = np.array(["dog", "ant", "cow", "bee"])
    proba, ids = np.eye(4)[GOOD_N] * 0.6 + 0.1, [f"e{n:03}" for n in range(400)]
    np.savez("old.npz", probs=proba, y_true=words[LABEL_N], ids=ids, classes=np.sort(words))
    frame = {"example_id": ids, "prediction": words[GOOD_N], "label": words[LABEL_N]}
    pl.DataFrame(frame).write_csv("new.csv")
    done = CliRunner().invoke(app, ["audit", "old.npz", "--against", "new.csv", "--quiet"])
    assert done.stderr.startswith(
        "NOTE: In the reference 'old' the classes 'ant', 'bee' and 'dog' seem to have one another's "
        "names: "
    )
    assert done.stdout.rstrip().endswith("seem to have one another's names: check that first.")
