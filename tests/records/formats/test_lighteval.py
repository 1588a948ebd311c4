"""lighteval's details: written by lighteval 0.13.0's own loggers, metrics and writer, and small
ones by hand.

The flat layout of the first Open LLM Leaderboard is by hand, to the fields of lighteval 0.8.1.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from records.formats.seeds_logs import (
    STAMP,
    detail,
    details,
    dumped,
    leaderboard,
    lighteval_results,
    likely,
    parquet,
)
from undertow.errors import NotComparableError, UserError
from undertow.records import Records, align, read_any

REAL = Path(__file__).parent / "real/lighteval/details/org"
NAME = f"details_quiz|5_{STAMP}.parquet"


def write(
    out: Path,
    rows: list[dict[str, Any]],
    *,
    model: str = "org/m",
    stamp: str = STAMP,
    task: str = "quiz|5",
) -> Path:
    """As lighteval lays it out; returns the model's folder."""
    folder = out / "details" / model
    (folder / stamp).mkdir(parents=True, exist_ok=True)
    (folder / stamp / f"details_{task}_{stamp}.parquet").write_bytes(parquet(rows))
    results = out / "results" / model
    results.mkdir(parents=True, exist_ok=True)
    (results / f"results_{stamp}.json").write_bytes(dumped(lighteval_results(model)))
    return folder


def read(place: Path, rows: list[dict[str, Any]], **wanted: Any) -> Records:
    return read_any([write(place, rows)], **wanted)[0]


def refused(place: Path, data: list[dict[str, Any]] | bytes, **wanted: Any) -> str:
    """The message for one file, without the path it begins with."""
    path = place / NAME
    path.write_bytes(data if isinstance(data, bytes) else parquet(data))
    with pytest.raises(UserError) as caught:
        read_any([path], format="lighteval", **wanted)
    said = str(caught.value)
    assert said.startswith(f"{path}: ")
    assert "\n" not in said
    return said.removeprefix(f"{path}: ")


def notes(records: Records) -> list[str]:
    return [
        note.partition(": ")[2] if note.startswith("/") else note for note in records.manifest.notes
    ]


# -----------------------------------------------------------------------------------------------
# the real lighteval


def test_real_details() -> None:
    records, about = read_any([REAL / "changed"])
    first = sorted((REAL / "changed").glob("*/details_quiz*"))[0].relative_to(REAL / "changed")
    assert about == (
        f"{REAL / 'changed'}: lighteval details (holds {first}): 1 member, 7 "
        "examples, outcome acc + em"
    )
    assert records.example_id_N.to_list() == [
        *(f"quiz/{k}" for k in range(4)),
        *(f"sums/{k}" for k in range(3)),
    ]
    assert records.correct_MN.tolist() == [[0, 0, 0, 0, 0, 0, 1]]
    assert records.manifest.conditions == {
        "harness": "lighteval",
        "model": "org/changed",
        "decoding": '{"temperature": 0}',
        "fewshot:quiz": "0",
        "fewshot:sums": "0",
        "task_version:quiz": "1",
        "task_version:sums": "0",
        "metric": "acc + em",
    }


@pytest.mark.parametrize(
    ("metric", "score", "chosen"),
    [("acc", [1, 1, 0, 0], [1, 0, 1, 1]), ("acc_norm", [1, 0, 0, 0], [1, 1, 1, 1])],
)
def test_real_choices_are_those_that_the_metric_counts(
    metric: str, score: list[int], chosen: list[int]
) -> None:
    """Log-probabilities in make_more_fixtures.py; ``acc_norm`` divides them by characters."""
    records = read_any([REAL / "reference"], tasks=("quiz",), metric=metric)[0]
    assert records.manifest.task == "choice"
    assert records.correct_MN.tolist() == [score]
    assert records.pred_MN.tolist() == [chosen]
    assert records.label_N.tolist() == [1, 0, 0, 0]
    assert records.proba_MNC is not None
    proba = np.exp([-2.0, -4.0])
    assert np.allclose(records.proba_MNC[0, 1], [*(proba / proba.sum()), 0])
    assert records.examples["topic"].to_list() == ["animals", "animals", "places", "places"]


def test_real_models_compare() -> None:
    reference, changed = (read_any([REAL / name])[0] for name in ("reference", "changed"))
    aligned = align(reference, changed)
    assert aligned.assumptions == (
        "The model differs: org/reference for 'reference', org/changed for 'changed'.",
    )
    assert (aligned.variant.correct_MN - aligned.reference.correct_MN).tolist() == [
        [-1, -1, 0, 0, -1, 0, 0]
    ]


def test_real_folders_of_several_models_are_refused() -> None:
    folder = REAL.parents[1]
    with pytest.raises(UserError) as caught:
        read_any([folder])
    assert str(caught.value) == (
        f"{folder}: holds logs of 2 models (org/changed, org/reference); give the logs of one of "
        "them a side"
    )


