"""lm-eval's sample logs: every layout known, what each row means, and what is said where something
does not fit."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from records.formats.seeds_lm_eval import (
    STAMP,
    arguments,
    choice,
    generation,
    lines,
    old_layout,
    quiz,
    results,
    row,
    seeds,
    two_filters,
)
from undertow.errors import NotComparableError, UserError
from undertow.records import MISSING, Records, align, read_any

REAL = Path(__file__).parent / "real/lm_eval"
OLDER = "2025-12-31T23-59-59.000001"


def model_folder(place: Path, name: str = "org__model", **tasks: list[dict]) -> Path:
    """A model's folder with these tasks and, beside them, results."""
    folder = place / name
    folder.mkdir(parents=True)
    for task, rows in tasks.items():
        (folder / f"samples_{task}_{STAMP}.jsonl").write_bytes(lines(rows))
    (folder / f"results_{STAMP}.json").write_text(json.dumps(results(name)))
    return folder


def read(place: Path, rows: list[dict] | bytes, **wanted: Any) -> Records:
    """One task's file, ``samples_t_….jsonl``, read alone."""
    path = place / f"samples_t_{STAMP}.jsonl"
    path.write_bytes(rows if isinstance(rows, bytes) else lines(rows))
    return read_any([path], **wanted)[0]


def refused(place: Path, rows: list[dict] | bytes, **wanted: Any) -> str:
    """The message, without the path it begins with."""
    with pytest.raises(UserError) as caught:
        read(place, rows, **wanted)
    said = str(caught.value)
    path = f"{place / f'samples_t_{STAMP}.jsonl'}"
    assert said.startswith(f"{path}: ")
    assert "\n" not in said
    return said.removeprefix(f"{path}: ")


def notes(place: Path, records: Records) -> list[str]:
    """What is said, without the path and without the missing results."""
    path = f"{place / f'samples_t_{STAMP}.jsonl'}: "
    missing = (
        f"{place}: has no results_{STAMP}.json, so few-shot count and versions cannot be checked."
    )
    return [note.removeprefix(path) for note in records.manifest.notes if note != missing]


# --- what rows mean


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        (
            [("The cup fell as it was", " full."), ("The cup fell as he was", " full.")],
            ["it was", "he was"],
        ),
        ([("Who fell?", " the cup"), ("Who fell?", " the boy")], ["the cup", "the boy"]),
        ([("Who fell?", " the cup"), ("Who stood?", " the boy")], ["the cup", "the boy"]),
        ([("Who fell?", " the cup"), ("Who fell?", " the cup")], ["the cup", "the cup"]),
    ],
    ids=[
        "only the context differs",
        "only the continuation differs",
        "both differ",
        "nothing differs",
    ],
)
def test_options_stand_in_the_context_only_where_nothing_else_tells_them_apart(
    tmp_path: Path, pairs: list[tuple[str, str]], words: list[str]
) -> None:
    """Of each question the second option is chosen, so its words are the answer."""
    rows = [
        row(n, {"q": n}, "1", pairs, [["-2.0", "False"], ["-1.0", "False"]], acc=1.0)
        for n in range(3)
    ]
    assert read(tmp_path, rows).answers[0].to_list() == [words[1]] * 3


def test_a_question_with_options(tmp_path: Path) -> None:
    records, about = read_any([model_folder(tmp_path, quiz=quiz())])
    assert about == (
        f"{tmp_path}/org__model: lm-eval samples (holds samples_quiz_{STAMP}.jsonl): 1 member, 6 "
        "examples, outcome acc"
    )
    assert (records.name, records.manifest.task, records.manifest.metric) == (
        "org__model",
        "choice",
        "acc",
    )
    assert records.classes == ("A", "B", "C", "D")
    assert records.example_id_N.to_list() == [f"quiz/{i}" for i in range(6)]
    assert records.pred_MN.tolist() == [[0, 1, 3, 0, 1, 1]]
    assert records.label_N.tolist() == [0, 1, 3, 2, 1, 1]
    assert records.score_MN is not None
    assert records.score_MN.tolist() == [[1, 1, 1, 0, 1, 1]]
    assert records.answers is not None
    assert records.answers[0].to_list() == ["north", "south", "west", "north", "south", "south"]
    assert records.examples["target"].to_list() == [
        "north",
        "south",
        "west",
        "east",
        "south",
        "south",
    ]
    assert records.examples["subject"].to_list() == ["places"] * 3 + ["signs"] * 3
    assert set(records.examples["task"]) == {"quiz"}
    assert records.manifest.notes == ()


def test_probabilities_are_those_of_the_raw_log_probabilities(tmp_path: Path) -> None:
    records = read(tmp_path, quiz())
    assert records.proba_MNC is not None
    weight = np.exp([-1.0, -0.25, -3.0])
    assert records.proba_MNC[0, 4].tolist() == pytest.approx(
        [*(weight / weight.sum()), 0.0], abs=1e-6
    )
    assert records.proba_MNC[0, 5, 0] == 0  # -inf


