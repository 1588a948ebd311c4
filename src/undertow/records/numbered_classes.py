"""Refuses a side whose classes are numbers beside one whose classes are names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from undertow.errors import NotComparableError
from undertow.records.class_list import WHOLE, as_written
from undertow.records.formats.arrays.order_apart import orders_in, with_clue
from undertow.records.formats.arrays.unnamed import (
    NAMES,
    names_saved,
    shown,
    to_write,
    unnamed_among,
)
from undertow.records.formats.columns.commands.class_naming import renamed
from undertow.records.formats.columns.values import values_of
from undertow.records.formats.decoding.tables import kind_of, parse
from undertow.records.order_by_answers import names_by_answers
from undertow.records.order_told import CLASSES as TO_WRITE
from undertow.records.order_told import (
    LONGEST_TYPED,
    NOTHING,
    Names,
    are_places,
    names_among,
    typed,
)
from undertow.records.reading import Reading, alternatives
from undertow.records.records import MISSING, Records
from undertow.records.usual_names import ANSWER, LABEL, PREDICTION, flag_of, those_called

USUAL = ("label", "prediction")


def refuse_numbered_classes(
    sides: Sequence[Records],
    files: Sequence[Sequence[Path]],
    reading: Reading,
    arrays: Sequence[bool],
) -> None:
    """Raises ``NotComparableError`` where the classes of one side are numbers and those of another
    names. ``files`` are those of each side, or what its frames are called; ``arrays`` says of each
    side whether it is arrays in memory."""
    classed = [side.answers is None and side.score_MN is None for side in sides]
    kinds = [
        fits and set(map(_is_number, s.classes)) for fits, s in zip(classed, sides, strict=True)
    ]
    other = next((side for side, kind in zip(sides, kinds, strict=True) if kind == {False}), None)
    numbered = [k for k, kind in enumerate(kinds) if kind == {True}]
    if not numbered or other is None:
        return
    some = shown(other.classes)
    bare = [k for k in numbered if unnamed_among(files[k])]
    at = (bare or numbered)[0]
    side = sides[at]
    numbers, names = f"{side.classes[0]} to {side.classes[-1]}", _names(side, other)
    first_named = files[next(k for k, one in enumerate(sides) if one is other)][0]
    if not names.told:
        _refuse_unread_labels((side, files[at][0]), (other, first_named))
    if bare:
        if names.told:
            bare = [k for k in bare if _alike(_names(sides[k], other), names)]
        names = with_clue(names, orders_in((p for one in files for p in one), NAMES))
        paths = [path for k in bare for path in unnamed_among(files[k])]
        raise NotComparableError(
            f"{side.name!r} has classes {numbers}, as {paths[0]} holds no array classes, and "
            f"{other.name!r} has names ({some}); {names_saved(paths, names)}"
        )
    first, *others = files[numbered[0]]
    made = _classes if arrays[numbered[0]] else _renamed
    command = made(first, side, names, reading)
    if command is None:
        return
    known = f"{names.told}, so" if names.told else f"{to_write(names, shown(side.classes))},"
    more = f"; so with {', '.join(map(str, others))}" if others and made is _renamed else ""
    raise NotComparableError(
        f"{first}: its classes are {numbers}, and {other.name!r} has names ({some}); "
        f"{known} {command}{more}{names.unless}"
    )


def _alike(names: Names, others: Names) -> bool:
    return bool(names.told) and [*names.ordered] == [*others.ordered]


def _refuse_unread_labels(numbered: tuple[Records, Path], named: tuple[Records, Path]) -> None:
    """Raises ``NotComparableError`` where labels would tell the order, and a column that can be
    those was not asked for: nobody has to guess then."""
    meant = [(side, path, _unread_label(side)) for side, path in (numbered, named)]
    unread = [(path, name) for _, path, name in meant if name is not None]
    if not unread or any(name is None and not _has_labels(side) for side, _, name in meant):
        return
    numbers = numbered[0].classes
    columns = " and ".join(f"{name!r} of {path}" for path, name in unread)
    wanted = flag_of("label", *dict.fromkeys(name for _, name in unread))
    raise NotComparableError(
        f"{numbered[1]}: its classes are {numbers[0]} to {numbers[-1]}, and {named[0].name!r} has "
        f"names ({shown(named[0].classes)}); {columns} can be the right answers, which tell which "
        f"is which: add {wanted} first"
    )


def _has_labels(side: Records) -> bool:
    return bool((side.label_N >= 0).any())


def _unread_label(side: Records) -> str | None:
    """A column that holds nothing but several of the classes, where no label was read; of numbers,
    which may count anything, one that is called as right answers are."""
    if _has_labels(side):
        return None
    called = those_called(LABEL, side.slice_columns)
    answers = {*those_called((*PREDICTION, *ANSWER), side.slice_columns)}
    others = [name for name in side.slice_columns if name not in answers]
    named = [] if all(map(_is_number, side.classes)) else others
    return next((c for c in [*called, *named] if _holds_classes(side, c)), None)


def _holds_classes(side: Records, name: str) -> bool:
    said = values_of(side.examples[name])
    return len(said) > 1 and said <= {*side.classes}


def _classes(path: Path, side: Records, names: Names, reading: Reading) -> str | None:
    """The same of arrays in memory."""
    if len(names.ordered) != side.C or names.apart:
        return None
    return (
        f"name them: classes={list(names.ordered)!r}"
        if names.told
        else f"and give classes={TO_WRITE}"
    )


def _renamed(path: Path, side: Records, names: Names, reading: Reading) -> str | None:
    """What to type to write names for the numbers in a table; ``None`` where that is no cure."""
    if side.manifest.classes_from != "observed" or names.apart or len(names.ordered) != side.C:
        return None
    is_file = path.is_file()
    if is_file and kind_of(path, reading.keys) is None:
        return None
    asked = dict.fromkeys([*alternatives(reading.label), *reading.prediction, *USUAL])
    table = parse(path, reading.keys) if is_file else pl.DataFrame(schema=USUAL)
    columns = [name for name in asked if name in table.columns]
    place = as_written({name: str(c) for c, name in enumerate(side.classes)}, table, columns)
    to = {cell: names.ordered[int(c)] for cell, c in place.items()} if names.told else None
    command = renamed(
        path,
        columns,
        to or {cell: int(c) for cell, c in place.items()},
        reading.keys,
        told=names.by_answers,
    )
    if not columns or len(command) > LONGEST_TYPED:
        return None
    given = "what this writes" if is_file else "this in its place"
    return f"{'write the names, and' if names.told else 'and'} give {given}: {command}"


def _is_number(name: str) -> bool:
    return WHOLE.fullmatch(name) is not None


def _names(side: Records, other: Records) -> Names:
    """Those of the other side; answers that are whole numbers need not show every class."""
    seen = side.manifest.classes_from == "observed"
    count = max(side.C, other.C) if seen else side.C
    by_row = are_places(side.example_id_N) or are_places(other.example_id_N)
    names = names_among(*_labels(side, other), count, by_row=by_row)
    if names.told or names.apart:
        return names
    by_answers = _by_answers(side, other, count, by_row=by_row)
    if by_answers is not None or names.hint != NOTHING:
        return by_answers or names
    if tuple(sorted(other.classes)) == other.classes:
        return names._replace(ordered=other.classes)
    hint = f"{NOTHING}, though {other.name!r} has {typed(other.classes)}"
    return names._replace(ordered=other.classes, hint=hint)


def _by_answers(side: Records, other: Records, count: int, *, by_row: bool) -> Names | None:
    """As the numbers that a side answers go with the labels of the other, of the same examples."""
    rows = pl.DataFrame({"id": side.example_id_N, "row": pl.int_range(side.N, eager=True)})
    both = rows.join(_labelled(other), on="id").sort("row")
    label = both["label"].replace_strict(dict(enumerate(other.classes)), return_dtype=pl.String)
    answers_MN = side.pred_MN[:, both["row"].to_numpy()]
    # Classes that are not numbered from 0 in one go are told by nobody.
    if side.classes != tuple(map(str, range(side.C))):
        return None
    return names_by_answers(label, answers_MN, count, by_row=by_row)


def _labels(side: Records, other: Records) -> tuple[pl.Series, pl.Series]:
    """Of the examples in both the label by name, and by number."""
    both = _labelled(side).join(_labelled(other), on="id", suffix="_other")
    names = dict(enumerate(other.classes))
    return (
        both["label_other"].replace_strict(names, return_dtype=pl.String),
        both["label"],
    )


def _labelled(side: Records) -> pl.DataFrame:
    frame = pl.DataFrame({"id": side.example_id_N, "label": side.label_N})
    return frame.filter(pl.col("label") != MISSING)
