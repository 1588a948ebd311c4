"""What a file has besides what is read by standard names is said where assumptions are."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from undertow.audit.compare import audit
from undertow.files import Request, taken_said
from undertow.records.formats.detect import read_any
from undertow.records.reading import Reading
from undertow.records.records import Records

IDS = [f"q{n}" for n in range(12)]
OWN = {"example_id": IDS, "label": ["cat", "dog"] * 6, "prediction": ["cat", "dog"] * 6}
GRADED = {"example_id": IDS, "correct": [0, 1, 1] * 4}
SAID = (
    "t.csv: 'topic_prediction' of 'topic' is another prediction, and not compared here; to compare "
    "it, add --prediction topic_prediction --label topic"
)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def written(rows: dict[str, list[object]], name: str = "t.csv") -> Path:
    pl.DataFrame(rows).write_csv(name)
    return Path(name)


def read(rows: dict[str, list[object]], **given: object) -> tuple[Records, str]:
    return read_any([written(rows)], Reading(**given))  # type: ignore[arg-type]


def notes(rows: dict[str, list[object]], **given: object) -> list[str]:
    return [n for n in read(rows, **given)[0].manifest.notes if "not compared here" in n]


TWO = {**OWN, "topic": ["owl", "fox", "elk"] * 4, "topic_prediction": ["owl", "fox", "fox"] * 4}


def test_a_second_pair_is_said_in_the_notes_and_at_once() -> None:
    records, about = read(TWO)
    assert SAID in records.manifest.notes
    assert SAID in about


def test_a_second_pair_is_said_beside_a_quiet_verdict_once() -> None:
    sides = [read_any([written(TWO, name)], Reading())[0] for name in ("t.csv", "u.csv")]
    found = audit(sides[0], [sides[1]])
    assert SAID in found.assumptions
    request = Request([Path("t.csv")], [[Path("u.csv")]])
    assert taken_said(request, found) == [SAID]


def test_who_named_one_pair_of_several_is_told_of_the_others() -> None:
    """A refusal lists them, and a person takes one: it may be the one that did not fall."""
    told = SAID.replace("add", "type") + " in place of what was named"
    assert notes(TWO, prediction=("prediction",)) == [told]
    assert notes(TWO, prediction=("topic_prediction",), label="topic") == []
    assert notes(TWO, id="example_id") == [SAID]
    rows = {"id": IDS, **{c: TWO[c] for c in ("topic", "topic_prediction")},
            "mood": ["good", "bad"] * 6, "pred_mood": ["good"] * 12}  # fmt: skip
    (said,) = notes(rows, id="id", prediction=("topic_prediction",), label="topic")
    assert said == (
        "t.csv: 'pred_mood' of 'mood' is another prediction, and not compared here; to compare it, "
        "type --prediction pred_mood --label mood in place of what was named"
    )


def test_several_pairs_are_counted() -> None:
    rows = {**TWO, "mood": ["good", "bad"] * 6, "pred_mood": ["good"] * 12}
    assert notes(rows) == [
        "t.csv: 'topic_prediction' of 'topic', 'pred_mood' of 'mood' are other predictions, and not "
        "compared here; to compare one of them, add --prediction topic_prediction --label topic, or "
        "--prediction pred_mood --label mood"
    ]


def test_what_is_no_pair_is_no_second_one() -> None:
    assert notes({**OWN, "topic": ["owl", "fox", "elk"] * 4, "predicted_at": ["noon"] * 12}) == []
    assert notes({**OWN, "topic": ["owl"] * 12, "topic_prediction": ["7"] * 12}) == []


@pytest.mark.parametrize("other", ["passed", "is_correct", "hit", "error"])
def test_a_second_outcome_is_said(other: str) -> None:
    rows = {**GRADED, other: [1, 1, 0] * 4}
    assert notes(rows) == [
        f"t.csv: {other!r} may be another outcome, and not compared here; to compare it, add "
        f"--score {other}"
    ]
    assert notes(rows, score="correct") == []


@pytest.mark.parametrize(
    ("other", "values"), [("hit", [0, 1, 2] * 4), ("passed", ["a", "b"] * 6), ("topic", [0, 1] * 6)]
)
def test_what_is_no_outcome_is_no_second_one(other: str, values: list[object]) -> None:
    assert notes({**GRADED, other: values}) == []
