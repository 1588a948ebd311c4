"""What a person can look at of training examples: from a table that names pictures or has texts, or
from an npz of pictures."""

from __future__ import annotations

import os
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.errors import UserError
from undertow.records.formats.arrays.inputs import pictures_of
from undertow.records.formats.decoding.npz import stored_arrays
from undertow.records.formats.decoding.tables import parse
from undertow.records.pictures import PictureFolder, are_pictures
from undertow.records.png import png_of

ID, INPUT = "example_id", "input"
IMAGES = ("images", "input", "inputs")
FEW = 0.5
"""Of the examples of a trace: fewer in the inputs are probably a mistake."""


@dataclass(frozen=True, eq=False)
class Inputs:
    """``of`` gives what to show of an example by its id, ``texts`` what its table has of it: a text
    or the path of a picture."""

    known: Container[str]
    of: Callable[[str], bytes | str | None]
    texts: Mapping[str, str | None] = field(default_factory=dict)

    def matched(self, path: Path, ids: Sequence[str]) -> str:
        """How many of these examples it has."""
        there = sum(each in self.known for each in ids)
        said = f"{path.name} has {there:,} of {len(ids):,} examples"
        if there > len(ids) * FEW:
            return f"{said}."
        return f"{said}: few. Check that its {ID} are those of the trace."


_NONE: dict[str, bytes] = {}
NO_INPUTS = Inputs((), _NONE.get)
"""Of records without any."""


def read_inputs(path: Path, ids: Iterable[str]) -> Inputs:
    """What to show of an example, by its id. ``UserError`` where the file has none of these ids,
    and ``TableError`` where it cannot be read."""
    if os.path.isdir(path) or not os.path.lexists(path):
        what = "is a folder" if os.path.isdir(path) else "there is no such file"
        raise UserError(
            f"--inputs {path}: {what}; give a table with {ID} and {INPUT} (texts, or paths of "
            "pictures), or an npz with ids and images"
        )
    wanted = list(ids)
    inputs = _arrays(path) if path.suffix.lower() == ".npz" else _table(path, wanted)
    if not any(each in inputs.known for each in wanted):
        raise UserError(
            f"--inputs {path}: has none of the {len(wanted):,} examples of the trace "
            f"({', '.join(map(repr, wanted[:2]))} …); give the same ids ({ID})"
        )
    return inputs


def of_pixels(ids: Iterable[str], pixels_NHWC: NDArray[np.uint8]) -> Inputs:
    """Pictures of pixels, made when they are shown."""
    row = {example_id: n for n, example_id in enumerate(ids)}

    def of(example_id: str) -> bytes | None:
        at = row.get(example_id)
        return None if at is None else png_of(np.ascontiguousarray(pixels_NHWC[at]))

    return Inputs(row.keys(), of)


def _table(path: Path, wanted: Sequence[str]) -> Inputs:
    """A CSV is read without blanks around its values, which ids of the trace may have."""
    table = parse(path)
    for name in (ID, INPUT):
        if name not in table.columns:
            raise UserError(
                f"--inputs {path}: has no column {name!r}; it has {', '.join(table.columns)}; "
                "rename the one that is meant"
            )
    of_bare = {each.strip(): each for each in wanted} | {each: each for each in wanted}
    ids = [of_bare.get(each, each) for each in table[ID].cast(pl.String).to_list()]
    _refuse_twice(path, ids)
    column = table[INPUT]
    if column.dtype == pl.Binary:
        content: dict[str, bytes | str | None] = dict(zip(ids, column.to_list(), strict=True))
        return Inputs(content.keys(), content.get)
    texts: dict[str, str | None] = dict(zip(ids, column.cast(pl.String).to_list(), strict=True))
    if not are_pictures(column.cast(pl.String)):
        return Inputs(texts.keys(), texts.get, texts)
    folder = PictureFolder(path.parent)

    def of(each: str) -> bytes | str | None:
        name = texts.get(each)
        return None if name is None else folder.of(name)

    return Inputs(texts.keys(), of, texts)


def _refuse_twice(path: Path, ids: Sequence[str | None]) -> None:
    """Of two inputs of one example the last would be shown, which may be that of another. Rows
    without an id are of no example."""
    seen: set[str] = set()
    for each in ids:
        if each is not None and each in seen:
            raise UserError(
                f"--inputs {path}: the id {each!r} stands twice; give each example once"
            )
        if each is not None:
            seen.add(each)


def _arrays(path: Path) -> Inputs:
    arrays = stored_arrays(path, frozenset(("ids", *IMAGES)))
    name = next((each for each in IMAGES if each in arrays), None)
    if name is None or "ids" not in arrays:
        raise UserError(
            f"--inputs {path}: has no {'ids' if name else 'images'}; save ids and images, uint8 "
            "of shape (examples, height, width) or (examples, height, width, channels)"
        )
    ids = arrays["ids"].whole()
    if ids.ndim != 1 or ids.dtype.kind not in "USiu":
        raise UserError(
            f"--inputs {path}: ids is {ids.dtype} of shape {ids.shape}; give a text each"
        )
    named = [each.decode("utf-8", "replace") if isinstance(each, bytes) else str(each)
             for each in ids.tolist()]  # fmt: skip
    _refuse_twice(path, named)
    pixels, why = pictures_of(arrays[name], len(named))
    if pixels is None:
        is_now = f"{name} is {arrays[name].dtype} of shape {arrays[name].shape}"
        raise UserError(f"--inputs {path}: {is_now}; {why}")
    return of_pixels(named, pixels)
