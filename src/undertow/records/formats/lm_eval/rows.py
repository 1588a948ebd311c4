"""Decodes the rows of a sample file, block by block.

Any bytes give rows, or a ``TableError`` that names the line.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import Any

import msgspec

from undertow.errors import TableError
from undertow.records.formats.decoding.json import python_json, reason
from undertow.records.formats.decoding.lines import blocks
from undertow.records.formats.lm_eval.layout import Layout, learn
from undertow.records.formats.members.exclusions import Exclusions
from undertow.records.reading import Reading

REPAIR = "it may be cut off or damaged: evaluate again"
LEARNT = 500
"""Rows that the layout is learnt from."""
Row = Any
"""A row as ``Layout.row`` decodes it."""


@dataclass(frozen=True, eq=False)
class Source:
    """One sample file and what its rows look like."""

    path: Path
    layout: Layout

    @classmethod
    def of(cls, path: Path, reading: Reading) -> Source:
        first = _first_rows(path)
        return cls(path, learn(path, first, reading))

    def rows(self, exclusions: Exclusions) -> Iterator[list[Row]]:
        """Yields blocks of rows. A line that is not a row is refused, or left out and counted."""
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
        """Decodes a block that the fast decoder refused: it has NaN, or a line that is wrong."""
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
        """Decodes one row, or says what is wrong with it."""
        try:
            row = decoder.decode(line)
        except (ValueError, RecursionError):
            try:
                row = msgspec.convert(python_json(line), self.layout.row, strict=False)
            except (ValueError, RecursionError) as error:
                return None, _why(error)
        return row, _wrong(row, self.layout)


def column(rows: Sequence[Row], at: str) -> list[Any]:
    """Returns one attribute of all rows."""
    return list(map(attrgetter(at), rows))


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pauses Python's search for cycles, which rows do not make: it would take 1/4 of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _why(error: Exception) -> str:
    """Says why a row could not be decoded. In msgspec's paths the row is called ``$``."""
    return reason(error).replace(" - at `$", " at `row")


def _first_rows(path: Path) -> list[dict[str, Any]]:
    """Returns those of the first rows that can be read, as plain objects."""
    found: list[dict[str, Any]] = []
    wrong = "is empty"
    for first, block in blocks(path):
        for number, line in enumerate(block.split(b"\n"), start=first):
            if not line.strip():
                continue
            try:
                row = python_json(line)
            except (ValueError, RecursionError) as error:
                wrong = f"line {number} cannot be read ({_why(error)})"
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
            f"{path}: {wrong}; expected what lm-eval wrote with --log_samples, one JSON "
            "object a line"
        )
    return found


def _sound(rows: list[Row], layout: Layout) -> bool:
    """Tells whether nothing is ``_wrong`` with any of them."""
    if not {int, str}.issuperset(map(type, column(rows, "doc_id"))):
        return False
    return layout.kind != "choice" or all(
        len(row.arguments) == len(row.filtered_resps) for row in rows
    )


def _wrong(row: Row, layout: Layout) -> str | None:
    """Says what is wrong that the type does not hold."""
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
