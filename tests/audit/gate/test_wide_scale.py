"""On a scale much wider than its grades a large change is few points, which is looked into before a
gate passes."""

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


def gated(name: str, scale: str, old: list[float], new: list[float], policy: str = RULES) -> Result:
    for side, grades in (("old", old), ("new", new)):
        pl.DataFrame({"id": range(len(grades)), name: grades}).write_csv(f"{side}.csv")
    Path("gate.toml").write_text(policy)
    line = ["gate", "old.csv", "--against", "new.csv", "--policy", "gate.toml", "--quiet"]
    return CliRunner().invoke(app, [*line, "--id", "id", "--score", name, "--scale", scale])


OLD = [15 + n % 12 for n in range(1000)]
NEW = [1.25 * grade for grade in OLD]
SAID = (
    "CANNOT TELL: wide_scale on all cannot be decided: The middle 98 % of the grades of 'old' and "
    "'new' reach from 15 to 32.5, and the scale from 1000, the worst, to 1, the best, is 57 times "
    "as wide, so that a large change is few points: one point is 9.99. Add --scale WORST,BEST with "
    "the worst and the best number that an answer can have in earnest, or, if the scale is right, "
    'write wide_scale = "allowed" at the top of the policy. The one required check passes.\n'
)


def test_a_quarter_more_perplexity_is_no_pass():
    found = gated("perplexity", "1000,1", OLD, NEW)
    assert (found.exit_code, found.stdout) == (3, SAID)


def test_on_a_scale_of_its_own_it_fails():
    assert gated("perplexity", "35,15", OLD, NEW).exit_code == 1


def test_a_policy_may_allow_it():
    found = gated("perplexity", "1000,1", OLD, NEW, f'wide_scale = "allowed"\n{RULES}')
    assert (found.exit_code, found.stdout) == (0, "PASS: The one required check passes.\n")


def test_slips_at_the_ends_are_no_reach():
    assert gated("perplexity", "1000,1", [900.0, *OLD[1:]], NEW).exit_code == 3


def test_a_twentieth_is_enough():
    """From 50 to 54 is less than a twentieth of 100, from 50 to 55 is one."""
    assert gated("score", "0,100", [50 + n % 5 for n in range(1000)], [54.0] * 1000).exit_code == 3
    assert gated("score", "0,100", [50 + n % 6 for n in range(1000)], [54.0] * 1000).exit_code == 0


def test_one_grade_for_nearly_all_is_no_wide_scale():
    """Stars of a good model."""
    old, new = ([4.0] * few + [5.0] * (1000 - few) for few in (3, 4))
    assert gated("stars", "1,5", old, new).exit_code == 0
