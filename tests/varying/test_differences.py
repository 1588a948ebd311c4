"""How far two ways are apart, beside values known by hand."""

from __future__ import annotations

import numpy as np
import pytest

from undertow.errors import UserError
from undertow.varying.decided import Decided, decided_by
from undertow.varying.differences import difference

THREE = Decided("classes", ("a", "b", "c"))


def test_flips_margins_and_the_largest_difference():
    one = np.array([[3, 1, 0], [0, 2, 1.5], [1, 1 - 1e-7, 0], [0, 0, 5]], dtype=np.float32)
    other = np.array([[3, 1, 0.5], [0, 1, 1.5], [1 - 2e-7, 1, 0], [0, 0, 1]], dtype=np.float32)
    found = difference(THREE, one, other)
    assert found.flips == 2
    assert found.row_K.tolist() == [1, 2]  # the one further from a tie first
    assert found.margin_K == pytest.approx([0.5, 1e-7], rel=0.3)
    assert found.near_ties == 1
    assert (found.largest, found.at) == (4.0, 3)
    assert (found.before_K.tolist(), found.after_K.tolist()) == ([1, 0], [2, 1])


def test_a_near_tie_is_told_by_the_size_of_the_largest_logit_whatever_its_sign():
    """Both margins are half a thousandth: eight steps of float32 at −1,000, and 2,000 at −2."""
    before_NC = np.array([[-1000.0, -1000.0005], [-2.0, -2.0005]], dtype=np.float64)
    found = difference(Decided("classes", ("a", "b")), before_NC, before_NC[:, ::-1])
    assert (found.flips, found.near_ties) == (2, 1)


def test_what_is_no_number_flips_and_a_class_that_is_ruled_out_does_not():
    one = np.array([[0, -np.inf, 1], [0, 1, 2]], dtype=np.float32)
    other = np.array([[0, -np.inf, 2], [0, np.nan, 2]], dtype=np.float32)
    found = difference(THREE, one, other)
    assert (found.flips, found.no_numbers, found.row_K.tolist()) == (1, 1, [1])
    assert found.largest == 1.0


def test_a_threshold_is_above_alone():
    decided = Decided("threshold", ("no", "yes"), 0.5)
    out = np.array([[0.5], [0.75], [-1.0]])
    assert decided.answers(out).tolist() == [0, 1, 0]
    assert decided.margins(out).tolist() == [0.0, 0.25, 1.5]


def test_numbers_have_no_flips():
    found = difference(Decided("numbers"), np.zeros((2, 1)), np.array([[0.0], [-3.0]]))
    assert (found.flips, found.largest, found.at) == (0, 3.0, 1)


@pytest.mark.parametrize(
    ("columns", "asked", "said"),
    [
        (3, {"threshold": 0.5}, "--threshold 0.5: is for a model of one output, and this one has 3; leave it out"),
        (3, {"names": ["a", "b"]}, "--classes a,b: names 2, and the model tells 3 apart; name each, in the order of its outputs"),
        (1, {"names": ["a"]}, "--classes a: names 1, and the model tells 2 apart; name each, in the order of its outputs"),
        (1, {"numbers": True, "threshold": 0.0}, "--regression: numbers have no classes and no threshold; leave out --classes and --threshold"),
    ],
)  # fmt: skip
def test_what_does_not_fit_the_outputs(columns: int, asked: dict, said: str):
    with pytest.raises(UserError) as refused:
        decided_by(
            np.zeros((2, columns)), **{"numbers": False, "threshold": None, "names": None, **asked}
        )
    assert str(refused.value) == said
