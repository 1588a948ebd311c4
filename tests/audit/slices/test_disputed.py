"""A slice says what an example is, not what a model made of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from undertow.audit import Settings, audit
from undertow.audit.gate import gate
from undertow.audit.gate.policy import parse_policy
from undertow.audit.slices.disputed import columns_of, why_disputed
from undertow.errors import NotComparableError
from undertow.records.check import align
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


SAYS = "and a slice has to say what an example is, not what a model made of it; {way_on}"
OTHERWISE = ", or, if it does describe the examples, write the same values into both files"
REFUSED = (
    "'old' and 'new' differ in column 'sure' on 200 of 1,000 examples (first 'e0000': {values}), "
    f"{SAYS}{OTHERWISE}"
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


def with_site(side: Records, moved_N: np.ndarray, column: str = "site") -> Records:
    """The side with other values in a column of two, on these examples."""
    values_N = np.array(SITE)
    values_N = np.where(moved_N, np.where(values_N == "north", "south", "north"), values_N)
    return replace(side, examples=side.examples.with_columns(pl.Series(column, values_N)))


def test_a_column_that_differs_on_a_few_is_the_reference_s_and_that_is_said_before_the_verdict():
    old, new = equal_models(100)
    new = with_site(new, np.arange(N) % 10 == 3)
    note = "Slice 'site' differs on 100 of 1,000 examples; 'old' is followed."
    found = audit(old, [new], Settings(by=("site",), draws=100))
    assert found.notices == (note,)
    assert found.headline.startswith(f"{note} new ")
    assert note in found.assumptions


@pytest.mark.parametrize("differing", [6, 100])
def test_a_few_differences_that_are_those_of_the_answers_are_what_the_models_made(differing: int):
    old, new = equal_models(differing)
    with pytest.raises(NotComparableError) as caught:
        audit(old, [new], Settings(by=("sure",), draws=100))
    assert str(caught.value) == (
        f"'old' and 'new' differ in column 'sure' on {differing} of 1,000 examples (first 'e0000': "
        f"'little' and 'much'), their answers differ on {differing} of these too, "
        f"{SAYS.format(way_on='leave it out of --by')}{OTHERWISE}"
    )


def test_fewer_differences_than_a_loss_takes_are_no_reason():
    assert why_disputed(align(*equal_models(4)), "sure") is None


def test_answers_that_all_change_are_told_by_which_are_right():
    """Generated texts differ nearly everywhere, so that tells nothing."""
    sides = [
        replace(
            side,
            manifest=side.manifest.model_copy(update={"task": "generation", "metric": "exact"}),
            score_MN=1 - side.pred_MN.astype(np.float32),
            answers=(pl.Series([f"{side.name} {n}" for n in range(N)]),),
        )
        for side in equal_models(60)
    ]
    said = str(why_disputed(align(*sides), "sure"))
    assert said.endswith("'much'), one is right and one wrong on 60 of these too")


def of_chance(seed: int, noise: float) -> tuple[Records, Records]:
    """Two equal models that differ on hard examples, and a column that says which answers are
    right, but for noise of its own."""
    rng = np.random.default_rng(seed)
    hard_N = rng.random(N) < 0.08
    sides = []
    for name in ("old", "new"):
        wrong_N = hard_N & (rng.random(N) < 0.5)
        says_N = wrong_N ^ (rng.random(N) < noise)
        slices = {"flag": np.where(says_N, "hard", "easy").tolist(), "number": says_N * 0.5}
        pred_MN = np.where(wrong_N, 1, 0)[None]
        sides.append(records_from(pred_MN, LABEL, 2, name=name, slices=slices))
    return sides[0], sides[1]


@pytest.mark.parametrize("column", ["flag", "number"])
def test_differences_that_go_with_who_is_right_are_what_the_models_made(column: str):
    """Most are noise, and a loss would be found all the same: its examples are chosen by which
    side was right."""
    old, new = of_chance(1, noise=0.02)
    with pytest.raises(NotComparableError) as caught:
        audit(old, [new], Settings(by=(column,), draws=100))
    assert ", its values there go with which of the two is right, and a slice" in str(caught.value)


@pytest.mark.heavy
def test_differences_by_chance_and_on_hard_examples_are_no_reason():
    """At most one column of a thousand: of 300 none, also where the differences are among the
    examples on which most answers change."""
    refused = 0
    for seed in range(150):
        rng = np.random.default_rng(seed)
        hard_N = rng.random(N) < 0.15
        sides = [
            records_from(np.where(hard_N & (rng.random(N) < 0.4), 1, 0)[None], LABEL, 2, name=name)
            for name in ("old", "new")
        ]
        for differ_N in (rng.random(N) < 0.02, hard_N & (rng.random(N) < 0.3)):
            both = [with_site(sides[0], np.zeros(N, bool)), with_site(sides[1], differ_N)]
            refused += why_disputed(align(*both), "site") is not None
    assert refused == 0


def turning(gains: int, losses: int, equal: int, others: int) -> tuple[Records, Records]:
    """One of the two models is right nearly everywhere. Where ``old`` has ward a and ``new``
    another one, ``new`` gains; where ``new`` has it, ``old`` does; on ``equal`` of each both do
    well."""
    first = np.arange(N)
    mine_N = first < gains + equal
    theirs_N = (first >= 100) & (first < 100 + losses + equal)
    gain_N = np.where(mine_N, first < gains, first % 2 == 0)
    lost_N = np.where(theirs_N, first < 100 + losses, ~gain_N)
    lost_N &= ~mine_N
    gain_N &= ~theirs_N
    elsewhere_N = np.array([f"b{n % others}" for n in range(N)])
    sides = []
    for name, wrong_N, a_N in (("old", gain_N, mine_N), ("new", lost_N, theirs_N)):
        slices = {"ward": np.where(a_N, "a", elsewhere_N).tolist()}
        pred_MN = np.where(wrong_N, 1, 0)[None]
        sides.append(records_from(pred_MN, LABEL, 2, name=name, slices=slices))
    return sides[0], sides[1]


@pytest.mark.parametrize(("others", "refused"), [(1, True), (12, False)])
def test_of_many_values_one_has_to_go_with_the_models_more_plainly(others: int, refused: bool):
    """Eight gains and eight losses happen to one value in 6,400, and there are 2 or 13 of them."""
    found = why_disputed(align(*turning(8, 8, 0, others)), "ward")
    assert (found is not None) is refused


def test_answers_that_are_equally_good_tell_nothing_of_who_gains():
    found = why_disputed(align(*turning(10, 10, 30, 1)), "ward")
    assert found is not None
    assert found.endswith(", its values there go with which of the two is right")


def test_a_column_that_nobody_asks_for_may_differ() -> None:
    old, new = equal_models(200)
    found = audit(old, [new], Settings(by=("site",), draws=100))
    assert found.notices == ()
    assert "Slice 'sure' differs on 200 of 1,000 examples; 'old' is followed." in found.assumptions


def test_the_way_out_that_the_message_names_is_one() -> None:
    """With the same values in both files, a column says what it says of the examples."""
    old, new = equal_models(200)
    new = with_site(new, np.arange(N) % 4 == 1)
    with pytest.raises(NotComparableError, match="differ in column 'site' on 250 of 1,000"):
        audit(old, [new], Settings(by=("site",), draws=100))
    same = with_site(new, np.zeros(N, dtype=bool))
    assert audit(old, [same], Settings(by=("site",), draws=100)).notices == ()


def test_a_column_class_gives_way_to_the_labels() -> None:
    """The slice is made of the labels, so what the column says of either side does not matter."""
    old, new = equal_models(200)
    old, new = (
        with_site(side, np.arange(N) < moved, "class") for side, moved in ((old, 0), (new, 500))
    )
    found = audit(old, [new], Settings(by=("class",), draws=100))
    assert found.notices == ()
    assert set(found.findings.filter(pl.col("slice") == "class")["value"]) >= {"class 0"}
    unlabelled = [
        replace(side, examples=side.examples.with_columns(label=pl.lit(None, pl.Int32)))
        for side in (old, new)
    ]
    with pytest.raises(NotComparableError, match="differ in column 'class' on 500 of 1,000"):
        audit(unlabelled[0], [unlabelled[1]], Settings(by=("class",), draws=100))


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