def test_acc_norm_divides_by_characters_without_the_delimiter(tmp_path: Path) -> None:
    logs = [-2.0, -4.1]
    pair = [("Q", " ab"), ("Q", " abcde")]
    filtered = [[str(log), "False"] for log in logs]
    rows = [row(i, {"q": i}, "1", pair, filtered, acc=0.0, acc_norm=1.0) for i in range(3)]
    assert read(tmp_path, rows).pred_MN.tolist() == [[0, 0, 0]]
    records = read(tmp_path, rows, metric="acc_norm")  # -2/2 < -4.1/5; with the blank -2/3 > -4.1/6
    assert records.pred_MN.tolist() == [[1, 1, 1]]
    assert notes(tmp_path, records) == []
    chat = [("Q", "ab"), ("Q", "abcde")]  # With a chat template there is no delimiter.
    rows = [row(i, {"q": i}, "1", chat, filtered, acc=0.0, acc_norm=1.0) for i in range(3)]
    assert read(tmp_path, rows, metric="acc_norm").pred_MN.tolist() == [[1, 1, 1]]


def test_acc_bytes_divides_by_bytes(tmp_path: Path) -> None:
    filtered = [["-4.5", "False"], ["-4.0", "False"]]
    pairs = [("Q", " ééé"), ("Q", " abcd")]  # 3 characters and 6 bytes; 4 and 4
    rows = [
        row(i, {"q": i}, "0", pairs, filtered, acc=0.0, acc_norm=0.0, acc_bytes=1.0)
        for i in range(2)
    ]
    assert [
        read(tmp_path, rows, metric=m).pred_MN[0, 0] for m in ("acc", "acc_norm", "acc_bytes")
    ] == [1, 1, 0]


def test_mutual_information_asks_for_each_option_twice(tmp_path: Path) -> None:
    pairs = [("Q", " a"), ("Q", " b"), ("", " a"), ("", " b")]
    filtered = [[log, "False"] for log in ("-1.0", "-2.0", "-1.0", "-5.0")]
    rows = [row(i, {"q": i}, "1", pairs, filtered, acc=0.0, acc_mutual_info=1.0) for i in range(2)]
    records = read(tmp_path, rows)
    assert records.pred_MN.tolist() == [[0, 0]]
    assert records.classes == ("A", "B")
    assert read(tmp_path, rows, metric="acc_mutual_info").pred_MN.tolist() == [[1, 1]]


def test_options_in_the_context(tmp_path: Path) -> None:
    pairs = [("Ann met Mary so Mary", " ran."), ("Ann met Mary so Ann", " ran.")]
    rows = [
        row(i, {"q": i}, "ran.", pairs, [["-1.0", "False"], ["-2.0", "False"]], acc=acc)
        for i, acc in enumerate((1.0, 0.0))
    ]
    records = read(tmp_path, rows)
    assert records.manifest.task == "choice"
    assert records.answers is not None
    assert records.answers[0].to_list() == ["Mary", "Mary"]
    assert records.examples["target"].to_list() == ["Mary", "Ann"]
    assert notes(tmp_path, records) == [
        "its options stand in the prompt; which was right follows from the score."
    ]


@pytest.mark.parametrize(
    ("targets", "doc"),
    [
        (("0", "3"), {}),
        (("north", " west"), {}),
        (("A", "D"), {}),
        (("(A)", "(D)"), {}),
        (("something", "else"), {"answer": True}),
        (("[0, 2]", "[3]"), {}),
    ],
)
def test_how_the_target_names_the_right_option(
    tmp_path: Path, targets: tuple[str, str], doc: dict
) -> None:
    rows = [choice(0, [-1.0, -2.0, -3.0, -4.0], 0), choice(1, [-9.0, -2.0, -3.0, -0.5], 3)]
    for each, target in zip(rows, targets, strict=True):
        each["target"] = target
        if not doc:
            del each["doc"]["answer"]
    records = read(tmp_path, rows)
    assert records.label_N.tolist() == [0, 3]
    several = targets[0].startswith("[")
    assert records.examples["target"].to_list() == ["north | east" if several else "north", "west"]


def test_options_that_are_digits_are_told_by_what_fits_the_scores(tmp_path: Path) -> None:
    options = ("1", "2", "3", "0")
    rows = [choice(i, [-1.0, -2.0, -3.0, -4.0], 0, options=options) for i in range(3)]
    for each in rows:
        # the text of option 0, which the score of 1 confirms; as an index it would be option 1
        each["target"] = "1"
        del each["doc"]["answer"]
    records = read(tmp_path, rows)
    assert records.label_N.tolist() == [0, 0, 0]
    assert notes(tmp_path, records) == []


def test_the_score_is_followed_where_it_is_not_choice_equals_label(tmp_path: Path) -> None:
    rows = quiz()
    rows[0]["acc"] = 0.0
    records = read(tmp_path, rows)
    assert records.score_MN is not None
    assert records.score_MN[0, 0] == 0
    assert notes(tmp_path, records) == [
        "in 1 of 6 rows the score is not whether the choice is the label (several right options, "
        "or a rule of the task's own); the score is followed."
    ]


