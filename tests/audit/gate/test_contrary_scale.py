"""A scale that is the contrary of what the name of a column says is heeded, and looked into before
a gate passes."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from click.testing import Result
from typer.testing import CliRunner

from undertow.cli import app
from undertow.records.contrary_scale import NAME, WORDS, contrary_to
from undertow.records.grade_scale import grade_scale

RULES = "[[max_drop]]\npoints = 2.0\n"


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # a gate writes its report where it runs


def gated(
    name: str, scale: str, words: tuple[str, str] = ("0", "1"), policy: str = RULES
) -> Result:
    """Of 2,000 answers 10 % are the second word before, and 14 % after."""
    for side, share in (("old", 0.10), ("new", 0.14)):
        grade = [words[i < 2000 * share] for i in range(2000)]
        pl.DataFrame({"id": [f"q{i}" for i in range(2000)], name: grade}).write_csv(f"{side}.csv")
    Path("gate.toml").write_text(policy)
    line = ["gate", "old.csv", "--against", "new.csv", "--policy", "gate.toml", "--quiet"]
    return CliRunner().invoke(app, [*line, "--id", "id", "--score", name, "--scale", scale])


def said(name: str, scale: str, what: str, right: str) -> str:
    doubts = " ".join(
        f"'{name}' of '{side}' is read as a grade that goes {scale}, the contrary of what {what}: "
        f"if {right} right, a worse model passes."
        for side in ("old", "new")
    )
    return (
        f"CANNOT TELL: contrary_scale on all cannot be decided: {doubts} Exchange the ends of "
        '--scale, or, if they are right as they are, write contrary_scale = "allowed" at the top '
        "of the policy. The one required check passes.\n"
    )


@pytest.mark.heavy
@pytest.mark.parametrize("name", ["bugs", "errors", "toxicity", "hallucinated"])
def test_more_of_what_is_bad_is_no_pass(name: str):
    """Four points more bugs, which by this scale are four points gained."""
    found = gated(name, "0,1")
    expected = said(name, "from 0, the worst, to 1, the best", "its name says", "its name is")
    assert (found.exit_code, found.stdout) == (3, expected)


@pytest.mark.heavy
def test_words_the_wrong_way_round_are_no_pass():
    found = gated("verdict", "good,bad", ("good", "bad"))
    expected = said(
        "verdict", "from good, the worst, to bad, the best", "its words say", "these words are"
    )
    assert (found.exit_code, found.stdout) == (3, expected)


@pytest.mark.heavy
def test_what_is_said_explicitly_stands():
    """Allowed by the policy it is a gain, and the other way round a loss; no name, no question."""
    allowed = f'contrary_scale = "allowed"\n{RULES}'
    assert gated("bugs", "0,1", policy=allowed).exit_code == 0
    assert gated("bugs", "1,0").exit_code == 1
    assert gated("grade", "0,1").exit_code == 0


def test_a_policy_that_allows_an_open_name_does_not_allow_this():
    assert gated("bugs", "0,1", policy=f'more_is_better = "allowed"\n{RULES}').exit_code == 3


LESS = [
    "bugs", "n_bugs", "bugCount", "errors", "error_rate", "errorcount", "toxicity", "hallucinated",
    "is_wrong", "wer", "loss", "old_errors", "quality_issues", "unsolved", "complaints",
    "false_negatives", "Fehlerrate", "Mängel", "inaccurate",
]  # fmt: skip
MORE = ["accuracy", "correct", "is_correct", "exact_match", "won", "bleu_4", "old_passed", "f1"]
OPEN = [
    "score", "grade", "rating", "stars", "judge", "gold_rank", "bugs_fixed", "error_free",
    "no_hallucination", "1-wer", "complexity", "Note", "accuracy_drop",
]  # fmt: skip


@pytest.mark.parametrize("name", LESS)
def test_names_of_which_less_is_better(name: str):
    assert contrary_to(name, grade_scale("0,1")) == NAME
    assert contrary_to(name, grade_scale("no,yes")) == NAME
    assert contrary_to(name, grade_scale("1,0")) is None
    assert contrary_to(name, grade_scale("ja,nein")) is None


@pytest.mark.parametrize("name", MORE)
def test_names_of_which_more_is_better(name: str):
    assert contrary_to(name, grade_scale("10,1")) == NAME
    assert contrary_to(name, grade_scale("yes,no")) == NAME
    assert contrary_to(name, grade_scale("1,10")) is None


@pytest.mark.parametrize("name", OPEN)
@pytest.mark.parametrize("scale", ["0,1", "1,0", "6,1", "F,A", "A,F", "red,blue"])
def test_of_other_names_nothing_is_asked(name: str, scale: str):
    assert contrary_to(name, grade_scale(scale)) is None


@pytest.mark.parametrize("name", ["verdict", "bugs", "correct"])
def test_words_that_say_it_go_before_the_name(name: str):
    assert contrary_to(name, grade_scale("right,wrong")) == WORDS
    assert contrary_to(name, grade_scale("Richtig,falsch")) == WORDS
    assert contrary_to(name, grade_scale("wrong,right")) is None
