"""Ideas without kernels of their own beside dense twins of equal operations, as a study measures
and reads them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from undertow.lab.measurements.speedups import SpeedUp
from undertow.lab.population import Population
from undertow.lottery.ideas import IdeaSettings, run_ideas
from undertow.lottery.ideas_found import FIRST, Ideas, ideas_content, ideas_from
from undertow.lottery.said import NONE
from undertow.study.declaration import Table
from undertow.study.figures import Line, Panel
from undertow.study.lottery.outcomes import times
from undertow.study.measurement import Found


@dataclass(frozen=True)
class BesideTwins:
    """Untrained layers, so of no population. ``times`` are how many processes time them, and
    readings of each in one."""

    times: tuple[int, int]
    batch: int = 32
    populations: tuple[Population, ...] = ()

    def take(self, folders: Mapping[str, Path], tell: Callable[[str], None]) -> Found:
        """What ``ideas_from`` reads."""
        settings = IdeaSettings(self.batch, *self.times)
        return ideas_content(run_ideas(settings, tell=tell))


def slower_in(found: Found, engine: str = FIRST) -> dict[str, SpeedUp]:
    """Each idea's seconds as a multiple of its twin's, of those that ran."""
    rows = ((row.name, row.engine(engine).slower) for row in ideas_from(found).rows)
    return {name: slower for name, slower in rows if slower is not None}


def ideas_table(found: Found) -> Table:
    """A row for each idea: how many times as long as its twin it takes."""
    ideas = ideas_from(found)
    engines = [one.engine for one in ideas.rows[0].engines]
    rows = [
        [
            f"{row.name}: {row.about}",
            row.twin,
            f"{row.predicted.roofline:.2f} ×",
            *(one.status if one.slower is None else times(one.slower) for one in row.engines),
            NONE if row.best is None else times(row.best),
        ]
        for row in ideas.rows
    ]
    note = (
        "An idea's seconds over those of a dense twin with as many operations, in the same engine, "
        f"in batches of {ideas.batch}, over {ideas.processes} processes. *By roofline*: of the "
        "operators that torch runs. Where an engine does not take an idea, its cell says so. *Each "
        "at its best*: the idea in its fastest engine over the twin in the twin's."
    )
    head = ["idea", "its dense twin", "by roofline", *engines, "each at its best"]
    return Table("Ideas beside dense layers of equal operations", head, rows, note)


def ideas_panel(found: Found) -> Panel:
    """A dot for each idea and engine."""
    ideas: Ideas = ideas_from(found)
    names = [row.name for row in ideas.rows]
    lines = []
    for place, engine in enumerate(one.engine for one in ideas.rows[0].engines):
        slower = slower_in(found, engine)
        there = [names.index(name) for name in slower]
        lines.append(Line(
            engine, there, [s.ratio for s in slower.values()], [s.low for s in slower.values()],
            [s.high for s in slower.values()], place, "none",
        ))  # fmt: skip
    title, slow = "Ideas beside dense twins of equal operations", "times as slow as the twin"
    return Panel(title, "", slow, lines, log=True, ticks=names)
