"""Find out what a path holds and read it: each format is one file with ``NAME``, ``ABOUT``,
``sniff`` and ``read``.

Formats of others join in through the entry point group ``undertow.formats``: a module or object
with the same four.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, NamedTuple, Protocol, cast

from undertow.errors import UserError
from undertow.records.checkpoints import checkpoint_among, instead_of
from undertow.records.conditions import AS_SCORE
from undertow.records.formats.arrays.label_choice import TAKEN
from undertow.records.formats.asked.clusters import with_clusters
from undertow.records.formats.asked.grades import refuse_other_scale
from undertow.records.formats.asked.options import OPTIONS, OTHER_FILTERS, refuse_unused
from undertow.records.formats.asked.pictures import NONE_SHOWN, with_pictures
from undertow.records.formats.asked.positive import with_positive
from undertow.records.formats.asked.tasks import only_tasks
from undertow.records.formats.asked.threshold import refuse_other_threshold
from undertow.records.formats.columns.by_class.class_columns import READ_AS
from undertow.records.formats.columns.by_row import BY_ROW_ALONE
from undertow.records.formats.columns.either_name import TAKES
from undertow.records.formats.columns.labels_meant import LOOKS
from undertow.records.formats.columns.stated_scale import STATED
from undertow.records.formats.columns.unread import UNREAD
from undertow.records.formats.columns.written import WROTE
from undertow.records.formats.decoding.npz import refuse_damaged_zip
from undertow.records.formats.decoding.tables import refuse_columns
from undertow.records.formats.predictions.classes import GUESSED
from undertow.records.formats.predictions.confidences import NOT_READ
from undertow.records.formats.predictions.label_rows import BY_NUMBER, BY_ROW
from undertow.records.formats.predictions.threshold import AS_PROBABILITY
from undertow.records.grade_scale import ON_SCALE
from undertow.records.near import near
from undertow.records.opened import note_opened, opened_files
from undertow.records.opening import what_is_there
from undertow.records.read_as_grade import AS_GRADE, SAYS
from undertow.records.reading import Reading
from undertow.records.records import Records
from undertow.records.rows_averaged import SEVERAL_ROWS
from undertow.records.spreadsheets import saved_as_table, spreadsheet_among

PICK = "::"
"""``export/samples.json::resnet_int8``: what follows chooses among the models that one file
holds."""
GROUP = "undertow.formats"
SAID_AT_ONCE = (
    LOOKS, SAYS, WROTE, READ_AS, AS_PROBABILITY, AS_SCORE, AS_GRADE, ON_SCALE, STATED,
    NOT_READ, TAKES, BY_ROW_ALONE, OTHER_FILTERS,
    NONE_SHOWN, GUESSED, SEVERAL_ROWS, BY_ROW, BY_NUMBER, TAKEN, UNREAD,
)  # fmt: skip
"""Words of notes that stand in the line on what was found: how it was understood. Of each
kind the first is said."""


class Format(Protocol):
    """``sniff`` says what makes a path (file or folder) this format, ``None`` where nothing does,
    and never raises for strange content. ``read`` makes one population of several paths, each one
    member or more, and raises ``UserError``. One may have ``USES``, the options of ``OPTIONS`` that
    it heeds: any other is then refused. One that reads several parts of a file for one side has
    ``PARTS``.
    """

    NAME: str
    ABOUT: str

    def sniff(self, path: Path) -> str | None: ...

    def read(self, paths: Sequence[Path], reading: Reading) -> Records: ...


OURS = (
    "population", "lm_eval", "inspect_ai", "nemo", "helm", "lighteval", "fiftyone", "timm",
    "arrays", "pie", "huggingface", "graded", "table",
)  # fmt: skip
"""Asked in this order, so the more particular formats come first and the plain table last."""


@cache
def known_formats() -> tuple[Format, ...]:
    """Ours and those that installed packages bring, which are asked before the plain table."""
    ours = [cast("Format", import_module(f"undertow.records.formats.{name}")) for name in OURS]
    brought = [cast("Format", _loaded(point)) for point in entry_points(group=GROUP)]
    return (*ours[:-1], *brought, ours[-1])


def read_any(
    paths: Sequence[Path],
    reading: Reading | None = None,
    *,
    format: str | None = None,
    **wanted: Any,
) -> tuple[Records, str]:
    """One side of a comparison, and a line on what was found and why it was taken for that.

    ``paths`` are one population folder, evaluation logs, or files of one format (a folder stands
    for the files in it). ``wanted`` are fields of ``Reading``, for callers that have none.
    ``format`` overrides detection. Raises ``UserError`` for anything else.
    """
    reading = reading or Reading(**wanted)
    if not paths:
        raise UserError(
            "there is nothing to read: give a population folder or files of predictions"
        )
    found = [hit for path in paths for hit in _found(Path(path), format, reading)]
    formats = {hit.format.NAME: hit.format for hit in found}
    if len(formats) > 1:
        kinds = ", ".join(f"{hit.path} ({hit.format.NAME})" for hit in _first_of_each(found))
        raise UserError(
            f"{kinds}: have different formats, but all files of one side must have the same; "
            "convert one of them with undertow convert"
        )
    (chosen,) = formats.values()
    reading = _with_picks(reading, found, chosen)
    if os.path.isdir(paths[0]) and chosen.NAME != "population":
        # Called after the folder, which is what a person typed.
        reading = reading.named(Path(paths[0]).resolve().name.encode("utf-8", "replace").decode())
    reading = replace(reading, format=format)
    refuse_unused(chosen.NAME, heeded(chosen), reading)
    records = as_wanted(chosen.read([hit.path for hit in found], reading), chosen, reading)
    first = found[0].path
    place = first if first.is_dir() else first.parent
    records = with_pictures(records, reading, str(first), place)
    return records, _said(found, records)


def as_wanted(records: Records, format: Format, reading: Reading) -> Records:
    """With the tasks, clusters and positive class that were asked for, which most formats leave to
    this place. Raises ``UserError`` where the threshold or the scale that was asked for decided
    nothing."""
    if "tasks" not in heeded(format):
        records = only_tasks(records, reading)
    records = with_positive(with_clusters(records, reading.cluster), reading.positive)
    refuse_other_threshold(records, reading.threshold)
    refuse_other_scale(records, reading.scale)
    return records


def _with_picks(reading: Reading, found: list[_Hit], chosen: Format) -> Reading:
    """What stands after ``::``: the same for all files, or of each its own."""
    picks = tuple(hit.pick for hit in found)
    if len(set(picks)) == 1:
        return replace(reading, pick=picks[0] or reading.pick)
    if not getattr(chosen, "PARTS", False):
        raise UserError(
            f"{_typed(found[0])} and {_typed(found[1])}: files of the format {chosen.NAME} are read"
            f" with one {PICK}part a side; write the same part after each, or make each a variant "
            "of its own with --against"
        )
    return replace(reading, pick=None, picks=picks)


def _typed(hit: _Hit) -> str:
    """The path as it was given."""
    return str(hit.path) if hit.pick is None else f"{hit.path}{PICK}{hit.pick}"


def heeded(format: Format) -> tuple[str, ...]:
    """The options that a format makes use of; of one that does not say, all."""
    return tuple(getattr(format, "USES", OPTIONS))


class _Hit(NamedTuple):
    path: Path
    pick: str | None
    format: Format
    reason: str


def _said(found: list[_Hit], records: Records) -> str:
    reasons = ", ".join(dict.fromkeys(hit.reason for hit in found))
    more = f" and {len(found) - 1} more" if len(found) > 1 else ""
    return f"{_typed(found[0])}{more}: {reasons}: {what_was_read(records)}"


def what_was_read(records: Records) -> str:
    """Members, examples and classes in words, and what a person may want to add."""
    members = "1 member" if records.M == 1 else f"{records.M} members"
    what = (
        f"outcome {records.manifest.metric or 'score'}"
        if records.answers is not None
        else ("1 class" if records.C == 1 else f"{records.C} classes")
    )
    return "; ".join([f"{members}, {records.N:,} examples, {what}", *_hints(records)])


def _hints(records: Records) -> list[str]:
    """The notes to be said at once; the last may end in a full stop."""
    first: dict[str, str] = {}
    for note in records.manifest.notes:
        for words in SAID_AT_ONCE:
            if words in note:
                first.setdefault(words, note)
    said = list(dict.fromkeys(first.values()))
    return [*(note.removesuffix(".") for note in said[:-1]), *said[-1:]]


def _found(path: Path, format: str | None, reading: Reading) -> list[_Hit]:
    """The path with its format; for a folder that is none itself, every file in it that has one."""
    pick = None
    if not _exists(path) and PICK in str(path):
        head, _, pick = str(path).rpartition(PICK)
        path = Path(head)
    strange = what_is_there(path)
    if strange is not None:
        raise UserError(
            f"{path}: is {strange}, not a file; write what it holds to a file and give that"
        )
    if not _exists(path):
        raise UserError(f"{path}: there is no such file or folder; {near(path)}")
    if format is not None:
        return [_Hit(path, pick, _called(format), f"read as {format}, as asked")]
    reading = replace(reading, pick=pick or reading.pick)
    hit = _asked(path, reading)
    if hit is not None:
        return [hit]
    if not path.is_dir():
        _refuse_others([path])
        refuse_columns(path)
        refuse_damaged_zip(path)
        raise UserError(f"{path}: is of no known format ({_known()}); see undertow list formats")
    files = [p for p in sorted(path.iterdir()) if p.is_file() and not p.name.startswith(".")]
    hits = [hit for p in files if (hit := _asked(p, reading)) is not None]
    if not hits:
        _refuse_others(files)
        raise UserError(
            f"{path}: holds no file of a known format ({_known()}); see undertow list formats"
        )
    return hits


def _refuse_others(files: Sequence[Path]) -> None:
    """Where nothing can be read, a model or a spreadsheet may be why."""
    model, sheet = checkpoint_among(files), spreadsheet_among(files)
    if model is not None:
        raise UserError(instead_of(model))
    if sheet is not None:
        raise UserError(saved_as_table(sheet))


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # A name that is too long, or a folder that may not be entered.
        return False


def _asked(path: Path, reading: Reading) -> _Hit | None:
    for format in _in_turn(reading):
        with opened_files() as looked_at:
            reason = _reason(format, path, reading)
        if reason is not None:
            if not _is_ours(format):
                note_opened(looked_at)  # It may keep what it saw; ours read the file again.
            return _Hit(path, reading.pick, format, reason)
    return None


def _is_ours(format: Format) -> bool:
    return getattr(format, "__name__", "").rpartition(".")[0] == __package__


def _in_turn(reading: Reading) -> list[Format]:
    """All formats; those of plain tables first where a person names columns, as only they have
    columns to be named."""
    formats = list(known_formats())
    return (
        sorted(formats, key=lambda f: not hasattr(f, "sniff_asked")) if reading.columns else formats
    )


def _reason(format: Format, path: Path, reading: Reading) -> str | None:
    sniff = getattr(format, "sniff_asked", None)
    return format.sniff(path) if sniff is None else cast("str | None", sniff(path, reading))


def _called(name: str) -> Format:
    for format in known_formats():
        if name == format.NAME:
            return format
    raise UserError(f"--format {name}: there is no such format; choose from {_known()}")


def _first_of_each(found: list[_Hit]) -> list[_Hit]:
    first: dict[str, _Hit] = {}
    for hit in found:
        first.setdefault(hit.format.NAME, hit)
    return list(first.values())


def _known() -> str:
    return ", ".join(format.NAME for format in known_formats())


def _loaded(point: Any) -> Any:
    """A format from another package; one that does not load or is incomplete is named, not passed
    over."""
    try:
        brought = point.load()
    except Exception as error:
        said = (
            f"format {point.name!r} of {point.value} cannot be loaded: {error}; remove or repair it"
        )
        raise UserError(said) from error
    missing = [part for part in ("NAME", "ABOUT", "sniff", "read") if not hasattr(brought, part)]
    if missing:
        raise UserError(
            f"format {point.name!r} of {point.value} lacks {', '.join(missing)}; remove or repair "
            "it"
        )
    return brought
