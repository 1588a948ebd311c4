"""Folds repeats of an example into one row, and checks that scores are outcomes."""

from __future__ import annotations

import polars as pl

from undertow.errors import TableError
from undertow.records.formats.logs.log import Log
from undertow.records.formats.members.join import Sheet


def folded(log: Log, notes: list[str]) -> Sheet:
    """Returns one row per example.

    Scores of repeats are averaged, the answer is the most frequent one, and of everything else the
    first is taken. Where one repeat has no score there is none: a mean over the repeats that have
    one would be of the easy ones.
    """
    frame = _checked(log)
    if not frame["example_id"].is_duplicated().any():
        return Sheet(log.member, log.source, frame, log.names)
    score = pl.when(pl.col("score").is_not_null().all()).then(pl.col("score").mean())
    means = {"score": score, "seconds": pl.col("seconds").mean()}
    modes = [c for c in ("answer", "choice") if c in frame.columns]
    others = [c for c in frame.columns if c not in {"example_id", *means, *modes}]
    rows = frame.group_by("example_id", maintain_order=True).agg(
        pl.len().alias("_repeats"),
        *(mean for c, mean in means.items() if c in frame.columns),
        *(pl.col(c).drop_nulls().mode(maintain_order=True).first() for c in modes),
        pl.col(others).first(),
    )
    most = int(rows["_repeats"].to_numpy().max())
    notes.append(
        f"{log.source}: up to {most} repeats of an example; scores are averaged within it, its"
        " answer is the most frequent one (the first of equals)."
    )
    return Sheet(log.member, log.source, rows.drop("_repeats"), log.names)


def is_binary(frame: pl.DataFrame) -> bool:
    """Tells whether scores are right or wrong, before repeats are averaged."""
    if "score" not in frame.columns:
        return True
    return bool(frame["score"].drop_nulls().is_in([0.0, 1.0]).all())


def _checked(log: Log) -> pl.DataFrame:
    """Makes the score a float. Raises ``TableError`` for one that is out of range."""
    frame = log.frame
    if frame.height == 0:
        raise TableError(f"{log.source}: holds no example; check the file, or --tasks and --filter")
    if "score" not in frame.columns:
        return frame
    score = frame["score"].cast(pl.Float64).fill_nan(None)
    wrong = score.is_not_null() & ~score.is_between(0, 1)
    if wrong.any():
        first = float(score.filter(wrong)[0])
        raise TableError(
            f"{log.source}: {log.metric or 'score'} is not between 0 and 1 in {int(wrong.sum())} of"
            f" {len(score)} rows, first {first:g}; expected an outcome where more is better, "
            "choose one"
            " with --metric"
        )
    return frame.with_columns(score.alias("score"))
