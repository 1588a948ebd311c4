"""Worlds with a known drop for ``limits.py``: many replicates at once, each a slice of one pair of
populations.

Nothing to run here. A world is drawn at a true drop, in accuracy or mean score, about the scope
that it is asked about: over new examples for these models (``examples``), or over new members too
(``both``).
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]
Scope = Literal["examples", "both"]
Family = Literal["graded", "clusters", "members", "repeat runs"]

BATCH = 500
"""Replicates at once."""
LARGEST = 20
"""Examples in the largest cluster; the smallest has one, and every size is equally likely."""
RIGHT = 0.8
"""How often the reference is right where examples are alike."""
GAINED = 0.02
"""Share of examples that are gained, and lost again in the mean, where clusters differ in both."""
RUNS_DIFFER = 0.03
"""Share of answers that a repeat run gives anew."""


class LimitWorld(NamedTuple):
    """``size``: examples of a replicate, or its clusters. ``limit``: as a fraction."""

    family: Family
    kind: str
    size: int
    limit: float
    members: tuple[int, int] = (1, 1)
    paired: bool = False
    scope: Scope = "examples"

    def __str__(self) -> str:
        sides = "" if self.members == (1, 1) else f", {_sides(self)}"
        what = "clusters" if self.family == "clusters" else "examples"
        return (
            f"{self.family}: {self.kind}{sides}, {self.size} {what}, limit {100 * self.limit:g}, "
            f"{self.scope}"
        )


def _sides(world: LimitWorld) -> str:
    before, after = world.members
    if world.paired:
        return f"{before} pairs"
    return (
        f"{before} runs v {after}"
        if world.family == "repeat runs"
        else f"{before} + {after} members"
    )


class Batch(NamedTuple):
    """Outcomes of both sides over the examples of all replicates; ``cluster_N`` where examples are
    in clusters."""

    before_MN: Floats
    after_MN: Floats
    replicate_N: Ints
    cluster_N: Ints | None = None


def draw(world: LimitWorld, drop: float, rng: np.random.Generator, batch: int = BATCH) -> Batch:
    """``batch`` replicates in which exactly ``drop`` is lost in truth."""
    makers = {
        "graded": _graded,
        "clusters": _clusters,
        "members": _members,
        "repeat runs": _repeat_runs,
    }
    return makers[world.family](world, drop, rng, batch)


GRADED = ("rare total losses", "rare large losses, common gains", "common small losses", "noisy")


def _graded(world: LimitWorld, drop: float, rng: np.random.Generator, batch: int) -> Batch:
    shape = batch * world.size
    replicate_N = np.repeat(np.arange(batch), world.size)
    if world.kind == GRADED[0]:  # From .9, since scores of 0 and 1 alone would be right and wrong.
        before_N, change_N = (
            np.full(shape, 0.9),
            np.where(rng.random(shape) < drop / 0.9, -0.9, 0.0),
        )
    elif world.kind == GRADED[1]:
        before_N = np.full(shape, 0.5)
        change_N = np.where(rng.random(shape) < (drop + 0.01) / 0.5, -0.49, 0.01)
    else:
        half = world.limit if world.kind == GRADED[2] else 0.3
        before_N, change_N = np.full(shape, 0.5), rng.uniform(-half, half, shape) - drop
    return Batch(before_N[None], (before_N + change_N)[None], replicate_N)


CLUSTERS = (
    "rare clusters lose all",
    "rare large clusters lose all",
    "graded, smooth",
    "clusters lose and gain",
)


def _clusters(world: LimitWorld, drop: float, rng: np.random.Generator, batch: int) -> Batch:
    size_K = rng.integers(1, LARGEST + 1, batch * world.size)
    cluster_N = np.repeat(np.arange(len(size_K)), size_K)
    before_N: Floats = np.where(rng.random(len(cluster_N)) < RIGHT, 1.0, 0.0)
    if world.kind == CLUSTERS[2]:
        before_N = np.full(len(cluster_N), 0.5)
        after_N = (
            before_N
            - drop
            + rng.normal(0, 0.05, len(size_K))[cluster_N]
            + rng.uniform(-0.1, 0.1, len(cluster_N))
        )
    elif world.kind == CLUSTERS[3]:
        lost_K, gained_K = (
            rng.beta(2 * mean, 2 * (1 - mean), len(size_K))
            for mean in ((drop + GAINED) / RIGHT, GAINED / (1 - RIGHT))
        )
        flips_N = rng.random(len(cluster_N)) < np.where(
            before_N == 1, lost_K[cluster_N], gained_K[cluster_N]
        )
        after_N = np.where(flips_N, 1.0 - before_N, before_N)
    else:
        may_K = size_K > (LARGEST * 3 // 4 if world.kind == CLUSTERS[1] else 0)
        sizes = np.arange(1, LARGEST + 1)
        share = (
            sizes[sizes > LARGEST * 3 // 4].sum() / sizes.sum()
            if world.kind == CLUSTERS[1]
            else 1.0
        )
        loses_K = may_K & (rng.random(len(size_K)) < drop / RIGHT / share)
        after_N = np.where(loses_K[cluster_N], 0.0, before_N)
    return Batch(before_N[None], after_N[None], cluster_N // world.size, cluster_N)


MEMBERS: dict[str, tuple[Scope, ...]] = {
    "nothing gained": ("examples", "both"),
    "gains and losses": ("examples", "both"),
    "half of the members lose all of it": ("both",),
    "all members lose the same examples": ("examples", "both"),
}
"""By kind, the scopes in which the drop is known. A gate is never about members alone: a release
meets new examples."""


def _members(world: LimitWorld, drop: float, rng: np.random.Generator, batch: int) -> Batch:
    """Chances differ by example."""
    replicate_N = np.repeat(np.arange(batch), world.size)
    chance_N = rng.uniform(0.5, 1.0, batch * world.size)
    m_ref, m_var = world.members
    before_MN: Floats = rng.random((m_ref, len(chance_N)))
    after_MN: Floats = before_MN if world.paired else rng.random((m_var, len(chance_N)))
    if world.kind == "gains and losses":
        before_MN, after_MN = (_anew(side_MN, 0.05, rng) for side_MN in (before_MN, after_MN))
    part_M1 = np.ones((m_var, 1))
    if world.kind == "half of the members lose all of it":  # Each replicate has its own.
        part_M1 = np.repeat(2.0 * (rng.random((m_var, batch)) < 0.5), world.size, axis=1)
    alike = world.kind == "all members lose the same examples"
    kept_MN = rng.random((1 if alike else m_var, len(chance_N))) >= drop / 0.75 * part_M1
    return Batch((before_MN < chance_N) * 1.0, ((after_MN < chance_N) & kept_MN) * 1.0, replicate_N)


def _repeat_runs(world: LimitWorld, drop: float, rng: np.random.Generator, batch: int) -> Batch:
    """Runs of one reference model, and a variant that derives from it."""
    replicate_N = np.repeat(np.arange(batch), world.size)
    chance_N = rng.uniform(0.5, 1.0, batch * world.size)
    model_N = rng.random(len(chance_N))
    before_MN, after_MN = (
        _anew(np.broadcast_to(model_N, (runs, len(model_N))), RUNS_DIFFER, rng) < chance_N
        for runs in world.members
    )
    kept_MN = rng.random(after_MN.shape) >= drop / 0.75
    return Batch(before_MN * 1.0, (after_MN & kept_MN) * 1.0, replicate_N)


def _anew(uniform_MN: Floats, share: float, rng: np.random.Generator) -> Floats:
    return np.where(rng.random(uniform_MN.shape) < share, rng.random(uniform_MN.shape), uniform_MN)


def is_graded(world: LimitWorld) -> bool:
    return world.family == "graded" or world.kind == CLUSTERS[2]


def frame(batch: Batch) -> pl.DataFrame:
    """The examples of a batch, ``replicate`` a slice column in the order of the replicates."""
    names = [f"r{r}" for r in range(int(batch.replicate_N[-1]) + 1)]
    made = pl.DataFrame(
        {
            "example_id": pl.int_range(len(batch.replicate_N), eager=True).cast(pl.String),
            "replicate": pl.Series(np.array(names)[batch.replicate_N], dtype=pl.Enum(names)),
        }
    )
    if batch.cluster_N is None:
        return made
    return made.with_columns(pl.Series("cluster", batch.cluster_N).cast(pl.String))


def true_drop(
    world: LimitWorld, drop: float, rng: np.random.Generator, batch: int = BATCH
) -> float:
    """Mean drop over the examples of many replicates, for a check of the construction."""
    made = draw(world, drop, rng, batch)
    return float(made.before_MN.mean() - made.after_MN.mean())
