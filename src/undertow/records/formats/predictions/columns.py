"""Cleans the columns of a plain table, as a person may have written them, for joining."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType

import numpy as np
import polars as pl

from undertow.errors import TableError
from undertow.records.classes_told import MARK, note_on, says_answers
from undertow.records.formats.columns.by_class.class_columns import refuse_unread
from undertow.records.formats.columns.by_class.largest import refuse_largest
from undertow.records.formats.columns.by_class.listed import listed_probabilities
from undertow.records.formats.columns.by_class.marks_beside import refuse_marks_beside
from undertow.records.formats.columns.by_class.one_hot import refuse_one_hot
from undertow.records.formats.columns.by_class.run_of_classes import refuse_run
from undertow.records.formats.columns.by_class.spread import InOneColumn
from undertow.records.formats.columns.cells import (
    refuse_no_number,
    refuse_other_sums,
    refuse_per_cent,
    refuse_two_scales,
)
from undertow.records.formats.columns.labels_meant import label_of_class
from undertow.records.formats.columns.nested import nested_answer, refuse_nested
from undertow.records.formats.columns.patterns import refuse_patterns
from undertow.records.formats.columns.several_answers.lists_of_answers import refuse_lists
from undertow.records.formats.columns.unnamed import UnnamedColumns
from undertow.records.formats.columns.values import type_of
from undertow.records.formats.decoding.typed import number_of
from undertow.records.formats.members.join import PROBABILITY, probability_columns
from undertow.records.formats.predictions.flags_beside import flags_said
from undertow.records.usual_names import flag_of, has_columns

PER_MEMBER = frozenset({"prediction", "member", "score"})
"""Columns of a member's answers, besides its probabilities."""
EXACT_FLOAT = float(2**53)
WHOLE_FLOAT = r"^\s*(-?\d{1,15})\.0+\s*$"
"""One that is exact as a float."""
NOBODYS: Mapping[str, str] = MappingProxyType({})
"""Where the owner of a table calls no column by a name of his own."""


