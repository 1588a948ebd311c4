"""Finds columns that hold the probability of one class each, under other names than
``p_<class>``: ``prob_cat``, ``proba-cat``, ``y_score_cat``, ``P(cat)``."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import polars as pl

from undertow.errors import TableError
from undertow.records.class_list import class_meant
from undertow.records.formats.columns.by_class.class_sets import (
    called_as,
    rows_of,
    share_likeliest,
    sums_to_one,
)
from undertow.records.formats.columns.by_class.listed import order_told
from undertow.records.formats.columns.by_class.spread import InOneColumn
from undertow.records.formats.columns.cells import refuse_other_sums, refuse_per_cent
from undertow.records.formats.columns.commands.class_naming import called_by_class
from undertow.records.formats.columns.values import numbers_in, values_of
from undertow.records.formats.decoding.typed import number_of

READ_AS = "are read as the probabilities of the classes"
"""Stands in the note, which is said before the audit too."""
OURS = "p_"
_WORD = r"p|probs?|probas?|probability|probabilities|softmax|score"
_NAMED = re.compile(
    rf"(?P<before>(?:[^\W_]+[_\-. ])*?(?:{_WORD})(?:[_\-. ]+|\s*(?P<open>[(\[])))"
    rf"(?P<name>.+?)(?(open)[)\]])",
    re.IGNORECASE,
)
_OF_ONE = re.compile(
    r"(?:[^\W_]+[_\-. ])*?(?:p|probs?|probas?|probability|probabilities|softmax)"
    r"(?:[_\-. ]+|\s*(?P<open>[(\[])|(?=\d))(?P<name>.+?)(?(open)[)\]])",
    re.IGNORECASE,
)
"""A column that may be alone; a number may follow at once, ``p0``."""
LONGEST_NAME = 200
MOST_NAMED = 3
NEVER = ("example_id", "label", "prediction", "member", "confidence", "seconds")
LIKELIEST = 0.9
"""Share of predictions that have to be the likeliest class where only values of the label tell that
columns are those classes."""


def classes_by_column(frame: pl.DataFrame, *, most: float = 1) -> dict[str, str]:
    """The columns of numbers from 0 to ``most`` that are called as probabilities of one class each,
    with that class. None where fewer than two are called alike, or two kinds of names are there."""
    kinds: dict[str, dict[str, str]] = {}
    for column in frame:
        found = _NAMED.fullmatch(column.name.strip()[:LONGEST_NAME])
        number = None if found is None else numbers_in(column)
        if found is not None and number is not None and number.is_between(0, most).all():
            kinds.setdefault(found["before"], {})[column.name] = found["name"].strip()
    several = [kind for kind in kinds.values() if len(kind) > 1]
    return several[0] if len(several) == 1 and _differ([*several[0].values()]) else {}


def class_named(column: str, classes: Collection[str]) -> str | None:
    """The one of two classes that a column is called the probability of: ``p_0``, ``prob_fraud``,
    ``P(ok)``."""
    found = _OF_ONE.fullmatch(column.strip()[:LONGEST_NAME])
    return None if found is None else class_meant(found["name"].strip(), classes)


def read_as_probabilities(frame: pl.DataFrame, wanted: frozenset[str]) -> dict[str, str]:
    """What to call the columns that are the probabilities of all classes; nothing where some are
    not, or are ``wanted`` as slices.

    In every row they sum to 1, and each label and prediction is one of their classes.
    """
    if any(c.startswith(OURS) and c != OURS for c in frame.columns) or "score" in frame.columns:
        return {}
    if "correct" in frame.columns and "prediction" not in frame.columns:
        return {}
    said = _words(frame, "label") | _words(frame, "prediction")
    classes = classes_by_column(frame) or _called_as_labels(frame)
    if not classes or wanted & set(classes) or said - set(classes.values()):
        return {}
    return {c: OURS + name for c, name in classes.items()} if sums_to_one(frame, [*classes]) else {}


def _called_as_labels(frame: pl.DataFrame, *, most: float = 1) -> dict[str, str]:
    """Columns that are called as the values of the label are. Beside predictions those have to be
    the likeliest: the classes that people gave are called so too."""
    rest = frame.drop(NEVER, strict=False)
    found = called_as(rest, _words(frame, "label"), most=most)
    if not found or "prediction" not in frame.columns:
        return found
    return found if share_likeliest(frame, found, frame["prediction"]) >= LIKELIEST else {}


def read_note(source: str, columns: Sequence[str]) -> str:
    """Says which columns were read."""
    first = ", ".join(map(repr, columns[:MOST_NAMED]))
    more = f" … ({len(columns):,} columns)" if len(columns) > MOST_NAMED else ""
    return f"{source}: {first}{more} {READ_AS}."


def refuse_unread(path: Path, frame: pl.DataFrame, label: str, keys: Sequence[str]) -> None:
    """Raises ``TableError`` for columns that are called as probabilities of classes and are not
    read as them, with what to do. ``label`` is what the owner calls that column."""
    classes = (
        classes_by_column(frame)
        or classes_by_column(frame, most=100)
        or _called_as_labels(frame, most=100)
    )
    if not classes:
        return
    others = sorted(_words(frame, "label") - set(classes.values()))
    if others:
        _refuse_numbers(path, frame, classes, label, keys)
        raise TableError(f"{path}: {_without_class(classes, others, label)}")
    cells = frame.select([*classes])
    number = pl.DataFrame([number_of(column) for column in cells])
    refuse_per_cent(path, frame, number, keys)
    refuse_other_sums(path, frame, number, frame["example_id"], keys)
    column, name = next(iter(classes.items()))
    raise TableError(
        f"{path}: {column!r} and the like are called as probabilities of classes and are not all "
        f"that they need to be read as such; if they are, call {column!r} {OURS + name!r}, and the "
        "others alike"
    )


def _refuse_numbers(
    path: Path, frame: pl.DataFrame, classes: Mapping[str, str], label: str, keys: Sequence[str]
) -> None:
    """Raises ``TableError`` with the command that gives columns of numbered classes their names,
    where as many are values of the label."""
    said = _words(frame, "label")
    if {*classes.values()} != {*map(str, range(len(said)))} or not sums_to_one(frame, [*classes]):
        return
    columns = sorted(classes, key=lambda c: int(classes[c]))
    order = order_told(rows_of(frame, columns), frame["label"])
    raise InOneColumn.of(
        f"{path}: {columns[0]!r} and the like are called as probabilities of classes by their "
        f"number, and {label!r} has names{order.said}: call them p_<class>",
        called_by_class(path, columns, order.typed, keys, told=order.told),
        order.typed,
        order.told,
    )


def _without_class(classes: Mapping[str, str], others: Sequence[str], label: str) -> str:
    """What to do where a value of the label has no column: it is another spelling, in other words,
    or the one class that lacks its column."""
    twins = {_folded(value): value for value in others}
    column, name = next(
        ((c, twins[_folded(n)]) for c, n in classes.items() if _folded(n) in twins),
        next(iter(classes.items())),
    )
    called = f"{next(iter(classes))!r} and the like are called as probabilities of classes, but"
    way = f"call each {OURS!r} and its class in the words of {label!r}"
    if name in others:
        way = f"call {column!r} {OURS + name!r}, and the others alike"
    elif len(others) < len(classes):
        added = [f"{column[: column.rindex(name)]}{other}"[:LONGEST_NAME] for other in others]
        named = " and ".join(map(repr, added[:MOST_NAMED]))
        more = f" and {len(added) - MOST_NAMED:,} more" if len(added) > MOST_NAMED else ""
        way = f"add {named}{more} with the probability of that class"
    return f"{called} none is of {others[0][:60]!r}, a value of {label!r}; {way}"


def _words(frame: pl.DataFrame, name: str) -> set[str]:
    """The classes in a column. Whole floats lose ``.0``, as they do where they are read."""
    if name not in frame.columns:
        return set()
    return {re.sub(r"^([+-]?\d+)\.0+$", r"\1", value) for value in values_of(frame[name])}


def _folded(name: str) -> str:
    return "".join(c for c in name.casefold() if c.isalnum())


def _differ(names: Sequence[str]) -> bool:
    return len({*names}) == len(names)
