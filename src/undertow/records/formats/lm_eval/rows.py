"""Decoded rows of one sample file, block by block. Any bytes give rows or a ``TableError`` with the
line."""

from __future__ import annotations

import gc
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import Any

import msgspec

from undertow.errors import TableError
from undertow.records.formats.decoding.lines import blocks
from undertow.records.formats.lm_eval.layout import Layout, learn
from undertow.records.formats.members.exclusions import Exclusions
from undertow.records.reading import Reading

LEARNT = 500
"""Rows that the layout is learnt from."""
Row = Any
"""A row as ``Layout.row`` decodes it."""


@dataclass(frozen=True, eq=False)
class Source:
    """One sample file with its layout."""

    path: Path
    layout: Layout

    @classmethod
    def of(cls, path: Path, reading: Reading) -> Source:
        first = _first_rows(path)
        return cls(path, learn(path, first, reading))

    def rows(self, exclusions: Exclusions) -> Iterator[list[Row]]:
        """All rows in blocks. A line that is none is refused, or left out and counted."""
        decoder = msgspec.json.Decoder(self.layout.row, strict=False)
        bad: list[tuple[int, str]] = []
        for first, block in blocks(self.path):
            yield self._fast(decoder, block) or self._line_by_line(
                decoder, first, block, bad, exclusions
            )
        if bad:
            exclusions.leave_out(_unreadable(self.path, bad), REPAIR)

    def _fast(self, decoder: msgspec.json.Decoder[Row], block: bytes) -> list[Row] | None:
        try:
            rows = decoder.decode_lines(block)
        except (ValueError, RecursionError):
            return None
        return rows if _sound(rows, self.layout) else None

    def _line_by_line(
        self,
        decoder: msgspec.json.Decoder[Row],
        first: int,
        block: bytes,
        bad: list[tuple[int, str]],
        exclusions: Exclusions,
    ) -> list[Row]:
        """For blocks with what JSON has no word for (NaN, half a surrogate), and to find the line
        that is wrong."""
        rows = []
        for number, line in enumerate(block.split(b"\n"), start=first):
            if not line.strip():
                continue
            row, wrong = self._one(decoder, line)
            if wrong is None:
                rows.append(row)
                continue
            bad.append((number, wrong))
            if not exclusions.allowed:
                exclusions.leave_out(_unreadable(self.path, bad), REPAIR)
        return rows

    def _one(self, decoder: msgspec.json.Decoder[Row], line: bytes) -> tuple[Row, str | None]:
        """A row, and what is wrong with it."""
        try:
            row = decoder.decode(line)
        except (ValueError, RecursionError):
            try:
                row = msgspec.convert(python_json(line), self.layout.row, strict=False)
            except (ValueError, RecursionError) as error:
                return None, reason(error)
        return row, _wrong(row, self.layout)


def column(rows: Sequence[Row], at: str) -> list[Any]:
    """One attribute of all rows."""
    return list(map(attrgetter(at), rows))


@contextmanager
def collector_paused() -> Iterator[None]:
    """Rows are many objects in no cycles: looking for cycles among them would take a quarter of the
    time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


REPAIR = "it may be cut off or damaged: evaluate again"


def python_json(data: bytes) -> Any:
    """JSON as Python writes it, with NaN and Infinity; halves of surrogates become question
    marks."""
    value = json.loads(data.decode("utf-8"))
    if b"\\ud" not in data and b"\\uD" not in data:
        return value
    return json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))


def reason(error: Exception) -> str:
    """What a decoder said, in a few words."""
    if isinstance(error, UnicodeDecodeError):
        return "not UTF-8 text"
    if isinstance(error, RecursionError):
        return "nested too deep"
    return str(error).split("\n")[0].replace(" - at `$", " at `row")[:150]


def _first_rows(path: Path) -> list[dict[str, Any]]:
    """The first rows as plain objects, those that read."""
    found: list[dict[str, Any]] = []
    wrong = "is empty"
    for first, block in blocks(path):
        for number, line in enumerate(block.split(b"\n"), start=first):
            if not line.strip():
                continue
            try:
                row = python_json(line)
            except (ValueError, RecursionError) as error:
                wrong = f"line {number} cannot be read ({reason(error)})"
                continue
            if isinstance(row, dict) and "doc_id" in row:
                found.append(row)
            else:
                wrong = f"line {number} is no row with a doc_id"
            if len(found) == LEARNT:
                return found
        if found or first > LEARNT:
            break
    if not found:
        raise TableError(
            f"{path}: {wrong}; want what lm-eval wrote with --log_samples, one JSON object a line"
        )
    return found


def _sound(rows: list[Row], layout: Layout) -> bool:
    """Whether ``_wrong`` has nothing to say about any of them."""
    if not {int, str}.issuperset(map(type, column(rows, "doc_id"))):
        return False
    return layout.kind != "choice" or all(
        len(row.arguments) == len(row.filtered_resps) for row in rows
    )


def _wrong(row: Row, layout: Layout) -> str | None:
    """What no type can say."""
    if type(row.doc_id) is not int and type(row.doc_id) is not str:
        return f"doc_id is {str(row.doc_id)[:60]!r}, no number or text"
    if layout.kind == "choice" and len(row.arguments) != len(row.filtered_resps):
        return f"{len(row.arguments)} requests and {len(row.filtered_resps)} answers"
    return None


def _unreadable(path: Path, bad: list[tuple[int, str]]) -> str:
    number, wrong = bad[0]
    if len(bad) == 1:
        return f"{path}: line {number} cannot be read ({wrong})"
    return f"{path}: {len(bad)} lines cannot be read, first line {number} ({wrong})"
