"""NeMo Evaluator's results: written by nemo-evaluator 0.3.0's own loop and writers, and small ones
by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from records.formats.seeds_logs import dumped, lines, nemo_bundle, problem, problems
from undertow.errors import UserError
from undertow.records import Records, align, read_any

REAL = Path(__file__).parent / "real/nemo"


def write(
    place: Path, rows: list[dict[str, Any]] | bytes, bundle: dict[str, Any] | None = None
) -> Path:
    place.mkdir(parents=True, exist_ok=True)
    (place / "results.jsonl").write_bytes(rows if isinstance(rows, bytes) else lines(rows))
    (place / "eval-20260102T030405Z-words.json").write_bytes(
        dumped(nemo_bundle() if bundle is None else bundle)
    )
    return place


def read(place: Path, rows: list[dict[str, Any]] | bytes, **wanted: Any) -> Records:
    return read_any([write(place / "run", rows)], format="NeMo Evaluator", **wanted)[0]


def refused(place: Path, rows: list[dict[str, Any]] | bytes, **wanted: Any) -> str:
    with pytest.raises(UserError) as caught:
        read(place, rows, **wanted)
    said, path = str(caught.value), f"{place / 'run/results.jsonl'}: "
    assert said.startswith(path)
    assert "\n" not in said
    return said.removeprefix(path)


def test_real_results() -> None:
    records, about = read_any([REAL / "changed"])
    assert about == (
        f"{REAL / 'changed'}: NeMo Evaluator results (holds tiny_sums/results.jsonl): 1 member, 5 "
        "examples, outcome reward"
    )
    assert records.example_id_N.to_list() == [f"tiny/sums/{k}" for k in range(5)]
    # The script is wrong on 7 + 4 the second time, always on 9 + 9 and 12 + 30; a connection was
    # lost on 25 + 25.
    np.testing.assert_array_equal(records.correct_MN, [[1, 0.5, 0, 0, np.nan]])
    assert records.slice_columns == ("task", "category", "first")
    path = REAL / "changed/tiny_sums/results.jsonl"
    assert records.manifest.notes == (
        f"{path}: the outcome is reward; --metric takes another of scorer:close.",
        f"{path}: 1 of 10 rows failed for reasons outside the model and have no score; NeMo "
        "Evaluator counts them as 0.",
        f"{REAL / 'changed'}: up to 2 repeats of an example; scores are averaged within it, its "
        "answer is the most frequent one (the first of equals).",
    )
    assert records.manifest.conditions == {
        "harness": "NeMo Evaluator",
        "harness_version": "0.3.0",
        "model": "org/changed",
        "decoding:tiny/sums": '{"temperature": 0.0}',
        "repeats:tiny/sums": "2",
        "metric": "reward",
    }


def test_real_models_compare() -> None:
    reference, changed = (
        read_any([REAL / name / "tiny_sums/results.jsonl"])[0] for name in ("reference", "changed")
    )
    assert (reference.name, [m.id for m in reference.members]) == ("org/reference", ["tiny_sums"])
    assert align(reference, changed, allow_partial=True).assumptions == (
        "Left out, because they have no score: 1 of 5 examples in 'org/changed' (first "
        "'tiny/sums/4').",
        "The model differs: org/reference for 'org/reference', org/changed for 'org/changed'.",
    )


def test_by_hand(tmp_path: Path) -> None:
    records = read(tmp_path, problems(), inputs=True)
    assert records.correct_MN.tolist() == [[1, 0.5, 0]]
    assert records.answers is not None
    assert records.answers[0].to_list() == ["a", "bb", "y"]
    assert records.outputs is not None
    assert records.outputs[0].to_list() == ["It is a.", "It is bb.", "It is y."]
    assert records.inputs is not None
    assert records.inputs.to_list() == ["Question 0?", "Question 1?", "Question 2?"]
    assert records.examples["target"].to_list() == ["a", "bb", "c"]
    assert records.examples["category"].to_list() == ["even", "odd", "even"]
    assert records.members[0].facts == {"seconds_per_example": 0.25}
    assert read(tmp_path, problems(), metric="scorer:long").correct_MN.tolist() == [[0, 0.5, 0]]


def test_missing_rewards_and_answers(tmp_path: Path) -> None:
    rows = [
        problem(0, "a", "a"),
        problem(1, "b", "b", reward=None),
        problem(2, "c", "d", extracted_answer=None),
    ]
    del rows[1]["scorer_rewards"]
    records = read(tmp_path, rows)
    assert np.array_equal(records.correct_MN, [[1, np.nan, 0]], equal_nan=True)
    assert records.answers is not None
    assert records.answers[0].to_list()[::2] == ["a", "It is c."]


def test_without_a_bundle_less_is_known(tmp_path: Path) -> None:
    write(tmp_path / "words", problems())
    next((tmp_path / "words").glob("eval-*")).unlink()
    records = read_any([tmp_path / "words"])[0]
    assert records.example_id_N[0] == "words/0"
    assert records.manifest.notes[0] == (
        f"{tmp_path / 'words'}: has no eval-*.json, so few-shot count and versions cannot be "
        "checked."
    )
    (tmp_path / "words/eval-1.json").write_bytes(b"{")
    assert (
        read_any([tmp_path / "words"])[0]
        .manifest.notes[0]
        .endswith("), so few-shot count and versions cannot be checked.")
    )


def test_tasks_models_and_shards(tmp_path: Path) -> None:
    other = {**nemo_bundle(), "benchmark": {"name": "more"}}
    write(tmp_path / "out/words", problems())
    write(tmp_path / "out/more", problems(), other)
    records = read_any([tmp_path / "out"])[0]
    assert records.example_id_N.to_list() == [
        f"{t}/{k}" for t in ("more", "words") for k in range(3)
    ]
    assert read_any([tmp_path / "out"], tasks=("w*",))[0].N == 3
    write(tmp_path / "out/more", problems(), {**other, "config": {"model": "org/n"}})
    with pytest.raises(UserError) as caught:
        read_any([tmp_path / "out"])
    assert str(caught.value) == (
        f"{tmp_path / 'out'}: holds logs of 2 models (org/m, org/n); give the logs of one of them "
        "a side"
    )
    write(tmp_path / "out/more", problems(), nemo_bundle(shard={"idx": 1, "total": 2}))
    with pytest.raises(UserError) as caught:
        read_any([tmp_path / "out"])
    assert str(caught.value) == (
        f"{tmp_path / 'out'}: holds the shards of one run; put them together with nel eval merge"
    )


def test_repeat_runs_are_members(tmp_path: Path) -> None:
    again = [{**row, "metadata": {"category": "odd", "seen": row["repeat"]}} for row in problems()]
    paths = [write(tmp_path / "a", problems()), write(tmp_path / "b", again)]
    records = read_any(paths)[0]
    assert [m.id for m in records.members] == ["a", "b"]
    assert records.slice_columns == ("task", "seen")


def test_refusals(tmp_path: Path) -> None:
    assert refused(tmp_path, b"") == "holds no row; expected what nel eval run wrote"
    assert (
        refused(tmp_path, [{"reward": 1}])
        == "row 1 has no problem_idx; expected what nel eval run wrote"
    )
    assert refused(tmp_path, [problem(0, "a", "a", reward=3.5)], metric="reward") == (
        "metric 'reward' is 3.5 in some row, not between 0 and 1; choose one of scorer:long with "
        "--metric"
    )
    rows = [problem(0, "a", "a", reward="much", scorer_rewards={})]
    assert refused(tmp_path, rows) == (
        "no metric is plainly right or wrong (reward is no single number); evaluate with another "
        "scorer"
    )
    assert refused(tmp_path, lines(problems()) + b'{"problem_idx": 1, "rew') == (
        "line 7: cannot be read as JSON (Unterminated string starting at: line 1 column 20 (char "
        "19)); it may be cut off or damaged: write it again"
    )
    assert refused(tmp_path, b"\xff\xfe{") == (
        "line 1: cannot be read as JSON (not UTF-8 text); it may be cut off or damaged: write it "
        "again"
    )
    assert refused(tmp_path, b'{"problem_idx": ' + b"[" * 100_000) == (
        "line 1: cannot be read as JSON (nested too deep); it may be cut off or damaged: write it "
        "again"
    )


@pytest.mark.heavy
@pytest.mark.parametrize(
    "value", [None, [], {}, "x", -1, 1e300, 10**400, True, float("nan"), [[None]], {"a": 1}]
)
def test_wrong_types_are_read_or_refused(tmp_path: Path, value: Any) -> None:
    for key in problem(0, "a", "a"):
        rows = [problem(0, "a", "a"), {**problem(1, "a", "a"), key: value}]
        said = ""
        try:
            read(tmp_path, rows, allow_partial=True)
        except UserError as error:
            said = str(error)
        assert "\n" not in said
