"""Encoded images in one Parquet file: one row per example, further columns as slices."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.errors import UserError
from undertow.lab.data.blobs import Blobs, copied
from undertow.lab.data.dataset import Part, Splits
from undertow.lab.data.lazy import Images, LazyImages
from undertow.lab.data.longtail import LongTail
from undertow.lab.data.png import decode_image, stack_images
from undertow.lab.data.splits import assemble, check_per_class, check_same_size, given_statistics


@dataclass(frozen=True)
class ParquetImages:
    """Columns ``split`` ("train" or "test"), ``index`` (integer), ``label`` (integer) and encoded
    image bytes.

    ``image`` names the column of bytes. ``classes`` names the labels; empty means "0", "1" … up to
    the highest training label. All other columns become slices. Ids are ``<name>/<split>/<index,
    five digits>``, ``name`` being the file's stem by default, so a copy of CIFAR-10 called
    ``cifar10.parquet`` joins with ``CIFAR10``.

    ``stream`` decodes images as they are needed, for data larger than memory. Their bytes are
    copied to a temporary file first (``TMPDIR`` says where), row group by row group: write large
    files with row groups of some 100 MB. It changes no pixel, so it is not part of what the
    description says or equals. ``mean`` and ``std`` per channel, of pixels scaled to [0, 1], are
    counted from the training part unless given; counting decodes all of it once.
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
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    stream: bool = field(default=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        given_statistics("ParquetImages", self.mean, self.std, self.channels)

    def load(self) -> Splits:
        """Decode every image. ``UserError`` for a damaged file, a missing column or an unreadable
        image; with ``stream``, a bad image is found when it is decoded."""
        table = self._table()
        train_rows = self._rows(_first(table, self.train_per_class), "train")
        test_rows = self._rows(_first(table, self.test_per_class), "test")
        copy = self._copied(train_rows, test_rows) if self.stream else None
        train, test = self._part(train_rows, "train", copy), self._part(test_rows, "test", copy)
        check_same_size(self.path, train, test)
        classes = self.classes or tuple(str(c) for c in range(int(train.label_N.max()) + 1))
        given = given_statistics("ParquetImages", self.mean, self.std, self.channels)
        return assemble(self._name, classes, train, test, self.tail, given)

    @property
    def _name(self) -> str:
        return self.name or Path(self.path).stem

    def _table(self) -> pl.DataFrame:
        """All rows by index. With ``stream`` the image column holds the numbers of the file's rows,
        not images."""
        try:
            scan = pl.scan_parquet(self.path, glob=False)
            self._check_schema(scan.collect_schema())
            if self.stream:
                table = scan.drop(self.image).collect().with_row_index(self.image)
            else:
                table = pl.read_parquet(self.path, glob=False)
        except (OSError, pl.exceptions.PolarsError) as problem:
            raise self._unreadable(problem) from problem
        for column in ("index", "label", self.image):
            if nulls := table[column].null_count():
                raise UserError(
                    f"{self.path}: column {column!r} is empty in {nulls} rows. Fill or remove them."
                )
        return table.sort("index")

    def _check_schema(self, schema: pl.Schema) -> None:
        wanted = {"split": pl.String, "index": None, "label": None, self.image: pl.Binary}
        for column, dtype in wanted.items():
            if column not in schema:
                hint = (
                    " Give the name of the column of image bytes as image=…"
                    if column == self.image
                    else ""
                )
                raise UserError(
                    f"{self.path}: no column {column!r}; it has {', '.join(schema)}.{hint}"
                )
            found = schema[column]
            fits = found.is_integer() if dtype is None else found == dtype
            if not fits:
                raise UserError(
                    f"{self.path}: column {column!r} holds {found}, it needs {dtype or 'integers'}."
                )

    def _rows(self, table: pl.DataFrame, which: str) -> pl.DataFrame:
        rows = table.filter(pl.col("split") == which)
        if rows["index"].is_duplicated().any():
            twice = rows.filter(pl.col("index").is_duplicated())["index"][0]
            raise UserError(
                f"{self.path}: index {twice} appears twice in split {which!r}. Indices "
                "must be unique."
            )
        if not rows.height:
            raise UserError(
                f"{self.path}: no row with split {which!r}. Both 'train' and 'test' are needed."
            )
        return rows

    def _copied(self, *parts: pl.DataFrame) -> _Copied:
        kept_K = np.sort(
            np.concatenate([rows[self.image].to_numpy() for rows in parts]).astype(np.int64)
        )
        try:
            return _Copied(copied(self.path, self.image, kept_K), kept_K)
        except (OSError, pl.exceptions.PolarsError) as problem:
            raise self._unreadable(problem) from problem

    def _unreadable(self, problem: Exception) -> UserError:
        reason = str(problem).splitlines()[0]
        return UserError(
            f"{self.path}: not a readable Parquet file ({reason}). Check the path, or "
            "fetch it again."
        )

    def _part(self, rows: pl.DataFrame, which: str, copy: _Copied | None) -> Part:
        ids = tuple(f"{self._name}/{which}/{index:05d}" for index in rows["index"].to_list())
        images = (
            self._eager(rows[self.image], ids)
            if copy is None
            else self._lazy(copy, rows[self.image], ids)
        )
        slices = rows.drop("split", "index", "label", self.image)
        return Part(images, rows["label"].to_numpy().astype(np.int64), ids, slices)

    def _eager(self, blobs: pl.Series, ids: tuple[str, ...]) -> Images:
        wheres = [f"{self.path}, {example_id}" for example_id in ids]
        images = [
            decode_image(blob, where, self.channels, self.size)
            for blob, where in zip(blobs, wheres, strict=True)
        ]
        return stack_images(images, wheres)

    def _lazy(self, copy: _Copied, file_row: pl.Series, ids: tuple[str, ...]) -> Images:
        place_N = np.searchsorted(copy.kept_K, file_row.to_numpy())
        return LazyImages.of(_Values(copy.blobs, place_N, self.path, ids), self.channels, self.size)


@dataclass(frozen=True, eq=False)
class _Copied:
    """The bytes of some of the file's rows, and which rows these are."""

    blobs: Blobs
    kept_K: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class _Values:
    """Encoded images of one part: where each lies among the copied bytes, and what it is called."""

    blobs: Blobs
    place_N: NDArray[np.integer]
    path: str
    ids: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.place_N)

    def read(self, row: int) -> bytes:
        return self.blobs.read(int(self.place_N[row]))

    def where(self, row: int) -> str:
        return f"{self.path}, {self.ids[row]}"


def _first(table: pl.DataFrame, per_class: int | None) -> pl.DataFrame:
    """Cut before decoding: a smoke test should not decode 60,000 images to keep a hundred."""
    check_per_class(per_class)
    place = pl.int_range(pl.len()).over("split", "label")
    return table if per_class is None else table.filter(place < per_class)
