"""Two populations at ImageNet's size, planted: what ``benchmarks/scale.py`` audits.

Every example has a difficulty, its label and seven rival classes that are near its label (a class
has few neighbours it is confused with). A member's logit of a candidate is the example's own, plus
noise of its own per example, plus a leaning of its own per class. So members agree on easy examples
and split on hard ones over two to six labels, as networks that differ in their seed do. The variant
is noisier throughout, and loses logit on the labels of every twentieth class: those classes pay.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.records import Manifest, PopulationWriter

CANDIDATES = 8
NEIGHBOURS = 12
REST = 0.02
"""Probability that a member leaves to the classes that are no candidates."""


@dataclass(frozen=True)
class World:
    """Sizes and seed; the populations are a pure function of them."""

    members: int = 30
    examples: int = 50_000
    classes: int = 1_000
    seed: int = 0
    noise: float = 0.75
    """Standard deviation of a member's own logit noise, where logits of an example spread by about
    2."""
    variant_noise: float = 0.85
    leaning: float = 0.25
    damage: float = 1.0
    """Logit that the variant loses on the labels of damaged classes."""

    @property
    def damaged(self) -> NDArray[np.intp]:
        """Every twentieth class, at least one."""
        return np.arange(0, self.classes, 20)


@dataclass(frozen=True, eq=False)
class _Examples:
    label_N: NDArray[np.int64]
    candidate_NK: NDArray[np.int64]
    """The label first, then rivals."""
    logit_NK: NDArray[np.float32]


def make_world(world: World, folder: Path) -> tuple[Path, Path]:
    """Write ``reference`` and ``variant`` under ``folder``, or find them there; returns both
    folders."""
    examples = _examples(world)
    return tuple(
        _population(world, examples, folder / name, name) for name in ("reference", "variant")
    )  # type: ignore[return-value]


def _examples(world: World) -> _Examples:
    rng = np.random.default_rng([world.seed, 0])
    n, classes, k = world.examples, world.classes, min(CANDIDATES, world.classes)
    label_N = rng.permutation(np.arange(n) % classes)
    near_CK = np.stack(
        [rng.permutation(np.delete(np.arange(classes), c))[:NEIGHBOURS] for c in range(classes)]
    )
    rival_NK = rng.permuted(near_CK[label_N], axis=1)[:, : k - 1]
    easiness_N = rng.normal(1.7, 3.0, size=n)
    rival_logit_NK = -np.cumsum(rng.exponential(0.9, size=rival_NK.shape), axis=1)
    logit_NK = np.column_stack([easiness_N, rival_logit_NK]).astype(np.float32)
    return _Examples(label_N, np.column_stack([label_N, rival_NK]), logit_NK)


def _population(world: World, examples: _Examples, folder: Path, name: str) -> Path:
    ids = [f"val_{i:08d}" for i in range(world.examples)]
    table = pl.DataFrame({"example_id": ids, "label": examples.label_N.astype(np.int32)})
    plan = Manifest(
        name=name,
        classes=tuple(f"class {c:04d}" for c in range(world.classes)),
        members=(),
        recipe={"world": repr(world)},
        interventions=() if name == "reference" else ("Planted()",),
    )
    writer = PopulationWriter(folder, plan, table, members=world.members)
    for m in range(world.members):
        if f"m{m:02d}" not in writer.done_members():
            proba_NC = _probabilities(world, examples, name, m)
            writer.write_member(
                f"m{m:02d}", proba_NC.argmax(axis=1), proba_NC, seeds={"world": world.seed}
            )
    writer.finish()
    return folder


def _probabilities(
    world: World, examples: _Examples, name: str, member: int
) -> NDArray[np.float32]:
    """One member's class probabilities (N, C)."""
    variant = name == "variant"
    rng = np.random.default_rng([world.seed, 1, int(variant), member])
    spread = world.variant_noise if variant else world.noise
    leaning_C = rng.normal(0.0, world.leaning, size=world.classes)
    logit_NK = examples.logit_NK + rng.normal(0.0, spread, size=examples.logit_NK.shape)
    logit_NK += leaning_C[examples.candidate_NK]
    if variant:
        logit_NK[np.isin(examples.label_N, world.damaged), 0] -= world.damage
    return _softmax(logit_NK, examples.candidate_NK, world.classes)


def _softmax(
    logit_NK: NDArray[Any], candidate_NK: NDArray[np.int64], classes: int
) -> NDArray[np.float32]:
    mass_NK = np.exp(logit_NK - logit_NK.max(axis=1, keepdims=True))
    mass_NK *= (1 - REST) / mass_NK.sum(axis=1, keepdims=True)
    proba_NC = np.full((len(mass_NK), classes), REST / classes, dtype=np.float32)
    at = np.arange(len(mass_NK))[:, None]
    proba_NC[at, candidate_NK] += mass_NK.astype(np.float32)
    return proba_NC
