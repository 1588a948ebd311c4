"""Slices as people ask for them: commas between them, and the class by the name of its column."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from undertow.audit.slices.table import CLASS, LABEL
from undertow.audit.slices.unknown import CROSS
from undertow.records.reading import alternatives
from undertow.records.records import Records


def slices_asked(records: Records, by: Sequence[str], label: str | None = None) -> tuple[str, ...]:
    """The names that ``slice_table`` knows.

    ``a,b`` are two slices, unless a column is called so. ``label``, and the column that was named
    as the label, are the class. A name that is a column stays what it is.
    """
    columns = records.slice_columns
    names = [name for given in by for name in parts_of(given, columns)]
    return tuple(
        dict.fromkeys(_class_named(name, {LABEL, *alternatives(label)}, columns) for name in names)
    )


def parts_of(given: str, columns: Collection[str]) -> list[str]:
    """``a,b`` as two names, unless a column is called so."""
    parts = [part.strip() for part in given.split(",")]
    return [given] if given in columns or not all(parts) else parts


def _class_named(name: str, labels: Collection[str], columns: Collection[str]) -> str:
    if name in columns:
        return name
    parts = [part.strip() for part in name.split(CROSS)]
    return CROSS.join(CLASS if p in labels and p not in columns else p for p in parts)
