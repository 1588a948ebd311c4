"""How often the gate's ``max_drop`` passes, and fails, a model that lost exactly the limit; and
what it sees.

    python benchmarks/limits.py --draws 20000 --out docs/limits.md
    python benchmarks/limits.py --draws 20000 --world clusters

Right or wrong, one model a side: exact, by summing over the counts of lost and gained examples
(``EXACT``). All else is drawn, ``BATCH`` replicates at once as slices of one pair of populations,
and decided by the rule itself; one replicate of each batch is put through the whole gate, alone, as
well.
"""

from __future__ import annotations

import argparse
import zlib
from collections.abc import Iterator
from math import ceil
from pathlib import Path
from typing import Any, NamedTuple

import cells
import latent
import limit_worlds
import numpy as np
from limit_worlds import BATCH, CLUSTERS, GRADED, MEMBERS, Batch, LimitWorld
from numpy.typing import NDArray
from scipy import stats

from undertow.audit.compare import comparisons
from undertow.audit.gate import Policy, gate
from undertow.audit.gate.evidence import Evidence
from undertow.audit.gate.rules.max_drop import MaxDrop
from undertow.audit.stats import mcnemar
from undertow.records import Records

Floats = NDArray[np.floating[Any]]
Bools = NDArray[np.bool_]

LEVEL, HONEST = 0.05, 0.055
LIMITS = (0.005, 0.01, 0.02, 0.05)
CHANGED = (0.01, 0.05, 0.20)
"""Discordances at which power is shown."""
GRID = 48
"""Discordances from the limit to the largest at which errors are looked for."""
EXACT = {
    30: 0.5,
    40: 0.5,
    50: 0.5,
    100: 0.3,
    150: 0.3,
    200: 0.3,
    300: 0.3,
    500: 0.3,
    1000: 0.25,
    2000: 0.1,
}
EXACT |= {5000: 0.06, 10_000: 0.06}
"""Examples, and the largest discordance: beyond it the counts are many and the limits normal."""


# What is measured: three adapters.


def exact_limits(lost: Floats, gained: Floats, n: int) -> tuple[Floats, Floats]:
    """The limits that the gate takes for right and wrong answers of one model a side, by counts:
    Tango's, which were not corrected for continuity before. ``gate same`` is 0 where the gate takes
    others."""
    corrected = {"correction": mcnemar.HALF} if hasattr(mcnemar, "HALF") else {}
    return mcnemar.paired_interval(lost, gained, n, 2 * LEVEL, **corrected)


def decided(reference: Records, variant: Records, limit: float, scope: str) -> list[str]:
    """The rule's outcome on every slice value of ``replicate``."""
    (compared,) = comparisons(reference, [variant], latent.settings(scope, by=("replicate",)))
    rule = MaxDrop(points=100 * limit, on="replicate")
    return [d.outcome for d in rule.decide(Evidence(compared.pair), LEVEL, Path())]


def gated(reference: Records, variant: Records, limit: float, scope: str) -> str:
    """The same of the whole, by the public function."""
    policy = Policy(rules=(MaxDrop(points=100 * limit),), level=LEVEL, max_gain=100)
    found = gate(reference, [variant], policy, latent.settings(scope, draws=100))
    return next(d.outcome for d in found.decisions if d.rule == "max_drop")


# The worlds.


class Exact(NamedTuple):
    """One cell that is summed."""

    n: int
    limit: float


def drawn_worlds() -> Iterator[LimitWorld]:
    for limit in LIMITS:
        for kind in GRADED:
            yield from (LimitWorld("graded", kind, n, limit) for n in (2, 5, 10, 50, 200))
    for limit in LIMITS[1:]:
        for kind in CLUSTERS:
            yield from (LimitWorld("clusters", kind, n, limit) for n in (10, 20, 50, 200))
        yield from (
            LimitWorld("repeat runs", "3 % noise", n, limit, (k, 1))
            for k in (2, 3)
            for n in (50, 200)
        )
    designs = ((2, 30, True), (3, 30, True), (8, 100, True), (3, 100, False), (8, 100, False))
    for limit in LIMITS[1:]:
        for members, n, paired in designs:
            for kind, scopes in MEMBERS.items():
                for scope in scopes:
                    yield LimitWorld("members", kind, n, limit, (members, members), paired, scope)


def every_cell() -> dict[str, LimitWorld | Exact]:
    exact = {
        f"exact: {n:,} examples, limit {100 * limit:g}": Exact(n, limit)
        for n in EXACT
        for limit in LIMITS
    }
    return {**exact, **{str(world): world for world in drawn_worlds()}}


