"""What holds for every instrument over members; one that is exported without an oracle in
``oracles_dynamics.py`` fails here."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy.stats import binom

import oracles_dynamics
from undertow.audit.dynamics.over_members import (
    FEWEST,
    Learned,
    all_cards,
    all_over_members,
    held_out_correctness,
    held_out_limits,
    memorisation,
    memorisation_limits,
)

EVERY = pytest.mark.parametrize("instrument", all_over_members(), ids=repr)
LIMITS = {"held_out_correctness": held_out_limits, "memorisation": memorisation_limits}
WORLDS = {
    "plain": {},
    "nobody left out": {"share": 1.0},
    "one member": {"M": 1},
    "no examples": {"N": 0},
    "few members": {"M": 6, "share": 0.5},
}


def world(M=20, N=60, share=0.7, seed=0) -> Learned:
    """Examples from easy to hard, and what is learned from is nearly always right."""
    rng = np.random.default_rng(seed)
    learned_MN = np.argsort(rng.random((M, N)), axis=1) < round(share * N)
    right_MN = rng.random((M, N)) < np.where(learned_MN, 0.95, np.linspace(1, 0, N))
    return Learned(learned_MN, right_MN)


@EVERY
@pytest.mark.parametrize("of", WORLDS)
def test_equals_its_oracle(instrument, of):
    learned = world(**WORLDS[of])
    oracle = oracles_dynamics.OVER_MEMBERS[instrument.card.name]
    expected = [
        oracle(learned.learned_MN[:, n].tolist(), learned.right_MN[:, n].tolist())
        for n in range(learned.learned_MN.shape[1])
    ]
    np.testing.assert_allclose(instrument.of(learned), expected, rtol=1e-12)


@EVERY
def test_by_hand(instrument):
    """One example that 4 members learned from, all right, and 5 did not, of whom 2 are right; one
    with too few members on a side."""
    learned_MN = np.array([[1, 1, 1, 1, 0, 0, 0, 0, 0], [1, 1, 1, 1, 1, 1, 1, 0, 0]], bool).T
    right_MN = np.array([[1, 1, 1, 1, 1, 0, 1, 0, 0], [1, 0, 1, 1, 1, 1, 1, 0, 0]], bool).T
    expected = {"held_out_correctness": 0.4, "memorisation": 0.6}[instrument.card.name]
    found = instrument.of(Learned(learned_MN, right_MN))
    np.testing.assert_allclose(found, [expected, np.nan])


@EVERY
def test_stays_in_its_range_and_in_its_limits(instrument):
    learned = world()
    value_N = instrument.of(learned)
    found = LIMITS[instrument.card.name](learned)
    least, most = instrument.card.range
    known_N = ~np.isnan(value_N)
    assert known_N.sum() > 30
    np.testing.assert_array_equal(found.share_G, value_N)
    for low_N, high_N in ((least, found.low_G), (found.low_G, value_N)):
        assert (low_N <= high_N)[known_N].all()
    for low_N, high_N in ((value_N, found.high_G), (found.high_G, most)):
        assert (low_N <= high_N)[known_N].all()
    assert np.isnan([found.low_G[~known_N], found.high_G[~known_N]]).all()


@EVERY
def test_who_the_members_are_does_not_matter_and_examples_keep_their_values(instrument):
    learned, rng = world(), np.random.default_rng(1)
    order_M, order_N = rng.permutation(20), rng.permutation(60)
    moved = Learned(*(held[order_M][:, order_N] for held in (learned.learned_MN, learned.right_MN)))
    np.testing.assert_array_equal(instrument.of(moved), instrument.of(learned)[order_N])


@EVERY
def test_hard_is_the_end_where_held_out_members_are_wrong(instrument):
    value_N = instrument.of(world(M=60))
    known_N = ~np.isnan(value_N)
    goes = np.corrcoef(value_N[known_N], np.linspace(0, 1, 60)[known_N])[0, 1]
    assert goes > 0.8 if instrument.card.hard == "high" else goes < -0.8


@EVERY
def test_too_few_members_on_a_side_are_undefined(instrument):
    learned_MN = np.zeros((FEWEST + 4, 3), bool)
    learned_MN[: FEWEST - 1, 0] = learned_MN[:FEWEST, 1] = learned_MN[FEWEST - 1 :, 2] = True
    value_N = instrument.of(Learned(learned_MN, np.ones_like(learned_MN)))
    memorised = [np.nan, 0.0, np.nan]
    assert str(value_N.tolist()) == str(
        memorised if instrument is memorisation else [1.0, 1.0, np.nan]
    )


@EVERY
def test_the_card_is_complete(instrument):
    card = instrument.card
    assert card.name == instrument.function.__name__
    assert all((card.title, card.high, card.low, card.undefined, card.trace, instrument.__doc__))
    assert card.paper[:10].replace(".", "").isdigit()
    assert card.reads == ("learned_MN", "right_MN")
    assert all_cards()[card.name] is card


def test_every_one_has_an_oracle():
    assert [i.card.name for i in all_over_members()] == sorted(oracles_dynamics.OVER_MEMBERS)


CASES = [(3, 3), (7, 3), (14, 6), (28, 12)]
GRID = (0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98)


@pytest.mark.parametrize(("learned", "held_out"), CASES)
def test_limits_hold_what_is_true_about_as_often_as_they_say(learned, held_out):
    """Over all outcomes that there are, by their exact probabilities: those of a share always in
    .95, those of a difference in .925 at worst, where few members are on a side."""
    outcomes = list(product(range(learned + 1), range(held_out + 1)))
    learned_MN = np.repeat([[True], [False]], [learned, held_out], axis=0)
    learned_MN = np.broadcast_to(learned_MN, (learned + held_out, len(outcomes)))
    place_M1 = np.r_[np.arange(learned), np.arange(held_out)][:, None]
    right_MN = place_M1 < np.where(learned_MN, *np.array(outcomes).T[:, None])
    both = Learned(learned_MN, right_MN)
    apart, alone = memorisation_limits(both), held_out_limits(both)
    with_N, without_N = np.array(outcomes).T
    for p, q in product(GRID, GRID):
        weight_N = binom.pmf(with_N, learned, p) * binom.pmf(without_N, held_out, q)
        for found, truth, least in ((apart, p - q, 0.925), (alone, q, 0.95)):
            held_N = (found.low_G <= truth + 1e-12) & (truth - 1e-12 <= found.high_G)
            assert weight_N[held_N].sum() >= least, (p, q)


def test_the_mean_over_worlds_is_the_truth():
    """Both estimates are unbiased where they are defined."""
    rng, M, share = np.random.default_rng(3), 40, 0.7
    learned_MN = rng.random((M, 4000)) < share
    right_MN = rng.random((M, 4000)) < np.where(learned_MN, 0.9, 0.35)
    both = Learned(learned_MN, right_MN)
    assert abs(np.nanmean(held_out_correctness.of(both)) - 0.35) < 0.008
    assert abs(np.nanmean(memorisation.of(both)) - 0.55) < 0.009
