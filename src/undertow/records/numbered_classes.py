"""Refuses arrays whose classes are numbers beside a side whose classes are names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from undertow.errors import NotComparableError
from undertow.records.class_list import WHOLE
from undertow.records.formats.arrays.unnamed import (
    Names,
    names_among,
    names_saved,
    unnamed_among,
)
from undertow.records.records import MISSING, Records


def refuse_numbered_classes(sides: Sequence[Records], files: Sequence[Sequence[Path]]) -> None:
    """Raises ``NotComparableError`` where the classes of one side are the numbers of an array's
    columns and those of another names. ``files`` are those of each side."""
    classed = [side.answers is None and side.score_MN is None for side in sides]
    kinds = [
        fits and set(map(_is_number, s.classes)) for fits, s in zip(classed, sides, strict=True)
    ]
    bare = [k for k, kind in enumerate(kinds) if kind == {True} and unnamed_among(files[k])]
    other = next((side for side, kind in zip(sides, kinds, strict=True) if kind == {False}), None)
    if not bare or other is None:
        return
    side = sides[bare[0]]
    paths = [path for k in bare for path in unnamed_among(files[k])]
    names = _names(side, other)
    numbers = f"{side.classes[0]} to {side.classes[-1]}"
    some = ", ".join(map(repr, other.classes[:2]))
    raise NotComparableError(
        f"{side.name!r} has classes {numbers}, as {paths[0]} holds no array classes, and "
        f"{other.name!r} has names ({some} …); {names_saved(paths, names)}"
    )


def _is_number(name: str) -> bool:
    return WHOLE.fullmatch(name) is not None


def _names(side: Records, other: Records) -> Names:
    """Those of the other side; answers that are whole numbers need not show every class."""
    seen = side.manifest.classes_from == "observed"
    names = names_among(*_labels(side, other), max(side.C, other.C) if seen else side.C)
    if names.order is None or tuple(sorted(other.classes)) == other.classes:
        return names if names.order is None else names._replace(ordered=other.classes)
    return names._replace(ordered=other.classes, order=f"in the order of {other.name!r}")


def _labels(side: Records, other: Records) -> tuple[pl.Series, pl.Series]:
    """Of the examples in both the label by name, and by number."""
    both = _labelled(side).join(_labelled(other), on="id", suffix="_other")
    names = dict(enumerate(other.classes))
    return (
        both["label_other"].replace_strict(names, return_dtype=pl.String),
        both["label"],
    )


def _labelled(side: Records) -> pl.DataFrame:
    frame = pl.DataFrame({"id": side.example_id_N, "label": side.label_N})
    return frame.filter(pl.col("label") != MISSING)
