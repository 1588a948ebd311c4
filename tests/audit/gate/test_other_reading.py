"""A score that may be a grade or a probability must not have got worse by the other reading."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from undertow.audit.gate.policy import parse_policy
from undertow.audit.gate.result import GateResult
from undertow.audit.settings import Settings
from undertow.files import Request, gate_files
from undertow.records.reading import Reading

N = 2000
RULES = "[[max_drop]]\npoints = 2.0\n"
ALLOWED = f'other_reading = "allowed"\n{RULES}'
DRAW = np.random.default_rng(4)
GOOD_N = DRAW.random(N) < 0.5
SIGNAL_N = np.where(GOOD_N, 1.0, -1.0) + DRAW.normal(0, 1, N)
NOISE_N = DRAW.normal(0, 1, N)


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def gated(
    new_N: np.ndarray,
    policy: str = RULES,
    name: str = "quality",
    by: str = "state",
    old_N: np.ndarray = SIGNAL_N,
    **given: Any,
) -> GateResult:
    """A gate of scores between 0 and 1 that grow with the signal, against others."""
    state = np.where(GOOD_N, "good", "bad")
    for file, signal_N in (("old.csv", old_N), ("new.csv", new_N)):
        score = (1 / (1 + np.exp(-signal_N))).round(4)
        rows = {"uid": [f"u{n}" for n in range(N)], name: score, "state": state}
        pl.DataFrame(rows).write_csv(file)
    reading = Reading(id="uid", score=name, **given)
    settings = Settings(by=(by,) if by else (), draws=100)
    request = Request([Path("old.csv")], [[Path("new.csv")]], reading, settings=settings)
    return gate_files(request, parse_policy(policy))


@pytest.mark.heavy
def test_grades_that_tell_a_slice_apart_less_well_are_no_pass() -> None:
    found = gated(SIGNAL_N + NOISE_N)
    assert found.verdict == "cannot tell"
    assert found.reason == (
        "other_reading on all cannot be decided: The scores of 'old' and 'new' tell 'good' from the "
        "rest in 91.85 and 84.30 % of pairs of 'state': if that is the right answer and the score a "
        "probability, the new model is worse. If so, add --label state --positive good in place of "
        '--by state. If it is read as it should be, write other_reading = "allowed" at the top of the '
        "policy. The one required check passes."
    )
    assert gated(SIGNAL_N + NOISE_N, ALLOWED).verdict == "pass"


def test_so_are_grades_that_cross_one_half_the_wrong_way() -> None:
    """In the same order as before; as grades all of them gain."""
    found = gated(SIGNAL_N + 0.8, f"max_gain = 50\n{RULES}")
    assert found.verdict == "cannot tell"
    assert "stand on its side of one half in" in found.reason


def test_grades_that_hardly_moved_pass() -> None:
    assert gated(SIGNAL_N + 0.02 * NOISE_N).verdict == "pass"


@pytest.mark.heavy
def test_a_slice_that_the_reference_does_not_tell_is_not_looked_at() -> None:
    draw = np.random.default_rng(8)
    flat_N = draw.normal(0, 1, N)
    for _ in range(10):
        found = gated(flat_N + draw.normal(0, 1, N), old_N=flat_N)
        assert "other_reading" not in [d.rule for d in found.decisions]


@pytest.mark.heavy
def test_a_grade_that_fell_beside_both_values_is_no_pass_as_a_probability() -> None:
    given = {"label": "state", "positive": "good"}
    fell_N = np.where(np.abs(SIGNAL_N) > 0.5, SIGNAL_N - 0.4, SIGNAL_N)
    found = gated(fell_N, by="", **given)
    assert found.verdict == "cannot tell"
    assert found.reason == (
        "other_reading on all cannot be decided: 'quality' fell by 4.76 points, beside either value of "
        "'state': if it says how good an answer is, the new model is worse. If so, add --by state in "
        "place of --label state and leave --positive out. If it is read as it should be, write "
        'other_reading = "allowed" at the top of the policy. The one required check passes.'
    )
    assert gated(fell_N, ALLOWED, by="", **given).verdict == "pass"
    assert gated(fell_N, by="", name="score", **given).verdict == "cannot tell"
    assert gated(fell_N, by="", name="fit", **given).verdict == "pass"
    less_N = np.where(np.abs(SIGNAL_N) > 0.5, SIGNAL_N - 0.1, SIGNAL_N)
    assert gated(less_N, by="", **given).verdict == "pass"  # As a grade it holds the limit too.
    assert gated(SIGNAL_N + 0.01 * NOISE_N, by="", **given).verdict == "pass"
