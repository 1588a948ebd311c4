"""``SliceTable``: which examples belong to which value of which slice."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from undertow.audit.dynamics.instruments import all_instruments
from undertow.audit.slices.coding import MISSING_VALUE, Coding, code_column
from undertow.audit.slices.derived import DERIVED, derived_slice
from undertow.audit.slices.unknown import CROSS, unknown_slice
from undertow.errors import UserError
from undertow.records.records import Records

ALL = "all"
"""The ``slice`` of a finding about every example; its ``value`` is the empty string."""
CLASS = "class"
"""The slice by label. A column of the same name is not reachable while examples have labels."""
LABEL = "label"
"""The same by the name of its column in a table."""


class TooSmall(NamedTuple):
    """How many cells are too small, the largest of them, and how many examples that has."""

    cells: int
    largest: str
    examples: int

    def __bool__(self) -> bool:
        """Whether any is; by itself a tuple of three is always true."""
        return self.cells > 0


@dataclass(frozen=True, eq=False)
class SliceTable:
    """G slice values over N examples. The values of one column are disjoint and together hold every
    example, except for a crossing, whose cells below the minimum count are not in the table.

    ``membership_GN`` is 0/1, so ``membership_GN @ value_N`` sums a value within each slice value.
    """

    column_G: tuple[str, ...]
    value_G: tuple[str, ...]
    membership_GN: sp.csr_array[Any, tuple[int, int]]
    count_G: NDArray[np.int64]
    empty: Mapping[str, int] = field(default_factory=dict)
    """By column, how many values (classes, declared categories) no example has; they are not in the
    table."""
    too_small: Mapping[str, TooSmall] = field(default_factory=dict)
    """By crossing, the cells that have examples, but fewer than the minimum; they are not in the
    table."""
    ordered: tuple[str, ...] = ()
    """Columns whose values have an order of their own."""

    @property
    def G(self) -> int:
        return len(self.column_G)

    @property
    def N(self) -> int:
        return int(self.membership_GN.shape[1])


def slice_table(records: Records, by: Sequence[str], *, min_count: int = 20) -> SliceTable:
    """The slices named in ``by``, in that order: ``"class"``, a column of the examples, or a
    crossing ``"age+region"``.

    Values are text, spelled as in the data, in the order of the classes, of the numbers, of a
    declared enumeration, of words that people grade by (small, medium, large), and else of the
    alphabet; what is missing is a value of its own, ``"(missing)"``, and comes last. Numbers with
    many values become quartiles. Of a crossing only cells with at least ``min_count`` examples are
    kept.

    Raises ``UserError`` for a column that does not exist or cannot be a slice.
    """
    names = tuple(dict.fromkeys(by))
    _refuse_the_whole(records, names)
    codings = [_coding(records, name, names) for name in names]
    kept_G = [_kept(coding, min_count if coding.crossed else 1) for coding in codings]
    counts = [coding.counts() for coding in codings]
    blocks = [_membership(coding, kept) for coding, kept in zip(codings, kept_G, strict=True)]
    nothing = sp.csr_array((0, records.N), dtype=np.float32)
    return SliceTable(
        column_G=tuple(name for name, kept in zip(names, kept_G, strict=True) for _ in kept),
        value_G=tuple(
            c.values[g] for c, kept in zip(codings, kept_G, strict=True) for g in kept.tolist()
        ),
        membership_GN=sp.csr_array(sp.vstack([nothing, *blocks], format="csr")),
        count_G=np.concatenate(
            [np.zeros(0, np.int64), *(n[k] for n, k in zip(counts, kept_G, strict=True))]
        ),
        empty={
            x: int((n == 0).sum())
            for x, c, n in zip(names, codings, counts, strict=True)
            if not c.crossed
        },
        too_small={
            x: _too_small(c, n, min_count)
            for x, c, n in zip(names, codings, counts, strict=True)
            if c.crossed
        },
        ordered=tuple(x for x, c in zip(names, codings, strict=True) if c.ordered),
    )


def _refuse_the_whole(records: Records, names: Sequence[str]) -> None:
    if ALL in names:
        there = ALL in records.slice_columns
        way_on = f"rename the column {ALL!r} in your files" if there else "leave it out"
        raise UserError(
            f"--by {ALL}: {ALL!r} stands for the whole, which every audit measures, and names no "
            f"slice; {way_on}"
        )


def _too_small(coding: Coding, count_G: NDArray[np.int64], min_count: int) -> TooSmall:
    few_G = np.where(count_G < min_count, count_G, 0)
    largest = int(few_G.argmax())
    return TooSmall(int((few_G > 0).sum()), coding.values[largest], int(few_G[largest]))


def _kept(coding: Coding, least: int) -> NDArray[np.intp]:
    return np.flatnonzero(coding.counts() >= max(least, 1))


def _membership(coding: Coding, kept_G: NDArray[np.intp]) -> sp.csr_array[Any, tuple[int, int]]:
    """One row per kept value, 1 where the example has it."""
    row_of_value = np.full(len(coding.values), -1)
    row_of_value[kept_G] = np.arange(kept_G.size)
    row_N = row_of_value[coding.code_N]
    example = np.flatnonzero(row_N >= 0)
    ones = np.ones(example.size, dtype=np.float32)
    return sp.csr_array((ones, (row_N[example], example)), shape=(kept_G.size, coding.code_N.size))


def _coding(records: Records, name: str, among: Sequence[str]) -> Coding:
    """The coding of one name: exactly a column where there is one, else a crossing of columns."""
    if CROSS in name and name not in records.slice_columns:
        parts = [_single(records, part.strip(), among) for part in name.split(CROSS)]
        return reduce(_cross, parts)
    return _single(records, name, among)


def _single(records: Records, name: str, among: Sequence[str]) -> Coding:
    if _is_class(records, name) and (records.label_N >= 0).any():
        known = records.answer_classes
        missing = (records.label_N < 0).any()
        values = (*known, MISSING_VALUE) if missing else known
        return Coding(values, np.where(records.label_N < 0, len(known), records.label_N))
    if name not in records.slice_columns and name in DERIVED and _has_words(records):
        return code_column(derived_slice(records, name))
    if name not in records.slice_columns:
        raise UserError(unknown(records, name, among))
    return code_column(records.examples[name])


def absent_part(records: Records, name: str) -> str | None:
    """The part of a name, or all of it, that ``slice_table`` does not find."""
    parts = [name] if name in records.slice_columns else name.split(CROSS)
    return next((part.strip() for part in parts if not _is_known(records, part.strip())), None)


def _is_known(records: Records, name: str) -> bool:
    by_class = _is_class(records, name) and (records.label_N >= 0).any()
    derived = name in DERIVED and _has_words(records)
    return bool(name in records.slice_columns or by_class or derived)


def _is_class(records: Records, name: str) -> bool:
    return name == CLASS or (name == LABEL and LABEL not in records.slice_columns)


def _has_words(records: Records) -> bool:
    return records.answers is not None or records.texts is not None


def unknown(records: Records, name: str, among: Sequence[str], hidden: Collection[str] = ()) -> str:
    """What to say of a slice that does not exist. ``hidden`` are columns that would be refused."""
    labelled = (CLASS,) if (records.label_N >= 0).any() else ()
    derived = DERIVED if _has_words(records) else ()
    columns = (c for c in records.slice_columns if c != ALL and c not in hidden)
    known = tuple(dict.fromkeys((*labelled, *columns, *derived)))
    why = "no example has a label; " if _is_class(records, name) else ""
    if name in {each.card.name for each in all_instruments()}:
        why = "a population that takes no part tells it, after --columns-from; "
    told = unknown_slice(name, known, among)
    return f"population '{records.name}' has no slice '{name}': {why}{told}"


def _cross(left: Coding, right: Coding) -> Coding:
    """Every pair of values, the left one slowest."""
    width = len(right.values)
    values = tuple(f"{a}{CROSS}{b}" for a in left.values for b in right.values)
    return Coding(values, left.code_N.astype(np.int64) * width + right.code_N, crossed=True)
