"""Outcomes that are not there: refused with counts, left out, or counted as wrong; and said in the
verdict."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest

import worlds
from undertow.audit import Settings, audit
from undertow.audit.measures import false_negative_rate, false_positive_rate
from undertow.errors import NotComparableError, UserError
from undertow.records.check import Aligned, align
from undertow.records.formats.detect import read_any
from undertow.records.reading import Reading
from undertow.records.records import Records
from undertow.records.write import write_records

LABEL = [0, 1, 2, 0, 1]


def made(name: str, *pred: list[int], **options: Any) -> Records:
    return worlds.records_from(pred, LABEL, ("x", "y", "z"), name=name, **options)


OLD, NEW = made("old", [0, 1, 2, 0, -1]), made("new", [0, -1, 2, 1, -1])
LACK = "1 of 5 examples in 'old' (first 'e0004') and 2 of 5 examples in 'new' (first 'e0001')"


def refused(a: Records, b: Records, **options: Any) -> str:
    with pytest.raises(NotComparableError) as caught:
        align(a, b, **options)
    return str(caught.value)


def test_missing_predictions_are_refused_with_counts_and_the_ways_on():
    assert refused(OLD, NEW) == (
        f"'old' and 'new' lack outcomes: there is no prediction for {LACK}; evaluate them again, "
        "or add --missing wrong, which counts each as a wrong answer of its side, or --allow-partial, which leaves those examples out on both sides, so that a model pays nothing for what it did not answer"
    )


def test_they_can_be_left_out():
    aligned = align(OLD, NEW, allow_partial=True)
    assert aligned.reference.example_id_N.to_list() == ["e0000", "e0002", "e0003"]
    assert f"Left out, because they have no prediction: {LACK}." in aligned.assumptions
    assert aligned.coverage == "Compared on 3 of 5 examples."


def test_where_nothing_is_left_that_is_no_way():
    none = made("new", [-1] * 5)
    assert refused(OLD, none, allow_partial=True) == (
        "'old' and 'new' lack outcomes: there is no prediction for 1 of 5 examples in 'old' (first "
        "'e0004') and 5 of 5 examples in 'new' (first 'e0000'); evaluate them again, or add --missing wrong, which counts each as a wrong answer of its side"
    )


def test_they_can_count_as_wrong():
    proba = np.full((1, 5, 3), np.float32(1 / 3))
    old, new = (
        made("old", [0, 1, 2, 0, -1], proba=proba),
        made("new", [0, -1, 2, 1, -1], proba=proba),
    )
    aligned = align(old, new, missing="wrong")
    assert aligned.reference.correct_MN.tolist() == [[1, 1, 1, 1, 0]]
    assert aligned.variant.correct_MN.tolist() == [[1, 0, 1, 0, 0]]
    assert aligned.variant.pred_MN.tolist() == [[0, 3, 2, 1, 3]]
    assert aligned.reference.classes == aligned.variant.classes == ("x", "y", "z", "no answer")
    assert aligned.variant.proba_MNC is not None
    assert aligned.variant.proba_MNC[0, :, 3].tolist() == [0] * 5
    assert f"Counted as wrong, because they have no prediction: {LACK}." in aligned.assumptions
    assert aligned.coverage == "2 of 5 examples have no outcome on a side and count as wrong there."


def test_a_class_of_that_name_is_another_class():
    names = ("x", "no answer", "z")
    old, new = (
        worlds.records_from([p], LABEL, names, name=n)
        for n, p in (("old", LABEL), ("new", [-1, 1, 2, 0, 1]))
    )
    assert align(old, new, missing="wrong").variant.classes == (*names, "(no answer)")


def test_of_two_classes_nobody_gave_the_other_one():
    """A blank is no false alarm and no miss."""
    label = [0, 1, 0, 1]
    options = {"task": "binary", "positive": "y"}
    old = worlds.records_from([label], label, ("x", "y"), name="old", **options)
    new = worlds.records_from([[-1, -1, 1, 1]], label, ("x", "y"), name="new", **options)
    variant = align(old, new, missing="wrong").variant
    assert variant.pred_MN.tolist() == [[2, 2, 1, 1]]
    assert (variant.classes, variant.answer_classes) == (("x", "y", "no answer"), ("x", "y"))
    assert variant.correct_MN.tolist() == [[0, 0, 0, 1]]
    rates = [
        rate.function(variant)[0].tolist() for rate in (false_positive_rate, false_negative_rate)
    ]
    np.testing.assert_array_equal(rates, [[np.nan, np.nan, 1, np.nan], [np.nan] * 3 + [0]])
    found = audit(old, [new], Settings(draws=100), missing="wrong").findings
    assert {"false_positive_rate", "false_negative_rate"} <= set(found["measure"])


def test_no_answer_is_no_class_of_examples():
    """Neither where a label is missing too."""
    label = [0, 1, 0, 1, -1] * 20
    pred = np.array(label)
    pred[pred < 0] = 0
    blank = pred.copy()
    blank[:10] = -1
    options = {"task": "binary", "positive": "y"}
    old, new = (
        worlds.records_from([p], label, ("x", "y"), name=n, **options)
        for n, p in (("old", pred), ("new", blank))
    )
    found = audit(old, [new], Settings(by=("class",), draws=100), missing="wrong")
    rows = found.findings.filter((pl.col("measure") == "churn") & (pl.col("slice") == "class"))
    assert rows.select("value", "n_examples").rows() == [("x", 40), ("y", 40), ("(missing)", 20)]
    assert found.classes == ("x", "y")
    assert not any("no example" in said for said in found.variants[0].design)


def test_a_class_of_that_name_that_labels_have_is_an_answer():
    records = worlds.records_from([[0, 1]], [0, 1], ("x", "no answer"))
    assert records.answer_classes == records.classes
    assert worlds.records_from([[0, 1]], None, ()).answer_classes == ()


def graded(name: str, score: list[float | None], task: list[str] | None = None) -> Records:
    pred = [[0 if s == 1 else 1 if s == 0 else -1 for s in score]]
    slices = {} if task is None else {"task": task}
    records = worlds.records_from(
        pred, None, ("right", "wrong 1"), name=name, task="generation", slices=slices
    )
    score_MN = np.array([[np.nan if s is None else s for s in score]], dtype=np.float32)
    texts = pl.Series(
        "answer", [None if s is None else f"said {s}" for s in score], dtype=pl.String
    )
    return replace(records, score_MN=score_MN, answers=(texts,))


def test_missing_scores_are_missing_outcomes():
    old, new = graded("old", [1, 1, 0, 1]), graded("new", [1, None, 0, None])
    lack = "2 of 4 examples in 'new' (first 'e0001')"
    assert refused(old, new).startswith(
        f"'old' and 'new' lack outcomes: there is no score for {lack}; evaluate"
    )
    partial = align(old, new, allow_partial=True)
    assert (partial.reference.N, partial.coverage) == (2, "Compared on 2 of 4 examples.")
    wrong = align(old, new, missing="wrong")
    assert wrong.variant.correct_MN.tolist() == [[1, 0, 0, 0]]
    churn_N = wrong.variant.pred_MN[0] != wrong.reference.pred_MN[0]
    assert churn_N.tolist() == [False, True, False, True]
    assert (wrong.variant.pred_MN >= 0).all()
    assert f"Counted as wrong, because they have no score: {lack}." in wrong.assumptions


def test_a_task_that_nobody_scores_lacks_nothing():
    tasks = ["a", "a", "b", "b"]
    old, new = graded("old", [1, 0, None, None], tasks), graded("new", [0, 1, None, None], tasks)
    aligned = align(old, new)
    assert aligned.reference.N == 4
    assert aligned.coverage == "Compared on 2 of 4 examples."
    half = graded("new", [0, 1, 1, 0], tasks)
    assert "2 of 4 examples in 'old' (first 'e0002')" in refused(old, half)


def test_a_label_that_is_missing_is_counted_and_refuses_nothing():
    label = [0, 1, -1, -1, 1]
    old, new = (
        worlds.records_from([[0, 1, 1, 0, 1]], label, 2, name=name) for name in ("old", "new")
    )
    aligned = align(old, new)
    assert aligned.reference.N == 5
    assert aligned.coverage == "Compared on 3 of 5 examples."
    bare = [worlds.records_from([[0, 1, 1]], None, 2, name=name) for name in ("old", "new")]
    assert align(*bare).coverage == ""


def test_a_comparison_of_all_says_nothing():
    whole = align(made("old", LABEL), made("new", LABEL))
    assert whole.coverage == ""


TABLE = "example_id,prediction,label\n1,a,a\n2,b,b\n3,a,a\n4,b,b\n"
EMPTY = TABLE.replace("3,a,a", "3,,a")


@pytest.fixture
def sides(tmp_path):
    def read(before: str, after: str, **options: Any) -> Aligned:
        both = []
        for name, text in (("old", before), ("new", after)):
            path = tmp_path / f"{name}.csv"
            path.write_text(text)
            both.append(read_any([path], **options)[0])
        wanted = {k: options[k] for k in ("allow_partial", "missing") if k in options}
        return align(*both, **wanted)

    return read


def test_what_reading_left_out_of_both_sides_is_counted_once(sides):
    aligned = sides(EMPTY, EMPTY + "5,a,a\n,a,a\n", allow_partial=True)
    assert aligned.reference.N == 3
    assert aligned.coverage == "Compared on 3 of 6 examples."


def test_empty_predictions_are_kept_to_count_as_wrong(sides):
    aligned = sides(TABLE, EMPTY, missing="wrong")
    assert aligned.variant.correct_MN.tolist() == [[1, 1, 0, 1]]
    assert aligned.coverage == "1 of 4 examples has no outcome on a side and counts as wrong there."


def test_a_row_that_is_empty_in_part_has_no_answer(tmp_path):
    path = tmp_path / "p.csv"
    path.write_text("example_id,label,p_a,p_b,p_c\n1,a,0.9,0.1,0\n2,b,,0.8,0.1\n3,c,0.1,0.1,0.8\n")
    for missing in ("wrong", "refuse"):
        records = read_any([path], missing=missing)[0]
        assert records.pred_MN.tolist() == [[0, -1, 2]]
        assert records.proba_MNC is not None
        assert np.isnan(records.proba_MNC[0, 1]).all()


def test_empty_predictions_in_a_file_are_refused_by_the_comparison_which_knows_both_sides(sides):
    with pytest.raises(NotComparableError) as caught:
        sides(EMPTY, EMPTY)
    assert str(caught.value) == (
        "'old' and 'new' lack outcomes: there is no prediction for 1 of 4 examples in 'old' (first "
        "'3') and 1 of 4 examples in 'new' (first '3'); evaluate them again, or add --missing wrong, which counts each as a wrong answer of its side, or --allow-partial, which leaves those examples out on both sides, so that a model pays nothing for what it did not answer"
    )


def test_a_population_keeps_what_is_empty(tmp_path):
    (tmp_path / "a.csv").write_text(EMPTY)
    records = read_any([tmp_path / "a.csv"])[0]
    write_records(records, tmp_path / "folder")
    assert read_any([tmp_path / "folder"])[0].pred_MN.tolist() == records.pred_MN.tolist()


def test_of_two_classes_and_a_missing_label_none_is_wrong():
    """Where one label is missing the other class may be right, so a missing answer is one of its
    own."""
    old = worlds.records_from([[0, 1, 0]], [0, 1, -1], ("x", "y"), name="old")
    new = worlds.records_from([[-1, 1, 0]], [0, 1, -1], ("x", "y"), name="new")
    aligned = align(old, new, missing="wrong")
    assert aligned.variant.pred_MN.tolist() == [[2, 1, 0]]
    assert aligned.variant.classes == ("x", "y", "no answer")


def test_repeats_of_which_one_has_no_score_have_none(tmp_path):
    path = tmp_path / "r.csv"
    path.write_text("example_id,score\nq1,1\nq1,\nq2,1\nq2,0\n")
    score_MN = read_any([path])[0].score_MN
    assert score_MN is not None
    assert np.isnan(score_MN[0, 0])
    assert score_MN[0, 1] == 0.5


def test_another_word_is_refused():
    with pytest.raises(UserError) as caught:
        Reading(missing="right")  # type: ignore[arg-type]
    assert str(caught.value) == "--missing right: choose refuse or wrong"
