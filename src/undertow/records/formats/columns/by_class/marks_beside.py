"""Refuses right answers that are marks, one column of 0 and 1 for each class, beside columns of
numbers that are called after the same classes: where each row has one right class, with the command
that writes one column of each, else with the pairs of which a person takes one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, NoReturn

import polars as pl

from undertow.errors import TableError
from undertow.records.formats.columns.by_class.largest import are_marks, numbers_or_truth
from undertow.records.formats.columns.by_class.spread import InOneColumn
from undertow.records.formats.columns.commands.answer_made import by_largest_both
from undertow.records.formats.columns.flags import flags_meant, who
from undertow.records.formats.columns.meant import columns_meant
from undertow.records.formats.columns.values import has_decimals, within_one
from undertow.records.usual_names import flag_of, plain

MULTI = frozenset({"multilabel", "multi"})
"""Words in a name that say that a row may have several right classes."""
MOST_SHOWN = 4
Numbers = Mapping[str, pl.Series]


class Beside(NamedTuple):
    """Columns of each class, in one order: of the answers, and of what is right."""

    classes: list[str]
    said: list[str]
    right: list[str]


def refuse_marks_beside(path: Path, frame: pl.DataFrame, keys: Sequence[str], said: str) -> None:
    """Raises ``TableError`` that begins as ``said``, where nothing else holds labels."""
    found = _marks_beside(frame)
    if found is None or {"prediction", "label"} & {*frame.columns}:
        return
    numbers = [number for c in found.right if (number := numbers_or_truth(frame[c])) is not None]
    words = {word for c in found.said for word in plain(c).split("_")}
    if words & MULTI or not are_marks(numbers):
        _refuse_pairs(frame, found, numbers, said)
    typed = json.dumps(found.classes, ensure_ascii=False)
    one = pl.lit("")
    rest = frame.drop([*found.said, *found.right])
    flags = flags_meant(rest.with_columns(one.alias("prediction"), one.alias("label")))
    then = f", and name its columns with {flags}" if flags else ""
    key = columns_meant(frame).id or found.said[0]
    raise InOneColumn.of(
        f"{said}; {and_alike(found.right)} look like marks of the right answer, a 1 among zeros, "
        f"and {and_alike(found.said)} say how likely each is: write them as columns 'label' and "
        f"'prediction', the likeliest{then}",
        by_largest_both(path, found.said, found.right, frame, typed, keys),
        typed,
        cells=frame.select([*dict.fromkeys([key, *found.said])]).sort(key),
        if_same=f"{said}; {and_alike(found.said)} are the same in all files, so they are no "
        "answers of a model; name the column of those with --prediction COLUMN",
    )


def _refuse_pairs(
    frame: pl.DataFrame, found: Beside, numbers: Sequence[pl.Series], said: str
) -> NoReturn:
    total = pl.DataFrame([n.alias(str(k)) for k, n in enumerate(numbers)]).sum_horizontal()
    other = int((total != 1).sum())
    rows = f"{other:,} of {frame.height:,} rows have none or several" if other else "as named"
    ids = " ".join(who(columns_meant(frame)))
    ids = f" with {ids}, and" if ids else ""
    pairs = [
        f"{flag_of('score', score)} {flag_of('label', right)}"
        for score, right in zip(found.said, found.right, strict=True)
    ]
    more = " …" if len(pairs) > MOST_SHOWN else ""
    raise TableError(
        f"{said}; {and_alike(found.right)} mark right answers of which a row may have several "
        f"({rows}), so each class is a question of its own, and a comparison is of one; only you "
        f"know which: name its columns{ids} with {', or '.join(pairs[:MOST_SHOWN])}{more}"
    )


def _marks_beside(frame: pl.DataFrame) -> Beside | None:
    """The most classes that have a column of marks and one of decimals from 0 to 1 each; ``None``
    where there are two sets of as many."""
    able = {c.name: n for c in frame if (n := numbers_or_truth(c)) is not None}
    marks = [c for c, n in able.items() if n.drop_nulls().is_in([0.0, 1.0]).all()]
    likely = [c for c, n in able.items() if c not in marks and has_decimals(n) and within_one(n)]
    found = [*_pairings(likely, marks)]
    most = max((len(each.classes) for each in found), default=0)
    best = [each for each in found if len(each.classes) == most]
    return best[0] if len(best) == 1 else None


def _pairings(likely: Sequence[str], marks: Sequence[str]) -> Iterator[Beside]:
    for (before, after), said in _alike(likely).items():
        classes = [c[len(before) : len(c) - len(after)] for c in said]
        for mark in marks:
            begin, called, end = mark.partition(classes[0])
            right = [f"{begin}{name}{end}" for name in classes]
            if called and {*right} <= {*marks}:
                yield Beside(classes, said, right)


def _alike(columns: Sequence[str]) -> dict[tuple[str, str], list[str]]:
    """Two and more columns by the words that stand before the class, or after it."""
    kinds: dict[tuple[str, str], list[str]] = {}
    for name in columns:
        for cut in re.finditer(r"[_\-. ]", name):
            kinds.setdefault((name[: cut.end()], ""), []).append(name)
            kinds.setdefault(("", name[cut.start() :]), []).append(name)
    return {affix: names for affix, names in kinds.items() if len(names) > 1}


def and_alike(columns: Sequence[str]) -> str:
    more = " and the like" if len(columns) > 2 else ""
    return f"{', '.join(map(repr, columns[:2]))}{more}"