def test_options_without_an_outcome_have_choice_and_label(tmp_path: Path) -> None:
    rows = [choice(i, [-1.0, -2.0, -3.0, -4.0], i, options=("3", "2", "1", "0")) for i in range(4)]
    for each in rows:
        each["metrics"] = ["brier_score"]
        each["brier_score"] = [each["doc"].pop("answer"), [0.25, 0.25]]
    records = read(tmp_path, rows)
    assert records.score_MN is None
    assert records.label_N.tolist() == [0, 1, 2, 3]
    assert records.correct_MN.tolist() == [[1, 0, 0, 0]]


def test_no_choice_where_a_log_probability_is_no_number(tmp_path: Path) -> None:
    rows = [*quiz(), choice(6, [-1.0, -2.0], 0)]
    rows[6]["filtered_resps"][1][0] = "nan"
    records = read(tmp_path, rows)
    assert records.pred_MN[0, 6] == MISSING
    assert notes(tmp_path, records) == [
        "1 of 7 rows have log-probabilities that are no numbers: no choice."
    ]


def test_a_score_that_is_more_than_right_or_wrong_leaves_texts(tmp_path: Path) -> None:
    rows = quiz()
    for k, each in enumerate(rows):
        each["acc"] = k / 10
    records = read(tmp_path, rows)
    assert (records.manifest.task, records.outcome) == ("generation", "mean acc")
    assert notes(tmp_path, records) == [
        "the score is more than right or wrong, so the options' texts are compared, not their "
        "places."
    ]


def test_generated_text(tmp_path: Path) -> None:
    rows = [generation(0, "4", "4"), generation(1, "5", "4")]
    rows[1]["resps"] = [["so it is 5, I think"]]
    records = read(tmp_path, rows, inputs=True)
    assert (records.manifest.task, records.manifest.metric) == ("generation", "exact_match")
    assert records.answers is not None
    assert records.outputs is not None
    assert records.inputs is not None
    assert records.answers[0].to_list() == ["4", "5"]
    assert records.outputs[0].to_list() == ["4", "so it is 5, I think"]
    assert records.inputs.to_list() == ["Q: q0\nA:", "Q: q1\nA:"]
    assert records.pred_MN.tolist() == [[0, 1]]
    assert records.manifest.conditions["decoding:t"] == '{"do_sample": false, "until": ["\\n"]}'


def test_repeats_inside_a_row_give_the_most_frequent_answer(tmp_path: Path) -> None:
    records = read(
        tmp_path,
        [
            generation(0, ["7", "8", "8"], "8", exact_match=1.0),
            generation(1, [], "8", exact_match=0),
        ],
    )
    assert records.answers is not None
    assert records.answers[0].to_list() == ["8", None]


def test_whether_one_continuation_would_have_been_said(tmp_path: Path) -> None:
    rows = [
        row(
            i,
            {"t": f"t{i}"},
            " sea",
            [("to the", " sea")],
            [["-0.5", said]],
            perplexity=-0.5,
            acc=int(said == "True"),
        )
        for i, said in enumerate(("True", "False"))
    ]
    records = read(tmp_path, rows)
    assert records.manifest.metric == "acc"
    assert records.answers is not None
    assert records.answers[0].to_list() == ["sea", "(another continuation)"]
    assert records.examples["target"].to_list() == ["sea", "sea"]


# --- logs that lm-eval 0.4.13 itself wrote (real/lm_eval/README.md)


def documents(data: str) -> int:
    """How many there are in the data that a task was made of."""
    return len((REAL / f"data/{data}.jsonl").read_text().splitlines())


def logged_means(folder: Path) -> list[tuple[str, str, str, float]]:
    """Task, metric, filter and mean, as the results beside the samples have them, of metrics that
    are one number."""
    (path,) = folder.rglob("results_*.json")
    table = json.loads(path.read_text())["results"]
    means = [
        (task, *key.split(","), value)
        for task, row in table.items()
        for key, value in row.items()
        if "," in key
    ]
    wanted = {"acc", "acc_norm", "exact_match"}
    return [mean for mean in means if mean[1] in wanted and mean[0] != "tiny_facts"]


@pytest.mark.heavy
@pytest.mark.parametrize(
    "name", ["reference", "reference-again", "reference-fewshot2", "reference-some", "rounded"]
)
def test_means_are_those_that_lm_eval_reports(name: str) -> None:
    found = logged_means(REAL / name)
    assert found
    for task, metric, filter, mean in found:
        records, _ = read_any([REAL / name], tasks=(task,), metric=metric, filter=filter)
        assert float(records.correct_MN.mean()) == pytest.approx(mean), (task, metric, filter)
        assert records.manifest.conditions[f"filter:{task}"] == filter
        if records.manifest.task == "choice":
            assert np.array_equal(records.pred_MN == records.label_N, records.correct_MN == 1), (
                task,
                metric,
            )


