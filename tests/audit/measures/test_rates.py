"""Accuracy, error and confidence on arrays one can check by eye."""

from dataclasses import replace

import numpy as np
import pytest

import worlds
from undertow.audit.measures import accuracy, confidence, error, label_confidence
from undertow.errors import UserError

NAN = np.nan


def test_accuracy_and_error_are_undefined_together():
    records = worlds.records_from([[0, 1, 2, -1], [0, 0, 2, 1]], [0, 1, -1, 1], 3)
    np.testing.assert_array_equal(accuracy(records), [[1, 1, NAN, NAN], [1, 0, NAN, 1]])
    np.testing.assert_array_equal(error(records), [[0, 0, NAN, NAN], [0, 1, NAN, 0]])


def test_confidence_is_of_the_answer_and_label_confidence_of_the_truth():
    proba = [[[0.75, 0.25], [0.5, 0.5], [0.125, 0.875]]]
    records = worlds.records_from([[0, 0, 1]], [1, 0, -1], 2, proba=proba)
    np.testing.assert_array_equal(confidence(records), [[0.75, 0.5, 0.875]])
    np.testing.assert_array_equal(label_confidence(records), [[0.25, 0.5, NAN]])


def test_a_probability_of_no_label_is_undefined():
    records = replace(
        worlds.records_from([[0, 1]], [0, -1]), p_label_MN=np.array([[0.5, 0.5]], dtype=np.float32)
    )
    np.testing.assert_array_equal(label_confidence(records), [[0.5, NAN]])


def test_records_without_probabilities_are_refused_in_words():
    records = worlds.records_from([[0, 1]], [0, 1])
    with pytest.raises(UserError) as raised:
        confidence(records)
    assert str(raised.value) == (
        "population 'world' holds no confidences: give class probabilities or a confidence"
    )
    with pytest.raises(UserError) as raised:
        label_confidence(records)
    assert (
        str(raised.value)
        == "population 'world' holds no probabilities of the label: give class probabilities"
    )
