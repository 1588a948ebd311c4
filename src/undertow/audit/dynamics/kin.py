"""Who may tell which examples are hard: a population that is no kin of those compared, tested on
the same examples."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import polars as pl

from undertow.audit.dynamics.one_model import members_alike
from undertow.errors import NotComparableError
from undertow.records.descent import ancestors, declared_as
from undertow.records.folder import EXAMPLES
from undertow.records.read import read_population, verified_parquet
from undertow.records.records import Records
from undertow.records.schema import RECORDER, Manifest

HASH = "content_hash"
APART = "give one that takes no part: train fresh members, as with .again(...)"
RECORDED_APART = (
    "give one that takes no part: record fresh members, with seeds= and name= of their own, by "
    "another Recorder(…)"
)


def refuse_kin(folder: Path, manifest: Manifest, sides: Sequence[Records]) -> None:
    """``NotComparableError`` where the population shares members, seeds, a parent or a teacher with
    a side, of any generation. Loose files do not tell whose answers they hold, so equal answers
    tell it too."""
    strangers = {s.name for s in sides if s.name == manifest.name and _apart(manifest, s.manifest)}
    for side in sides:
        why = next(_kinship(manifest, side.manifest, strangers), None)
        if why is not None:
            raise _takes_part(folder, manifest, f"{why} {side.name!r}, which is compared")
    telling = read_population(folder, probabilities=False)
    for side in sides:
        alike = next(members_alike(telling, side), None)
        if alike is not None:
            but = f"but {alike.differ:,} of the " if alike.differ else ""
            why = (
                f"its member {alike.mine!r} gave the same answers as member {alike.other!r} of "
                f"{side.name!r}, which is compared, to all {but}{alike.n:,} examples that both have"
            )
            raise _takes_part(folder, manifest, why)


def _takes_part(folder: Path, manifest: Manifest, why: str) -> NotComparableError:
    apart = RECORDED_APART if manifest.runner == RECORDER else APART
    return NotComparableError(
        f"--columns-from {folder}: {why}, and examples that it found hard by chance would seem to "
        f"gain or lose; {apart}"
    )


def _kinship(manifest: Manifest, other: Manifest, strangers: Collection[str]) -> Iterator[str]:
    """What the two populations share, as far as records tell. ``strangers`` are names that a side
    bears which is known to be another population than the first of both."""
    if _members_shared(manifest, other):
        yield "holds members of"
    if _seeds_shared(manifest, other):
        yield "has members with the seeds of"
    origins = {manifest.parent, manifest.teacher} - {None}
    if manifest.name == other.name and not _apart(manifest, other):
        yield "has the name and maybe the members of"
    if ({manifest.name} - {*strangers}) & {other.parent, other.teacher}:
        yield "has the name of the parent or teacher of"
    if other.name in origins:
        yield "has a parent or teacher of the name of"
    mine, theirs = ancestors(manifest), ancestors(other)
    if declared_as(manifest) in theirs:
        yield "is a parent or teacher, generations back, of"
    if declared_as(other) in mine:
        yield "has a parent or teacher, generations back, that is"
    if origins & {other.parent, other.teacher} or mine & theirs:
        yield "comes from the same population as"


def _apart(manifest: Manifest, other: Manifest) -> bool:
    """Whether all members of both tell their seeds, and none is in both: two populations of one
    name, each in a folder of its own."""
    told = all(m.seeds for m in (*manifest.members, *other.members))
    return told and not _members_shared(manifest, other) and not _seeds_shared(manifest, other)


def _members_shared(manifest: Manifest, other: Manifest) -> bool:
    files = {m.sha256 for m in manifest.members if m.sha256}
    return bool(files & {m.sha256 for m in other.members})


def _seeds_shared(manifest: Manifest, other: Manifest) -> bool:
    seeds = [m.seeds for m in manifest.members if m.seeds]
    return any(m.seeds in seeds for m in other.members)


def refuse_other_content(folder: Path, manifest: Manifest, sides: Sequence[Records]) -> None:
    """``NotComparableError`` where an example of one id is not the same one."""
    hashed = verified_parquet(folder / EXAMPLES, manifest.examples_sha256, ("example_id", HASH))
    for side in sides:
        if HASH not in hashed.columns or HASH not in side.examples.columns:
            continue
        both = side.examples.select("example_id", HASH).join(hashed, on="example_id")
        other = both.filter(pl.col(HASH) != pl.col(f"{HASH}_right"))["example_id"]
        if len(other):
            raise NotComparableError(
                f"--columns-from {folder}: {len(other):,} examples of {side.name!r} have other "
                f"inputs there (first {other[0]!r}, by {HASH}); give a population that was tested "
                "on the same examples"
            )
