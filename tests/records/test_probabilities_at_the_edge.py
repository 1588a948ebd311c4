"""Certain answers are answers: probabilities of exactly 0 and 1 are kept, and 1 may be missed by
rounding alone."""

from __future__ import annotations

import numpy as np
import pytest

from undertow.errors import RecordError
from undertow.records.answers import check_answers

PRED = np.array([0, 1, 2, 0])


def checked(first: float, pred: np.ndarray = PRED) -> None:
    proba = np.eye(3)[np.maximum(pred, 0)]
    proba[0, 0] = first
    check_answers("m0", pred, proba, n=4, classes=3)


@pytest.mark.parametrize("certain", [0.0, 0.5, 1.0, 1 + 5e-7])
def test_certain_probabilities_are_kept(certain: float) -> None:
    checked(certain)


@pytest.mark.parametrize("beyond", [-1e-7, 1 + 2e-6, 2.0, np.nan, np.inf])
def test_what_no_rounding_explains_is_refused_with_its_value(beyond: float) -> None:
    with pytest.raises(RecordError) as caught:
        checked(beyond)
    assert str(caught.value) == (
        f"member 'm0' has 1 examples whose probabilities leave [0, 1], first {np.float64(beyond)};"
        " a member that diverged is recorded with fail_member"
    )


def test_where_nothing_was_predicted_anything_may_stand_in_its_place() -> None:
    checked(np.nan, np.array([-1, 1, 2, 0]))
