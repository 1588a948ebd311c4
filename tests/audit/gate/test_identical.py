"""A model does not pass against itself: nothing was compared where both sides hold the same."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from click.testing import Result
from typer.testing import CliRunner

from undertow.cli import app

RULES = "[[max_drop]]\npoints = 3.0\n"
SAID = (
    "CANNOT TELL: identical on all cannot be decided: 'old' and 'new' hold the same, in every answer "
    "and every column, so nothing was compared. Check that these are the files that you meant; if a "
    'model may be gated against itself, write identical = "allowed" at the top of the policy. The one '
    "required check passes.\n"
)


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # a gate writes its report where it runs


def table(**columns: list[object]) -> pl.DataFrame:
    rows = range(300)
    label = ["cat" if n % 2 else "dog" for n in rows]
    said = ["cat" if n % 7 == 0 else label[n] for n in rows]
    return pl.DataFrame({"example_id": rows, "prediction": said, "label": label, **columns})


def gated(old: pl.DataFrame, new: pl.DataFrame, policy: str = RULES, *more: str) -> Result:
    Path("gate.toml").write_text(policy)
    old.write_csv("old.csv")
    new.write_csv("new.csv")
    line = [
        "gate",
        "old.csv",
        "--against",
        "new.csv",
        "--policy",
        "gate.toml",
        "--quiet",
        "--force",
        *more,
    ]
    return CliRunner().invoke(app, line)


def test_a_copy_is_no_pass():
    found = gated(table(), table())
    assert (found.exit_code, found.stdout) == (3, SAID)


def test_rows_and_columns_in_another_order_are_a_copy_too():
    assert (
        gated(table(), table().reverse().select("label", "prediction", "example_id")).exit_code == 3
    )


def test_a_policy_may_allow_it():
    found = gated(table(), table(), f'identical = "allowed"\n{RULES}')
    assert (found.exit_code, found.stdout) == (0, "PASS: The one required check passes.\n")


@pytest.mark.heavy
@pytest.mark.parametrize("column", ["confidence", "seconds", "judge_model"])
def test_equal_answers_of_two_runs_are_compared(column: str):
    """Another probability, time or remark says that these are two runs."""
    old, new = (table(**{column: [0.6 + k / 10] * 300}) for k in (1, 2))
    found = gated(old, new)
    assert (found.exit_code, found.stdout) == (0, "PASS: The one required check passes.\n")


def test_what_differs_in_one_answer_is_compared():
    new = table().with_columns(
        pl.when(pl.col("example_id") == 5)
        .then(pl.lit("dog"))
        .otherwise("prediction")
        .alias("prediction")
    )
    assert gated(table(), new).exit_code == 0


def others(*, new: bool) -> pl.DataFrame:
    """Two people's answers, which are the same in both files, beside a model's."""
    kinds = ["low", "mid", "high"]
    return pl.DataFrame(
        {
            "example_id": range(300),
            "first": [kinds[n % 3] for n in range(300)],
            "second": [kinds[(n + (n % 9 == 0)) % 3] for n in range(300)],
            "system": [kinds[(n + (n % 5 == 0 and new)) % 3] for n in range(300)],
        }
    )


BESIDE = (
    "CANNOT TELL: identical on all cannot be decided: 'old' and 'new' hold the same answers, and "
    "differ in 'system', so it may be that nothing was compared. If 'system' is what the models "
    "answered, name it with --prediction or --score; if it is not, write "
    'identical = "allowed" at the top of the policy. The one required check passes.\n'
)


@pytest.mark.heavy
def test_answers_that_are_the_same_in_both_files_may_be_no_answers_of_the_models():
    line = ("--prediction", "second", "--label", "first")
    found = gated(others(new=False), others(new=True), RULES, *line)
    assert found.exit_code == 3
    assert found.stdout.startswith(BESIDE)
    allowed = f'identical = "allowed"\n{RULES}'
    assert gated(others(new=False), others(new=True), allowed, *line).exit_code == 0
    assert (
        gated(
            others(new=False), others(new=True), RULES, "--prediction", "system", "--label", "first"
        ).exit_code
        == 1
    )


def graded(score: list[int], scale: str, new: list[int], **columns: list[object]) -> Result:
    """Both sides have the ``score``; ``tests_passed`` of the old one is 8, and of the other
    ``new``."""
    old, other = (
        pl.DataFrame({"example_id": range(300), "score": score, "tests_passed": passed, **columns})
        for passed in ([8 - n % 2 for n in range(300)], new)
    )
    return gated(old, other, RULES, "--score", "score", "--scale", scale)


ALL_PASSED = [7 - n % 2 for n in range(300)]
BESIDE_ONE = BESIDE.replace("'system'", "'tests_passed'")
ONE_SCORE = (
    "CANNOT TELL: identical on all cannot be decided: 'old' and 'new' have one and the same score "
    "for every example, so nothing was compared. Name the column that says how good an answer is "
    'with --score; if it is this one, write identical = "allowed" at the top of the policy. The one '
    "required check passes.\n"
)


def test_one_score_for_all_is_no_outcome_beside_one_that_differs_nearly_everywhere():
    found = graded([8] * 300, "0,8", ALL_PASSED)
    assert (found.exit_code, found.stdout) == (3, BESIDE_ONE)


def test_times_beside_one_score_for_all_are_no_outcome():
    """A model may pass all tests before and after."""
    seconds = [10 * n for n in range(300)]
    assert graded([8] * 300, "0,8", [n + 1 for n in seconds]).exit_code == 0


def test_one_score_for_all_that_is_not_the_best_is_no_outcome():
    found = graded([5] * 300, "0,8", [10 * n + 1 for n in range(300)])
    assert (found.exit_code, found.stdout) == (3, ONE_SCORE)


def test_scores_that_differ_are_outcomes():
    assert graded([8] * 299 + [7], "0,8", ALL_PASSED).exit_code == 0
