"""What a refusal of right answers in a single column says to type: it is typed, and it works."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from polars.testing import assert_frame_equal

import undertow
from notebooks import IDS, LABELS, NEW, OLD
from undertow.errors import UserError

pytestmark = pytest.mark.heavy

MOVED = np.random.default_rng(1).permutation(len(IDS))
NAMED = {"id": "image", "prediction": "pred"}
BESIDE = "labels: its index is not that of {}, and single columns are joined by position; "
OF_OLD = "{'example_id': list(old['image']), 'label': list(labels.loc[old.index])}"


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def expected() -> pl.DataFrame:
    given = (frame(answers).assign(label=LABELS) for answers in (OLD, NEW))
    return undertow.compare(*given, **NAMED).findings


def frame(answers: Any) -> pd.DataFrame:
    return pd.DataFrame({"image": IDS, "pred": answers})


def refusal(old: Any, new: Any, labels: Any, **asked: Any) -> str:
    with pytest.raises(UserError) as caught:
        undertow.compare(old, new, labels=labels, **NAMED, **asked)
    return str(caught.value)


def typed(message: str, old: Any, new: Any, labels: Any) -> Any:
    """The value of ``labels=`` that a message ends in."""
    names = {"old": old, "new": new, "labels": labels, "polars": pl}
    return eval(message.rpartition("labels=")[2], names)


@pytest.mark.parametrize("kind", ["both frames", "the labels"])
def test_an_index_in_another_order_is_looked_up(expected: pl.DataFrame, kind: str) -> None:
    old, new, labels = frame(OLD), frame(NEW), pd.Series(LABELS)
    if kind == "both frames":
        old, new = old.iloc[MOVED], new.iloc[MOVED]
    else:
        labels = labels.iloc[MOVED]
    message = refusal(old, new, labels)
    assert message == BESIDE.format("old") + "give those of its rows: labels=labels.loc[old.index]"
    cure = typed(message, old, new, labels)
    assert_frame_equal(undertow.compare(old, new, labels=cure, **NAMED).findings, expected)


def test_of_three_orders_the_index_tells_which_belongs_to_which(expected: pl.DataFrame) -> None:
    old, new, labels = frame(OLD), frame(NEW).iloc[::-1], pd.Series(LABELS).iloc[MOVED]
    message = refusal(old, new, labels)
    assert message == (
        BESIDE.format("old") + f"give them with its ids: labels=polars.DataFrame({OF_OLD})"
    )
    cure = typed(message, old, new, labels)
    assert_frame_equal(undertow.compare(old, new, labels=cure, **NAMED).findings, expected)


@pytest.mark.parametrize("made", [pd.Series, list, np.array])
def test_labels_of_all_rows_beside_a_frame_that_lacks_some(made: Any) -> None:
    old, new, labels = frame(OLD), frame(NEW)[50:], made(LABELS)
    message = refusal(old, new, labels, allow_partial=True)
    assert message == (
        "labels: holds 600, and new has 550 rows; if they are in the order of old, give them with "
        "its ids: labels=polars.DataFrame({'example_id': list(old['image']), 'label': list(labels)})"
    )
    cure = typed(message, old, new, labels)
    found = undertow.compare(old, new, labels=cure, allow_partial=True, **NAMED)
    right = undertow.compare(old[50:], new, labels=LABELS[50:], **NAMED)
    assert_frame_equal(found.findings, right.findings)


def test_labels_of_all_rows_beside_frames_of_some() -> None:
    keep = np.arange(len(IDS)) % 3 > 0
    old, new, labels = frame(OLD)[keep], frame(NEW)[keep], pd.Series(LABELS)
    message = refusal(old, new, labels)
    assert message == (
        "labels: holds 600, and old has 400 rows; give those of its rows: labels=labels.loc[old.index]"
    )
    cure = typed(message, old, new, labels)
    assert undertow.compare(old, new, labels=cure, **NAMED).audit.reference.accuracy == (
        pytest.approx(float((np.array(OLD) == np.array(LABELS))[keep].mean()))
    )


def test_beside_a_file_labels_are_written_with_the_ids_of_the_frame(expected: pl.DataFrame) -> None:
    frame(OLD).to_csv("old.csv", index=False)
    new, labels = frame(NEW).iloc[MOVED], pd.Series(LABELS).iloc[MOVED]
    message = refusal("old.csv", new, labels)
    assert message == (
        "labels: old is files, so labels are a file too; if they are in the order of new, write them "
        "with its ids, polars.DataFrame({'example_id': list(new['image']), 'label': list(labels)})"
        ".write_csv('labels.csv'), and give labels='labels.csv'"
    )
    written(message, {"new": new, "labels": labels})
    found = undertow.compare("old.csv", new, labels="labels.csv", **NAMED)
    assert_frame_equal(found.findings, expected)


@pytest.mark.parametrize("made", [pd.Series, list])
def test_beside_files_labels_are_written_as_an_array(expected: pl.DataFrame, made: Any) -> None:
    frame(OLD).to_csv("old.csv", index=False)
    frame(NEW).to_csv("new.csv", index=False)
    labels = made(LABELS)
    message = refusal("old.csv", "new.csv", labels)
    assert message == (
        "labels: old is files, so labels are a file too; write them, numpy.save('labels.npy', "
        "numpy.array(list(labels))), and give labels='labels.npy'"
    )
    written(message, {"labels": labels})
    found = undertow.compare("old.csv", "new.csv", labels="labels.npy", **NAMED)
    assert_frame_equal(found.findings, expected)


@pytest.mark.parametrize(
    ("made", "typed"),
    [
        (lambda t: t, "labels.to_csv('labels.csv', index=False)"),
        (lambda t: t.set_index("image"), "labels.to_csv('labels.csv')"),
        (pl.from_pandas, "labels.write_csv('labels.csv')"),
        (
            lambda t: pl.from_pandas(t).to_arrow(),
            "polars.DataFrame(labels).write_csv('labels.csv')",
        ),
    ],
    ids=["pandas", "index", "polars", "arrow"],
)
def test_beside_files_a_table_of_labels_is_written(
    expected: pl.DataFrame, made: Any, typed: str
) -> None:
    frame(OLD).to_csv("old.csv", index=False)
    labels = made(pd.DataFrame({"image": IDS, "label": LABELS}).iloc[::-1])
    message = refusal("old.csv", frame(NEW), labels)
    assert message == (
        f"labels: old is files, so labels are a file too; write them, {typed}, and give "
        "labels='labels.csv'"
    )
    written(message, {"labels": labels})
    found = undertow.compare("old.csv", frame(NEW), labels="labels.csv", **NAMED)
    assert_frame_equal(found.findings, expected)


def test_a_table_of_one_column_is_told_that_it_can_stand_alone(expected: pl.DataFrame) -> None:
    labels = pd.DataFrame({"label": LABELS})
    assert refusal(frame(OLD), frame(NEW), labels) == (
        "labels: has one column, 'label', and a table of labels is joined by its ids; add a column "
        "of ids, or give it alone, labels['label'], with one for each row"
    )
    found = undertow.compare(frame(OLD), frame(NEW), labels=labels["label"], **NAMED)
    assert_frame_equal(found.findings, expected)


def test_an_array_beside_a_frame_of_ids_gets_them(expected: pl.DataFrame) -> None:
    """Else i12 and row 12 would be said to be one example, in whatever order the frame is."""
    old, new = frame(OLD).assign(label=LABELS), list(NEW)
    with pytest.raises(UserError) as caught:
        undertow.compare(old, new, **NAMED)
    message = str(caught.value)
    assert message == (
        "new: is an array, whose rows are called 0, 1, 2 …, and old names its examples; if they are "
        "in the order of old, give a frame with its ids: new=polars.DataFrame({'image': "
        "list(old['image']), 'pred': list(new)})"
    )
    cure = eval(message.partition("new=")[2], {"polars": pl, "old": old, "new": new})
    assert_frame_equal(undertow.compare(old, cure, **NAMED).findings, expected)
    with pytest.raises(UserError) as caught:
        undertow.compare(old, np.eye(3)[NEW], **NAMED)
    assert str(caught.value).endswith(
        "; if they are in the order of old, give a frame with its ids"
    )


def test_an_array_beside_a_frame_that_numbers_its_rows_takes_its_names() -> None:
    old = frame(OLD).assign(image=range(len(IDS)), label=LABELS)
    found = undertow.compare(old.iloc[MOVED], NEW, **NAMED)
    assert found.audit.variants[0].arm.accuracy == pytest.approx((NEW == LABELS).mean())


@pytest.mark.parametrize("classes", [None, ("false", "true"), (False, True)])
def test_truth_values_are_the_labels_of_two_columns(classes: Any) -> None:
    is_cat = LABELS == 0
    old, new = (np.eye(2)[(answers == 0).astype(int)] for answers in (OLD, NEW))
    found = undertow.compare(old, new, labels=is_cat, classes=classes)
    accuracy = ((OLD == 0) == is_cat).mean()
    assert found.audit.reference.accuracy == pytest.approx(accuracy)
    frames = [frame((answers == 0).astype(int)) for answers in (OLD, NEW)]
    found = undertow.compare(*frames, labels=is_cat, **NAMED)
    assert found.audit.reference.accuracy == pytest.approx(accuracy)


def written(message: str, given: dict[str, Any]) -> None:
    """Types what a message says to write."""
    said = message.rpartition(", and give")[0]
    begins = next(b for b in ("polars.DataFrame", "numpy.save", "labels.") if f", {b}" in said)
    line = begins + said.partition(f", {begins}")[2]
    exec(line, {"polars": pl, "numpy": np, **given})
