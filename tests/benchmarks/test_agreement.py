"""The page of agreement: what both sides compute differs by rounding, and its worlds have the mean
that they say."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
import agreement
import agreement_widths


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("compare", "most"),
    [
        (agreement.mcnemar_row, 1e-12),
        (agreement.tango_rows, 1e-12),
        (agreement.tail_row, 1e-3),
        (agreement.group_row, 1e-12),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_both_sides_compute_differs_by_rounding(
    compare: Callable[..., object], most: float
) -> None:
    pytest.importorskip(agreement.COMPARISONS[compare])
    rows = list(compare(np.random.default_rng(1)))
    assert rows
    assert all(float(row.gap.split()[0]) <= most for row in rows)


@pytest.mark.parametrize("world", agreement_widths.WORLDS, ids=lambda world: world.name)
def test_a_world_has_the_mean_that_it_says(world: agreement_widths.World) -> None:
    sample = world.draw(np.random.default_rng(2), 20_000)
    change_N = sample.after_N - sample.before_N
    unit_N = np.arange(len(change_N)) if sample.cluster_N is None else sample.cluster_N
    mean_U = np.bincount(unit_N, change_N) / np.bincount(unit_N)
    assert abs(mean_U.mean() - world.truth) < 4 * mean_U.std() / np.sqrt(len(mean_U))
    assert min(sample.before_N.min(), sample.after_N.min()) >= 0
    assert max(sample.before_N.max(), sample.after_N.max()) <= 1


@pytest.mark.heavy
def test_both_limits_are_of_the_same_mean() -> None:
    pytest.importorskip("statsmodels")
    for world in agreement_widths.WORLDS:
        sample = world.draw(np.random.default_rng(3), world.units[-1])
        np.testing.assert_allclose(world.ours(sample), world.limits(sample), atol=0.001)
