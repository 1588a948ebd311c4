"""Columns of one number for each class, of which the largest is the answer, pass no worse model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from records.formats.pasted.asking import asked, write
from records.formats.pasted.tables import (
    IDS,
    NAMES,
    N,
    logits,
    of_two,
)
from undertow.audit.gate.policy import Policy

# every layout goes through the whole command several times
pytestmark = pytest.mark.heavy


ARGMAX = (
    'python -c \'import polars as pl; pl.read_csv("{0}.csv", infer_schema=False).with_columns('
    'pl.concat_list(pl.col("out0", "out1", "out2").cast(float)).list.arg_max().replace_strict('
    'dict(enumerate(["0", "1", "2"]))).alias("prediction")).select(pl.exclude("out0", "out1", '
    '"out2")).write_csv("{0}-answers.csv")\''
)


@pytest.mark.parametrize(
    "given",
    [
        {"score": "out0,out1,out2"},
        {"score": "out1"},
        {"prediction": ("out1",)},
        {"prediction": ("out*",)},
        {"prediction": ("out0,out1,out2",)},
    ],
)
def test_one_logit_of_several_is_no_score_and_no_answer(
    given: dict[str, Any], policy: Policy
) -> None:
    write(logits("out0", "out1", "out2", label=[0, 1, 2]))
    (flag,) = given
    assert asked(policy, id="image", label="truth", **given) == (
        "old.csv: 'out0', 'out1' and the like look like the logits of the classes, of which the "
        "largest is the answer: write it as a column 'prediction', and leave "
        f"--{flag} out: {ARGMAX.format('old')} && {ARGMAX.format('new')}, and give "
        "old-answers.csv for old.csv, new-answers.csv for new.csv"
    )


def test_a_threshold_says_how_one_of_two_logits_is_read(policy: Policy) -> None:
    rows = of_two("logit_0", "logit_1", [0, 1])
    write(
        lambda w: (
            {k: np.array(v) * (4 if "logit" in k else 1) for k, v in rows(w).items() if k != "uid"}
            | {"uid": IDS}
        )
    )
    assert "look like the logits of the classes" in asked(
        policy, id="uid", score="logit_1", label="y"
    )
    assert asked(policy, id="uid", score="logit_1", label="y", threshold=2) == "fail"


def test_numbers_that_are_no_answer_are_not_suggested_as_one(policy: Policy) -> None:
    """Three features beside three classes are not its logits."""
    draw = np.random.default_rng(6)
    write(
        lambda w: {
            "image": IDS,
            **{f"x{c}": draw.normal(0, 3, N) for c in range(3)},
            "truth": w.right,
        }
    )
    assert "--prediction COLUMN --label truth" in asked(policy)
    write(
        lambda w: {"image": IDS, **{n: NAMES[w.right] == n for n in NAMES}, "truth": NAMES[w.right]}
    )
    assert asked(policy) == (
        "old.csv: has no column 'example_id'; it has 'image', 'cat', 'dog', 'owl', 'truth'; 'cat' "
        "and the like are the same in all files, so they are no answers of a model; name the column "
        "of those with --prediction COLUMN"
    )
