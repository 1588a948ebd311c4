"""Predictions that cannot be classes: refused with both sets of values and the flag to copy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from undertow.errors import TableError
from undertow.records.formats.detect import read_any


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def read(rows: dict[str, list[Any]], **asked: Any) -> Any:
    pl.DataFrame({"example_id": range(len(next(iter(rows.values())))), **rows}).write_csv("a.csv")
    return read_any([Path("a.csv")], **asked)[0]


RISK = [0.25, 0.5, 0.125, 0.75]
SICK = [0, 1, 0, 1]
NAMED = {"prediction": "risk", "label": "sick"}


@pytest.mark.parametrize(
    ("rows", "asked", "said"),
    [
        (
            {"risk": RISK, "sick": SICK},
            NAMED,
            "column 'risk' holds no classes: its values are '0.125', '0.25', '0.5' … (4 values), "
            "and those of 'sick' are '0', '1'; give it as --score risk --label sick",
        ),
        (
            {"prediction": RISK, "label": SICK},
            {},
            "column 'prediction' holds no classes: its values are '0.125', '0.25', '0.5' … (4 "
            "values), and those of 'label' are '0', '1'; give it as --score prediction",
        ),
        (
            {"logit": [-3.5, 2.25], "sick": [0, 1]},
            {"prediction": "logit", "label": "sick"},
            "column 'logit' holds no classes: its values are '-3.5', '2.25', and those of 'sick' "
            "are '0', '1'; give it as --score logit --label sick",
        ),
        (
            {"risk": RISK},
            {"prediction": "risk"},
            "column 'risk' holds no classes: its values are '0.125', '0.25', '0.5' … (4 values); "
            "give it as --score risk --label COLUMN",
        ),
        (
            {"risk": RISK, "sick": SICK},
            {"prediction": "risk"},
            "column 'risk' holds no classes: its values are '0.125', '0.25', '0.5' … (4 values); "
            "give it as --score risk --label sick",
        ),
        (
            {"label": [0, 1] * 30, "percent": list(range(60))},
            {"prediction": "percent"},
            "column 'percent' holds no classes: its values are '0', '1', '10' … (60 values), and "
            "those of 'label' are '0', '1'; give it as --score percent",
        ),
        (
            {"guess": ["Cat", "Dog"], "truth": ["cat", "dog"]},
            {"prediction": "guess", "label": "truth"},
            "column 'guess' holds no classes: its values are 'Cat', 'Dog', and those of 'truth' "
            "are 'cat', 'dog'; write 'guess' in the same words as 'truth'",
        ),
        (
            {"prediction": [0, 1], "label": ["neg", "pos"]},
            {},
            "column 'prediction' holds numbers of classes, of which 'label' has the names; nothing "
            "tells their order, so write the 2 names in place of CLASSES, in the order of the "
            'model\'s training (model.classes_, config.id2label), as in ["name of 0", "name of 1"]: '
            'python -c \'import polars as pl; pl.read_csv("a.csv", infer_schema=False)'
            '.with_columns(pl.col("prediction").cast(str).replace({k: CLASSES[c] for k, c in '
            '{"0": 0, "1": 1}.items()})).write_csv("a-renamed.csv")\'',
        ),
    ],
)
def test_what_cannot_be_a_class(rows: dict[str, list[Any]], asked: dict[str, Any], said: str):
    with pytest.raises(TableError) as caught:
        read(rows, **asked)
    assert str(caught.value) == f"a.csv: {said}"


@pytest.mark.parametrize(
    "rows",
    [
        {"prediction": ["a", "b"], "label": ["b", "b"]},
        {"prediction": [1.5, 2.0, 3.5], "label": [1.5, 2.5, 3.5]},
        {"prediction": ["v1.0", "v1.1"]},
        {"prediction": ["a", "a"], "label": [None, None]},
        {"prediction": list(range(60)), "label": list(range(60))},
    ],
    ids=["one is shared", "half stars", "versions", "no labels", "many classes"],
)
def test_what_can_be_one(rows: dict[str, list[Any]]) -> None:
    assert read(rows).pred_MN.shape[1] == len(rows["prediction"])


def test_one_member_may_be_wrong_throughout() -> None:
    """Another of the same side shows that the words are the labels'."""
    rows = {"label": ["a", "b"], "s0": ["a", "b"], "s1": ["c", "c"]}
    assert read(rows, prediction="s0,s1").classes == ("a", "b", "c")