def one(cell: LimitWorld | Exact, index: int) -> dict[str, float]:
    """A batch of replicates at the limit and one where nothing was lost; or all that is summed."""
    if isinstance(cell, Exact):
        return summed(cell)
    rng = np.random.default_rng([zlib.crc32(str(cell).encode()), index])
    at_limit = _tried(cell, limit_worlds.draw(cell, cell.limit, rng))
    unharmed = _tried(cell, limit_worlds.draw(cell, 0.0, rng))
    lone = limit_worlds.draw(cell, cell.limit, rng, 1)
    sides = as_records(cell, lone)
    alone = gated(*sides, cell.limit, cell.scope)
    return {
        **at_limit,
        "power": unharmed["pass"],
        "classical power": unharmed["classical pass"],
        "gate pass": float(alone == "pass"),
        "gate same": float(alone == decided(*sides, cell.limit, cell.scope)[0]),
    }


def _tried(world: LimitWorld, batch: Batch) -> dict[str, float]:
    outcomes = np.array(decided(*as_records(world, batch), world.limit, world.scope))
    low_R, high_R = classical(world, batch)
    return {
        "pass": float((outcomes == "pass").mean()),
        "fail": float((outcomes == "fail").mean()),
        "classical pass": float((low_R > -world.limit).mean()),
        "classical fail": float((high_R < -world.limit).mean()),
    }


def as_records(world: LimitWorld, batch: Batch) -> tuple[Records, Records]:
    examples, graded = limit_worlds.frame(batch), limit_worlds.is_graded(world)
    parent = "reference" if world.paired else None
    return (
        latent.population("reference", batch.before_MN, examples, graded=graded),
        latent.population("variant", batch.after_MN, examples, graded=graded, parent=parent),
    )


def classical(world: LimitWorld, batch: Batch) -> tuple[Floats, Floats]:
    """One-sided limits per replicate: Student over examples, CR1 over clusters; over members
    Student's or Welch's."""
    about = _over_examples if world.scope == "examples" else _over_members
    effect_R, square_R, freedom_R = about(world, batch)
    half_R = stats.t.isf(LEVEL, np.maximum(freedom_R, 1)) * np.sqrt(square_R)
    return effect_R - half_R, effect_R + half_R


def _over_examples(world: LimitWorld, batch: Batch) -> tuple[Floats, Floats, Floats]:
    change_N = batch.after_MN.mean(axis=0) - batch.before_MN.mean(axis=0)
    unit_N = np.arange(len(change_N)) if batch.cluster_N is None else batch.cluster_N
    of_K = batch.replicate_N[np.searchsorted(unit_N, np.arange(unit_N[-1] + 1))]
    total_K, count_K = np.bincount(unit_N, change_N), np.bincount(unit_N)
    n_R, units_R = np.bincount(batch.replicate_N), np.bincount(of_K)
    effect_R = np.bincount(of_K, total_K) / n_R
    residual_R = np.bincount(of_K, (total_K - effect_R[of_K] * count_K) ** 2)
    return effect_R, residual_R * units_R / (units_R - 1) / n_R**2, units_R - 1.0


def _over_members(world: LimitWorld, batch: Batch) -> tuple[Floats, Floats, Floats]:
    sides = [
        v.reshape(len(v), -1, world.size).mean(axis=2) for v in (batch.before_MN, batch.after_MN)
    ]
    effect_R = sides[1].mean(axis=0) - sides[0].mean(axis=0)
    m = world.members[0]
    if world.paired:
        return (
            effect_R,
            (sides[1] - sides[0]).var(axis=0, ddof=1) / m,
            np.full(len(effect_R), m - 1),
        )
    squares = [side.var(axis=0, ddof=1) / m for side in sides]
    square_R = squares[0] + squares[1]
    with np.errstate(invalid="ignore"):
        freedom_R = np.nan_to_num(
            square_R**2 / ((squares[0] ** 2 + squares[1] ** 2) / (m - 1)), nan=2.0 * (m - 1)
        )
    return effect_R, square_R, freedom_R


# Right and wrong of one model a side: summed.


def summed(cell: Exact) -> dict[str, float]:
    """Chances of passing and failing at the limit, the largest over discordances, and of passing
    where nothing was lost; of the gate's limits and of Tango's score test. Counts rarer than 1e-9
    together are left out."""
    n, limit = cell
    most = int(stats.binom.isf(1e-9, n, EXACT[n]))
    lost, gained = (
        side.ravel().astype(float) for side in np.meshgrid(np.arange(most + 1), np.arange(most + 1))
    )
    kept = lost + gained <= min(most, n)
    lost, gained = lost[kept], gained[kept]
    low, high = exact_limits(lost, gained, n)
    score = tango(lost, gained, n, limit)
    z = stats.norm.isf(LEVEL)
    tests = {
        "pass": low > -limit,
        "fail": high < -limit,
        "classical pass": score > z,
        "classical fail": score < -z,
    }
    made = dict.fromkeys(tests, 0.0)
    for discordance in np.geomspace(limit, EXACT[n], GRID):
        mass = chances(lost, gained, n, discordance, limit)
        for name, test in tests.items():
            chance = float(mass[test].sum())
            if chance > made[name]:
                made |= {name: chance, f"{name} at": float(discordance)}
    for discordance in (d for d in CHANGED if d <= EXACT[n]):
        mass = chances(lost, gained, n, discordance, 0.0)
        made[f"power {discordance:g}"] = float(mass[tests["pass"]].sum())
        made[f"classical power {discordance:g}"] = float(mass[tests["classical pass"]].sum())
    return made | {"gate same": _same_by_rule(cell, lost, gained, tests)}


