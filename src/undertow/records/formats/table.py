"""Plain tables of predictions: CSV, Parquet or JSON lines.

example_id, prediction     required (without prediction, the likeliest of p_<class>)
label                      the true class
member                     several members in one file; without it a file is one member
score                      two classes: probability of the positive one
p_<class>                  probability of that class; prob_<class> and the like, if rows sum to 1
confidence                 probability of the prediction, where nothing else tells it
input, content_hash        text to show, or a picture or a file of one; a fingerprint of the input
anything else              a slice

Columns of other names are named by ``--id``, ``--prediction``, ``--label``, ``--score`` and
``--member``. Several columns of predictions are several members. What follows ``::`` in the path is
one column of predictions, or one of the members: ``both.csv::int8``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from undertow.errors import TableError
from undertow.records.formats.columns.by_row import BY_ROW_ALONE
from undertow.records.formats.columns.labels_meant import label_meant, label_note
from undertow.records.formats.columns.sides import sides_meant
from undertow.records.formats.columns.unread import unread_pairs
from undertow.records.formats.decoding.tables import kind_of, parse
from undertow.records.formats.members.join import Sheet
from undertow.records.formats.members.names import population_name
from undertow.records.formats.predictions.build import from_sheets
from undertow.records.formats.predictions.confidences import with_confidences
from undertow.records.formats.predictions.labels import with_labels
from undertow.records.formats.predictions.no_classes import refuse_no_classes
from undertow.records.formats.predictions.sheets import Table, sheets_of, tables_in, tables_of
from undertow.records.reading import Reading
from undertow.records.records import Records
from undertow.records.usual_names import flag_of

NAME = "table"
ABOUT = "CSV, Parquet or JSON lines with the columns example_id and prediction"
USES = ("labels", "columns")
PARTS = True
"""Members of one side may be parts of one file: ``wide.csv::a wide.csv::b``."""


def sniff(path: Path) -> str | None:
    """What makes ``path`` a plain table, ``None`` where nothing does."""
    return sniff_asked(path, Reading())


def sniff_asked(path: Path, reading: Reading) -> str | None:
    """The same, of the columns that ``reading`` names."""
    if path.is_dir():
        return None
    found = kind_of(path, reading.keys)
    return None if found is None else f"{found[0]} ({found[1]})"


def read(paths: Sequence[Path], reading: Reading) -> Records:
    """See ``read_tables``; a table of right answers goes before the labels that the predictions
    bring."""
    named = reading.named(reading.pick).named(population_name(paths))
    _refuse_answers(str(paths[0]), reading)
    return _read(tables_in(paths, reading), named)


def read_frames(
    tables: Iterable[tuple[Path, str, pl.DataFrame]],
    reading: Reading,
    labels: pl.DataFrame | None = None,
    *,
    numbered: bool = False,
) -> Records:
    """The same of frames, each after what it is called in messages and the name of its member.

    ``labels`` is a table of right answers in memory. ``numbered``: the ids are the numbers of rows.
    """
    given = list(tables)
    _refuse_answers(str(given[0][0]), reading)
    made = tables_of(given, reading, labelled=labels is not None)
    return _read(made, reading, labels, numbered=numbered)


def _read(
    tables: Sequence[Table],
    reading: Reading,
    labels: pl.DataFrame | None = None,
    *,
    numbered: bool = False,
) -> Records:
    right = reading.labels if labels is None else labels
    sheets, notes = sheets_of(tables, right=right)
    numbered = numbered or any(BY_ROW_ALONE in note for note in notes)
    sheets = [replace(sheet, numbered=numbered) for sheet in sheets]
    sheets = with_labels(sheets, reading, notes, labels)
    refuse_no_classes(sheets, reading.keys, apart=labels is not None or reading.labels is not None)
    notes += [*_about_labels(sheets), *_about_pairs(sheets)]
    sheets, confident = with_confidences(sheets, reading.wanted, notes)
    return from_sheets(sheets, reading, notes, confident=confident)


def _refuse_answers(path: str, reading: Reading) -> None:
    """What a model wrote is compared beside its grades; here it would be a slice."""
    if reading.answer is not None:
        raise TableError(
            f"{flag_of('answer', reading.answer)}: {path} has no score that says how good each "
            f"answer is; give its column with --score, or compare classes with "
            f"{flag_of('prediction', reading.answer)}"
        )


def read_tables(
    paths: Sequence[Path],
    name: str | None = None,
    *,
    allow_partial: bool = False,
    inputs: bool = True,
) -> Records:
    """One population from tables: several files are several members, joined by ``example_id``,
    sorted by it.

    Classes are those of the ``p_<class>`` columns in their order, else all labels and predictions
    seen (numeric order where all are whole numbers, else text order). With ``allow_partial``,
    examples that do not fit are left out, and slices on which files disagree; ``manifest.notes``
    counts both. Raises ``TableError``, one line, for anything else.
    """
    return read(paths, Reading(name, allow_partial, inputs))


def sides_in(path: Path, reading: Reading) -> str | None:
    """The arguments that set two models of one table against each other; ``None`` without two."""
    try:
        found = kind_of(path, reading.keys)
        return None if found is None else sides_meant(path, parse(path, reading.keys), reading)
    except TableError:
        return None


def _about_pairs(sheets: list[Sheet]) -> tuple[str, ...]:
    """A note where there are other predictions with right answers of their own, of the first file
    that has any."""
    notes = (unread_pairs(sheet.source, sheet.frame, sheet.names) for sheet in sheets)
    return next(filter(None, notes), ())


def _about_labels(sheets: list[Sheet]) -> list[str]:
    """A note where right answers go by a name that nobody gave."""
    for sheet in sheets:
        name = label_meant(sheet.frame)
        if name is not None:
            return [label_note(sheet.source, name)]
    return []