def clean(
    path: Path,
    frame: pl.DataFrame,
    names: Mapping[str, str] = NOBODYS,
    *,
    predicts: bool = True,
    right: Path | pl.DataFrame | None = None,
) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Makes ids, classes and members text, and probabilities floats.

    ``names`` are what the owner calls columns, ``right`` is a table of right answers apart. The
    second value is notes on columns that are not used. Raises ``TableError`` where a required
    column is missing (of predictions only where it ``predicts``) or a value cannot be what its
    column says.
    """
    refuse_patterns(path, frame.columns)
    _require(path, frame, predicts, names, right)
    keys = (names.get("example_id", "example_id"),)
    if predicts and right is None:
        said = f"{path}: has no column 'label'"
        refuse_marks_beside(path, _owned(frame, names), keys, said)
    columns, notes = [], []
    for column in frame:
        if column.name == MARK and says_answers(column):
            notes.append(note_on(path))
            continue
        called = names.get(column.name, column.name)
        if column.name == "prediction" and column.dtype == pl.Struct:
            _refuse_field(path, column, called)
        if column.name == "prediction" and column.dtype.is_nested():
            _refuse_listed(path, frame, called, keys)
            owners = called, names.get("label", "label")
            refuse_lists(path, str(path), frame, owners, keys)
        made = _cleaned(path, column, called, frame["example_id"])
        if made is None:
            notes.append(
                f"{path}: column {column.name!r} holds {type_of(column)}, not single values, and "
                "is not used"
            )
        else:
            columns.append(made)
    scales = {names.get(c.name, c.name): c for c in frame if _is_probability(c.name)}
    refuse_two_scales(path, scales, frame["example_id"], keys)
    made_of = pl.DataFrame(columns)
    number = made_of.select(probability_columns(made_of))
    refuse_per_cent(path, frame, number, keys)
    if _all_have_columns(made_of, number.columns):
        _refuse_one_alone(path, made_of, number)
        refuse_other_sums(path, frame, number, made_of["example_id"], keys)
    return made_of, tuple(notes)


def _refuse_one_alone(path: Path, frame: pl.DataFrame, number: pl.DataFrame) -> None:
    """Raises ``TableError`` for the probability of one of two classes alone, which is a score."""
    if number.width != 1 or "prediction" in frame.columns or "label" in frame.columns:
        return
    (score,) = number.columns
    named = label_of_class(frame, score)
    if named is not None:
        flags = f"{flag_of('score', score)} {flag_of('label', named[0])}"
        raise TableError(
            f"{path}: {score!r} is the only column p_<class>, so it is the probability of one of "
            f"two classes; name both columns with {flags} {flag_of('positive', named[1])}"
        )


def _all_have_columns(frame: pl.DataFrame, columns: Sequence[str]) -> bool:
    """Whether every label and prediction is one of the classes that have a probability; else that
    is what has to be said of their sums."""
    classes = [name.removeprefix(PROBABILITY) for name in columns]
    said = [frame[c].drop_nulls() for c in ("label", "prediction") if c in frame.columns]
    return all(column.is_in(classes).all() for column in said)


def answer_columns(frame: pl.DataFrame) -> list[str]:
    """Returns the columns in which a member answers: ``prediction``, ``score``, probabilities."""
    return [*sorted({"prediction", "score"} & set(frame.columns)), *probability_columns(frame)]


def _require(
    path: Path,
    frame: pl.DataFrame,
    predicts: bool,
    names: Mapping[str, str],
    right: Path | pl.DataFrame | None,
) -> None:
    if "example_id" not in frame.columns:
        lacks = "'example_id'"
    elif predicts and "prediction" not in frame.columns and not probability_columns(frame):
        lacks = "'prediction' and no p_<class>"
    else:
        return
    owners = [names.get(name, name) for name in frame.columns]
    keys = (names.get("example_id", "example_id"),)
    said = f"{path}: has no column {lacks}; {has_columns(owners)}"
    if predicts:
        refuse_one_hot(path, frame, keys, said)
        if right is None:
            refuse_marks_beside(path, _owned(frame, names), keys, said)
        refuse_largest(path, frame, keys, said)
    if "prediction" in lacks:
        refuse_unread(path, frame, names.get("label", "label"), keys)
    if predicts:
        refuse_nested(path, frame, keys, said)
        refuse_run(path, frame, keys, said)
    raise UnnamedColumns.of(
        f"{said}; name its columns with ", frame, partial(flags_said, frame, right, path=path)
    )


def _owned(frame: pl.DataFrame, names: Mapping[str, str]) -> pl.DataFrame:
    """With the names that its owner knows."""
    return frame.rename({c: name for c in frame.columns if (name := names.get(c, c)) != c})


def _refuse_field(path: Path, column: pl.Series, called: str) -> None:
    """Refuses predictions that are nested and of which a field may be meant."""
    found = nested_answer(column.alias("prediction").to_frame())
    if found is not None:
        field = f"{called}{found.removeprefix('prediction')}"
        raise TableError(
            f"{path}: column {called!r} holds {type_of(column)}; write "
            f"{flag_of('prediction', field)}"
        )


def _refuse_listed(path: Path, frame: pl.DataFrame, called: str, keys: Sequence[str]) -> None:
    """Refuses predictions that are lists of the probabilities of all classes."""
    found = listed_probabilities(frame, ["prediction"])
    if found is not None:
        raise InOneColumn.of(
            f"{path}: column {called!r} holds {type_of(frame[found.column])}, which look like the "
            f"probability of each class{found.order}; write them as columns p_<class>, and leave "
            "--prediction out",
            found.command(path, frame, called, keys),
            found.typed,
            found.told,
        )


def _is_probability(name: str) -> bool:
    return name == "score" or (name.startswith(PROBABILITY) and name != PROBABILITY)


def _cleaned(path: Path, column: pl.Series, called: str, ids: pl.Series) -> pl.Series | None:
    """Cleans one column; ``None`` for a slice column of lists, structures or bytes. ``called`` is
    its name in the file."""
    name = column.name
    if name in ("prediction", "label", "member", "example_id", "content_hash"):
        return as_text(path, column, called)
    if _is_probability(name):
        return _as_number(path, column, called, ids)
    if name == "input":
        column = encoded_pictures(column)
        return column if column.dtype in (pl.String, pl.Binary) else as_text(path, column, called)
    return _as_slice(column)


def encoded_pictures(column: pl.Series) -> pl.Series:
    """The bytes of pictures as ``datasets`` saves them, in a structure with their path; any other
    column as it is."""
    fields = column.struct.fields if isinstance(column.dtype, pl.Struct) else []
    if "bytes" not in fields or column.struct.field("bytes").dtype != pl.Binary:
        return column
    return column.struct.field("bytes").alias(column.name)


def as_text(path: Path, column: pl.Series, called: str) -> pl.Series:
    """Makes ids and class names text.

    Whole floats lose ``.0``, because pandas writes 3 as 3.0 once a value is missing.
    """
    if _is_unreadable(column.dtype):
        raise TableError(
            f"{path}: column {called!r} holds {type_of(column)}; expected one text or number "
            "per row"
        )
    if column.dtype.is_float() and column.name == "example_id":
        _refuse_inexact_ids(path, column, called)
    text = (
        column.fill_nan(None).cast(pl.String) if column.dtype.is_float() else column.cast(pl.String)
    )
    if column.dtype.is_float():
        whole = column.fill_nan(None).cast(pl.Int64, strict=False)
        text = pl.select(
            pl.when(whole.cast(column.dtype) == column).then(whole.cast(pl.String)).otherwise(text)
        ).to_series()
    elif column.name in ("prediction", "label"):
        text = text.str.replace(r"^([+-]?\d+)\.0+$", "$1").replace(
            {"True": "true", "False": "false"}
        )
    elif column.name == "example_id" and column.dtype == pl.String:
        text = whole_floats(text)
    # A cell of blanks is an empty cell.
    return text.set(text.str.strip_chars() == "", None).alias(column.name)


def whole_floats(ids: pl.Series) -> pl.Series:
    """Ids that are all whole floats in text, as pandas writes them, without ``.0``."""
    known = ids.drop_nulls()
    if not known.str.contains(WHOLE_FLOAT).all():
        return ids
    short = ids.str.replace(WHOLE_FLOAT, "$1")
    return short if short.n_unique() == ids.n_unique() else ids


def _refuse_inexact_ids(path: Path, column: pl.Series, called: str) -> None:
    """Refuses ids of which two could be one float."""
    large = column.drop_nulls().filter(column.drop_nulls().abs() >= EXACT_FLOAT)
    if len(large):
        raise TableError(
            f"{path}: {called} {large[0]!r} is a float too large to be exact; write the ids as text"
        )


def _is_unreadable(kind: pl.DataType) -> bool:
    """Tells whether values of this type are something else than one text or number."""
    return kind.is_nested() or kind in (pl.Binary, pl.Object, pl.Duration)


def _as_number(path: Path, column: pl.Series, called: str, ids: pl.Series) -> pl.Series:
    if _is_unreadable(column.dtype) or column.dtype.is_temporal():
        raise TableError(
            f"{path}: column {called!r} holds {type_of(column)}; expected numbers between 0 and 1"
        )
    if column.dtype in (pl.Categorical, pl.Enum):
        column = column.cast(pl.String)
    number = number_of(column)
    if number.null_count() > column.null_count():
        wrong = number.is_null() & column.is_not_null()
        rename = "" if column.name == "score" else "rename the column if it is no probability, "
        refuse_no_number(path, column, called, wrong, ids, f"{rename}write a number")
    # A sum is direct and hears of every NaN; looking for them is a query of its own, for each of
    # thousands of columns.
    number = number.fill_nan(None) if np.isnan(float(number.sum())) else number
    # As it came, because a threshold decides in the precision of the numbers.
    return number.cast(column.dtype) if column.dtype.is_float() else number


def _as_slice(column: pl.Series) -> pl.Series | None:
    if _is_unreadable(column.dtype):
        return None
    if column.dtype.is_decimal():
        return column.cast(pl.Float64)
    if column.dtype.is_float():
        return column.fill_nan(None)
    kept = (
        column.dtype.is_integer() or column.dtype == pl.Boolean or isinstance(column.dtype, pl.Enum)
    )
    return column if kept else column.cast(pl.String)
