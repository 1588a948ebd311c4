"""The consensus of members by hand and against a loop."""

from collections import Counter

import numpy as np
import pytest

import worlds
from undertow.audit.dynamics.consensus import (
    consensus_accuracy,
    consensus_class,
    consensus_columns,
    consensus_consistency,
)

VOTES = np.array([[3, 1, 0], [2, 0, 2], [0, 0, 0], [0, 0, 4]])
LABEL = np.array([0, 2, 1, -1])


def test_shares_by_hand():
    """A majority, a tie, nobody, and no label."""
    assert consensus_class(VOTES).tolist() == [0, -1, -1, 2]
    np.testing.assert_array_equal(consensus_consistency(VOTES), [0.75, 0.5, np.nan, 1.0])
    np.testing.assert_array_equal(consensus_accuracy(VOTES, LABEL), [0.75, 0.5, np.nan, np.nan])


def test_columns_of_a_population_are_those_of_a_loop():
    records = worlds.null_world()[0]
    frame = consensus_columns(records)
    assert frame["example_id"].equals(records.example_id_N)
    for n, (_, consensus, consistency, accuracy) in enumerate(frame.iter_rows()):
        counted = Counter(int(c) for c in records.pred_MN[:, n] if c >= 0)
        (first, votes), *others = counted.most_common()
        tied = any(count == votes for _, count in others)
        assert consensus == (None if tied else records.answer_classes[first])
        total = sum(counted.values())
        assert consistency == pytest.approx(votes / total)
        assert accuracy == pytest.approx(counted[int(records.label_N[n])] / total)
