"""Grades that are no bare numbers: more than two words, signs, and cells that say out of how much
they are."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from click.testing import Result
from typer.testing import CliRunner

from undertow.cli import app
from undertow.errors import UserError
from undertow.records import Records, read_any
from undertow.records.grade_scale import GradeScale, grade_scale
from undertow.records.reading import Reading

ORDER = (
    "--scale with each word as the file writes it and commas between, the worst first and the best "
    "last, which only you know; they are taken as equally far apart; the cell of an example "
    "without a grade is left empty"
)


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def read(cells: list[str], scale: object = None, name: str = "score") -> Records:
    rows = {"example_id": [f"e{n}" for n in range(len(cells))], name: cells}
    pl.DataFrame(rows).write_csv("a.csv")
    told = None if scale is None else grade_scale(scale)
    return read_any([Path("a.csv")], Reading(score=name, scale=told))[0]


def scores(cells: list[str], scale: object = None) -> list[float]:
    found = read(cells, scale).score_MN
    assert found is not None
    return [round(float(value), 6) for value in found[0]]


def refused(cells: list[str], scale: object = None) -> str:
    with pytest.raises(UserError) as caught:
        read(cells, scale)
    return str(caught.value)


FOUR = ["poor", "fair", "good", "excellent"]


@pytest.mark.parametrize(
    ("cells", "scale", "expected"),
    [
        (FOUR, "poor,fair,good,excellent", [0, 0.333333, 0.666667, 1]),
        (FOUR, "excellent,good,fair,poor", [1, 0.666667, 0.333333, 0]),
        (["Bad", " ok", "GOOD"], "bad,ok,good", [0, 0.5, 1]),
        (["mangelhaft", "gut", "sehr gut"], ["mangelhaft", "gut", "sehr gut"], [0, 0.5, 1]),
        (["D", "C", "A"], "D,C,B,A", [0, 0.333333, 1]),
        (["D", "C", "A"], "D,A", [0, 0.333333, 1]),
        (["F", "D", "A"], "F,D,C,B,A", [0, 0.25, 1]),
        (["F", "D", "A"], "F,A", [0, 0.4, 1]),
        (["B-", "A", "A+"], "B-,A,A+", [0, 0.5, 1]),
        (["👎", "👍"], "👎,👍", [0, 1]),
        (["👎", "👍\ufe0f"], "👎\ufe0f,👍", [0, 1]),
        (["😞", "😐", "😀"], "😞,😐,😀", [0, 0.5, 1]),
        (["-", "+"], "-,+", [0, 1]),
        (["very good, indeed", "bad"], ("bad", "very good, indeed"), [1, 0]),
        (["7/10", "10/10", "0/10"], None, [0.7, 1, 0]),
        (["7/10", "3/5", "1/3"], None, [0.7, 0.6, 0.333333]),
        (["7,5 / 10", "3 out of 10", "3 von 10"], None, [0.75, 0.3, 0.3]),
        (["7/10", "10/10", "1/10"], "1,10", [0.666667, 1, 0]),
        (["7/10", "10/10"], "10,0", [0.3, 0]),
        (["7/10", "10/10"], "1,0", [0.3, 0]),
        (["85%", "100%", "0.5 %"], None, [0.85, 1, 0.005]),
        (["★★☆☆☆", "★★★★★", "☆☆☆☆☆"], None, [0.4, 1, 0]),
        (["4/5 stars", "5/5 stars"], None, [0.8, 1]),
        (["4 stars", "1 star", "5 Sterne"], "1,5", [0.75, 0, 1]),
        (["⭐⭐⭐", "⭐", "⭐⭐⭐⭐⭐"], "1,5", [0.5, 0, 1]),
    ],
)
def test_read_as(cells: list[str], scale: object, expected: list[float]):
    assert scores(cells, scale) == expected


def test_that_steps_are_equal_is_kept_with_the_record():
    """For the page, and in the condition that both sides have in common."""
    said = "from bad, the worst, over ok, fine, to good, the best, in steps that are taken as equal"
    records = read(["bad", "ok", "fine", "good"], "bad,ok,fine,good")
    assert records.manifest.conditions["grades"] == said
    assert records.manifest.notes == (
        f"a.csv: column 'score' is read as a grade that goes {said}.",
    )
    assert grade_scale("bad,good").said == "from bad, the worst, to good, the best"


def test_that_a_cell_says_its_scale_is_noted():
    assert read(["7/10", "8/10"]).manifest.notes == (
        "a.csv: column 'score' is read as the share of what its cells are out of, '7/10' as 0.7.",
    )


def test_several_words_ask_for_their_order():
    """And print none, since most orders are wrong."""
    assert refused(FOUR) == (
        "a.csv: column 'score' holds 4 words, 'excellent', 'fair', 'good', 'poor', and nothing "
        f"says their order; if they are grades, add {ORDER}"
    )
    assert refused(FOUR, "poor,excellent") == (
        "a.csv: column 'score' is 'fair' for 'e1', beyond --scale poor,excellent (2 of 4 rows); "
        f"write {ORDER}"
    )


def test_two_signs_ask_which_is_the_better():
    assert refused(["👎", "👍"]) == (
        "a.csv: column 'score' holds two words, '👍' and '👎', and nothing says which of them is "
        "the better; add --scale WORST,BEST, which only you know: the word of a wrong answer, then "
        "that of a right one, as the file writes them"
    )


def test_counted_stars_ask_for_the_ends():
    """Nothing says out of how many they are."""
    assert refused(["⭐⭐⭐", "⭐⭐⭐⭐"]) == (
        "a.csv: column 'score' reaches from 3 to 4 (2 of 2 are not between 0 and 1); expected 0 for "
        "the worst answer and 1 for the best; add --scale WORST,BEST with the ends of its scale, "
        "which only you know: the number of the worst answer, then that of the best (6,1 where 1 "
        "is the best grade, 1,6 where 6 is)"
    )


def test_equally_many_stars_are_not_out_of_so_many():
    assert "reaches from 3 to 3" in refused(["⭐⭐⭐", "⭐⭐⭐"])


def test_more_than_a_cell_is_out_of():
    assert refused(["7/10", "11/10"]) == (
        "a.csv: column 'score' is '11/10' for 'e1', more than it is out of (1 of 2 rows); correct "
        "the cell, or empty it: --missing wrong then counts it as wrong, and --allow-partial leaves "
        "its example out"
    )


def test_a_scale_that_ends_elsewhere():
    assert refused(["7/10", "8/10"], "1,5") == (
        "--scale 1,5: column 'score' in a.csv is '7/10' for 'e0', out of 10 and not 5; write "
        "--scale WORST,BEST, which is 0,1 where more is better and 1,0 where less is, of the share"
    )


@pytest.mark.parametrize(
    "given", ["WORST,BEST", "WORST,ok,BEST", "bad,…,good", "a,b,A", "bad,ok,3"]
)
def test_what_is_copied_as_it_stands_is_no_scale(given: str):
    with pytest.raises(UserError) as caught:
        grade_scale(given)
    assert str(caught.value).startswith("--scale ")
    assert "are no two different numbers; write --scale WORST,BEST" in str(caught.value)


def test_words_are_typed_as_they_were_given():
    assert GradeScale(0, 2, ("bad", "so so", "good")).typed == "--scale 'bad,so so,good'"


def gated(old: list[str], new: list[str], *flags: str) -> Result:
    for side, cells in (("old", old), ("new", new)):
        rows = {"id": [f"q{i}" for i in range(len(cells))], "score": cells}
        pl.DataFrame(rows).write_csv(f"{side}.csv")
    Path("gate.toml").write_text("[[max_drop]]\npoints = 3.0\n")
    line = ["gate", "old.csv", "--against", "new.csv", "--policy", "gate.toml", "--quiet"]
    return CliRunner().invoke(app, [*line, "--id", "id", "--score", "score", *flags])


@pytest.mark.heavy
def test_a_worse_model_fails_and_passes_by_no_order_that_is_wrong():
    old, new = ["good"] * 1500 + ["bad"] * 250 + ["ok"] * 250, ["good"] * 1000 + ["bad"] * 1000
    assert gated(old, new, "--scale", "bad,ok,good").exit_code == 1
    assert gated(old, new, "--scale", "good,ok,bad").exit_code == 3
    assert gated(["8/10"] * 2000, ["7/10"] * 2000).exit_code == 1


@pytest.mark.parametrize(
    ("cells", "also"),
    [
        (FOUR, ", and with --scale too: all its words in order, the worst first"),
        (["A", "B", "F"], ", and with --scale WORST,BEST too"),
        (["👎", "👍"], ", and with --scale WORST,BEST too"),
        (["3", "4"], ", and with --scale WORST,BEST too: its ends, the worst first"),
        (["7/10", "8/10"], ""),
        (["0", "1"], ""),
        (["yes", "no"], ""),
    ],
)
def test_who_asks_for_ids_asks_for_the_scale_too(cells: list[str], also: str):
    pl.DataFrame({"qid": [f"q{n}" for n in range(len(cells))], "score": cells}).write_csv("a.csv")
    with pytest.raises(UserError) as caught:
        read_any([Path("a.csv")])
    assert str(caught.value) == (
        "a.csv: has no column 'example_id'; it has 'qid', 'score'; name its columns with --id qid"
        f"{also}"
    )