def test_a_real_multiple_choice_log() -> None:
    records, _ = read_any([REAL / "reference"], tasks=("tiny_facts_de",), inputs=True)
    n = records.example_id_N.to_list().index("tiny_facts_de/7")
    assert records.inputs is not None
    assert records.answers is not None
    assert records.inputs[n] == "Q: Wie viele Beine hat eine Katze?\nA:"
    assert (records.answers[0][n], records.examples["target"][n], records.label_N[n]) == (
        "vier",
        "vier",
        1,
    )
    assert records.classes == ("A", "B", "C", "D", "E")
    assert records.slice_columns == ("subject", "language", "gold", "task")
    assert records.proba_MNC is not None
    assert records.proba_MNC[0, n, 4] == 0  # four options
    assert records.proba_MNC[0, n].sum() == pytest.approx(1)


def test_a_real_log_of_generated_text() -> None:
    (path,) = (REAL / "reference").rglob("samples_tiny_sums_*")
    records, about = read_any([REAL / "reference"], tasks=("tiny_sums",), inputs=True)
    assert records.answers is not None
    assert records.outputs is not None
    assert (records.answers[0][0], records.outputs[0][0]) == ("5", " 2+3 #### 5")
    assert records.examples["target"][0] == "2+3 #### 5"
    assert records.manifest.notes == (
        f"{path}: filter strict-match; also there: flexible-extract, choose with --filter.",
    )
    assert about.endswith(f"; {records.manifest.notes[0]}")


def test_a_real_folder_of_all_tasks() -> None:
    (pages,) = (REAL / "reference").rglob("samples_tiny_pages_*")
    said = (
        f"{pages}: is scored by word_perplexity, byte_perplexity, bits_per_byte: no outcome "
        "between 0 and 1 of each"
    )
    with pytest.raises(UserError) as caught:
        read_any([REAL / "reference"])
    assert str(caught.value) == (
        f"{said} example; choose other tasks with --tasks, or leave them out with --allow-partial"
    )
    records, _ = read_any([REAL / "reference"], allow_partial=True)
    assert (1, sum(map(documents, ("facts_de", "facts_en", "sums", "sums", "words")))) == (
        records.M,
        records.N,
    )
    assert records.manifest.notes[0] == f"left out: {said} example"
    with pytest.raises(UserError):
        read_any([pages], allow_partial=True)


def test_real_logs_of_two_models_are_compared() -> None:
    tasks = ("tiny_facts_*", "tiny_sums")
    reference, variant = (
        read_any([REAL / name], tasks=tasks)[0] for name in ("reference", "rounded")
    )
    aligned = align(reference, variant)
    count = sum(map(documents, ("facts_de", "facts_en", "sums")))
    assert count == aligned.reference.N
    again, _ = read_any([REAL / "reference", REAL / "reference-again"], tasks=tasks)
    assert (2, count) == (again.M, again.N)
    assert np.array_equal(again.pred_MN[0], again.pred_MN[1])


def test_real_logs_of_other_few_shot_counts_are_refused() -> None:
    tasks = ("tiny_facts_en", "tiny_sums")
    zero, two = (
        read_any([REAL / name], tasks=tasks)[0] for name in ("reference", "reference-fewshot2")
    )
    with pytest.raises(NotComparableError) as caught:
        align(zero, two)
    assert str(caught.value) == (
        "the few-shot count differs: 0 for 'reference', 2 for 'reference-fewshot2'; evaluate both "
        "alike, or accept it with --accept fewshot"
    )
    with pytest.raises(NotComparableError) as caught:
        align(zero, two, accepted=("fewshot",))
    assert str(caught.value).startswith(
        "'reference' and 'reference-fewshot2' were given different prompts"
    )


def test_real_logs_of_some_examples_join_by_their_true_number() -> None:
    whole, some = (
        read_any([REAL / n], tasks=("tiny_facts_en",))[0] for n in ("reference", "reference-some")
    )
    aligned = align(whole, some, allow_partial=True)
    assert aligned.reference.example_id_N.to_list() == some.example_id_N.to_list()
    assert aligned.reference.examples["content_hash"].equals(some.examples["content_hash"])


# --- metrics and filters


def translated(**scores: Any) -> list[dict]:
    return [generation(i, "good day", "good day", **scores) for i in range(2)]


def test_corpus_metrics_leave_answers_only(tmp_path: Path) -> None:
    records = read(tmp_path, translated(bleu=["good day", "lol"], ter=["good day", "lol"]))
    assert records.score_MN is None
    assert records.pred_MN.tolist() == [[0, 0]]
    assert notes(tmp_path, records) == [
        "none of its metrics (bleu, ter) is an outcome between 0 and 1."
    ]


