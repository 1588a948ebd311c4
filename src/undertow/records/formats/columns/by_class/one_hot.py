"""Refuses right answers and predictions that are both one column for each class, with the command
that writes one column of each: of one class alone they say next to nothing of the others."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from undertow.records.formats.columns.by_class.largest import are_marks, numbers_or_truth
from undertow.records.formats.columns.by_class.marks_beside import and_alike
from undertow.records.formats.columns.by_class.spread import InOneColumn
from undertow.records.formats.columns.commands.answer_made import by_largest_both
from undertow.records.formats.columns.flags import flags_meant
from undertow.records.formats.columns.meant import columns_meant
from undertow.records.formats.columns.paired_names import class_names
from undertow.records.formats.columns.values import has_decimals


def refuse_one_hot(path: Path, frame: pl.DataFrame, keys: Sequence[str], said: str) -> None:
    """Raises ``TableError`` that begins as ``said``, where every prediction that has right answers
    of its own is of one class, and each row is of one class alone."""
    meant = columns_meant(frame)
    if not meant.pairs or not _are_classes(frame, meant.pairs):
        return
    predictions, labels = ([pair[side] for pair in meant.pairs] for side in (0, 1))
    typed = json.dumps(class_names(meant.pairs), ensure_ascii=False)
    key = meant.id or predictions[0]
    one = pl.lit("")
    rest = frame.drop([*predictions, *labels])
    flags = flags_meant(rest.with_columns(one.alias("prediction"), one.alias("label")))
    then = f", and name its columns with {flags}" if flags else ""
    begun = f"{said}; {and_alike(labels)} look like marks of the right answer, a 1 among zeros"
    raise InOneColumn.of(
        f"{begun}, and {and_alike(predictions)} like those of the prediction: write them as "
        f"columns 'label' and 'prediction'{then}",
        by_largest_both(path, predictions, labels, frame, typed, keys),
        typed,
        cells=frame.select([*dict.fromkeys([key, *predictions])]).sort(key),
        if_same=f"{said}; {and_alike(predictions)} are the same in all files, so they are no "
        "answers of a model; name the column of those with --prediction COLUMN",
    )


def _are_classes(frame: pl.DataFrame, pairs: Sequence[tuple[str, str]]) -> bool:
    """Whether in each row one right answer is 1 and the others are 0, and so are predictions, or
    these have decimals, of which the largest is the answer."""
    if len({right for _, right in pairs}) < len(pairs):
        return False
    said, right = (_numbers(frame, [pair[side] for pair in pairs]) for side in (0, 1))
    return are_marks(right) and bool(said) and (are_marks(said) or all(map(has_decimals, said)))


def _numbers(frame: pl.DataFrame, columns: Sequence[str]) -> list[pl.Series]:
    """None where some column holds anything else."""
    able = [number for c in columns if (number := numbers_or_truth(frame[c])) is not None]
    return able if len(able) == len(columns) else []
