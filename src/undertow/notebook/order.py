"""Refuses columns of pandas that are joined by position and whose index says otherwise.

Frames are joined by the ids that they hold, in any order, so their index matters only beside a
single column, which has no ids. Where its index holds those of the frame, they say its order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from undertow.errors import UserError
from undertow.notebook.arrays import names_in
from undertow.notebook.tables import is_table, names_examples

Named = tuple[str, list[str]]
"""What messages call a column or a frame, and what it calls its examples."""


def refuse_other_order(
    members: Sequence[tuple[str, Any]], labels: Any, keys: Sequence[str]
) -> None:
    """Raises ``UserError`` for columns that name their examples differently: most answers would
    have changed. Those numbered from 0 may be of any examples, but not of the same ones in another
    order. ``keys`` are names of the column of ids."""
    columns = _named([(called, value) for called, value in members if not is_table(value)])
    frames = [(called, value) for called, value in members if is_table(value)]
    if is_table(labels):
        _refuse_beside(columns, _named([("labels", labels)]))
    elif labels is not None:
        right = _named([("labels", labels)])
        columns += right
        _refuse_beside(right, _named(frames))
    columns.sort(key=lambda one: _is_numbered(one[1]))
    _refuse_beside(columns[1:], columns[:1])
    if not (is_table(labels) and names_examples(labels, keys)):
        _refuse_unnumbered([c for c in columns if c[0] != "labels"], frames)


def refuse_other_ids(
    labels: Any, frames: Sequence[tuple[str, Any, pl.DataFrame]], keys: Sequence[str]
) -> None:
    """Raises ``UserError`` for right answers whose index holds the ids of a frame in another order.
    Each frame as it was given and as a table; one that has the labels' own index holds them row by
    row."""
    right = names_in(labels)
    for called, given, table in frames:
        key = next((key for key in keys if key in table.columns), None)
        if right is None or key is None or right == names_in(given):
            continue
        ids = table[key].cast(pl.String, strict=False).to_list()
        if _other_order(right, ids):
            raise UserError(
                f"labels: its index is not the column {key!r} of {called}, and single columns are "
                f"joined by position; {_as_frame('labels', key)}"
            )


def _other_order(names: list[str], ids: list[str | None]) -> bool:
    """Whether names are ids that stand otherwise; numbers may be those of rows."""
    if names == ids:
        return False
    shared = set(names) & set(ids)
    if _is_numbered(names) or _is_numbered(ids):
        return len(shared) == len(set(names)) == len(set(ids))
    return bool(shared)


def _named(given: Sequence[tuple[str, Any]]) -> list[Named]:
    return [(called, names) for called, value in given if (names := names_in(value)) is not None]


def _is_numbered(names: Sequence[str | None]) -> bool:
    return names == list(map(str, range(len(names))))


def _refuse_beside(columns: Sequence[Named], others: Sequence[Named]) -> None:
    for called, names in columns:
        for other, there in others:
            apart = not (_is_numbered(names) or _is_numbered(there))
            if names != there and (apart or sorted(names) == sorted(there)):
                raise UserError(
                    f"{called}: its index is not that of {other}, and single columns are joined by "
                    f"position; {_as_frame(called)}"
                )


def _refuse_unnumbered(columns: Sequence[Named], frames: Sequence[tuple[str, Any]]) -> None:
    """Rows of columns are called 0, 1, 2 … beside the ids of a frame."""
    for called, names in columns:
        if frames and not _is_numbered(names):
            raise UserError(
                f"{called}: is a single column, whose rows are called 0, 1, 2 … whatever its index "
                f"says, and {frames[0][0]} names its examples; {_as_frame(called)}"
            )


def _as_frame(called: str, key: str = "example_id") -> str:
    holds = "label" if called == "labels" else "prediction"
    return (
        "give frames, which are joined by name: "
        f"{called}.to_frame('{holds}').rename_axis({key!r}).reset_index()"
    )
