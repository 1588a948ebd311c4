"""Scores in per cent on one side and in fractions on the other: no threshold is right for both."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import polars as pl

from undertow.errors import TableError, UserError
from undertow.records.formats.columns.absent import named_in
from undertow.records.formats.columns.commands.fractions import of_per_cent
from undertow.records.formats.columns.ends import reach
from undertow.records.formats.columns.values import has_decimals, numbers_in, within_one
from undertow.records.formats.decoding.tables import parse
from undertow.records.reading import Reading

WHOLE, ABOVE = 100, 10
"""What per cent do not exceed, and what they reach beyond somewhere."""


class _Score(NamedTuple):
    """A file's column of scores: as it stands there, and as numbers."""

    path: Path
    frame: pl.DataFrame
    name: str
    number: pl.Series


def refuse_scales_apart(
    paths: Sequence[Path], frames: Sequence[tuple[str, pl.DataFrame]], reading: Reading
) -> None:
    """Raises ``UserError`` where of these files and frames, of both sides, some have scores from 0
    to 1 and another has per cent; silent where that is not what is wrong. A frame comes with what
    messages call it."""
    read = [(Path(called), frame) for called, frame in frames]
    read += [(path, frame) for path in paths if (frame := _table(path, reading)) is not None]
    found = [score for one in read if (score := _score(*one, reading)) is not None]
    cents = [score for score in found if _is_per_cent(score.number)]
    shares = [score for score in found if within_one(score.number) and has_decimals(score.number)]
    if not cents or not shares:
        return
    one, other = cents[0], shares[0]
    command = of_per_cent(one.path, [one.name], one.frame, reading.keys)
    cut = reading.threshold
    at = "" if cut is None or cut <= 1 else f" with --threshold {cut / WHOLE:.15g}"
    give = "what this writes" if os.path.isfile(one.path) else "this in its place"
    raise UserError(
        f"{one.path}: column {one.name!r} {reach(one.number)}, and {other.name!r} in "
        f"{other.path} {reach(other.number)}, so one looks like per cent and the other like "
        f"fractions; if they are, scale the first, and give {give}{at}: {command}"
    )


def _table(path: Path, reading: Reading) -> pl.DataFrame | None:
    with suppress(TableError):
        return parse(path, reading.keys) if os.path.isfile(path) else None
    return None


def _score(path: Path, frame: pl.DataFrame, reading: Reading) -> _Score | None:
    name = next(iter(named_in(frame, reading.score or "score")), None)
    number = None if name is None else numbers_in(frame[name])
    if name is not None and number is not None and number.count():
        return _Score(path, frame, name, number)
    return None


def _is_per_cent(number: pl.Series) -> bool:
    known = number.drop_nulls().to_numpy()
    return bool(known.min() >= 0 and ABOVE < known.max() <= WHOLE and has_decimals(number))
