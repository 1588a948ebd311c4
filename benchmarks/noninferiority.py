"""How often the gate's ``max_drop`` errs and how much it sees, beside the rules that people use
instead.

    python benchmarks/noninferiority.py --replicates 100000 --out docs/noninferiority.md

One model a side. An example is lost, gained, right twice or wrong twice with known chances, so the
true drop is known; a replicate draws the four counts among n examples. A rule that passes a true
drop of exactly the limit has erred.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from undertow.audit.stats.mcnemar import HALF, Interval, mcnemar_exact, paired_interval

Ints = NDArray[np.integer[Any]]
Floats = NDArray[np.floating[Any]]
Bools = NDArray[np.bool_]

LEVEL = 0.05
BASE = 0.75
"""Accuracy of the reference; only the rules on means need it."""
SIZES, DISCORDANCES = (200, 1000, 10_000), (0.01, 0.05, 0.20)
LIMITS = {0.01: (0.005, 0.01), 0.05: (0.01, 0.02), 0.20: (0.01, 0.02)}
"""Limits for each discordance: a drop cannot exceed the share of examples that change."""
SHARES = (0.0, 0.25, 0.5)
"""True drops of the power table, as shares of the limit."""
SUMMED = {
    50: (0.01, 0.02, 0.05),
    200: (0.005, 0.01, 0.02, 0.05),
    271: (0.0075, 0.01),
    300: (0.0075, 0.01, 0.02),
    542: (0.004, 0.005),
    1000: (0.005, 0.01, 0.02),
}
"""Where the worst discordance is looked for by summing the trinomial: limits for each n (50: a
slice). Most go wrong where the limit allows two to four examples of the n, hence 271, 300 and
542."""
GRID, MOST_CHANGED = 80, 0.30
"""How many discordances, from the limit to the largest."""


class Counts(NamedTuple):
    """Examples lost, gained and right in the reference, one entry per replicate, among n; the
    gate's one-sided limits, and Tango's, which are not corrected for continuity."""

    lost: Ints
    gained: Ints
    right: Ints
    n: int
    gate: Interval
    tango: Interval


class Cell(NamedTuple):
    n: int
    discordance: float
    limit: float

    def __str__(self) -> str:
        return f"{self.discordance:.0%} changed, limit {100 * self.limit:g}, n = {self.n:,}"


def max_drop(counts: Counts, limit: float) -> Bools:
    """The one-sided limit of the drop lies below ``limit``: what the gate does."""
    return np.asarray(counts.gate.low > -limit)


def refuted(counts: Counts, limit: float) -> Bools:
    """The gate fails: the drop is shown to be larger than ``limit``."""
    return np.asarray(counts.gate.high < -limit)


def tango(counts: Counts, limit: float) -> Bools:
    """The same by Tango's own limits, without the correction of half an example."""
    return np.asarray(counts.tango.low > -limit)


def tango_refuted(counts: Counts, limit: float) -> Bools:
    return np.asarray(counts.tango.high < -limit)


def not_significant(counts: Counts, limit: float) -> Bools:
    """Exact McNemar finds no difference."""
    return np.asarray(mcnemar_exact(counts.lost, counts.gained) > LEVEL)


def unpaired(counts: Counts, limit: float) -> Bools:
    """A two-sided z test on two independent shares with their standard errors finds no difference
    (lm-eval's ``scripts/model_comparator.py``)."""
    before, after = _means(counts)
    se = np.sqrt((before * (1 - before) + after * (1 - after)) / (counts.n - 1))
    return np.asarray(2 * stats.norm.sf(np.abs(after - before) / se) > LEVEL)


def recovery(counts: Counts, limit: float) -> Bools:
    """The ratio of means, rounded to two digits, is at least .95."""
    before, after = _means(counts)
    return np.asarray(np.round(after / before, 2) >= 0.95)


def _means(counts: Counts) -> tuple[Floats, Floats]:
    return counts.right / counts.n, (counts.right - counts.lost + counts.gained) / counts.n


RULES: dict[str, Callable[[Counts, float], Bools]] = {
    "`max_drop`": max_drop,
    "uncorrected": tango,
    "McNemar not significant": not_significant,
    "unpaired z not significant": unpaired,
    "recovery ≥ 0.95": recovery,
}
FAILING = {"`max_drop` fails": refuted, "uncorrected fails": tango_refuted}


