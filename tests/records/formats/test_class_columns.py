"""Probabilities of classes in columns that are called otherwise than ``p_<class>``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import suggested
from undertow.errors import TableError
from undertow.records.formats.detect import read_any
from undertow.records.reading import Reading
from undertow.records.records import Records

CLASSES = ("benign", "malignant", "not sure")
ROWS = ((0.5, 0.3, 0.2), (0.1, 0.7, 0.2), (0.2, 0.2, 0.6), (0.6, 0.3, 0.1))
SAID = ["benign", "malignant", "not sure", "benign"]
LABEL = ["benign", "malignant", "benign", "benign"]


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def table(form: str = "prob_{}", **more: Any) -> dict[str, list[Any]]:
    columns = {form.format(c): [row[n] for row in ROWS] for n, c in enumerate(CLASSES)}
    return {"id": [*"abcd"], "y": LABEL, **columns, **more}


def read(rows: dict[str, list[Any]], **asked: Any) -> tuple[Records, str]:
    pl.DataFrame({name: v for name, v in rows.items() if v is not None}).write_csv("old.csv")
    return read_any([Path("old.csv")], id="id", **asked)


def refusal(rows: dict[str, list[Any]], **asked: Any) -> str:
    with pytest.raises(TableError) as caught:
        read(rows, **asked)
    return str(caught.value)


def said(records: Records) -> list[str]:
    return [records.classes[c] for c in records.pred_MN[0]]


@pytest.mark.heavy
@pytest.mark.parametrize(
    "form",
    ["prob_{}", "proba-{}", "Probability {}", "score_{}", "P({})", "p-{}", "P_{}", "pred_prob_{}",
     "y_score.{}", "softmax[{}]"],
)  # fmt: skip
def test_columns_called_after_the_classes_are_their_probabilities(form: str) -> None:
    plain, _ = read(table("p_{}"), label="y")
    records, about = read(table(form), label="y")
    assert (records.classes, said(records)) == (CLASSES, SAID)
    assert records.confidence_MN.tolist() == plain.confidence_MN.tolist()
    assert records.slice_columns == plain.slice_columns
    names = ", ".join(repr(form.format(name)) for name in CLASSES)
    assert about == (
        "old.csv: CSV (a header with id): 1 member, 4 examples, 3 classes; old.csv: "
        f"{names} are read as the probabilities of the classes."
    )


def test_whole_floats_name_numbered_classes() -> None:
    rows = {"id": [*"abc"], "y": [0.0, 1.0, None], "proba_0": [0.9, 0.2, 0.5]}
    records, _ = read({**rows, "proba_1": [0.1, 0.8, 0.5]}, label="y")
    assert (said(records), records.label_N.tolist()) == ([*"010"], [0, 1, -1])


def test_they_are_read_beside_predictions_and_beside_labels_of_their_own() -> None:
    threshold = ["malignant", "malignant", "not sure", "benign"]
    records, _ = read(table(said=threshold), label="y", prediction="said")
    assert (said(records), records.confidence_MN[0].tolist()) == (
        threshold,
        pytest.approx([0.5, 0.7, 0.6, 0.6]),
    )
    pl.DataFrame({"id": [*"abcd"], "gold": LABEL}).write_csv("gold.csv")
    records, _ = read({**table(), "y": None}, labels=Path("gold.csv"), label="gold")
    assert (said(records), records.label_N.tolist()) == (SAID, [0, 1, 0, 0])


@pytest.mark.parametrize("form", ["p_{}", "prob_{}"])
def test_right_answers_of_another_name_are_said_at_once(form: str) -> None:
    assert read(table(form))[1].endswith(
        "; old.csv: has no column 'label'; 'y' looks like the right answers: add --label y"
    )


def test_columns_that_are_no_probabilities_of_all_classes_stay_slices() -> None:
    marks = {f"prob_{c}": [int(c == y) for y in LABEL] for c in CLASSES}
    for rows, asked in (
        ({**table(), **marks, "said": SAID}, {}),
        (table(said=SAID, prob_other=[0.1] * 4), {}),
        ({**table(said=SAID), "prob_not sure": [0.9] * 4}, {}),
        (table(said=SAID, y=["other"] * 3 + ["benign"]), {}),
        (table(said=SAID), {"by": ("prob_benign",)}),
        (table(said=SAID) | {f"prob2_{c}": [0.4] * 4 for c in CLASSES}, {}),
    ):
        if "prob2_benign" in rows:
            rows |= {f"y_{name}": values for name, values in rows.items() if name in marks}
        records, _ = read(rows, label="y", prediction="said", **asked)
        assert "prob_benign" in records.slice_columns


def test_without_predictions_the_refusal_says_what_to_call_them() -> None:
    has = "old.csv: 'prob_benign' and the like are called as probabilities of classes, but "
    assert refusal(table(y=["benign", "malignant", "not_sure", "benign"]), label="y") == has + (
        "none is of 'not_sure', a value of 'y'; call 'prob_not sure' 'p_not_sure', and the others "
        "alike"
    )
    assert refusal(table(y=["0", "1", "2", "0"]), label="y") == has + (
        "none is of '0', a value of 'y'; call each 'p_' and its class in the words of 'y'"
    )


def saved(message: str, name: str) -> Path:
    """The file that the command in a refusal writes."""
    (command,) = re.findall(r"python -c '[^']*'", message)
    suggested.do(command)
    return Path(f"{name}-scaled.csv")


@pytest.mark.parametrize("called", ["prob_", "p_"])
@pytest.mark.parametrize("classes", [3, 12])
def test_probabilities_that_were_cut_off_are_divided_by_their_sum(
    called: str, classes: int
) -> None:
    rows = {f"{called}{c}": [0.05, 0.04] for c in range(1, classes)}
    rows = {"id": ["a", "b"], f"{called}0": [0.25, 0.4], **rows, "label": ["0", "1"]}
    total = 0.25 + 0.05 * (classes - 1)
    message = refusal(rows)
    last = f"{called}{classes - 1}"
    assert message.startswith(
        f"old.csv: '{called}0' to '{last}' "
        f"of example 'a' sum to {total:.4g}, and in 2 of 2 rows not to 1; if they are the "
        "probabilities of all classes, rounded, divide each by their sum: python -c "
    )
    assert message.endswith("; if one is no probability of a class, give it another name")
    records, _ = read_any([saved(message, "old")], Reading(id="id"))
    assert classes == records.C
    assert records.proba_MNC is not None
    assert records.proba_MNC[0, 0, 0] == pytest.approx(0.25 / total)


@pytest.mark.parametrize("called", ["prob_", "p_"])
def test_one_row_that_is_far_from_1_is_no_rounding(called: str) -> None:
    """To divide it by its sum would make an answer up."""
    ids = [f"e{n}" for n in range(20)]
    rows = {
        "id": ids,
        f"{called}a": [0.4] * 20,
        f"{called}b": [0.6] * 19 + [0.1],
        "label": ["a"] * 20,
    }
    assert refusal(rows) == (
        f"old.csv: '{called}a' and '{called}b' of example 'e19' sum to 0.5, and in 1 of 20 rows not to "
        "1, as no rounding explains; correct these rows, or empty their cells: --missing wrong then counts "
        "them as wrong, and --allow-partial leaves their examples out; if one column is no probability of a class, give it another name"
    )


def test_probabilities_in_per_cent_are_recognised_under_any_name() -> None:
    rows = {"id": ["a", "b"], **{f"prob_{c}": [20.0, 40.0] for c in "xyz"}}
    rows |= {"prob_x": [60.0, 20.0], "label": ["x", "y"]}
    message = refusal(rows)
    assert message.startswith(
        "old.csv: 'prob_x', 'prob_y' and the like sum to 100 in every row, so they are per cent; "
        "expected probabilities from 0 to 1, and a threshold of 20 % as --threshold 0.2; write them "
        "as fractions, python -c "
    )
    records, _ = read_any([saved(message, "old")], Reading(id="id"))
    assert records.classes == ("x", "y", "z")


def test_a_class_without_a_column_is_said_in_one_round() -> None:
    rows = table(y=["benign", "malignant", "odd", "benign"])
    assert refusal(rows, label="y") == (
        "old.csv: 'prob_benign' and the like are called as probabilities of classes, but none is of "
        "'odd', a value of 'y'; add 'prob_odd' with the probability of that class"
    )
    points = {"id": ["a", "b"], "prob_x": [51, 3], "prob_y": [7, 80], "label": ["x", "y"]}
    assert refusal(points) == (
        "old.csv: 'prob_x' and the like are called as probabilities of classes and are not all that "
        "they need to be read as such; if they are, call 'prob_x' 'p_x', and the others alike"
    )
    marks = {"id": ["a", "b"], "prob_x": [1, 0], "prob_y": [0, 1], "label": ["x", "y"]}
    assert refusal(marks).startswith(
        "old.csv: has no column 'prediction' and no p_<class>; it has 'id', 'prob_x', 'prob_y', "
        "'label'; 'prob_x', 'prob_y' look like marks of the answer, a 1 among zeros: write it as a "
        "column 'prediction': python -c "
    )


def test_no_class_is_suggested_as_a_score() -> None:
    pl.DataFrame(table()).write_csv("old.csv")
    with pytest.raises(TableError) as caught:
        read_any([Path("old.csv")])
    assert str(caught.value) == (
        "old.csv: has no column 'example_id'; it has 'id', 'y', 'prob_benign', 'prob_malignant', "
        "'prob_not sure'; name its columns with --id id --label y"
    )
