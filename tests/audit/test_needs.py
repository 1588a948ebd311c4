"""What records can feed."""

import numpy as np

import worlds
from undertow.audit.measures import (
    accuracy,
    all_measures,
    churn,
    confidence,
    false_negative_rate,
    jensen_shannon,
    label_confidence,
    modal_disagreement,
    top_5_accuracy,
)
from undertow.audit.needs import supported


def test_full_records_feed_every_measure():
    pair = worlds.null_world(classes=2, positive="class 1", proba=True)
    usable, reasons = supported(all_measures(), *pair)
    assert usable == tuple(m for m in all_measures() if m is not top_5_accuracy)
    assert reasons == {}


def test_top_5_is_asked_from_20_classes_on():
    for classes, asked in ((19, ()), (20, (top_5_accuracy,))):
        pair = worlds.null_world(classes=classes, proba=True)
        assert supported([top_5_accuracy], *pair) == (asked, {})


def test_the_class_of_no_answer_is_none_of_the_20():
    names = [*(f"c{c}" for c in range(19)), "no answer"]
    proba = np.full((1, 2, 20), 0.05)
    records = worlds.records_from([[0, 19]], [0, 1], names, proba=proba)
    assert supported([top_5_accuracy], records, records) == ((), {})


def test_top_5_of_many_classes_without_probabilities_has_its_reason():
    known = worlds.null_world(classes=20, proba=True)[0]
    bare = worlds.records_from([[0, 1]], [0, 1], 20, name="bare")
    reason = "'bare' does not tell which five classes are likeliest"
    assert supported([top_5_accuracy], known, bare) == ((), {"top_5_accuracy": reason})


def test_each_measure_left_out_has_its_reason():
    reference = worlds.records_from([[0, 1]], [0, 1], name="old")
    variant = worlds.records_from([[0, 1]], name="new")
    asked = (
        accuracy,
        churn,
        confidence,
        false_negative_rate,
        jensen_shannon,
        label_confidence,
        modal_disagreement,
    )
    usable, reasons = supported(asked, reference, variant)
    assert usable == (churn, modal_disagreement)
    assert reasons == {
        "accuracy": "'new' has no labels",
        "confidence": "neither side holds confidences",
        "false_negative_rate": "'old' is not a binary task with a named positive class",
        "jensen_shannon": "neither side holds all class probabilities",
        "label_confidence": "'old' holds no probabilities of the label",
    }


def test_two_reasons_are_both_said():
    records = worlds.records_from([[0, 1]], name="bare")
    assert supported([false_negative_rate], records, records) == (
        (),
        {
            "false_negative_rate": "neither side is a binary task with a named positive class nor "
            "has labels"
        },
    )


def test_support_keeps_the_order_given():
    pair = worlds.null_world(proba=True)
    assert supported([churn, confidence, accuracy], *pair)[0] == (churn, confidence, accuracy)
