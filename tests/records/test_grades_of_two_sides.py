"""Grades on a scale of which one side shows less than the other: both are read on one scale, as two
would move every grade of one side against the other's."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import pytest

import suggested
import undertow
from undertow.errors import NotComparableError, UserError
from undertow.records import read_any, write_records


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def put(name: str, *scores: float) -> None:
    rows = {"example_id": [f"e{n}" for n in range(60)], "score": [*scores] * (60 // len(scores))}
    pl.DataFrame(rows).write_csv(name)


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("old", "new", "reach", "ends", "means"),
    [
        ((1, 4, 5, 3), (1, 4, 10, 3), ("1 to 5", "1 to 10"), (1, 10), (0.25, 0.3889)),
        ((0, 60, 90, 100), (0, 6, 9, 10), ("0 to 100", "0 to 10"), (0, 100), (0.625, 0.0625)),
    ],
)
def test_one_rule_for_both_sides(
    old: tuple[float, ...],
    new: tuple[float, ...],
    reach: tuple[str, str],
    ends: tuple[int, int],
    means: tuple[float, float],
) -> None:
    put("old.csv", *old)
    put("new.csv", *new)
    with pytest.raises(UserError) as caught:
        undertow.compare("old.csv", "new.csv")
    outside = sum(not 0 <= score <= 1 for score in old) * 15
    assert str(caught.value) == (
        f"old.csv: column 'score' reaches from {reach[0]} ({outside} of 60 are not between 0 and 1); "
        "expected 0 for the worst answer and 1 for the best; column 'score' in new.csv reaches from "
        f"{reach[1]}; add scale=(WORST, BEST) with the ends of its scale, which only you know: the "
        "number of the worst answer, then that of the best (6,1 where 1 is the best grade, 1,6 where "
        "6 is)"
    )
    for scale, right in ((ends, means), (ends[::-1], [1 - mean for mean in means])):
        found = undertow.compare("old.csv", "new.csv", scale=scale).findings
        (row,) = found.filter(slice="all", measure="accuracy").iter_rows(named=True)
        assert (row["reference"], row["reference"] + row["effect"]) == pytest.approx(
            right, abs=1e-4
        )


def test_sides_that_were_read_on_other_scales_are_not_compared() -> None:
    for name, scale in (("old", (1, 5)), ("new", (1, 10))):
        put(f"{name}.csv", 1, 4, 5, 3)
        write_records(read_any([Path(f"{name}.csv")], scale=scale)[0], Path(name))
    with pytest.raises(NotComparableError) as caught:
        undertow.compare("old", "new")
    assert str(caught.value) == (
        "the scale of the grades differs: from 1, the worst, to 5, the best for 'old', from 1, the "
        "worst, to 10, the best for 'new'; evaluate both alike, or accept it with accept='grades'"
    )
    assert undertow.compare("old", "new", accept="grades").audit.n_examples == 60


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
