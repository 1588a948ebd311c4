"""inspect's logs: real ones of inspect 0.3.285 with its mock model, and small ones for what those
do not hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from records.formats.seeds_logs import (
    DEFLATED,
    ZSTD,
    asked,
    dumped,
    inspect_eval,
    inspect_head,
    quiz,
    sample,
    zipfile,
    zipped,
)
from undertow.errors import NotComparableError, UserError
from undertow.records import MISSING, Records, align, read_any

REAL = Path(__file__).parent / "real/inspect"


def read(place: Path, data: bytes, *, name: str = "log.eval", **wanted: Any) -> Records:
    (place / name).write_bytes(data)
    return read_any([place / name], format="inspect", **wanted)[0]


def refused(place: Path, data: bytes, *, name: str = "log.eval", **wanted: Any) -> str:
    """The message, without the path it begins with."""
    with pytest.raises(UserError) as caught:
        read(place, data, name=name, **wanted)
    said = str(caught.value)
    assert said.startswith(f"{place / name}: ")
    assert "\n" not in said
    return said.removeprefix(f"{place / name}: ")


def notes(records: Records) -> list[str]:
    """The notes, without paths."""
    return [
        note.partition(": ")[2] if note.startswith("/") else note for note in records.manifest.notes
    ]


# -------------------------------------------------------------------------------------------------
# the real inspect


def real(form: str, which: str, task: str = "*", **wanted: Any) -> Records:
    return read_any([REAL / form / which], tasks=(task,), **wanted)[0]


def test_a_real_folder_is_found_and_said() -> None:
    folder = REAL / "eval/reference"
    first = sorted(folder.glob("*.eval"))[0]
    records, about = read_any([folder])
    assert about == (
        f"{folder}: inspect logs (holds {first.name}): 1 member, 13 examples, outcome "
        "choice + match"
    )
    assert (records.manifest.task, records.name, [m.id for m in records.members]) == (
        "generation",
        "reference",
        ["reference"],
    )
    assert read_any([first])[1] == (
        f"{first}: inspect log (a zip with a header and samples): 1 member, 7 examples, outcome "
        "choice"
    )


def test_real_options_become_a_choice() -> None:
    """From the answers that make_fixtures.py scripts, two epochs a question."""
    records = real("eval", "changed", "capitals")
    assert records.manifest.task == "choice"
    assert records.example_id_N.to_list() == [
        f"capitals/q-{c}" for c in ("fr", "it", "jp", "ke", "ng", "tr", "tz")
    ]
    assert records.correct_MN.tolist() == [[1, 0.5, 1, 0.5, 0, 0, 0]]
    assert records.label_N.tolist() == [1, 0, 2, 1, 1, 1, 0]
    assert records.pred_MN.tolist() == [[1, 0, 2, 0, 0, 0, 1]]
    assert records.slice_columns == ("task", "region", "level")
    reference = real("eval", "reference", "capitals")
    assert reference.correct_MN.tolist() == [[1, 1, 1, 1, 1, 0.5, 0.5]]


def test_real_deflate_zstd_and_json_say_the_same() -> None:
    zstd, deflate = real("eval", "changed", "arithmetic"), real("eval-deflate", "changed")
    assert zstd.examples.equals(deflate.examples)
    np.testing.assert_array_equal(zstd.correct_MN, deflate.correct_MN)
    json = real("json", "changed")
    assert json.examples.equals(zstd.examples.head(3))
    np.testing.assert_array_equal(json.correct_MN, zstd.correct_MN[:, :3])


def test_a_real_error_has_no_score_and_is_counted() -> None:
    records = real("eval", "changed", "arithmetic")
    np.testing.assert_array_equal(records.correct_MN, [[1, np.nan, 0.5, 0, 0.5, 0.5]])
    assert notes(records)[0] == "1 of 12 samples ended in an error and have no score."
    assert notes(records)[1] == "the outcome is match; --metric takes another of includes."
    assert records.manifest.notes[1].startswith(str(REAL))


def test_real_models_compare() -> None:
    aligned = align(real("eval", "reference"), real("eval", "changed"), allow_partial=True)
    assert aligned.coverage == "Compared on 12 of 13 examples."
    assert aligned.assumptions == (
        "Left out, because they have no score: 1 of 13 examples in 'changed' (first "
        "'arithmetic/2').",
        "The model differs: mockllm/reference for 'reference', mockllm/changed for 'changed'.",
    )


def test_real_conditions() -> None:
    conditions = real("eval", "reference", "arithmetic").manifest.conditions
    assert {k: v for k, v in conditions.items() if not k.startswith("template")} == {
        "harness": "inspect",
        "harness_version": "0.3.285",
        "model": "mockllm/reference",
        "task_version:arithmetic": "0",
        "decoding:arithmetic": "the model's own",
        "judge:arithmetic": "match; includes",
        "repeats:arithmetic": "2",
        "metric": "match",
    }


def test_real_prompts_hold_the_options() -> None:
    inputs = real("eval", "reference", "capitals", inputs=True).inputs
    assert inputs is not None
    assert inputs[0].endswith("Capital of France?\n\nA) Rome\nB) Paris\nC) Berlin")


# ------------------------------------------------------------------------------------------------------
# values by hand


@pytest.mark.parametrize("method", [ZSTD, DEFLATED, zipfile.ZIP_STORED])
def test_a_log_by_hand(tmp_path: Path, method: int) -> None:
    records = read(tmp_path, inspect_eval(quiz(), method=method), inputs=True)
    assert records.name == "org/m"
    assert records.example_id_N.to_list() == [f"quiz/{k}" for k in range(5)]
    assert records.correct_MN.tolist() == [[1, 1, 0, 0, 0]]
    assert records.answers is not None
    assert records.answers[0].to_list() == ["a", "b", "x", "y", "z"]
    assert records.examples["target"].to_list() == ["a", "b", "c", "d", "e"]
    assert records.examples["topic"].to_list() == ["even", "odd", "even", "odd", "even"]
    assert records.inputs is not None
    assert records.inputs[0] == "system: Be short.\n\nuser: Question 0?"
    assert records.members[0].facts == {"seconds": 10.0, "seconds_per_example": 0.5}
    assert records.manifest.conditions == {
        "harness": "inspect",
        "harness_version": "0.3.285",
        "model": "org/m",
        "model_args": '{"dtype": "float16"}',
        "task_version:quiz": "1",
        "template:quiz": records.manifest.conditions["template:quiz"],
        "decoding:quiz": '{"temperature": 0.0}',
        "judge:quiz": 'match {"location": "end"}',
        "repeats:quiz": "1",
        "limit:quiz": "5",
        "seeds:quiz": "7",
        "metric": "match",
    }
    assert records.manifest.conditions["template:quiz"].startswith('generate {"level": "easy"} #')


def test_epochs_are_averaged(tmp_path: Path) -> None:
    samples = [
        sample(1, "a", "a"),
        sample(1, "b", "a", epoch=2),
        sample(2, "c", "a"),
        sample(2, "c", "a", epoch=2),
    ]
    records = read(tmp_path, inspect_eval(samples))
    assert records.correct_MN.tolist() == [[0.5, 0]]
    assert notes(records) == [
        "up to 2 repeats of an example; scores are averaged within it, its answer is the most "
        "frequent one (the first of equals)."
    ]


def test_options(tmp_path: Path) -> None:
    samples = [
        asked("p", "A", "A"),
        asked("q", "B", "C"),
        asked("r", "", "B"),
        asked("s", "C", "C"),
    ]
    records = read(tmp_path, inspect_eval(samples))
    assert records.manifest.task == "choice"
    assert records.classes == ("A", "B", "C")
    assert records.label_N.tolist() == [0, 2, 1, 2]
    assert records.pred_MN.tolist() == [[0, 1, MISSING, 2]]
    assert records.correct_MN.tolist() == [[1, 0, 0, 1]]


def test_with_two_right_options_answers_are_texts(tmp_path: Path) -> None:
    both = {**asked("q", "B", "C"), "target": ["A", "B"]}
    records = read(tmp_path, inspect_eval([asked("p", "A", "A"), both]))
    assert records.manifest.task == "generation"
    assert records.examples["target"].to_list() == ["A", "A, B"]


VALUES: list[tuple[Any, float]] = [
    ("C", 1), ("I", 0), ("P", 0.5), ("N", 0), ("yes", 1), ("False", 0), ("0.25", 0.25), (True, 1), (0.75, 0.75),
]  # fmt: skip


def test_values_of_scorers(tmp_path: Path) -> None:
    samples = [
        sample(k, "a", "a", scores={"s": {"value": value}}) for k, (value, _) in enumerate(VALUES)
    ]
    samples.append(sample(9, "a", "a", scores={"s": {"value": float("nan")}}))
    records = read(tmp_path, inspect_eval(samples))
    assert np.array_equal(records.correct_MN, [[*(v for _, v in VALUES), np.nan]], equal_nan=True)
    assert records.answers is not None
    # The scorer named no answer, so it is all that was written.
    assert records.answers[0][0] == "a"


def test_errors_and_invalidated_samples_have_no_score(tmp_path: Path) -> None:
    bad = [
        sample(1, "a", "a", error={"message": "x"}),
        sample(2, "a", "a", invalidation={"author": "me"}),
    ]
    records = read(tmp_path, inspect_eval([sample(0, "a", "a"), *bad]))
    assert np.array_equal(records.correct_MN, [[1, np.nan, np.nan]], equal_nan=True)
    assert notes(records) == [
        "1 of 3 samples ended in an error and have no score.",
        "1 of 3 samples were invalidated and have no score.",
    ]
    head = inspect_head(config={"score_on_error": True})
    assert read(
        tmp_path, inspect_eval([sample(0, "a", "a"), bad[0]], head=head)
    ).correct_MN.tolist() == [[1, 1]]


def test_several_scorers(tmp_path: Path) -> None:
    graded = [{"match": {"value": "C"}, "judge": {"value": {"style": 0.5, "length": 40}}}] * 2
    data = inspect_eval([sample(k, "a", "a", scores=s) for k, s in enumerate(graded)])
    assert notes(read(tmp_path, data)) == [
        "the outcome is match; --metric takes another of judge.style."
    ]
    assert read(tmp_path, data, metric="judge.style").correct_MN.tolist() == [[0.5, 0.5]]
    assert refused(tmp_path, data, metric="judge.length") == (
        "metric 'judge.length' is 40 in some row, not between 0 and 1; choose one of match, "
        "judge.style with --metric"
    )
    assert refused(tmp_path, data, metric="judge") == (
        "has no metric 'judge'; choose one of match, judge.style with --metric"
    )
    data = inspect_eval(
        [sample(k, "a", "a", scores={"grade": {"value": "excellent"}}) for k in range(2)]
    )
    assert refused(tmp_path, data) == (
        "no metric is plainly right or wrong (grade is no single number); evaluate with another "
        "scorer"
    )


def test_without_scores_only_answers_are_compared(tmp_path: Path) -> None:
    records = read(tmp_path, inspect_eval([sample(k, f"a{k}", "a", scores={}) for k in range(2)]))
    assert (records.manifest.metric, records.outcome_known) == (None, False)


def test_messages_parts_and_attachments(tmp_path: Path) -> None:
    said = [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Look:"},
                {"type": "image", "image": "attachment://1"},
            ],
        },
        {"role": "assistant", "content": "shot", "source": "input"},
        {"role": "user", "content": "And now?"},
    ]
    reply = {"role": "assistant", "content": "reply", "source": "generate"}
    one = sample(1, "a", "a", input=said, messages=[*said, reply])
    two = sample(
        2, "a", "a", input="attachment://f00", messages=None, attachments={"f00": "A long text"}
    )
    records = read(tmp_path, inspect_eval([one, two]), inputs=True)
    assert records.inputs is not None
    assert records.inputs.to_list() == [
        "user: Look:\n(image)\n\nassistant: shot\n\nuser: And now?",
        "A long text",
    ]


# ---------------------------------------------------------------------------------------------
# several logs, comparing


def write(folder: Path, **logs: bytes) -> Path:
    folder.mkdir()
    for name, data in logs.items():
        (folder / f"{name}.eval").write_bytes(data)
    return folder


def test_of_each_task_the_newest_log_is_read(tmp_path: Path) -> None:
    older = inspect_eval(quiz()[:1])
    newer = inspect_eval(quiz(), head=inspect_head(created="2026-02-01T00:00:00+00:00"))
    other = inspect_eval(quiz(), head=inspect_head(task="more"))
    folder = write(tmp_path / "run", a=newer, b=older, c=other)
    records = read_any([folder])[0]
    assert (records.N, records.examples["task"].n_unique()) == (10, 2)
    assert records.manifest.notes == (
        f"{folder}: of each task the newest log is read, not b.eval; to read them, give the files.",
    )
    assert read_any([folder], tasks=("m*",))[0].N == 5
    with pytest.raises(UserError) as caught:
        read_any([folder], tasks=("x*",))
    assert str(caught.value) == f"{folder}: no task fits --tasks x*; it has more, quiz"


def test_logs_of_several_models_are_refused(tmp_path: Path) -> None:
    folder = write(
        tmp_path / "run",
        a=inspect_eval(quiz()),
        b=inspect_eval(quiz(), head=inspect_head(model="org/n")),
    )
    with pytest.raises(UserError) as caught:
        read_any([folder])
    assert str(caught.value) == (
        f"{folder}: holds logs of 2 models (org/m, org/n); give the logs of one of them a side"
    )


def test_several_logs_are_several_members(tmp_path: Path) -> None:
    again = [
        sample(k, "a", "a", metadata={"topic": "new" if k == 1 else "even"}, messages=None)
        for k in range(5)
    ]
    for name, samples in {"one": quiz(), "two": again}.items():
        for s, target in zip(samples, "abcde", strict=True):
            s["target"] = target
        (tmp_path / f"{name}.eval").write_bytes(inspect_eval(samples))
    records = read_any([tmp_path / "one.eval", tmp_path / "two.eval"])[0]
    assert [m.id for m in records.members] == ["one", "two"]
    assert records.slice_columns == ("task",)
    assert (
        "'topic' differs between members of this side, so it is left out." in records.manifest.notes
    )


def test_comparing_two_models(tmp_path: Path) -> None:
    changed = [sample(k, t, t) for k, t in enumerate("axcde")]
    changed[1] = sample(1, "wrong", "b")
    before = read_any([write(tmp_path / "before", a=inspect_eval(quiz()))])[0]
    after = read_any(
        [write(tmp_path / "after", a=inspect_eval(changed, head=inspect_head(model="org/n")))]
    )[0]
    aligned = align(before, after)
    assert (aligned.variant.correct_MN - aligned.reference.correct_MN).tolist() == [
        [0, -1, 1, 1, 1]
    ]
    assert aligned.assumptions == ("The model differs: org/m for 'before', org/n for 'after'.",)


def test_another_template_or_prompt_is_not_comparable(tmp_path: Path) -> None:
    before = read(tmp_path, inspect_eval(quiz()), name="before.eval")
    head = inspect_head(task_args_passed={"level": "hard"})
    after = read(tmp_path, inspect_eval(quiz(), head=head), name="after.eval")
    with pytest.raises(NotComparableError) as caught:
        align(before, after)
    assert str(caught.value) == (
        'the prompt template differs: generate {"level": "easy"} #5f48a2a2 for \'org/m\','
        ' generate {"level": "hard"} #27b31c23 for \'org/m\'; evaluate both alike, or accept it '
        "with --accept template"
    )
    other = [{**s, "messages": [{"role": "user", "content": "Other?"}]} for s in quiz()]
    after = read(tmp_path, inspect_eval(other), name="after.eval")
    with pytest.raises(NotComparableError, match="were given different prompts"):
        align(before, after)
    other = [{**s, "input": "Other?"} for s in quiz()]
    after = read(tmp_path, inspect_eval(other), name="after.eval")
    with pytest.raises(NotComparableError, match="have different inputs for one example"):
        align(before, after)


# ------------------------------------------------------------------------------------------------------------
# refusals


def test_an_unfinished_run(tmp_path: Path) -> None:
    data = inspect_eval(quiz()[:3], header=False)
    assert refused(tmp_path, data) == (
        "the run is not finished (status started): the log holds 3 of 5 samples; finish it with "
        "inspect eval-retry, or leave them out with --allow-partial"
    )
    records = read(tmp_path, data, allow_partial=True)
    assert records.N == 3
    assert records.manifest.notes == (
        f"left out: {tmp_path / 'log.eval'}: the run is not finished (status started): the log "
        "holds 3 of 5 samples",
    )
    assert refused(tmp_path, inspect_eval(quiz(), head=inspect_head("cancelled"))).startswith(
        "the run is not finished (status cancelled): the log holds 5 of 5 samples; "
    )


def test_a_log_that_was_cut_off(tmp_path: Path) -> None:
    data = inspect_eval(quiz())
    assert refused(tmp_path, data[: len(data) // 2]) == (
        "is not a complete zip archive (File is not a zip file); it may have been cut off: copy or "
        "evaluate again"
    )
    assert refused(tmp_path, data.replace(b"PK\x03\x04", b"PK\x03\x05")).endswith(
        "cannot be read as JSON (not UTF-8 text); it may be cut off or damaged: write it again"
    )


def test_what_is_no_log(tmp_path: Path) -> None:
    assert refused(tmp_path, zipped({"a": b"b"})) == (
        "has no header.json and no _journal/start.json, so it is no log of inspect; expected a file "
        ".eval"
    )
    assert refused(tmp_path, b"[1]", name="a.json") == (
        "cannot be read as JSON (Expected `object`, got `array`); it may be cut off or damaged: "
        "write it again"
    )
    assert refused(tmp_path, b'{"eval": 3}', name="a.json") == (
        "names no task under eval, so it is no log of inspect; expected what inspect eval wrote"
    )
    assert refused(tmp_path, b'{"eval": ' + b"[" * 100_000, name="a.json") == (
        "cannot be read as JSON (nested too deep); it may be cut off or damaged: write it again"
    )
    assert refused(tmp_path, inspect_eval([])) == (
        "holds no sample (inspect was run with --no-log-samples?); evaluate with samples"
    )


@pytest.mark.heavy
def test_samples_of_wrong_types_are_read_or_refused(tmp_path: Path) -> None:
    for value in (None, [], {}, "x", -1, 1e300, 10**400, True, [[None]], {"a": {"b": None}}):
        for key in (
            "id",
            "epoch",
            "input",
            "target",
            "choices",
            "messages",
            "output",
            "scores",
            "metadata",
        ):
            data = inspect_eval([sample(0, "a", "a"), sample(1, "a", "a")])
            changed = {**sample(1, "a", "a"), key: value}
            members = {"header.json": dumped(inspect_head())}
            members |= {
                "samples/0.json": dumped(sample(0, "a", "a")),
                "samples/1.json": dumped(changed),
            }
            data = zipped(members)
            assert read(tmp_path, data).N >= 1


def test_half_a_surrogate_and_names_that_climb(tmp_path: Path) -> None:
    odd = dumped(sample(0, "x", "a")).replace(b'"x"', b'"\\ud800"')
    data = zipped({"header.json": dumped(inspect_head()), "samples/../../../etc/x.json": odd})
    records = read(tmp_path, data)
    assert records.answers is not None
    assert records.answers[0].to_list() == ["?"]
