"""What a Parquet file would be in memory, told from the headers of its pages before any of them is
unpacked.

A page of ten bytes may stand for 10¹⁰ equal values, or for two gigabytes of zeros, and the footer's
own sums may be wrong. So the headers are walked here: Thrift's compact protocol, of which only
numbers, lists and structs are kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from undertow.errors import TableError, UserError
from undertow.records.opening import refuse_swollen, shown_size

MAGIC = b"PAR1"
LARGEST_TABLE = 8 << 30
"""Bytes that a table may be in memory."""
WIDTHS = {0: 1, 1: 4, 2: 8, 3: 12, 4: 4, 5: 8}
"""Bytes of a decoded value by physical type; of texts the 16 of a view into their page."""
VIEW = 16
DEEPEST = 32
_TRUE, _FALSE, _BYTE, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = (
    1,
    2,
    3,
    6,
    7,
    8,
    9,
    10,
    11,
    12,
)


def refuse_bomb(path: Path, data: bytes, error: type[UserError] = TableError) -> None:
    """``error`` where the file would unpack to more than a table can be, or where its headers
    cannot be followed."""
    try:
        size = 0
        for chunk, rows in _chunks(data):
            size += _unpacked(data, chunk, rows)
            _check(path, len(data), size, error)
    except (IndexError, ValueError, KeyError, TypeError, AttributeError) as problem:
        raise error(
            f"{path}: cannot be read as Parquet (its headers cannot be followed); it may be cut "
            "off or damaged: write it again"
        ) from problem


def refuse_long_texts(
    path: Path, frame: pl.DataFrame, packed: int, error: type[UserError] = TableError
) -> None:
    """The same for texts: a million rows may share one long text until somebody copies it."""
    _check(path, packed, _text_bytes(frame), error)


def _check(path: Path, packed: int, size: int, error: type[UserError]) -> None:
    if size > LARGEST_TABLE:
        raise error(
            f"{path}: would take more than {shown_size(LARGEST_TABLE)} of memory; write fewer rows "
            "or columns to a file"
        )
    refuse_swollen(path, packed, size, error)


def _chunks(data: bytes) -> Iterator[tuple[dict[int, Any], int]]:
    """Every column chunk's ColumnMetaData, with the rows of its row group."""
    length = int.from_bytes(data[-8:-4], "little")
    if data[-4:] != MAGIC or length + 8 > len(data):
        raise ValueError("no footer")
    footer = _Thrift(data, len(data) - 8 - length).struct()
    for group in footer.get(4, []):
        for chunk in group[1]:
            yield chunk[3], group[3]


def _unpacked(data: bytes, chunk: dict[int, Any], rows: int) -> int:
    """Bytes of a chunk's pages once unpacked, and of the values in them."""
    starts = [chunk[field] for field in (9, 11) if chunk.get(field, 0) > 0]
    at, values, size = int(min(starts)), 0, 0
    end = at + chunk[7]
    if end > len(data):
        raise ValueError("a chunk beyond the file")
    while at < end:
        reader = _Thrift(data, at)
        page = reader.struct()
        if page[3] < 0 or page[2] < 0:
            raise ValueError("a page of negative size")
        at = reader.at + page[3]
        size += page[2]
        values += max(0, *(page.get(kind, {}).get(1, 0) for kind in (5, 8)))
    return int(size + max(values, chunk[5], rows) * WIDTHS.get(chunk[1], VIEW))


def _text_bytes(frame: pl.DataFrame) -> int:
    """Bytes of all texts, each counted as often as it stands there, also in lists and structs."""
    plain = frame.select(
        pl.col(pl.String).str.len_bytes().cast(pl.Int64).sum(),
        pl.col(pl.Binary).bin.size().cast(pl.Int64).sum(),
    )
    inside = sum(_text_bytes(_inside(column)) for column in frame if column.dtype.is_nested())
    return inside + sum(map(int, plain.row(0))) if plain.width else inside


def _inside(column: pl.Series) -> pl.DataFrame:
    """What a column of lists or structs is made of."""
    return column.struct.unnest() if column.dtype == pl.Struct else column.explode().to_frame()


class _Thrift:
    """A reader of the compact protocol. Runs out of ``data`` with ``IndexError``."""

    def __init__(self, data: bytes, at: int) -> None:
        self._data, self.at = data, at

    def struct(self, depth: int = 0) -> dict[int, Any]:
        """Field id → number, list or struct; texts are left out."""
        if depth > DEEPEST:
            raise ValueError("nested too deep")
        found: dict[int, Any] = {}
        field = 0
        while head := self._byte():
            field = field + (head >> 4) if head >> 4 else self._number()
            found[field] = self._value(head & 15, depth)
        return found

    def _value(self, kind: int, depth: int) -> Any:
        if _BYTE < kind <= _I64:
            return self._number()
        if kind in (_TRUE, _FALSE):
            return kind == _TRUE
        if kind == _BYTE:
            return self._byte()
        if kind == _BINARY:
            length = self._varint()
            self.at += length
        elif kind == _DOUBLE:
            self.at += 8
        elif kind in (_LIST, _SET):
            return self._list(depth)
        elif kind == _MAP:
            return self._map(depth)
        elif kind == _STRUCT:
            return self.struct(depth + 1)
        else:
            raise ValueError("an unknown type")
        return None

    def _list(self, depth: int) -> list[Any]:
        head = self._byte()
        size = head >> 4 if head >> 4 < 15 else self._varint()
        return [self._element(head & 15, depth) for _ in range(size)]

    def _map(self, depth: int) -> None:
        size = self._varint()
        kinds = self._byte() if size else 0
        for _ in range(size):
            self._element(kinds >> 4, depth)
            self._element(kinds & 15, depth)

    def _element(self, kind: int, depth: int) -> Any:
        """Truth values take a byte where they are no fields."""
        return self._value(_BYTE if kind in (_TRUE, _FALSE) else kind, depth + 1)

    def _byte(self) -> int:
        self.at += 1
        return self._data[self.at - 1]

    def _varint(self) -> int:
        if (first := self._data[self.at]) < 128:  # Nearly all are.
            self.at += 1
            return first
        value, shift = 0, 0
        while True:
            byte = self._byte()
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7
            if shift > 63:
                raise ValueError("a number too long")

    def _number(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)