def draw(cell: Cell, drop: float, replicates: int) -> Counts:
    """Replicates of a cell with this true drop. Limits of each pair of counts are found once,
    however often drawn."""
    n, discordance, limit = cell
    rng = np.random.default_rng(
        [n, round(1e4 * discordance), round(1e5 * limit), round(1e5 * drop)]
    )
    lost, gained = (discordance + drop) / 2, (discordance - drop) / 2
    drawn = rng.multinomial(n, [lost, gained, BASE - lost, 1 - BASE - gained], size=replicates)
    pairs, index = np.unique(drawn[:, :2], axis=0, return_inverse=True)
    gate, plain = (
        Interval(
            *(
                side[index]
                for side in paired_interval(
                    pairs[:, 0], pairs[:, 1], n, 2 * LEVEL, correction=correction
                )
            )
        )
        for correction in (HALF, 0.0)
    )
    return Counts(drawn[:, 0], drawn[:, 1], drawn[:, 0] + drawn[:, 2], n, gate, plain)


def cells() -> list[Cell]:
    return [Cell(n, d, limit) for d in DISCORDANCES for limit in LIMITS[d] for n in SIZES]


def errors(replicates: int) -> dict[Cell, list[float]]:
    """Passing at a true drop of exactly the limit, by rule; then failing there, with the correction
    and without."""
    found = {}
    for cell in cells():
        counts = draw(cell, cell.limit, replicates)
        found[cell] = [
            float(rule(counts, cell.limit).mean()) for rule in (*RULES.values(), *FAILING.values())
        ]
        print(cell, found[cell], file=sys.stderr, flush=True)
    return found


def power(replicates: int) -> dict[Cell, list[list[float]]]:
    """Passing where less than the limit was lost: per rule, for each share of the limit."""
    found = {}
    for cell in cells():
        drawn = [draw(cell, share * cell.limit, replicates) for share in SHARES]
        found[cell] = [
            [float(rule(c, cell.limit).mean()) for c in drawn] for rule in RULES.values()
        ]
    return found


class Worst(NamedTuple):
    """The largest chance over discordances, and where it is."""

    chance: float
    discordance: float

    def __str__(self) -> str:
        return f"{self.chance:.3f} at {100 * self.discordance:.2g}%"


def worst(n: int) -> dict[float, list[Worst]]:
    """By limit: the largest chance that ``max_drop`` passes, and that it fails, a drop of exactly
    the limit; then the same without the correction.

    Exact: the trinomial is summed over all pairs of counts but the rarest (together under 1e-9).
    """
    most = int(stats.binom.isf(1e-9, n, MOST_CHANGED))
    lost, gained = (side.ravel() for side in np.meshgrid(np.arange(most + 1), np.arange(most + 1)))
    kept = lost + gained <= most
    lost, gained = lost[kept], gained[kept]
    table = np.column_stack([lost, gained, n - lost - gained])
    intervals = [
        paired_interval(lost, gained, n, 2 * LEVEL, correction=correction)
        for correction in (HALF, 0.0)
    ]
    found = {}
    for limit in SUMMED[n]:
        wrong = [side for low, high in intervals for side in (low > -limit, high < -limit)]
        chances: list[list[Worst]] = [[] for _ in wrong]
        for discordance in np.geomspace(limit, MOST_CHANGED, GRID).tolist():
            rates = [(discordance + limit) / 2, (discordance - limit) / 2, 1 - discordance]
            mass = stats.multinomial.pmf(table, n, rates)
            for column, told in zip(chances, wrong, strict=True):
                column.append(Worst(float(mass[told].sum()), discordance))
        found[limit] = [max(column) for column in chances]
    return found


def outliers(found: dict[Cell, list[float]], column: int, se: float) -> str:
    """The cells that lie above the level by more than three standard errors, worst first."""
    over = sorted(
        ((row[column], cell) for cell, row in found.items() if row[column] > LEVEL + 3 * se),
        reverse=True,
    )
    return "; ".join(f"{value:.3f} ({cell})" for value, cell in over) or "none"


def head(columns: list[str]) -> str:
    return (
        f"| discordance | limit, points | n | {' | '.join(columns)} "
        f"|\n|---|---:|---:|{'---:|' * len(columns)}"
    )


def line(cell: Cell, values: list[str]) -> str:
    return f"| {cell.discordance:.0%} | {100 * cell.limit:g} | {cell.n:,} | {' | '.join(values)} |"


