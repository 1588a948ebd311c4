"""Marks of right answers beside numbers of the same classes: one answer is written where a row has
one, and of several questions one is taken; no worse model passes by it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import suggested
from records.formats.pasted.asking import asked, pasted, reading, write
from records.formats.pasted.tables import BRIGHT, IDS, NAMES, Rows, World
from undertow.audit.gate.policy import Policy
from undertow.files import Request, gate_files
from undertow.records.formats.columns.commands.given import commands_in

# every layout goes through the whole command several times
pytestmark = pytest.mark.heavy


def beside(right: str, said: str, key: str = "image", most: float = 1) -> Callable[[World], Rows]:
    """``{}`` stands for the class."""

    def rows(w: World) -> Rows:
        marks = {right.format(n): (w.right == c).astype(int) for c, n in enumerate(NAMES)}
        return {
            key: IDS,
            **marks,
            **{said.format(n): most * w.p[:, c] for c, n in enumerate(NAMES)},
        }

    return rows


ANSWERS = (
    'python -c \'import polars as pl; pl.read_csv("{0}.csv", infer_schema=False).with_columns('
    'pl.concat_list(pl.col("^prob_.*$").cast(float)).list.arg_max().alias("prediction"), '
    'pl.concat_list(pl.col("^gold_.*$").cast(float)).list.arg_max().alias("label")).with_columns('
    'pl.col("prediction", "label").replace_strict(dict(enumerate(["cat", "dog", "owl"])))).select('
    'pl.exclude("^prob_.*$", "^gold_.*$")).write_csv("{0}-answers.csv")\''
)


def test_one_answer_of_each_is_written(policy: Policy) -> None:
    write(beside("gold_{}", "prob_{}"))
    assert asked(policy) == (
        "old.csv: has no column 'example_id'; it has 'image', 'gold_cat', 'gold_dog', 'gold_owl', "
        "'prob_cat', 'prob_dog', 'prob_owl'; 'gold_cat', 'gold_dog' and the like look like marks "
        "of the right answer, a 1 among zeros, and 'prob_cat', 'prob_dog' and the like say how "
        "likely each is: write them as columns 'label' and 'prediction', the likeliest, and name "
        f"its columns with --id image: {ANSWERS.format('old')} && {ANSWERS.format('new')}, and give "
        "old-answers.csv for old.csv, new-answers.csv for new.csv"
    )


@pytest.mark.parametrize("key", ["image", "example_id"])
@pytest.mark.parametrize(
    ("right", "said"),
    [
        ("gold_{}", "prob_{}"),
        ("gold_{}", "p_{}"),
        ("is_{}", "{}_score"),
        ("{}", "prob_{}"),
        ("{}_true", "{}-p"),
    ],
)
@pytest.mark.parametrize("most", [1, 0.9])
def test_a_worse_model_fails_by_what_is_written(
    right: str, said: str, key: str, most: float, policy: Policy
) -> None:
    write(beside(right, said, key, most))
    told = asked(policy)
    flags = pasted(told, "", [])[0]
    assert flags == ("" if key == "example_id" else "--id image")
    for command in commands_in(told):
        suggested.do(command)
    sides = [Path("old-answers.csv")], [[Path("new-answers.csv")]]
    assert gate_files(Request(*sides, reading(flags)), policy).verdict == "fail"


def several(said: str) -> Callable[[World], Rows]:
    """A third of the rows have two right classes."""

    def rows(w: World) -> Rows:
        cells = beside("gold_{}", said, "doc")(w)
        cells["gold_cat"] = np.where(BRIGHT > 0.5, 1, cells["gold_cat"])
        likely = np.where(BRIGHT > 0.5, np.where(w.hit == 1, 0.9, 0.1), cells[said.format("cat")])
        return cells | {said.format("cat"): likely}

    return rows


@pytest.mark.parametrize("said", ["multilabel_prob_{}", "prob_{}"])
def test_of_several_right_classes_one_question_is_taken(said: str, policy: Policy) -> None:
    write(several(said))
    names = [said.format(name) for name in NAMES]
    many = int(((BRIGHT > 0.5) & (np.random.default_rng(7).integers(0, 3, 1000) != 0)).sum())
    assert asked(policy) == (
        "old.csv: has no column 'example_id'; it has 'doc', 'gold_cat', 'gold_dog', 'gold_owl', "
        f"{', '.join(map(repr, names))}; 'gold_cat', 'gold_dog' and the like mark right answers of "
        f"which a row may have several ({many} of 1,000 rows have none or several), so each class "
        "is a question of its own, and a comparison is of one; only you know which: name its "
        f"columns with --id doc, and with --score {names[0]} --label gold_cat, or --score {names[1]} "
        f"--label gold_dog, or --score {names[2]} --label gold_owl"
    )
    assert asked(policy, id="doc", score=names[0], label="gold_cat") == "fail"


def test_several_labels_by_name_are_never_made_one(policy: Policy) -> None:
    write(beside("gold_{}", "multilabel_prob_{}"))
    assert "of which a row may have several (as named), so each class" in asked(policy)


def test_marks_that_are_no_classes_of_numbers_are_columns(policy: Policy) -> None:
    write(
        lambda w: {
            **beside("gold_{}", "prob_{}", "example_id")(w),
            "label": NAMES[w.right],
        }
    )
    assert asked(policy) == "fail"
    write(
        lambda w: {
            k: v for k, v in beside("is_{}", "p_{}", "example_id")(w).items() if k != "is_owl"
        }
    )
    assert "marks" not in asked(policy)
