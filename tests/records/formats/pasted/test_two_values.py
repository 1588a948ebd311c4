"""Columns of two values beside grades are asked about, and neither way passes a worse model."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from records.formats.pasted.asking import asked, pasted, write
from records.formats.pasted.tables import (
    BRIGHT,
    IDS,
    N,
    Rows,
    World,
    of_two,
)
from undertow.audit.gate.policy import Policy

# every layout goes through the whole command several times
pytestmark = pytest.mark.heavy


def of_one_of_two(words: tuple[str, str]) -> Callable[[World], Rows]:
    """The probability of the second of two words, in a column called a score."""

    def rows(w: World) -> Rows:
        cells = of_two("no", "score", [*words], "status")(w)
        return {name: cells[name] for name in ("uid", "score", "status")}

    return rows


@pytest.mark.parametrize(
    "words", [("paid", "default"), ("benign", "malignant"), ("kept", "returned"), ("bad", "good")]
)
def test_a_score_beside_two_words_is_no_grade_until_that_is_said(
    words: tuple[str, str], policy: Policy
) -> None:
    """The positive class is that of the higher scores."""
    write(of_one_of_two(words))
    assert pasted(asked(policy), "", [])[0] == "--id uid"
    first, second = sorted(words)
    assert asked(policy, id="uid") == (
        f"old.csv: 'status' is '{first}', '{second}', so it may be the right answers, and the scores "
        "the probability of one of two, of which more is not better; if so, add --label status "
        f"--positive {words[1]}; if 'status' says what an example is, and the scores how good an "
        "answer is, add --by status"
    )
    assert asked(policy, id="uid", label="status", positive=words[1]) == "fail"
    assert asked(policy, id="uid", label="status", positive=words[0]) != "pass"
    assert asked(policy, id="uid", by=("status",)) != "pass"


def test_of_several_columns_of_two_values_only_the_person_knows_the_label(policy: Policy) -> None:
    made = of_two("no", "score", [0, 1], "late")
    write(lambda w: {"city": np.where(BRIGHT > 0.5, "Lund", "Kiel")} | made(w))
    for name in ("old.csv", "new.csv"):
        pl.read_csv(name).drop("no").write_csv(name)
    assert asked(policy, id="uid", score="score") == (
        "old.csv: 'city', 'late' have two values, so one of them may be the right answers, and the "
        "scores the probability of one of two, of which more is not better; if so, add --label COLUMN, "
        "where only you know whether COLUMN is 'city' or 'late'; if all of them say what an example "
        "is, and the scores how good an answer is, add --by city late"
    )
    assert asked(policy, id="uid", score="score", label="late") == "fail"
    assert asked(policy, id="uid", score="score", by=("city", "late")) != "pass"
    assert "'late' is '0', '1'" in asked(policy, id="uid", score="score", by=("city",))


def called(name: str, factor: int = 1) -> Callable[[World], Rows]:
    """The probability that a part is good, under another name."""

    def rows(w: World) -> Rows:
        cells = of_two("no", "yes", ["bad", "good"], "state")(w)
        return {"uid": IDS, name: (factor * cells["yes"]).round(2), "state": cells["state"]}

    return rows


ADDED = re.compile(r"(?:leave ([^;]*?) out and )?add ((?:--[a-z]+ [^\s;,]+ ?)+)")


def ways_on(said: str, given: Rows) -> list[Rows]:
    """What a command becomes with each of the ways that a refusal names."""
    made = []
    for out, more in ADDED.findall(said):
        words = shlex.split(more)
        flags: Rows = dict(zip((w[2:] for w in words[::2]), words[1::2], strict=True))
        flags |= {"threshold": float(flags["threshold"])} if "threshold" in flags else {}
        flags |= {"by": (flags["by"],)} if "by" in flags else {}
        left = {k: v for k, v in given.items() if f"--{k}" not in out}
        made.append(left | flags)
    return made


@pytest.mark.parametrize("name", ["quality", "grade", "rating", "reward", "f1", "accuracy", "fit"])
@pytest.mark.parametrize(
    "given", [{}, {"format": "graded table"}, {"scale": (0, 1)}, {"scale": (0, 100)}]
)
def test_what_sounds_like_a_grade_is_asked_too(name: str, given: Rows, policy: Policy) -> None:
    """Neither way passes a worse model; both are complete commands."""
    write(called(name, 100 if given == {"scale": (0, 100)} else 1))
    first = {"id": "uid", "score": name, **given}
    leave = {"format": "leave --format out and ", "scale": "leave --scale out and "}
    cut = " --threshold 50" if given == {"scale": (0, 100)} else ""
    said = asked(policy, **first)
    assert said == (
        "old.csv: 'state' is 'bad', 'good', so it may be the right answers, and the scores the "
        "probability of one of two, of which more is not better; if so, "
        f"{leave.get(next(iter(given), ''), '')}add --label state --positive good{cut}; if 'state' "
        "says what an example is, and the scores how good an answer is, add --by state"
    )
    ways = ways_on(said, first)
    assert len(ways) == 2
    for way, verdicts in zip(ways, ({"fail"}, {"fail", "cannot tell"}), strict=True):
        assert asked(policy, **way) in verdicts, way


def test_a_label_that_is_only_shown_beside_grades_is_asked_about(policy: Policy) -> None:
    write(called("quality"))
    given = {"id": "uid", "score": "quality", "label": "state"}
    said = asked(policy, **given, format="graded table")
    assert said == (
        "old.csv: 'state' is 'bad', 'good', so it may be the right answers, and the scores the "
        "probability of one of two, of which more is not better; if so, leave --format out and add "
        "--positive good; if 'state' says what an example is, and the scores how good an answer is, "
        "leave --label out and add --by state"
    )
    assert asked(policy, **given, positive="good") == "fail"


def graded_by(old: float, new: float, share: float) -> None:
    """Grades of answers in two languages, one of which is harder by ``share``."""
    draw = np.random.default_rng(9)
    lang = draw.choice(["en", "de"], N)
    base = draw.beta(4, 2, N) * np.where(lang == "de", 1 - share, 1)
    for name, off in (("old.csv", old), ("new.csv", new)):
        grade = np.clip(base + off + draw.normal(0, 0.03, N), 0, 1).round(4)
        pl.DataFrame({"qid": IDS, "quality": grade, "lang": lang}).write_csv(name)


@pytest.mark.parametrize("share", [0.0, 0.3])
def test_grades_beside_slices_pass_with_the_slice_that_was_suggested(
    share: float, policy: Policy
) -> None:
    graded_by(0, 0, share)
    first = {"id": "qid", "score": "quality"}
    (_, by) = ways_on(asked(policy, **first), first)
    assert by == {**first, "by": ("lang",)}
    assert asked(policy, **by) == "pass"
    graded_by(0, -0.1, share)
    assert asked(policy, **by) == "fail"


@pytest.mark.parametrize("share", [0.0, 0.3])
def test_a_slice_that_is_named_as_the_label_passes_no_worse_grades(
    share: float, policy: Policy
) -> None:
    """At chance where it tells nothing of the slice; else the grades fell beside either value."""
    graded_by(0, -0.03, share)
    for positive in ("de", "en"):
        given = {"id": "qid", "score": "quality", "label": "lang", "positive": positive}
        assert asked(policy, **given) != "pass"


def test_what_differs_between_the_sides_is_what_a_model_made_and_is_not_asked(
    policy: Policy,
) -> None:
    graded_by(0, 0, 0)
    for seed, name in enumerate(("old.csv", "new.csv")):
        made = np.random.default_rng(seed).choice(["a", "b"], N)
        pl.read_csv(name).drop("lang").with_columns(made=pl.Series(made)).write_csv(name)
    assert asked(policy, id="qid", score="quality") == "pass"


@pytest.mark.parametrize("grades", [[0, 1], [1, 2, 3, 4, 5]])
def test_grades_of_few_levels_are_not_asked(grades: list[int], policy: Policy) -> None:
    draw = np.random.default_rng(3)
    for name in ("old.csv", "new.csv"):
        rows = {"qid": IDS, "rating": draw.permutation(np.resize(grades, N))}
        lang = np.random.default_rng(5).choice(["en", "de"], N)
        pl.DataFrame({**rows, "lang": lang}).write_csv(name)
    scale = {"scale": (1, 5)} if len(grades) > 2 else {}
    assert asked(policy, id="qid", score="rating", **scale) == "cannot tell"


@pytest.mark.parametrize("beside", [{"lang": "de"}, {"answer": "yes"}])
def test_grades_beside_no_two_values_or_beside_answers_are_read(
    beside: dict[str, str], policy: Policy
) -> None:
    write(
        lambda w: (
            {"qid": IDS, "score": 0.5 * w.hit, "topic": (BRIGHT > 0.5)}
            | {k: [v] * N for k, v in beside.items()}
        )
    )
    if "lang" in beside:
        for name in ("old.csv", "new.csv"):
            pl.read_csv(name).drop("topic").write_csv(name)
    assert asked(policy, id="qid") == "fail"
