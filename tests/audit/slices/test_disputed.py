"""A slice says what an example is, not what a model made of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from undertow.audit import Settings, audit
from undertow.audit.gate import gate
from undertow.audit.gate.policy import parse_policy
from undertow.audit.slices.disputed import columns_of
from undertow.errors import NotComparableError
from undertow.records.records import Records
from worlds import records_from

N = 1000
LABEL = np.zeros(N, dtype=np.int64)
SITE = ["north", "south"] * (N // 2)


def equal_models(differing: int) -> tuple[Records, Records]:
    """Two models of one kind that say how sure they are, and are right where they are sure. They
    differ on so many examples."""
    wrong_N = np.arange(N) < N // 10
    both = []
    for name, moved in (("old", 0), ("new", differing // 2)):
        side_N = np.roll(wrong_N, moved)
        slices = {"sure": np.where(side_N, "little", "much").tolist(), "site": SITE}
        both.append(records_from(np.where(side_N, 1, 0)[None], LABEL, 2, name=name, slices=slices))
    return both[0], both[1]


REFUSED = (
    "'old' and 'new' differ in column 'sure' on 200 of 1,000 examples (first 'e0000': {values}), "
    "and a slice has to say what an example is, not what a model made of it; {way_on}, or, if it "
    "does describe the examples, give it in the reference's file alone"
)


@pytest.mark.parametrize("by", [("sure",), ("site", "sure"), ("site+sure",)])
def test_what_the_models_made_of_the_examples_is_no_slice(by: tuple[str, ...]) -> None:
    sides = equal_models(200)
    for old, new in (sides, sides[::-1]):
        with pytest.raises(NotComparableError) as caught:
            audit(old, [new], Settings(by=by, draws=100))
        first, second = old.name, new.name
        values = "'little' and 'much'" if first == "old" else "'much' and 'little'"
        said = REFUSED.format(way_on="leave it out of --by", values=values)
        assert str(caught.value) == said.replace("'old' and 'new'", f"{first!r} and {second!r}")


def test_the_gate_does_not_compare_by_it_either() -> None:
    old, new = equal_models(200)
    asked = gate(old, [new], parse_policy("[[max_drop]]\npoints = 1\n"), Settings(by=("sure",)))
    ruled = gate(
        old, [new], parse_policy('[[worst_slice_drop]]\nby = "site+sure"\npoints = 5\n'), Settings()
    )
    for found, way_on in ((asked, "leave it out of --by"), (ruled, "take it out of the policy")):
        assert found.verdict == "not comparable"
        said = REFUSED.format(way_on=way_on, values="'little' and 'much'")
        assert found.reason == f"Not comparable: {said}."


def test_a_column_that_differs_on_a_few_is_the_reference_s_and_that_is_said_before_the_verdict():
    old, new = equal_models(100)
    note = "Slice 'sure' differs on 100 of 1,000 examples; 'old' is followed."
    found = audit(old, [new], Settings(by=("sure",), draws=100))
    assert found.notices == (note,)
    assert found.headline.startswith(f"{note} new ")
    assert note in found.assumptions


def test_a_column_that_nobody_asks_for_may_differ() -> None:
    old, new = equal_models(200)
    found = audit(old, [new], Settings(by=("site",), draws=100))
    assert found.notices == ()
    assert "Slice 'sure' differs on 200 of 1,000 examples; 'old' is followed." in found.assumptions


def test_the_way_out_that_the_message_names_is_one() -> None:
    """In the reference's file alone, a column says what it says of the examples."""
    old, new = equal_models(200)
    alone = replace(new, examples=new.examples.drop("sure"))
    assert audit(old, [alone], Settings(by=("sure",), draws=100)).notices == ()


def test_a_column_in_other_words_may_be_asked_for() -> None:
    old, new = equal_models(20)
    words = new.examples.with_columns(new.examples["site"].replace({"north": "N", "south": "S"}))
    found = audit(old, [replace(new, examples=words)], Settings(by=("site",), draws=100))
    assert found.notices == ()
    assert "Slice 'site' is the same in other words in 'new'; 'old' is followed." in (
        found.assumptions
    )


def test_a_crossing_is_made_of_columns_unless_a_column_is_called_so() -> None:
    known = ("a", "b", "a+b", "c")
    assert columns_of(("a+c", "c", "class"), known) == ("a", "c")
    assert columns_of(("a+b",), known) == ("a+b",)
