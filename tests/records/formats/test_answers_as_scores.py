"""Predictions that somebody names as scores are no grades."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from undertow.errors import TableError
from undertow.records.formats import graded
from undertow.records.reading import Reading

FRAUD = ["True", "False", "False", "True", "False"]
ALARM = ["True", "True", "False", "False", "False"]
SCORE = Reading(score="alarm", id="rec")


def said_of(folder: Path, reading: Reading, **columns: list[object]) -> str:
    path = folder / "old.csv"
    pl.DataFrame({"rec": range(5), **columns}).write_csv(path)
    with pytest.raises(TableError) as refused:
        graded.read([path], reading)
    return str(refused.value).replace(str(path), "old.csv")


def test_words_of_another_column_are_predictions(tmp_path: Path):
    assert said_of(tmp_path, SCORE, sex=[*"fmmfm"], fraud=FRAUD, alarm=ALARM) == (
        "old.csv: column 'alarm' has the values of 'fraud' ('False', 'True'), as predictions have, "
        "and a score is a grade, of which more is better; add --prediction alarm --label fraud "
        "in place of --score alarm, or, if 'alarm' says how good an answer is, add "
        "--format 'graded table'"
    )


def test_so_are_numbers_of_the_label_that_is_named(tmp_path: Path):
    kinds, said = [0, 1, 2, 1, 0], [0, 2, 1, 1, 0]
    reading = Reading(score="argmax", label="cls", id="rec")
    assert said_of(tmp_path, reading, cls=kinds, argmax=said).startswith(
        "old.csv: column 'argmax' has the values of 'cls' ('0', '1', '2'), as predictions have, and "
        "a score is a grade, of which more is better; add --prediction argmax in place of "
        "--score argmax, or, "
    )


def test_of_several_only_the_person_knows(tmp_path: Path):
    assert (
        "; add --prediction alarm --label COLUMN in place of --score alarm, where COLUMN is 'fraud' "
        "or 'night', or, "
    ) in said_of(tmp_path, SCORE, fraud=FRAUD, night=FRAUD[::-1], alarm=ALARM)


@pytest.mark.parametrize("called", ["correct", "passed", "solved", "judge_score"])
def test_what_is_called_an_outcome_is_one(tmp_path: Path, called: str):
    path = tmp_path / "old.csv"
    pl.DataFrame({"rec": range(5), "night": FRAUD, called: ALARM}).write_csv(path)
    scored = graded.read([path], Reading(score=called, id="rec"))
    assert scored.N == 5


def test_a_person_may_say_that_it_is_a_grade(tmp_path: Path):
    path = tmp_path / "old.csv"
    pl.DataFrame({"rec": range(5), "fraud": FRAUD, "alarm": ALARM}).write_csv(path)
    asked = Reading(score="alarm", id="rec", format=graded.NAME)
    assert graded.read([path], asked).N == 5
