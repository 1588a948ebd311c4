"""Predictions of numbers, such as prices: refused with a command that grades how near they came,
and the command works."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import undertow
from undertow.errors import TableError, UserError
from undertow.records.formats.detect import read_any
from undertow.records.formats.predictions.regression import are_numbers_on_a_scale

RIGHT = [100 + 3.5 * n for n in range(60)]
SAID = [y + (2.25 if n % 3 else 8.5) for n, y in enumerate(RIGHT)]
NEAR = '((pl.col("y_pred").cast(float) - pl.col("y_true").cast(float)).abs() <= 2).cast(int)'
COMMAND = (
    'python -c \'import polars as pl; pl.read_csv("old.csv", infer_schema=False).with_columns('
    f'{NEAR}.alias("correct")).write_csv("old-graded.csv")\''
)
GIVE = ", and give old-graded.csv for old.csv"
REFUSAL = (
    "old.csv: columns 'y_pred' and 'y_true' hold numbers on a scale, and such predictions are not "
    "compared as they are; grade each from 0 to 1 and give --score correct in place of "
    "--prediction, for example 1 where it is off by at most 2, with one tolerance for all files: "
)


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def refusal(said: list[float] = SAID, right: list[float] = RIGHT, **asked: Any) -> str:
    rows = {"id": [f"{n:02d}" for n in range(len(said))], "y_true": right, "y_pred": said}
    pl.DataFrame(rows).write_csv("old.csv")
    with pytest.raises(TableError) as caught:
        read_any([Path("old.csv")], id="id", **asked)
    return str(caught.value)


@pytest.mark.parametrize(
    "asked",
    [
        {"prediction": "y_pred", "label": "y_true"},
        {"score": "y_pred", "label": "y_true"},
        {"score": "y_pred"},
        {"score": "y_pred", "label": "y_true", "format": "graded table"},
    ],
)
def test_whatever_is_named_the_way_out_is_the_same(asked: dict[str, str]) -> None:
    assert refusal(**asked) == REFUSAL + COMMAND + GIVE


def test_scaled_to_1_they_are_still_no_grades() -> None:
    said = [y / 1000 for y in SAID]
    message = refusal(said, score="y_pred", label="y_true")
    assert message == (REFUSAL + COMMAND + GIVE).replace("at most 2,", "at most 200,").replace(
        "<= 2)", "<= 200)"
    )
    # Who asks for grades by name gets them.
    records, _ = read_any([Path("old.csv")], id="id", score="y_pred", format="graded table")
    assert records.score_MN is not None


def test_whole_numbers_may_be_the_right_ones() -> None:
    right = [float(n) for n in range(60)]
    said = [y + (0.25 if n % 3 else 0.75) for n, y in enumerate(right)]
    message = refusal(said, right, prediction="y_pred", label="y_true")
    assert message.startswith("old.csv: columns 'y_pred' and 'y_true' hold numbers on a scale")


@pytest.mark.heavy
def test_the_command_writes_what_can_be_compared() -> None:
    message = refusal(prediction="y_pred", label="y_true")
    command = shlex.split(message[message.index("python -c") :])
    subprocess.run([sys.executable, *command[1:]], check=True)
    records, _ = read_any([Path("old-graded.csv")], id="id", score="correct")
    assert records.score_MN is None or records.score_MN[0].tolist() == [
        float(abs(p - y) <= 2) for p, y in zip(SAID, RIGHT, strict=True)
    ]
    assert records.example_id_N.to_list()[:2] == ["00", "01"]


def test_right_answers_apart_and_frames_get_an_expression() -> None:
    expression = f'old.with_columns({NEAR}.alias("correct"))'
    frame = pl.DataFrame({"example_id": range(60), "y_true": RIGHT, "y_pred": SAID})
    with pytest.raises(UserError) as caught:
        undertow.compare(frame, frame, prediction="y_pred", label="y_true")
    assert str(caught.value) == (
        REFUSAL.replace("old.csv", "old")
        .replace("--score correct", "score='correct'")
        .replace("--prediction", "prediction")
        + expression
    )
    frame.select("example_id", "y_true").write_csv("truth.csv")
    frame.select("example_id", "y_pred").write_csv("old.csv")
    with pytest.raises(TableError) as caught_too:
        read_any([Path("old.csv")], prediction="y_pred", labels=Path("truth.csv"))
    assert str(caught_too.value).endswith(
        expression.removeprefix("old.").replace('"y_true"', '"label"')
    )


def test_grades_beside_numbers_stay_grades() -> None:
    """Such as answers to sums: the right ones are numbers, and the grades have decimals."""
    rows = {"example_id": range(60), "label": RIGHT, "score": [n / 60 for n in range(60)]}
    pl.DataFrame(rows).write_csv("old.csv")
    records, _ = read_any([Path("old.csv")])
    assert records.score_MN is not None


def counted(spread: int, *, exact: int = 50, times: int = 0) -> tuple[list[float], list[float]]:
    """600 counts to 99, and predictions off by up to ``spread``; each ``exact``-th is right. With
    ``times`` each count is there so often."""
    right = (
        [n // times for n in range(600)] if times else [(n * n + n // 7) % 100 for n in range(600)]
    )
    said = [y if n % exact == 0 else y + 1 + (n * 37) % spread for n, y in enumerate(right)]
    return list(map(float, said)), list(map(float, right))


def test_counts_that_are_seldom_met_are_numbers() -> None:
    said, right = counted(40)
    message = refusal(
        [int(y) for y in said], [int(y) for y in right], prediction="y_pred", label="y_true"
    )
    assert message == (REFUSAL + COMMAND + GIVE).replace("at most 2,", "at most 20,").replace(
        "<= 2)", "<= 20)"
    )


def is_read(said: list[float], right: list[float]) -> bool:
    return not are_numbers_on_a_scale(
        *(pl.Series([str(int(y)) for y in side]) for side in (said, right))
    )


def test_what_may_be_classes_is_read_as_those() -> None:
    """What is wrong has nothing to do with what is right, or much is right, or there are few, or each
    is there as often as the others."""
    said, right = counted(40)
    assert not is_read(said, right)
    assert is_read([(y * 37) % 101 for y in right], right)
    assert is_read(*counted(40, exact=5))
    assert not is_read(*counted(40, exact=6))
    assert is_read([y // 6 for y in said], [y // 6 for y in right])
    assert is_read(*counted(40, times=6))
