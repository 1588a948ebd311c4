"""Outputs that nothing can be decided by."""

from __future__ import annotations

import numpy as np
import pytest

from undertow.errors import UserError
from undertow.no_numbers import flat, no_numbers, refuse_no_numbers

NAN, INF = np.nan, np.inf
OUT = np.array([[1, 2], [NAN, 2], [INF, 2], [-INF, 2], [-INF, -INF]])


def test_a_class_that_is_ruled_out_is_a_number_beside_others():
    assert no_numbers(OUT).tolist() == [False, True, True, False, True]
    assert no_numbers(np.zeros((3, 0))).tolist() == [False] * 3


def test_outputs_of_any_shape_are_rows():
    assert flat(np.zeros(3)).shape == (3, 1)
    assert flat(np.zeros((3, 4, 5))).shape == (3, 20)


def test_examples_are_named_with_what_they_are_answered():
    refuse_no_numbers("m", "abcde", OUT[[0, 3]], "asked")
    with pytest.raises(UserError) as error:
        refuse_no_numbers("m", "abcde", OUT, "asked alone")
    assert str(error.value) == (
        "m: answers nan or inf or -inf to 'b', 'c', 'e' (3 of 5 examples), asked alone; a model that gives no numbers is "
        "compared with nothing, so mend it or leave these examples out"
    )
    out_NC = np.full((9, 2), NAN)
    out_NC[0] = 0
    with pytest.raises(UserError) as error:
        refuse_no_numbers("m", "abcdefghi", out_NC, "asked alone")
    assert str(error.value) == (
        "m: answers nan to 'b', 'c', 'd', 'e', 'f' and 3 more (8 of 9 examples), asked alone; a "
        "model that gives no numbers is compared with nothing, so mend it or leave these examples "
        "out"
    )