def test_a_metric_that_cannot_be_the_outcome(tmp_path: Path) -> None:
    rows = translated(
        bleu=["a", "b"], ter=0.5, parts=[True, False, True], points=7.0, acc=True, far=10**400
    )
    assert refused(tmp_path, rows, metric="bleu") == (
        "metric 'bleu' is a pair (reference, prediction) that only counts over the whole corpus; "
        "choose one of acc with --metric"
    )
    assert refused(tmp_path, rows, metric="ter") == (
        "metric 'ter' is better when it is less; choose one of acc with --metric"
    )
    assert refused(tmp_path, rows, metric="parts") == (
        "metric 'parts' is no single number; choose one of acc with --metric"
    )
    assert refused(tmp_path, rows, metric="points") == (
        "metric 'points' is 7 in some row, not between 0 and 1; choose one of acc with --metric"
    )
    assert refused(tmp_path, rows, metric="far") == (
        "metric 'far' holds numbers too large to be an outcome; choose one of acc with --metric"
    )
    assert (
        refused(tmp_path, rows, metric="gone")
        == "has no metric 'gone'; choose one of acc with --metric"
    )
    assert refused(tmp_path, translated(ter=0.5), metric="ter") == (
        "metric 'ter' is better when it is less; none of its metrics can be the outcome"
    )
    assert read(tmp_path, rows).manifest.metric == "acc"


def test_the_results_say_that_less_is_better(tmp_path: Path) -> None:
    folder = model_folder(tmp_path, t=translated(distance=0.5, acc=1.0))
    changed = results(higher_is_better={"t": {"distance": False, "acc": True}})
    (folder / f"results_{STAMP}.json").write_text(json.dumps(changed))
    assert read_any([folder])[0].manifest.metric == "acc"


def test_percentages_are_divided(tmp_path: Path) -> None:
    rows = [generation(0, "a", "a", chrf=50.0), generation(1, "b", "a", chrf=0.5)]
    records = read(tmp_path, rows, metric="chrf")
    assert records.manifest.metric == "chrf/100"
    assert records.score_MN is not None
    assert records.score_MN.tolist() == [[0.5, pytest.approx(0.005)]]
    assert notes(tmp_path, records) == ["chrf runs from 0 to 100 and is divided by 100."]


def test_a_metric_that_turns_out_to_be_none_further_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("undertow.records.formats.decoding.lines.BLOCK", 2000)
    rows = quiz()
    for each in rows:
        each["metrics"] = ["points", "acc"]
        each["points"] = 1.0
    rows[5]["points"] = 3.0
    records = read(tmp_path, rows)
    assert records.manifest.metric == "acc"
    assert records.label_N.tolist() == [0, 1, 3, 2, 1, 1]


def test_one_filter_is_read(tmp_path: Path) -> None:
    records = read(tmp_path, two_filters())
    assert records.N == 4
    assert records.manifest.conditions["filter:t"] == "strict"
    assert notes(tmp_path, records) == [
        "filter strict; also there: flexible, choose with --filter."
    ]
    records = read(tmp_path, two_filters(), filter="flexible")
    assert records.score_MN is not None
    assert records.score_MN.tolist() == [[1, 1, 1, 1]]
    assert refused(tmp_path, two_filters(), filter="x") == (
        "has no filter 'x'; it has strict, flexible: choose one with --filter"
    )
    assert read(tmp_path, quiz(), filter="strict").manifest.conditions["filter:t"] == "none"


def test_perplexity_is_no_outcome(tmp_path: Path) -> None:
    rolling = {
        **row(0, {"text": "a b"}, "a b", [("a b",)], ["-3.5"]),
        "metrics": ["word_perplexity", "bits_per_byte"],
        "word_perplexity": [-3.5, 2],
        "bits_per_byte": [-3.5, 3],
    }
    assert refused(tmp_path, [rolling]) == (
        "is scored by word_perplexity, bits_per_byte: no outcome between 0 and 1 of each example; "
        "choose other tasks with --tasks, or leave them out with --allow-partial"
    )


# --- files and folders


def test_rows_from_before_august_2024(tmp_path: Path) -> None:
    new, old = read(tmp_path, quiz()), read(tmp_path, old_layout(quiz()))
    for name in ("pred_MN", "label_N", "score_MN", "proba_MNC"):
        assert np.array_equal(getattr(new, name), getattr(old, name)), name
    assert not {"content_hash", "prompt_hash"} & set(old.examples.columns)


def test_gzip_and_any_name(tmp_path: Path) -> None:
    (tmp_path / "mine.jsonl.gz").write_bytes(gzip.compress(lines(quiz())))
    records, about = read_any([tmp_path / "mine.jsonl.gz"])
    assert about == (
        f"{tmp_path}/mine.jsonl.gz: lm-eval samples (rows with doc_id and filtered_resps): 1 "
        "member, 6 examples, outcome acc"
    )
    assert records.example_id_N[0] == "mine/0"
    assert records.manifest.notes == (
        f"{tmp_path}/mine.jsonl.gz: its name has no time that would tell which results_*.json is "
        "its own, so few-shot count and versions cannot be checked.",
    )


def test_the_order_of_rows_does_not_matter(tmp_path: Path) -> None:
    a, b = read(tmp_path, quiz()), read(tmp_path, quiz()[::-1])
    assert a.examples.equals(b.examples)
    assert a.pred_MN.tolist() == b.pred_MN.tolist()


