"""What members of one side do not agree on is left out of the side."""

from __future__ import annotations

from typing import Any

import polars as pl

from undertow.records.formats.logs.agreement import agreeing
from undertow.records.formats.logs.log import Log


def log(name: str, ids: str = "abc", **columns: list[Any]) -> Log:
    return Log(name, name, pl.DataFrame({"example_id": list(ids), **columns}))


def columns(logs: list[Log]) -> list[list[str]]:
    return [log.frame.columns[1:] for log in logs]


def test_one_member_agrees_with_itself() -> None:
    alone = log("one", topic=["x", "y", "z"], input=["p", "q", "r"])
    assert agreeing([alone]) == [alone]


def test_a_disputed_field_is_dropped_and_said_once() -> None:
    one, two = (
        log("one", topic=["x", "y", "z"], level=[1, 2, 3]),
        log("two", topic=["x", "y", "q"], level=[1, 2, 3]),
    )
    kept = agreeing([one, two, two])
    assert columns(kept) == [["level"]] * 3
    assert [k.notes for k in kept] == [
        ("'topic' differs between members of this side, so it is left out.",),
        (),
        (),
    ]


def test_examples_are_compared_by_id_and_only_where_both_have_them() -> None:
    one, two = (
        log("one", "abc", topic=["x", "y", "z"]),
        log("two", "cbd", topic=["z", "y", "other"]),
    )
    assert columns(agreeing([one, two])) == [["topic"], ["topic"]]


def test_of_repeats_the_first_row_counts() -> None:
    one, two = (
        log("one", "aab", topic=["x", "other", "z"]),
        log("two", "abb", topic=["x", "z", "z"]),
    )
    assert columns(agreeing([one, two])) == [["topic"], ["topic"]]


def test_prompts_may_differ_and_answers_do() -> None:
    one = log(
        "one",
        prompt_hash=["1", "2", "3"],
        input=["p", "q", "r"],
        answer=["a", "b", "c"],
        target=["a", "b", "c"],
    )
    two = log(
        "two",
        prompt_hash=["1", "2", "4"],
        input=["p", "q", "s"],
        answer=["a", "b", "d"],
        target=["a", "b", "d"],
    )
    # The target says which example it is, so that a difference is for joining to refuse.
    assert columns(agreeing([one, two])) == [["input", "answer", "target"], ["answer", "target"]]
