"""Grades on a scale of which one side shows less than the other: both are scaled by one rule, as two
rules would move every grade of one side against the other's."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import pytest

import suggested
import undertow
from undertow.errors import UserError


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def put(name: str, *scores: float) -> None:
    rows = {"example_id": [f"e{n}" for n in range(60)], "score": [*scores] * (60 // len(scores))}
    pl.DataFrame(rows).write_csv(name)


@pytest.mark.parametrize(
    ("old", "new", "reach", "way", "means"),
    [
        ((1, 4, 5, 3), (1, 4, 10, 3), ("1 to 5", "1 to 10"), "if 1 is the worst and 10 the best",
         (0.25, 0.3889)),
        ((0, 60, 90, 100), (0, 6, 9, 10), ("0 to 100", "0 to 10"), "if 100 is the best",
         (0.625, 0.0625)),
    ],
)  # fmt: skip
def test_one_rule_for_both_sides(
    old: tuple[float, ...],
    new: tuple[float, ...],
    reach: tuple[str, str],
    way: str,
    means: tuple[float, float],
) -> None:
    put("old.csv", *old)
    put("new.csv", *new)
    with pytest.raises(UserError) as caught:
        undertow.compare("old.csv", "new.csv")
    message = str(caught.value)
    commands = re.findall(r"python -c '[^']*'", message)
    outside = sum(not 0 <= score <= 1 for score in old) * 15
    assert message == (
        f"old.csv: column 'score' reaches from {reach[0]} ({outside} of 60 are not between 0 and 1); "
        "expected 0 for the worst answer and 1 for the best; column 'score' in new.csv reaches from "
        f"{reach[1]}; {way}, scale all files so: {' && '.join(commands)}"
    )
    for command in commands:
        suggested.do(command)
    found = undertow.compare("old-scaled.csv", "new-scaled.csv").findings
    (row,) = found.filter(slice="all", measure="accuracy").iter_rows(named=True)
    assert (row["reference"], row["reference"] + row["effect"]) == pytest.approx(means, abs=1e-4)


PER_CENT = pl.DataFrame({"example_id": [f"e{n}" for n in range(60)], "label": ["no", "yes"] * 30})


@pytest.mark.parametrize("of_classes", [False, True])
def test_probabilities_in_per_cent_are_scaled_on_both_sides(of_classes: bool) -> None:
    yes = pl.Series([*range(20, 80)])
    asked: dict[str, str] = {} if of_classes else {"score": "risk"}
    for name, p in (("old.csv", yes), ("new.csv", yes + 1)):
        more = {"p_no": 100 - p, "p_yes": p} if of_classes else {"risk": p}
        PER_CENT.with_columns(**more).write_csv(name)
    with pytest.raises(UserError) as caught:
        undertow.compare("old.csv", "new.csv", **asked)
    commands = re.findall(r"python -c '[^']*'", str(caught.value))
    way = "0.2; write them as fractions, " if of_classes else ", or scale all files so: "
    assert len(commands) == 2
    assert str(caught.value).endswith(f"{way}{' && '.join(commands)}")
    for command in commands:
        suggested.do(command)
    found = undertow.compare("old-scaled.csv", "new-scaled.csv", **asked).findings
    assert found.filter(slice="all", measure="accuracy")["n_examples"].to_list() == [60]
