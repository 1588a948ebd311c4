"""Probabilities under whatever name are read as such, beside the right label, or asked about."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from records.formats.pasted.asking import asked, write
from records.formats.pasted.tables import (
    BRIGHT,
    IDS,
    NAMES,
    N,
    of_two,
    world,
)
from undertow.audit.gate.policy import Policy
from undertow.errors import UserError
from undertow.files import Request, gate_files
from undertow.records.reading import Reading

# every layout goes through the whole command several times
pytestmark = pytest.mark.heavy


def test_probabilities_in_json_are_called_after_their_classes(policy: Policy) -> None:
    for name, worse in (("old.jsonl", False), ("new.jsonl", True)):
        w = world(worse=worse)
        rows = [
            {"uid": i, "label": y, **dict(zip(NAMES.tolist(), p, strict=True))}
            for i, y, p in zip(IDS, NAMES[w.right].tolist(), w.p.tolist(), strict=True)
        ]
        Path(name).write_text("\n".join(map(json.dumps, rows)))
    request = Request([Path("old.jsonl")], [[Path("new.jsonl")]])
    with pytest.raises(UserError) as caught:
        gate_files(request, policy)
    assert str(caught.value) == (
        "old.jsonl: has no column 'example_id'; it has 'uid', 'label', 'cat', 'dog', 'owl'; name "
        "its columns with --id uid"
    )
    given = Request(request.reference, request.against, Reading(id="uid"))
    assert gate_files(given, policy).verdict == "fail"


def test_what_is_the_same_on_both_sides_is_no_answer_of_a_model(policy: Policy) -> None:
    w = world(worse=False)
    for name in ("old.csv", "new.csv"):
        pl.DataFrame(
            {"image": IDS, "a": w.p[:, 0], "b": w.p[:, 1], "c": w.p[:, 2], "note": [name] * N}
        ).write_csv(name)
    with pytest.raises(UserError) as caught:
        gate_files(Request([Path("old.csv")], [[Path("new.csv")]]), policy)
    assert str(caught.value) == (
        "old.csv: has no column 'example_id'; it has 'image', 'a', 'b', 'c', 'note'; 'a', 'b' and "
        "the like sum to 1 in every row, but are the same in all files, so they are no answers of "
        "a model; name its columns with --id image --prediction COLUMN --label COLUMN"
    )


def test_the_probability_of_one_class_is_named_with_the_label_that_has_it(policy: Policy) -> None:
    write(
        lambda w: {
            k: v
            for k, v in of_two("n", "p_default", ["paid", "default"], "outcome")(w).items()
            if k != "n"
        }
    )
    flags = "--score p_default --label outcome --positive default"
    assert asked(policy) == (
        "old.csv: has no column 'example_id'; it has 'uid', 'p_default', 'outcome'; name its columns "
        f"with --id uid {flags}"
    )
    assert asked(policy, id="uid") == (
        "old.csv: 'p_default' is the only column p_<class>, so it is the probability of one of two "
        f"classes; name both columns with {flags}"
    )
    assert asked(policy, id="uid", score="p_default") == (
        "old.csv: column 'p_default' is called a probability, and there is no label of two values "
        "beside it, so it would be read as a grade, by which a surer model is a better one; name the "
        "right answers with --label outcome --positive default, or, if 'p_default' says how good an "
        "answer is, add --format 'graded table'"
    )
    given = {"score": "p_default", "label": "outcome", "positive": "default"}
    assert asked(policy, id="uid", **given) == "fail"


def test_what_may_be_the_label_of_a_probability_is_listed(policy: Policy) -> None:
    made = of_two("n", "risk", ["healthy", "ill"], "diagnosis")
    write(
        lambda w: {
            **{k: v for k, v in made(w).items() if k != "n"},
            "sex": np.where(BRIGHT > 0.4, "f", "m"),
            "ward": NAMES[np.arange(N) % 3],
        }
    )
    apart = "or, where right answers are in a file of their own, --labels FILE in place of --label"
    assert asked(policy) == (
        "old.csv: has no column 'example_id'; it has 'uid', 'risk', 'diagnosis', 'sex', 'ward'; name "
        f"its columns with --id uid --score risk --label COLUMN, {apart}, where only you know which "
        "COLUMN is, of 'diagnosis', 'sex'"
    )
    assert (
        f"--label COLUMN, {apart}, where only you know which COLUMN is, of 'diagnosis', 'sex'"
        in (asked(policy, id="uid", score="risk"))
    )
