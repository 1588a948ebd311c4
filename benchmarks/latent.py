"""Populations whose truth is known: members with an ability answer examples with a difficulty.

Nothing to run here: ``null_worlds.py``, ``interval_coverage.py``, ``power.py`` and
``reference_runs.py`` draw from it. A member is right with the chance logistic(easiness of the slice
− difficulty + ability + skill on the slice + luck with the cluster). Abilities, skills, luck and
difficulties are drawn from ``NODES`` equally likely values, so an expectation over new members, or
over new examples, is a finite sum and not a simulation.

What a comparison leaves unchanged depends on what it generalises to:

examples  these models, new examples: no member has an ability of its own, so each is as often
          right in the long run
members   new members, these examples: on every example both sides have the same mean chance
both      over new examples both sides have the same mean chance; on those at hand recipes may
          differ (``recipe``)
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Literal, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import special, stats

from undertow.audit import Settings, audit
from undertow.audit.compare import comparisons
from undertow.audit.measures import accuracy
from undertow.records import Manifest, MemberEntry, Records

try:
    from undertow.audit.gather import bare_findings
except ImportError:  # Code from before.
    bare_findings = None  # type: ignore[assignment]

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]
Tail = Literal["normal", "heavy"]
Grades = Literal["", "rare losses", "rare gains"]

NODES = 201
GRID = np.linspace(-60.0, 60.0, 12_001)
"""Where curves of mean chances are known; between its points they are interpolated, which errs by
less than 1e-5."""
EASINESS, BETWEEN, DIFFICULTY = 1.2, 0.5, 1.5
"""Mean easiness, half its range over slices, spread of difficulties: an accuracy of about .72."""
COUNTS = {
    "even": (0.1,) * 10,
    "tiny": (0.006, 0.01, 0.016, 0.024, 0.04, 0.06, 0.1, 0.16, 0.24, 0.344),
}
SCOPED = "generalise_to" in Settings.__dataclass_fields__
"""Whether this code can be asked about a scope."""
NO_WORST = 1_000_000
"""As ``min_count``: no slice is large enough to be the worst, which is resampled at length and here
not asked for."""
LARGE, SMALL = 0.49, 0.01
"""A graded score rarely moves by the one (in 2 % of examples) and else by the other in return: 0 in
the mean."""


@dataclass(frozen=True)
class Spread:
    """How members of one recipe differ, in logits: overall, on each slice, with each cluster of
    examples."""

    ability: float = 0.0
    skill: float = 0.0
    luck: float = 0.0
    tail: Tail = "normal"


@dataclass(frozen=True)
class World:
    """Two recipes, their members and the examples. By default nothing but chance tells the sides
    apart."""

    name: str
    members: tuple[int, int]
    """On the two sides, runs of one model counted."""
    about: tuple[str, ...] = ("members", "both")
    """Scopes in which the variant has lost nothing while ``lost_G`` is 0."""
    spread: Spread = field(default_factory=lambda: Spread(ability=0.3, skill=0.2))
    variant_spread: Spread | None = None
    """Where it is not the reference's; mean chances are kept."""
    crossed: bool = False
    """On every other slice the sides' spreads change places."""
    recipe: float = 0.0
    """What either recipe adds on each example (cluster), for all its members alike: a difference on
    these examples, none over new ones."""
    kin: bool = False
    """Variant members go back to the reference's: the same abilities, and the same answers but for
    what follows."""
    declared: bool = True
    """The records say so, which makes pairs."""
    shift: float = 0.0
    """What each member adds to the ability that it shares with its kin."""
    redrawn: float = 0.0
    """Share of answers that each of a pair, or each run of a model, gives anew."""
    copies: tuple[int, int] = (1, 1)
    """Members that are runs of one model."""
    examples: int = 500
    shares_G: tuple[float, ...] = COUNTS["even"]
    between: float = BETWEEN
    nested: bool = False
    clusters: int = 1
    """Examples in one."""
    repeats: int = 1
    """Equal rows of each example."""
    lost_G: tuple[float, ...] = ()
    """Share of right answers that the variant gives away, by slice."""
    grades: Grades = ""
    why: str = ""
    """Why its rates may lie below the level, where the numbers do not show it."""
    stepped: str = ""
    """The same of the scope ``members`` alone."""

    @property
    def by(self) -> tuple[str, ...]:
        return ("group", "part") if self.nested else ("group",)

    @property
    def slices(self) -> int:
        return len(self.shares_G)


