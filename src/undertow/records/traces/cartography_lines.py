"""Lines of dataset cartography's files: ``{"guid": …, "logits_epoch_3": […], "gold": 1}``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from undertow.errors import TableError
from undertow.records.formats.decoding.json_rows import decoded
from undertow.records.formats.decoding.lines import blocks
from undertow.records.traces.scores import NO_NUMBERS, are_no_numbers, row_said

OfEpoch = dict[str, NDArray[np.float64]]


@dataclass
class Lines:
    """Reads the files of one run. ``labels`` are in the order of each example's first line, and
    ``classes`` is what all lines have so far."""

    labels: dict[str, int] = field(default_factory=dict)
    classes: int = 0

    def of_epoch(self, path: Path, epoch: int) -> OfEpoch:
        """Logits by ``guid``. ``TableError`` for a line that is none of such a file, and for a file
        without any."""
        found: OfEpoch = {}
        for guid, logits in self._rows(path, epoch):
            if guid in found:
                raise TableError(
                    f"{path}: has two lines of {guid[:60]!r}; give each example one line in an "
                    "epoch"
                )
            found[guid] = logits
        if not found:
            raise TableError(
                f"{path}: has no lines; write it again with a line for each example, or take it "
                "away if nothing is known of the epoch"
            )
        return found

    def _rows(self, path: Path, epoch: int) -> Iterator[tuple[str, NDArray[np.float64]]]:
        for first, block in blocks(path):
            for number, line in enumerate(block.split(b"\n"), start=first):
                if line.strip():
                    yield self._row(f"{path}: line {number}", line, epoch)

    def _row(self, where: str, line: bytes, epoch: int) -> tuple[str, NDArray[np.float64]]:
        key = f"logits_epoch_{epoch}"
        row = _object(where, line, key)
        guid, gold = str(row["guid"]), row["gold"]
        if not guid:
            raise TableError(f"{where}: guid is empty; give each example a text or a number")
        if type(gold) is not int or not 0 <= gold < 1 << 20:
            raise TableError(f"{where}: gold is {str(gold)[:40]!r}; expected the index of a class")
        if self.labels.setdefault(guid, gold) != gold:
            raise TableError(
                f"{where}: gold of {guid[:60]!r} is {gold} and was {self.labels[guid]} before; "
                "give each example one label"
            )
        logits = _numbers(where, key, row[key])
        self.classes = self.classes or len(logits)
        if len(logits) != self.classes:
            raise TableError(
                f"{where}: {key} has {len(logits):,} numbers, and the lines before have "
                f"{self.classes:,}; give files of one run, whose lines have all classes"
            )
        return guid, logits


def _object(where: str, line: bytes, key: str) -> Mapping[str, Any]:
    try:
        row = decoded(where, line.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise TableError(f"{where} is no JSON; write the file again") from error
    if not isinstance(row, Mapping):
        raise TableError(f"{where}: is {_said(row)}; expected an object with guid, {key} and gold")
    lacking = [name for name in ("guid", key, "gold") if name not in row]
    if lacking:
        has = ", ".join(str(name)[:40] for name in list(row)[:4]) or "nothing"
        raise TableError(
            f"{where}: has no {lacking[0]}, but {has}; write guid, {key} and gold into each line"
        )
    return row


def _numbers(where: str, key: str, given: Any) -> NDArray[np.float64]:
    """NaN alone, or null alone, says that the epoch did not see the example."""
    of_numbers = isinstance(given, list) and all(
        each is None or type(each) in (int, float) for each in given
    )
    if not of_numbers or len(given) < 2:
        raise TableError(
            f"{where}: {key} is {_said(given)}; expected a list of two or more numbers, one for "
            "each class"
        )
    try:
        found = np.array([np.nan if each is None else each for each in given], dtype=np.float64)
    except OverflowError:
        found = np.array([np.inf])
    if are_no_numbers(found[None])[0]:
        raise TableError(f"{where}: {key} has {row_said(found)}; {NO_NUMBERS}")
    return found


def _said(value: Any) -> str:
    said = repr(value)
    return said if len(said) <= 40 else f"{said[:39]}…"
