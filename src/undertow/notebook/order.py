"""Refuses columns that are joined by position where something says that the rows are others.

Frames are joined by the ids that they hold, in any order, so their index matters only beside a
single column, which has no ids. Where its index holds those of the frame, they say its order. Right
answers in a single column stand beside each frame row by row, so frames in two orders have two.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import polars as pl

from undertow.errors import UserError
from undertow.notebook.arrays import names_in
from undertow.notebook.right_answers import (
    Ids,
    as_frame,
    by_position,
    ids_of,
    ids_typed,
    key_of,
    labels_as_frame,
    refuse_other_length,
)
from undertow.notebook.tables import is_table, names_examples
from undertow.records.formats.predictions.label_rows import places

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
        refuse_other_length(frames, labels, keys)
        _refuse_beside(right, _named(frames), lambda: labels_as_frame(labels, frames, keys))
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
        key = key_of(table, keys)
        if right is None or key is None or right == names_in(given):
            continue
        if _other_order(right, ids_of(table, key)):
            raise UserError(
                f"labels: its index is not the column {key!r} of {called}, and single columns are "
                f"joined by position; {as_frame('labels', key)}"
            )


def refuse_rows_beside_ids(
    array: tuple[str, pl.DataFrame],
    frame: tuple[str, Any, pl.DataFrame],
    keys: Sequence[str],
    prediction: str,
) -> None:
    """Raises ``UserError`` for an array, whose rows are called by their numbers, beside a frame
    none of whose ids is one: they may be numbers within a word, in any order. ``prediction`` is
    what the column of answers is called."""
    (called, rows), (other, given, table) = array, frame
    key, numbered = key_of(table, keys), key_of(rows, keys)
    if (
        not table.height
        or key is None
        or numbered is None
        or not _is_numbered(ids_of(rows, numbered))
    ):
        return
    if set(ids_of(rows, numbered)).isdisjoint(ids_of(table, key)):
        typed = f"{{{key!r}: {ids_typed(other, given, key)}, {prediction!r}: list({called})}}"
        made = f": {called}=polars.DataFrame({typed})" if prediction in rows.columns else ""
        raise UserError(
            f"{called}: is an array, whose rows are called 0, 1, 2 …, and {other} names its "
            f"examples; if they are in the order of {other}, give a frame with its ids{made}"
        )


def refuse_two_orders(
    frames: Sequence[tuple[str, Any, pl.DataFrame]], labels: Any, keys: Sequence[str]
) -> None:
    """Raises ``UserError`` for right answers in a single column beside sides whose rows are in two
    orders: beside one of them they are those of other examples. Each as it was given and as a
    table."""
    ordered = [
        (called, partial(by_position, labels, called, given, key), ids_of(table, key))
        for called, given, table in frames
        if (key := key_of(table, keys)) is not None
    ]
    for other, _, there in ordered[1:]:
        called, cure, ids = ordered[0]
        if (at := _moved(ids, there)) is not None:
            raise UserError(
                f"labels: single columns are joined by position, and the rows of {called} and "
                f"{other} are in two orders (row {at} is {ids[at]!r} in one and {there[at]!r} in "
                f"the other); {cure()}"
            )


def refuse_numbers_out_of_order(
    labels: Any, given: Sequence[Any], table: pl.DataFrame, label: str, keys: Sequence[str]
) -> None:
    """Raises ``UserError`` for a frame of right answers beside arrays, whose ids are the numbers of
    examples in another order than its rows: arrays have no ids, and either may be meant. Those
    ``given`` as columns of the same index stand row by row."""
    rows = names_in(labels)
    if rows is not None and all(names_in(value) == rows for value in given):
        return
    key = key_of(table, keys)
    ids = pl.Series([] if key is None else ids_of(table, key), dtype=pl.String)
    place = places(ids) if ids.str.contains(r"^[0-9]+$").all() else None
    if place is None or place.null_count():
        return
    by_id = table[label].gather(place)
    apart = table[label].ne_missing(by_id).arg_true()
    if not len(apart):
        return
    n, pandas = apart[0], hasattr(labels, "sort_values")
    drop = f"labels.drop(columns={key!r})" if pandas else f"labels.drop({key!r})"
    order = f"polars.col({key!r}).cast(int)"
    if pandas:
        order = f"{key!r}, key=lambda ids: ids.astype(int)"
    sort = f"labels.sort_values({order})" if pandas else f"labels.sort({order})"
    raise UserError(
        f"labels: arrays have no ids, and those in {key!r} are numbers in another order than its "
        f"rows, so label i may be that of row i or that of the i-th id (row {n} has id {ids[n]!r}: "
        f"{table[label][n]!r} or {by_id[n]!r}); if that of row i, give labels={drop}; if that of "
        f"the i-th id, give labels={sort}"
    )


def _moved(ids: Ids, others: Ids) -> int | None:
    """The first row that stands elsewhere in the other frame; ``None`` where none does. Of ids that
    come more than once that is told only where both frames have the same rows."""
    unlike = [n for n, (one, other) in enumerate(zip(ids, others, strict=False)) if one != other]
    if len(set(ids)) < len(ids) or len(set(others)) < len(others):
        return unlike[0] if unlike and Counter(ids) == Counter(others) else None
    there = set(others)
    return next((n for n in unlike if ids[n] in there), None)


def _other_order(names: list[str], ids: Ids) -> bool:
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


def _refuse_beside(
    columns: Sequence[Named], others: Sequence[Named], cure: Callable[[], str] | None = None
) -> None:
    for called, names in columns:
        for other, there in others:
            apart = not (_is_numbered(names) or _is_numbered(there))
            if names != there and (apart or sorted(names) == sorted(there)):
                raise UserError(
                    f"{called}: its index is not that of {other}, and single columns are joined by "
                    f"position; {as_frame(called) if cure is None else cure()}"
                )


def _refuse_unnumbered(columns: Sequence[Named], frames: Sequence[tuple[str, Any]]) -> None:
    """Rows of columns are called 0, 1, 2 … beside the ids of a frame."""
    for called, names in columns:
        if frames and not _is_numbered(names):
            raise UserError(
                f"{called}: is a single column, whose rows are called 0, 1, 2 … whatever its index "
                f"says, and {frames[0][0]} names its examples; {as_frame(called)}"
            )
