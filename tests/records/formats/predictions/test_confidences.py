"""A column that says how sure the model is of the prediction beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import undertow
from undertow.records import Records, read_any

ROWS: dict[str, Any] = {
    "example_id": ["e1", "e2", "e3", "e4"],
    "label": ["a", "b", "c", "a"],
    "prediction": ["a", "b", "a", "c"],
}
READ = "a.csv: column 'confidence' is read as the probability of the prediction."


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def read(more: dict[str, Any], **asked: Any) -> Records:
    pl.DataFrame({**ROWS, **more}).write_csv("a.csv")
    return read_any([Path("a.csv")], **asked)[0]


def confidence(records: Records) -> list[float]:
    assert records.confidence_MN is not None
    return [round(float(value), 6) for value in records.confidence_MN[0]]


@pytest.mark.parametrize(
    "name", ["confidence", "Confidence", "conf", "max_prob", "modelConfidence"]
)
def test_it_is_the_probability_of_the_prediction_and_no_slice(name: str) -> None:
    records = read({name: [0.9, 0.5, 0.334, 1.0], "group": list("xyxy")})
    assert confidence(records) == [0.9, 0.5, 0.334, 1.0]
    assert records.slice_columns == ("group",)
    assert records.manifest.notes == (READ.replace("'confidence'", repr(name)),)
    assert records.proba_MNC is None


def test_per_cent_signs_and_decimal_commas_are_read() -> None:
    assert confidence(read({"confidence": ["90 %", "50 %", "34 %", "100 %"]})) == [
        0.9,
        0.5,
        0.34,
        1,
    ]


def test_a_cell_without_a_number_is_named() -> None:
    records = read({"confidence": ["0.9", "n/a", "0.8", "nan"]})
    assert records.confidence_MN is not None
    np.testing.assert_allclose(records.confidence_MN, [[0.9, np.nan, 0.8, np.nan]], rtol=1e-6)
    assert records.manifest.notes == (
        READ,
        "a.csv: column 'confidence' has 'n/a' for 'e2', which is no number (1 of 4 rows), and is "
        "not used there.",
    )
    words = read({"confidence": ["0.9", "high", "0.8", "low"]})  # No more than half are numbers.
    assert (words.slice_columns, words.manifest.notes) == (("confidence",), ())


@pytest.mark.parametrize(
    ("numbers", "said", "way"),
    [
        ([90.0, 50.0, 34.0, 99.5], "34 to 99.5", "; if it is per cent, divide it by 100"),
        ([0.9, 0.1, 0.5, 0.7], "0.1 to 0.9", ""),
        ([90.0, -5.0, 34.0, 99.5], "-5 to 99.5", ""),
        ([90.0, 50.0, 340.0, 99.5], "50 to 340", ""),
        ([1.0, 5.0, 10.0, 2.0], "1 to 10", ""),
        ([1.0, 5.0, 10.5, 2.0], "1 to 10.5", "; if it is per cent, divide it by 100"),
    ],
)
def test_what_cannot_be_the_highest_probability_is_a_slice(
    numbers: list[float], said: str, way: str
) -> None:
    """The line that is printed before the audit says so, as the page does."""
    pl.DataFrame({**ROWS, "confidence": numbers}).write_csv("a.csv")
    records, about = read_any([Path("a.csv")])
    assert records.confidence_MN is None
    assert records.slice_columns == ("confidence",)
    assert records.manifest.notes == (
        f"a.csv: column 'confidence' reaches from {said}, so it is not read as the highest of 3 "
        f"probabilities, 0.333 to 1{way}.",
    )
    (note,) = records.manifest.notes
    assert (
        about == f"a.csv: CSV (a header with example_id): 1 member, 4 examples, 3 classes; {note}"
    )


def test_two_classes_leave_no_highest_probability_below_a_half() -> None:
    two = {"label": ["a", "b", "a", "b"], "prediction": ["a", "b", "a", "a"]}
    assert confidence(read({**two, "confidence": [0.5, 0.6, 0.7, 0.8]})) == [0.5, 0.6, 0.7, 0.8]
    assert read({**two, "confidence": [0.4, 0.6, 0.7, 0.8]}).confidence_MN is None


@pytest.mark.parametrize(
    "more",
    [
        {"confidence": ["high", "low", "high", "low"]},
        {"confidence": [0.9, 0.8, 0.7, 0.6], "p_a": [1.0] * 4, "p_b": [0.0] * 4, "p_c": [0.0] * 4},
    ],
)
def test_words_and_what_stands_beside_probabilities_are_a_slice(more: dict[str, Any]) -> None:
    records = read(more)
    assert records.slice_columns == ("confidence",)
    assert READ not in records.manifest.notes


def test_asked_for_as_a_slice_it_is_one() -> None:
    records = read({"confidence": [0.9, 0.5, 0.4, 1.0]}, by=["confidence"])
    assert (records.confidence_MN, records.slice_columns) == (None, ("confidence",))


def test_every_member_needs_one() -> None:
    frames = [pl.DataFrame({**ROWS, "confidence": [0.9, 0.5, 0.4, 1.0]}), pl.DataFrame(ROWS)]
    paths = [Path("a.csv"), Path("b.csv")]
    for path, frame in zip(paths, frames, strict=True):
        frame.write_csv(path)
    assert read_any(paths)[0].confidence_MN is None
    frames[0].write_csv(paths[1])
    confidence_MN = read_any(paths)[0].confidence_MN
    assert confidence_MN is not None
    np.testing.assert_allclose(confidence_MN, [[0.9, 0.5, 0.4, 1.0]] * 2)


def test_confidence_that_moves_is_found() -> None:
    old, new = (
        pl.DataFrame(
            {
                "example_id": [f"e{n}" for n in range(300)],
                "label": ["a", "b", "c"] * 100,
                "prediction": ["a", "b", "c"] * 100,
                "confidence": [sure - 0.001 * (n % 50) for n in range(300)],
            }
        )
        for sure in (0.99, 0.8)
    )
    found = undertow.compare(old, new).findings
    row = found.filter(measure="confidence", slice="all").row(0, named=True)
    assert (row["verdict"], round(row["effect"], 6)) == ("changed", -0.19)
