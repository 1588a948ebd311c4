"""How often the largest spread of a class lies inside its null where no class moves by itself, how
often outside where one does, and how often limits of what members differ by hold the truth.

    python benchmarks/tooling.py --audits 2000 --out docs/tooling.md

Ten members answer examples rightly with probability p of the example, which is drawn from a beta
distribution with most of its weight near 0 and 1. In log odds members may have a quality of their
own, and each class may move in each member. The last two are no nulls of independent errors, and
the last one none of the same accuracies.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.special import expit, logit

from undertow.audit.stats.components import Estimate
from undertow.audit.stats.member_pairs import pair_mean, pair_mean_ratio
from undertow.audit.stats.member_spread import spread, spread_ratio, spread_ratio_of_any
from undertow.audit.stats.true_spread import true_variance
from undertow.study.tooling.nulls import NULLS
from undertow.study.tooling.parts import beside, largest, part_spreads

Floats = NDArray[np.floating[Any]]

MEMBERS, DRAWS, OTHERS, RESAMPLED = 10, 39, 300, 600
EVEN = 0.8
"""The two parameters of p's distribution together: below 2, and it is U-shaped."""


class World(NamedTuple):
    """K classes of n examples at a mean accuracy; how members' log odds spread, on the whole and by
    class."""

    classes: int
    each: int
    accuracy: float
    quality: float = 0.0
    by_class: float = 0.0

    @property
    def membership_GN(self) -> sp.csr_array:
        """Which examples each class has."""
        n = self.classes * self.each
        class_N = np.repeat(np.arange(self.classes), self.each)
        return sp.csr_array((np.ones(n, np.float32), (class_N, np.arange(n))))

    def chances(self, n: int, rng: np.random.Generator) -> Floats:
        """Log odds of n examples."""
        p_N = rng.beta(self.accuracy * EVEN, (1 - self.accuracy) * EVEN, n)
        return np.asarray(logit(np.clip(p_N, 1e-9, 1 - 1e-9)))

    def draw(self, rng: np.random.Generator, members: int = MEMBERS) -> Floats:
        """What members get right (M, N)."""
        odds_N = self.chances(self.classes * self.each, rng)
        quality_M1 = self.quality * rng.normal(size=(members, 1))
        by_class_MC = self.by_class * rng.normal(size=(members, self.classes))
        odds_MN = odds_N + quality_M1 + np.repeat(by_class_MC, self.each, axis=1)
        return (rng.random(odds_MN.shape) < expit(odds_MN)).astype(np.float32)


NULL_WORLDS = (World(10, 1000, 0.9), World(100, 100, 0.73))
MOVED = (
    *((0.05, 0.0), (0.1, 0.0)),
    *((0.0, 0.1), (0.0, 0.2), (0.0, 0.3)),
    *((0.1, 0.1), (0.1, 0.2), (0.1, 0.3)),
)
"""Quality and movement by class."""


def inside(world: World, audits: int) -> list[str]:
    """Of null audits the share whose ratio lies inside each null, with the medians of limits."""
    rng, found = np.random.default_rng([1, world.classes]), []
    for audit in range(audits):
        each = largest(
            world.draw(rng), world.membership_GN, ["class"] * world.classes, DRAWS, audit
        )
        found.append([each[name]["class"].ratio for name in NULLS])
    rows = []
    for null, name in enumerate(NULLS):
        shares = np.mean([row[null].inside for row in found])
        middle = np.median([row[null].middle for row in found])
        rows.append(f"| {title(world)} | {name} | {middle:.1f} | {shares:.4f} | {audits} |")
    return rows


def title(world: World) -> str:
    """Of a row."""
    return f"{world.classes} × {world.each:,}, {100 * world.accuracy:.0f} %"


