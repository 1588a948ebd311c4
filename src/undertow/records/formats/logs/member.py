"""Puts the tasks of one run together to one member."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from undertow.records.conditions import merged
from undertow.records.formats.logs.log import OPTIONS, Log
from undertow.records.formats.members.names import listing


@dataclass(frozen=True, eq=False)
class Part:
    """One task of one run.

    ``conditions`` are those of the task alone, by name without the task; ``shared`` are those of
    the whole run. ``seconds`` is what the run took, in one of its parts.
    """

    task: str
    frame: pl.DataFrame
    metric: str | None
    conditions: Mapping[str, str]
    shared: Mapping[str, str]
    notes: tuple[str, ...] = ()
    seconds: float | None = None


def one_member(
    member: str,
    source: str,
    model: str | None,
    parts: Sequence[Part],
    notes: Sequence[str] = (),
) -> Log:
    """Returns all tasks of one run as one member, with options only where all tasks have them."""
    said = [*notes, *(note for part in parts for note in part.notes)]
    frame = _one_frame(parts, said)
    metric = " + ".join(sorted({part.metric for part in parts if part.metric is not None})) or None
    took = [part.seconds for part in parts if part.seconds is not None]
    facts = {"seconds": sum(took)} if took else {}
    conditions = merged([*_conditions(parts), *([{"metric": metric}] if metric else [])])
    return Log(member, source, frame, model, metric, conditions, facts, tuple(said))


def _conditions(parts: Sequence[Part]) -> list[Mapping[str, str]]:
    """Those of the run, then those of each task, with the task in their name."""
    of_tasks = [{f"{k}:{part.task}": v for k, v in part.conditions.items()} for part in parts]
    return [*(part.shared for part in parts), *of_tasks]


def _one_frame(parts: Sequence[Part], notes: list[str]) -> pl.DataFrame:
    frames = _comparable(parts, notes)
    unscored = [part.task for part in parts if part.metric is None]
    if unscored and len(unscored) < len(parts):
        notes.append(f"Without an outcome, so nothing is right or wrong: {listing(unscored)}.")
    if len(frames) == 1:
        return frames[0]
    frame = pl.concat(_alike(frames), how="diagonal_relaxed")
    if "cluster" in frame.columns:
        frame = frame.with_columns(pl.col("cluster").fill_null(pl.col("example_id")))
    return frame


def _comparable(parts: Sequence[Part], notes: list[str]) -> list[pl.DataFrame]:
    """Drops choice and label where some task has no options, so that all have texts."""
    without = [part.task for part in parts if "choice" not in part.frame.columns]
    if not without or len(without) == len(parts):
        return [part.frame for part in parts]
    notes.append(
        f"Without options to choose from: {listing(without)}; so the answers of all tasks are"
        " compared as texts."
    )
    return [part.frame.drop(OPTIONS, strict=False) for part in parts]


def _alike(frames: Sequence[pl.DataFrame]) -> list[pl.DataFrame]:
    """Makes a field that is text in one task and a number in another text in all."""
    kinds: dict[str, set[pl.DataType]] = {}
    for frame in frames:
        for name, kind in frame.schema.items():
            kinds.setdefault(name, set()).add(kind)
    texts = {name for name, found in kinds.items() if len(found) > 1 and pl.String in found}
    return [
        frame.with_columns(pl.col(name).cast(pl.String) for name in frame.columns if name in texts)
        for frame in frames
    ]
