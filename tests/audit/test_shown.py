"""With each example the page shows the slices it is in and how sure the models were."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from undertow.audit import Audit, Settings, audit
from worlds import probabilities, records_from

N = 60
SITES = ["north", "south", "(far) east"] * 20
AGES = [None if i == 0 else 20 + i for i in range(N)]


def found(members: int = 1, by: tuple[str, ...] = ("class", "site"), sure: bool = True) -> Audit:
    """The first four examples change."""
    label_N, rng = np.zeros(N, int), np.random.default_rng(5)
    pred_N = np.where(np.arange(N) < 4, 1, 0)
    sides = []
    for name, pred in (("old", label_N), ("new", pred_N)):
        pred_MN = np.tile(pred, (members, 1))
        proba = probabilities(pred_MN, 2, rng) if sure else None
        slices = {"site": SITES, "age": AGES}
        sides.append(records_from(pred_MN, label_N, 2, name=name, slices=slices, proba=proba))
    old, new = sides
    if sure:
        gap = np.full((members, N), np.nan, dtype=np.float32)
        gap[:, 1:] = 0
        new = replace(new, confidence_MN=new.confidence_MN + gap)
    return audit(old, [new], Settings(by=by, draws=100, min_count=10, generalise_to="examples"))


def test_slices_are_those_of_the_example_in_the_order_of_the_audit() -> None:
    shown = {
        e.exemplar.example_id: e.exemplar.slices
        for e in found(by=("site", "class", "age", "site+class")).variants[0].gallery
    }
    assert shown["e0001"] == (
        ("site", "south"),
        ("class", "class 0"),
        ("age", "up to 35"),
        ("site+class", "south+class 0"),
    )
    assert shown["e0000"][2] == ("age", "(missing)")
    assert dict(shown["e0002"])["site"] == "(far) east"


def test_a_control_has_its_own() -> None:
    for entry in found().variants[0].gallery:
        assert entry.control is not None
        n = int(entry.control.example_id[1:])
        assert entry.control.slices == (("class", "class 0"), ("site", SITES[n]))


@pytest.mark.parametrize("members", [1, 3])
def test_confidence_is_the_mean_over_members_of_each_side(members: int) -> None:
    for entry in found(members).variants[0].gallery:
        before, after = entry.exemplar.reference_confidence, entry.exemplar.variant_confidence
        assert before is not None
        assert 0.5 <= before <= 1
        # Unknown on the first example, on the variant's side.
        assert (after is None) == (entry.exemplar.example_id == "e0000")
        assert after != before


def test_its_value_is_what_the_record_holds() -> None:
    label_N = np.zeros(4, int)
    old, new = (
        records_from([pred] * 2, label_N, 2, name=name)
        for name, pred in (("old", [0] * 4), ("new", [1, 0, 0, 0]))
    )
    sure = np.array([[0.75, 0.5, 0.5, 0.5], [0.25, 0.5, 0.5, 0.5]], dtype=np.float32)
    new = replace(new, confidence_MN=np.where(sure == 0.25, np.nan, sure).astype(np.float32))
    old = replace(old, confidence_MN=sure)
    made = audit(old, [new], Settings(draws=100, by=(), generalise_to="examples"))
    (entry,) = made.variants[0].gallery
    assert (entry.exemplar.reference_confidence, entry.exemplar.variant_confidence) == (0.5, 0.75)


def test_without_probabilities_there_is_none() -> None:
    for entry in found(sure=False).variants[0].gallery:
        assert entry.exemplar.reference_confidence is None
        assert entry.exemplar.variant_confidence is None