def estimated(world: World, audits: int) -> list[str]:
    """The same of nulls that estimate p: by the share of members that are right, and by a draw from
    its posterior under a uniform prior and under that from which p was drawn."""
    rng, held = np.random.default_rng([2, world.classes]), np.zeros((audits, 3))
    own = EVEN * world.accuracy, EVEN * (1 - world.accuracy)
    for audit in range(audits):
        right_MN = world.draw(rng)
        count_N, members = right_MN.sum(axis=0), len(right_MN)
        for way, prior in enumerate([None, (1.0, 1.0), own]):
            ratio_D = np.empty(DRAWS)
            for d in range(DRAWS):
                p_N = (
                    count_N / members
                    if prior is None
                    else rng.beta(count_N + prior[0], members - count_N + prior[1])
                )
                drawn_MN = (rng.random(right_MN.shape) < p_N).astype(np.float32)
                ratio_D[d] = part_spreads(drawn_MN, world.membership_GN).ratio_G.max()
            seen = float(part_spreads(right_MN, world.membership_GN).ratio_G.max())
            held[audit, way] = beside(seen, ratio_D).inside
    names = ("share right", "posterior, uniform prior", "posterior, true prior")
    return [
        f"| {title(world)} | p by {name} | | {share:.4f} | {audits} |"
        for name, share in zip(names, held.mean(axis=0), strict=True)
    ]


def power(world: World, audits: int) -> str:
    """How often the ratio lies above and below each null, and how often the largest spread alone
    lies above that of independent errors."""
    rng, found = np.random.default_rng([3, world.classes]), []
    for audit in range(audits):
        each = largest(
            world.draw(rng), world.membership_GN, ["class"] * world.classes, DRAWS, audit
        )
        ratios = [each[name]["class"].ratio for name in NULLS]
        found.append([x for r in ratios for x in (r.value > r.high, r.value < r.low)])
    shares = " | ".join(f"{share:.2f}" for share in np.mean(found, axis=0))
    moved = f"{world.quality:g} | {world.by_class:g}"
    return f"| {world.classes} × {world.each:,} | {moved} | {shares} | {audits} |"


DISTRIBUTIONS: dict[str, Callable[[np.random.Generator, int], Floats]] = {
    "normal": lambda rng, m: rng.normal(size=m),
    "t, 5 df": lambda rng, m: rng.standard_t(5, size=m),
    "exponential": lambda rng, m: rng.exponential(size=m),
    "one in 20 lower by 4": lambda rng, m: rng.normal(size=m) - 4 * (rng.random(m) < 0.05),
}


def spreads(name: str, audits: int) -> str:
    """How often limits hold a standard deviation and a ratio of two."""
    rng, of = np.random.default_rng(4), DISTRIBUTIONS[name]
    truth, held = float(of(rng, 1_000_000).std()), []
    for _ in range(audits):
        one, two = of(rng, MEMBERS), of(rng, MEMBERS)
        rows_DM = rng.integers(0, MEMBERS, (2, RESAMPLED, MEMBERS))
        drawn = [x[i].std(axis=1, ddof=1) for x, i in zip((one, two), rows_DM, strict=True)]
        low, high = np.quantile(drawn[0] / np.maximum(drawn[1], 1e-12), [0.025, 0.975])
        limits = (
            (spread(one), truth),
            (spread_ratio(one, two), 1.0),
            (spread_ratio_of_any(one, two), 1.0),
            (Estimate(1.0, float(low), float(high)), 1.0),
        )
        held.append([holds(found, true) for found, true in limits])
    return f"| {name} | {' | '.join(f'{s:.3f}' for s in np.mean(held, axis=0))} | {audits} |"


def holds(found: Estimate, truth: float) -> bool:
    """Whether limits hold it."""
    return found.low <= truth <= found.high


TRUE_WORLDS = (
    World(10, 100, 0.73),
    World(10, 100, 0.73, 0.05),
    World(10, 100, 0.73, 0.1),
    World(10, 100, 0.73, 0.3),
    World(10, 500, 0.9, 0.05),
    World(10, 30, 0.73, 0.2),
    World(10, 100, 0.73, 0.1, 0.2),
)


def true_spread_of(world: World) -> float:
    """Of members on endless examples, whose classes have equal shares."""
    rng = np.random.default_rng(5)
    odds_K, shift_X = world.chances(100_000, rng), np.linspace(-2, 2, 81)
    quality_X = np.array([expit(odds_K + shift).mean() for shift in shift_X])
    moves_MC = world.quality * rng.normal(size=(100_000, 1)) + world.by_class * rng.normal(
        size=(100_000, world.classes)
    )
    return float(np.interp(moves_MC, shift_X, quality_X).mean(axis=1).std())


