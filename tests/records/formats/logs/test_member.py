"""Tasks of one run as one member: columns of other types, and what is said about tasks that
differ."""

from __future__ import annotations

from typing import Any

import polars as pl

from undertow.records.formats.logs.log import Log
from undertow.records.formats.logs.member import Part, one_member


def part(task: str, *, metric: str | None = "acc", **columns: list[Any]) -> Part:
    frame = pl.DataFrame({"example_id": [f"{task}/0", f"{task}/1"], **columns})
    return Part(task, frame, metric, {"fewshot": task}, {"harness": "h"})


def together(*parts: Part) -> Log:
    return one_member("m", "log", "model", parts)


def test_a_field_that_is_text_in_one_task_is_text_in_all() -> None:
    frame = together(
        part("a", level=[1, 2]), part("b", level=["easy", "hard"]), part("c", level=[True, False])
    ).frame
    assert frame["level"].to_list() == ["1", "2", "easy", "hard", "true", "false"]


def test_numbers_of_two_kinds_stay_numbers() -> None:
    frame = together(part("a", share=[1, 2]), part("b", share=[0.5, 1.5])).frame
    assert frame["share"].to_list() == [1, 2, 0.5, 1.5]


def test_an_example_of_a_task_without_clusters_is_its_own() -> None:
    frame = together(part("a", cluster=["p", "p"]), part("b")).frame
    assert frame["cluster"].to_list() == ["p", "p", "b/0", "b/1"]


def test_options_stay_only_where_all_tasks_have_them() -> None:
    options = part("a", choice=[0, 1], label=[0, 0])
    assert together(options).frame.columns == ["example_id", "choice", "label"]
    log = together(options, part("b", metric=None))
    assert log.frame.columns == ["example_id"]
    assert log.notes == (
        "Without options to choose from: b; so the answers of all tasks are compared as texts.",
        "Without an outcome, so nothing is right or wrong: b.",
    )


def test_conditions_of_a_task_have_its_name() -> None:
    log = together(part("a"), part("b", metric="em"))
    assert log.metric == "acc + em"
    assert log.conditions == {
        "harness": "h",
        "fewshot:a": "a",
        "fewshot:b": "b",
        "metric": "acc + em",
    }