# ------------------------------------------------------------------------------------------------------
# values by hand


@pytest.mark.parametrize("mark", ["", "__"])
def test_both_spellings_of_the_columns(tmp_path: Path, mark: str) -> None:
    rows = [{f"{mark}{key}{mark}": value for key, value in row.items()} for row in details()]
    records = read(tmp_path, rows, inputs=True)
    assert records.correct_MN.tolist() == [[1, 0, 1, 1]]
    assert records.pred_MN.tolist() == [[0, 0, 0, 2]]
    assert records.classes == ("A", "B", "C")
    assert records.examples["target"].to_list() == ["ab", "abcdefgh", "ab", "abcd"]
    assert records.answers is not None
    assert records.answers[0].to_list() == ["ab", "ab", "ab", "abcd"]
    assert records.inputs is not None
    assert records.inputs[0] == "Shots. Question 0?"
    assert records.members[0].facts == {"seconds": 12.5}
    assert records.manifest.conditions == {
        "harness": "lighteval",
        "harness_version": "abc123",
        "model": "org/m",
        "dtype": "bfloat16",
        "decoding": '{"temperature": 0.0}',
        "limit": "4",
        "fewshot:quiz": "5",
        "task_version:quiz": "0",
        "template:quiz": "ask",
        "metric": "acc",
    }
    assert notes(records) == ["the outcome is acc; --metric takes another of acc_norm."]
    normed = read(tmp_path, rows, metric="acc_norm")
    assert (normed.correct_MN.tolist(), normed.pred_MN.tolist()) == ([[1, 1, 0, 1]], [[0, 1, 1, 2]])


def test_a_score_that_no_rule_explains_is_said(tmp_path: Path) -> None:
    rows = [likely("0", [-1.0, -8.0], 0), likely("1", [-1.0, -8.0], 0)]
    rows[1]["metric"] = {"acc": 0.0, "acc_norm": 0.0}
    assert notes(read(tmp_path, rows))[1] == (
        "acc is not that the likeliest option (by log-probability) is right in 1 of 2 documents; "
        "that option counts as the answer all the same."
    )


def test_generation(tmp_path: Path) -> None:
    rows = [
        detail("0", ["4"], 0, metric={"em": 1.0}, text=["4"]),
        detail("1", ["5"], 0, metric={"em": 0.5}, text=["x", "6", "6"]),
        detail("2", ["7"], 0, metric={"em": None}, text=[]),
    ]
    records = read(tmp_path, rows, inputs=True)
    assert records.manifest.task == "generation"
    assert np.array_equal(records.correct_MN, [[1, 0.5, np.nan]], equal_nan=True)
    assert records.answers is not None
    assert records.answers[0].to_list()[:2] == ["4", "6"]
    assert records.examples["target"].to_list() == ["4", "5", "7"]


def test_metrics_on_texts_and_on_log_probabilities_of_one_task(tmp_path: Path) -> None:
    """lighteval writes two rows a document, each with its own metrics."""
    texts = [
        detail(str(k), ["a", "b"], 0, metric={"em": 1.0, "acc": None}, text=["a"]) for k in range(2)
    ]
    logs = [
        detail(
            str(k), ["a", "b"], 0, metric={"em": None, "acc": float(k)}, logprobs=[k - 1.5, -1.0]
        )
        for k in range(2)
    ]
    records = read(tmp_path, texts + logs, metric="acc")
    assert (records.manifest.task, records.correct_MN.tolist()) == ("choice", [[0, 1]])
    assert read(tmp_path, texts + logs, metric="em").correct_MN.tolist() == [[1, 1]]


def test_the_flat_layout(tmp_path: Path) -> None:
    """No ids: documents are known by their text, the second of two alike by a count."""
    records = read_any([write(tmp_path, leaderboard(), task="harness|arc:challenge|25")])[0]
    assert records.N == 3
    assert all(i.startswith("harness|arc:challenge/#") for i in records.example_id_N)
    assert sum(i.endswith("-2") for i in records.example_id_N) == 1
    by_id = dict(zip(records.example_id_N, records.correct_MN[0].tolist(), strict=True))
    assert sorted(by_id.values()) == [0, 1, 1]
    assert records.manifest.conditions["fewshot:harness|arc:challenge"] == "25"
    shuffled = read_any(
        [write(tmp_path / "b", leaderboard()[::-1], task="harness|arc:challenge|25")]
    )[0]
    assert set(shuffled.example_id_N) == set(records.example_id_N)


