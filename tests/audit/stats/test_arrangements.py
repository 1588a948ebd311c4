from __future__ import annotations

from math import comb

import numpy as np
import pytest

from undertow.audit.stats.arrangements import exchange, smallest_p, swaps


@pytest.mark.parametrize(("m_ref", "m_var"), [(3, 3), (2, 5), (1, 1), (4, 3)])
def test_all_exchanges_are_enumerated_once_with_the_observed_first(m_ref, m_var):
    drawn = exchange(m_ref, m_var, 2000, np.random.default_rng(0))
    assert drawn.exact
    assert not drawn.paired
    assert drawn.is_reference_DM[0].tolist() == [True] * m_ref + [False] * m_var
    assert (
        len(drawn.is_reference_DM)
        == comb(m_ref + m_var, m_ref)
        == len(np.unique(drawn.is_reference_DM, axis=0))
    )
    assert (drawn.is_reference_DM.sum(axis=1) == m_ref).all()


def test_random_exchanges_keep_the_sizes_and_the_observed_and_put_everybody_everywhere():
    drawn = exchange(7, 9, 4000, np.random.default_rng(0))
    assert not drawn.exact
    assert drawn.is_reference_DM.shape == (4000, 16)
    assert drawn.is_reference_DM[0].tolist() == [True] * 7 + [False] * 9
    assert (drawn.is_reference_DM.sum(axis=1) == 7).all()
    assert np.abs(drawn.is_reference_DM.mean(axis=0) - 7 / 16).max() < 0.04


def test_swaps_exchange_within_pairs_only():
    for draws, exact in ((64, True), (63, False)):
        drawn = swaps(6, draws, np.random.default_rng(1))
        assert (drawn.exact, drawn.paired) == (exact, True)
        first_DP, second_DP = drawn.is_reference_DM[:, :6], drawn.is_reference_DM[:, 6:]
        assert (first_DP != second_DP).all()
        assert first_DP[0].all()
        assert len(drawn.is_reference_DM) == draws
    assert len(np.unique(swaps(6, 64, np.random.default_rng(1)).is_reference_DM, axis=0)) == 64


def test_the_same_generator_gives_the_same_arrangements_and_a_prefix_is_a_cut():
    first, again = (exchange(5, 5, 100, np.random.default_rng(3)) for _ in range(2))
    assert (first.is_reference_DM == again.is_reference_DM).all()
    assert (first.first(10).is_reference_DM == first.is_reference_DM[:10]).all()
    whole = exchange(3, 3, 100, np.random.default_rng(3))
    assert whole.first(100).exact
    assert not whole.first(10).exact


def test_smallest_p():
    assert smallest_p(3, 3) == pytest.approx(0.1)
    assert smallest_p(4, 4) == pytest.approx(2 / 70)
    assert smallest_p(3, 5) == pytest.approx(1 / 56)
    assert smallest_p(1, 1) == smallest_p(1, 1, paired=True) == 1.0
    assert smallest_p(6, 6, paired=True) == pytest.approx(2 / 64)


def test_refuses_empty_sides_and_draws():
    with pytest.raises(ValueError, match=r"^0 \+ 3 members: each side needs at least one$"):
        exchange(0, 3, 10, np.random.default_rng(0))
    with pytest.raises(
        ValueError, match=r"^draws is 0: at least the observed arrangement is needed$"
    ):
        swaps(3, 0, np.random.default_rng(0))
