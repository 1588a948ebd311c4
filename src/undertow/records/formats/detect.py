"""Find out what a path holds and read it: each format is one file with ``NAME``, ``ABOUT``, ``sniff`` and ``read``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, cast

from undertow.errors import UserError
from undertow.records.formats import population, table
from undertow.records.records import Records


class Format(Protocol):
    """``sniff`` says what makes a path this format (``None``: nothing); ``read`` makes one population of several."""

    NAME: str
    ABOUT: str

    def sniff(self, path: Path) -> str | None: ...

    def read(
        self, paths: Sequence[Path], *, name: str | None = None, allow_partial: bool = False, inputs: bool = False
    ) -> Records: ...


FORMATS: tuple[Format, ...] = cast("tuple[Format, ...]", (population, table))
"""Asked in this order, so the more particular formats come first and the plain table last."""


def read_any(
    paths: Sequence[Path], *, name: str | None = None, allow_partial: bool = False, inputs: bool = False
) -> tuple[Records, str]:
    """One side of a comparison, and a line on what was found and why it was taken for that.

    ``paths`` are one population folder, or files of one format (a folder stands for the files in it), each file one
    member or more. Raises ``UserError`` for anything else.
    """
    if not paths:
        raise UserError("there is nothing to read: give a population folder or files of predictions")
    found = [hit for path in paths for hit in _found(Path(path))]
    formats = {format.NAME: format for _, format, _ in found}
    if len(formats) > 1:
        kinds = ", ".join(f"{path} is a {format.NAME}" for path, format, _ in _first_of_each(found))
        raise UserError(f"{kinds}: one side must be of one format; convert one of them with undertow convert")
    (format,) = formats.values()
    if name is None and len(paths) == 1 and found[0][0] != Path(paths[0]):
        name = Path(paths[0]).resolve().name.encode("utf-8", "replace").decode()  # A folder of files: one population.
    records = format.read([path for path, _, _ in found], name=name, allow_partial=allow_partial, inputs=inputs)
    reasons = ", ".join(dict.fromkeys(reason for _, _, reason in found))
    members = "1 member" if records.M == 1 else f"{records.M} members"
    shown = f"{found[0][0]}" + (f" and {len(found) - 1} more" if len(found) > 1 else "")
    return records, f"{shown}: {reasons}: {members}, {records.N:,} examples, {records.C} classes"


_Hit = tuple[Path, Format, str]


def _found(path: Path) -> list[_Hit]:
    """The path with its format; for a folder that is none itself, every file in it that has one."""
    if not path.exists():
        raise UserError(f"{path}: there is no such file or folder; check the name")
    hit = _asked(path)
    if hit is not None:
        return [hit]
    if not path.is_dir():
        raise UserError(f"{path}: is of no known format ({_known()}); see undertow list formats")
    inside = [_asked(p) for p in sorted(path.iterdir()) if p.is_file() and not p.name.startswith(".")]
    hits = [hit for hit in inside if hit is not None]
    if not hits:
        raise UserError(f"{path}: holds no file of a known format ({_known()}); see undertow list formats")
    return hits


def _asked(path: Path) -> _Hit | None:
    for format in FORMATS:
        reason = format.sniff(path)
        if reason is not None:
            return path, format, reason
    return None


def _first_of_each(found: list[_Hit]) -> list[_Hit]:
    first: dict[str, _Hit] = {}
    for hit in found:
        first.setdefault(hit[1].NAME, hit)
    return list(first.values())


def _known() -> str:
    return ", ".join(format.NAME for format in FORMATS)
