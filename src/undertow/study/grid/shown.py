"""Tables and lines of a result page over a grid of trainings by arms."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations
from statistics import fmean

import numpy as np

from undertow.audit.result import CrossedColumn
from undertow.study.claims import Outcome, decided, points
from undertow.study.declaration import Table
from undertow.study.figures import Line, Stroke
from undertow.study.grid.halves import Cell, between_halves
from undertow.study.grid.trainings import AGAIN, DENSE, Grid, between
from undertow.study.pairs import Gain
from undertow.study.trained import percent

STROKES: tuple[Stroke, ...] = ("solid", "dashed", "dotted", "dashdot")
OTHERS = 400
"""Examples that are no exemplars, as many as a scatter shows: every so many-th of them."""


def costs(grid: Grid) -> Table:
    """What each arm costs, beside dense members trained again."""
    rows = [
        [f"{training} {arm}", *_cost(grid, training, arm)]
        for training in grid.trainings
        for arm in (DENSE, *grid.arms(training))
    ]
    head = ["arm", "accuracy %", "against dense again", "answers otherwise %"]
    head += [
        "beyond dense again",
        "drift",
        "beyond dense again",
        "exemplars (floor)",
        "worst class",
    ]
    note = (
        "Accuracy by the probe, ± half the 95 % interval over members. *Answers otherwise*: than "
        "the mode of the dense members. *Drift*: 1 − linear CKA with dense members; *collapsed* is "
        "a member whose features vary over no test image. *Worst class*: the one that lost most, "
        "with its verdict after correction over classes."
    )
    return Table("What each arm costs", head, rows, note)


def _cost(grid: Grid, training: str, arm: str) -> list[str]:
    row = [percent(grid.accuracy(training, arm))]
    if arm == DENSE:
        return [*row, *["–"] * 7]
    again = arm == AGAIN
    beyond = grid.drifted(training, arm)
    results, name = grid.within(training), f"{training} {arm}"
    worst, count = results.lowest(name, "accuracy", "class"), results.count(name)
    return [
        *row,
        "–" if again else f"{grid.lost(training, arm)}",
        percent(grid.away(training, arm)),
        "–" if again else f"{grid.excess(training, arm)}",
        _drift(grid, training, arm),
        "–" if again else f"{beyond.mean:+.3f} [{beyond.low:+.3f}, {beyond.high:+.3f}]",
        f"{count.observed} ({count.floor_low:.0f}–{count.floor_high:.0f})",
        f"{worst['value']} {points(worst['effect'])}: {worst['verdict']}",
    ]


def _drift(grid: Grid, training: str, arm: str) -> str:
    lost = grid.collapsed(training, arm)
    left_out = f" ({lost} collapsed, left out)" if lost else ""
    return f"{grid.drift(training, arm).mean():.3f}{left_out}"


def own_heads(grid: Grid, training: str, probe: str) -> Table:
    """The probe's accuracy beside that of the head a training has by itself, from a trace of the
    test part at the end of the first phase."""
    rows = []
    for arm in (DENSE, *grid.arms(training)):
        found = grid.of(training, arm)
        if probe in found.probes:
            right_MN = found.probe(probe).values["predicted"][..., 0] == found.probe(probe).label_N
            rows.append(
                [
                    f"{training} {arm}",
                    percent(right_MN.mean(axis=1)),
                    percent(grid.accuracy(training, arm)),
                ]
            )
    return Table(f"The own head of {training}", ["arm", "own head %", "probe %"], rows)


def crossing(grid: Grid, columns: Sequence[str]) -> Table:
    """What exemplars are like, arm by arm."""
    rows = [
        [f"{training} {arm}", *(crossed(grid.crossed(training, arm, c)) for c in columns)]
        for training in grid.trainings
        for arm in grid.arms(training)
    ]
    note = (
        "Exemplars less unchanged examples of their class, with limits that hold over an arm's "
        "columns together. Dense again shows what the choice alone does: on hard examples members "
        "disagree anyway."
    )
    return Table("What exemplars are like", ["arm", *columns], rows, note)


def overlaps(grid: Grid, cells: Sequence[Cell]) -> Table:
    """Jaccard overlap of every two exemplar sets, with what chance gives within classes."""
    names = [" ".join(cell) for cell in cells]
    rows = [
        [name, *(grid.overlap(one, other).said if one != other else "–" for other in cells)]
        for name, one in zip(names, cells, strict=True)
    ]
    note = "Jaccard index, and in brackets that of sets drawn at random within classes."
    return Table("Overlap of exemplars", ["", *names], rows, note)


def lines(grid: Grid, begun: Sequence[str], what: str) -> list[Line]:
    """``lost`` or ``excess`` in points over the per cent that ends an arm's name: a colour per
    training, and a stroke for each of up to four beginnings; none of one that no arm has."""
    found = []
    for pair, training in enumerate(grid.trainings):
        for nth, beginning in enumerate(begun):
            known = [arm for arm in grid.arms(training) if arm.startswith(f"{beginning} ")]
            if not known:
                continue
            gains = [getattr(grid, what)(training, arm) for arm in known]
            y, low, high = (100 * np.array(gains).reshape(-1, 3)).T.tolist()
            x = [float(arm.split()[-2]) for arm in known]
            found.append(Line(f"{training} {beginning}", x, y, low, high, pair, STROKES[nth]))
    return found


def dots(grid: Grid, training: str, arm: str, probe: str, column: str) -> list[Line]:
    """Examples by a column of the dense members (x) and of an arm (y): exemplars, and some of the
    others."""
    dense, pruned = (grid.values(training, a, probe, column) for a in (DENSE, arm))
    both = dense.join(pruned, on="example_id", suffix="_pruned").drop_nulls().drop_nans()
    exemplar_N = both["example_id"].is_in(list(grid.exemplars(training, arm)))
    others = both.filter(~exemplar_N)
    shown = others.gather_every(max(1, len(others) // OTHERS)), both.filter(exemplar_N)
    return [
        Line(name, f["value"].to_list(), f["value_pruned"].to_list(), pair=pair, stroke="none")
        for name, f, pair in zip(("others", "exemplars"), shown, (5, 1), strict=True)
    ]


def like(grid: Grid, column: str, arm: str, sign: int) -> Outcome:
    """Whether exemplars of an arm lie above (1) or below (−1) others of their class in a column, of
    every training, and further than those of dense again; in words beside these."""
    limits, said = [], []
    for training in grid.trainings:
        own, null = (grid.crossed(training, name, column) for name in (arm, AGAIN))
        beyond = between(*(Gain(c.effect, c.low, c.high) for c in (own, null)))
        limits += [sorted((sign * c.low, sign * c.high)) for c in (own, beyond)]
        value, low, high = (f"{x:+.3g}" for x in beyond)
        said.append(
            f"{training} {crossed(own)}, {AGAIN} {crossed(null)}: {value} [{low}, {high}] beyond it"
        )
    return decided([(low, high) for low, high in limits], f"{arm}: {'; '.join(said)}")


def apart(grid: Grid, cells: Sequence[Cell], *, same: bool) -> Outcome:
    """Whether exemplars of two arms, of the ``same`` training or of others, have less in common
    than those of one arm from other members."""
    pairs = [(a, b) for a, b in combinations(cells, 2) if (a[0] == b[0]) == same]
    if not pairs:
        raise KeyError("this scale has no two such arms")
    found, whole = between_halves(grid, pairs), [grid.overlap(*pair) for pair in pairs]
    index = [o.jaccard for o in whole]
    value, low, high = (f"{x:+.3f}" for x in found.less)
    return decided(
        [found.less[1:]],
        f"Jaccard of disjoint halves of the members {found.other:.2f}, of an arm with itself "
        f"{found.itself:.2f}: {value} [{low}, {high}] above; of all members {min(index):.2f} to "
        f"{max(index):.2f}, by chance within classes {fmean(o.chance for o in whole):.2f}",
    )


def left_out(grid: Grid, training: str) -> str:
    """For evidence about drift: who has none."""
    lost = {arm: grid.collapsed(training, arm) for arm in grid.arms(training)}
    said = [f"{n} of {arm}" for arm, n in lost.items() if n]
    if not said:
        return ""
    return f"; {', '.join(said)} collapsed: the most damaged, without a drift, are left out"


def listed(gains: Mapping[str, Gain]) -> str:
    """For evidence."""
    return ", ".join(f"{name} {gain}" for name, gain in gains.items())


def crossed(found: CrossedColumn) -> str:
    """A contrast with its limits."""
    if math.isnan(found.effect):
        return "undefined"
    return f"{found.effect:+.3g} [{found.low:+.3g}, {found.high:+.3g}]"
