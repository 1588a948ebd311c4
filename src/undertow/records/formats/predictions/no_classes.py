"""Refuses predictions that cannot be classes: decimals, or values that are never a label.

Read as classes, every answer would be wrong on both sides, and a gate would pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from undertow.errors import TableError
from undertow.records.formats.columns.by_class.listed import order_said
from undertow.records.formats.columns.by_class.spread import InOneColumn
from undertow.records.formats.columns.commands.class_naming import renamed
from undertow.records.formats.columns.labels_meant import label_of_two
from undertow.records.formats.columns.meant import UNKNOWN
from undertow.records.formats.columns.several_answers.lists_of_answers import refuse_lists
from undertow.records.formats.columns.values import (
    has_decimals,
    numbers_in,
    positive_among,
    shown,
    values_of,
    within_one,
)
from undertow.records.formats.members.join import Sheet, probability_columns
from undertow.records.formats.predictions.regression import (
    MOST_CLASSES,
    NumbersOnAScale,
    are_numbers_on_a_scale,
)
from undertow.records.order_by_answers import names_by_answers
from undertow.records.records import MISSING
from undertow.records.spelling import not_the_same
from undertow.records.usual_names import flag_of


def refuse_no_classes(
    sheets: Sequence[Sheet], keys: tuple[str, ...] = (), *, apart: bool = False
) -> None:
    """Raises ``TableError`` for the first member whose predictions cannot be classes. Right answers
    may be in a table ``apart``."""
    if any(probability_columns(sheet.frame) for sheet in sheets):
        return  # The columns say what the classes are, and each label and prediction must be one.
    predicting = [sheet for sheet in sheets if "prediction" in sheet.frame.columns]
    known = set[str]().union(*(_values(sheet, "label") for sheet in sheets))
    everything = set[str]().union(*(_values(sheet, "prediction") for sheet in predicting))
    no_label = bool(known) and not known & everything
    for sheet in predicting:
        said = _values(sheet, "prediction")
        wrong = said and (no_label or _are_scores(said, known))
        path = Path() if apart else Path(sheet.source)
        if wrong or _are_whole(said):
            _refuse_regression(sheet, path, keys)
        if wrong:
            owners = sheet.called("prediction"), sheet.called("label")
            refuse_lists(path, sheet.source, sheet.frame, owners, keys)
            _refuse_numbers(sheet, path, known, keys)
            raise TableError(f"{sheet.source}: {_about(sheet, said, known)}")


def _are_whole(said: set[str]) -> bool:
    """Whether these are whole numbers, as prices and counts may be."""
    number = numbers_in(pl.Series(sorted(said), dtype=pl.String))
    return number is not None and not has_decimals(number)


def _refuse_numbers(sheet: Sheet, path: Path, known: set[str], keys: tuple[str, ...]) -> None:
    """Raises ``TableError`` for numbers of classes beside as many names, with the command that
    writes the names in the order that the answers tell."""
    said = _values(sheet, "prediction")
    if len(known) < 2 or not said <= {*map(str, range(len(known)))}:
        return
    answers = sheet.frame["prediction"].cast(pl.Int64, strict=False).fill_null(MISSING)
    named = names_by_answers(sheet.frame["label"], [answers.to_numpy()], len(known))
    order = order_said(named, len(known))
    to = {str(n): n for n in range(len(known))}
    words = to if named is None else {str(n): name for n, name in enumerate(named.ordered)}
    name, label = sheet.called("prediction"), sheet.called("label")
    raise InOneColumn.of(
        f"{sheet.source}: column {name!r} holds numbers of classes, of which {label!r} has the "
        f"names{order.said}{': write the names' * order.told}",
        renamed(path, [name], words, keys, told=order.told),
        order.typed,
        order.told,
    )


def _are_scores(said: set[str], known: set[str]) -> bool:
    """Whether these are numbers on a scale: decimals, or very many beside two labels such as 0 and
    1."""
    number = numbers_in(pl.Series(sorted(said), dtype=pl.String))
    if number is None:
        return False
    if len(said) > MOST_CLASSES:
        return has_decimals(number) or positive_among(known) is not None
    return has_decimals(number) and not said & known


def _refuse_regression(sheet: Sheet, path: Path, keys: tuple[str, ...]) -> None:
    """Raises ``TableError`` for predictions of numbers, with what to do about them."""
    if "label" not in sheet.frame.columns:
        return
    both = sheet.frame["prediction"], sheet.frame["label"]
    if are_numbers_on_a_scale(*both):
        owners = sheet.called("prediction"), sheet.called("label")
        raise NumbersOnAScale.about(sheet.source, path, *both, owners, keys)


def _about(sheet: Sheet, said: set[str], known: set[str]) -> str:
    """What the values are, and what to do about them."""
    name, label = sheet.called("prediction"), sheet.called("label")
    held = f"column {name!r} holds no classes: its values are {shown(said)}"
    if known:
        held += f", and those of {label!r} are {shown(known)}"
    number = numbers_in(pl.Series(sorted(said), dtype=pl.String))
    if number is None or not (_are_scores(said, known) or (len(said) > 2 and within_one(number))):
        apart = not_the_same(said, known)
        written = f"; {_graded(name)}" if _are_sentences(said) else ""
        return f"{held}; write {name!r} in the same words as {label!r}{apart}{written}"
    answers = label if known else label_of_two(sheet.frame) or UNKNOWN
    flags = [
        flag_of("score", name, *_beside(sheet)),
        *([] if answers == "label" else [flag_of("label", answers)]),
    ]
    return f"{held}; give it as {' '.join(flags)}"


def _beside(sheet: Sheet) -> list[str]:
    """Columns of the table that may be the scores of its other models."""
    return [
        sheet.called(column.name)
        for column in sheet.frame
        if column.name not in ("prediction", "label", "example_id", "seconds")
        and (number := numbers_in(column)) is not None
        and has_decimals(number)
        and within_one(number)
    ]


def _are_sentences(said: set[str]) -> bool:
    """Whether most are of several words, as what a model writes is and few classes are."""
    return 2 * sum(" " in value.strip() for value in said) > len(said)


def _graded(name: str) -> str:
    return (
        f"or, if {name!r} is what a model wrote, grade each answer from 0 to 1 and give --score "
        f"{UNKNOWN} {flag_of('answer', name)}"
    )


def _values(sheet: Sheet, name: str) -> set[str]:
    return values_of(sheet.frame[name]) if name in sheet.frame.columns else set()
