"""Refuses columns of one number for each class, of which the largest is the answer: logits, and
marks of 0 and 1; with the command that writes the answer as a column.

One of them alone says next to nothing of an answer, and read as a grade or as a member it would
pass a worse model.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import polars as pl

from undertow.records.formats.columns.by_class.class_sets import (
    MOST_CLASSES,
    called_as,
    rows_of,
    share_likeliest,
)
from undertow.records.formats.columns.by_class.listed import Order, order_told
from undertow.records.formats.columns.by_class.spread import InOneColumn
from undertow.records.formats.columns.cells import ROUNDING
from undertow.records.formats.columns.commands.answer_made import by_largest
from undertow.records.formats.columns.flags import flags_meant
from undertow.records.formats.columns.meant import columns_meant, rest_of
from undertow.records.formats.columns.values import (
    has_decimals,
    numbers_in,
    values_of,
    within_one,
)
from undertow.records.formats.decoding.typed import number_of
from undertow.records.reading import Reading, alternatives

BEYOND_CHANCE = 0.2
"""Of what chance leaves, the share that the largest has to be right in, to be an answer."""
TRUTH = frozenset({"true", "false"})


class Largest(NamedTuple):
    """Columns of one number for each class, and what these are called, in that order."""

    columns: list[str]
    order: Order
    logits: bool
    """Else marks of 0 and 1."""

    @property
    def said(self) -> str:
        """``'out0', 'out1' and the like look like …``."""
        named = ", ".join(map(repr, self.columns[:2]))
        named += " and the like" if len(self.columns) > 2 else ""
        held = "marks of the answer, a 1 among zeros"
        if self.logits:
            held = "the logits of the classes, of which the largest is the answer"
        return f"{named} look like {held}{self.order.said}: write it as a column 'prediction'"

    def refusal(
        self, path: Path, frame: pl.DataFrame, keys: Sequence[str], said: str, then: str
    ) -> InOneColumn:
        """Begins as ``said``, and names what is to be done ``then``."""
        key = columns_meant(frame).id or self.columns[0]
        return InOneColumn.of(
            f"{said}{self.said}{then}",
            by_largest(path, self.columns, frame, self.order.typed, keys, told=self.order.told),
            self.order.typed,
            self.order.told,
            cells=frame.select([*dict.fromkeys([key, *self.columns])]).sort(key),
            if_same=f"{said}{self.columns[0]!r} and the like are the same in all files, so they "
            "are no answers of a model; name the column of those with --prediction COLUMN",
        )


def refuse_largest(path: Path, frame: pl.DataFrame, keys: Sequence[str], said: str) -> None:
    """Raises ``TableError`` that begins as ``said``, where nothing else holds answers."""
    meant = columns_meant(frame)
    if "prediction" in frame.columns or meant.score is not None:
        return
    rest = rest_of(frame, meant)
    found = largest_meant(frame, meant.label, rest)
    if found is None or {*meant.predictions} - {*found.columns}:
        return
    flags = flags_meant(frame.drop(found.columns).with_columns(pl.lit("").alias("prediction")))
    then = f", and name its columns with {flags}" if flags else ""
    raise found.refusal(path, frame, keys, f"{said}; ", then)


def refuse_one_of_largest(
    path: Path, frame: pl.DataFrame, asked: Mapping[str, str], wanted: Sequence[str], way: Reading
) -> None:
    """The same where some of them were ``asked`` for as a score, or are ``wanted`` as
    predictions."""
    scores = [c for c in alternatives(way.score) if c in frame.columns] if "score" in asked else []
    flag, named = ("score", scores) if scores else ("prediction", [*wanted])
    # A threshold and a scale say how one column alone is read.
    told = way.pick is not None or way.scale is not None or way.threshold is not None
    if not named or told or not _may_be(frame[named[0]]):
        return
    meant = columns_meant(frame)
    label = asked.get("label", "label" if "label" in frame.columns else meant.label)
    taken = {label, *(name for role, name in asked.items() if role not in ("score", "prediction"))}
    found = largest_meant(frame, label, [c for c in frame.columns if c not in taken])
    if found is None or {*named} - {*found.columns}:
        return
    raise found.refusal(path, frame, way.keys, f"{path}: ", f", and leave --{flag} out")


def largest_meant(frame: pl.DataFrame, label: str | None, rest: Sequence[str]) -> Largest | None:
    """The columns of the ``rest`` that are one number for each value of the ``label``, by their
    names, or as many that are called by number; of another column, where no label is known, by
    names alone."""
    able = {c: n for c in rest if (n := numbers_or_truth(frame[c])) is not None}
    for name in [label] if label is not None else [c for c in rest if c not in able]:
        known = values_of(frame[name])
        if not 2 <= len(known) <= MOST_CLASSES or len(able) < len(known):
            continue
        classes = called_as(pl.DataFrame({c: [0] for c in able if c != name}), known)
        columns = [*classes] or (_numbered([*able], len(known)) if label is not None else [])
        logits = _are_logits([able[c] for c in columns])
        if not columns or not (logits or are_marks([able[c] for c in columns])):
            continue
        numeric = pl.DataFrame([able[c].alias(c) for c in columns])
        if not classes:
            return Largest(columns, order_told(rows_of(numeric, columns), frame[name]), logits)
        chance = 1 / len(known)
        share = share_likeliest(numeric, classes, frame[name])
        if share >= chance + BEYOND_CHANCE * (1 - chance):
            typed = json.dumps([*classes.values()], ensure_ascii=False)
            return Largest(columns, Order("", typed, told=False), logits)
    return None


def _may_be(column: pl.Series) -> bool:
    """Whether one of the columns may look so."""
    number = numbers_or_truth(column)
    return number is not None and not (has_decimals(number) and within_one(number))


def numbers_or_truth(column: pl.Series) -> pl.Series | None:
    """The numbers or truth values of the rows; ``None`` where some other value is among them."""
    if column.dtype == pl.Boolean or {v.lower() for v in values_of(column)} == TRUTH:
        return (column.cast(pl.String).str.to_lowercase() == "true").cast(pl.Float64)
    return None if numbers_in(column) is None else number_of(column).fill_nan(None)


def _are_logits(numbers: Sequence[pl.Series]) -> bool:
    """Whether all have decimals, some beyond 0 to 1, and they do not sum to 100."""
    if not numbers or not all(map(has_decimals, numbers)) or all(map(within_one, numbers)):
        return False
    off = (_sum_of(numbers) - 100).abs()
    return not bool((off <= ROUNDING[0] + ROUNDING[1] * len(numbers)).all())


def are_marks(numbers: Sequence[pl.Series]) -> bool:
    """Whether in every row one is 1 and the others are 0."""
    either = all(n.is_in([0.0, 1.0]).all() for n in numbers)
    return bool(numbers) and either and bool((_sum_of(numbers) == 1).all())


def _sum_of(numbers: Sequence[pl.Series]) -> pl.Series:
    frame = pl.DataFrame([number.alias(str(k)) for k, number in enumerate(numbers)])
    return frame.sum_horizontal(ignore_nulls=False)


def _numbered(columns: Sequence[str], count: int) -> list[str]:
    """The only so many columns of one name with a number, in the order of these."""
    kinds: dict[str, list[str]] = {}
    for name in columns:
        kinds.setdefault(re.sub(r"\d+", "#", name), []).append(name)
    found = [names for kind, names in kinds.items() if kind.count("#") == 1 and len(names) == count]
    return sorted(found[0], key=lambda c: int(re.sub(r"\D", "", c))) if len(found) == 1 else []
