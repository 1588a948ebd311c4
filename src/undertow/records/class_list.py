"""The classes of a population as a list: their order where no file declares one, and how many there
may be."""

from __future__ import annotations

import re

from undertow.errors import TableError, UserError

MOST_CLASSES = 1 << 17
"""The vocabulary of a language model still fits. Every class is a slice, and so a finding of
several measures."""
WHOLE = re.compile(r"[+-]?[0-9]{1,18}")


def order_classes(names: set[str]) -> tuple[str, ...]:
    """The order of classes that no file declares: numeric where all are whole numbers, else that of
    text."""
    if all(WHOLE.fullmatch(name) for name in names):
        return tuple(sorted(names, key=lambda name: (int(name), name)))
    return tuple(sorted(names))


def refuse_many_classes(source: object, count: int, error: type[UserError] = TableError) -> None:
    """``error`` where there are so many that they are hardly classes."""
    if count > MOST_CLASSES:
        raise error(
            f"{source}: has {count:,} classes, and at most {MOST_CLASSES:,} are read; if these are "
            "answers in words, write a graded table with the columns example_id, answer and score"
        )