def test_a_file_written_to_twice(tmp_path: Path) -> None:
    records = read(tmp_path, quiz() + quiz()[:2])
    assert records.N == 6
    assert notes(tmp_path, records) == [
        "2 rows are copies of others and are dropped; the file was written to twice."
    ]
    records = read(tmp_path, quiz() + quiz(shift=1.0))
    assert records.score_MN is not None
    assert records.score_MN[0].tolist() == [0.5, 1, 1, 0, 1, 1]
    assert notes(tmp_path, records) == [
        "6 rows are of examples already there, with other answers: they count as repeats.",
        "up to 2 repeats of an example; scores are averaged within it, its answer is the most "
        "frequent one (the first of equals).",
    ]


def test_tasks_of_one_model_are_one_member(tmp_path: Path) -> None:
    folder = model_folder(
        tmp_path / "out", quiz=quiz(), sums=[generation(i, "1", "1") for i in range(3)]
    )
    records, _ = read_any([tmp_path / "out"])
    assert (records.M, records.N, records.manifest.task) == (1, 9, "generation")
    assert records.name == "out"
    assert records.manifest.metric == "acc + exact_match"
    assert records.manifest.members[0].facts == {"seconds": 12.5}
    assert records.manifest.notes == (
        "Without options to choose from: sums; so the answers of all tasks are compared as texts.",
    )
    assert read_any([folder], tasks=("qu*",))[0].manifest.task == "choice"
    loose, _ = read_any(sorted(folder.glob("samples*")))
    assert (loose.M, loose.N, loose.name) == (1, 9, "org__model")
    with pytest.raises(UserError) as caught:
        read_any([folder], tasks=("x", "y"))
    assert str(caught.value) == f"{folder}: no task fits --tasks x y; it has quiz, sums"


def test_the_newest_log_of_a_task_is_read(tmp_path: Path) -> None:
    folder = model_folder(tmp_path, quiz=quiz())
    older = folder / f"samples_quiz_{OLDER}.jsonl"
    older.write_bytes(lines(quiz(shift=1.0)))
    records, _ = read_any([folder])
    assert records.pred_MN[0, 0] == 0
    assert records.manifest.notes == (
        f"{folder}: of each task the newest log is read, not samples_quiz_{OLDER}.jsonl; to read "
        "them, give the files.",
    )
    both, _ = read_any(sorted(folder.glob("samples*")))
    assert (both.M, both.pred_MN[:, 0].tolist()) == (2, [1, 0])
    assert [m.id for m in both.members] == [f"org__model-{OLDER}", f"org__model-{STAMP}"]


def test_one_side_is_one_model(tmp_path: Path) -> None:
    one, two = (model_folder(tmp_path / "out", name, quiz=quiz()) for name in ("a", "b"))
    with pytest.raises(UserError) as caught:
        read_any([tmp_path / "out"])
    assert str(caught.value) == (
        f"{tmp_path}/out: holds the logs of 2 models (a, b); give one of these folders"
    )
    both, _ = read_any([one, two])
    assert [m.id for m in both.members] == [f"a-{STAMP}", f"b-{STAMP}"]


def test_members_that_were_prompted_differently_are_one_side(tmp_path: Path) -> None:
    """As in every log family: repeat runs with other few-shot examples have other prompts."""
    changed = [
        {**each, "prompt_hash": "0" * 64} if each["doc_id"] == 2 else each for each in quiz()
    ]
    folders = [
        model_folder(tmp_path, name, quiz=rows)
        for name, rows in (("one", quiz()), ("two", changed))
    ]
    records, _ = read_any(folders)
    assert (records.M, records.N) == (2, 6)
    assert "prompt_hash" not in records.examples.columns
    assert records.manifest.notes == (
        "'prompt_hash' differs between members of this side, so it is left out.",
    )


def test_a_field_that_is_text_in_one_task_is_text_in_all(tmp_path: Path) -> None:
    one = [choice(i, [-1.0, -2.0], 0, level=i) for i in range(2)]
    two = [choice(i, [-1.0, -2.0], 0, level="hard") for i in range(2)]
    records, _ = read_any([model_folder(tmp_path, one=one, two=two)])
    assert records.examples["level"].to_list() == ["0", "1", "hard", "hard"]


def test_results_of_several_tasks_count_once(tmp_path: Path) -> None:
    folder = model_folder(tmp_path, one=quiz(), two=quiz())
    assert read_any([folder])[0].manifest.members[0].facts == {"seconds": 12.5}
    (folder / f"results_{STAMP}.json").unlink()
    assert read_any([folder])[0].manifest.notes == (
        f"{folder}: has no results_{STAMP}.json, so few-shot count and versions cannot be checked.",
    )


