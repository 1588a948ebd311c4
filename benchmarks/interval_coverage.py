"""How often intervals hold the truth: top line, slices and worst slice, with pairs and without,
damaged and not.

    python benchmarks/interval_coverage.py --audits 2000 --out docs/coverage.md

The truth follows from what the interval is about: of members, the mean over new members on the
examples at hand; of both, over new members and new examples; of examples, over new examples for
these models (which have no ability of their own here, so that it is known).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import cells
import latent
import numpy as np
import polars as pl
from latent import Drawn, Spread, World
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]

LEVEL, DRAWS, WANTED = 0.05, 300, 0.93
POINTS = (0, 4, 8)
DAMAGED = 1
"""The slice that loses: the second hardest, so that it becomes the worst one at 4 points."""
RECIPE = 0.3
"""What each recipe adds on each example, in logits: on these examples the two differ, in their
populations not."""
SLICES = {"slices alike": 0.0, "slices spread": 0.5}
FIGURES = {
    "top": "top line",
    "slices": "a slice",
    "all": "all slices",
    "worst": "worst slice",
    "worst here": "worst slice, on these examples",
}


class Asked(NamedTuple):
    world: World
    scope: str
    points: int


def every_cell() -> dict[str, Asked]:
    made = {}
    for asked in _asked():
        made[f"{asked.world.name}, {asked.points} points | {asked.scope}"] = asked
    return made


def _asked() -> Iterator[Asked]:
    by_pairs = World("", (2, 2), recipe=RECIPE, kin=True, shift=0.15, redrawn=0.05, examples=1000)
    for title, between in SLICES.items():
        worlds = [
            World(
                f"1 v 1, {title}", (1, 1), ("examples",), Spread(), between=between, examples=1000
            ),
            *(
                World(f"{m} v {m}, {title}", (m, m), recipe=RECIPE, between=between, examples=1000)
                for m in (6, 12)
            ),
            *(
                replace(by_pairs, name=f"{m} pairs, {title}", members=(m, m), between=between)
                for m in (6, 12)
            ),
        ]
        for world in worlds:
            for points in POINTS:
                for scope in world.about:
                    yield Asked(latent.losing(world, points, (DAMAGED,)), scope, points)


def one(asked: Asked, index: int) -> dict[str, float]:
    """1 where an interval holds the truth (of slices, the share that do), and 1 where there is an
    interval."""
    world, scope, points = asked
    rng = np.random.default_rng([zlib.crc32(world.name.encode()), points, index])
    drawn = latent.draw(world, rng)
    reference, variant = latent.as_records(world, drawn)
    settings = latent.settings(scope, by=("group",), level=LEVEL, draws=DRAWS, seed=index)
    rows = latent.findings(reference, variant, settings)
    plain = rows.filter(pl.col("measure") == "accuracy")
    slices = plain.filter(pl.col("slice") != "all")
    here, everywhere = on_these(world, drawn), latent.expected_G(world)
    sides = here if scope == "members" else everywhere
    true_G = sides[1] - sides[0]
    share_G = np.bincount(drawn.slice_N) / len(drawn.slice_N)
    number_G = slices["value"].str.strip_prefix("g").cast(pl.Int64).to_numpy()
    held_G = _holds(slices, true_G[number_G])
    worst = rows.filter(pl.col("measure") == "worst_slice_accuracy")
    made = {"all": float(held_G.all()), "given all": float(_given(slices).all())}
    made |= _held("slices", slices, true_G[number_G])
    made |= _held("top", plain.filter(pl.col("slice") == "all"), share_G @ true_G)
    made |= _held("worst", worst, everywhere[1].min() - everywhere[0].min())
    made |= _held("worst here", worst, here[1].min() - here[0].min())
    if made["given worst"]:
        made["worst width"] = float(worst["high"][0] - worst["low"][0])
    return made


def _held(name: str, rows: pl.DataFrame, truth: Any) -> dict[str, float]:
    """The share of rows whose interval holds the truth, and of those that have one."""
    share = 1 / max(rows.height, 1)
    return {
        name: share * float(_holds(rows, truth).sum()),
        f"given {name}": share * float(_given(rows).sum()),
    }


def _given(rows: pl.DataFrame) -> NDArray[np.bool_]:
    return np.asarray(np.isfinite((rows["high"] - rows["low"]).to_numpy()))


def on_these(world: World, drawn: Drawn) -> tuple[Floats, Floats]:
    """Mean chance of new members on the examples drawn, by slice."""
    count_G = np.bincount(drawn.slice_N)
    sides = (drawn.expected_ref_N, drawn.expected_var_N)
    before_G, after_G = (np.bincount(drawn.slice_N, side_N) / count_G for side_N in sides)
    return before_G, after_G


def _holds(rows: pl.DataFrame, truth: Any) -> NDArray[np.bool_]:
    return np.asarray((rows["low"].to_numpy() <= truth) & (truth <= rows["high"].to_numpy()))


def page(kept: cells.Kept, _: cells.Kept) -> str:
    """``docs/coverage.md``."""
    rows, short = [], []
    for key, asked in every_cell().items():
        shares = [covered(kept, key, name) for name in FIGURES]
        width = _width(kept, key)
        rows.append([asked.world.name, str(asked.points), asked.scope, *shares, width])
        due = ("top", "slices", "worst here" if asked.scope == "members" else "worst")
        short += [
            f"{key}: {FIGURES[n]} {covered(kept, key, n)}"
            for n in due
            if coverage(kept, key, n) < WANTED
        ]
    columns = ["members", "points lost", "about", *FIGURES.values(), "width of the worst slice's"]
    return f"""# Coverage of intervals

Generated by `{cells.command()}`. Do not edit.

Share of {cells.origin(kept)} audits whose {1 - LEVEL:.0%} interval holds the truth; a true .95 in 2,000 has a standard error of .005. 1,000 examples in 10 slices, equally hard or
from easy to hard; the second hardest loses the points. Intervals of slices are simultaneous, so *all slices* should
reach .95 and *a slice* is mostly higher.

The truth is over new members on these examples (*members*), over new members and examples (*both*), or over new
examples for these models (*examples*). For the worst slice, the lowest of one population less the lowest of the
other, both are shown: in the population, and on these examples. – where no such interval is given.

{cells.table(columns, rows, texts=3)}

Below {cells.bare(WANTED)}: {"; ".join(short) or "none"}.
"""


def coverage(kept: cells.Kept, key: str, name: str) -> float:
    """Of the intervals that were given; NaN where none was."""
    given = kept[key].mean(f"given {name}") if key in kept else 0.0
    return kept[key].mean(name) / given if given > 0 else np.nan


def covered(kept: cells.Kept, key: str, name: str) -> str:
    share = coverage(kept, key, name)
    return cells.bare(share) if np.isfinite(share) else "–"


def _width(kept: cells.Kept, key: str) -> str:
    mean, given = (
        kept[key].mean(n) if key in kept else np.nan for n in ("worst width", "given worst")
    )
    return f"{100 * mean / given:.1f}" if np.isfinite(mean) and given > 0 else "–"


def main() -> None:
    given = cells.arguments(__doc__, "coverage", "audits", 2000)
    kept = cells.run(given, every_cell(), one)
    cells.write_page(given, kept, page)


if __name__ == "__main__":
    main()
