"""What a paper printed of its arms, read out of its tables."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from undertow.study.published import PublishedTable, published_tables
from undertow.study.worst.pairings import pair, teacher

ARMS = "worst class (average)"
CELL = re.compile(r"(\d+\.\d+)(?: ± (\d+\.\d+))? \((\d+\.\d+)\)")


class Printed(NamedTuple):
    """A paper's worst-class (or worst-k) and average accuracy in %, with the standard error that it
    prints of the first, None where it prints none."""

    worst: float
    average: float
    error: float | None = None

    @classmethod
    def read(cls, cell: str) -> Printed:
        """``75.56 (80.81)`` or ``87.66 ± 0.40 (94.34)``. ``ValueError`` for anything else."""
        if (found := CELL.fullmatch(cell)) is None:
            raise ValueError(f"{cell!r} is no 'worst (average)', such as 87.66 ± 0.40 (94.34)")
        worst, error, average = found.groups()
        return cls(float(worst), float(average), None if error is None else float(error))

    def __str__(self) -> str:
        error = "" if self.error is None else f" ± {self.error:.2f}"
        return f"{self.worst:.2f}{error} ({self.average:.2f})"


def beside(study_file: str) -> dict[str, Printed]:
    """All that a study's published tables print of its arms, by their names: of arms in a column
    ``worst class (average)``, or of pairings, with a column for each kind of teachers and a row for
    each of students, of which ``teacher`` are the teachers themselves. What stands before
    ``student`` in the head stands before such names. The last table that has an arm counts."""
    found: dict[str, Printed] = {}
    for table in published_tables(Path(study_file)):
        found |= _of_arms(table) if ARMS in table.head else _of_pairings(table)
    return found


def _of_arms(table: PublishedTable) -> dict[str, Printed]:
    return {name: Printed.read(cells[ARMS]) for name, cells in table.rows.items()}


def _of_pairings(table: PublishedTable) -> dict[str, Printed]:
    prefix = table.corner.removesuffix("student")
    return {
        teacher(of, prefix) if name == "teacher" else pair(of, name, prefix): Printed.read(cell)
        for name, cells in table.rows.items()
        for of, cell in ((head.removeprefix(teacher("")), cell) for head, cell in cells.items())
    }
