"""Which way a column of outcomes or grades is better, a person says, and no worse model passes by it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from records.formats.pasted.asking import asked, moved_once, pasted, write
from records.formats.pasted.tables import (
    BRIGHT,
    IDS,
)
from undertow.audit.gate.policy import Policy
from undertow.files import Request, gate_files
from undertow.records.reading import Reading

# every layout goes through the whole command several times
pytestmark = pytest.mark.heavy


@pytest.mark.parametrize("name", ["grade", "score", "reward"])
@pytest.mark.parametrize(("best", "worst"), [(1, 6), (5, 1), (10, 0)])
def test_a_person_says_which_end_of_a_scale_is_the_best(
    name: str, best: int, worst: int, policy: Policy
) -> None:
    off = 1 if worst > best else -1
    write(lambda w: {"qid": IDS, name: np.where(w.hit, best, worst - off * (BRIGHT > 0.5))})
    given = pasted(asked(policy), "", [])[0]
    named = "" if name == "score" else f" --score {name}"
    assert given == f"--id qid{named}"
    said = asked(policy, id="qid", score=name)
    assert said.endswith(
        "expected 0 for the worst answer and 1 for the best; add --scale WORST,BEST with the ends of "
        "its scale, which only you know: the number of the worst answer, then that of the best (6,1 "
        "where 1 is the best grade, 1,6 where 6 is)"
    )
    assert asked(policy, id="qid", score=name, scale=(worst, best)) == "fail"
    assert asked(policy, id="qid", score=name, scale=(best, worst)) == "cannot tell"


def test_a_gain_may_be_a_loss_of_which_less_is_better(policy: Policy) -> None:
    write(lambda w: {"qid": IDS, "score": 1 - w.hit})
    for scale, way in ((None, "add --scale 1,0"), ((0, 1), "exchange the ends of --scale")):
        given = Reading(id="qid", scale=scale)  # type: ignore[arg-type]
        found = gate_files(Request([Path("old.csv")], [[Path("new.csv")]], given), policy)
        assert found.verdict == "cannot tell"
        assert (
            "more than is plausible: look for leaked answers, another prompt or another filter, ask "
            f"whether less of the score is better ({way} then), or write max_gain = 12 at the top "
            "of the policy."
        ) in found.reason


@pytest.mark.parametrize(
    ("name", "count", "said"),
    [
        ("quality_issues", 1, ", and with --scale 1,0 too if less of it is better"),
        ("judge_disagreements", 3, ", and with --scale WORST,BEST too"),
        (
            "toxic",
            1,
            "; of 'toxic' less is better, as its name has it, so as a score it goes with --score "
            "toxic --scale 1,0",
        ),
        (
            "num_errors",
            3,
            "; of 'num_errors' less is better, as its name has it, so as a score it goes with "
            "--score num_errors --scale WORST,BEST",
        ),
    ],
)
def test_the_only_outcome_is_named_with_how_it_is_turned(
    name: str, count: int, said: str, policy: Policy
) -> None:
    write(lambda w: {"qid": IDS, name: count * (1 - w.hit)})
    assert asked(policy) == (
        f"old.csv: has no column 'example_id'; it has 'qid', {name!r}; name its columns with --id "
        f"qid --prediction COLUMN, where only you know whether COLUMN is {name!r}; a score or a "
        f"probability goes with --score COLUMN in place of --prediction COLUMN{said}"
    )
    assert asked(policy, id="qid", score=name, scale=(count, 0)) == "fail"


@pytest.mark.parametrize("name", ["judge_score", "rouge_l", "bleu_4"])
def test_grades_under_longer_names_pass_where_nothing_is_lost(name: str, policy: Policy) -> None:
    write(lambda w: {"qid": IDS, name: 0.2 + 0.6 * w.hit})
    assert asked(policy, id="qid", score=name) == "fail"
    moved_once(name)
    assert asked(policy, id="qid", score=name) == "pass"


@pytest.mark.parametrize(
    ("no", "yes"),
    [("nicht bestanden", "bestanden"), ("non", "oui"), ("falsch", "richtig"), ("Ja", "Nein")],
)
def test_a_person_says_which_of_two_words_is_right(no: str, yes: str, policy: Policy) -> None:
    write(lambda w: {"qid": IDS, "result": np.where(w.hit, yes, no)})
    first, second = sorted((no, yes))
    assert asked(policy) == (
        "old.csv: has no column 'example_id'; it has 'qid', 'result'; name its columns with --id qid "
        "--prediction COLUMN, where only you know whether COLUMN is 'result'; a score or a "
        "probability goes with --score COLUMN in place of --prediction COLUMN, and with --scale "
        "WORST,BEST too"
    )
    assert asked(policy, id="qid", score="result") == (
        f"old.csv: column 'result' holds two words, {first!r} and {second!r}, and nothing says which "
        "of them is the better; add --scale WORST,BEST, which only you know: the word of a wrong "
        "answer, then that of a right one, as the file writes them"
    )
    assert asked(policy, id="qid", score="result", scale=f"{no},{yes}") == "fail"
    assert asked(policy, id="qid", score="result", scale=(yes.upper(), no)) == "cannot tell"
    assert asked(policy, id="qid", score="result", scale="vrai,faux") == (
        f"old.csv: column 'result' is {yes!r} for {IDS[0]!r}, beyond --scale vrai,faux (1,000 of "
        "1,000 rows); write --scale WORST,BEST: the word of a wrong answer, then that of a right "
        "one, as the file writes them"
    )
    moved_once("result")
    assert asked(policy, id="qid", score="result", scale=f"{no},{yes}") == "pass"


def test_a_person_says_which_letter_is_the_best(policy: Policy) -> None:
    write(lambda w: {"qid": IDS, "grade": np.where(w.hit, "A", np.where(BRIGHT > 0.5, "F", "C"))})
    said = asked(policy, id="qid", score="grade")
    assert said == (
        "old.csv: column 'grade' holds letters, 'A' to 'F', and nothing says which of them is the "
        "better; add --scale WORST,BEST, which only you know: the letter of the worst answer, then "
        "that of the best (F,A where A is the best grade); those between are as far apart as in the "
        "alphabet"
    )
    assert asked(policy, id="qid", score="grade", scale="F,A") == "fail"
    assert asked(policy, id="qid", score="grade", scale="A,F") == "cannot tell"
    assert asked(policy, id="qid", score="grade", scale="D,A").startswith(
        "old.csv: column 'grade' is 'F' for "
    )
    moved_once("grade")
    assert asked(policy, id="qid", score="grade", scale="F,A") == "pass"


@pytest.mark.parametrize(("no", "yes"), [("FAIL", "PASS"), ("Failed", "Passed"), ("NO", "YES")])
def test_english_words_need_no_scale_in_whatever_capitals(
    no: str, yes: str, policy: Policy
) -> None:
    write(lambda w: {"qid": IDS, "correct": np.where(w.hit, yes, no)})
    assert asked(policy, id="qid") == "fail"
    moved_once("correct")
    assert asked(policy, id="qid") == "pass"


def test_a_rank_that_gains_is_no_accuracy(policy: Policy) -> None:
    write(lambda w: {"qid": IDS, "rank": np.where(w.hit, 1, 4 + (BRIGHT > 0.5))})
    given = Reading(id="qid", score="rank", scale=(1, 5))  # type: ignore[arg-type]
    found = gate_files(Request([Path("old.csv")], [[Path("new.csv")]], given), policy)
    assert found.reason.startswith(
        "implausible_gain on all cannot be decided: Mean score gained 10."
    )
    assert "of scores moved, however little." in found.audit.headline
