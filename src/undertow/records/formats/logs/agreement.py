"""Drops what members of one side do not agree on, because then it belongs to no example."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from undertow.records.formats.logs.log import PER_MEMBER, Log
from undertow.records.schema import NOT_SLICES


def agreeing(logs: Sequence[Log]) -> list[Log]:
    """Returns the members without the columns that they do not agree on.

    Such a column is a field of the metadata that a solver or scorer wrote, or the prompt's hash
    where repeat runs were prompted differently (options shuffled, other few-shot examples). The
    prompt of the first member is shown.
    """
    if len(logs) < 2:
        return list(logs)
    names = dict.fromkeys(c for log in logs for c in log.frame.columns)
    candidates = [c for c in names if c not in PER_MEMBER and _may_be_disputed(c)]
    once = [_once(log.frame, candidates) for log in logs]
    dropped = [c for c in candidates if _disputed(c, once)]
    notes = [f"{c!r} differs between members of this side, so it is left out." for c in dropped]
    first = logs[0].frame.drop(dropped, strict=False)
    others = [log.frame.drop([*dropped, "input"], strict=False) for log in logs[1:]]
    return [
        replace(logs[0], frame=first, notes=(*logs[0].notes, *notes)),
        *(replace(log, frame=frame) for log, frame in zip(logs[1:], others, strict=True)),
    ]


def _may_be_disputed(name: str) -> bool:
    """Tells whether the column may differ; what says which example it is may not."""
    return name not in NOT_SLICES or name == "prompt_hash"


def _once(frame: pl.DataFrame, candidates: Sequence[str]) -> pl.DataFrame:
    """Returns the first row of each example."""
    kept = frame.select("example_id", *(c for c in candidates if c in frame.columns))
    return kept.unique("example_id", keep="first", maintain_order=True)


def _disputed(name: str, frames: Sequence[pl.DataFrame]) -> bool:
    """Tells whether any example has two values."""
    first, *others = [frame for frame in frames if name in frame.columns]
    return any(_differ(*_aligned(first, other, name)) for other in others)


def _aligned(one: pl.DataFrame, other: pl.DataFrame, name: str) -> tuple[pl.Series, pl.Series]:
    """Returns one column of both frames over the examples that both have."""
    if one["example_id"].equals(other["example_id"]):
        return one[name], other[name]
    both = one.select("example_id", name).join(
        other.select("example_id", pl.col(name).alias("other")), on="example_id", how="inner"
    )
    return both[name], both["other"]


def _differ(one: pl.Series, other: pl.Series) -> bool:
    return bool(one.cast(pl.String).ne_missing(other.cast(pl.String)).any())
