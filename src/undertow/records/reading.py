"""``Reading``: what a person asked of a reader, the same for every format."""

from __future__ import annotations

import math
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal, get_args

from undertow.errors import UserError, refuse_undecoded
from undertow.records.grade_scale import GradeScale, grade_scale
from undertow.undecoded import escaped

Missing = Literal["refuse", "wrong"]
"""What becomes of a prediction or score that is not there: it refuses the comparison, or counts as
wrong."""

NO_ID = "none"
"""In place of the column that names examples: rows are told apart by their number."""
COLUMN_FLAGS = {
    "id": "example_id", "label": "label", "score": "score", "member": "member", "input": "input",
    "answer": "answer",
}  # fmt: skip
"""Fields of ``Reading`` that name a column of a plain table, and what readers call it."""


def alternatives(given: str | None) -> tuple[str, ...]:
    """The names that stand after a flag: ``image,img`` is either, as files call it, or a name with
    a comma."""
    return (
        ()
        if given is None
        else tuple(dict.fromkeys([given, *(part.strip() for part in given.split(","))]))
    )


def _finite(flag: str, given: object) -> float:
    """A number that a person gave, from Python also as text."""
    try:
        number = math.nan if isinstance(given, bool) else float(given)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise UserError(
            f"--{flag} {shlex.quote(str(given)[:60])}: is no finite number; write one, as in "
            f"--{flag} 0.2"
        )
    return number + 0.0  # No zero is negative.


@dataclass(frozen=True)
class Reading:
    """How one side of a comparison is read. A format uses what applies to it and may ignore the
    rest.

    ``allow_partial``: leave out and count what does not fit. ``inputs``: load what a person can
    look at, and what tells copies where there is no content hash. ``metric``: the outcome to take
    where a log has several (a metric, a scorer, a statistic). ``filter``: the output filter, where
    a log has one row for each. ``labels``: a table with ``example_id`` (or file name) and
    ``label``, for predictions that come without. ``tasks``: only these, as shell patterns.
    ``cluster``: the column whose equal values mean examples that are not independent; ``none``
    takes all as independent. ``missing``: with ``refuse`` and ``allow_partial`` a reader leaves
    empty predictions out; else it keeps them, and the comparison refuses them or counts them as
    wrong. ``pick``: what follows ``::`` in a path, for files that hold several models; ``picks``:
    the same for each of the paths, where they differ.

    ``id``, ``label``, ``score``, ``member``, ``input``, ``answer`` are names of columns of a plain
    table, as its owner calls them; with commas between, a file takes the first that it has. ``id``
    may be ``none``: the rows of all files are in one order. So is
    ``prediction``; several (a tuple, commas, or a pattern such as ``seed*``) are several members.
    ``by``: slices that were asked for, on which the files of a side must agree; a column that
    nobody asked for may differ. ``pictures``: the folder that files of pictures must lie
    in, instead of the table's own. ``format``: the one that was asked for by name. ``positive``:
    the positive class of a binary task, where no name tells it. ``threshold``: the score above
    which it is predicted, in the unit of the column, instead of 0.5. ``scale``: of a column of
    grades the number of the worst answer and that of the best.
    """

    name: str | None = None
    allow_partial: bool = False
    inputs: bool = True
    metric: str | None = None
    filter: str | None = None
    labels: Path | None = None
    tasks: tuple[str, ...] = ()
    cluster: str | None = None
    missing: Missing = "refuse"
    pick: str | None = None
    id: str | None = None
    prediction: tuple[str, ...] = ()
    label: str | None = None
    score: str | None = None
    member: str | None = None
    by: tuple[str, ...] = ()
    picks: tuple[str | None, ...] = ()
    input: str | None = None
    pictures: Path | None = None
    format: str | None = None
    answer: str | None = None
    positive: str | None = None
    threshold: float | None = None
    scale: GradeScale | None = None

    def __post_init__(self) -> None:
        if isinstance(self.prediction, str):
            object.__setattr__(self, "prediction", (self.prediction,))
        for flag in COLUMN_FLAGS:
            # From Python a list, where the command line has commas.
            if isinstance(given := getattr(self, flag), list | tuple):
                object.__setattr__(self, flag, ",".join(map(str, given)) or None)
        for flag in ("name", "metric", "filter", "cluster", "positive", *COLUMN_FLAGS):
            refuse_undecoded(f"--{flag}", getattr(self, flag) or "")
        for flag in ("prediction", "tasks", "by"):
            refuse_undecoded(f"--{flag}", *getattr(self, flag))
        if self.threshold is not None:
            object.__setattr__(self, "threshold", _finite("threshold", self.threshold))
        if self.scale is not None:
            object.__setattr__(self, "scale", grade_scale(self.scale))
        if self.missing not in get_args(Missing):
            raise UserError(f"--missing {self.missing}: choose {' or '.join(get_args(Missing))}")

    def named(self, name: str | None) -> Reading:
        """The same with the name of a file or folder, unless it has one."""
        if self.name is not None or name is None:
            return self
        return replace(self, name=escaped(name).encode("utf-8", "replace").decode())

    @property
    def columns(self) -> dict[str, str]:
        """The flags that name columns, with what was given."""
        single = {flag: getattr(self, flag) for flag in COLUMN_FLAGS}
        every = {"id": single.pop("id"), "prediction": ",".join(self.prediction) or None, **single}
        return {flag: name for flag, name in every.items() if name is not None}

    @property
    def wanted(self) -> frozenset[str]:
        """Columns that were asked for, to slice by or as clusters; of a crossing each."""
        parts = {part.strip() for name in self.by for part in name.replace(",", "+").split("+")}
        return frozenset({*self.by, *parts, *([] if self.cluster is None else [self.cluster])})

    @property
    def keys(self) -> tuple[str, ...]:
        """Names of the column that names the example, by which a file is known to be a table."""
        return ("example_id", *alternatives(self.id))

    def picks_of(self, paths: Sequence[Path]) -> Sequence[str | None]:
        """What stands after ``::`` of each of these paths."""
        return self.picks or [self.pick] * len(paths)

    def picking(self, pick: str | None) -> Reading:
        """The same for one path, with what stands after ``::`` of it."""
        return replace(self, pick=pick, picks=())

    def wants_task(self, task: str) -> bool:
        """Whether this task was asked for: any is, where none is named."""
        return not self.tasks or any(fnmatchcase(task, pattern) for pattern in self.tasks)
