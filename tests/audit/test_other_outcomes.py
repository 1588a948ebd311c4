"""An outcome beside the one that is compared, and that got worse, is said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from undertow.audit.gate.policy import read_policy
from undertow.files import Request, gate_files
from undertow.records.reading import Reading

N = 400
HIT = np.random.default_rng(3).random(N) < 0.8
LOST = np.random.default_rng(4).random(N) < 0.15


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("gate.toml").write_text('identical = "allowed"\n[[max_drop]]\npoints = 3.0\n')


def noticed(name: str, before: object, after: object, **how: object) -> list[str]:
    """What a gate says of a column beside answers that stay the same, of which it passes."""
    for side, values in (("old", before), ("new", after)):
        rows = {"qid": np.arange(N), "exact_match": HIT.astype(int), name: values}
        pl.DataFrame(rows).write_csv(f"{side}.csv")
    asked = Reading(id="qid", score="exact_match", **how)  # type: ignore[arg-type]
    found = gate_files(
        Request([Path("old.csv")], [[Path("new.csv")]], asked), read_policy(Path("gate.toml"))
    )
    assert found.verdict == "pass"
    assert found.audit is not None
    return [said for said in found.audit.notices if "gave the same answers" not in said]


F1 = np.where(HIT, 0.9, 0.4)
LENGTH = np.where(HIT, 30.5, 12.0)


def test_what_fell_beside_equal_answers_is_said() -> None:
    assert noticed("f1", F1, np.where(LOST, F1 - 0.3, F1)) == [
        "Column 'f1' is an outcome too, which no verdict is about, and it fell: 80.8 % → 76.9 % (−3.8 "
        "points, −4.9 to −2.9), n = 400. To decide by it, compare with --score f1."
    ]


@pytest.mark.parametrize("name", ["score_strict", "harmlessness"])
def test_what_may_be_an_outcome_by_its_numbers_is_said(name: str) -> None:
    assert noticed(name, F1, np.where(LOST, F1 - 0.3, F1)) == [
        f"Column '{name}' may be an outcome too, which no verdict is about, and it fell: 80.8 % → "
        "76.9 % (−3.8 points, −4.9 to −2.9), n = 400. To decide by it, compare with --score "
        f"{name}."
    ]


def test_right_and_wrong_alone_are_an_outcome_under_a_name_that_says_so() -> None:
    (said,) = noticed("score_strict", HIT.astype(int), np.where(LOST, 0, HIT).astype(int))
    assert said.startswith("Column 'score_strict' may be an outcome too, which no verdict is about")


def test_what_rose_and_less_is_better_is_said_with_how_it_is_turned() -> None:
    miss = (~HIT).astype(int)
    (said,) = noticed("hallucinated", miss, np.maximum(miss, LOST))
    assert said.startswith(
        "Column 'hallucinated' is an outcome too, which no verdict is about, and it rose, of which "
        "less is better: 18.5 % → 28.5 % (+10.0 points, "
    )
    assert said.endswith(" To decide by it, compare with --score hallucinated --scale 1,0.")


def test_grades_are_told_in_their_own_numbers() -> None:
    stars = 1 + 4 * F1
    (said,) = noticed("rating", stars, np.where(LOST, stars - 1.0, stars))
    assert ", and it fell: mean 4.23 → 4.1 (−0.128, " in said


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("name", "after"),
    [
        ("f1", F1),
        ("f1", np.where(np.arange(N) == 7, F1 - 0.1, F1)),
        ("f1", np.where(LOST, F1 + 0.05, F1)),
        *(
            (name, np.where(LOST, F1 - 0.3, F1))
            for name in ("confidence", "p_cat", "toxicity", "latency", "logprob")
        ),
        ("length", np.where(LOST, LENGTH - 9.5, LENGTH)),
        ("flagged", np.where(LOST, 0, HIT).astype(int)),
        ("correct", HIT.astype(int)),
    ],
)
def test_what_did_not_fall_or_is_no_outcome_is_not(name: str, after: np.ndarray) -> None:
    before = HIT.astype(int) if name in ("correct", "flagged") else F1
    before = LENGTH if name == "length" else before
    assert noticed(name, before, after) == []
