"""Which column is the right answer and which is the model's is told by both sides."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from records.formats.pasted.asking import asked, pasted, write
from records.formats.pasted.tables import (
    IDS,
    NAMES,
    world,
)
from undertow.audit.gate.policy import Policy
from undertow.files import Request, gate_files
from undertow.records.reading import Reading

# every layout goes through the whole command several times
pytestmark = pytest.mark.heavy


def test_files_may_call_their_predictions_differently(policy: Policy) -> None:
    write(lambda w: {"image": IDS, "yhat": NAMES[w.said], "truth": NAMES[w.right]})
    pl.read_csv("new.csv").rename({"yhat": "output"}).write_csv("new.csv")
    said = asked(policy, id="image", label="truth", prediction="yhat")
    assert said == (
        "--prediction yhat: new.csv has no such column; it has 'image', 'output', 'truth'; where "
        "files have different names give both: --prediction yhat,output"
    )
    assert asked(policy, id="image", label="truth", prediction="yhat,output") == "fail"


def test_outcomes_that_were_named_as_labels_are_never_left_out(policy: Policy) -> None:
    for name, worse in (("old.csv", False), ("new.csv", True)):
        w = world(worse=worse)
        rows = {"qid": IDS, "confidence": w.p.max(axis=1) - 0.4, "hit": w.hit}
        pl.DataFrame(rows).write_csv(name)
    for allow in (False, True):
        asked = Reading(id="qid", score="confidence", label="hit", allow_partial=allow)
        found = gate_files(Request([Path("old.csv")], [[Path("new.csv")]], asked), policy)
        assert found.verdict == "not comparable"
        assert "--allow-partial" not in found.reason
        assert found.reason.endswith(
            "; right answers are the same for both models, so correct the data; if they say whether "
            "an answer is right, which each model has its own of, give that column with --score in "
            "place of --label."
        )


@pytest.mark.parametrize("gold", ["gold", "target", "truth"])
def test_a_label_that_differs_between_the_sides_is_the_answer(gold: str, policy: Policy) -> None:
    write(lambda w: {"image": IDS, "label": NAMES[w.said], gold: NAMES[w.right]})
    flags = pasted(asked(policy), "", [])[0]
    assert flags == f"--id image --prediction label --label {gold}"
    assert asked(policy, id="image", prediction="label", label=gold) == "fail"


def test_labels_that_differ_on_many_examples_are_never_left_out(policy: Policy) -> None:
    write(lambda w: {"image": IDS, "label": NAMES[w.said], "gold": NAMES[w.right]})
    given = Reading(id="image", prediction=("gold",), label="label", allow_partial=True)
    found = gate_files(Request([Path("old.csv")], [[Path("new.csv")]], given), policy)
    assert found.verdict == "not comparable"
    assert found.reason == (
        "Not comparable: 'old' and 'new' have different labels for one example: 118 of 1000 examples, "
        "first 'img_0002' ('dog' and 'owl'); right answers are the same for both models, so correct the "
        "data; if they are what each model answered, give that column with --prediction in place of "
        "--label."
    )
