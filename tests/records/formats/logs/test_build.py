"""Logs to a population: options as classes, and what must be equal before two are compared."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from undertow.errors import NotComparableError, TableError
from undertow.records import align
from undertow.records.formats.logs.build import assemble
from undertow.records.formats.logs.log import Log
from undertow.records.reading import Reading


def _choice(conditions=None, prompt="h", choice=(0, 1, 1)):
    frame = pl.DataFrame(
        {
            "example_id": ["t/0", "t/1", "t/2"],
            "score": [1.0, 1.0, 0.0],
            "choice": choice,
            "label": [0, 1, 0],
            "options": [[-1.0, -2.0], [-3.0, -1.0], [-2.0, -1.0]],
            "answer": ["yes", "no", "no"],
            "target": ["yes", "no", "yes"],
            "prompt_hash": [prompt] * 3,
        }
    )
    return Log("m", "log", frame, model="model", metric="acc", conditions=conditions or {})


def test_options_are_classes_by_letter():
    records = assemble([_choice()], Reading())
    assert (records.manifest.task, records.classes, records.name) == ("choice", ("A", "B"), "model")
    assert records.pred_MN.tolist() == [[0, 1, 1]]
    assert records.label_N.tolist() == [0, 1, 0]
    np.testing.assert_allclose(records.p_label_MN[0, 0], 1 / (1 + np.exp(-1)), rtol=1e-6)
    assert records.names_of(np.arange(3), records.label_N).to_list() == ["yes", "no", "A"]


CONDITIONS = {"fewshot": "0", "decoding": "{}", "harness_version": "1", "model": "a"}


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("fewshot", "5", "the few-shot count differs: 0 for 'old', 5 for 'new'"),
        (
            "decoding",
            '{"top_p": 1}',
            "the decoding differs: {} for 'old', {\"top_p\": 1} for 'new'",
        ),
    ],
)
def test_conditions_that_refuse(key, value, said):
    old, new = (
        assemble([_choice(c)], Reading(name=n))
        for n, c in (("old", CONDITIONS), ("new", {**CONDITIONS, key: value}))
    )
    with pytest.raises(NotComparableError) as caught:
        align(old, new)
    assert str(caught.value) == f"{said}; evaluate both alike, or accept it with --accept {key}"
    accepted = align(old, new, accepted={key})
    assert len(accepted.differences) == 1
    assert accepted.differences[0] in accepted.assumptions


def test_conditions_that_are_only_stated_and_those_that_are_the_change():
    old = assemble([_choice(CONDITIONS)], Reading(name="old"))
    new = assemble(
        [_choice({**CONDITIONS, "harness_version": "2", "model": "b"})], Reading(name="new")
    )
    aligned = align(old, new)
    assert aligned.differences == ("The version of the harness differs: 1 for 'old', 2 for 'new'.",)
    assert "The model differs: a for 'old', b for 'new'." in aligned.assumptions


def test_a_condition_that_differs_alike_in_every_task_is_told_once():
    before, after = ({f"fewshot:{t}": v for t in "abc"} for v in "05")
    old, new = (
        assemble([_choice(before)], Reading(name="old")),
        assemble([_choice(after)], Reading(name="new")),
    )
    stated = align(old, new, accepted={"fewshot"}).differences
    assert stated == ("The few-shot count differs: 0 for 'old', 5 for 'new'.",)
    other = assemble([_choice({**before, "fewshot:b": "5"})], Reading(name="new"))
    assert align(old, other, accepted={"fewshot"}).differences == (
        "The few-shot count of b differs: 0 for 'old', 5 for 'new'.",
    )


def test_other_prompts_refuse():
    old, new = (
        assemble([_choice()], Reading(name="old")),
        assemble([_choice(prompt="i")], Reading(name="new")),
    )
    with pytest.raises(NotComparableError) as caught:
        align(old, new)
    assert str(caught.value) == (
        "'old' and 'new' were given different prompts (by prompt_hash): 3 of 3 examples, first "
        "'t/0'; use one template and few-shot count, or accept it with --accept prompt"
    )
    assert align(old, new, accepted={"prompt"}).differences == (
        "The prompts differ (by prompt_hash): 3 of 3 examples, first 't/0'.",
    )


def test_two_metrics_in_one_population_refuse():
    logs = [_choice(), Log("n", "other", _choice().frame, metric="acc_norm")]
    with pytest.raises(TableError) as caught:
        assemble(logs, Reading())
    assert (
        str(caught.value)
        == "log and other: are scored by acc and acc_norm; choose one with --metric"
    )
