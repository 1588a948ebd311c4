"""What a person gives for a side: paths, frames or arrays, one for each member."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import polars as pl

from undertow.errors import UserError
from undertow.notebook.arrays import column_of, is_array, members_of, named_classes
from undertow.notebook.numbers_named import naming
from undertow.notebook.order import (
    refuse_numbers_out_of_order,
    refuse_other_ids,
    refuse_other_order,
    refuse_rows_beside_ids,
    refuse_two_orders,
)
from undertow.notebook.right_answers import refuse_beside_files
from undertow.notebook.tables import is_pandas, is_table, refuse_nameless, table_of
from undertow.records.formats.members.join import PROBABILITY
from undertow.records.frames import Frames
from undertow.records.reading import Reading, alternatives

Kind = Literal["path", "table", "array"]
WANTED = "give a path, a data frame or an array of predictions"
POSITION = "arrays name no examples, so they are joined by position."


@dataclass(frozen=True)
class Entry:
    """One side as it was given: what messages call it, its name, and its value."""

    called: str
    name: str
    value: Any


@dataclass(frozen=True, eq=False)
class Answers:
    """Right answers that were given apart, and the names of classes, if any."""

    value: Any
    classes: tuple[str, ...]

    @property
    def path(self) -> Path | None:
        return Path(self.value) if kind_of(self.value) == "path" else None


def entries(old: Any, new: Any) -> tuple[Entry, list[Entry]]:
    """The reference and the variants. A dict names what it holds; a list that holds lists has a
    variant in each place."""
    before = _named("old", old)
    if len(before) > 1:
        raise UserError(
            f"old: is a dict of {', '.join(e.name for e in before[:8])}; a dict gives names to "
            "sides, {'fp16': frame}, and there is one old side: choose one, or make a table of "
            "its columns, polars.DataFrame(old)"
        )
    several = isinstance(new, list | tuple) and kind_of(new) is None
    if several and any(kind_of(v) is None for v in new):
        return before[0], [Entry(f"new[{i}]", f"new[{i}]", v) for i, v in enumerate(new)]
    return before[0], _named("new", new)


def names_of(old: Any, new: Any, before: Entry, after: Sequence[Entry]) -> tuple[str, ...]:
    """What sides are called where a dict says so."""
    said = isinstance(old, Mapping) or isinstance(new, Mapping)
    return (before.name, *(e.name for e in after)) if said else ()


def first_of(entry: Entry) -> tuple[str, Any]:
    """The first member of a side, with what messages call it."""
    return next(_items(entry))


def pandas_among(old: Any, new: Any) -> list[str]:
    """What messages call the frames of pandas; nothing where the sides are no sides."""
    try:
        before, after = entries(old, new)
        items = [item for entry in (before, *after) for item in _items(entry)]
    except UserError:
        return []
    return [called for called, value in items if is_pandas(value)]


def sides_of(
    before: Entry, after: Sequence[Entry], reading: Reading, answers: Answers
) -> list[list[Path] | Frames]:
    """Every side, the reference first."""
    members = [item for entry in (before, *after) for item in _items(entry)]
    if answers.classes:
        _refuse_classes(members)
    if answers.value is not None and answers.path is None:
        files = [called for called, value in members if kind_of(value) == "path"]
        frames = [(called, value) for called, value in members if is_table(value)]
        refuse_beside_files(files, frames, answers.value, reading.keys)
    refuse_other_order(members, answers.value, reading.keys)
    sides = [side_of(entry, reading, answers) for entry in (before, *after)]
    _refuse_positions(sides, dict(members), reading, answers)
    return sides


def _refuse_classes(members: Sequence[tuple[str, Any]]) -> None:
    """Raises ``UserError`` where nothing that was given needs names of classes."""
    called, value = members[0]
    if any(kind_of(one) == "array" for _, one in members):
        return
    what = "files, which name their" if kind_of(value) == "path" else "a frame, which names its"
    raise UserError(f"classes: {called} is {what} classes; leave it out")


def _refuse_positions(
    sides: Sequence[list[Path] | Frames],
    values: Mapping[str, Any],
    reading: Reading,
    answers: Answers,
) -> None:
    """Raises ``UserError`` where what stands by position belongs to other rows, as far as anything
    tells. ``values`` are the members as they were given, by what messages call them."""
    if answers.value is not None and answers.path is None and not is_table(answers.value):
        tables = [one for side in sides if isinstance(side, Frames) for one in side.given]
        given = [(c, values.get(c), table) for c, table in tables]
        refuse_two_orders(given, answers.value, reading.keys)
    arrays = [side for side in sides if isinstance(side, Frames) and side.notes]
    others = [side for side in sides if isinstance(side, Frames) and not side.notes]
    for side in others[:1] if arrays else ():
        called, table = side.given[0]
        frame = called, values[called], table
        answer = (*reading.prediction, "prediction")[0]
        refuse_rows_beside_ids(arrays[0].given[0], frame, reading.keys, answer)
    for side in arrays[1:]:
        first, other = arrays[0].tables[0].height, side.tables[0].height
        if first != other:
            raise UserError(
                f"{side.called[0]}: has {other:,} predictions, and {arrays[0].called[0]} has "
                f"{first:,}; {POSITION.removesuffix('.')}: give both for the same examples, or "
                "frames with example_id"
            )


def side_of(entry: Entry, reading: Reading, answers: Answers) -> list[Path] | Frames:
    """The side as files or as frames; its members are of one kind."""
    items = list(_items(entry))
    kinds = {kind_of(value): called for called, value in items}
    if len(kinds) > 1:
        (one, first), (other, second), *_ = kinds.items()
        raise UserError(
            f"{second} is {_article(other)} and {first} {_article(one)}; the members of one side "
            "are of one kind"
        )
    (kind,) = kinds
    if kind == "path":
        return _files(items)
    return _frames(entry.name, items, reading, answers, kind == "array")


def kind_of(value: object) -> Kind | None:
    """What one member is; ``None`` for what holds several, and for anything else."""
    if isinstance(value, str | os.PathLike):
        return "path"
    if is_table(value):
        return "table"
    return "array" if is_array(value) else None


def _named(called: str, value: Any) -> list[Entry]:
    if not isinstance(value, Mapping):
        return [Entry(called, called, value)]
    if hasattr(value, "column_names"):  # What ``datasets`` loads without ``split=``.
        raise UserError(
            f"{called}: is a dataset of several splits ({', '.join(map(str, value))}); give one, "
            f"{called}[{next(iter(value), 'test')!r}]"
        )
    if not value:
        raise UserError(f"{called}: is empty; {WANTED}")
    return [Entry(f"{called}[{key!r}]", str(key), v) for key, v in value.items()]


def _items(entry: Entry) -> Iterator[tuple[str, Any]]:
    """Each member with what messages call it."""
    if kind_of(entry.value) is not None:
        yield entry.called, entry.value
        return
    if not isinstance(entry.value, list | tuple) or not entry.value:
        raise UserError(f"{entry.called}: is {_shown(entry.value)}; {WANTED}")
    for i, value in enumerate(entry.value):
        if kind_of(value) is None:
            raise UserError(f"{entry.called}[{i}]: is {_shown(value)}; {WANTED}")
        yield f"{entry.called}[{i}]", value


def _files(items: list[tuple[str, Any]]) -> list[Path]:
    paths = [Path(value) for _, value in items]
    if len(paths) > 2 and not any(os.path.exists(path) or "::" in str(path) for path in paths):
        raise UserError(
            f"{items[0][0]}: there is no file {str(paths[0])!r}, nor any of the other "
            f"{len(paths) - 1}; a list of text is read as paths: give predictions as an array, "
            "numpy.array(…)"
        )
    return paths


def _frames(
    name: str, items: list[tuple[str, Any]], reading: Reading, answers: Answers, arrays: bool
) -> Frames:
    if arrays:
        base = _base(reading, answers, [value for _, value in items])
        made = [
            (where, _beside(where, base, member, reading))
            for called, value in items
            for held in [members_of(called, value, answers.classes, reading.threshold)]
            for where, member in _numbered(called, held)
        ]
        notes = (f"{name}: {POSITION}",)
        return Frames(name, *_columns(made), notes=notes, kind="array, joined by position")
    tables = [
        (called, table_of(called, value, reading.keys, reading.prediction))
        for called, value in items
    ]
    if reading.id is None:
        for (called, value), (_, table) in zip(items, tables, strict=True):
            refuse_nameless(called, value, table)
    if answers.value is None or answers.path is not None:
        return Frames(name, *_columns(tables))
    if is_table(answers.value):
        return Frames(name, *_columns(tables), labels=_right_answers(answers, reading))
    given = [(*item, table) for item, (_, table) in zip(items, tables, strict=True)]
    refuse_other_ids(answers.value, given, reading.keys)
    label = column_of("labels", answers.value, answers.classes)
    return Frames(
        name, *_columns([(called, _labelled(called, t, label, reading)) for called, t in tables])
    )


def _right_answers(answers: Answers, reading: Reading) -> pl.DataFrame:
    return table_of("labels", answers.value, reading.keys)


def _columns(
    made: list[tuple[str, pl.DataFrame]],
) -> tuple[tuple[str, ...], tuple[pl.DataFrame, ...]]:
    return tuple(called for called, _ in made), tuple(table for _, table in made)


def _numbered(called: str, members: list[pl.DataFrame]) -> list[tuple[str, pl.DataFrame]]:
    if len(members) == 1:
        return [(called, members[0])]
    return [(f"{called}[{m}]", member) for m, member in enumerate(members)]


def _base(reading: Reading, answers: Answers, given: Sequence[Any]) -> pl.DataFrame | None:
    """The table of examples that arrays stand beside, row by row, if there is one."""
    if answers.value is None or answers.path is not None:
        return None
    if not is_table(answers.value):
        return pl.DataFrame([column_of("labels", answers.value, answers.classes).alias("label")])
    table = _right_answers(answers, reading)
    theirs = [c for c in table.columns if c in ("prediction", "score", "member")]
    table = table.drop([*theirs, *(c for c in table.columns if c.startswith(PROBABILITY))])
    label = next((c for c in (reading.label, "label") if c in table.columns), None)
    if label is None:
        return table
    refuse_numbers_out_of_order(answers.value, given, table, label, reading.keys)
    return table.with_columns(named_classes("labels", table[label], answers.classes).alias(label))


def _beside(
    called: str, base: pl.DataFrame | None, member: pl.DataFrame, reading: Reading
) -> pl.DataFrame:
    """One member's answers beside the examples; those without a name are called by their row."""
    examples = pl.DataFrame(height=member.height) if base is None else base
    if examples.height != member.height:
        raise UserError(
            f"{called}: has {member.height:,} predictions, and labels has {examples.height:,} "
            "rows; give both for the same examples, in the same order"
        )
    if not {"example_id", *alternatives(reading.id)} & set(examples.columns):
        rows = pl.int_range(member.height, eager=True).cast(pl.String)
        examples = examples.with_columns(rows.alias("example_id"))
    labels = (*alternatives(reading.label), "label")
    table = _alike(examples.hstack(member.get_columns()), ("prediction",), labels)
    _refuse_other_classes(called, table, labels)
    return _as_named(table, reading)