def true_row(world: World, audits: int) -> str:
    """How often limits of the variance hold the true one, and its mean over the truth."""
    rng, truth = np.random.default_rng(6), true_spread_of(world) ** 2
    found = [true_variance(world.draw(rng)) for _ in range(audits)]
    held = np.mean([holds(each, truth) for each in found])
    mean = float(np.mean([each.value for each in found]))
    signed = np.sign(mean) * np.sqrt(abs(mean))
    moved = f"{world.quality:g} | {world.by_class:g}"
    cells = f"{world.classes * world.each:,} | {moved} | {truth**0.5:.4f} | {signed:.4f}"
    return f"| {cells} | {held:.3f} | {audits} |"


PAIR_WORLDS = ((10, 0.0), (10, 0.1), (10, 0.5), (5, 0.1), (30, 0.1), (10, 2.0), (5, 2.0))
"""Members, and how their log odds spread."""


def pair_row(members: int, quality: float, audits: int) -> str:
    """How often the jackknife's limits hold the mean over pairs of new members on the same
    examples, and the ratio of two populations'."""
    world, rng = World(10, 100, 0.73), np.random.default_rng([7, members])
    odds_N = world.chances(1000, rng)

    def disagreement(m: int) -> Floats:
        odds_MN = odds_N + quality * rng.normal(size=(m, 1))
        right_MN = (rng.random(odds_MN.shape) < expit(odds_MN)).astype(np.float64)
        agree_MM = right_MN @ right_MN.T + (1 - right_MN) @ (1 - right_MN).T
        return np.asarray(1 - agree_MM / len(odds_N))

    truth, held = pair_mean(disagreement(4000)).value, []
    for _ in range(audits):
        one, two = (pair_mean(disagreement(members)) for _ in "ab")
        held.append([holds(one.limits(), truth), holds(pair_mean_ratio(one, two), 1.0)])
    shares = " | ".join(f"{share:.3f}" for share in np.mean(held, axis=0))
    return f"| {members} | {quality:g} | {shares} | {audits} |"


def page(audits: int) -> Iterator[str]:
    """All of it, line by line."""
    yield "# Measures of how members differ: how often limits and nulls hold\n"
    yield f"`python benchmarks/tooling.py --audits {audits}`\n"
    yield (
        f"Ten members; p of an example from Beta({EVEN} a, {EVEN} (1 − a)) at accuracy a. Nulls "
        f"have {DRAWS} draws, of which the\nleast and the largest are their 95 % limits.\n"
    )
    yield "## The largest ratio of a class's spread where no class moves\n"
    yield "| classes × examples | null | median | inside | audits |\n|---|---|---|---|---|"
    for world in NULL_WORLDS:
        yield from inside(world, audits)
        yield from estimated(world, min(audits, OTHERS))
    yield "\n## Where members differ as wholes (quality), or classes move\n"
    yield (
        "Standard deviations in log odds. Shares of audits whose ratio lies above and below the "
        "null of independent errors,\nand that of the same accuracies. The first does not find "
        "classes that move: they move the overall accuracy as much.\n"
    )
    yield (
        "| classes × examples | quality | by class | independent: above | below | same accuracies: "
        "above | below | audits |\n" + "|---" * 8 + "|"
    )
    for world in NULL_WORLDS:
        for quality, by_class in MOVED:
            moved = world._replace(quality=quality, by_class=by_class)
            yield power(moved, max(audits // 20, 2))
    yield "\n## Standard deviations of ten members\n"
    yield (
        "| values | χ² of one | F of two | jackknife of two | resampled | audits |\n"
        + "|---" * 6
        + "|"
    )
    for name in DISTRIBUTIONS:
        yield spreads(name, audits)
    yield "\n## The true variance\n"
    yield "The root of its mean estimate beside the true standard deviation.\n"
    yield (
        "| examples | quality | by class | true | estimated | held | audits |\n" + "|---" * 7 + "|"
    )
    for world in TRUE_WORLDS:
        yield true_row(world, audits)
    yield "\n## A mean over pairs\n"
    yield "| members | quality | mean held | ratio held | audits |\n" + "|---" * 5 + "|"
    for members, quality in PAIR_WORLDS:
        yield pair_row(members, quality, audits)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--audits", type=int, default=2000)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    lines = []
    for line in page(asked.audits):
        print(line, flush=True)
        lines.append(line)
    if asked.out:
        asked.out.write_text("\n".join(lines) + "\n", encoding="utf-8")
