"""What sides are called: as a person says, else after their files, and never two alike."""

from __future__ import annotations

import os
import re
import shlex
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from undertow.errors import UserError, refuse_undecoded
from undertow.records.formats.members.names import listing
from undertow.records.records import Records
from undertow.undecoded import escaped

UNNAMED = "variant"
"""What a variant is called where the names of its files would tell nothing apart."""
_OF_RUNS = re.compile(r"(?i)(seed|run|fold|member|replica|repeat|rep|trial)[-_ .]?\d")
"""In the name of a file of one of several runs."""


def named(records: Records, name: str | None) -> Records:
    """The records under another name, if there is one."""
    if name is None:
        return records
    return replace(records, manifest=records.manifest.model_copy(update={"name": name}))


def with_note(records: Records, note: str) -> Records:
    """The records with one more note on how they were read."""
    notes = (*records.manifest.notes, note)
    return replace(records, manifest=records.manifest.model_copy(update={"notes": notes}))


def taken_together(paths: Sequence[Path], members: int) -> str:
    """``int8.csv and int4.csv are taken as 2 members of one variant``."""
    return f"{_taken(paths)}{members:,} members of one variant"


def _taken(paths: Sequence[Path]) -> str:
    names = [escaped(str(path)) for path in paths]
    listed = " and ".join(names) if len(names) == 2 else listing(names, 2)
    return f"{listed} are taken as "


def members_assumed(paths: Sequence[Path], notes: Collection[str]) -> list[str]:
    """Of notes on how loose files were read the one that takes these together, with what to type if
    they are no members; none where each name says that it is one of several runs."""
    if all(_OF_RUNS.search(path.name) for path in paths):
        return []
    said = next((note for note in notes if note.startswith(_taken(paths))), None)
    return [] if said is None else [f"{said} If they are variants, {_apart(paths)}."]


def as_variants(paths: Sequence[Path]) -> str:
    """What to type where each is a variant."""
    return f"for {len(paths):,} variants {_apart(paths)}"


def _apart(paths: Sequence[Path]) -> str:
    flags = " ".join(f"--against {shlex.quote(escaped(str(path)))}" for path in paths[:2])
    more = " …" if len(paths) > 2 else ""
    return f"give each its own --against: {flags}{more}"


def refuse_other_names(names: Sequence[str], sides: int) -> None:
    """``UserError`` where names are not one for each side, or two are alike."""
    if not names:
        return
    refuse_undecoded("--name", *names)
    given = f"--name {shlex.join(names)}"
    if len(names) != sides:
        variants = "1 variant" if sides == 2 else f"{sides - 1} variants"
        raise UserError(
            f"{given}: there {'is' if len(names) == 1 else 'are'} {len(names)} for the reference "
            f"and {variants};"
            " give one for each, the reference's first: "
            "--name " + " ".join(["REFERENCE", *["VARIANT"] * (sides - 1)])
        )
    twice = next((name for name, count in Counter(names).items() if count > 1), None)
    if twice is not None or not all(name.strip() for name in names):
        what = "a side has an empty name" if twice is None else f"two sides are called {twice!r}"
        raise UserError(f"{given}: {what}; give each a name of its own")


def told_apart(records: Records, path: Path, taken: Collection[str]) -> Records:
    """Two files are often called the same (old/eval.csv, new/eval.csv): then the folders' names
    tell them apart."""
    name, parents = records.name, [escaped(p.name) for p in path.resolve().parents if p.name]
    own = escaped(path.resolve().name)
    if name in taken and os.path.isdir(path) and own not in taken:
        name = own
    if name in parents[:1] and name in taken:
        # Several loose files are called after their folder, which then tells nothing apart.
        return named(records, free_name(taken))
    while name in taken and parents:
        name = f"{parents.pop(0)}/{name}"
    return named(records, name)


def with_kin(sides: Sequence[Records], own: Sequence[str]) -> list[Records]:
    """The sides, each with its parent under the name that it has here, if it is another side;
    ``own`` are the sides' names in their own records. Pairs are found by name, and a side that is
    called otherwise is the same population."""
    found = []
    for i, side in enumerate(sides):
        parents = [j for j, name in enumerate(own) if j != i and name == side.manifest.parent]
        if parents:
            update = {"parent": sides[parents[0]].name}
            side = replace(side, manifest=side.manifest.model_copy(update=update))
        found.append(side)
    return found


def free_name(taken: Collection[str]) -> str:
    """``variant``, with a number where there is one already."""
    count = 1
    while (name := UNNAMED if count == 1 else f"{UNNAMED} {count}") in taken:
        count += 1
    return name
