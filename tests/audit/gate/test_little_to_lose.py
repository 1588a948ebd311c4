"""A limit that is most of what the reference has right lets a model pass that lost nearly all of
it, and is looked into first."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from click.testing import Result
from typer.testing import CliRunner

from undertow.cli import app

RULES = "[[max_drop]]\npoints = 2.0\n"


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # a gate writes its report where it runs


def gated(
    before: int, after: int, policy: str = RULES, more: dict[str, list[float]] | None = None
) -> Result:
    """So many of 1,000 are right."""
    for side, right in (("old", before), ("new", after)):
        made = {"id": range(1000), "correct": [int(n < right) for n in range(1000)], **(more or {})}
        pl.DataFrame(made).write_csv(f"{side}.csv")
    Path("gate.toml").write_text(policy)
    line = ["gate", "old.csv", "--against", "new.csv", "--policy", "gate.toml", "--quiet"]
    return CliRunner().invoke(app, [*line, "--id", "id", "--score", "correct"])


def said(right: str, lost: str, way: str, lower: str) -> str:
    return (
        "CANNOT TELL: little_to_lose on all cannot be decided: The reference 'old' is right on "
        f"{right} of the examples, and max_drop lets 2 points go, {lost} of what it has right, so "
        f"there is hardly anything to lose. {way}{lower}. If so little may be decided by, write "
        'little_to_lose = "allowed" at the top of the policy. The one required check passes.\n'
    )


GRADE = (
    "Compare by a measure of which the models have more: grade each answer from 0 to 1, as by how "
    "near or how alike it is, and give that column with --score"
)


def test_a_limit_that_is_most_of_it_is_no_pass():
    found = gated(32, 28)
    expected = said("3.2 %", "62.5 %", GRADE, ", or lower points to 0.8")
    assert (found.exit_code, found.stdout) == (3, expected)


def test_a_limit_that_is_all_of_it_is_no_pass():
    found = gated(3, 0)
    assert (found.exit_code, found.stdout) == (3, said("0.3 %", "all", GRADE, ""))


def test_another_measure_of_the_table_is_named():
    found = gated(32, 28, more={"f1": [0.5 + n / 4000 for n in range(1000)]})
    way = "Compare by 'f1', with --score f1"
    expected = said("3.2 %", "62.5 %", way, ", or lower points to 0.8")
    assert (found.exit_code, found.stdout) == (3, expected)


PASS = "PASS: The one required check passes.\n"


@pytest.mark.parametrize(
    ("before", "policy"),
    [
        pytest.param(80, RULES, id="a limit of a quarter"),
        pytest.param(79, f'little_to_lose = "allowed"\n{RULES}', id="allowed"),
        pytest.param(200, "[[max_drop]]\npoints = 40.0\n", id="not seldom right"),
        pytest.param(79, f"{RULES}\n[[max_drop]]\npoints = 1.5\n", id="the strictest counts"),
        pytest.param(
            79, f'{RULES}tier = "advisory"\n\n[[max_churn]]\npoints = 90\n', id="advisory"
        ),
        pytest.param(79, '[[max_drop]]\npoints = 2.0\non = "part"\n', id="on slices"),
    ],
)
def test_else_it_is_silent(before: int, policy: str):
    parts = {"part": [float(n % 2) for n in range(1000)]}
    found = gated(before, before - 1, policy, parts)
    assert (found.exit_code, found.stdout[:5]) == (0, "PASS:")


def test_just_below_a_quarter_is_looked_into():
    assert "little_to_lose on all cannot be decided" in gated(79, 78).stdout


def test_grades_that_are_averaged_are_no_right_answers():
    """A mean of .03 may be all that a scale of grades has."""
    for side, more in (("old", 0), ("new", 0.0001)):
        grade = [0.03 + n / 100_000 - more for n in range(1000)]
        pl.DataFrame({"id": range(1000), "correct": grade}).write_csv(f"{side}.csv")
    Path("gate.toml").write_text(RULES)
    line = ["gate", "old.csv", "--against", "new.csv", "--policy", "gate.toml", "--quiet"]
    found = CliRunner().invoke(app, [*line, "--id", "id", "--score", "correct"])
    assert (found.exit_code, found.stdout) == (0, PASS)


def test_what_fails_fails():
    found = gated(79, 20)
    assert (found.exit_code, found.stdout[:5]) == (1, "FAIL:")
