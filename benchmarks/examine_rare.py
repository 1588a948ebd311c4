"""What examine says where rare subgroups are rightly labelled, and where few labels are wrong.

    python benchmarks/examine_rare.py    # some three minutes on one core

Worlds are clouds of five classes in 20 coordinates that hardly overlap. Of each class a part may
lie beside another class's centre, told from it by a coordinate of its own: a rare subgroup, rightly
labelled. Networks learn them as in ``examine_overlapping.py``, and each row sums up several seeds,
since lists are short where few labels are wrong.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from examine_overlapping import MEMBERS, PLANTED, changed, looked_at
from numpy.typing import NDArray

from undertow.audit.examined.examine import Examined

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]
Mask = NDArray[np.bool_]

CLASSES, COORDINATES, OUT, SEEDS = 5, 20, 4.0, 10
HEAD = (
    "| of each class beside another | wrong | planted | wrong besides | list | of it wrong | "
    "precision stated | true | of the list rare and right |\n" + "|---" * 9 + "|"
)


class World(NamedTuple):
    """The share of examples that lie beside another class's centre, how far off in their own
    coordinate, and the share of labels that are wrong."""

    rare: float
    apart: float
    wrong: float
    examples: int = 2000


WORLDS = (
    World(0.04, 1.5, 0.0),
    World(0.04, 1.5, 0.05),
    World(0.05, 4.0, 0.003),
    World(0.05, 4.0, 0.01),
    *(World(0.0, 0.0, wrong) for wrong in (0.0, 0.003, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1)),
)


class Row(NamedTuple):
    """Counts of one examination, to be summed: ``stated`` is precision times the list."""

    planted: int
    wrong: int
    listed: int
    hits: int
    stated: float
    rare: int


def clouds(world: World, seed: int) -> tuple[Floats, Ints, Mask]:
    """Examples, their classes, and which are of a rare subgroup."""
    rng = np.random.default_rng([seed, 5])
    centre_CD = rng.normal(size=(CLASSES, COORDINATES))
    centre_CD *= OUT / np.linalg.norm(centre_CD, axis=1, keepdims=True)
    true_N = rng.integers(0, CLASSES, world.examples)
    rare_N = rng.random(world.examples) < world.rare
    at_ND = centre_CD[np.where(rare_N, (true_N + 2) % CLASSES, true_N)]
    own_N = np.where(rare_N, world.apart, 0) + rng.normal(0, 0.3, world.examples)
    return np.column_stack([at_ND + rng.normal(size=at_ND.shape), own_N]), true_N, rare_N


def rows_of(world: World, seed: int) -> tuple[Row, Row]:
    """Alone, and with known wrong labels planted on top."""
    x_ND, true_N, rare_N = clouds(world, seed)
    rng = np.random.default_rng([seed, 6])
    given_N = changed(true_N, world.wrong, rng)
    rows = []
    for planted in (0.0, PLANTED):
        label_N = changed(given_N, planted, rng)
        known_N = label_N != given_N
        found = looked_at(x_ND, label_N, known_N, seed * MEMBERS)
        rows.append(_counted(found, known_N, (given_N != true_N) & ~known_N, rare_N))
    return rows[0], rows[1]


def _counted(found: Examined, known_N: Mask, wrong_N: Mask, rare_N: Mask) -> Row:
    listed_N = (found.verdict_N == "likely mislabelled") & ~known_N
    listed = int(listed_N.sum())
    stated = listed * found.expected[0].value if found.expected and listed else 0.0
    hits, rare = int((listed_N & wrong_N).sum()), int((listed_N & rare_N & ~wrong_N).sum())
    return Row(int(known_N.sum()), int(wrong_N.sum()), listed, hits, stated, rare)


def summed(world: World, rows: list[Row]) -> str:
    """In Markdown."""
    planted, wrong, listed, hits, stated, rare = (sum(each) for each in zip(*rows, strict=True))
    cells = [
        f"{100 * world.rare:g} %, {world.apart:g} off" if world.rare else "none",
        f"{100 * world.wrong:g} %",
        f"{planted}" if planted else "no",
        f"{wrong:,}",
        f"{listed:,}",
        f"{hits:,}",
        f"{100 * stated / listed:.1f}" if listed else "–",
        f"{100 * hits / listed:.1f}" if listed else "–",
        f"{rare:,}",
    ]
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    print(HEAD)
    for each in WORLDS:
        alone, calibrated = zip(*(rows_of(each, seed) for seed in range(SEEDS)), strict=True)
        print(summed(each, list(alone)), summed(each, list(calibrated)), sep="\n", flush=True)
