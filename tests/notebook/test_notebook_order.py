"""Frames are joined by their ids in any order; only single columns of pandas stand by position."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
from polars.testing import assert_frame_equal

import undertow
from notebooks import AGE, IDS, LABELS, NEW, OLD
from undertow.errors import UserError

pytestmark = pytest.mark.heavy

NAMED = {"id": "id", "prediction": "y_pred", "label": "y_true"}
OURS = {"id": "example_id", "y_pred": "prediction", "y_true": "label"}


def table(answers: object) -> pd.DataFrame:
    return pd.DataFrame({"id": range(len(OLD)), "y_pred": answers, "y_true": LABELS, "age": AGE})


def shuffled(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.sample(frac=1, random_state=1)


@pytest.fixture(scope="module")
def expected() -> pl.DataFrame:
    old, new = (pl.from_pandas(table(a)) for a in (OLD, NEW))
    return undertow.compare(old, new, by="age", **NAMED).findings


@pytest.mark.parametrize(
    "given",
    [
        lambda old, new: (old, shuffled(new)),
        lambda old, new: (old.sort_values("age"), new),
        lambda old, new: (old.set_index("id"), shuffled(new.set_index("id"))),
        lambda old, new: (old, new.set_index("id")),
        lambda old, new: (old, shuffled(new).reset_index(drop=True)),
        lambda old, new: (old.rename_axis("id").drop(columns="id"), shuffled(new)),
    ],
    ids=["shuffled", "sorted", "index", "one index", "numbered anew", "counting index"],
)
def test_frames_with_ids_are_joined_by_them_whatever_their_index(expected, given):
    found = undertow.compare(*given(table(OLD), table(NEW)), by="age", **NAMED)
    assert_frame_equal(found.findings, expected)


def test_the_usual_names_and_a_list_of_seeds_are_joined_by_id_too(expected: pl.DataFrame):
    old, new = (table(a).rename(columns=OURS) for a in (OLD, NEW))
    assert_frame_equal(undertow.compare(old, shuffled(new), by="age").findings, expected)
    seeds = undertow.compare([old, shuffled(old)], shuffled(new), by="age")
    assert seeds.audit.reference.members == 2
    alone = {"measure": "accuracy", "slice": "all"}
    effects = [f.filter(**alone)["effect"].to_list() for f in (seeds.findings, expected)]
    assert effects[0] == pytest.approx(effects[1])


def test_an_index_without_a_name_is_called_index(expected: pl.DataFrame):
    names = {**NAMED, "id": "index"}
    old, new = (table(a).drop(columns="id") for a in (OLD, NEW))
    for given in (new, shuffled(new)):
        assert_frame_equal(undertow.compare(old, given, by="age", **names).findings, expected)
    of_words = [f.set_axis(IDS) for f in (old, new)]
    found = undertow.compare(of_words[0], shuffled(of_words[1]), by="age", **names)
    assert_frame_equal(found.findings, expected)


def test_a_frame_without_ids_is_told_that_its_index_can_be_them():
    old, new = (table(a).drop(columns="id") for a in (OLD, NEW))
    for given in ((old, new), (old, shuffled(new)), (shuffled(old), new)):
        with pytest.raises(UserError) as caught:
            undertow.compare(*given, prediction="y_pred", label="y_true")
        assert str(caught.value) == (
            "old: has no column 'example_id', by which frames are joined; it has 'y_pred', "
            "'y_true', 'age'; if its index names the examples, add id='index', else make a column "
            "of ids, or, if the rows of both sides are in one order, add id='none'"
        )


def test_right_answers_in_a_column_stand_by_position_beside_a_frame(expected: pl.DataFrame):
    old, new = (table(a).drop(columns="y_true") for a in (OLD, NEW))
    right = pd.Series(LABELS)
    named = {"id": "id", "prediction": "y_pred", "by": "age"}
    assert_frame_equal(undertow.compare(old, new, labels=right, **named).findings, expected)
    with pytest.raises(UserError) as caught:
        undertow.compare(old, shuffled(new), labels=right, **named)
    assert str(caught.value) == (
        "labels: its index is not that of new, and single columns are joined by position; give "
        "frames, which are joined by name: "
        "labels.to_frame('label').rename_axis('id').reset_index()"
    )


POSITION = "labels: single columns are joined by position, and the rows of old and new are in two"
OF_OLD = (
    "; if they are in the order of old, give them with its ids: labels=polars.DataFrame("
    "{'example_id': list(old['example_id']), 'label': list(labels)})"
)


@pytest.mark.parametrize("partial", [False, True])
@pytest.mark.parametrize("made", [pd.Series, list, np.array])
@pytest.mark.parametrize("ids", [IDS, list(range(len(IDS)))], ids=["words", "numbers"])
def test_right_answers_by_position_beside_frames_in_two_orders(made, ids, partial):
    """Whatever may be left out: the answers of one would be those of other examples."""
    old, new = (pd.DataFrame({"example_id": ids, "prediction": a}) for a in (OLD, NEW))
    turned, labels = shuffled(new).reset_index(drop=True), made(LABELS)
    with pytest.raises(UserError) as caught:
        undertow.compare(old, turned, labels=labels, allow_partial=partial)
    first = f"(row 0 is '{ids[0]}' in one and '{turned['example_id'][0]}' in the other)"
    assert str(caught.value) == f"{POSITION} orders {first}{OF_OLD}"
    cure = pl.DataFrame({"example_id": list(old["example_id"]), "label": list(labels)})
    expected = undertow.compare(old, new, labels=labels).findings
    assert_frame_equal(undertow.compare(old, turned, labels=cure).findings, expected)


@pytest.mark.parametrize("name", [None, "image"])
def test_right_answers_and_frames_by_an_index_that_nobody_has_named(name):
    """What to type is whole: the ids of the frames are their index too."""
    old, new = (pd.DataFrame({"prediction": a}, index=pd.Index(IDS, name=name)) for a in (OLD, NEW))
    labels, key = pd.Series(LABELS, index=IDS), name or "index"
    with pytest.raises(UserError) as caught:
        undertow.compare(old, shuffled(new), labels=labels)
    assert str(caught.value) == (
        "labels: its index is not that of new, and single columns are joined by position; give "
        f"frames, which are joined by name: labels.to_frame('label').rename_axis({key!r})"
        f".reset_index(), with id={key!r}"
    )
    expected = undertow.compare(old, new, labels=labels, id=key).findings
    typed = labels.to_frame("label").rename_axis(key).reset_index()
    found = undertow.compare(old, shuffled(new), labels=typed, id=key)
    assert_frame_equal(found.findings, expected)


def test_right_answers_by_position_beside_an_index_and_beside_an_array():
    old, new = (pd.DataFrame({"prediction": a}, index=IDS) for a in (OLD, NEW))
    with pytest.raises(UserError) as caught:
        undertow.compare(old, shuffled(new), labels=LABELS, id="index")
    assert str(caught.value).endswith("{'example_id': list(old.index), 'label': list(labels)})")
    numbered = pl.DataFrame({"example_id": range(len(OLD)), "prediction": NEW})
    with pytest.raises(UserError) as caught:
        undertow.compare(np.array(OLD), numbered[::-1], labels=LABELS)
    assert str(caught.value) == (
        f"{POSITION} orders (row 0 is '0' in one and '{len(OLD) - 1}' in the other); if they are in "
        "the order of old, give them with its ids: labels=polars.DataFrame({'example_id': "
        "range(len(labels)), 'label': list(labels)})"
    )
    cure = pl.DataFrame({"example_id": range(len(OLD)), "label": LABELS})
    expected = undertow.compare(np.array(OLD), numbered, labels=LABELS).findings
    found = undertow.compare(np.array(OLD), numbered[::-1], labels=cure).findings
    assert_frame_equal(found, expected)


def test_an_index_that_counts_rows_and_holds_no_ids_is_not_called_ids():
    """One left over from a filter names no example, so that a frame of it would have none."""
    keep = [n % 3 > 0 for n in range(len(IDS))]
    old, new = (pd.DataFrame({"example_id": IDS, "prediction": a})[keep] for a in (OLD, NEW))
    labels = pd.Series(LABELS)[keep]
    with pytest.raises(UserError) as caught:
        undertow.compare(old, shuffled(new), labels=labels)
    assert str(caught.value) == (
        f"labels: its index is not that of new, and single columns are joined by position{OF_OLD}"
    )
    cure = pl.DataFrame({"example_id": list(old["example_id"]), "label": list(labels)})
    expected = undertow.compare(old, new, labels=labels).findings
    assert_frame_equal(undertow.compare(old, shuffled(new), labels=cure).findings, expected)


@pytest.mark.parametrize(
    ("made", "ids"),
    [(pd.DataFrame, IDS), (pl.DataFrame, IDS), (pl.DataFrame, list(range(len(IDS))))],
    ids=["pandas", "polars", "numbers"],
)
@pytest.mark.parametrize("key", ["example_id", "image"])
def test_right_answers_whose_index_holds_the_ids_are_not_joined_in_another_order(made, ids, key):
    old, new = (made({key: ids, "prediction": answers}) for answers in (OLD, NEW))
    named = {} if key == "example_id" else {"id": key}
    right = pd.Series(LABELS, index=ids)
    expected = undertow.compare(old, new, labels=right, **named).findings
    turned = right.sample(frac=1, random_state=1)
    for labels in (turned, turned[:-1].reindex([*turned.index[:-1], "other"])):
        if labels is turned or ids is IDS:
            with pytest.raises(UserError) as caught:
                undertow.compare(old, new, labels=labels, **named)
            assert str(caught.value) == (
                f"labels: its index is not the column {key!r} of old, and single columns are "
                "joined by position; give frames, which are joined by name: "
                f"labels.to_frame('label').rename_axis({key!r}).reset_index()"
            )
    # What the message says to type gives the numbers of the labels in order.
    framed = turned.to_frame("label").rename_axis(key).reset_index()
    assert_frame_equal(undertow.compare(old, new, labels=framed, **named).findings, expected)
    # A frame with the index of the labels holds them row by row; names of rows are no ids.
    rows = pd.DataFrame({key: turned.index, "prediction": OLD})
    popped = turned.reset_index(drop=True)
    assert undertow.compare(
        rows, rows.assign(prediction=NEW), labels=popped, **named
    ).findings.height
    named_otherwise = turned.set_axis(range(5, 5 + len(IDS)) if ids is IDS else IDS)
    assert undertow.compare(old, new, labels=named_otherwise, **named).findings.height


def test_a_column_in_an_order_of_its_own_does_not_stand_beside_ids():
    old, new = pd.Series(OLD), table(NEW).rename(columns=OURS)
    assert undertow.compare(old, shuffled(new)).findings.height
    with pytest.raises(UserError) as caught:
        undertow.compare(shuffled(old), new)
    assert str(caught.value) == (
        "old: is a single column, whose rows are called 0, 1, 2 … whatever its index says, and new "
        "names its examples; give frames, which are joined by name: "
        "old.to_frame('prediction').rename_axis('example_id').reset_index()"
    )
    # Where the right answers name the examples, a row has its name from them.
    right = table(OLD).rename(columns=OURS)[["example_id", "label"]]
    turned = shuffled(right)
    assert undertow.compare(pd.Series(OLD)[turned.index], new, labels=turned).findings.height


def test_none_is_nothing_given(expected: pl.DataFrame):
    nothing = dict.fromkeys(("accept", "tasks", "classes", "names"))
    found = undertow.compare(table(OLD), table(NEW), by="age", **nothing, **NAMED)
    assert_frame_equal(found.findings, expected)
    by_class = [undertow.compare(table(OLD), table(NEW), by=by, **NAMED) for by in (None, "class")]
    assert_frame_equal(by_class[0].findings, by_class[1].findings)


def test_a_table_of_right_answers_has_the_column_that_was_named(expected: pl.DataFrame):
    old, new = (table(a).drop(columns=["y_true", "age"]) for a in (OLD, NEW))
    right = shuffled(table(OLD).drop(columns="y_pred"))
    found = undertow.compare(old, new, labels=right, by="age", **NAMED)
    assert_frame_equal(found.findings, expected)
    right = right.reset_index(drop=True)
    with pytest.raises(UserError) as caught:
        undertow.compare(old, new, labels=right, by="age", **{**NAMED, "label": "y_tru"})
    assert str(caught.value) == (
        "label='y_tru': labels has no such column; it has 'id', 'y_true', 'age'; did you mean "
        "label='y_true'"
    )


@pytest.mark.parametrize("made", [pd.DataFrame, pl.DataFrame])
def test_a_frame_of_labels_by_number_beside_arrays_is_refused_out_of_order(made):
    """Arrays have no ids: joined by position, a part of the labels would be of other examples."""
    truth, ids = [0, 1, 2, 1], [3, 1, 2, 0]
    labels = made({"id": [str(i) for i in ids], "label": truth})
    answers = np.array(truth)
    with pytest.raises(UserError) as caught:
        undertow.compare(answers, answers, labels=labels, id="id")
    pandas = made is pd.DataFrame
    drop = "labels.drop(columns='id')" if pandas else "labels.drop('id')"
    sort = (
        "labels.sort_values('id', key=lambda ids: ids.astype(int))"
        if pandas
        else "labels.sort(polars.col('id').cast(int))"
    )
    assert str(caught.value) == (
        "labels: arrays have no ids, and those in 'id' are numbers in another order than its rows, "
        "so label i may be that of row i or that of the i-th id (row 0 has id '3': 0 or 1); if that "
        f"of row i, give labels={drop}; if that of the i-th id, give labels={sort}"
    )
    polars = pl
    assert polars  # What is typed names it.
    by_row = undertow.compare(answers, answers, labels=eval(drop))
    by_id = undertow.compare(answers, answers, labels=eval(sort), id="id")
    assert [f.audit.reference.accuracy for f in (by_row, by_id)] == [1.0, 0.5]
    in_order = undertow.compare(
        answers, answers, labels=made({"id": range(4), "label": truth}), id="id"
    )
    assert in_order.audit.reference.accuracy == 1.0
