"""How often the audit cries wolf in worlds that it was not built on: nothing changed, and which
question it was asked.

    python benchmarks/null_worlds.py --audits 2000                    all, docs/null-worlds.md
    python benchmarks/null_worlds.py --audits 2000 --world "16 v 4"   some; the page is of all kept

The worlds are those of ``latent.py``, by another design than ``calibration.py``'s. Each names the
scopes in which it is a null (``World.about``) and is audited once for each of them. One audit takes
20 to 60 ms, so 2,000 take 45 seconds on two idle cores, and all of it a good hour.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator
from typing import NamedTuple

import cells
import latent
import numpy as np
import polars as pl
from latent import COUNTS, Spread, World

from undertow.audit.verdicts import variant_verdict

LEVEL, DRAWS = 0.05, 300
ENOUGH, MOST = 0.035, 0.06
"""A rate below needs its reason, one above is a defect."""
EVERY = ("examples", "members", "both")
ALIKE = Spread()
"""No member has an ability of its own: such worlds are nulls about any scope."""
FEW = 5
"""Members a side up to which Student's t decides."""
ONE_BY_ONE = "Bonferroni gives each slice its share of the level"
REASONS = {
    "both": "limits hold for members and for examples at once",
    "members": "Student's t of few members",
    "clusters": "what is better has to be so with clusters unlike those seen",
    "runs": "limits allow for rare losses that were not seen",
    "flips": "p of few changed examples come in steps",
}
"""Why a test answers less often than it may; beside them stands the page's paragraph."""
COPIED = "runs of one model a side are one member: there is nothing to tell recipes apart by"

