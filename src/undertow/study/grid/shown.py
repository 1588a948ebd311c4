"""Tables and lines of a result page over a grid of trainings by arms."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from undertow.audit.result import CrossedColumn
from undertow.study.claims import points
from undertow.study.declaration import Table
from undertow.study.figures import Line, Stroke
from undertow.study.grid.trainings import AGAIN, DENSE, Grid
from undertow.study.pairs import Gain
from undertow.study.trained import percent

STROKES: tuple[Stroke, ...] = ("solid", "dashed", "dotted", "dashdot")
Cell = tuple[str, str]
"""A training and one of its arms."""
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


def like(grid: Grid, column: str, arm: str) -> tuple[list[CrossedColumn], str]:
    """An arm's contrast in a column for each training, and in words beside that of dense again."""
    found = [grid.crossed(training, arm, column) for training in grid.trainings]
    null = [grid.crossed(training, AGAIN, column) for training in grid.trainings]
    each = zip(grid.trainings, found, null, strict=True)
    said = "; ".join(f"{name} {crossed(c)}, {AGAIN} {crossed(n)}" for name, c, n in each)
    return found, f"{arm}: {said}"


def left_out(grid: Grid, training: str) -> str:
    """For evidence about drift: who has none."""
    lost = {arm: grid.collapsed(training, arm) for arm in grid.arms(training)}
    said = [f"{n} of {arm}" for arm, n in lost.items() if n]
    return f"; collapsed and left out: {', '.join(said)}" if said else ""


def listed(gains: Mapping[str, Gain]) -> str:
    """For evidence."""
    return ", ".join(f"{name} {gain}" for name, gain in gains.items())


def crossed(found: CrossedColumn) -> str:
    """A contrast with its limits."""
    if math.isnan(found.effect):
        return "undefined"
    return f"{found.effect:+.3g} [{found.low:+.3g}, {found.high:+.3g}]"