def _as_named(table: pl.DataFrame, reading: Reading) -> pl.DataFrame:
    """With the names that the columns of frames beside an array were given."""
    asked = {"example_id": reading.id, "label": reading.label}
    if len(reading.prediction) == 1:
        asked["prediction"] = reading.prediction[0]
    names = {ours: name for ours, name in asked.items() if name is not None}
    return table.rename(
        {
            ours: name
            for ours, name in names.items()
            if ours in table.columns and not {*alternatives(name)} & {*table.columns}
        }
    )


def _labelled(called: str, table: pl.DataFrame, label: pl.Series, reading: Reading) -> pl.DataFrame:
    if len(label) != table.height:
        raise UserError(
            f"labels: holds {len(label):,}, and {called} has {table.height:,} rows; give one for "
            "each row, or a table of labels with the same ids"
        )
    answers = (*reading.prediction, "prediction")
    return _alike(table.with_columns(label.alias("label")), answers, ("label",))


def _alike(table: pl.DataFrame, predictions: Sequence[str], labels: Sequence[str]) -> pl.DataFrame:
    """Truth values as 0 and 1 where the other of prediction and label is numbers, or the classes
    of probabilities are."""
    both = [c for c in dict.fromkeys([*predictions, *labels]) if c in table.columns]
    classes = {c.removeprefix(PROBABILITY) for c in table.columns if c.startswith(PROBABILITY)}
    if classes == {"0", "1"} or any(table[c].dtype.is_numeric() for c in both):
        truth = [c for c in both if table[c].dtype == pl.Boolean]
        return table.with_columns(pl.col(truth).cast(pl.Int8))
    return table


def _refuse_other_classes(called: str, table: pl.DataFrame, labels: Sequence[str]) -> None:
    """Numbers on one side and names on the other: every answer would be wrong."""
    label = next((name for name in labels if name in table.columns), None)
    if label is None:
        return
    right = _said(table[label])
    answers = (
        _said(table["prediction"])
        if "prediction" in table.columns
        else {c.removeprefix(PROBABILITY) for c in table.columns if c.startswith(PROBABILITY)}
    )
    if right and answers and not right & answers:
        raise UserError(
            f"{called}: predicts {min(answers)!r} and the like, and the labels are "
            f"{min(right)[:60]!r} and the like, so none is right; {naming(table, table[label])}"
        )


def _said(column: pl.Series) -> set[str]:
    known = column.drop_nulls().unique()
    if known.dtype.is_numeric():
        return {f"{value:g}" for value in known.to_list()}
    return {str(value) for value in known.cast(pl.String).to_list()}


def _article(kind: Kind | None) -> str:
    return "an array" if kind == "array" else f"a {kind}"


def _shown(value: object) -> str:
    empty = isinstance(value, list | tuple) and not value
    return "empty" if empty else f"of type {type(value).__name__}"