def page(replicates: int) -> str:
    command = shlex.join(["python", "benchmarks/noninferiority.py", *sys.argv[1:]])
    se = float(np.sqrt(LEVEL * (1 - LEVEL) / replicates))
    return f"""# How often `max_drop` errs, and what it sees

Generated by `{command}`. Do not edit.

{replicates:,} replicates a cell, so a share of {LEVEL} has a standard error of {se:.4f}, and none here has one above
{0.5 / np.sqrt(replicates):.4f}. *Discordance* is the share of examples that are right in one model and wrong in the
other. Level {LEVEL}, one-sided for `max_drop`, two-sided for the two tests beside it, as they are used. The reference
is right {BASE:.0%} of the time, which only the last two rules need.

A drop cannot be larger than the discordance, so there is no row for 2 points at 1%. At 1 point and 1% every change is a
loss.

{error_section(errors(replicates), se)}

{worst_section()}

{power_section(power(replicates))}
"""


def error_section(found: dict[Cell, list[float]], se: float) -> str:
    rows = [line(cell, [f"{share:.3f}" for share in row]) for cell, row in found.items()]
    least = min(found, key=lambda cell: found[cell][0])
    columns = [*RULES, *FAILING]
    return f"""## Passing a model that lost exactly the limit

`max_drop` should pass at most {LEVEL} of these. It goes by Tango's score interval with a continuity correction of half
an example; *uncorrected* is Tango's own. The three after these are what is done instead. The last two columns are how
often such a model *fails*, which should be at most {LEVEL} of the time too: at the limit neither is shown.

{head(columns)}
{chr(10).join(rows)}

`max_drop` passes more than {LEVEL} by over three standard errors in these cells: {outliers(found, 0, se)}.
It is most cautious, {found[least][0]:.3f}, at {least}.

It fails more than {LEVEL} by over three standard errors in these: {outliers(found, len(RULES), se)}.
Without the correction it would in these: {outliers(found, len(RULES) + 1, se)}.

"Not significant" passes nearly anything on a small test set. The ratio of means passes whatever lost less than about
four points of {100 * BASE:g}, and holds back some models of a small test set by chance."""


def worst_section() -> str:
    found = {(n, limit): each for n in SUMMED for limit, each in worst(n).items()}
    rows = [
        f"| {n:,} | {100 * limit:g} | {' | '.join(map(str, each))} |"
        for (n, limit), each in found.items()
    ]
    largest = [max((each[column].chance, *at) for at, each in found.items()) for column in range(4)]
    passed, failed, before, failed_before = (
        f"{c:.3f} (n = {n:,}, limit {100 * limit:g})" for c, n, limit in largest
    )
    return f"""## The worst discordance

The score interval is approximate. Here no replicates are drawn: the chances are summed exactly, at a true drop of the
limit, for {GRID} discordances from the limit to {MOST_CHANGED:.0%}; the largest is shown with its discordance.

| n | limit, points | `max_drop` passes | `max_drop` fails | uncorrected passes | uncorrected fails |
|---:|---:|---:|---:|---:|---:|
{chr(10).join(rows)}

The largest of each column: `max_drop` passes {passed} and fails {failed};
uncorrected passes {before} and fails {failed_before}.

Without the correction most go wrong where few examples change and the limit allows two to four of them: such counts are
coarse and lean to one side. The correction moves both limits out by half an example. More sizes and limits, graded
outcomes, clusters and members: [limits](limits.md)."""


def power_section(found: dict[Cell, list[list[float]]]) -> str:
    rows = [
        line(cell, [" · ".join(f"{s:.3f}" for s in rule) for rule in row])
        for cell, row in found.items()
    ]
    return f"""## Passing a model that lost less

Each cell: nothing lost · a quarter of the limit lost · half of it.

{head(list(RULES))}
{chr(10).join(rows)}

For `max_drop` more is better here. What it passes less often than *uncorrected* is the price of the correction: more
than half of it where 1% of 200 examples change, next to nothing on ten thousand. For the other three it is no merit:
the first table shows what they pass at the whole limit. And with ten thousand examples McNemar holds back models that
lost half of what was allowed. A limit of 1 point needs about a thousand examples where one answer in a hundred changes,
and more than ten thousand where one in five does. What does not pass here is seldom failed but open, and the gate says
how many examples would do."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--replicates", type=int, default=100_000)
    parser.add_argument("--out", type=Path, default=Path("docs/noninferiority.md"))
    given = parser.parse_args()
    started = time.perf_counter()
    text = page(given.replicates)
    given.out.write_text(text, encoding="utf-8")
    print(f"{time.perf_counter() - started:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