class Drawn(NamedTuple):
    """One audit's data: outcomes of both sides, the examples, and each side's mean chance over new
    members."""

    outcome_ref_MN: Floats
    outcome_var_MN: Floats
    slice_N: Ints
    examples: pl.DataFrame
    expected_ref_N: Floats
    expected_var_N: Floats


@lru_cache
def nodes(tail: Tail) -> Floats:
    """Equally likely values with mean 0: quantiles of a normal, or of Student's t with 2 degrees of
    freedom."""
    at = (np.arange(NODES) + 0.5) / NODES
    values: Floats = stats.norm.ppf(at) if tail == "normal" else stats.t.ppf(at, 2)
    return values


def logistic(logit: Floats) -> Floats:
    return np.asarray(special.expit(logit))


@lru_cache
def mean_curve(spread: Spread, *added: float) -> Floats:
    """Mean chance of a new member at each logit of ``GRID``; ``added`` are further normal
    scales."""
    curve = logistic(GRID)
    scales = ((spread.ability, spread.tail), (spread.skill, spread.tail), (spread.luck, "normal"))
    for scale, tail in (*scales, *((scale, "normal") for scale in added)):
        if scale:
            moved = (np.interp(GRID + scale * node, GRID, curve) for node in nodes(tail))
            curve = sum(moved, np.zeros(len(GRID))) / NODES
    return curve


def expected(logit: Floats, world: World) -> Floats:
    """Mean chance of a new reference member where the logit without its ability is this."""
    return np.interp(logit, GRID, mean_curve(world.spread, world.shift))


def easiness_G(world: World) -> Floats:
    return EASINESS + np.linspace(-world.between, world.between, world.slices)


def expected_G(world: World) -> tuple[Floats, Floats]:
    """Mean chance of new members on new examples of each slice, reference and variant."""
    logit_GK = easiness_G(world)[:, None] - DIFFICULTY * nodes("normal")
    curve = mean_curve(world.spread, world.shift, world.recipe)
    before_G = np.interp(logit_GK, GRID, curve).mean(axis=1)
    return before_G, before_G * (1 - lost_G(world))


def lost_G(world: World) -> Floats:
    return np.array(world.lost_G) if world.lost_G else np.zeros(world.slices)


def losing(world: World, points: float, slices: tuple[int, ...] | None = None) -> World:
    """The world in which the variant loses so many points on these slices (else on all), in its
    population."""
    before_G = expected_G(world)[0]
    hit = range(world.slices) if slices is None else slices
    share_G = [points / 100 / float(before_G[g]) if g in hit else 0.0 for g in range(world.slices)]
    return replace(world, lost_G=tuple(share_G))


def draw(world: World, rng: np.random.Generator) -> Drawn:
    """Examples, then models, then runs of models."""
    distinct = world.examples // world.repeats
    slice_N = np.repeat(np.arange(world.slices), counts_G(world.shares_G, distinct))
    cluster_N = clusters_N(slice_N, world.clusters)
    logit_N = (
        easiness_G(world)[slice_N]
        - DIFFICULTY * _pick(rng, "normal", cluster_N.max() + 1)[cluster_N]
    )
    logits = logit_N, logit_N
    if world.recipe:
        added = world.recipe * _pick(rng, "normal", (2, cluster_N.max() + 1))[:, cluster_N]
        logits = logit_N + added[0], logit_N + added[1]
    keeps_N = 1 - lost_G(world)[slice_N]
    before_N, after_N = expected(logits[0], world), expected(logits[1], world) * keeps_N
    if world.grades:
        sides = _graded(world, rng, distinct)
    else:
        sides = _answers(world, rng, logits, slice_N, cluster_N)
        sides = sides[0], sides[1] * (rng.random(sides[1].shape) < keeps_N)
    row = np.repeat(np.arange(distinct), world.repeats)
    frame = _frame(world, slice_N, cluster_N, row)
    return Drawn(
        sides[0][:, row], sides[1][:, row], slice_N[row], frame, before_N[row], after_N[row]
    )


