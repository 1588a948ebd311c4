"""A score beside labels of two values: a probability, or a refusal that says what to type."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import suggested
from test_cli import run
from undertow.errors import TableError, UserError
from undertow.records.formats.columns.ends import reach
from undertow.records.formats.detect import read_any
from undertow.records.reading import Reading
from undertow.records.records import Records

RISK = [0.25, 0.75, 0.5, None]


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def put(rows: dict[str, list[Any]], name: str = "a.csv") -> Path:
    count = len(next(iter(rows.values())))
    pl.DataFrame({"example_id": range(count), **rows}).write_csv(name)
    return Path(name)


def refusal(rows: dict[str, list[Any]], **asked: Any) -> str:
    with pytest.raises(UserError) as caught:
        read_any([put(rows)], **asked)
    return str(caught.value)


def said(records: Records) -> list[list[str | None]]:
    return [[None if k < 0 else records.classes[k] for k in row] for row in records.pred_MN]


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ([0, 1, 1, 0], ("0", "1")),
        ([-1, 1, 1, -1], ("-1", "1")),
        ([False, True, True, False], ("false", "true")),
        (["no", "Yes", "Yes", "no"], ("no", "Yes")),
        (["Positive", "Negative", "Positive", "Negative"], ("Negative", "Positive")),
        (["positive", "healthy", "positive", "healthy"], ("healthy", "positive")),
    ],
)
def test_two_classes_of_which_the_name_tells_the_positive(
    labels: list[Any], words: tuple[str, str]
) -> None:
    records, about = read_any([put({"label": labels, "score": RISK})], allow_partial=True)
    negative, positive = words
    assert (records.manifest.task, records.manifest.positive) == ("binary", positive)
    assert said(records) == [[negative, positive, negative]]
    at = records.classes.index(positive)
    np.testing.assert_allclose(records.proba_MNC[0, :, at], [0.25, 0.75, 0.5])
    np.testing.assert_allclose(records.proba_MNC[0, :, 1 - at], [0.75, 0.25, 0.5])
    assert about == (
        "a.csv: CSV (a header with example_id and score, no prediction): 1 member, 3 examples, 2 "
        f"classes; a.csv: column 'score' is read as the probability of {positive!r} in 'label'; "
        f"the prediction is {positive!r} above 0.5."
    )


def test_the_positive_class_may_be_named() -> None:
    """A name that says itself which of two is positive gives way; of others one must be named."""
    rows = {"kind": ["legit", "fraud", "fraud"], "p_fraud": [0.25, 0.75, 0.5]}
    records, about = read_any([put(rows)], score="p_fraud", label="kind", positive="fraud")
    assert (records.manifest.positive, records.manifest.notes[-1]) == (
        "fraud",
        "a.csv: column 'p_fraud' is read as the probability of 'fraud' in 'kind'; the prediction is "
        "'fraud' above 0.5.",
    )
    assert about.endswith(records.manifest.notes[-1])
    assert said(records) == [["legit", "fraud", "legit"]]
    at = records.classes.index("fraud")
    np.testing.assert_allclose(records.proba_MNC[0, :, at], [0.25, 0.75, 0.5])
    sick = put({"label": [0, 1, 1], "score": [0.25, 0.75, 0.5]})
    assert said(read_any([sick], positive="0")[0]) == [["1", "0", "1"]]


def test_a_score_beside_predictions_is_of_the_positive_class_that_is_named() -> None:
    rows = {"label": ["a", "b", "b"], "prediction": ["a", "b", "b"], "score": [0.9, 0.2, 0.3]}
    records, _ = read_any([put(rows)], positive="a")
    assert (records.manifest.positive, records.manifest.notes) == ("a", ())
    np.testing.assert_allclose(records.proba_MNC[0, :, 0], [0.9, 0.2, 0.3])


@pytest.mark.parametrize(
    ("kinds", "asked", "meant"),
    [
        (["False", "True", "False"], "True", "true"),
        (["False", "True", "False"], "1", "true"),
        (["False", "True", "False"], "FALSE", "false"),
        (["False", "True", "False"], "0", "false"),
        (["legit", "Fraud", "legit"], "fraud", "Fraud"),
    ],
)
def test_a_positive_class_in_other_letters_is_the_same(
    kinds: list[str], asked: str, meant: str
) -> None:
    rows = {"kind": kinds, "risk": [0.25, 0.75, 0.5]}
    records, _ = read_any([put(rows)], score="risk", label="kind", positive=asked)
    assert records.manifest.positive == meant
    answers = {"label": kinds, "prediction": kinds}
    assert read_any([put(answers)], positive=asked)[0].manifest.positive == meant


def test_of_classes_that_differ_in_capitals_one_is_named_letter_by_letter() -> None:
    rows = {"kind": ["a", "A", "a"], "risk": [0.25, 0.75, 0.5]}
    records, _ = read_any([put(rows)], score="risk", label="kind", positive="A")
    assert records.manifest.positive == "A"


@pytest.mark.parametrize(
    ("two", "said"),
    [
        (("N", "Y"), "as in --positive Y"),
        (("n", "y"), "as in --positive y"),
        (("F", "T"), "as in --positive T"),
        (("NEG", "POS"), "as in --positive POS"),
        (("ham", "Spam"), "as in --positive Spam"),
        (("churn", "no churn"), "as in --positive churn"),
        (("Non-Toxic", "Toxic"), "as in --positive Toxic"),
        (("not_listed", "listed"), "as in --positive listed"),
        (("paid", "default"), "as in --positive default"),
        (("fraud", "spam"), "with --positive fraud or --positive spam"),
        (("man", "woman"), "with --positive man or --positive woman"),
    ],
)
def test_the_example_is_the_likely_positive_or_both(two: tuple[str, str], said: str) -> None:
    rows = {"kind": [*two, two[0], two[0]], "risk": [0.25, 0.75, 0.5, 0.5]}
    one, other = (repr(value) for value in sorted(two))
    assert refusal(rows, score="risk", label="kind") == (
        f"a.csv: column 'risk' is a score, and the values of 'kind', {one}, {other}, do not say "
        f"which of two is positive; name the one that it is the probability of, {said}, or, if "
        "'risk' says how good an answer is, add --format 'graded table'"
    )


def test_a_positive_class_that_is_not_there() -> None:
    rows = {"kind": ["legit", "fraud", "legit"], "risk": [0.25, 0.75, 0.5]}
    assert refusal(rows, score="risk", label="kind", positive="frod") == (
        "--positive frod: the values of 'kind' in a.csv are 'fraud', 'legit', and 'risk' is the "
        "probability of one; name the one that it is the probability of, as in --positive fraud"
    )
    rows["kind"] = [0, 1, 0]
    assert refusal(rows, score="risk", label="kind", positive="frod") == (
        "--positive frod: 'a' has the classes '0', '1'; name one of the two classes of a binary task"
    )
    assert refusal(rows | {"prediction": [0, 1, 1]}, label="kind", positive="is fraud") == (
        "--positive 'is fraud': 'a' has the classes '0', '1'; name one of the two classes of a "
        "binary task"
    )


@pytest.mark.heavy
@pytest.mark.parametrize("command", ["audit", "gate", "bless", "convert"])
def test_the_flag_that_the_refusal_names_settles_it(command: str) -> None:
    rows = {"kind": ["legit", "fraud", "legit"] * 20, "risk": [0.25, 0.75, 0.5] * 20}
    put(rows, "old.csv")
    put({**rows, "risk": [0.25, 0.4, 0.5] * 20}, "new.csv")
    Path("gate.toml").write_text("[[max_drop]]\npoints = 1\n")
    more = {
        "audit": ["--against", "new.csv", "--out", "out"],
        "gate": ["--against", "new.csv", "--policy", "gate.toml", "--out", "out"],
        "bless": [],
        "convert": ["--out", "out"],
    }
    typed = [command, "old.csv", *more[command], "--score", "risk", "--label", "kind"]
    refused = run(*typed)
    assert refused.returncode in (2, 3)
    flags = refused.stderr.partition("as in ")[2].partition(",")[0].split()
    assert flags == ["--positive", "fraud"]
    done = run(*typed, *flags)
    assert (done.returncode, done.stderr) == (int(command == "gate"), "")


def test_columns_may_have_other_names_and_labels_their_own_file() -> None:
    other = {"sick": [0, 1, 1], "risk": [0.2, 0.8, 0.3]}
    want = [["0", "1", "0"]]
    records, about = read_any([put(other)], score="risk", label="sick")
    assert said(records) == want
    assert about.endswith("'risk' is read as the probability of '1' in 'sick'; the prediction is "
                          "'1' above 0.5.")  # fmt: skip
    labels = put({"label": [0, 1, 1]}, "y.csv")
    records, _ = read_any([put({"risk": [0.2, 0.8, 0.3]})], score="risk", labels=labels)
    assert (said(records), records.label_N.tolist()) == (want, [0, 1, 1])


def test_several_members_and_files_are_read_alike() -> None:
    rows = {"label": [0, 1] * 2, "score": [0.1, 0.9, 0.2, 0.3], "member": ["a", "a", "b", "b"]}
    pl.DataFrame({"example_id": [0, 1, 0, 1], **rows}).write_csv("m.csv")
    assert said(read_any([Path("m.csv")])[0]) == [["0", "1"], ["0", "0"]]
    one = put({"label": [0, 1], "score": [0.1, 0.9]})
    two = put({"label": [0, 1], "score": [0.2, 0.3]}, "b.csv")
    assert said(read_any([one, two])[0]) == [["0", "1"], ["0", "0"]]


@pytest.mark.parametrize(
    ("rows", "asked"),
    [
        ({"label": ["a", "b", "c"], "score": [0.2, 0.5, 1]}, {}),
        ({"label": [0, 1, 1], "score": [0.2, 0.5, 1], "answer": ["x", "y", "z"]}, {}),
        ({"label": [0, 1, 1], "correct": [0, 1, 1]}, {}),
        ({"label": [0, 1, 1], "f1": [0.2, 0.5, 1]}, {"score": "f1"}),
        ({"label": ["no", "yes", "no"], "score": ["right", "wrong", "right"]}, {}),
        ({"label": [0, 1, 1], "score": [0.2, 0.5, 1]}, {"format": "graded table"}),
    ],
    ids=["three values", "answers", "correct", "a grade by name", "grades in words", "as asked"],
)
def test_grades_stay_grades_and_labels_are_shown(
    rows: dict[str, list[Any]], asked: dict[str, Any]
) -> None:
    records, about = read_any([put(rows)], **asked)
    assert records.score_MN is not None
    assert records.examples["target"].to_list() == [str(value) for value in rows["label"]]
    name = asked.get("score", "correct" if "correct" in rows else "score")
    assert about.endswith(
        f"; a.csv: 'label' is shown as the right answer; {name!r} says how good an answer is."
    )


def test_labels_of_another_name_are_said_at_once() -> None:
    _, about = read_any([put({"y_true": [0, 1, 1], "score": [0, 1, 1]})])
    assert about.endswith(
        "; a.csv: has no column 'label'; 'y_true' looks like the right answers: add --label y_true"
    )


def test_a_label_beside_a_target_is_said_to_be_unused() -> None:
    rows = {"label": ["a", "b", "c"], "target": ["x", "y", "z"], "score": [0.2, 0.5, 1]}
    records, _ = read_any([put(rows)])
    assert records.examples["target"].to_list() == ["x", "y", "z"]
    assert records.manifest.notes == ("a.csv: column 'label' is not used, as 'target' is there.",)


SCALED = (
    '\'import polars as pl; pl.read_csv("a.csv", infer_schema=False).with_columns(('
    '{x}).alias("risk")).write_csv("a-scaled.csv")\''
)
X = 'pl.col("risk").cast(float)'


@pytest.mark.parametrize(
    ("rows", "asked", "message"),
    [
        (
            {"kind": ["benign", "malign", "benign"], "risk": [0.2, 0.9, 0.3]},
            {"label": "kind"},
            "column 'risk' is a score, and the values of 'kind', 'benign', 'malign', do not say "
            "which of two is positive; name the one that it is the probability of, as in --positive "
            "malign, or, if 'risk' says how good an answer is, add --format 'graded table'",
        ),
        (
            {"kind": [1, 2], "risk": [0.2, 0.9]},
            {"label": "kind"},
            "column 'risk' is a score, and the values of 'kind', '1', '2', do not say which of "
            "two is positive; name the one that it is the probability of, with --positive 1 or "
            "--positive 2, or, if 'risk' says how good an answer is, add --format 'graded table'",
        ),
        (
            {"kind": [0, 0], "risk": [0.2, 0.9]},
            {"label": "kind"},
            "column 'risk' is a score, and the values of 'kind', '0', do not say which of two is "
            "positive; write them as 1 and 0, or, if 'risk' says how good an answer is, add "
            "--format 'graded table'",
        ),
        (
            {"kind": [0, 1], "risk": [20, 90]},
            {"label": "kind"},
            "column 'risk' reaches from 20 to 90, and beside 'kind' it is read as the probability "
            "of '1', from 0 to 1; if it is per cent, give the score above which it decides with "
            "--threshold NUMBER, or scale it: python -c "
            + SCALED.replace("({x})", f"({X} / 100).round(12)"),
        ),
        (
            {"kind": [0, 1], "risk": [-3.5, 2]},
            {"label": "kind"},
            "column 'risk' reaches from -3.5 to 2, and beside 'kind' it is read as the probability "
            "of '1', from 0 to 1; if these are logits, write python -c "
            + SCALED.replace("{x}", f"1 / (1 + (-{X}).exp())"),
        ),
        (
            {"kind": [0, 1], "risk": [2, 873]},
            {"label": "kind"},
            "column 'risk' reaches from 2 to 873, and beside 'kind' it is read as the probability "
            "of '1', from 0 to 1; write the ends of the scale into python -c "
            + SCALED.replace("{x}", f"({X} - LOWEST) / (HIGHEST - LOWEST)")
            + ", after which its middle decides, or give the score above which it decides with "
            "--threshold NUMBER",
        ),
        (
            {"kind": [0, 1], "risk": [1, 0]},
            {"label": "kind"},
            "column 'risk' holds nothing but 0 and 1 beside 'kind'; if it is the predicted class, "
            "give it as --prediction risk; if it says whether an answer is right, add --format "
            "'graded table'",
        ),
    ],
)
def test_what_is_refused(rows: dict[str, list[Any]], asked: dict[str, Any], message: str) -> None:
    assert refusal(rows, score="risk", **asked) == f"a.csv: {message}"


def test_a_member_without_scores() -> None:
    one = put({"label": [0, 1], "score": [0.1, 0.9]})
    two = put({"label": [0, 1], "score": [None, None]}, "b.csv")
    with pytest.raises(TableError) as caught:
        read_any([one, two])
    assert str(caught.value) == (
        "b.csv: has no value in a column 'score'; give this model's scores too"
    )


def test_grades_have_no_labels_of_their_own_file() -> None:
    assert refusal({"correct": [0, 1]}, labels=Path("y.csv")) == (
        "--labels y.csv: a.csv has grades of its own; leave --labels out"
    )


@pytest.mark.heavy
def test_a_model_that_is_better_throughout_is_better() -> None:
    """Its mean score is lower, as most are healthy; that is no loss."""
    sick = [int(i % 10 == 0) for i in range(400)]
    old = [0.8 if s or i % 25 == 0 else 0.3 for i, s in enumerate(sick)]
    new = [0.9 if s else 0.1 for s in sick]
    put({"sick": sick, "risk": old}, "old.csv")
    put({"sick": sick, "risk": new}, "new.csv")
    Path("gate.toml").write_text("[[max_drop]]\npoints = 1\n")
    flags = ["--score", "risk", "--label", "sick"]
    done = run("gate", "old.csv", "--against", "new.csv", "--policy", "gate.toml", *flags)
    assert (done.returncode, done.stderr) == (0, "")
    assert "accuracy 98.0 % → 100.0 %" in done.stdout


@pytest.mark.parametrize("rows", [{"fraud": [0, 1, 1]}, {"fraud": [0, 1, 1], "label": list("abc")}])
def test_a_probability_without_two_right_answers_is_no_grade(rows: dict[str, list[Any]]) -> None:
    """A model that is surer would look better."""
    given = {"prob": [0.2, 0.7, 0.9], **rows}
    assert refusal(given, score="prob") == (
        "a.csv: column 'prob' is called a probability, and there is no label of two values beside "
        "it, so it would be read as a grade, by which a surer model is a better one; name the right "
        "answers with --label fraud, or, if 'prob' says how good an answer is, add --format 'graded "
        "table'"
    )
    records, _ = read_any([put(given)], score="prob", format="graded table")
    assert records.manifest.task == "generation"
    assert read_any([put({"quality": [0.2, 0.7], "answer": ["a", "b"]})], score="quality")


CALLED = (
    "Y_Prob prob_1 prob_yes probs Prob. pred_proba y_pred_proba p_positive positive_probability "
    "max_prob top1_prob conf certainty model_confidence softmax probability_of_default p1 logprob "
    "Probability P likelihood"
)


@pytest.mark.parametrize("name", CALLED.split())
@pytest.mark.parametrize("rows", [{}, {"answer": ["x", "y", "z"]}])
def test_however_a_probability_is_called_it_is_no_grade(name: str, rows: dict[str, Any]) -> None:
    said = refusal({name: [0.2, 0.7, 0.9], **rows}, score=name)
    assert said.startswith(f"a.csv: column {name!r} is called a probability")


@pytest.mark.heavy
@pytest.mark.parametrize(
    "name",
    [
        "loss",
        "val_loss",
        "Entropy",
        "uncertainty",
        "WER",
        "error-rate",
        "is_wrong",
        "top_1_error",
        "logloss",
        "ece",
    ],
)
@pytest.mark.parametrize("rows", [{}, {"answer": ["x", "y", "z"]}, {"label": [0, 1, 1]}])
def test_what_is_called_a_loss_is_no_grade_and_no_probability(name: str, rows) -> None:
    """Read as a grade it would turn the verdict round."""
    given = {name: [0.2, 0.7, 0.9], **rows}
    assert refusal(given, score=name) == (
        f"a.csv: of column {name!r} less is better, as its name has it, and a score is a grade, of "
        "which more is better; add --scale 1,0, which reads 1 minus it, or, if more of "
        f"{name!r} is better, add --format 'graded table'"
    )
    if "label" not in rows:
        assert read_any([put(given)], score=name, format="graded table")


HARMS = (
    "hallucination Hallucinations toxicity toxic harm harmful violation violations failure failures "
    "fail failed hate profanity_score isToxic hate-speech"
)
LOSSES = "latency cost wrong incorrect mistake num_mistakes"


@pytest.mark.parametrize("name", f"{HARMS} {LOSSES}".split())
def test_of_harms_less_is_better(name: str) -> None:
    assert refusal({name: [0, 1, 1]}, score=name) == (
        f"a.csv: of column {name!r} less is better, as its name has it, and a score is a grade, of "
        "which more is better; add --scale 1,0, which reads 1 minus it, or, if more of "
        f"{name!r} is better, add --format 'graded table'"
    )


@pytest.mark.parametrize(
    ("numbers", "way"),
    [
        ([0.2, 6.1, 0.9], "WORST,BEST with the ends of its scale, the largest first: it reaches "),
        ([-0.5, 0.2, 0.9], "WORST,BEST with the ends of its scale, the largest first: it reaches "),
        (["no", "yes", "no"], "1,0, which reads 1 minus it"),
    ],
)
def test_a_loss_on_another_scale_is_turned_round(numbers: list[Any], way: str) -> None:
    """1 minus a loss of 6 would be no grade."""
    ends = "" if way.startswith("1,0") else f"from {min(numbers):g} to {max(numbers):g}"
    assert refusal({"loss": numbers}, score="loss") == (
        "a.csv: of column 'loss' less is better, as its name has it, and a score is a grade, of "
        f"which more is better; add --scale {way}{ends}, or, if more of 'loss' is better, add "
        "--format 'graded table'"
    )


@pytest.mark.parametrize(
    "name",
    [
        "no_hallucination",
        "non-toxic",
        "pass_fail",
        "errorFree",
        "chateau",
        "harmony",
        "neg_loss",
        "minus_nll",
        "1-wer",
        "one_minus_wer",
        "inverse_loss",
        "brier_skill",
        "edit_distance_similarity",
        "error_detection_f1",
        "hate_f1",
        "harm_avoided",
        "error_reduction",
        "harm_reduced",
        "error_calibrated",
    ],
)
def test_what_is_free_of_harm_is_a_grade(name: str) -> None:
    assert read_any([put({name: [0.2, 0.7, 0.9]})], score=name)


def test_the_probability_of_a_harm_is_one_beside_its_labels() -> None:
    records, _ = read_any(
        [put({"label": [0, 1, 1], "toxicity": [0.2, 0.7, 0.9]})], score="toxicity"
    )
    assert records.pred_MN.tolist() == [[0, 1, 1]]
    assert refusal({"label": [0, 1, 1], "cost": [0.2, 0.7, 0.9]}, score="cost")


def test_the_probability_of_an_error_is_one() -> None:
    given = {"error": [0, 1, 1], "error_prob": [0.2, 0.7, 0.9]}
    records, _ = read_any([put(given)], score="error_prob", label="error")
    assert records.pred_MN.tolist() == [[0, 1, 1]]


@pytest.mark.parametrize(
    ("name", "numbers", "made"),
    [
        ("logprob", [-0.1, -2.0, -0.3], '(pl.col("logprob").cast(float)).exp()'),
        ("neg_log_prob", [0.1, 2.0, 0.3], '(-pl.col("neg_log_prob").cast(float)).exp()'),
    ],
)
def test_logarithms_of_probabilities_are_not_taken_for_logits(name, numbers, made) -> None:
    said = refusal({"label": [0, 1, 1], name: numbers}, score=name)
    assert "if these are logarithms, write python -c" in said
    assert made in said


@pytest.mark.parametrize("name", ["quality", "chrf", "map", "top1_accuracy", "recall_at_p"])
def test_a_grade_is_not_called_a_probability(name: str) -> None:
    assert read_any([put({name: [0.2, 0.7], "answer": ["a", "b"]})], score=name)


@pytest.mark.parametrize(
    ("beside", "way"),
    [
        ({"is_correct": [1, 0, 1]}, "take the grades in 'is_correct' with --score is_correct"),
        (
            {"answer": list("abc")},
            "give a column of grades with --score, or right answers with --label or --labels",
        ),
    ],
)
def test_a_probability_beside_grades_or_answers_is_refused_with_the_way_on(beside, way) -> None:
    assert refusal({"prob": [0.2, 0.7, 0.9], **beside}, score="prob") == (
        "a.csv: column 'prob' is called a probability, and there is no label of two values beside "
        f"it, so it would be read as a grade, by which a surer model is a better one; {way}, or, if "
        "'prob' says how good an answer is, add --format 'graded table'"
    )


@pytest.mark.parametrize(
    "name", ["confidence", "max_prob", "Confidence", "top1", "msp", "maxsoftmax"]
)
def test_how_sure_a_model_is_does_not_say_of_which_answer(name: str) -> None:
    given = {"label": [0, 1, 1, 0], name: [0.5, 0.9, 0.7, 0.99]}
    assert refusal(given, score=name) == (
        f"a.csv: column {name!r} is 0.5 or more in every row, so it says how sure a model is of its "
        "own answer, and not which of two it gives; name its answers with --prediction COLUMN"
    )
    records, _ = read_any([put({**given, name: [0.4, 0.9, 0.7, 0.1]})], score=name)
    assert records.pred_MN.tolist() == [[0, 1, 1, 0]]
    assert read_any([put({"label": [0, 1], "risk": [0.5, 0.9]})], score="risk")


def test_of_scores_side_by_side_each_model_is_picked(tmp_path: Path) -> None:
    path = tmp_path / "wide.csv"
    rows = {
        "key": [f"a{n}" for n in range(6)],
        "default": [0, 1, 0, 1, 0, 1],
        "v1": [0.1, 0.9, 0.2, 0.8, 0.6, 0.7],
        "v2": [0.3, 0.2, 0.1, 0.9, 0.4, 0.6],
    }
    pl.DataFrame(rows).write_csv(path)
    named = {"id": "key", "label": "default"}

    def refused(pick: str, **asked: str) -> str:
        with pytest.raises(TableError) as caught:
            read_any([path], pick=pick, **asked)
        return str(caught.value)

    assert refused("v1") == (
        f"{path}: has no column 'example_id'; it has 'key', 'default', 'v1', 'v2'; name its columns "
        "with --id key"
    )
    assert refused("v1", **named) == (
        f"{path}: column 'v1' holds no classes: its values are '0.1', '0.2', '0.6' … (6 values), and "
        "those of 'default' are '0', '1'; give it as --score v1,v2 --label default"
    )
    for pick, answers in (("v1", [0, 1, 0, 1, 1, 1]), ("v2", [0, 0, 0, 1, 0, 1])):
        records, _ = read_any([path], pick=pick, score="v1,v2", **named)
        assert records.pred_MN.tolist() == [answers]
        assert records.slice_columns == ()


def test_no_zero_is_negative() -> None:
    assert reach(pl.Series([-0.0, 4.605])) == "reaches from 0 to 4.605"
    assert reach(pl.Series([-3.5, -0.0])) == "reaches from -3.5 to 0"


@pytest.mark.parametrize(
    ("name", "two", "positive"),
    [
        ("p_0", (0, 1), "0"),
        ("p_1", (0, 1), "1"),
        ("p0", (0, 1), "0"),
        ("prob_true", (0, 1), "1"),
        ("P(ok)", ("ok", "fraud"), "ok"),
        ("y_prob_Fraud", ("ok", "fraud"), "fraud"),
        ("p_risk", (0, 1), "1"),
        ("prob", (0, 1), "1"),
    ],
)
def test_a_score_is_of_the_class_that_its_name_says(
    name: str, two: tuple[Any, Any], positive: str
) -> None:
    rows = {"example_id": [*"abcd"], name: [0.9, 0.8, 0.3, 0.6], "label": [*two, *two]}
    records = read_any([put(rows)], Reading(score=name))[0]
    assert records.manifest.positive == positive
    other = next(str(value) for value in two if str(value) != positive)
    assert said(records) == [[positive, positive, other, positive]]
    assert records.proba_MNC is not None
    of_positive = records.proba_MNC[0, :, records.classes.index(positive)]
    assert of_positive == pytest.approx([0.9, 0.8, 0.3, 0.6])


def test_a_score_of_the_other_class_than_the_positive_one_is_refused_with_both_ways_on() -> None:
    rows = {"example_id": [*"abcd"], "p_0": [0.9, 0.8, 0.3, 0.6], "label": [0, 1, 0, 1]}
    path = put(rows)
    with pytest.raises(TableError) as caught:
        read_any([path], Reading(score="p_0", positive="1"))
    begins, command = str(caught.value).split(" which this writes: ")
    assert begins == (
        "--positive 1: column 'p_0' in a.csv is called the probability of '0', not of '1'; name "
        "that class with --positive 0, or give the probability of '1' with --score p_1,"
    )
    suggested.do(command)
    turned = read_any([Path("a-turned.csv")], Reading(score="p_1", positive="1"))[0]
    assert said(turned) == [["0", "0", "1", "0"]]
    named = read_any([path], Reading(score="p_0", positive="0"))[0]
    assert said(named) == said(turned)


def test_files_of_one_side_are_scores_of_one_class() -> None:
    first = put({"example_id": [*"abcd"], "p_0": [0.9, 0.8, 0.3, 0.6], "label": [0, 1, 0, 1]})
    rows = {"example_id": [*"abcd"], "p_1": [0.9, 0.8, 0.3, 0.6], "label": [0, 1, 0, 1]}
    with pytest.raises(TableError) as caught:
        read_any([first, put(rows, "b.csv")], Reading(score="p_0,p_1"))
    assert str(caught.value).startswith(
        "column 'p_1' in b.csv is called the probability of '1', not of '0'; name that class with "
        "--positive 1, or give the probability of '0' with --score p_0, which this writes: python "
    )


def test_a_score_that_was_named_goes_before_an_outcome_that_nobody_named() -> None:
    rows = {"risk": [0.9, 0.8, 0.3, 0.6], "fraud": [1, 0, 0, 1], "correct": [1, 0, 1, 1]}
    records, about = read_any([put(rows)], score="risk", label="fraud")
    assert said(records) == [["1", "1", "0", "1"]]
    assert records.slice_columns == ()
    assert "a.csv: column 'correct' is not used, as 'risk' is there." in records.manifest.notes
    assert about == (
        "a.csv: CSV (a header with example_id and risk, no prediction): 1 member, 4 examples, 2 "
        "classes; a.csv: column 'risk' is read as the probability of '1' in 'fraud'; the prediction "
        "is '1' above 0.5."
    )
    graded, _ = read_any([put(rows)], label="fraud")
    assert graded.manifest.task == "generation"


def test_a_probability_that_was_named_goes_before_what_a_model_wrote() -> None:
    rows = {"prob": [0.9, 0.8, 0.3, 0.6], "label": [1, 0, 0, 1], "answer": [*"abcd"]}
    assert said(read_any([put(rows)], score="prob")[0]) == [["1", "1", "0", "1"]]