WORLDS = [
    # Counts of members, equal and not; spreads, equal and not; tails.
    World("6 v 6", (6, 6)),
    World("6 v 6, equal models", (6, 6), EVERY, ALIKE),
    World("6 v 6, heavy tails", (6, 6), spread=Spread(0.3, 0.2, tail="heavy")),
    World("12 v 12, heavy tails", (12, 12), spread=Spread(0.3, 0.2, tail="heavy")),
    World("16 v 4, the 4 noisier", (16, 4), variant_spread=Spread(0.9, 0.6)),
    World(
        "4 v 16, the 4 noisier", (4, 16), spread=Spread(0.9, 0.6), variant_spread=Spread(0.3, 0.2)
    ),
    World("8 v 3, the 3 noisier", (8, 3), variant_spread=Spread(0.9, 0.6)),
    World("8 v 8, one side noisier", (8, 8), variant_spread=Spread(0.9, 0.6)),
    World(
        "5 v 5, slices noisier on either side",
        (5, 5),
        spread=Spread(skill=0.2),
        variant_spread=Spread(skill=0.8),
        crossed=True,
        examples=2000,
    ),
    World("2 v 2", (2, 2)),
    World("3 v 3", (3, 3)),
    # One model on a side.
    World("1 v 1, equal models", (1, 1), EVERY, ALIKE),
    World("1 v 8", (1, 8)),
    World("1 v 8, equal models", (1, 8), EVERY, ALIKE),
    World("8 v 1", (8, 1)),
    World("8 v 1, equal models", (8, 1), EVERY, ALIKE),
    World(
        "3 repeat runs v 1, 3 % noise", (3, 1), ("examples",), ALIKE, copies=(3, 1), redrawn=0.03
    ),
    World(
        "7 repeat runs v 1, 3 % noise", (7, 1), ("examples",), ALIKE, copies=(7, 1), redrawn=0.03
    ),
    # Pairs.
    World("2 pairs", (2, 2), kin=True, shift=0.15, redrawn=0.05),
    World("3 pairs", (3, 3), kin=True, shift=0.15, redrawn=0.05),
    World("5 pairs", (5, 5), kin=True, shift=0.15, redrawn=0.05),
    World("5 pairs, equal models", (5, 5), EVERY, ALIKE, kin=True, redrawn=0.1),
    World(
        "12 pairs, heavy tails",
        (12, 12),
        spread=Spread(0.3, 0.2, tail="heavy"),
        kin=True,
        shift=0.15,
        redrawn=0.05,
    ),
    World(
        "6 v 6, the same abilities", (6, 6), ("examples",), kin=True, declared=False, redrawn=1.0
    ),
    # Recipes that differ on these examples and not over new ones.
    World("6 v 6, recipes differ by example", (6, 6), ("both",), recipe=0.5),
    World(
        "12 v 12, 200 examples, recipes differ by example",
        (12, 12),
        ("both",),
        recipe=0.5,
        examples=200,
    ),
    World("3 v 3, recipes differ by example", (3, 3), ("both",), recipe=0.5),
    World(
        "3 pairs, recipes differ by example",
        (3, 3),
        ("both",),
        kin=True,
        shift=0.15,
        redrawn=0.05,
        recipe=0.5,
    ),
    World(
        "6 pairs, recipes differ by example",
        (6, 6),
        ("both",),
        kin=True,
        shift=0.15,
        redrawn=0.05,
        recipe=0.5,
    ),
    World(
        "6 v 6, equal models, recipes differ by example",
        (6, 6),
        ("examples", "both"),
        ALIKE,
        recipe=0.5,
    ),
    World(
        "6 v 6, recipes differ by cluster of 10",
        (6, 6),
        ("both",),
        recipe=0.5,
        clusters=10,
        examples=1000,
    ),
    # Slices.
    World("6 v 6, tiny and nested slices", (6, 6), shares_G=COUNTS["tiny"], nested=True),
    World(
        "1 v 1, tiny and nested slices", (1, 1), EVERY, ALIKE, shares_G=COUNTS["tiny"], nested=True
    ),
    # Examples that are not independent.
    World("1 v 1, clusters of 10", (1, 1), EVERY, Spread(luck=1.0), clusters=10, examples=1000),
    World(
        "6 v 6, clusters of 10",
        (6, 6),
        spread=Spread(0.3, 0.2, luck=1.0),
        clusters=10,
        examples=1000,
    ),
    World("1 v 1, 200 × 10 copies of examples", (1, 1), EVERY, ALIKE, repeats=10, examples=2000),
    World("6 v 6, 50 × 10 copies of examples", (6, 6), repeats=10),
    # Grades.
    World("1 v 1, graded, 2 % lose .49", (1, 1), EVERY, ALIKE, grades="rare losses"),
    World("1 v 1, graded, 2 % gain .49", (1, 1), EVERY, ALIKE, grades="rare gains"),
    World(
        "6 pairs, graded, 2 % lose .49",
        (6, 6),
        EVERY,
        ALIKE,
        kin=True,
        grades="rare losses",
        stepped="p of six pairs that swap come in steps of .031",
    ),
    # Copies of members.
    World("4 copies v 4 copies", (4, 4), EVERY, ALIKE, copies=(4, 4), why=COPIED),
    World(
        "4 copies v 4 copies, 2 % noise",
        (4, 4),
        EVERY,
        ALIKE,
        copies=(4, 4),
        redrawn=0.02,
        why=COPIED,
    ),
    World(
        "8 v 8, each side 4 models twice",
        (8, 8),
        ("members", "both"),
        copies=(2, 2),
        stepped="copies are one member, and p of 4 + 4 exchanged models come in steps of .029",
    ),
]

FIGURES = {
    "top line": "top",
    "any slice": "slice",
    "any slice beyond overall": "beyond",
    "verdict": "verdict",
}


class Asked(NamedTuple):
    """A world and what the audit is asked about it."""

    world: World
    scope: str


def every_cell() -> dict[str, Asked]:
    return {key(world, scope): Asked(world, scope) for world in WORLDS for scope in world.about}


def key(world: World, scope: str) -> str:
    return f"{world.name} | {scope}"


def one(asked: Asked, index: int) -> dict[str, float]:
    """One audit: 1 for each question that is answered worse or better. All scopes see the same
    data."""
    world, scope = asked
    rng = np.random.default_rng([zlib.crc32(world.name.encode()), index])
    reference, variant = latent.as_records(world, latent.draw(world, rng))
    settings = latent.settings(
        scope, by=world.by, level=LEVEL, draws=DRAWS, seed=index, min_count=latent.NO_WORST
    )
    found = latent.findings(reference, variant, settings)
    rows = found.with_columns(decided=pl.col("verdict").is_in(["worse", "better"]))
    plain, beyond = (
        rows.filter(pl.col("measure") == m) for m in ("accuracy", "accuracy_beyond_overall")
    )
    whole, slices = plain.filter(pl.col("slice") == "all"), plain.filter(pl.col("slice") != "all")
    made = {
        "top": float(whole["decided"].any()),
        "slice": float(slices["decided"].any()),
        "verdict": float(variant_verdict(found, settings) in ("worse", "better")),
        "silent top": float(math.isnan(whole["p"][0])),
        "silent slice": float(slices["p_adjusted"].is_nan().all()),
        "smallest top": _smallest(whole["p"]),
        "smallest slice": _smallest(slices["p_adjusted"]),
    }
    return made | ({"beyond": float(beyond["decided"].any())} if beyond.height else {})