def counts_G(shares_G: tuple[float, ...], examples: int) -> Ints:
    """How many examples each slice has; rounding goes to the last."""
    count_G = np.maximum(np.round(np.array(shares_G) * examples).astype(int), 1)
    count_G[-1] += examples - count_G.sum()
    return np.asarray(count_G)


def clusters_N(slice_N: Ints, size: int) -> Ints:
    """Clusters of so many examples within a slice, numbered from 0."""
    within_N = np.arange(len(slice_N)) - np.searchsorted(slice_N, slice_N)
    return np.asarray(
        np.unique(np.stack([slice_N, within_N // size]), axis=1, return_inverse=True)[1].ravel()
    )


def _pick(rng: np.random.Generator, tail: Tail, size: Any) -> Floats:
    return np.asarray(nodes(tail)[rng.integers(0, NODES, size)])


class _Models(NamedTuple):
    """What each model adds to the logit of each example, and the uniform number that decides its
    answer."""

    added_MN: Floats
    uniform_MN: Floats


def _models(
    spread: Spread, count: int, rng: np.random.Generator, slice_N: Ints, cluster_N: Ints
) -> _Models:
    added_MG = spread.skill * _pick(rng, spread.tail, (count, slice_N.max() + 1))
    added_MG = added_MG + spread.ability * _pick(rng, spread.tail, (count, 1))
    added_MN = added_MG[:, slice_N]
    if spread.luck:
        added_MN = (
            added_MN
            + spread.luck * _pick(rng, "normal", (count, cluster_N.max() + 1))[:, cluster_N]
        )
    return _Models(added_MN, rng.random(added_MN.shape))


def _answers(
    world: World,
    rng: np.random.Generator,
    logits: tuple[Floats, Floats],
    slice_N: Ints,
    cluster_N: Ints,
) -> tuple[Floats, Floats]:
    """1 where a member is right. A run gives some answers of its model anew, with the same
    chance."""
    counts = [m // c for m, c in zip(world.members, world.copies, strict=True)]
    other = world.variant_spread or world.spread
    crossed_N = (slice_N % 2 == 1) & world.crossed
    logits = _kept(world, logits[0], other, crossed_N), _kept(world, logits[1], other, ~crossed_N)
    reference = variant = _models(world.spread, counts[0], rng, slice_N, cluster_N)
    if world.crossed:
        swapped = _models(other, counts[0], rng, slice_N, cluster_N)
        reference = _models_where(crossed_N, swapped, reference)
    if not world.kin:
        variant = _models(other, counts[1], rng, slice_N, cluster_N)
    if world.crossed:
        swapped = _models(world.spread, counts[1], rng, slice_N, cluster_N)
        variant = _models_where(crossed_N, swapped, variant)
    runs = zip(logits, (reference, variant), world.members, world.copies, strict=True)
    before_MN, after_MN = (
        _runs(world, rng, logit_N, made, np.arange(m) // c) for logit_N, made, m, c in runs
    )
    return before_MN, after_MN


def _kept(world: World, logit_N: Floats, other: Spread, where_N: NDArray[np.bool_]) -> Floats:
    """Where members have the other spread, the logit at which their mean chance is the same."""
    if other == world.spread:
        return logit_N
    moved_N = np.interp(expected(logit_N, world), mean_curve(other, world.shift), GRID)
    return np.where(where_N, moved_N, logit_N)


def _models_where(where_N: NDArray[np.bool_], some: _Models, others: _Models) -> _Models:
    return _Models(*(np.where(where_N, a, b) for a, b in zip(some, others, strict=True)))


def _runs(
    world: World, rng: np.random.Generator, logit_N: Floats, made: _Models, of_M: Ints
) -> Floats:
    logit_MN, uniform_MN = logit_N + made.added_MN[of_M], made.uniform_MN[of_M]
    if world.shift:
        logit_MN = logit_MN + world.shift * _pick(rng, "normal", (len(of_M), 1))
    anew_MN = rng.random(uniform_MN.shape) < world.redrawn
    uniform_MN = np.where(anew_MN, rng.random(uniform_MN.shape), uniform_MN)
    return (uniform_MN < logistic(logit_MN)) * 1.0


def _graded(world: World, rng: np.random.Generator, examples: int) -> tuple[Floats, Floats]:
    """Scores in [0, 1]; each pair's differ by a rare large and a common small step that cancel in
    the mean."""
    base_MN = rng.uniform(LARGE, 1 - LARGE, (world.members[0], examples))
    rare_MN = rng.random((world.members[1], examples)) < SMALL / (LARGE + SMALL)
    sign = 1 if world.grades == "rare losses" else -1
    return base_MN, base_MN[: world.members[1]] + sign * np.where(rare_MN, -LARGE, SMALL)


def _frame(world: World, slice_N: Ints, cluster_N: Ints, row: Ints) -> pl.DataFrame:
    columns: dict[str, Any] = {
        "example_id": np.char.add("e", np.arange(len(row)).astype(str)),
        "group": np.char.add("g", slice_N[row].astype(str)),
    }
    if world.nested:  # The first five examples of every slice are a slice of their own.
        within_N = np.arange(len(slice_N)) - np.searchsorted(slice_N, slice_N)
        part_N = np.where(within_N < 5, " first", " rest")
        columns["part"] = np.char.add(np.char.add("p", slice_N.astype(str)), part_N)[row]
    if world.clusters > 1:
        columns["cluster"] = np.char.add("c", cluster_N[row].astype(str))
    if world.repeats > 1:
        columns["content_hash"] = np.char.add("h", row.astype(str))
    return pl.DataFrame(columns)


def as_records(world: World, drawn: Drawn) -> tuple[Records, Records]:
    """Both sides as records in memory."""
    parent = "reference" if world.kin and world.declared else None
    return (
        population("reference", drawn.outcome_ref_MN, drawn.examples, graded=bool(world.grades)),
        population(
            "variant",
            drawn.outcome_var_MN,
            drawn.examples,
            graded=bool(world.grades),
            parent=parent,
        ),
    )


def population(
    name: str,
    outcome_MN: Floats,
    examples: pl.DataFrame,
    *,
    graded: bool = False,
    parent: str | None = None,
) -> Records:
    """Records of outcomes: of two answers the first is right, or a score in [0, 1]."""
    ids = [f"m{m}" for m in range(len(outcome_MN))]
    members = tuple(MemberEntry(id=i, parent=None if parent is None else i) for i in ids)
    made = {"name": name, "classes": ("right", "wrong"), "members": members, "parent": parent}
    labelled = examples.with_columns(label=pl.lit(None if graded else 0, dtype=pl.Int32))
    if graded:
        manifest = Manifest(**made, task="generation", metric="score")
        answer_MN = np.zeros(outcome_MN.shape, dtype=np.int32)
        return Records(manifest, labelled, answer_MN, score_MN=outcome_MN.astype(np.float32))
    return Records(Manifest(**made), labelled, (1 - outcome_MN).astype(np.int32))


def settings(scope: str, **given: Any) -> Settings:
    """Settings about this scope, with nothing to look at. Code from before scopes could be chosen
    is run without."""
    return Settings(gallery=0, **given | ({"generalise_to": scope} if SCOPED else {}))


def findings(reference: Records, variant: Records, asked: Settings) -> pl.DataFrame:
    """What an audit finds about accuracy, without all that is said of it. Code from before that
    could be left out is run whole."""
    if bare_findings is None:
        return audit(reference, [variant], asked, measures=[accuracy]).findings
    (compared,) = comparisons(reference, [variant], asked)
    return bare_findings(compared.pair, [accuracy])
