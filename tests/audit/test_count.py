"""The exemplar count and what stands beside it, against plain loops over members and examples."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

import oracles
from pairs import WORLDS, pair_of
from undertow.audit.compare import Comparison, audit_comparisons
from undertow.audit.count import SPLITS, crossfitted_accuracy, split_half_count
from undertow.audit.exemplars import Exemplars
from undertow.audit.pair import Pair
from undertow.audit.result import ExemplarCount
from undertow.audit.settings import Settings
from undertow.records.records import Records
from worlds import null_world, planted_world, records_from

SEVERAL = [world for world, members in WORLDS.items() if min(members) > 1]


def slow_mode(records: Records, members: list[int], n: int) -> int | None:
    return oracles.mode(records.pred_MN[members, n].tolist())


def slow_chosen(pair: Pair, ref: list[int], var: list[int]) -> list[int]:
    """Examples on which these members of either side have modal answers that differ."""
    modes = [
        (slow_mode(pair.reference, ref, n), slow_mode(pair.variant, var, n))
        for n in range(pair.reference.N)
    ]
    return [n for n, (a, b) in enumerate(modes) if a is not None and b is not None and a != b]


def slow_accuracy(records: Records, members: list[int], chosen: list[int]) -> float:
    """Of all answers of these members to these examples that can be right or wrong, the share that
    is right."""
    right = [
        oracles.accuracy(int(records.pred_MN[m, n]), int(records.label_N[n]), None, None)
        for m in members
        for n in chosen
    ]
    return oracles.mean_defined(right)


def slow_crossfit(pair: Pair) -> tuple[float, float]:
    """Half of the members choose, the others are scored; then the other way round; mean over all
    halvings."""
    rng = pair.rng("cross-fit")
    scored = []
    for _ in range(SPLITS):
        order_ref = rng.permutation(pair.reference.M).tolist()
        order_var = order_ref if pair.paired else rng.permutation(pair.variant.M).tolist()
        halves = [
            (order[: math.ceil(len(order) / 2)], order[math.ceil(len(order) / 2) :])
            for order in (order_ref, order_var)
        ]
        for choosing, scoring in ((0, 1), (1, 0)):
            chosen = slow_chosen(pair, halves[0][choosing], halves[1][choosing])
            before = slow_accuracy(pair.reference, halves[0][scoring], chosen)
            after = slow_accuracy(pair.variant, halves[1][scoring], chosen)
            scored += [] if math.isnan(before) or math.isnan(after) else [(before, after)]
    return tuple(float(np.mean(side)) for side in zip(*scored, strict=True))


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("world", SEVERAL)
def test_crossfitted_accuracies_are_those_of_a_loop(world: str, seed: int) -> None:
    pair = pair_of(world, seed)
    before, after = crossfitted_accuracy(pair)
    assert (before, after) == pytest.approx(slow_crossfit(pair), abs=1e-6)
    assert 0 < after < before < 1  # The variant lost half of a class.


def test_accuracy_on_exemplars_needs_two_members_a_side_and_an_exemplar() -> None:
    for world in set(WORLDS) - set(SEVERAL):
        assert np.isnan(crossfitted_accuracy(pair_of(world))).all()
    reference, _ = null_world(4, 4, 40, 3, seed=1)
    steady = records_from(np.tile(reference.pred_MN[:1], (4, 1)), reference.label_N, 3)
    assert np.isnan(
        crossfitted_accuracy(Pair(steady, steady, paired=False, settings=Settings()))
    ).all()


def test_choosing_members_are_never_those_that_are_scored() -> None:
    """Chosen by themselves, members of one process look worse than they are: that is what halving
    is for."""
    reference, variant = null_world(6, 6, 600, 3, seed=4)
    pair = Pair(reference, variant, paired=False, settings=Settings())
    before, after = crossfitted_accuracy(pair)
    chosen = slow_chosen(pair, list(range(6)), list(range(6)))
    own = [slow_accuracy(side, list(range(6)), chosen) for side in (reference, variant)]
    assert abs(before - after) < 0.1
    assert max(own) < min(before, after)


@pytest.mark.parametrize("members", [4, 5, 7])
def test_the_split_half_count_is_that_of_a_loop(members: int) -> None:
    reference, _ = null_world(members, 2, 120, 3, seed=2)
    rng, half, counts = np.random.default_rng(9), members // 2, []
    for _ in range(SPLITS):
        order = rng.permutation(members).tolist()
        pair = Pair(reference, reference, paired=False, settings=Settings())
        counts.append(len(slow_chosen(pair, order[:half], order[half : 2 * half])))
    found = split_half_count(reference, np.random.default_rng(9))
    assert found == np.mean(counts)
    assert 0 < found < reference.N


def test_three_members_have_no_halves_to_compare() -> None:
    reference, _ = null_world(3, 2, 50, 3, seed=2)
    assert math.isnan(split_half_count(reference, np.random.default_rng(0)))


def count_of(pair: Pair) -> ExemplarCount:
    # Straight from the pair: examples that nobody answers would be refused, and the loops here know
    # them.
    settings = replace(pair.settings, draws=200)
    compared = Comparison(replace(pair, settings=settings), pair.reference, (), ())
    (found,) = audit_comparisons(pair.reference, [compared], settings).variants
    assert found.count is not None
    return found.count


@pytest.mark.parametrize("world", SEVERAL)
def test_every_number_of_the_count_is_that_of_a_loop(world: str) -> None:
    pair = pair_of(world)
    count, made, n = count_of(pair), Exemplars(pair), pair.reference.N
    every = [list(range(side.M)) for side in (pair.reference, pair.variant)]
    assert count.observed == len(slow_chosen(pair, *every))
    voted = [
        all((side.pred_MN[:, i] >= 0).any() for side in (pair.reference, pair.variant))
        for i in range(n)
    ]
    modes = [
        (slow_mode(pair.reference, every[0], i), slow_mode(pair.variant, every[1], i))
        for i in range(n)
    ]
    assert count.tied == sum(v and None in m for v, m in zip(voted, modes, strict=True))
    assert count.n_examples == n
    assert count.confirmed == sum(q <= pair.settings.fdr for q in made.q_N)
    votes = [
        [side.pred_MN[:, i].tolist() for side in (pair.reference, pair.variant)] for i in range(n)
    ]
    assert count.mean_taxicab == pytest.approx(
        oracles.mean_defined([oracles.taxicab(*v, 0) for v in votes]), abs=1e-6
    )
    assert (
        count.reference_accuracy_on_exemplars,
        count.variant_accuracy_on_exemplars,
    ) == crossfitted_accuracy(pair)


@pytest.mark.parametrize("world", SEVERAL)
def test_a_floor_lies_between_its_limits_and_a_count_within_the_examples(world: str) -> None:
    count = count_of(pair_of(world))
    assert 0 <= count.floor_low <= count.floor <= count.floor_high <= count.n_examples
    assert 0 < count.p <= 1
    assert 0 <= count.confirmed <= count.n_examples
    assert 0 < count.mean_taxicab_floor < count.mean_taxicab <= 2
    assert 0 < count.mean_taxicab_p <= 1


def test_a_floor_of_a_null_world_is_where_its_count_is() -> None:
    """A count is a number of examples, not a share: the floor of a world in which nothing happened
    is of its size."""
    reference, variant = planted_world({}, m_ref=6, m_var=6, n=400, classes=3, seed=8)
    count = count_of(Pair(reference, variant, paired=False, settings=Settings()))
    assert count.floor_low <= count.observed <= count.floor_high
    assert count.floor == pytest.approx(count.observed, rel=0.5)
