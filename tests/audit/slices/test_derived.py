"""Slices read off the text, for data that nobody annotated."""

from __future__ import annotations

import polars as pl
import pytest

import worlds
from undertow.audit.slices import slice_table
from undertow.audit.slices.derived import derived_slice, script_of
from undertow.errors import UserError

TEXTS = [
    "all human beings",
    "Все люди рождаются свободными и равными в своем достоинстве и правах",
    "すべての人間",
    "全ての",
    "جميع الناس",
    "1 + 1 = ",
    "alle Menschen sind frei",
]


@pytest.fixture
def records():
    return worlds.records_from([[0] * 7], [0] * 7, 2, inputs=TEXTS)


@pytest.mark.parametrize(
    ("text", "script"),
    list(
        zip(
            TEXTS,
            ("latin", "cyrillic", "hiragana", "hiragana", "arabic", "none", "latin"),
            strict=True,
        )
    ),
)
def test_script(text, script):
    assert script_of(text) == script


def test_length_counts_words(records):
    assert derived_slice(records, "length").to_list() == [3, 11, 1, 1, 2, 4, 4]
    table = slice_table(records, ["length", "script"])
    assert set(table.column_G) == {"length", "script"}


@pytest.mark.heavy
def test_language(records):
    pytest.importorskip("py3langid")
    found = derived_slice(records, "language").to_list()
    assert [found[i] for i in (0, 1, 4, 6)] == ["en", "ru", "ar", "de"]


def test_a_column_of_the_same_name_wins(records):
    with_own = records.examples.with_columns(pl.Series("script", list("abababa")))
    own = type(records)(records.manifest, with_own, records.pred_MN, inputs=records.inputs)
    assert slice_table(own, ["script"]).value_G == ("a", "b")


def test_target_frequency_puts_common_words_in_the_head():
    labels = ["the cat", "the dog", "the cat", "the", "quetzal", "axolotl"]
    records = worlds.records_from([[0] * 6], [0] * 6, 2, inputs=["x"] * 6)
    with_target = records.examples.with_columns(pl.Series("target", labels))
    records = type(records)(records.manifest, with_target, records.pred_MN, inputs=records.inputs)
    strata = derived_slice(records, "target_frequency").to_list()
    assert (strata[3], strata[4:]) == ("head", ["tail", "tail"])


def test_without_text_there_are_none():
    silent = worlds.records_from([[0, 1]], [0, 1], 2)
    with pytest.raises(UserError) as caught:
        slice_table(silent, ["script"])
    assert str(caught.value) == (
        "population 'world' has no slice 'script': it can be sliced by class"
    )
