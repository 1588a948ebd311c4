"""Who may tell which examples are hard: a population that is no kin of those compared, tested on
the same examples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from undertow.errors import NotComparableError
from undertow.records.folder import EXAMPLES
from undertow.records.read import verified_parquet
from undertow.records.records import Records
from undertow.records.schema import Manifest

HASH = "content_hash"
APART = "give one that takes no part: train fresh members, as with .again(...)"


def refuse_kin(folder: Path, manifest: Manifest, sides: Sequence[Records]) -> None:
    """``NotComparableError`` where the population shares members, seeds, a parent or a teacher with
    a side. Loose files do not tell whose answers they hold."""
    for side in sides:
        why = next(_kinship(manifest, side.manifest), None)
        if why is not None:
            raise NotComparableError(
                f"--columns-from {folder}: {why} {side.name!r}, which is compared, and examples "
                f"that it found hard by chance would seem to gain or lose; {APART}"
            )


def _kinship(manifest: Manifest, other: Manifest) -> Iterator[str]:
    """What the two populations share, as far as records tell."""
    files = {m.sha256 for m in manifest.members if m.sha256}
    if files & {m.sha256 for m in other.members}:
        yield "holds members of"
    seeds = [m.seeds for m in manifest.members if m.seeds]
    if any(m.seeds in seeds for m in other.members):
        yield "has members with the seeds of"
    kin = {manifest.name, manifest.parent, manifest.teacher} - {None}
    if kin & {other.name, other.parent, other.teacher}:
        yield "is, or comes from the same population as,"


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
