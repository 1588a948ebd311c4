"""Labels are joined with a model's outputs by name, else by place, and told apart in plain words."""

from __future__ import annotations

import numpy as np
import pytest

from undertow.errors import UserError
from undertow.varying.examples import examples_of
from undertow.varying.labelled import places_of, refuse_words, with_places

NAMES = ("cat", "dog", "owl")
NUMBERS = ("0", "1", "2")


@pytest.mark.parametrize(
    ("labels", "classes", "places"),
    [
        (["cat", "owl", None], NAMES, [0, 2, None]),
        (["cat", "owl", "cat"], ("owl", "dog", "cat"), [2, 0, 2]),
        ([0, 2, float("nan")], NAMES, [0, 2, None]),
        ([0.0, 2.0, 1.0], NAMES, [0, 2, 1]),
        (["0", "2", "1"], NAMES, [0, 2, 1]),
        (["0", "2", "1"], NUMBERS, [0, 2, 1]),
        ([7, 9, 8], ("8", "7", "9"), [1, 2, 0]),
        ([1, 0, 1], ("1", "0"), [0, 1, 0]),
        ([True, False, True], ("no", "yes"), [1, 0, 1]),
    ],
)
def test_a_label_is_a_name_or_else_a_place(labels, classes, places):
    assert places_of(labels, ["a", "b", "c"], classes) == places


@pytest.mark.parametrize(
    ("labels", "classes", "said"),
    [
        (["Cat", "dog"], NAMES, "labels: the label of 'a' is 'Cat', which is none of the names after --classes (cat, dog, owl); write labels and names alike, or give labels as places of outputs, 0 to 2"),
        ([0, 1], ("1", "2"), "labels: the label of 'a' is 0, which is none of the names after --classes (1, 2); write labels and names alike, or give labels as places of outputs, 0 to 1"),
        ([0, 3], NAMES, "labels: the label of 'b' is 3, which is none of the names after --classes (cat, dog, owl); write labels and names alike, or give labels as places of outputs, 0 to 2"),
        (["cat", "dog"], NUMBERS, "labels: the label of 'a' is 'cat', and nothing says which output that is; name the outputs in their order after --classes, with the words of the labels"),
        ([1, 3], NUMBERS, "labels: the label of 'b' is 3, and the model tells 3 classes apart, 0 to 2; give labels from 0 on, or name the outputs in their order after --classes"),
        (["a"] * 2, tuple("bcdefgh"), "labels: the label of 'a' is 'a', which is none of the names after --classes (b, c, d, e, f and 2 more); write labels and names alike, or give labels as places of outputs, 0 to 6"),
    ],
)  # fmt: skip
def test_what_is_neither_is_said_with_what_to_type(labels, classes, said):
    with pytest.raises(UserError) as refused:
        places_of(labels, ["a", "b"], classes)
    assert str(refused.value) == said


def test_words_without_names_are_known_before_a_model_is_asked():
    refuse_words([0, "1", None, 2.0], list("abcd"))
    with pytest.raises(UserError) as refused:
        refuse_words([None, "cat"], ["a", "b"])
    assert str(refused.value).startswith("labels: the label of 'b' is 'cat', and nothing says ")


def test_bytes_are_text():
    given = {"x": np.zeros((2, 1)), "labels": np.array([b"owl", b"cat"])}
    found = with_places(examples_of("inputs", given, None, "table"), NAMES)
    assert found.table["label"].to_list() == [2, 0]
