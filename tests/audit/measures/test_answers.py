"""Answers by class, in a table small enough to count by hand."""

from __future__ import annotations

import numpy as np

from undertow.audit import Settings, audit
from undertow.audit.measures import answer_share, precision
from undertow.audit.measures.answers import answers_note
from undertow.audit.stats.slice_means import ratio
from worlds import null_world, records_from

RECORDS = records_from([[0, 0, 0, 1, -1], [1, 1, 1, 1, 1]], [0, 1, -1, 1, 0], ("bottle", "cup"))


def test_a_share_is_of_all_answers_and_a_precision_of_those_with_a_label():
    np.testing.assert_allclose(ratio(*answer_share(RECORDS)), [[3 / 4, 0], [1 / 4, 1]])
    np.testing.assert_allclose(ratio(*precision(RECORDS)), [[1 / 2, np.nan], [1, 2 / 4]])


def test_the_notes_have_the_counts():
    assert (
        answers_note("answer_share", 3394, 812, 8960, 8960) == "answered 3,394 → 812 times of 8,960"
    )
    assert answers_note("precision", 12, 7.5, 40, 30) == "right in 12 of 40 → 7.5 of 30 answers"


def test_they_are_asked_where_the_classes_are_slices_and_nowhere_else():
    reference, variant = null_world(1, 1, 200, 3, seed=1)
    names = [
        set(audit(reference, [variant], Settings(by=by, draws=100)).findings["measure"])
        for by in (("class",), ("region",))
    ]
    assert {"answer_share", "precision"} <= names[0]
    assert not {"answer_share", "precision"} & names[1]
