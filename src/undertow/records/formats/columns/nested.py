"""Finds the answer of a model in a nested column, such as ``{"output": {"label": "cat"}}``, and
says by which names its columns are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from undertow.errors import TableError
from undertow.records.formats.columns.by_class.classes_meant import classes_meant
from undertow.records.formats.columns.by_class.listed import listed_probabilities
from undertow.records.formats.columns.by_class.spread import InOneColumn
from undertow.records.formats.columns.commands.class_naming import by_class
from undertow.records.formats.columns.flags import flags_meant
from undertow.records.formats.columns.meant import UNKNOWN, columns_meant
from undertow.records.formats.columns.values import is_nested, values_of, within_one
from undertow.records.formats.columns.within import DOT, fields_in, is_within, parts_called
from undertow.records.usual_names import (
    ANSWER,
    BY_CLASS,
    ID,
    LABEL,
    PREDICTION,
    flag_of,
    plain,
    those_called,
)

OURS = "prediction"
SAID_BY_MODEL = frozenset({*PREDICTION, *ANSWER, "out", "outputs", "result", "results", "model"})
"""Names of columns in which a label is what the model answered."""


def nested_answer(frame: pl.DataFrame) -> str | None:
    """The field that is called as predictions are; or as labels are, in a column that is called as
    what a model says, or beside right answers that are the same words."""
    fields = _single(frame)
    answers = [name for name in fields if _is_answer(name)] or [
        name for name, field in fields.items() if _answers_beside(name, field, frame)
    ]
    usual = (*PREDICTION, *LABEL)
    places = {name: _place(name, frame.columns) for name in answers}
    return min(answers, key=lambda name: (places[name], usual.index(_last(name))), default=None)


def _single(frame: pl.DataFrame) -> dict[str, pl.Series]:
    """The fields of single values; a column may be called as one already."""
    dotted = {column.name: column for column in frame if DOT in column.name}
    fields = {**dotted, **fields_in(frame)}
    return {name: field for name, field in fields.items() if not is_nested(field)}


def _is_answer(field: str) -> bool:
    above, _, _ = field.rpartition(DOT)
    return _last(field) in PREDICTION or (
        _last(field) in LABEL and parts_called(SAID_BY_MODEL, above)
    )


def _answers_beside(name: str, field: pl.Series, frame: pl.DataFrame) -> bool:
    above, _, _ = name.rpartition(DOT)
    if _last(name) not in LABEL or parts_called(LABEL, above):
        return False
    flat = [c for c in those_called(LABEL, frame.columns) if not is_nested(frame[c])]
    return any(not values_of(frame[c]).isdisjoint(values_of(field)) for c in flat)


def _last(field: str) -> str:
    return plain(field.rpartition(DOT)[2])


def _place(field: str, columns: Sequence[str]) -> int:
    """That of the column that it stands in."""
    return next(n for n, c in enumerate(columns) if f"{field}{DOT}".startswith(f"{c}{DOT}"))


def called_within(frame: pl.DataFrame, flag: str) -> str | None:
    """The field that is probably what a flag names, where no column of its own is called so."""
    usual = {"id": ID, "prediction": PREDICTION, "label": LABEL}.get(flag)
    if usual is None or any(not is_nested(frame[c]) for c in those_called(usual, frame.columns)):
        return None
    fields, answer = _single(frame), nested_answer(frame)
    if flag == OURS:
        return answer
    if flag == "id":
        able = (n for n, f in fields.items() if _last(n) in ID and not f.is_duplicated().any())
        return next(able, None)
    said = values_of(fields.pop(answer)) if answer is not None else set()
    return next(
        (n for n, f in fields.items() if parts_called(LABEL, n) and said & values_of(f)), None
    )


def refuse_nested(path: Path, frame: pl.DataFrame, keys: Sequence[str], said: str) -> None:
    """Raises ``TableError`` that begins as ``said`` and ends in what to type, where the answers are
    nested, or probabilities are."""
    if OURS in frame.columns:
        return
    answer = nested_answer(frame)
    if answer is not None:
        raise TableError(f"{said}; name its columns with {_flags(frame, answer)}")
    _refuse_probabilities(path, frame, keys, said)
    _refuse_lists(path, frame, keys, said)
    flags = _flags_of_classes(frame)
    if flags is not None:
        raise TableError(f"{said}; name its columns with {flags}")


def _flags(frame: pl.DataFrame, answer: str) -> str:
    """The flags with which a table is read of which ``answer`` is a field."""
    meant = columns_meant(frame.with_columns(_single(frame)[answer].alias(OURS)))
    key = meant.id or called_within(frame, "id") or UNKNOWN
    label = meant.label or called_within(frame, "label")
    named = {
        "id": None if key == "example_id" else key,
        "member": None if meant.member == "member" else meant.member,
        OURS: answer,
        "label": None if label == "label" else label,
    }
    return " ".join(flag_of(flag, name) for flag, name in named.items() if name is not None)


def _refuse_probabilities(path: Path, frame: pl.DataFrame, keys: Sequence[str], said: str) -> None:
    """The same of the probabilities of all classes in one column."""
    names = those_called(BY_CLASS, frame.columns)
    column = next((name for name in names if _are_probabilities(frame[name])), None)
    if column is not None:
        flat = frame.with_columns(pl.col(column).name.prefix_fields("p_")).unnest(column)
        write = _to_write(column, "", flags_meant(flat))
        raise InOneColumn.of(f"{said}; {write}", by_class(path, column, keys))


def _refuse_lists(path: Path, frame: pl.DataFrame, keys: Sequence[str], said: str) -> None:
    """The same where they have no names but stand in a list."""
    fields = fields_in(frame)
    wide = pl.DataFrame([*(c for c in frame if not is_within(c)), *fields.values()])
    lists = [c.name for c in wide if isinstance(c.dtype, pl.List | pl.Array)]
    if {*those_called(PREDICTION, frame.columns)} - {*lists}:
        return
    label = None if those_called(LABEL, wide.columns) else _label_within(wide)
    named = wide if label is None else wide.with_columns(pl.col(label).alias("label"))
    found = listed_probabilities(named, [*those_called(BY_CLASS, lists), *lists])
    if found is not None:
        flat = wide.drop(found.column).with_columns(pl.lit("").alias(OURS))
        flags = flags_meant(flat) + ("" if label is None else f" {flag_of('label', label)}")
        write = _to_write(found.column, found.order, flags)
        command = found.command(path, wide, found.column, keys)
        raise InOneColumn.of(f"{said}; {write}", command, found.typed, found.told)


def _label_within(wide: pl.DataFrame) -> str | None:
    """The first field of single values that is called as right answers are."""
    names = [c.name for c in wide if not is_nested(c) and DOT in c.name]
    return min(
        (name for name in names if _last(name) in LABEL),
        key=lambda name: LABEL.index(_last(name)),
        default=None,
    )


def _flags_of_classes(frame: pl.DataFrame) -> str | None:
    """The flags where fields are the probabilities of the classes and called so: once one is named,
    all are columns."""
    if not any(map(is_within, frame)):
        return None
    wide = pl.DataFrame([c for c in [*frame, *fields_in(frame).values()] if not is_nested(c)])
    short = {c: c.rpartition(DOT)[2] for c in wide.columns}
    if len({*short.values()}) < len(short):
        return None
    table = wide.rename(short)
    meant, full = columns_meant(table), {name: column for column, name in short.items()}
    if meant.id is None or meant.label is None or not classes_meant(table, meant):
        return None
    return f"{flag_of('id', full[meant.id])} {flag_of('label', full[meant.label])}"


def _to_write(column: str, order: str, flags: str) -> str:
    name = f", and name its columns with {flags}" if flags else ""
    return (
        f"{column!r} looks like the probability of each class{order}: write them as columns "
        f"p_<class>{name}"
    )


def _are_probabilities(column: pl.Series) -> bool:
    if not isinstance(column.dtype, pl.Struct) or len(column.dtype.fields) < 2:
        return False
    fields = column.struct.unnest()
    return all(c.dtype.is_numeric() and within_one(c.drop_nulls()) for c in fields)
