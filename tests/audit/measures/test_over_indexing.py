"""Who is over-represented among exemplars."""

import numpy as np
import pytest

import oracles
import worlds
from undertow.audit.measures import over_index
from undertow.audit.slices import slice_table


def table_over(values):
    return slice_table(worlds.records_from([[0] * len(values)], slices={"tone": values}), ["tone"])


def test_twice_as_frequent_among_exemplars():
    slices = table_over(["dark", "dark", "light", "light", "light", "light", "light", "light"])
    frame = over_index(np.array([1, 0, 1, 0, 0, 0, 0, 0], dtype=bool), slices)
    assert frame.to_dict(as_series=False) == {
        "slice": ["tone", "tone"],
        "value": ["dark", "light"],
        "share_exemplars": [0.5, 0.5],
        "share_all": [0.25, 0.75],
        "ratio": [2.0, 0.5 / 0.75],
        "n_exemplars": [1, 1],
        "n_all": [2, 6],
    }


def test_equals_the_oracle():
    records, _ = worlds.null_world(n=150, seed=2)
    slices = slice_table(records, ["class", "region", "tone"])
    exemplar_N = np.random.default_rng(0).random(150) < 0.2
    belongs_GN = slices.membership_GN.toarray().astype(bool)
    expected = [
        oracles.over_index(exemplar_N.tolist(), belongs_N.tolist()) for belongs_N in belongs_GN
    ]
    np.testing.assert_allclose(over_index(exemplar_N, slices)["ratio"].to_numpy(), expected)


def test_no_exemplar_at_all_is_undefined_not_zero():
    frame = over_index(np.zeros(2, dtype=bool), table_over(["dark", "light"]))
    assert np.isnan(frame["ratio"].to_numpy()).all()
    assert frame["n_exemplars"].to_list() == [0, 0]


def test_a_mask_over_other_examples_is_refused():
    with pytest.raises(ValueError) as raised:
        over_index(np.zeros(3, dtype=bool), table_over(["dark", "light"]))
    assert str(raised.value) == "exemplar_mask_N has shape (3,), the slices are over 2 examples"
