"""Refuses cells that hold a list of answers, such as ``["cat","dog"]``, with the command that
writes one: the first, where that is the best, or whether two lists hold the same."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from undertow.errors import TableError
from undertow.records.formats.columns.by_class.spread import InOneColumn
from undertow.records.formats.columns.commands.new_table import written
from undertow.records.formats.columns.commands.python_typed import text_typed

LIST = r"^\s*\[.*\]\s*$"
FIRST = r"^\s*\[\s*[\x27\x22](.*?)[\x27\x22]\s*[,\]]"
"""The first text of a list, as JSON and as Python write it."""
EACH = r"[\x27\x22](.*?)[\x27\x22]\s*[,\]]"


def lists_in(column: pl.Series) -> pl.Series | None:
    """The lists of texts that a column holds, as such or as they are written; ``None`` where a
    value is anything else."""
    if column.dtype == pl.List(pl.String):
        return column
    if column.dtype != pl.String or not column.drop_nulls().str.contains(LIST).all():
        return None
    found = column.str.extract_all(EACH).list.eval(pl.element().str.extract(EACH))
    return found if found.drop_nulls().list.len().max() else None


def refuse_lists(
    path: Path, source: str, frame: pl.DataFrame, names: tuple[str, str], keys: Sequence[str]
) -> None:
    """Raises ``TableError`` for predictions that are lists, of a table with the columns
    ``prediction`` and ``label``, which its owner calls by the ``names``."""
    if not {"prediction", "label"} <= {*frame.columns}:
        return
    said, right = lists_in(frame["prediction"]), lists_in(frame["label"])
    if said is None:
        return
    one = frame["label"] if right is None else right.list.first()
    if right is None or right.list.len().max() == 1:
        _refuse_ranked(path, source, (said, one.cast(pl.String)), frame, names, keys)
        raise TableError(
            f"{source}: each cell of {names[0]!r} is a list of answers, none of which is the best "
            "by its place, and a comparison is of one; only you know which: write it as a column "
            "of its own, and name that with --prediction COLUMN"
        )
    same = " == ".join(_sorted(c, n) for c, n in zip(_both(frame), names, strict=True))
    dropped = f".select(pl.exclude({', '.join(map(text_typed, names))}))"
    raise InOneColumn.of(
        f"{source}: each cell of {names[0]!r} is a list of answers, and a comparison is of one: "
        "where an answer is right if both lists hold the same, in any order, write that as a "
        "column 'correct', and leave --prediction and --label out",
        written(path, f'({same}).cast(int).alias("correct")', keys, "graded", dropped),
    )


def _both(frame: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    return frame["prediction"], frame["label"]


def _refuse_ranked(
    path: Path,
    source: str,
    both: tuple[pl.Series, pl.Series],
    frame: pl.DataFrame,
    names: tuple[str, str],
    keys: Sequence[str],
) -> None:
    """The same beside one right answer each, where the first is right more often than another."""
    said, right = both
    count = int(said.list.len().max() or 0)  # type: ignore[arg-type]
    shares = [
        float((said.list.get(k, null_on_oob=True) == right).fill_null(value=False).mean() or 0)  # type: ignore[arg-type]
        for k in range(count)
    ]
    if shares[0] <= max(shares[1:], default=0.0):
        return
    typed = [
        _first(c, n) for c, n in zip(_both(frame), names, strict=True) if lists_in(c) is not None
    ]
    raise InOneColumn.of(
        f"{source}: each cell of {names[0]!r} is a list of answers, of which the first is right "
        "most often, so they look like the best of one model, and a comparison is of one: keep the "
        "first",
        written(path, ", ".join(typed), keys, "first"),
    )


def _first(column: pl.Series, name: str) -> str:
    how = ".list.first()" if column.dtype.is_nested() else f".str.extract({text_typed(FIRST)})"
    return f"pl.col({text_typed(name)}){how}"


def _sorted(column: pl.Series, name: str) -> str:
    x, each = f"pl.col({text_typed(name)})", text_typed(EACH)
    read = f".str.extract_all({each}).list.eval(pl.element().str.extract({each}))"
    return f"{x}{'' if column.dtype.is_nested() else read}.list.sort()"
