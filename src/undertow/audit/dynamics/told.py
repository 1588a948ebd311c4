"""Numbers of the examples that a population tells which takes no part: what instruments make of its
trace, what probes wrote of its members, how far they agree, and what they know of training examples
that they never learned from.

Who tells them must not be compared, for the reason that ``thirds`` gives: whatever chose the
exemplars would be in the column too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from undertow.audit.dynamics.columns import columns_of
from undertow.audit.dynamics.consensus import CONSENSUS, consensus_columns
from undertow.audit.dynamics.instruments import all_instruments
from undertow.audit.dynamics.kin import refuse_kin, refuse_other_content
from undertow.audit.dynamics.learned_columns import LEARNED_FROM, learned_columns
from undertow.audit.dynamics.over_epochs import mean_seen
from undertow.audit.dynamics.over_members import all_over_members
from undertow.audit.dynamics.thirds import PROBE, refuse_untraced
from undertow.audit.dynamics.traced import COLUMNS
from undertow.errors import NotComparableError, UserError
from undertow.records.probes import ProbeValues, read_probe
from undertow.records.read import read_manifest, read_population
from undertow.records.records import Records
from undertow.records.schema import Manifest


@dataclass(frozen=True, eq=False)
class Told:
    """``example_id`` and a column for each name that the population tells, and the sentence on
    where they come from."""

    columns: pl.DataFrame
    said: str


def numbers_told(folder: Path, names: Sequence[str], sides: Sequence[Records]) -> Told | None:
    """Those of ``names`` that the population in ``folder`` tells, each the mean over its members;
    ``None`` where it tells none. ``NotComparableError`` where it is kin to a side, ``UserError``
    where two of its probes have a column of one name."""
    manifest = read_manifest(folder)
    learned = _learned(folder, manifest, names)
    frames = [*_frames(folder, manifest, names), *([] if learned is None else [learned])]
    if not frames:
        return None
    refuse_kin(folder, manifest, sides)
    refuse_other_content(folder, manifest, sides)
    if learned is not None:
        _refuse_none_learned(folder, learned, sides)
    joined = frames[0]
    for frame in frames[1:]:
        joined = joined.join(frame, on="example_id", how="full", coalesce=True)
    asked = [name for name in names if name in joined.columns]
    return Told(joined.select("example_id", *asked), _said(manifest, asked, learned))


def _said(manifest: Manifest, asked: Sequence[str], learned: pl.DataFrame | None) -> str:
    over = [] if learned is None else [name for name in asked if name in learned.columns]
    means = [name for name in asked if name not in over]
    said = [
        f"{' and '.join(means)} are means over the members of {manifest.name!r} on its test "
        "examples"
    ] * bool(means)
    said += [
        f"{' and '.join(over)} are of all members of {manifest.name!r} together, on its training "
        "examples"
    ] * bool(over)
    return (
        f"Numbers in {', and in '.join(said)}; it takes no part in the comparison, as far as "
        "records tell."
    )


def tellable(folder: Path) -> tuple[str, ...]:
    """All names that this population tells."""
    manifest = read_manifest(folder)
    traced = [each.card.name for each in all_instruments()] if PROBE in manifest.probes else []
    of_probes = [name for values in _probes(folder, manifest) for name in values.values]
    together = all_over_members() if LEARNED_FROM in manifest.probes else ()
    return (*traced, *of_probes, *CONSENSUS, *(each.card.name for each in together))


def _frames(folder: Path, manifest: Manifest, names: Sequence[str]) -> Iterator[pl.DataFrame]:
    traced = [each for each in all_instruments() if each.card.name in names]
    if traced:
        refuse_untraced(folder, manifest)
        yield columns_of(read_probe(folder, PROBE), instruments=traced)
    agreed = [name for name in CONSENSUS if name in names]
    if agreed:
        yield consensus_columns(read_population(folder)).select("example_id", *agreed)
    rest = set(names) - {each.card.name for each in traced} - {*agreed}
    rest -= {*_over_members(manifest, names)}
    if rest:
        yield from _of_probes(folder, list(_probes(folder, manifest)), rest)


def _over_members(manifest: Manifest, names: Sequence[str]) -> list[str]:
    """Those of ``names`` that members tell together of what they learned from."""
    if LEARNED_FROM not in manifest.probes:
        return []
    return [each.card.name for each in all_over_members() if each.card.name in names]


def _learned(folder: Path, manifest: Manifest, names: Sequence[str]) -> pl.DataFrame | None:
    asked = _over_members(manifest, names)
    return learned_columns(folder).select("example_id", *asked) if asked else None


def _refuse_none_learned(folder: Path, learned: pl.DataFrame, sides: Sequence[Records]) -> None:
    """``NotComparableError`` where a side was asked about none of the training examples."""
    for side in sides:
        if side.examples.select("example_id").join(learned, on="example_id", how="semi").is_empty():
            raise NotComparableError(
                f"--columns-from {folder}: its numbers in {' and '.join(learned.columns[1:])} are "
                f"of training examples (first {learned['example_id'][0]!r}), and {side.name!r} was "
                f"asked about none of them (first {side.example_id_N[0]!r}); compare populations "
                "that were asked about training examples, by .on(...) with a data set that has "
                "them as its test part"
            )


def _probes(folder: Path, manifest: Manifest) -> Iterator[ProbeValues]:
    """Of the test part, less traces, which instruments read."""
    for name, entry in manifest.probes.items():
        if entry.part == "test":
            values = read_probe(folder, name)
            if not set(COLUMNS) <= values.values.keys():
                yield values


def _of_probes(
    folder: Path, probes: Sequence[ProbeValues], names: set[str]
) -> Iterator[pl.DataFrame]:
    """After the last epoch that a probe has."""
    by_column = dict[str, str]()
    for values in probes:
        asked = sorted(names & values.values.keys())
        for column in asked:
            if column in by_column:
                raise UserError(
                    f"--columns-from {folder}: probes {by_column[column]!r} and {values.name!r} "
                    f"both have a column {column!r}, so it is not told which is meant; give a "
                    "population with one of them"
                )
            by_column[column] = values.name
        if asked and values.members:
            yield probe_columns(values).select("example_id", *asked)


def probe_columns(values: ProbeValues) -> pl.DataFrame:
    """``example_id`` and a probe's columns after the last epoch that it has, means over members: of
    a record, or of ``asked_when_finished``."""
    means = {
        column: mean_seen(np.atleast_3d(value_MNE)[:, :, -1].T.astype(np.float64))
        for column, value_MNE in values.values.items()
    }
    return pl.DataFrame({"example_id": values.example_id_N, **means})
