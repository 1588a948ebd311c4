"""The area under the ROC curve and its error, against all pairs and against new draws."""

from __future__ import annotations

import numpy as np
import pytest

from undertow.audit.stats.auroc import area, error_of


def test_it_is_the_share_of_pairs_in_order_and_half_of_ties() -> None:
    draw = np.random.default_rng(0)
    number_N, first_N = draw.integers(0, 6, 60).astype(float), draw.random(60) < 0.4
    one, other = number_N[first_N][:, None], number_N[~first_N][None]
    pairs = ((one > other) + (one == other) / 2).mean()
    assert area(number_N, first_N).value == pytest.approx(pairs)
    assert area(-number_N, first_N).value == pytest.approx(1 - pairs)


def test_its_error_is_how_much_it_varies_over_draws() -> None:
    draw, values, errors = np.random.default_rng(1), [], []
    first_N = np.arange(200) < 60
    for _ in range(300):
        found = area(draw.normal(first_N, 1), first_N)
        values.append(found.value)
        errors.append(error_of(found.moved_N, None))
    assert np.mean(errors) == pytest.approx(np.std(values), rel=0.15)


def test_copies_in_clusters_add_nothing() -> None:
    draw = np.random.default_rng(2)
    first_N, cluster_N = np.arange(100) < 40, np.arange(100)
    number_N = draw.normal(first_N, 1)
    alone = error_of(area(number_N, first_N).moved_N, None)
    four = area(np.tile(number_N, 4), np.tile(first_N, 4))
    assert error_of(four.moved_N, np.tile(cluster_N, 4)) == pytest.approx(alone)
    assert error_of(four.moved_N, None) == pytest.approx(alone / 2)
