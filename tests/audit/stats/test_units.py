"""Units of right and wrong answers, counted, against units looked at one by one."""

import numpy as np
import pytest
import scipy.sparse as sp

from undertow.audit.stats.unit_kinds import told_apart
from undertow.audit.stats.units import _counted, flat


def rows_of(rng: np.random.Generator, examples: int) -> sp.csr_array:
    inside_GN = rng.integers(0, 3, size=examples) == np.arange(3)[:, None]
    nobody_1N = np.zeros((1, examples))
    return sp.csr_array(np.vstack([np.ones((1, examples)), inside_GN, nobody_1N]))


@pytest.mark.parametrize("unknown", [0.0, 0.2])
@pytest.mark.parametrize("clusters", [None, 10_000, 60, 4])
def test_counted_units_are_those_looked_at_one_by_one(clusters: int | None, unknown: float) -> None:
    rng = np.random.default_rng(1)
    change_N = rng.choice([-1.0, 0.0, 1.0], size=200, p=[0.1, 0.8, 0.1])
    change_N[rng.random(200) < unknown] = np.nan
    cluster_N = None if clusters is None else rng.integers(0, clusters, size=200)
    membership_GN = rows_of(rng, 200)
    found = _counted(membership_GN, change_N, cluster_N)
    every = flat(membership_GN, change_N, cluster_N)
    wanted = [told_apart(every.total_U[at], every.size_U[at]) for at in every.by_row(5)]
    assert found is not None
    for row, alone in zip(found, wanted, strict=True):
        for part_U, wanted_U in zip(row, alone, strict=True):
            assert part_U.tolist() == wanted_U.tolist()


def test_graded_changes_and_very_large_clusters_are_not_counted() -> None:
    membership_GN, cluster_N = sp.csr_array(np.ones((1, 200))), np.zeros(200, dtype=np.intp)
    assert _counted(membership_GN, np.full(200, 0.5), cluster_N) is None
    assert _counted(membership_GN, np.ones(200), cluster_N) is None