def test_fields_of_the_document(tmp_path: Path) -> None:
    rows = [
        choice(
            i, [-1.0, -2.0], 0, label=f"l{i % 2}", p_x=i, share=i / 2, **other, title=f"title {i}"
        )
        for i in range(4)
        for other in [
            {
                "metadata": {"level": i % 2, "deep": {}},
                "passage": "long " * 99,
                "tags": ["a"],
                "note": None,
            }
        ]
    ]
    records = read(tmp_path, rows)
    assert records.slice_columns == ("doc_answer", "doc_label", "doc_p_x", "share", "level", "task")
    assert records.examples["doc_p_x"].to_list() == [0, 1, 2, 3]
    assert records.examples["share"].to_list() == [0, 0.5, 1, 1.5]
    assert records.examples["cluster"].n_unique() == 1
    assert notes(tmp_path, records) == [
        "Examples with one value of 'passage' are taken as one cluster; --cluster COLUMN takes "
        "another, none takes none."
    ]


def test_conditions(tmp_path: Path) -> None:
    records, _ = read_any([model_folder(tmp_path, quiz=quiz())])
    assert records.manifest.conditions == {
        "filter:quiz": "none",
        "task_version:quiz": "1.0",
        "fewshot:quiz": "0",
        "template:quiz": "{{question}} #c1578bb7",
        "repeats:quiz": "1",
        "limit:quiz": "6 of 6 examples",
        "harness": "lm-eval",
        "harness_version": "0.4.13",
        "model": "org__model",
        "model_args": '{"pretrained": "org__model"}',
        "dtype": "torch.float32",
        "device": "cpu",
        "batch_size": "1",
        "seeds": "random 0, numpy 1234, torch 1234, few-shot 1234",
        "chat_template": "none",
        "metric": "acc",
    }


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (
            b"{",
            "cannot be read as JSON (Expecting property name enclosed in double quotes: line 1 "
            "column 2 (char 1))",
        ),
        (b"[]", "is no JSON object"),
        (b"[" * 100_000, "cannot be read as JSON (nested too deep)"),
    ],
)
def test_results_that_cannot_be_read_are_said(tmp_path: Path, content: bytes, why: str) -> None:
    folder = model_folder(tmp_path, quiz=quiz())
    (folder / f"results_{STAMP}.json").write_bytes(content)
    records, _ = read_any([folder])
    assert records.manifest.notes == (
        f"{folder}/results_{STAMP}.json: {why}, so few-shot count and versions cannot be checked.",
    )


# --- two models


def test_two_models_are_compared(tmp_path: Path) -> None:
    one = model_folder(tmp_path, "one", quiz=quiz())
    two = model_folder(tmp_path, "two", quiz=quiz(shift=1.0)[::-1], sums=[generation(0, "1", "1")])
    aligned = align(read_any([one])[0], read_any([two], tasks=("quiz",))[0])
    assert aligned.variant.pred_MN[0, 0] == 1
    assert aligned.variant.label_N.tolist() == aligned.reference.label_N.tolist()
    assert aligned.assumptions == (
        "The model differs: one for 'one', two for 'two'.",
        'The set of model arguments differs: {"pretrained": "one"} for \'one\', {"pretrained": '
        "\"two\"} for 'two'.",
    )


def test_another_few_shot_count_is_refused(tmp_path: Path) -> None:
    one, two = (
        model_folder(tmp_path, "one", quiz=quiz()),
        model_folder(tmp_path, "two", quiz=quiz()),
    )
    (two / f"results_{STAMP}.json").write_text(
        json.dumps(results("two", **{"n-shot": {"quiz": 5}}))
    )
    with pytest.raises(NotComparableError) as caught:
        align(read_any([one])[0], read_any([two])[0])
    assert str(caught.value) == (
        "the few-shot count differs: 0 for 'one', 5 for 'two'; evaluate both alike, or accept it "
        "with --accept fewshot"
    )


def test_another_metric_is_refused(tmp_path: Path) -> None:
    rows = [{**r, "metrics": ["acc", "acc_norm"], "acc_norm": r["acc"]} for r in quiz()]
    one, two = (model_folder(tmp_path, name, quiz=rows) for name in ("one", "two"))
    with pytest.raises(NotComparableError) as caught:
        align(read_any([one])[0], read_any([two], metric="acc_norm")[0])
    assert str(caught.value) == (
        "the outcome differs: acc for 'one', acc_norm for 'two'; evaluate both alike, or accept it "
        "with --accept metric"
    )


# --- strange bytes


def test_what_json_has_no_word_for(tmp_path: Path) -> None:
    data = lines(
        [
            generation(0, "a", "a", acc=float("nan"), em=1.0),
            generation(1, "b", "a", acc=0.5, em=1.0),
        ]
    )
    data = data.replace(b'"b"', b'"b\\ud800"')
    records = read(tmp_path, data)
    assert records.score_MN is not None
    assert np.isnan(records.score_MN[0, 0])
    assert records.answers is not None
    assert records.answers[0].to_list() == [None, "b?"]


