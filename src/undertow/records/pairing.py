"""Which files stand on which side, and pairs that a person declares: file i of the reference goes
with file i of the variant.

Records that were made here know what they derive from; loose files do not, though their members may
share a seed, a split or a trained network.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from undertow.errors import UserError
from undertow.records.records import Records

MOST_LISTED = 8


def declared_pairs(
    reference: Records, variant: Records, files_before: Sequence[Path], files_after: Sequence[Path]
) -> Records:
    """The variant with the members of the reference as parents of its own, file by file, in the
    order given.

    Raises ``UserError`` where there is nothing to pair, or not file by file.
    """
    folder = next((path for path in (*files_before, *files_after) if os.path.isdir(path)), None)
    if folder is not None:
        raise UserError(
            f"--paired: {folder} is a folder; pairs are declared for loose files, and a population "
            "folder says itself what it derives from"
        )
    if len(files_before) != len(files_after):
        raise UserError(
            f"--paired: the reference has {_counted(files_before)} and the variant "
            f"{_counted(files_after)}; give one for each, in the same order"
        )
    if len(files_before) == 1:
        raise UserError(
            f"--paired: {files_before[0]} and {files_after[0]} are one file a side, so there is "
            "nothing to pair; give several files a side, or leave --paired out"
        )
    for records, files in ((reference, files_before), (variant, files_after)):
        if len(records.members) != len(files):
            raise UserError(
                f"--paired: {_counted(files)} hold {records.M} members; give files of "
                "one member each"
            )
    pairs = zip(reference.members, variant.members, strict=True)
    members = tuple(after.model_copy(update={"parent": before.id}) for before, after in pairs)
    said = f"Pairs were declared (--paired): {_shown(files_before, files_after)}."
    notes = (*variant.manifest.notes, said)
    kin = {"parent": reference.name, "members": members, "notes": notes}
    return replace(variant, manifest=variant.manifest.model_copy(update=kin))


def refuse_same_paths(
    reference: Sequence[Path],
    variants: Sequence[Sequence[Path]],
    sides: Callable[[Path], str | None] | None = None,
) -> None:
    """``sides`` says how one file is given for both sides, if it holds several models.

    ``UserError`` where a path stands on both sides, twice on one, or makes two variants: nothing
    would differ there for no other reason than how the command was typed."""
    before = _places("the reference", reference)
    seen: list[set[str]] = []
    for files in variants:
        places = _places("one variant", files)
        both = next((path for place, path in places.items() if place in before), None) or _inside(
            before, places
        )
        if both is not None:
            raise UserError(
                f"{both}: stands on both sides, in the reference and after --against; take it from "
                f"one, {_or_parts(both, sides)}"
            )
        if set(places) in seen:
            raise UserError(f"{files[0]}: is given as a variant twice; leave one out")
        seen.append(set(places))


def _or_parts(path: Path, sides: Callable[[Path], str | None] | None) -> str:
    """The way out for a test of one model against itself, and for a file that holds both."""
    found = None if sides is None or os.path.isdir(path) else sides(path)
    copied = "give a copy of it to test a model against itself"
    return f"or {copied}" if found is None else f"{copied}, or give a model on each side: {found}"


def _places(side: str, paths: Sequence[Path]) -> dict[str, Path]:
    """What each path really is, links followed."""
    places: dict[str, Path] = {}
    for path in paths:
        place = os.path.realpath(path)
        if place in places:
            raise UserError(
                f"{path}: is given twice in {side}, so it would count as two runs; leave one out"
            )
        places[place] = path
    return places


def _inside(before: dict[str, Path], after: dict[str, Path]) -> Path | None:
    """A loose file that lies in a folder which is the other side."""
    for files, folders in ((before, after), (after, before)):
        for place, path in files.items():
            if os.path.isfile(place) and os.path.dirname(place) in folders:
                return path
    return None


def _counted(files: Sequence[Path]) -> str:
    names = ", ".join(str(path) for path in files[:MOST_LISTED]) + (
        " …" if len(files) > MOST_LISTED else ""
    )
    return f"{len(files)} {'file' if len(files) == 1 else 'files'} ({names})"


def _shown(before: Sequence[Path], after: Sequence[Path]) -> str:
    pairs = [f"{a} with {b}" for a, b in zip(before, after, strict=True)]
    more = f" and {len(pairs) - MOST_LISTED} more" if len(pairs) > MOST_LISTED else ""
    return ", ".join(pairs[:MOST_LISTED]) + more