def chances(lost: Floats, gained: Floats, n: int, discordance: float, drop: float) -> Floats:
    """Of each pair of counts, where so many examples change and the drop is this."""
    rates = (discordance + drop) / 2, (discordance - drop) / 2
    changed = stats.binom.logpmf(lost + gained, n, discordance)
    return np.asarray(
        np.exp(changed + stats.binom.logpmf(lost, lost + gained, rates[0] / discordance))
    )


def tango(lost: Floats, gained: Floats, n: int, limit: float) -> Floats:
    """z of Tango's (1998) score test of a drop of exactly ``limit``; beyond ±1.645 the drop is
    smaller, or larger."""
    delta = -limit
    linear = -lost - gained + (2 * n - gained + lost) * delta
    constant = -lost * delta * (1 - delta)
    rate = (np.sqrt(np.maximum(linear**2 - 8 * n * constant, 0)) - linear) / (4 * n)
    variance = n * (2 * rate + delta * (1 - delta))
    numerator = gained - lost - n * delta
    infinite = np.where(np.abs(numerator) < 1e-9, 0.0, np.copysign(np.inf, numerator))
    return np.divide(
        numerator, np.sqrt(np.maximum(variance, 0)), out=infinite, where=variance > 1e-12
    )


def _same_by_rule(cell: Exact, lost: Floats, gained: Floats, tests: dict[str, Bools]) -> float:
    """Whether the rule decides as ``exact_limits`` says, on the four counts around where it begins
    to pass, and to fail, with few changes and with many."""
    n, limit = cell
    at = []
    for test in (tests["pass"], tests["fail"]):
        for few in (0.0, float(round(0.02 * n))):
            line = np.flatnonzero(gained == few)
            change = np.flatnonzero(np.diff(test[line].astype(int)))
            at += [line[c + side] for c in change[:1] for side in (0, 1)]
    counts = [(int(lost[i]), int(gained[i])) for i in at]
    said = [
        "pass" if tests["pass"][i] else "fail" if tests["fail"][i] else "cannot tell" for i in at
    ]
    return float(decided(*counted(counts, n), limit, "examples") == said) if counts else 1.0


def counted(counts: list[tuple[int, int]], n: int) -> tuple[Records, Records]:
    """One model a side with so many lost and gained of ``n`` on each slice value of
    ``replicate``."""
    before_N, after_N = np.ones((len(counts), n)), np.ones((len(counts), n))
    for r, (lost, gained) in enumerate(counts):
        after_N[r, :lost] = 0
        before_N[r, lost : lost + gained] = 0
    batch = Batch(
        before_N.reshape(1, -1), after_N.reshape(1, -1), np.repeat(np.arange(len(counts)), n)
    )
    examples = limit_worlds.frame(batch)
    return tuple(
        latent.population(name, side, examples)
        for name, side in zip(("a", "b"), batch[:2], strict=True)
    )  # type: ignore[return-value]


# The page.


def page(kept: cells.Kept, before: cells.Kept) -> str:
    """``docs/limits.md``."""
    worlds = list(dict.fromkeys(drawn_worlds()))
    sections = [
        ("Graded outcomes, one model a side", "graded", "Student's t over examples"),
        ("Examples in clusters of 1 to 20, one model a side", "clusters", "CR1"),
        (
            "Several members a side",
            "members",
            "Student's t over pairs, else Welch; about examples, Student's over the members' means",
        ),
        (
            "Repeat runs of the reference beside one variant",
            "repeat runs",
            "Student's t on the mean of the runs",
        ),
    ]
    parts = [
        f"## {title}\n\n*Classical*: "
        f"{other}.\n\n{drawn_table([w for w in worlds if w.family == family], kept, before)}"
        for title, family, other in sections
    ]
    joined = "\n\n".join(parts)
    return f"""# How often `max_drop` errs at its limit, and what it sees

Generated by `{cells.command()}`. Do not edit.

A model that lost exactly the limit should be passed, and should be failed, at most {LEVEL:.0%} of the time: at the
limit neither is shown. *Before → now*. What is drawn has {draws(kept)} draws a cell (before: {draws(before)}); a true
.05 has a standard error of .0015 in 20,000. *Power*: passes where nothing was lost; beside it the classical limits', in
brackets where these pass more than {cells.bare(HONEST)} at the limit, since then they have none to compare.

{verdicts(kept)}

## Right and wrong, one model a side

Summed over all counts, not drawn: the largest chance over {GRID} discordances (share of examples that are right in one
model and wrong in the other) from the limit to the largest; the discordance stands beside it. Classical: Tango's score
test. Power at {", ".join(f"{100 * d:g} %" for d in CHANGED)} changed: now · classical.

{exact_table(kept, before)}

{near_identical()}

{joined}
"""


