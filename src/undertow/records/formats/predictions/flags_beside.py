"""Suggests flags for a stranger's table of predictions, also where its right answers are in a file
of their own: of both files at once, so that nobody has to ask twice."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from undertow.errors import TableError
from undertow.records.formats.columns.between import ONE_FILE, Between
from undertow.records.formats.columns.by_row import way_by_row
from undertow.records.formats.columns.choices import choices
from undertow.records.formats.columns.flags import flags_meant
from undertow.records.formats.columns.labels_meant import may_be_labels, said_of_those
from undertow.records.formats.columns.meant import APART, UNKNOWN, columns_meant, key_meant
from undertow.records.formats.columns.several_answers.ranked import are_ranked, said_of_ranked
from undertow.records.formats.columns.sides import scores_meant, sides_meant
from undertow.records.formats.columns.values import is_nested, values_of
from undertow.records.formats.decoding.tables import parse
from undertow.records.reading import Reading
from undertow.records.usual_names import ID, LABEL, flag_of, those_called


def flags_said(
    frame: pl.DataFrame,
    right: Path | pl.DataFrame | None = None,
    sides: Between = ONE_FILE,
    *,
    path: Path | None = None,
) -> str:
    """The flags with which the predictions can be read; ``right`` is the table of right answers.
    Without one it is named as the other way where no column can be those. Ends in what may stand
    for a column that nothing tells."""
    flags = _flags(frame, right, sides)
    several = bool(columns_meant(frame, sides).pairs)
    unknown = right is None and flags.endswith(flag_of("label", UNKNOWN))
    apart = APART if unknown and not several else ""
    told = _labels(frame, flags, sides) if apart else ""
    others = f"{_of_one_file(path, frame, sides)}{_ranked(frame, sides)}{_no_id(frame, sides)}"
    return f"{flags}{apart}{told}{choices(frame, flags, sides)}{others}{way_by_row(flags)}"


def _of_one_file(path: Path | None, frame: pl.DataFrame, sides: Between) -> str:
    """How scores of several models in one file are compared, where columns may be those."""
    meant = columns_meant(frame, sides)
    several = bool(meant.grades) and {*scores_meant(frame)} == {*meant.grades}
    if path is None or not path.is_file() or not several:
        return ""
    typed = sides_meant(path, frame, Reading())
    if typed is None or UNKNOWN in typed:
        return ""
    return (
        "; if each is of a model of its own, which one file holds beside the others, give a model "
        f"on each side: {typed}"
    )


def _ranked(frame: pl.DataFrame, sides: Between) -> str:
    """Why columns of one name with numbers are no members."""
    named = columns_meant(frame, sides).predictions
    return f"; {said_of_ranked(named)}" if are_ranked(frame, named) else ""


def _no_id(frame: pl.DataFrame, sides: Between) -> str:
    """Which column would be taken for the ids but for its values, which the files do not share."""
    name = key_meant(frame)
    if name not in sides.names.apart or name == "example_id":
        return ""
    return f"; {name!r} names no examples, as the files share few of its values or none"


def _labels(frame: pl.DataFrame, flags: str, sides: Between) -> str:
    """What may be the right answers beside a score, where nothing says which column is."""
    if flag_of("prediction", UNKNOWN) in flags:
        return ""
    meant = columns_meant(frame, sides)
    return said_of_those(may_be_labels(frame, {str(meant.id), str(meant.member)}, sides))


def _flags(frame: pl.DataFrame, right: Path | pl.DataFrame | None, sides: Between) -> str:
    flags, unknown = flags_meant(frame, sides), flag_of("label", UNKNOWN)
    if right is None:
        return flags
    key, answers = key_meant(frame), _table(right)
    flags = flags.removesuffix(unknown).rstrip()
    if answers is None or key is None:
        return flags or flag_of("id", UNKNOWN)
    theirs, label = _pair(frame[key], answers)
    if theirs is not None and theirs != key and not those_called(ID, [theirs]):
        flags = flags.replace(flag_of("id", key), flag_of("id", key, theirs))
    wanted = [] if "--label" in flags.split() or label in (None, "label") else [label]
    return " ".join([flags, *(flag_of("label", str(name)) for name in wanted)])


def _table(right: Path | pl.DataFrame) -> pl.DataFrame | None:
    """``None`` where it has no columns to name, or cannot be read, which is said in its turn."""
    if isinstance(right, pl.DataFrame):
        return right
    try:
        frame = parse(right)
    except TableError:  # NumPy's arrays are no tables either.
        return None
    return None if frame.width == 1 else frame


def _pair(ids: pl.Series, answers: pl.DataFrame) -> tuple[str | None, str | None]:
    """The columns of ids and right answers: ids are those that the predictions have, and of two
    columns the other one holds the right answers."""
    said = values_of(ids)
    able = [c.name for c in answers if not is_nested(c) and not said.isdisjoint(values_of(c))]
    key = next(iter([*(n for n in able if n == ids.name), *those_called(ID, able), *able]), None)
    rest = [name for name in answers.columns if name != key]
    usual = those_called(LABEL, rest)
    label = usual[0] if usual else rest[0] if len(rest) == 1 and key is not None else UNKNOWN
    return key, label
