"""Probabilities of options: the softmax of their log-probabilities."""

from __future__ import annotations

import numpy as np
import polars as pl

from undertow.records.formats.logs.answers import softmax


def test_options_become_probabilities():
    options = pl.Series(
        [[-1.0, -1.0], [0.0, float("-inf"), 0.0], [float("nan"), 1.0], None, []],
        dtype=pl.List(pl.Float64),
    )
    proba = softmax(options, 3)
    np.testing.assert_allclose(proba[:2], [[0.5, 0.5, 0], [0.5, 0, 0.5]])
    assert np.isnan(proba[2:]).all()


def test_options_that_are_all_unlikely_become_probabilities_too():
    """Long answers have log-probabilities in the hundreds, of which no exponent is a float."""
    proba = softmax(pl.Series([[-900.0, -901.0], [0.0, 800.0]], dtype=pl.List(pl.Float64)), 2)
    np.testing.assert_allclose(proba, [[0.731059, 0.268941], [0, 1]], rtol=1e-5)
