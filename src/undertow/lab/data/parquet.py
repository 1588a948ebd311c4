"""Encoded images in one Parquet file: one row per example, further columns as slices."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from undertow.errors import UserError
from undertow.lab.data.dataset import Part, Splits
from undertow.lab.data.longtail import LongTail
from undertow.lab.data.png import decode_image, stack_images
from undertow.lab.data.splits import assemble, check_per_class


@dataclass(frozen=True)
class ParquetImages:
    """Columns ``split`` ("train" or "test"), ``index`` (integer), ``label`` (integer) and encoded image bytes.

    ``image`` names the column of bytes. ``classes`` names the labels; empty means "0", "1" … up to the highest
    training label. All other columns become slices. Ids are ``<name>/<split>/<index, five digits>``, ``name``
    being the file's stem by default, so a copy of CIFAR-10 called ``cifar10.parquet`` joins with ``CIFAR10``.
    """

    path: str
    classes: tuple[str, ...] = ()
    image: str = "jpeg"
    channels: int = 3
    size: tuple[int, int] | None = None
    name: str | None = None
    tail: LongTail | None = None
    train_per_class: int | None = None
    test_per_class: int | None = None

    def load(self) -> Splits:
        """Decode every image. ``UserError`` for a damaged file, a missing column or an unreadable image."""
        table = self._table()
        train = self._part(_first(table, self.train_per_class), "train")
        test = self._part(_first(table, self.test_per_class), "test")
        classes = self.classes or tuple(str(c) for c in range(int(train.label_N.max()) + 1))
        return assemble(self._name, classes, train, test, self.tail)

    @property
    def _name(self) -> str:
        return self.name or Path(self.path).stem

    def _table(self) -> pl.DataFrame:
        try:
            table = pl.read_parquet(self.path, glob=False)
        except (OSError, pl.exceptions.PolarsError) as problem:
            reason = str(problem).splitlines()[0]
            raise UserError(
                f"{self.path}: not a readable Parquet file ({reason}). Check the path, or fetch it again."
            ) from problem
        wanted = {"split": pl.String, "index": None, "label": None, self.image: pl.Binary}
        for column, dtype in wanted.items():
            self._check_column(table, column, dtype)
        return table.sort("index")

    def _check_column(self, table: pl.DataFrame, column: str, dtype: type[pl.DataType] | None) -> None:
        if column not in table.columns:
            hint = " Give the name of the column of image bytes as image=…" if column == self.image else ""
            raise UserError(f"{self.path}: no column {column!r}; it has {', '.join(table.columns)}.{hint}")
        found = table.schema[column]
        fits = found.is_integer() if dtype is None else found == dtype
        if not fits:
            raise UserError(f"{self.path}: column {column!r} holds {found}, it needs {dtype or 'integers'}.")
        if nulls := table[column].null_count():
            raise UserError(f"{self.path}: column {column!r} is empty in {nulls} rows. Fill or remove them.")

    def _part(self, table: pl.DataFrame, which: str) -> Part:
        rows = table.filter(pl.col("split") == which)
        if rows["index"].is_duplicated().any():
            twice = rows.filter(pl.col("index").is_duplicated())["index"][0]
            raise UserError(f"{self.path}: index {twice} appears twice in split {which!r}. Indices must be unique.")
        if not rows.height:
            raise UserError(f"{self.path}: no row with split {which!r}. Both 'train' and 'test' are needed.")
        ids = tuple(f"{self._name}/{which}/{index:05d}" for index in rows["index"].to_list())
        wheres = [f"{self.path}, {example_id}" for example_id in ids]
        blobs = zip(rows[self.image], wheres, strict=True)
        x_NCHW = stack_images([decode_image(blob, where, self.channels, self.size) for blob, where in blobs], wheres)
        slices = rows.drop("split", "index", "label", self.image)
        return Part(x_NCHW, rows["label"].to_numpy().astype(np.int64), ids, slices)


def _first(table: pl.DataFrame, per_class: int | None) -> pl.DataFrame:
    """Cut before decoding: a smoke test should not decode 60,000 images to keep a hundred."""
    check_per_class(per_class)
    place = pl.int_range(pl.len()).over("split", "label")
    return table if per_class is None else table.filter(place < per_class)