def test_a_log_that_was_cut_off(tmp_path: Path) -> None:
    data = lines(quiz())[:-300]
    said = refused(tmp_path, data)
    assert said.startswith("line 6 cannot be read (")
    assert said.endswith(
        "; it may be cut off or damaged: evaluate again, or leave them out with --allow-partial"
    )
    records = read(tmp_path, data, allow_partial=True)
    assert records.N == 5
    assert len(notes(tmp_path, records)) == 1
    assert records.manifest.notes[0].startswith(
        f"left out: {tmp_path}/samples_t_{STAMP}.jsonl: line 6 cannot be read ("
    )


REPAIR = "; it may be cut off or damaged: evaluate again, or leave them out with --allow-partial"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"doc_id": None}, "doc_id is 'None', no number or text"),
        ({"doc_id": [1]}, "doc_id is '[1]', no number or text"),
        ({"doc": 3}, "Expected `object`, got `int` at `row.doc`"),
        ({"filtered_resps": "x"}, "Expected `array`, got `str` at `row.filtered_resps`"),
        (
            {"filtered_resps": [["x", "y"]]},
            "Expected `float`, got `str` at `row.filtered_resps[0][0]`",
        ),
        ({"arguments": arguments([("a", " b")])}, "1 requests and 4 answers"),
        ({"filter": 3}, "Expected `str`, got `int` at `row.filter`"),
        ({"extra": "deep"}, "nested too deep"),
    ],
)
def test_a_row_that_is_none(tmp_path: Path, change: dict, why: str) -> None:
    data = lines([*quiz()[:2], {**quiz()[2], **change}, quiz()[3]])
    data = data.replace(b'"deep"', b"[" * 100_000)
    assert refused(tmp_path, data) == f"line 3 cannot be read ({why}){REPAIR}"


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    data = lines(quiz()).replace(b"signs", b"si\xffns")
    assert refused(tmp_path, data) == f"line 4 cannot be read (not UTF-8 text){REPAIR}"
    records = read(tmp_path, data, allow_partial=True)
    assert records.N == 3
    assert records.manifest.notes[0] == (
        f"left out: {tmp_path}/samples_t_{STAMP}.jsonl: 3 lines cannot be read, first line 4 (not "
        "UTF-8 text)"
    )


def test_files_that_hold_nothing(tmp_path: Path) -> None:
    path = tmp_path / f"samples_t_{STAMP}.jsonl"
    path.write_bytes(b"")
    with pytest.raises(UserError) as caught:
        read_any([path], format="lm-eval")
    assert (
        str(caught.value)
        == f"{path}: is empty; expected what lm-eval wrote with --log_samples, one JSON object a line"
    )
    path.write_bytes(b'{"a": 1}\n[]\n')
    with pytest.raises(UserError) as caught:
        read_any([path], format="lm-eval")
    assert str(caught.value) == (
        f"{path}: line 2 is no row with a doc_id; expected what lm-eval wrote with --log_samples, one "
        "JSON object a line"
    )
    with pytest.raises(UserError) as caught:
        read_any([tmp_path / "x"], format="lm-eval")
    assert str(caught.value) == f"{tmp_path}/x: there is no such file or folder; check the name"
    (tmp_path / "none").mkdir()
    with pytest.raises(UserError) as caught:
        read_any([tmp_path / "none"], format="lm-eval")
    assert str(caught.value) == (
        f"{tmp_path}/none: holds no samples_*.jsonl; expected what lm-eval wrote with --log_samples"
    )


def test_a_gzip_that_was_cut_off(tmp_path: Path) -> None:
    path = tmp_path / f"samples_t_{STAMP}.jsonl.gz"
    path.write_bytes(gzip.compress(lines(quiz()))[:-10])
    with pytest.raises(UserError) as caught:
        read_any([path], format="lm-eval")
    assert str(caught.value) == (
        f"{path}: cannot be read (Compressed file ended before the end-of-stream marker was "
        "reached); check the file and its permissions"
    )


def test_long_lines_are_read_across_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("undertow.records.formats.decoding.lines.BLOCK", 100)
    assert read(tmp_path, b"\xef\xbb\xbf" + lines(quiz()).replace(b"\n", b"\r\n")).N == 6
    monkeypatch.setattr("undertow.records.formats.decoding.lines.LONGEST_LINE", 1000)
    assert refused(tmp_path, lines([choice(0, [-1.0, -2.0], 0, text="x" * 5000)])) == (
        "line 1 is longer than 0 MB, so it is no row of a log; expected one JSON object a line"
    )


def test_seeds_are_read(tmp_path: Path) -> None:
    for name, content in seeds().items():
        (tmp_path / name).write_bytes(content)
    for path in tmp_path.glob("samples*"):
        assert read_any([path], inputs=True)[0].N > 0
    assert read_any([tmp_path])[0].N == 24


def test_documents_whose_hashes_begin_alike_are_no_copies(tmp_path: Path) -> None:
    """Among a million, the first 32 bits agree in some hundred pairs."""
    rows = quiz()
    rows[1]["doc_hash"] = rows[0]["doc_hash"][:12] + rows[1]["doc_hash"][12:]
    rows[1]["target_hash"] = rows[0]["target_hash"]
    assert read(tmp_path, rows).examples["content_hash"].n_unique() == 6
