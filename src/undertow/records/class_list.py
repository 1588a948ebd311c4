"""The classes of a population as a list: their order where no file declares one, and how many there
may be."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

import polars as pl

from undertow.errors import TableError, UserError

MOST_CLASSES = 1 << 17
"""The vocabulary of a language model still fits. Every class is a slice, and so a finding of
several measures."""
WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
DECIMALS = re.compile(r"([+-]?[0-9]+)\.0+")
TRUTH = {"1": "true", "0": "false"}


def order_classes(names: set[str]) -> tuple[str, ...]:
    """The order of classes that no file declares: numeric where all are whole numbers, else that of
    text."""
    if all(WHOLE.fullmatch(name) for name in names):
        return tuple(sorted(names, key=lambda name: (int(name), name)))
    return tuple(sorted(names))


def refuse_many_classes(source: object, count: int, error: type[UserError] = TableError) -> None:
    """``error`` where there are so many that they are hardly classes."""
    if count > MOST_CLASSES:
        raise error(
            f"{source}: has {count:,} classes, and at most {MOST_CLASSES:,} are read; if these are "
            "answers in words, write a graded table with the columns example_id, answer and score"
        )


def as_written(
    names: Mapping[str, str], table: pl.DataFrame, columns: Sequence[str]
) -> dict[str, str]:
    """The names by how columns write their numbers too: ``1.0`` is read as ``1``."""
    cells = {str(v) for name in columns for v in table[name].unique() if v is not None}
    found = {cell: whole[1] for cell in sorted(cells) if (whole := DECIMALS.fullmatch(cell))}
    return {**names, **{cell: names[read] for cell, read in found.items() if read in names}}


def class_meant(asked: str | None, classes: Collection[str]) -> str | None:
    """The one of two classes that a person named: as the file writes it, or as it is read, which is
    without ``.0`` and in whatever capitals. Of 1 and 0, and of true and false, either names the
    other."""
    if asked is None or len(classes) != 2 or asked in classes:
        return asked if asked in classes else None
    read = {name: _as_read(name) for name in classes}
    word = _as_read(asked)
    if set(read.values()) in (set(TRUTH), set(TRUTH.values())):
        read, word = {name: TRUTH.get(r, r) for name, r in read.items()}, TRUTH.get(word, word)
    alike = [name for name in classes if read[name] == word]
    return alike[0] if len(alike) == 1 else None


def _as_read(name: str) -> str:
    whole = DECIMALS.fullmatch(name.strip())
    return whole[1] if whole else name.strip().casefold()
