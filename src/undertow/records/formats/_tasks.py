"""What readers of evaluation logs share: which logs make one run, which outcome is taken, and tasks
put together."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from undertow.errors import TableError
from undertow.records.conditions import merged
from undertow.records.formats._log import PER_MEMBER, Log
from undertow.records.formats._outcome import values_of, why_not
from undertow.records.reading import Reading
from undertow.records.schema import NOT_SLICES

OPTIONS = ("choice", "label", "options")
MOST_LISTED = 8


class Found(NamedTuple):
    """One log of one task. ``stamp`` sorts by time."""

    path: Path
    task: str
    stamp: str
    model: str


class Outcome(NamedTuple):
    """The outcome that is taken: its name and one value a row, ``None`` where there is none."""

    metric: str | None
    score: list[float | None]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Part:
    """One task of one run. ``conditions`` of the task alone, by name without the task; ``shared``
    of the whole run."""

    task: str
    frame: pl.DataFrame
    metric: str | None
    conditions: Mapping[str, str]
    shared: Mapping[str, str]
    notes: tuple[str, ...] = ()
    seconds: float | None = None


def listing(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    more = f" and {len(names) - MOST_LISTED} more" if len(names) > MOST_LISTED else ""
    return ", ".join(names[:MOST_LISTED]) + more


def newest_of_each_task(
    folder: Path, found: Sequence[Found], reading: Reading
) -> tuple[list[Found], tuple[str, ...]]:
    """One run's logs, sorted by task. ``TableError`` for several models, or where no task was asked
    for."""
    models = sorted({f.model for f in found})
    if len(models) > 1:
        raise TableError(
            f"{folder}: holds logs of {len(models)} models ({listing(models)}); give the logs of"
            " one of them a side"
        )
    newest: dict[str, Found] = {}
    for log in sorted(found, key=lambda f: (f.stamp, f.path.name)):
        newest[log.task] = log
    wanted = [newest[task] for task in sorted(newest) if reading.wants_task(task)]
    if not wanted:
        raise TableError(
            f"{folder}: no task fits --tasks {' '.join(reading.tasks)}; it has"
            f" {listing(sorted(newest))}"
        )
    kept = {log.path for log in newest.values()}
    older = sorted(
        str(f.path.relative_to(folder))
        for f in found
        if f.path not in kept and reading.wants_task(f.task)
    )
    if not older:
        return wanted, ()
    return wanted, (
        f"{folder}: of each task the newest log is read, not {listing(older)}; to read them, give"
        " them.",
    )


def choose_outcome(
    source: str,
    values: Mapping[str, Sequence[Any]],
    asked: str | None,
    *,
    preferred: Sequence[str] = (),
    never: Collection[str] = (),
    less_is_better: Collection[str] = (),
) -> Outcome:
    """The outcome asked for, else the first of ``preferred``, else the first that can be one and is
    not in ``never``.

    ``values`` has one value a row for each name. Without any name there is no outcome. Raises
    ``TableError`` where the one asked for, or all of them, cannot be an outcome between 0 and 1 of
    which more is better.
    """
    table = {name: values_of(list(column)) for name, column in values.items()}
    reasons = {name: why_not(name, column, less_is_better) for name, column in table.items()}
    usable = [name for name, why in reasons.items() if why is None]
    offered = [name for name in usable if name not in never]
    fix = (
        f"choose of {', '.join(offered)} with --metric"
        if offered
        else "evaluate with another scorer"
    )
    if asked is not None and asked not in usable:
        said = (
            f"metric {asked!r} {reasons[asked]}" if asked in reasons else f"has no metric {asked!r}"
        )
        raise TableError(f"{source}: {said}; {fix}")
    if not reasons:
        return Outcome(None, [])
    chosen = asked or next((name for name in [*preferred, *offered] if name in usable), None)
    if chosen is None:
        scored = [f"{name} {why or 'is no outcome'}" for name, why in reasons.items()]
        raise TableError(
            f"{source}: no metric is plainly right or wrong ({listing(scored)}); {fix}"
        )
    others = [name for name in offered if name != chosen]
    note = f"{source}: the outcome is {chosen}; --metric takes another of {listing(others)}."
    score = [None if v != v else v for v in table[chosen].number_N.tolist()]
    return Outcome(chosen, score, (note,) if others and asked is None else ())


def one_member(
    member: str, source: str, model: str | None, parts: Sequence[Part], notes: Sequence[str] = ()
) -> Log:
    """All tasks of one run as one member; with options only where all tasks have them."""
    said = [*notes, *(note for part in parts for note in part.notes)]
    frame = _one_frame(parts, said)
    metric = " + ".join(sorted({part.metric for part in parts if part.metric is not None})) or None
    conditions: list[Mapping[str, str]] = [part.shared for part in parts]
    conditions += [
        {f"{key}:{part.task}": value for key, value in part.conditions.items()} for part in parts
    ]
    conditions += [{"metric": metric}] if metric is not None else []
    took = [part.seconds for part in parts if part.seconds is not None]
    facts = {"seconds": sum(took)} if took else {}
    return Log(member, source, frame, model, metric, merged(conditions), facts, tuple(said))


def _one_frame(parts: Sequence[Part], notes: list[str]) -> pl.DataFrame:
    without = [part.task for part in parts if "choice" not in part.frame.columns]
    frames = [part.frame for part in parts]
    if without and len(without) < len(parts):
        notes.append(
            f"Without options to choose from: {listing(without)}; so the answers of all tasks are"
            " compared as texts."
        )
        frames = [frame.drop(OPTIONS, strict=False) for frame in frames]
    unscored = [part.task for part in parts if part.metric is None]
    if unscored and len(unscored) < len(parts):
        notes.append(f"Without an outcome, so nothing is right or wrong: {listing(unscored)}.")
    if len(frames) == 1:
        return frames[0]
    try:
        frame = pl.concat(frames, how="diagonal_relaxed")
    except pl.exceptions.PolarsError:
        # A field that is a number in one task and a text in another: text in all.
        mixed = _mixed(frames)
        texts = [
            f.with_columns(pl.col([c for c in f.columns if c in mixed]).cast(pl.String))
            for f in frames
        ]
        frame = pl.concat(texts, how="diagonal_relaxed")
    if "cluster" in frame.columns:
        frame = frame.with_columns(pl.col("cluster").fill_null(pl.col("example_id")))
    return frame


def _mixed(frames: Sequence[pl.DataFrame]) -> set[str]:
    types: dict[str, set[pl.DataType]] = {}
    for frame in frames:
        for column in frame:
            types.setdefault(column.name, set()).add(column.dtype)
    return {name for name, found in types.items() if len(found) > 1}


def agreeing(logs: Sequence[Log]) -> list[Log]:
    """Members of one side without what is no property of the example after all.

    A field of the metadata that members do not agree on (a solver or scorer wrote it) is dropped,
    and so are prompts' hashes where repeat runs were prompted differently (options shuffled, other
    few-shot examples); the first member's prompt is shown.
    """
    if len(logs) < 2:
        return list(logs)
    names = dict.fromkeys(c for log in logs for c in log.frame.columns)
    candidates = [
        c for c in names if c not in PER_MEMBER and (c not in NOT_SLICES or c == "prompt_hash")
    ]
    dropped = [
        c for c in candidates if _disputed(c, [log.frame for log in logs if c in log.frame.columns])
    ]
    said = tuple(
        f"{name!r} differs between members of this side, so it is left out." for name in dropped
    )
    kept = [
        replace(log, frame=log.frame.drop([*dropped, *(("input",) if k else ())], strict=False))
        for k, log in enumerate(logs)
    ]
    return [replace(kept[0], notes=(*kept[0].notes, *said)), *kept[1:]]


def _disputed(column: str, frames: Sequence[pl.DataFrame]) -> bool:
    """Whether any example has two values."""
    first, *others = [
        f.select("example_id", pl.col(column).cast(pl.String)).unique(
            "example_id", keep="first", maintain_order=True
        )
        for f in frames
    ]
    for other in others:
        both = first.join(other, on="example_id", how="inner", suffix="_other")
        if both[column].ne_missing(both[f"{column}_other"]).any():
            return True
    return False
