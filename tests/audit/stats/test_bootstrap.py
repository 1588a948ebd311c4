from __future__ import annotations

import numpy as np

from undertow.audit.stats.bootstrap import bootstrap_mean


def test_the_mean_of_few_members_is_covered():
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(400):
        low, high = bootstrap_mean(rng.normal(0.9, 0.01, size=5), draws=400, level=0.05, rng=rng)
        hits += low <= 0.9 <= high
    assert 0.90 <= hits / 400 <= 0.99
    assert np.isnan(bootstrap_mean(np.array([0.9]), draws=10, level=0.05, rng=rng)).all()
