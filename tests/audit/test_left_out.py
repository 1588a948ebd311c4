"""Examples that a partial comparison leaves out are set against the rest."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from undertow.audit import Settings, audit
from undertow.audit.gate import gate
from undertow.audit.gate.policy import parse_policy
from undertow.errors import NotComparableError
from undertow.records.reading import Missing
from undertow.records.records import Records
from undertow.report import render_html, summary_text
from worlds import records_from

N = 1000
PLACE_N = np.arange(N)
LABEL_N = PLACE_N % 4
CLASSES = ("car", "cat", "ship", "truck")
SITE = ["north" if n < 200 else "south" for n in PLACE_N]
BEFORE_N = np.where(PLACE_N % 10 == 0, (LABEL_N + 1) % 4, LABEL_N)
FAILS_N = (LABEL_N == 3) & (PLACE_N % 5 > 0)
AFTER_N = np.where(FAILS_N, 0, BEFORE_N)
RULES = "[[max_drop]]\npoints = 1.0\n"
POLICY, ALLOWED = parse_policy(RULES), parse_policy(f'left_out = "allowed"\n{RULES}')


def sides(pred_N: np.ndarray, kept_N: np.ndarray | None = None) -> tuple[Records, Records]:
    """The new side, with some of its answers empty or its rows gone."""
    old, new = (
        records_from(p[None], LABEL_N, CLASSES, name=name, slices={"site": SITE})
        for name, p in (("old", BEFORE_N), ("new", pred_N))
    )
    return old, new if kept_N is None else new.take_examples(np.flatnonzero(kept_N))


def said(both: tuple[Records, Records], by: tuple[str, ...] = ()) -> tuple[str, ...]:
    found = audit(both[0], [both[1]], Settings(by=by, draws=100), allow_partial=True)
    return tuple(notice for notice in found.notices if "left out" in notice)


def test_empty_answers_where_it_fails_are_said_to_be_unlike_the_rest():
    both = sides(np.where(FAILS_N, -1, AFTER_N))
    wanted = (
        "200 of 1,000 examples were left out, 80 % of class truck and 20 % of all; counted as wrong, "
        "accuracy would fall by 20.0 points. Add --missing wrong."
    )
    assert said(both) == (wanted,)
    open_ = gate(both[0], [both[1]], POLICY, allow_partial=True)
    assert open_.verdict == "cannot tell"
    assert open_.reason == (
        "left_out on all cannot be decided: 200 of 1,000 examples of 'old' were left out: 200 of them "
        "are not compared for want of an answer or a row. If 'new' is wrong on all of these, max_drop "
        "on all need not hold: it may be 22.19 points, and the limit is 1. Add --missing wrong. Or, if "
        'they may be left out, write left_out = "allowed" at the top of the policy. The one required '
        "check passes. Compared on 800 of 1,000 examples."
    )
    result = gate(both[0], [both[1]], ALLOWED, allow_partial=True)
    assert result.verdict == "pass"
    assert result.reason == (
        "The one required check passes. Compared on 800 of 1,000 examples. 200 of those left out have "
        "no answer of 'new'; counted as wrong, accuracy would fall by 20.0 points."
    )
    assert result.audit is not None
    assert wanted in result.audit.assumptions
    assert f"NOTE: {wanted}" in summary_text(result.audit).splitlines()
    assert wanted in render_html(result.audit).replace("<wbr>", "")
    counted = gate(both[0], [both[1]], POLICY, allow_partial=True, missing="wrong")
    assert counted.decisions[0].observed == pytest.approx(20.0)


def test_rows_that_are_gone_need_a_row_to_count_as_wrong():
    assert said(sides(AFTER_N, ~FAILS_N)) == (
        "200 of 1,000 examples were left out, 80 % of class truck and 20 % of all; counted as wrong, "
        "accuracy would fall by 20.0 points. Give each a row with its label and an empty answer, and add "
        "--missing wrong.",
    )


def test_rows_that_the_reference_lacks_are_said_too_and_no_number_is_known():
    old, new = sides(AFTER_N)
    assert said((old.take_examples(np.flatnonzero(~FAILS_N)), new)) == (
        "200 of 1,000 examples were left out, 80 % of class truck and 20 % of all: what is compared does "
        "not stand for all.",
    )


def test_a_slice_that_was_asked_for_is_named_where_it_is_lost():
    gone_N = (PLACE_N < 200) & (PLACE_N % 2 == 0)
    both = sides(BEFORE_N, ~gone_N)
    assert said(both, ("site",)) == (
        "100 of 1,000 examples were left out, 50 % of site north and 10 % of all; counted as wrong, "
        "accuracy would fall by 8.0 points. Give each a row with its label and an empty answer, and add "
        "--missing wrong.",
    )


def test_other_labels_of_many_are_never_left_out():
    old, new = sides(AFTER_N)
    label_N = np.where(FAILS_N, AFTER_N, LABEL_N).astype(np.int32)
    new = replace(new, examples=new.examples.with_columns(pl.Series("label", label_N)))
    with pytest.raises(NotComparableError, match="for one example: 200 of 1000 examples"):
        said((old, new))


def test_other_inputs_are_no_missing_answers():
    old, new = sides(AFTER_N)
    other_N = np.where(FAILS_N, PLACE_N.astype(str), old.examples["example_id"].to_numpy())
    old = replace(old, examples=old.examples.with_columns(content_hash=pl.col("example_id")))
    given = pl.Series("content_hash", other_N, dtype=pl.String)
    new = replace(new, examples=new.examples.with_columns(given))
    assert said((old, new)) == (
        "200 of 1,000 examples were left out, 80 % of class truck and 20 % of all: what is compared does "
        "not stand for all.",
    )


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("seeds", "most"), [(20, 2), pytest.param(200, 6, marks=pytest.mark.heavy)]
)  # At 1 %: P(more) < 0.005.
def test_what_is_left_out_at_random_has_what_it_costs_and_no_class(seeds, most):
    unlike = 0
    for seed in range(seeds):
        gone_N = np.random.default_rng(seed).random(N) < 0.2
        (note,) = said(sides(BEFORE_N, ~gone_N), ("class", "site"))
        fall = 100 * (BEFORE_N == LABEL_N)[gone_N].mean() * gone_N.mean()
        assert f"; counted as wrong, accuracy would fall by {fall:.1f} points. Give" in note
        unlike += f"{gone_N.sum()} of 1,000 examples were left out;" not in note
    assert unlike <= most


def test_a_gain_on_what_is_left_names_the_choice_first():
    both = sides(np.where(BEFORE_N != LABEL_N, -1, BEFORE_N))
    result = gate(both[0], [both[1]], POLICY, allow_partial=True)
    assert result.decisions[0].rule != "implausible_gain"  # Nothing gained on what both answer.
    right_N = np.where(PLACE_N % 10 == 0, LABEL_N, BEFORE_N)
    gone_N = PLACE_N % 10 == 1
    empty, absent = sides(np.where(gone_N, -1, right_N)), sides(right_N, ~gone_N)
    row = "give each a row with its label and an empty answer"
    assert gained(empty, "refuse", "add --missing wrong")
    assert gained(absent, "refuse", f"{row}, and add --missing wrong")
    assert gained(absent, "wrong", f"{row}, which --missing wrong counts as wrong")


def gained(both: tuple[Records, Records], missing: Missing, way: str) -> bool:
    """Whether the guard says this way, and nothing else."""
    guard = gate(both[0], [both[1]], POLICY, allow_partial=True, missing=missing).decisions[0]
    return guard.reason == (
        f"Accuracy gained 11.11 points (one-sided 95 % limits {guard.low:+.2f} to "
        f"{guard.high:+.2f}), more than is plausible. 100 of 1,000 examples were left out; if they "
        f"are those on which it fails, this gain is theirs: {way}. Else look for leaked answers, "
        "another prompt or another filter, or write max_gain = 12 at the top of the policy."
    )


def test_what_the_reference_alone_lacks_is_no_reason_of_a_gain():
    right_N = np.where(PLACE_N % 10 == 0, LABEL_N, BEFORE_N)
    old, new = sides(right_N)
    kept = old.take_examples(np.flatnonzero(PLACE_N % 10 != 1))
    guard = gate(kept, [new], POLICY, allow_partial=True).decisions[0]
    assert guard.rule == "implausible_gain"
    assert "more than is plausible: look for leaked answers" in guard.reason


EVEN_N = PLACE_N % 20 < 4  # As many of each class, and of each site.


@pytest.mark.parametrize("empty", [True, False])
def test_what_fails_everywhere_alike_has_its_cost_said_too(empty: bool):
    """In no class more than in another, so it is told from the rest by its number alone."""
    both = sides(np.where(EVEN_N, -1, BEFORE_N)) if empty else sides(BEFORE_N, ~EVEN_N)
    way = "Add" if empty else "Give each a row with its label and an empty answer, and add"
    assert said(both, ("class", "site")) == (
        "200 of 1,000 examples were left out; counted as wrong, accuracy would fall by 15.0 points. "
        f"{way} --missing wrong.",
    )


def test_the_cost_is_that_of_what_the_variant_alone_lacks():
    """Nor does one example that the reference lacks, or whose label differs, hide it."""
    old, new = sides(np.where(EVEN_N, -1, BEFORE_N))
    label_N = np.where(PLACE_N == 7, 0, LABEL_N).astype(np.int32)
    new = replace(new, examples=new.examples.with_columns(pl.Series("label", label_N)))
    old = old.take_examples(np.flatnonzero((PLACE_N < 500) | (PLACE_N % 20 != 5)))
    assert said((old, new)) == (
        "226 of 1,000 examples were left out, 200 of them as 'new' alone has no answer; counted as "
        "wrong, accuracy would fall by 15.4 points. Add --missing wrong.",
    )


@pytest.mark.parametrize(
    ("right", "would"),
    [(100, "rise by 5.0 points"), (50, "stay as it is"), (0, "fall by 5.0 points")],
)
def test_a_variant_that_is_better_on_the_rest_may_gain_all_the_same(right: int, would: str):
    """50 right answers are lost, and ``right`` of 100 wrong ones are none any more."""
    lost_N = PLACE_N % 20 == 1
    after_N = np.where((PLACE_N % 10 == 0) & (10 * right > PLACE_N), LABEL_N, BEFORE_N)
    (note,) = said(sides(np.where(lost_N, -1, after_N)), ("site",))
    assert f"; counted as wrong, accuracy would {would}. Add --missing wrong." in note


def test_of_grades_the_cost_is_of_their_mean():
    old, new = (
        replace(side, score_MN=np.where(gone_N, np.nan, 0.5).astype(np.float32)[None])
        for side, gone_N in zip(sides(BEFORE_N), (PLACE_N < 0, EVEN_N), strict=True)
    )
    assert said((old, new)) == (
        "200 of 1,000 examples were left out; counted as wrong, mean score would fall by 10.0 "
        "points. Add --missing wrong.",
    )


def test_of_several_variant_members_no_cost_is_known():
    old, _ = sides(BEFORE_N)
    two = records_from(
        np.where(EVEN_N, -1, np.stack([BEFORE_N, AFTER_N])), LABEL_N, CLASSES, name="new"
    )
    assert said((old, two)) == ()


def test_what_the_sides_disagree_about_costs_nothing_and_no_flag_counts_it():
    """It is left out with an answer and without one."""
    old, new = (
        replace(side, examples=side.examples.with_columns(content_hash=pl.col("example_id")))
        for side in sides(np.where(EVEN_N, -1, BEFORE_N))
    )
    mine = new.examples["content_hash"].to_numpy()
    other_N = np.where(EVEN_N, PLACE_N.astype(str), mine)
    values = pl.Series("content_hash", other_N, dtype=pl.String)
    new = replace(new, examples=new.examples.with_columns(values))
    assert not [note for note in said((old, new)) if "counted as wrong" in note]


def few(labels_differ: int = 0, lost: int = 0) -> tuple[Records, Records]:
    """Of 1,000 examples the first have other labels at the new side, where it is wrong, and the
    next have no answer of it."""
    at_N = labels_differ > PLACE_N
    pred_N = np.where(
        at_N, (LABEL_N + 1) % 4, np.where(labels_differ + lost > PLACE_N, -1, LABEL_N)
    )
    old, new = (
        records_from(p[None], LABEL_N, CLASSES, name=name, slices={"site": SITE})
        for p, name in ((LABEL_N, "old"), (pred_N, "new"))
    )
    label_N = np.where(at_N, (LABEL_N + 1) % 4, LABEL_N).astype(np.int32)
    return old, replace(new, examples=new.examples.with_columns(pl.Series("label", label_N)))


def test_labels_that_differ_where_the_new_model_errs_are_no_pass():
    old, new = few(labels_differ=30)
    found = gate(old, [new], POLICY, allow_partial=True)
    assert found.verdict == "cannot tell"
    assert found.reason == (
        "left_out on all cannot be decided: 30 of 1,000 examples of 'old' were left out: the labels of "
        "the sides differ on 30 of them. If 'new' is wrong on all of these, max_drop on all need not "
        "hold: it may be 4.08 points, and the limit is 1. Write the same labels into both files. Or, if "
        'they may be left out, write left_out = "allowed" at the top of the policy. The one required '
        "check passes. Compared on 970 of 1,000 examples."
    )


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("out", "points", "verdict"),
    [(2, 1.0, "pass"), (9, 1.0, "cannot tell"), (30, 5.0, "pass"), (45, 5.0, "cannot tell")],
)
@pytest.mark.parametrize("kind", ["labels_differ", "lost"])
def test_a_pass_holds_where_all_that_is_left_out_may_be_lost(
    kind: str, out: int, points: float, verdict: str
):
    policy = parse_policy(f"[[max_drop]]\npoints = {points}\n")
    old, new = few(**{kind: out})
    assert gate(old, [new], policy, allow_partial=True).verdict == verdict


def test_what_the_reference_has_wrong_cannot_be_lost():
    """But where right answers differ, it may have been right."""
    old, new = few(lost=30)
    wrong = replace(old, pred_MN=np.where(PLACE_N < 30, (LABEL_N + 1) % 4, LABEL_N)[None])
    assert gate(wrong, [new], POLICY, allow_partial=True).verdict == "pass"
    old, new = few(labels_differ=30)
    wrong = replace(old, pred_MN=np.where(PLACE_N < 30, (LABEL_N + 1) % 4, LABEL_N)[None])
    assert gate(wrong, [new], POLICY, allow_partial=True).verdict == "cannot tell"


def test_a_slice_of_which_much_is_left_out_is_asked_by_itself():
    """30 of 200 in the north are 3 % of all."""
    old, new = few(lost=30)
    by = parse_policy('[[worst_slice_drop]]\nby = "site"\npoints = 8.0\n')
    found = gate(old, [new], by, allow_partial=True)
    assert found.verdict == "cannot tell"
    assert "worst_slice_drop on site=north need not hold" in found.reason


def test_a_slice_that_is_left_out_as_a_whole_is_no_pass():
    old, new = few()
    by = parse_policy('[[worst_slice_drop]]\nby = "site"\npoints = 30.0\n')
    kept = new.take_examples(np.flatnonzero((PLACE_N >= 200) | (PLACE_N % 2 == 0)))
    assert gate(old, [kept], by, allow_partial=True).verdict == "cannot tell"
    four = parse_policy('[[worst_slice_drop]]\nby = "class"\npoints = 30.0\n')
    kept = new.take_examples(np.flatnonzero(LABEL_N > 0))
    found = gate(old, [kept], four, allow_partial=True)
    assert "worst_slice_drop on class=car need not hold: it may be 100.00 points" in found.reason


def test_new_errors_that_are_counted_may_be_all_that_are_left_out():
    old, new = few(labels_differ=4)
    for count, verdict in ((3, "cannot tell"), (4, "pass")):
        policy = parse_policy(f"[[max_new_errors]]\ncount = {count}\n")
        assert gate(old, [new], policy, allow_partial=True).verdict == verdict


def test_a_loss_that_is_shown_fails_whatever_is_left_out():
    old, new = few(lost=30)
    worse = replace(new, pred_MN=np.where(PLACE_N > 800, (LABEL_N + 1) % 4, new.pred_MN))
    found = gate(old, [worse], POLICY, allow_partial=True)
    assert found.verdict == "fail"
    assert [d.rule for d in found.decisions] == ["max_drop"]