def draws(kept: cells.Kept) -> str:
    """Of the cells that are drawn."""
    batches = {key: figures for key, figures in kept.items() if not key.startswith("exact")}
    return cells.origin(
        {key: f._replace(replicates=f.replicates * BATCH) for key, f in batches.items()}
    )


def exact_table(kept: cells.Kept, before: cells.Kept) -> str:
    rows = []
    for key, cell in every_cell().items():
        if not isinstance(cell, Exact):
            continue
        errors = [
            f"{cells.shown(before, key, name)} → "
            f"{cells.shown(kept, key, name)}{_at(kept, key, name)}"
            for name in ("pass", "fail")
        ]
        tests = [f"{cells.shown(kept, key, f'classical {name}')}" for name in ("pass", "fail")]
        rows.append([f"{cell.n:,}", f"{100 * cell.limit:g}", *errors, *tests, _powers(kept, key)])
    names = [
        "examples",
        "limit",
        "passes at the limit",
        "fails",
        "classical passes",
        "classical fails",
        "power",
    ]
    return cells.table(names, rows, texts=0)


def _at(kept: cells.Kept, key: str, name: str) -> str:
    at = kept[key].mean(f"{name} at") if key in kept else np.nan
    return f" at {100 * at:.2g} %" if np.isfinite(at) else ""


def _powers(kept: cells.Kept, key: str) -> str:
    if key not in kept:
        return "–"
    honest = kept[key].mean("classical pass") <= HONEST
    pairs = [
        (cells.shown(kept, key, f"{test}power {d:g}") for test in ("", "classical "))
        for d in CHANGED
    ]
    return "; ".join(f"{now} · {_bracketed(classical, honest)}" for now, classical in pairs)


def _bracketed(text: str, honest: bool) -> str:
    return text if honest else f"({text})"


def drawn_table(worlds: list[LimitWorld], kept: cells.Kept, before: cells.Kept) -> str:
    rows = []
    for world in worlds:
        key = str(world)
        errors = [
            f"{cells.shown(before, key, n)} → {cells.shown(kept, key, n)}" for n in ("pass", "fail")
        ]
        honest = key in kept and kept[key].mean("classical pass") <= HONEST
        power = _bracketed(cells.shown(kept, key, "classical power"), honest)
        classical = cells.shown(kept, key, "classical pass")
        rows.append(
            [key.partition(": ")[2], *errors, classical, cells.shown(kept, key, "power"), power]
        )
    names = [
        "world",
        "passes at the limit",
        "fails",
        "classical passes",
        "power",
        "classical power",
    ]
    return cells.table(names, rows)


def verdicts(kept: cells.Kept) -> str:
    """What holds and what does not, in words."""
    lines = []
    for name, said in (("pass", "Passes"), ("fail", "Fails")):
        over = [
            (f.mean(name), key) for key, f in kept.items() if f.replicates and f.mean(name) > HONEST
        ]
        worst = "; ".join(
            f"{cells.bare(rate)} ({key})" for rate, key in sorted(over, reverse=True)[:10]
        )
        more = f" and {len(over) - 10} more" if len(over) > 10 else ""
        lines.append(
            f"{said} more than {cells.bare(HONEST)} at the limit in {len(over)} cells: "
            f"{worst or 'none'}{more}."
        )
    other = sorted(key for key, f in kept.items() if f.replicates and f.mean("gate same") < 1)
    lines.append(
        "Cells in which the whole gate, asked about one replicate, decided otherwise: "
        f"{len(other)}."
    )
    return "\n".join(lines)


def near_identical() -> str:
    """Two models that differ in 50 of 10,000 answers, through the public function."""
    outcome = gated(*counted([(27, 23)], 10_000), 0.01, "examples")
    return (
        f"Two nearly identical models (27 lost, 23 gained of 10,000, limit 1 point): **{outcome}**."
    )


def main() -> None:
    given = cells.arguments(__doc__, "limits", "draws", 20_000)
    given = argparse.Namespace(**{**vars(given), "count": ceil(given.count / BATCH)})
    exact = [key for key, cell in every_cell().items() if isinstance(cell, Exact)]
    kept = cells.run(given, every_cell(), one, chunk=4, once=exact)
    cells.write_page(given, kept, page)


if __name__ == "__main__":
    main()
