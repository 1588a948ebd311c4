"""Slices by an instrument: thirds of the test examples, easy, middle and hard.

Who tells which examples are hard must not be compared. The members of a side are right on the
easiest of its examples partly by luck, which another side, as good as they are, does not share: its
loss there and its gain on the hardest would be regression to the mean. So thirds come from a
population of their own, and one that is kin to a side is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.audit.dynamics.columns import columns_of
from undertow.audit.dynamics.consensus import CONSENSUS
from undertow.audit.dynamics.instrument import Instrument
from undertow.audit.dynamics.instruments import all_instruments
from undertow.audit.dynamics.kin import refuse_kin, refuse_other_content
from undertow.audit.dynamics.traced import early_epoch
from undertow.audit.slices.unknown import CROSS
from undertow.errors import NotComparableError, RecordError, UserError
from undertow.records.probes import read_probe
from undertow.records.read import read_manifest
from undertow.records.records import Records
from undertow.records.schema import Manifest

PROBE = "trace-test"
WITHOUT_TRACE = f"cross what its answers tell: --cross {' '.join(CONSENSUS)}"
BY_DIFFICULTY, BY_SIZE = ("easy", "middle", "hard"), ("low", "middle", "high")
Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False)
class Thirds:
    """A column per instrument asked for, by ``example_id``, and the sentence on where they come
    from."""

    columns: pl.DataFrame
    said: str

    def given_to(self, side: Records) -> Records:
        """The side with these columns; examples that were not traced have none. ``UserError`` where
        a column is there already, or nothing fits."""
        names = self.columns.columns[1:]
        taken = next((name for name in names if name in side.examples.columns), None)
        if taken is not None:
            raise UserError(
                f"--columns-from: {side.name!r} has a column {taken!r} already; leave out "
                "--columns-from to slice by that one, or rename it"
            )
        known = self.columns.select("example_id")
        if side.examples.select("example_id").join(known, on="example_id", how="semi").is_empty():
            raise NotComparableError(
                f"--columns-from: none of the examples of {side.name!r} (first "
                f"{side.example_id_N[0]!r}) was traced (first {known['example_id'][0]!r}); give a "
                "population that was tested on the same examples"
            )
        examples = side.examples.join(
            self.columns, on="example_id", how="left", maintain_order="left"
        )
        return replace(side, examples=examples)


def thirds_asked(folder: Path, by: Sequence[str], sides: Sequence[Records]) -> Thirds:
    """Of each instrument named in ``by``, as the population in ``folder`` tells it.
    ``NotComparableError`` where that population is kin to a side."""
    asked = named_in(by)
    manifest = read_manifest(folder)
    if not asked:
        _refuse_nothing_told(folder, manifest)
    refuse_kin(folder, manifest, sides)
    refuse_untraced(folder, manifest)
    values = read_probe(folder, PROBE)
    refuse_other_content(folder, manifest, sides)
    found = columns_of(values, instruments=asked)
    thirds = [_thirds(found[each.card.name], each) for each in asked]
    early = any("early" in each.card.reads for each in asked)
    when = f" (early: epoch {early_epoch(values.entry.epochs)})" if early else ""
    said = (
        f"Slices by {' and '.join(each.card.name for each in asked)} are thirds of the "
        f"{len(values.example_id_N):,} test examples of {manifest.name!r}, as its "
        f"{len(values.members):,} members met them in training{when}; it takes no part in "
        "the comparison, as far as records tell."
    )
    return Thirds(found.select("example_id", *thirds), said)


def refuse_untraced(folder: Path, manifest: Manifest) -> None:
    """``RecordError`` where the population has no trace of its test examples."""
    if PROBE not in manifest.probes:
        has = ", ".join(manifest.probes) or "none"
        raise RecordError(
            f"--columns-from {folder}: has no trace of its test examples (its probes: {has}); "
            "train its members with Trace(clean=True, part='test') of undertow.lab.probes, or call "
            "member.saw(ids, logits, epoch=…, part='test') of undertow.Recorder after each epoch; "
            f"or {WITHOUT_TRACE}"
        )


def _refuse_nothing_told(folder: Path, manifest: Manifest) -> NoReturn:
    if PROBE not in manifest.probes:
        raise UserError(
            f"--columns-from {folder}: has no trace of training, so it tells no slices; "
            f"{WITHOUT_TRACE}, or leave out --columns-from"
        )
    known = ", ".join(each.card.name for each in all_instruments())
    raise UserError(
        f"--columns-from {folder}: nothing after --by is told by training; add one of {known}, "
        "or leave out --columns-from"
    )


def named_in(by: Sequence[str]) -> tuple[Instrument, ...]:
    """The instruments that slices are asked by."""
    parts = {part.strip() for name in by for part in name.replace(",", CROSS).split(CROSS)}
    return tuple(each for each in all_instruments() if each.card.name in parts)


def _thirds(column: pl.Series, instrument: Instrument) -> pl.Series:
    """Equal values stay together, so thirds may be unequal, and the middle one may be empty."""
    high_is_hard = instrument.card.hard != "low"
    names = BY_SIZE if instrument.card.hard == "neither" else BY_DIFFICULTY
    value_N = column.to_numpy() if high_is_hard else -column.to_numpy()
    known_N = ~np.isnan(value_N)
    if not known_N.any():
        raise UserError(
            f"--by {column.name}: no example has a value, since its trace saw none at the epochs "
            "that it takes; choose another instrument"
        )
    if np.unique(value_N[known_N]).size < 2:
        raise UserError(
            f"--by {column.name}: all examples have the same value, so there is nothing to slice "
            "by; choose another instrument"
        )
    low, high = _edges(value_N[known_N])
    code_N = (value_N > low).astype(np.int64) + (value_N > high)
    texts = [names[code] if known else None for code, known in zip(code_N, known_N, strict=True)]
    return pl.Series(column.name, texts, dtype=pl.Enum(names))


def _edges(value_K: Floats) -> tuple[float, float]:
    """The last values of the first and the second third; some value lies above both."""
    below_K = value_K[value_K < value_K.max()]
    low, high = np.minimum(
        np.quantile(value_K, [1 / 3, 2 / 3], method="inverted_cdf"), below_K.max()
    )
    return float(low), float(high)