def _smallest(p: pl.Series) -> float:
    known = p.drop_nans()
    return float(known.min()) if len(known) else math.inf  # type: ignore[arg-type]


def reasons(kept: cells.Kept, cell: str, world: World) -> str:
    """Why rates lie below ``ENOUGH``, as far as the figures say; a question mark where nobody
    says."""
    if cell not in kept or not kept[cell].replicates:
        return ""
    scope = cell.rpartition(" | ")[2]
    return "; ".join(dict.fromkeys(_reasons(kept[cell], world, scope)))


def _reasons(figures: cells.Figures, world: World, scope: str) -> Iterator[str]:
    for name in ("top", "slice"):
        smallest, rate = figures.mean(f"smallest {name}"), figures.mean(name)
        where = {"top": "the top line", "slice": "slices"}[name]
        if rate >= ENOUGH:
            continue
        if figures.mean(f"silent {name}") == 1:
            yield f"{where}: no p value is given, it says that it cannot tell"
        elif smallest > LEVEL:
            yield f"{where}: of all p the smallest is {smallest:.2g}"
        elif rate + 2 * figures.error(name) < ENOUGH:
            yield f"{where}: {world.why or _usual(world, scope, name)}"


def _usual(world: World, scope: str, name: str) -> str:
    """The reason that follows from the test which such a world gets."""
    key = scope
    if scope == "examples":
        single = max(world.members) == 1
        grouped = world.clusters > 1 or world.repeats > 1
        key = "clusters" if grouped else "flips" if single and not world.grades else "runs"
    elif scope == "members" and min(world.members) > FEW:
        return world.stepped or "?"
    return REASONS[key] + (f", and {ONE_BY_ONE}" if name == "slice" else "")


def page(kept: cells.Kept, before: cells.Kept) -> str:
    """``docs/null-worlds.md``."""
    rows, above = [], []
    for cell, (world, scope) in every_cell().items():
        old = cells.of_before(before, cell)
        shares = [
            f"{cells.shown(before, old, n)} → {cells.shown(kept, cell, n)}"
            for n in FIGURES.values()
        ]
        rows.append([world.name, scope, *shares, reasons(kept, cell, world)])
        above += [
            f"{cell}: {title} {cells.shown(kept, cell, name, error=True)}"
            for title, name in list(FIGURES.items())[:3]
            if cell in kept and kept[cell].mean(name) > MOST
        ]
    return f"""# Worlds in which nothing changed

Generated by `{cells.command()}`. Do not edit.

Share of {cells.origin(kept)} audits that call something worse or better, at level {LEVEL}, before → now (before: \
{cells.origin(before)}). A true rate of .05 in 2,000 audits has a standard error of .005. The verdict asks two of these
questions, the top line and the slices, so it may reach .10. Each world is a null about the scopes it is listed with:

- **examples**: no member has an ability of its own (or both sides have the same ones), so new examples would show none.
- **members**: on every example both sides have the same mean chance, whatever the spread of their members.
- **both**: over new examples both sides have the same mean chance. Where recipes differ by example they do not on
  those at hand, which is no null about members.

{latent.COUNTS["even"][0]:.0%} of 500 examples a slice unless it says otherwise; {DRAWS} rearrangements where there are
any; measures: accuracy alone. *1 v 8* is one reference member against eight variant members. Code from before a scope
could be chosen answered the same whatever was asked.

{cells.table(["world", "about", *FIGURES, "reason, where below " + cells.bare(ENOUGH)], rows, texts=2)}

Above {cells.bare(MOST)}: {"; ".join(above) or "none"}.
"""


def main() -> None:
    given = cells.arguments(__doc__, "null-worlds", "audits", 2000)
    kept = cells.run(given, cells.asked_once(every_cell()), one)
    cells.write_page(given, kept, page)


if __name__ == "__main__":
    main()
