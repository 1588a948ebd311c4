"""A log of training has a row for each epoch and example: the last epoch is what the model answers,
and the mean of all, or any other choice, is not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from undertow.records.formats.columns.by_class.spread import InOneColumn
from undertow.records.formats.columns.commands.new_table import written
from undertow.records.formats.columns.commands.python_typed import text_typed
from undertow.records.formats.columns.values import is_nested, numbers_in
from undertow.records.usual_names import those_called

EPOCH = (
    "epoch", "epochs", "epoch_no", "epoch_num", "global_step", "train_step", "training_step",
    "iteration", "checkpoint",
)  # fmt: skip


def refuse_epochs(
    path: Path, frame: pl.DataFrame, names: Mapping[str, str], keys: Sequence[str]
) -> None:
    """Raises ``TableError`` where examples stand in several rows, which an epoch tells apart, with
    the command that keeps the last. ``names`` are what the owner calls columns."""
    if "example_id" not in frame.columns or is_nested(frame["example_id"]):
        return
    of_one = [c for c in ("example_id", "member") if c in frame.columns]
    if not frame.select(of_one).is_duplicated().any():
        return
    for epoch in those_called(EPOCH, frame.columns):
        number = numbers_in(frame[epoch])
        if number is None or frame.select(*of_one, epoch).is_duplicated().any():
            continue
        called = names.get(epoch, epoch)
        x = f"pl.col({text_typed(called)}).cast(float)"
        low, high = (f"{float(end):g}" for end in (number.min() or 0, number.max() or 0))  # type: ignore[arg-type]
        raise InOneColumn.of(
            f"{path}: examples stand in several rows, one for each {called!r} from {low} to "
            f"{high}, as in a log of training, and a comparison is of one answer to each: "
            "keep the last",
            written(path, "", keys, "last", f".filter({x} == {x}.max())"),
        )
