"""What a log of lm-eval holds is told from its first rows: requests, their arguments, and fields of
the documents."""

from __future__ import annotations

from pathlib import Path

import pytest

from undertow.errors import TableError
from undertow.records import read_any
from undertow.records.formats.lm_eval import layout

REAL = Path(__file__).parents[1] / "real" / "lm_eval" / "reference" / "model-reference"


@pytest.mark.parametrize(
    ("arguments", "requests"),
    [
        (
            {
                "gen_args_0": {"arg_0": "Q", "arg_1": " a"},
                "gen_args_1": {"arg_0": "Q", "arg_1": " b"},
            },
            [["Q", " a"], ["Q", " b"]],
        ),
        ([["Q", " a"], ["Q", " b"]], [["Q", " a"], ["Q", " b"]]),
        ({"gen_args_0": "damaged", "gen_args_1": {"arg_0": "Q"}}, [["Q"]]),
        (["damaged", ["Q", " b"]], [["Q", " b"]]),
        (None, []),
        ("damaged", []),
        ([], []),
    ],
)
def test_arguments_of_either_age_are_lists_of_requests(
    arguments: object, requests: list[list[str]]
) -> None:
    assert layout._requests(arguments) == requests


@pytest.mark.parametrize(
    ("rows", "several"),
    [
        ([[["The trophy", " was big"], ["The case", " was big"]]], True),
        ([[["Q", " a"], ["Q", " b"]]], False),
        ([[["one", " a"], ["two", " b"]]], False),
        (
            [[["The trophy", " was big"], ["The case", " was big"]], [["Q", " a"], ["Q", " b"]]],
            False,
        ),
        ([[["Q", " a"], ["Q", " a"]]], False),
        ([[["Q", " a"]]], False),
        ([[["Q"], ["R"]]], False),
        ([], False),
    ],
)
def test_options_in_the_context_are_told_from_options_as_continuations(
    rows: list, several: bool
) -> None:
    assert layout._several_contexts(rows) == several


@pytest.mark.parametrize(
    ("filtered", "kind"),
    [
        (["some text"], "generation"),
        ([], "generation"),
        (None, "generation"),
        ([["-1.5", "True"]], "continuation"),
        ([[-1.5, True]], "continuation"),
        ([["-1.5", "True"], ["-2e-05", "False"]], "choice"),
        ([["-inf", "False"], ["nan", "False"]], "choice"),
        ([["-1.5", "True"], ["words", "False"]], "generation"),
        ([["-1.5", "maybe"]], "generation"),
        ([["-1.5"]], "generation"),
        ([["-1.5", "True", "more"]], "generation"),
        ([[None, "True"]], "generation"),
    ],
)
def test_what_was_kept_of_the_answers_tells_the_kind_of_task(filtered: object, kind: str) -> None:
    assert layout._kind(filtered) == kind


def test_tasks_that_are_left_out_one_by_one_leave_something_or_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (pages,) = REAL.glob("samples_tiny_pages_*.jsonl")
    for name in ("one", "two"):
        (folder / pages.name.replace("tiny_pages", name)).write_bytes(pages.read_bytes())
    with pytest.raises(TableError) as caught:
        read_any([folder], allow_partial=True)
    assert str(caught.value).endswith(
        ": no task has an outcome between 0 and 1; choose other tasks with --tasks"
    )
