"""``second_split_columns``: which training examples members forget when they go on with others
(2210.15031).

Members learn from one half of the training examples and are then trained on with the other half,
while a trace looks back at the first. The other way round the other half is judged, so two
directions tell all examples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.stats import rankdata

from undertow.audit.dynamics.columns import columns_of
from undertow.audit.dynamics.instruments import correctness, right_for_good, wrong_for_good
from undertow.errors import UserError
from undertow.records.probes import ProbeValues, read_probe

Floats = NDArray[np.floating[Any]]

LOOKING_BACK = "trace-held-out"
"""The trace of what was learned from before, as ``lab/probes/trace.py`` names it."""
SECOND = 100
"""How much more the second split counts in the joint rank, as in the authors' code."""


class Direction(NamedTuple):
    """Folders of two populations: members that learned from one half, and the same trained on with
    the other."""

    first: Path
    second: Path


@dataclass(frozen=True, eq=False)
class _Judged:
    """Traces of the same examples: while they were learned from, and while others were."""

    learning: ProbeValues
    after: ProbeValues

    @property
    def horizons(self) -> tuple[int, int]:
        """Epochs of both trainings."""
        return self.learning.entry.epochs[-1], self.after.entry.epochs[-1]


def second_split_columns(
    directions: Sequence[tuple[Path, Path]], learning: str = "trace-clean"
) -> pl.DataFrame:
    """A row per training example that a direction judges, means over members, NaN where no epoch
    saw it:

    - ``second_split_forgetting``: the first epoch of the further training after which it is wrong
      for good, 1 also where it was wrong from the start, the horizon + 1 where it is right in the
      end. Low values are suspected of a wrong label.
    - ``first_split_learning``: the first epoch after which it was right for good.
    - ``first_split_correctness``, ``second_split_correctness``: the share of epochs that were
      right.
    - ``joint_rank``: 100 times the rank by the second, and the rank by the first of these, among
      the examples of its direction and over 101 times their number: above 0 to 1, lowest suspected
      first, equal ones with the mean of their ranks.

    Directions of different horizons are brought to the longest: 1 stays 1, never stays the horizon
    + 1. ``learning`` names the trace of the first training. Raises ``RecordError`` where a trace is
    not there, ``UserError`` where the two of a direction are of other examples, or two directions
    judge the same one.
    """
    judged = [_read(Direction(*map(Path, each)), learning) for each in directions]
    if not judged:
        raise UserError("second_split_columns([]): give one direction or two")
    longest = [max(of_all) for of_all in zip(*(each.horizons for each in judged), strict=True)]
    columns = pl.concat([_columns(each, *longest) for each in judged])
    twice = columns.filter(pl.col("example_id").is_duplicated())
    if twice.height:
        raise UserError(
            f"two directions judge the training example {twice['example_id'][0]!r}; give each half "
            "once"
        )
    return columns


def _read(direction: Direction, learning: str) -> _Judged:
    found = _Judged(
        read_probe(direction.first, learning), read_probe(direction.second, LOOKING_BACK)
    )
    if not found.learning.example_id_N.equals(found.after.example_id_N):
        raise UserError(
            f"{direction.second}: looks back at other examples than {direction.first} learned "
            "from; give a population and one that derives from it, whose data are "
            "Watching(other half, this half)"
        )
    return found


def _columns(judged: _Judged, learning: int, after: int) -> pl.DataFrame:
    first = columns_of(judged.learning, instruments=(right_for_good, correctness))
    second = columns_of(judged.after, instruments=(wrong_for_good, correctness))
    of_first, of_second = judged.horizons
    right_N, still_N = (frame["correctness"].to_numpy() for frame in (first, second))
    return pl.DataFrame(
        {
            "example_id": judged.after.example_id_N,
            "second_split_forgetting": rescaled(
                second["wrong_for_good"].to_numpy(), of_second, after
            ),
            "first_split_learning": rescaled(
                first["right_for_good"].to_numpy(), of_first, learning
            ),
            "first_split_correctness": right_N,
            "second_split_correctness": still_N,
            "joint_rank": joint_rank(right_N, still_N),
        }
    )


def rescaled(epoch_N: Floats, horizon: int, longest: int) -> Floats:
    """Epochs from 1 to ``horizon`` + 1 on the scale from 1 to ``longest`` + 1."""
    return 1.0 + (epoch_N - 1.0) * (longest / horizon)


def joint_rank(first_N: Floats, second_N: Floats) -> Floats:
    """(N,): above 0 to 1, from the shares of epochs that were right in both trainings. NaN where
    one of them is."""
    known_N = ~(np.isnan(first_N) | np.isnan(second_N))
    rank_N = np.full(len(first_N), np.nan)
    first_K, second_K = (rankdata(share_N[known_N]) for share_N in (first_N, second_N))
    rank_N[known_N] = (SECOND * second_K + first_K) / ((SECOND + 1) * max(int(known_N.sum()), 1))
    return rank_N
