"""Which metric is taken, and why another cannot be."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from undertow.errors import TableError
from undertow.records.formats.logs.outcome import Outcome, Values, choose_outcome, values_of


def table(**columns: list[Any]) -> dict[str, Values]:
    return {name: values_of(column) for name, column in columns.items()}


def chosen(columns: dict[str, Values], asked: str | None = None, **wanted: Any) -> Outcome:
    return choose_outcome("log", columns, asked, **wanted)


def refused(columns: dict[str, Values], asked: str | None = None, **wanted: Any) -> str:
    with pytest.raises(TableError) as caught:
        chosen(columns, asked, **wanted)
    return str(caught.value)


def test_the_first_that_can_be_one_is_taken_and_the_others_are_said() -> None:
    outcome = chosen(table(points=[3, 4], acc=[1, None], f1=[0.5, 1.0]))
    assert (outcome.metric, outcome.column.to_list()) == ("acc", [1.0, None])
    assert outcome.notes == ("log: the outcome is acc; --metric takes another of f1.",)


def test_a_preferred_one_goes_first_and_one_that_is_never_taken_can_be_asked_for() -> None:
    columns = table(acc=[1], f1=[0.5], max_prob=[0.9])
    assert chosen(columns, preferred=("f1",)).metric == "f1"
    assert chosen(columns, "max_prob", never={"max_prob"}).metric == "max_prob"
    assert refused(table(max_prob=[0.9]), never={"max_prob"}) == (
        "log: no metric is plainly right or wrong (max_prob is no outcome); evaluate with another "
        "scorer"
    )


@pytest.mark.parametrize(
    ("values", "why"),
    [
        (
            [["reference", "prediction"]],
            "is a pair (reference, prediction) that only counts over the whole corpus",
        ),
        (["good"], "is no single number"),
        ([10**400], "holds numbers too large to be an outcome"),
        ([None], "has no value"),
        ([0.5, -1], "is -1 in some row, not between 0 and 1"),
    ],
)
def test_why_a_metric_cannot_be_the_outcome(values: list[Any], why: str) -> None:
    assert refused(table(m=values), "m") == f"log: metric 'm' {why}; evaluate with another scorer"


def test_a_percentage_is_taken_only_where_it_is_asked_for() -> None:
    columns = table(bleu=[40.0, None], bleu_diff=[2.0, 3.0])
    outcome = chosen(columns, "bleu")
    assert (outcome.name, outcome.metric) == ("bleu", "bleu/100")
    np.testing.assert_allclose(outcome.score_N, [0.4, np.nan])
    assert refused(columns, "bleu_diff").endswith(
        "not between 0 and 1; choose one of bleu with --metric"
    )
    assert refused(columns).endswith("; choose one of bleu with --metric")


def test_where_answers_suffice_a_log_without_an_outcome_is_read() -> None:
    outcome = chosen(table(ter=[0.5], bleu=[["a", "b"]]), answers_suffice=True)
    assert outcome.metric is None
    assert outcome.notes == ("log: none of its metrics (ter, bleu) is an outcome between 0 and 1.",)
    assert chosen(table(acc=[1], f1=[1]), answers_suffice=True).notes == ()
    assert refused(table(ter=[0.5]), "ter", answers_suffice=True) == (
        "log: metric 'ter' is better when it is less; none of its metrics can be the outcome"
    )


def test_without_any_metric_there_is_no_outcome() -> None:
    assert chosen({}).metric is None
    assert chosen({}).notes == ()
