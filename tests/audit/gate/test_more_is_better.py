"""A column that is read as a grade, though its name leaves open which way is better, is looked into
before a gate passes."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from click.testing import Result
from typer.testing import CliRunner

from undertow.cli import app

RULES = "[[max_drop]]\npoints = 2.0\n"
ALLOWED = f'more_is_better = "allowed"\n{RULES}'


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # a gate writes its report where it runs


def write(folder: Path, side: str, name: str, share: float) -> str:
    """A table of 2,000 answers of which the column ``name`` is 1 in this share."""
    path = folder / f"{side}.csv"
    grade = [int(i < 2000 * share) for i in range(2000)]
    pl.DataFrame({"id": [f"q{i}" for i in range(2000)], name: grade}).write_csv(path)
    return str(path)


def gated(
    folder: Path, name: str, old: float, new: float, policy: str = RULES, *flags: str
) -> Result:
    (folder / "gate.toml").write_text(policy)
    sides = [write(folder, side, name, share) for side, share in (("old", old), ("new", new))]
    line = ["gate", sides[0], "--against", sides[1], "--policy", str(folder / "gate.toml")]
    return CliRunner().invoke(app, [*line, "--id", "id", "--score", name, "--quiet", *flags])


@pytest.mark.heavy
@pytest.mark.parametrize("name", ["quality_issues", "gold_rank", "unsolved", "complaints"])
def test_a_name_that_leaves_it_open_is_no_pass(tmp_path: Path, name: str):
    """Four points more issues, which as a grade are four points gained."""
    found = gated(tmp_path, name, 0.10, 0.14)
    doubts = " ".join(
        f"'{name}' of '{side}' is taken for a grade of which more is better, and its name does not "
        "say so: if less is better, a worse model passes."
        for side in ("old", "new")
    )
    assert (found.exit_code, found.stdout) == (
        3,
        f"CANNOT TELL: more_is_better on all cannot be decided: {doubts} Say which with "
        "--scale WORST,BEST, 1,0 where less is better, which reads 1 minus it, and 0,1 where more is, "
        'or write more_is_better = "allowed" at the top of the policy. The one required check passes.\n',
    )


@pytest.mark.heavy
@pytest.mark.parametrize("name", ["score", "correct", "exact_match", "rating", "bleu"])
def test_names_of_grades_are_believed(tmp_path: Path, name: str):
    assert gated(tmp_path, name, 0.80, 0.82).exit_code == 0


@pytest.mark.heavy
def test_a_policy_may_allow_it_and_a_loss_fails(tmp_path: Path):
    assert gated(tmp_path, "unsolved", 0.80, 0.82, ALLOWED).exit_code == 0
    assert gated(tmp_path, "unsolved", 0.80, 0.60, ALLOWED).exit_code == 1
    assert gated(tmp_path, "unsolved", 0.80, 0.60).exit_code == 1


@pytest.mark.heavy
def test_what_the_guard_says_to_add_decides(tmp_path: Path):
    """Of a rank four points more are a loss, of what is unsaid they are a gain."""
    assert gated(tmp_path, "gold_rank", 0.10, 0.14, RULES, "--scale", "1,0").exit_code == 1
    assert gated(tmp_path, "gold_rank", 0.10, 0.14, RULES, "--scale", "0,1").exit_code == 0


def test_a_name_with_a_quote_is_looked_into_too(tmp_path: Path):
    found = gated(tmp_path, "judge's rank", 0.10, 0.14)
    assert found.exit_code == 3
    assert "\"judge's rank\" of 'old' is taken for a grade" in found.stdout


@pytest.mark.heavy
def test_each_column_of_a_side_is_looked_into(tmp_path: Path):
    """Of two files of one side the second calls its column otherwise."""
    files = [write(tmp_path, "a", "score", 0.8), write(tmp_path, "b", "gold_rank", 0.81)]
    new = [write(tmp_path, "c", "score", 0.82), write(tmp_path, "d", "score", 0.83)]
    (tmp_path / "gate.toml").write_text(RULES)
    line = ["gate", *files, "--against", *new, "--policy", str(tmp_path / "gate.toml")]
    flags = ["--id", "id", "--score", "score,gold_rank", "--quiet"]
    found = CliRunner().invoke(app, [*line, *flags])
    assert found.exit_code == 3
    assert "more_is_better on all cannot be decided: 'gold_rank' of " in found.stdout
