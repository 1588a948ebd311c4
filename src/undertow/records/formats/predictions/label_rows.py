"""Refuses right answers that go by position beside two sides whose rows are in two orders: beside
one of them they are those of other examples."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Sequence
from pathlib import Path

import polars as pl

from undertow.errors import UserError
from undertow.records.formats.columns.scaling import reading_typed, text_typed
from undertow.records.formats.decoding.tables import column_names
from undertow.records.formats.predictions.label_arrays import BY_ROW, SAVE_IDS
from undertow.records.records import Records


def refuse_rows_apart(
    sides: Sequence[Records], files: Sequence[Path], labels: Path | None, keys: Collection[str]
) -> None:
    """Raises ``UserError`` where one example has two labels, because label i was taken for row i of
    each file. ``files`` are the first of each side; ``keys`` are names of the column of ids."""
    by_row = [(side, path) for side, path in zip(sides, files, strict=True) if _goes_by_row(side)]
    if labels is None or not by_row:
        return
    (first, file), *others = by_row
    for side, path in others:
        both = _labelled(first).join(_labelled(side), on="id", maintain_order="left")
        apart = both.filter(pl.col("label") != pl.col("label_right"))
        if apart.height:
            example, one, other = apart.row(0)
            raise UserError(
                f"{labels}: its labels go by position, and the rows of {file} and {path} are in "
                f"two orders ({example!r} would be {one!r} in one and {other!r} in the other); "
                f"{_cure(labels, file, keys)}"
            )


def _goes_by_row(side: Records) -> bool:
    return any(BY_ROW in note for note in side.manifest.notes)


def _labelled(side: Records) -> pl.DataFrame:
    known = side.label_N >= 0
    names = [side.classes[k] for k in side.label_N[known]]
    return pl.DataFrame({"id": side.example_id_N.filter(pl.Series(known)), "label": names})


def _cure(labels: Path, path: Path, keys: Collection[str]) -> str:
    """A command that writes the labels with the ids of the first file."""
    key = next((key for key in keys if key in column_names(path, keys)), None)
    if key is None or labels.suffix != ".npy":
        return SAVE_IDS
    to = labels.with_name(f"{labels.stem}-ids.csv")
    code = (
        f"import numpy, polars as pl; {reading_typed(path, keys)}.select({text_typed(key)})"
        f'.with_columns(pl.Series("label", numpy.load({text_typed(str(labels))})))'
        f".write_csv({text_typed(str(to))})"
    )
    return (
        f"if they are in the order of {path}, save them with its ids, python -c "
        f"{shlex.quote(code)}, and give --labels {shlex.quote(str(to))}"
    )
