"""Refuses right answers that are numbers of classes beside predictions that are their names."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from pathlib import Path

from undertow.errors import TableError
from undertow.records.formats.members.join import PROBABILITY, Sheet, probability_columns
from undertow.records.formats.predictions.label_arrays import BY_NUMBER, Labels
from undertow.records.formats.predictions.label_rows import either_way, two_readings
from undertow.records.formats.predictions.label_saving import (
    CLASSES,
    loaded,
    named_anew,
    with_names,
)

NUMBER = r"^\d+$"


def refuse_numbers_of_names(
    path: Path, found: Labels, sheets: Sequence[Sheet], keys: Collection[str]
) -> None:
    """Raises ``TableError`` where no label is one of the classes that are predicted, whichever
    examples the labels are of: they are numbers and these are names. Where examples may be told
    in two ways, what to type does both at once."""
    names = set[str]().union(*map(_predicted, sheets))
    label = found.table["label"].drop_nulls()
    if not names or not len(label) or not label.str.contains(NUMBER).all():
        return
    if any(name.removeprefix("-").isdigit() for name in names):
        return
    some_missing = len(label) < found.table.height
    apart = (sheet for sheet in sheets if two_readings(found.table, sheet) is not None)
    unclear = next(apart, None) if found.told_by == BY_NUMBER else None
    if unclear is None or path.suffix != ".npy":
        cure = f"save them with names, {named_anew(path, found.key, some_missing=some_missing)}"
    else:
        values = with_names(loaded(path), some_missing=some_missing)
        cure = (
            f"the ids of {unclear.source} are not in the order of its rows, so label i may be that "
            f"of row i or that of id i: {either_way(path, unclear, keys, values)}"
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
