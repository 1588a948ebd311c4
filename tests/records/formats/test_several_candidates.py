"""Where a table holds several candidates for what is compared, none is chosen for a person."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

import suggested
from undertow.errors import UserError
from undertow.files import Request, read_sides
from undertow.records.reading import Reading

Rows = dict[str, list[Any]]
DOCS = ["a.txt", "b.txt", "c.txt", "d.txt"]
MOOD, SAID_MOOD = ["pos", "neg", "pos", "neg"], ["pos", "neg", "neg", "neg"]
TOPIC, SAID_TOPIC = ["art", "war", "art", "law"], ["art", "war", "law", "law"]
PAIRS = (
    "name its columns with --id doc_id --prediction COLUMN --label COLUMN, as there are 2 predictions "
    "with right answers of their own and a comparison is of one; only you know which: "
)


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def refusal(old: Rows, new: Rows) -> str:
    """What is refused of a comparison without flags, after the names of the columns."""
    for name, rows in (("old.csv", old), ("new.csv", new)):
        pl.DataFrame(rows).write_csv(name)
    with pytest.raises(UserError) as caught:
        read_sides(Request([Path("old.csv")], [[Path("new.csv")]], Reading()))
    columns = ", ".join(map(repr, old))
    begin = f"old.csv: has no column 'example_id'; it has {columns}; "
    assert str(caught.value).startswith(begin)
    return str(caught.value).removeprefix(begin)


def tables(*names: str, topic: list[str] = SAID_TOPIC) -> tuple[Rows, Rows]:
    """Tables of two tasks, each a right answer and a prediction; all is right in the old one."""
    values = (MOOD, SAID_MOOD, TOPIC, topic)
    old = dict(zip(names, (MOOD, MOOD, TOPIC, TOPIC), strict=True))
    return {"doc_id": DOCS, **old}, {"doc_id": DOCS, **dict(zip(names, values, strict=True))}


@pytest.mark.heavy
@pytest.mark.parametrize(
    "names",
    [
        ("gold_mood", "pred_mood", "gold_topic", "pred_topic"),
        ("mood", "mood_pred", "topic", "topic_pred"),
        ("mood_true", "mood_hat", "topic_true", "topic_hat"),
        ("y_true", "y_pred", "y_true_topic", "y_pred_topic"),
        ("gold", "pred", "gold_topic", "pred_topic"),
    ],
)
def test_of_several_pairs_each_is_named_as_it_is_typed(names: tuple[str, ...]) -> None:
    gold, pred, gold_topic, pred_topic = names
    assert refusal(*tables(*names)) == (
        f"{PAIRS}--prediction {pred} --label {gold}, or --prediction {pred_topic} "
        f"--label {gold_topic}"
    )


def test_a_prediction_that_is_the_same_on_both_sides_is_none_to_choose() -> None:
    names = ("gold_mood", "pred_mood", "gold_topic", "pred_topic")
    said = refusal(*tables(*names, topic=TOPIC))
    assert said == "name its columns with --id doc_id --prediction pred_mood --label gold_mood"


def test_the_names_that_readers_know_say_which_pair_is_compared() -> None:
    names = ("label", "prediction", "topic", "topic_prediction")
    assert refusal(*tables(*names)) == "name its columns with --id doc_id"
    more = {"mood": MOOD, "mood_pred": SAID_MOOD}
    old, new = tables(*names)
    assert refusal({**old, **more}, {**new, **more}) == "name its columns with --id doc_id"


def test_labels_of_which_a_row_has_several_are_pairs() -> None:
    a, b = [1, 1, 0, 0], [1, 0, 1, 0]
    old = {"doc_id": DOCS, "tag_a": a, "tag_b": b, "tag_a_pred": a, "tag_b_pred": b}
    assert refusal(old, {**old, "tag_a_pred": b, "tag_b_pred": a}) == (
        f"{PAIRS}--prediction tag_a_pred --label tag_a, or --prediction tag_b_pred --label tag_b"
    )


def of_classes(before: str, classes: list[int], yes: Any = 1, no: Any = 0) -> Rows:
    names = ("cat", "dog", "owl")
    return {f"{before}{n}": [yes if c == k else no for c in classes] for k, n in enumerate(names)}


def command(name: str, said: str = "pred_", right: str = "gold_") -> str:
    place = 'pl.concat_list(pl.col("^{}.*$").cast(float)).list.arg_max().alias("{}")'
    made = ", ".join(place.format(b, to) for b, to in ((said, "prediction"), (right, "label")))
    return (
        f'python -c \'import polars as pl; pl.read_csv("{name}.csv", infer_schema=False)'
        f'.with_columns({made}).with_columns(pl.col("prediction", "label")'
        '.replace_strict(dict(enumerate(["cat", "dog", "owl"]))))'
        f'.select(pl.exclude("^{said}.*$", "^{right}.*$")).write_csv("{name}-answers.csv")\''
    )


@pytest.mark.heavy
@pytest.mark.parametrize(("said", "right"), [("pred_", "gold_"), ("y_pred_", "y_true_")])
@pytest.mark.parametrize(("yes", "no"), [(1, 0), (0.7, 0.15)])
def test_one_column_a_class_on_both_sides_becomes_a_label_and_a_prediction(
    said: str, right: str, yes: float, no: float
) -> None:
    gold = {"image": DOCS, **of_classes(right, [0, 1, 2, 1])}
    old = {**gold, **of_classes(said, [0, 1, 2, 1], yes, no)}
    new = {**gold, **of_classes(said, [0, 1, 1, 1], yes, no)}
    refused = refusal(old, new)
    assert refused == (
        f"'{right}cat', '{right}dog' and the like look like marks of the right answer, a 1 among "
        f"zeros, and '{said}cat', '{said}dog' and the like like those of the prediction: write "
        "them as columns 'label' and 'prediction', and name its columns with --id image: "
        f"{command('old', said, right)} && {command('new', said, right)}, and give "
        "old-answers.csv for old.csv, new-answers.csv for new.csv"
    )
    suggested.do(command("new", said, right))
    assert pl.read_csv("new-answers.csv").to_dict(as_series=False) == {
        "image": DOCS,
        "prediction": ["cat", "dog", "dog", "dog"],
        "label": ["cat", "dog", "owl", "dog"],
    }
    assert refusal(old, old) == (
        f"'{said}cat', '{said}dog' and the like are the same in all files, so they are no answers "
        "of a model; name the column of those with --prediction COLUMN"
    )


def test_columns_in_another_order_are_named_one_by_one() -> None:
    gold = of_classes("gold_", [0, 1, 2, 1])
    old = {"image": DOCS, **dict(reversed(gold.items())), **of_classes("pred_", [0, 1, 2, 1])}
    new = {**old, **of_classes("pred_", [0, 1, 1, 1])}
    refused = refusal(old, new)
    assert 'pl.exclude("^pred_.*$", "gold_cat", "gold_dog", "gold_owl")' in refused
    suggested.do(refused.split(" && ")[1].partition(", and give")[0])
    made = pl.read_csv("new-answers.csv")
    assert made["label"].to_list() == ["cat", "dog", "owl", "dog"]
    assert made["prediction"].to_list() == ["cat", "dog", "dog", "dog"]


@pytest.mark.heavy
@pytest.mark.parametrize("gold", [[0, 1, 1, 3], [0, 1, 2, 1]])
def test_marks_of_which_a_row_has_none_are_pairs(gold: list[int]) -> None:
    said = [0, 1, 2, 3] if gold[-1] == 1 else [0, 1, 2, 1]
    old = {"doc_id": DOCS, **of_classes("true_", gold), **of_classes("pred_", [0, 1, 2, 2])}
    new = {**old, **of_classes("pred_", said)}
    assert refusal(new, old).startswith("name its columns with --id doc_id --prediction COLUMN")


@pytest.mark.parametrize(
    ("more", "then"),
    [
        ({"harmlessness": ([0.5, 0.9, 1.0], [0.4, 0.8, 0.9])}, ""),
        ({"rouge1": ([0.5, 0.9, 1.0], [0.4, 0.8, 0.9])}, ""),
        (
            {"toxicity": ([0.5, 0.1, 0.0], [0.6, 0.2, 0.1])},
            "; of 'toxicity' less is better, as its name has it, so as a score it goes with "
            "--score toxicity --scale 1,0",
        ),
    ],
)
def test_of_several_grades_only_a_person_knows_which_counts(
    more: dict[str, tuple[list[float], list[float]]], then: str
) -> None:
    sides = [
        {"qid": DOCS[:3], "helpfulness": grades, **{c: both[k] for c, both in more.items()}}
        for k, grades in enumerate(([0.5, 0.25, 1.0], [0.5, 0.5, 1.0]))
    ]
    (other,) = more
    assert refusal(*sides) == (
        "name its columns with --id qid --score COLUMN, where only you know which COLUMN is, of "
        f"'helpfulness', '{other}'{then}"
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ([0.5, 0.9, 1.0], [0.5, 0.9, 1.0]),
        ([120, 80, 64], [110, 75, 60]),
        ([-0.5, 0.5, 1], [0, 0, 1]),
    ],
)
def test_what_no_side_made_or_is_on_another_scale_is_no_grade_beside_it(
    old: list[float], new: list[float]
) -> None:
    sides = [
        {"qid": DOCS[:3], "helpfulness": grades, "length": length}
        for grades, length in (([0.5, 0.25, 1.0], old), ([0.5, 0.5, 1.0], new))
    ]
    assert refusal(*sides) == "name its columns with --id qid --score helpfulness"


def test_a_standard_name_beside_other_grades_is_read() -> None:
    sides = [
        {"qid": DOCS[:2], "score": [0.5, score], "score_strict": strict}
        for score, strict in ((0.25, [0.5, 0.25]), (0.3, [0.25, 0.0]))
    ]
    assert refusal(*sides) == "name its columns with --id qid"
