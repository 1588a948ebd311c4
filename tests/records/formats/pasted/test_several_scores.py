"""Columns that are called scores, of several models or judges: which one counts is asked, and how
models of one file are set against each other is said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from records.formats.pasted.asking import asked, pasted, reading, write
from records.formats.pasted.tables import BRIGHT, IDS, Rows, World, world
from undertow.audit.gate.policy import Policy
from undertow.errors import UserError
from undertow.files import Request, gate_files

# every layout goes through the whole command several times
pytestmark = pytest.mark.heavy

BOTH = (
    "--score COLUMN, where only you know which COLUMN is, of 'gpt_score', 'mini_score'; if each is "
    "of a model of its own, which one file holds beside the others, give a model on each side: "
    "old.csv::gpt_score --against old.csv::mini_score --score gpt_score,mini_score --id qid"
)


def scored(w: World) -> np.ndarray:
    return (0.2 + 0.6 * w.hit + 0.1 * BRIGHT).round(3)


def of_both(w: World) -> Rows:
    """The scores of both models, on either side."""
    return {
        "qid": IDS,
        "gpt_score": scored(world(worse=False)),
        "mini_score": scored(world(worse=True)),
    }


def by_judge(w: World) -> Rows:
    return {"qid": IDS, "gpt_score": scored(w), "mini_score": np.roll(scored(w), 1)}


@pytest.mark.parametrize("made", [of_both, by_judge])
def test_which_score_counts_is_asked(made: Callable[[World], Rows], policy: Policy) -> None:
    write(made)
    assert asked(policy) == (
        "old.csv: has no column 'example_id'; it has 'qid', 'gpt_score', 'mini_score'; name its "
        f"columns with --id qid {BOTH}"
    )


def test_models_of_one_file_are_compared_as_was_said(policy: Policy) -> None:
    write(of_both)
    parts = [Path("old.csv::gpt_score")], [[Path("old.csv::mini_score")]]
    request = Request(*parts, reading("--score gpt_score,mini_score --id qid"))
    assert gate_files(request, policy).verdict == "fail"


def test_of_two_scores_in_one_file_the_first_is_never_taken(policy: Policy) -> None:
    """In both files it is that of one model, which loses nothing against itself."""
    write(of_both)
    assert asked(policy, id="qid", score="gpt_score,mini_score") == (
        "--score gpt_score,mini_score: old.csv has all of these columns; name one, or, if each is "
        "of a model of its own, give a model on each side: old.csv::gpt_score --against "
        "old.csv::mini_score"
    )


def test_files_with_a_score_each_that_is_called_after_its_model(policy: Policy) -> None:
    write(lambda w: {"qid": IDS, "gpt_score": scored(w)})
    pl.read_csv("new.csv").rename({"gpt_score": "mini_score"}).write_csv("new.csv")
    for name, file, other in (
        ("gpt_score", "new", "mini_score"),
        ("mini_score", "old", "gpt_score"),
    ):
        assert asked(policy, id="qid", score=name) == (
            f"--score {name}: {file}.csv has no such column; it has 'qid', {other!r}; where files "
            f"have different names give both: --score {name},{other}"
        )
        assert asked(policy, id="qid", score=f"{name},{other}") == "fail"


@pytest.mark.parametrize("slip", ["gpt_scor", "gptscore", "gpr_score"])
def test_a_slip_is_a_slip(slip: str, policy: Policy) -> None:
    write(lambda w: {"qid": IDS, "gpt_score": scored(w)})
    assert asked(policy, id="qid", score=slip) == (
        f"--score {slip}: old.csv has no such column; it has 'qid', 'gpt_score'; did you mean "
        "--score gpt_score"
    )


def test_whole_numbers_are_scores_too(policy: Policy) -> None:
    write(lambda w: {"qid": IDS, "gpt_score": 3 + w.hit, "mini_score": 2 + np.roll(w.hit, 1)})
    said = asked(policy)
    assert pasted(said, "", [])[0] == "--id qid --score COLUMN"
    assert said.endswith("which COLUMN is, of 'gpt_score', 'mini_score'")
    with pytest.raises(UserError):
        gate_files(
            Request([Path("old.csv")], [[Path("new.csv")]], reading("--id qid --score gpt_score")),
            policy,
        )
    assert asked(policy, id="qid", score="gpt_score", scale=(1, 5)) == "fail"