def test_the_flat_layout_with_lists_as_text_and_loose_metrics(tmp_path: Path) -> None:
    rows = [
        {
            "example": "a?",
            "full_prompt": "a?",
            "predictions": "['4']",
            "gold": "['4']",
            "em": 1.0,
            "truncated": 0,
        },
        {
            "example": "b?",
            "full_prompt": "b?",
            "predictions": "['5']",
            "gold": "['6']",
            "em": 0.0,
            "truncated": 0,
        },
    ]
    (tmp_path / NAME).write_bytes(parquet(rows))
    records = read_any([tmp_path / NAME])[0]
    assert sorted(zip(records.examples["target"], records.correct_MN[0].tolist(), strict=True)) == [
        ("4", 1),
        ("6", 0),
    ]
    assert records.answers is not None
    assert sorted(records.answers[0]) == ["4", "5"]


# ----------------------------------------------------------------------------------------------
# several, and comparing


def test_of_each_task_the_newest_is_read(tmp_path: Path) -> None:
    write(tmp_path, details()[:1], stamp="2025-01-01T00-00-00.000001")
    records = read(tmp_path, details())
    assert records.N == 4
    older = "2025-01-01T00-00-00.000001"
    assert records.manifest.notes[0] == (
        f"{tmp_path / 'details/org/m'}: of each task the newest log is read, not"
        f" {older}/details_quiz|5_{older}.parquet; to read them, give the files."
    )
    folders = [tmp_path / "details/org/m" / stamp for stamp in (older, STAMP)]
    with pytest.raises(UserError, match="lacks 3 of 4 example ids"):
        read_any(folders)
    assert read_any(folders, allow_partial=True)[0].M == 2


def test_another_few_shot_count_is_not_comparable(tmp_path: Path) -> None:
    before = read(tmp_path / "a", details())
    after = read_any([write(tmp_path / "b", details(), task="quiz|0")])[0]
    with pytest.raises(NotComparableError) as caught:
        align(before, after)
    assert str(caught.value) == (
        "the few-shot count differs: 5 for 'm', 0 for 'm'; evaluate both alike, or accept it with "
        "--accept fewshot"
    )


def test_without_results_less_is_known(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(parquet(details()))
    records, about = read_any([tmp_path / NAME])
    assert about == (
        f"{tmp_path / NAME}: lighteval details (Parquet with doc, metric and model_response): 1 "
        "member, 4 examples, outcome acc"
    )
    assert records.manifest.notes[0] == (
        f"{tmp_path}: has no results_{STAMP}.json near it, so few-shot count and versions cannot "
        "be checked."
    )


# ------------------------------------------------------------------------------------------------------------
# refusals


def test_a_percentage_is_divided_where_it_is_asked_for(tmp_path: Path) -> None:
    rows = [detail(str(k), ["a"], 0, metric={"bleu": 40.0 * k}, text=["a"]) for k in range(2)]
    records = read(tmp_path, rows, metric="bleu")
    assert records.manifest.metric == "bleu/100"
    assert records.correct_MN.tolist() == [[0.0, pytest.approx(0.4)]]
    assert notes(records) == ["bleu runs from 0 to 100 and is divided by 100."]


def test_refusals(tmp_path: Path) -> None:
    assert refused(tmp_path, details(), metric="f1") == (
        "has no metric 'f1'; choose one of acc, acc_norm with --metric"
    )
    rows = [
        detail(str(k), ["a"], 0, metric={"ppl": 3.5, "bleu": 40.0}, text=["a"]) for k in range(2)
    ]
    assert refused(tmp_path, rows) == (
        "no metric is plainly right or wrong (ppl is better when it is less, bleu is 40 in some "
        "row, not between 0 and 1); choose one of bleu with --metric"
    )
    assert refused(tmp_path, [{"a": 1}]) == "lacks doc, metric and model_response; it has a"
    assert refused(tmp_path, [{"doc": 1, "metric": 2, "model_response": 3}]) == (
        "column 'doc' is Int64; expected a struct, as lighteval writes it"
    )
    data = parquet(details())
    assert refused(tmp_path, data[: len(data) // 2]).startswith("cannot be read as Parquet (")
    (tmp_path / "none").mkdir()
    with pytest.raises(UserError) as caught:
        read_any([tmp_path / "none"], format="lighteval")
    assert str(caught.value) == (
        f"{tmp_path / 'none'}: holds no details_*.parquet; expected what lighteval wrote with "
        "--save-details"
    )


@pytest.mark.heavy
@pytest.mark.parametrize("value", ["x", -1, 1e300, True, [["y"]], [3.0], {"a": 1}, None])
def test_wrong_types_are_read_or_refused(tmp_path: Path, value: Any) -> None:
    row = details()[0]
    frames = [{column: {**row[column], key: value}} for column in row for key in row[column]]
    for changed in frames:
        path = tmp_path / NAME
        pl.DataFrame([{**row, **changed}]).write_parquet(path)
        said = ""
        try:
            read_any([path], inputs=True)
        except UserError as error:
            said = str(error)
        assert "\n" not in said
