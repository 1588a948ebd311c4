"""Refuses right answers that are numbers of classes beside predictions that are their names."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from pathlib import Path

from undertow.errors import TableError
from undertow.records.formats.members.join import PROBABILITY, Sheet, probability_columns
from undertow.records.formats.predictions.label_arrays import LabelArray
from undertow.records.formats.predictions.label_rows import either_way, two_readings
from undertow.records.formats.predictions.label_saving import (
    named_anew,
    with_names,
)
from undertow.records.order_told import CLASSES

NUMBER = r"^\d+$"


def refuse_numbers_of_names(
    path: Path, found: LabelArray, sheets: Sequence[Sheet], keys: Collection[str]
) -> None:
    """Raises ``TableError`` where no label is one of the classes that are predicted, whichever
    examples the labels are of: they are numbers and these are names. Where examples may be told
    in two ways, what to type does both at once."""
    names = set[str]().union(*map(_predicted, sheets))
    label = found.label.drop_nulls()
    if not names or not len(label) or not label.str.contains(NUMBER).all():
        return
    if any(name.removeprefix("-").isdigit() for name in names):
        return
    some_missing = len(label) < len(found.label)
    apart = (sheet for sheet in sheets if two_readings(found.label, sheet) is not None)
    unclear = next(apart, None) if found.ids is None else None
    if unclear is None:
        made = named_anew(path, found.names[1], some_missing=some_missing)
        cure = f"save them with names, {made}"
    else:
        values = with_names(found.loaded, some_missing=some_missing)
        cure = (
            f"the ids of {unclear.source} are numbers in another order than its rows, so label i "
            "may be that of row i or that of the i-th id: "
            f"{either_way(path, values, unclear, keys)}"
        )
    numbers = label.unique().cast(int).sort()
    some = json.dumps(sorted(names)[:2], ensure_ascii=False)
    raise TableError(
        f"{path}: its labels are numbers from {numbers[0]} to {numbers[-1]}, and the classes that "
        f"{sheets[0].source} predicts are names; write the names of classes 0, 1, 2 … in place of "
        f"{CLASSES}, as in {some}; {cure}"
    )


def _predicted(sheet: Sheet) -> set[str]:
    if "prediction" in sheet.frame.columns:
        return set(sheet.frame["prediction"].drop_nulls().unique().to_list())
    return {name.removeprefix(PROBABILITY) for name in probability_columns(sheet.frame)}
