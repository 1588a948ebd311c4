"""Two identical binary populations disagree in their mode by chance alone: the notes' table,
through our tie rule."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from undertow.audit.measures import modal_labels

P = (0.5, 0.55, 0.6, 0.65, 0.7, 0.8, 0.9)
TABLE = {
    1: (0.500, 0.495, 0.480, 0.455, 0.420, 0.320, 0.180),
    5: (0.500, 0.483, 0.433, 0.360, 0.273, 0.109, 0.017),
    10: (0.470, 0.500, 0.465, 0.374, 0.255, 0.063, 0.003),
    30: (0.490, 0.458, 0.289, 0.122, 0.033, 0.0005, 0.0),
}


@pytest.mark.parametrize("members", TABLE)
def test_the_chance_that_two_modes_differ(members: int) -> None:
    votes_for_1 = np.arange(members + 1)
    modes = modal_labels(np.stack([members - votes_for_1, votes_for_1], axis=1), ties="smallest")
    for p, published in zip(P, TABLE[members], strict=True):
        mode_is_1 = binom.pmf(votes_for_1, members, p)[modes == 1].sum()
        digits = 4 if 0 < published < 0.001 else 3
        assert round(2 * mode_is_1 * (1 - mode_is_1), digits) == published
