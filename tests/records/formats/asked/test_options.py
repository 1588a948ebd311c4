"""Options that a person gives: each is heeded, or refused with a sentence; none is ignored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from undertow.errors import UserError
from undertow.files import Request
from undertow.records.formats.asked.options import OPTIONS
from undertow.records.formats.detect import known_formats, read_any
from undertow.records.write import write_records

BARE = "example_id,prediction\n1,a\n2,b\n3,a\n"
TASKS = "example_id,prediction,label,task\n1,a,a,sums\n2,b,a,sums-hard\n3,a,b,words\n"
GRADED = "example_id,score,task\n1,0.5,sums\n2,1,words\n"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    for name, text in (("bare", BARE), ("tasks", TASKS), ("graded", GRADED)):
        (tmp_path / f"{name}.csv").write_text(text)
    (tmp_path / "truth.csv").write_text("id,label,region\n1,a,north\n2,a,north\n3,b,south\n")
    return tmp_path


def refusal(path: Path, **wanted: Any) -> str:
    with pytest.raises(UserError) as caught:
        read_any([path], **wanted)
    return str(caught.value)


def test_a_table_of_right_answers_is_used_for_a_plain_table(place: Path) -> None:
    for name in ("bare", "tasks"):
        records, _ = read_any([place / f"{name}.csv"], labels=place / "truth.csv")
        assert [records.classes[k] for k in records.label_N] == ["a", "a", "b"]
        assert records.examples["region"].to_list() == ["north", "north", "south"]


def test_tasks_choose_among_the_examples_of_a_table(place: Path) -> None:
    assert read_any([place / "tasks.csv"], tasks=("sums*",))[0].example_id_N.to_list() == ["1", "2"]
    assert read_any([place / "tasks.csv"], tasks=("sums", "words"))[0].example_id_N.to_list() == [
        "1",
        "3",
    ]
    assert read_any([place / "graded.csv"], tasks=("words",))[0].example_id_N.to_list() == ["2"]


def test_tasks_that_nothing_fits(place: Path) -> None:
    assert refusal(place / "tasks.csv", tasks=("sums", "wrods")) == (
        "--tasks wrods: no task of 'tasks' fits it; the tasks are sums, sums-hard, words"
    )
    assert refusal(place / "bare.csv", tasks=("sums",)) == (
        "--tasks sums: the examples of 'bare' have no column 'task'; leave --tasks out"
    )


@pytest.mark.parametrize(
    ("name", "option", "said"),
    [
        (
            "bare",
            "metric",
            "files of the format table hold one outcome, so there is none to choose",
        ),
        ("bare", "filter", "files of the format table have no output filters"),
        (
            "graded",
            "metric",
            "files of the format graded table hold one outcome, so there is none to choose",
        ),
    ],
)
def test_an_option_without_use_is_refused(place: Path, name: str, option: str, said: str) -> None:
    assert (
        refusal(place / f"{name}.csv", **{option: "x"})
        == f"--{option} x: {said}; leave --{option} out"
    )


def test_a_population_has_the_outcome_that_it_was_made_with(place: Path) -> None:
    write_records(read_any([place / "tasks.csv"])[0], place / "folder")
    assert read_any([place / "folder"], tasks=("words",))[0].N == 1
    fix = "convert the logs once more with it, or leave it out"
    assert refusal(place / "folder", metric="acc") == (
        f"--metric acc: {place / 'folder'} holds one outcome, without a name; {fix}"
    )
    assert refusal(place / "folder", filter="strict") == (
        f"--filter strict: {place / 'folder'} holds answers without a filter; {fix}"
    )


def test_every_format_says_what_it_heeds() -> None:
    assert all(set(format.USES) <= set(OPTIONS) for format in known_formats())


def test_only_what_refuses_can_be_accepted() -> None:
    with pytest.raises(UserError) as caught:
        Request([], [], accepted={"prompt", "nonsense"})
    assert str(caught.value) == (
        "--accept nonsense: is not a difference that refuses; choose one of prompt, metric, "
        "task_version, template, fewshot, decoding, filter, judge, threshold, scale, grades"
    )
