"""Labels as classes of a model: joined by the names of its outputs, else by their places."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from undertow.errors import UserError
from undertow.report.wording import short
from undertow.varying.examples import LABEL, Examples

SHOWN = 5
"""Names that a message lists."""


def with_places(examples: Examples, classes: Sequence[str]) -> Examples:
    """The examples, each label the place of its class among ``classes``; null stays."""
    places = places_of(examples.table[LABEL].to_list(), examples.ids, classes)
    column = pl.Series(LABEL, places, dtype=pl.Int32)
    return Examples(examples.arrays, examples.table.with_columns(column))


def places_of(
    labels: Sequence[Any], ids: Sequence[str], classes: Sequence[str]
) -> list[int | None]:
    """The place of each label's class: of its name where any label is a name, else the label is a
    place. ``UserError`` for a label that is neither."""
    place = {name: k for k, name in enumerate(classes)}
    by_name = any(str(label) in place for label in labels if not missing(label))
    found: list[int | None] = []
    for example_id, label in zip(ids, labels, strict=True):
        at = place.get(str(label)) if by_name else whole_number(label)
        if not missing(label) and (at is None or at >= len(classes)):
            raise _no_class(example_id, label, classes)
        found.append(None if missing(label) else at)
    return found


def missing(label: Any) -> bool:
    """Whether nothing is known of this example."""
    return label is None or label != label


def refuse_words(labels: Sequence[Any], ids: Sequence[str]) -> None:
    """Labels that are words, where nobody has named the outputs: known before a model is asked."""
    for example_id, label in zip(ids, labels, strict=True):
        if not missing(label) and whole_number(label) is None:
            raise _unnamed(example_id, label)


def whole_number(label: Any) -> int | None:
    """What a label says as a place, from 0 on: 2, 2.0, true and the text "2" do."""
    if isinstance(label, str):
        return int(label) if label.isascii() and label.isdigit() else None
    if isinstance(label, bool | int | float) and label >= 0 and label == int(label):
        return int(label)
    return None


def _no_class(example_id: str, label: Any, classes: Sequence[str]) -> UserError:
    places = tuple(map(str, range(len(classes))))
    if tuple(classes) != places:
        return UserError(
            f"labels: the label of {example_id!r} is {label!r}, which is none of the names after "
            f"--classes ({_listed(classes)}); write labels and names alike, or give labels as "
            f"places of outputs, 0 to {len(classes) - 1}"
        )
    if whole_number(label) is None:
        return _unnamed(example_id, label)
    return UserError(
        f"labels: the label of {example_id!r} is {label!r}, and the model tells "
        f"{len(classes):,} classes apart, 0 to {len(classes) - 1}; give labels from 0 on, or name "
        "the outputs in their order after --classes"
    )


def _unnamed(example_id: str, label: Any) -> UserError:
    return UserError(
        f"labels: the label of {example_id!r} is {label!r}, and nothing says which output that is; "
        "name the outputs in their order after --classes, with the words of the labels"
    )


def _listed(classes: Sequence[str]) -> str:
    shown = ", ".join(short(name) for name in classes[:SHOWN])
    more = len(classes) - SHOWN
    return f"{shown} and {more:,} more" if more > 0 else shown
