"""What a person types for right answers in a single column, where they cannot be joined as they
are: a column has no ids, and goes by position."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from undertow.errors import UserError
from undertow.notebook.arrays import names_in
from undertow.notebook.tables import index_called, is_index, is_table, names_examples, table_of

Ids = list[str | None]
Given = tuple[str, Any]
"""What messages call a side, and what was given for it."""


def as_frame(called: str, key: str = "example_id") -> str:
    """A column whose index holds the ids."""
    holds = "label" if called == "labels" else "prediction"
    return (
        "give frames, which are joined by name: "
        f"{called}.to_frame('{holds}').rename_axis({key!r}).reset_index()"
    )


def labels_as_frame(labels: Any, frames: Sequence[Given], keys: Sequence[str]) -> str:
    """The same of right answers, whose index may be that of the rows of a frame and hold no ids."""
    names, keyed = names_in(labels) or [], list[tuple[str, Any, str]]()
    for called, value in frames:
        table = table_of(called, value, keys)
        key = key_of(table, keys)
        if key is not None and set(names) <= set(ids_of(table, key)):
            return as_frame("labels", key)
        if key is not None:
            keyed.append((called, value, key))
    if not keyed:
        of_all = {index_called(value) for _, value in frames}
        name = of_all.pop() if len(of_all) == 1 else None
        return (
            as_frame("labels") if name is None else f"{as_frame('labels', name)}, with id={name!r}"
        )
    same = [one for one in keyed if names_in(one[1]) == names]
    told = same or [one for one in keyed if _looks_up(labels, one[1])] or keyed
    called, value, key = told[0]
    if told is not keyed and not same and len({str(names_in(v)) for _, v, _ in keyed}) == 1:
        return f"give those of its rows: labels=labels.loc[{called}.index]"
    return by_position(labels, called, value, key)


def by_position(labels: Any, called: str, value: Any, key: str) -> str:
    """Right answers with the ids of the side whose rows they follow, by their index or else by
    their place."""
    if _looks_up(labels, value):
        return f"give them with its ids: labels={_table(called, value, key, labels)}"
    return (
        f"if they are in the order of {called}, give them with its ids: "
        f"labels={_table(called, value, key)}"
    )


def refuse_other_length(frames: Sequence[Given], labels: Any, keys: Sequence[str]) -> None:
    """Raises ``UserError`` for right answers of more or fewer rows than a frame, where something
    tells whose rows they are."""
    sized = [one for one in frames if hasattr(one[1], "__len__")]
    other = next((one for one in sized if len(one[1]) != len(labels)), None)
    if other is None:
        return
    begins = f"labels: holds {len(labels):,}, and {other[0]} has {len(other[1]):,} rows; "
    for called, value in sized:
        key = key_of(table_of(called, value, keys), keys)
        if key is not None and len(value) == len(labels):
            raise UserError(begins + by_position(labels, called, value, key))
    orders = {str(names_in(value)) for _, value in frames}
    if len(orders) == 1 and _looks_up(labels, other[1]):
        raise UserError(f"{begins}give those of its rows: labels=labels.loc[{other[0]}.index]")


def refuse_beside_files(
    files: Sequence[str], frames: Sequence[Given], labels: Any, keys: Sequence[str]
) -> None:
    """Raises ``UserError`` for right answers in memory where a side is files."""
    if files:
        raise UserError(
            f"labels: {files[0]} is files, so labels are a file too; "
            f"{_as_file(frames, labels, keys)}"
        )


def key_of(table: pl.DataFrame, keys: Sequence[str]) -> str | None:
    return next((key for key in keys if key in table.columns), None)


def ids_of(table: pl.DataFrame, key: str) -> Ids:
    return table[key].cast(pl.String, strict=False).to_list()


def _as_file(frames: Sequence[Given], labels: Any, keys: Sequence[str]) -> str:
    if is_table(labels):
        plain = "" if _is_by_index(labels, keys) else ", index=False"
        write = f"to_csv('labels.csv'{plain})" if hasattr(labels, "to_csv") else ""
        write = write or "write_csv('labels.csv')"
        made = "labels" if hasattr(labels, write.partition("(")[0]) else "polars.DataFrame(labels)"
        return f"write them, {made}.{write}, and give labels='labels.csv'"
    for called, value in frames:
        key = key_of(table_of(called, value, keys), keys)
        if key is not None:
            return (
                f"if they are in the order of {called}, write them with its ids, "
                f"{_table(called, value, key)}.write_csv('labels.csv'), and give "
                "labels='labels.csv'"
            )
    return (
        "write them, numpy.save('labels.npy', numpy.array(list(labels))), and give "
        "labels='labels.npy'"
    )


def _is_by_index(labels: Any, keys: Sequence[str]) -> bool:
    return names_examples(labels, keys) and any(is_index(labels, key) for key in keys)


def _looks_up(labels: Any, value: Any) -> bool:
    """Whether each row of a frame of pandas has its right answer by its index: numbers of rows that
    both have, in whatever order."""
    known, rows = getattr(labels, "index", None), getattr(value, "index", None)
    if names_in(labels) is None or not hasattr(rows, "isin") or names_in(labels) == names_in(value):
        return False
    return bool(known.is_unique and rows.is_unique and rows.isin(known).all())  # type: ignore[union-attr]


def _table(called: str, value: Any, key: str, labels: Any = None) -> str:
    found = "labels" if labels is None else f"labels.loc[{called}.index]"
    return (
        f"polars.DataFrame({{'example_id': {ids_typed(called, value, key)}, "
        f"'label': list({found})}})"
    )


def ids_typed(called: str, value: Any, key: str) -> str:
    """What a person types for the ids of a side: a column, an index, or the numbers of rows."""
    if not is_table(value):
        return "range(len(labels))"
    return f"list({called}.index)" if is_index(value, key) else f"list({called}[{key!r}])"
