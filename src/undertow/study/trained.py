"""What the members of a study's population gave, as its claims, tables and figures read it."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.stats import t as student_t

from undertow.records.probes import ProbeValues, read_probe, read_series
from undertow.records.read import read_manifest, read_population
from undertow.records.records import Records
from undertow.records.schema import MemberEntry
from undertow.records.timings import read_seconds

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Trained:
    """One population on disk, by the members that are done, in their order (M)."""

    folder: Path

    @cached_property
    def members(self) -> tuple[MemberEntry, ...]:
        """Those that are done."""
        return tuple(m for m in read_manifest(self.folder).members if m.status == "done")

    @property
    def ids(self) -> list[str]:
        """Their names."""
        return [m.id for m in self.members]

    @cached_property
    def diverged(self) -> int:
        """How many stopped being numbers, and take part in nothing."""
        return sum(m.status == "diverged" for m in read_manifest(self.folder).members)

    @cached_property
    def records(self) -> Records:
        """What they answered, with probabilities."""
        return read_population(self.folder)

    def fact(self, name: str) -> Floats:
        """A fact of each member (M), such as ``accuracy``. ``KeyError`` where one has none."""
        lacking = [m.id for m in self.members if name not in m.facts]
        if lacking:
            raise KeyError(f"member {lacking[0]} of {self.folder.name!r} has no fact {name!r}")
        return np.array([m.facts[name] for m in self.members])

    @cached_property
    def seconds(self) -> Floats:
        """Of each member (M), its probes included: those that its process worked, which other work
        on the machine does not lengthen; wall-clock where these are not known. ``KeyError`` where
        neither is: a stack's members have one clock."""
        size = read_manifest(self.folder).runner.partition("/")[2]
        if size not in ("", "1"):
            raise KeyError(
                f"{self.folder.name!r} was trained in stacks of {size}: one clock for all"
            )
        for found in (read_seconds(self.folder, "processor"), read_seconds(self.folder)):
            if all(name in found for name in self.ids):
                return np.array([found[name] for name in self.ids], dtype=np.float64)
        raise KeyError(f"{self.folder.name!r} has no seconds of each member")

    def parents(self, other: Trained) -> list[str | None]:
        """The member of ``other`` from which each one derives (M), None where it derives from none
        of them."""
        own, theirs = read_manifest(self.folder), read_manifest(other.folder)
        derives = own.parent is not None and own.parent == theirs.name
        return [m.parent if derives else None for m in self.members]

    @cached_property
    def answers(self) -> Records:
        """What they answered to the test part, without probabilities."""
        return read_population(self.folder, probabilities=False)

    def probe(self, name: str) -> ProbeValues:
        """What a probe measured on each. ``RecordError`` where none of that name did."""
        return read_probe(self.folder, name)

    @property
    def probes(self) -> frozenset[str]:
        """Names of those that measured something on its members."""
        return frozenset(read_manifest(self.folder).probes)

    def columns(self, probe: str) -> pl.DataFrame:
        """``example_id`` and each of a probe's columns: the mean over members at the last epoch, of
        those that have a value."""
        found = self.probe(probe)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # nobody has a value: NaN
            means = {
                name: np.nanmean(value_MNE[..., -1].astype(np.float64), axis=0)
                for name, value_MNE in found.values.items()
            }
        return pl.DataFrame({"example_id": found.example_id_N, **means})

    @cached_property
    def test_loss(self) -> Floats:
        """Each member's mean −log p of the label over the test part, in nats; a probability of 0
        counts as the least one that float32 holds."""
        p_MN = self.answers.p_label_MN
        if p_MN is None:
            raise KeyError(f"{self.folder.name!r} has no probabilities")
        least = np.finfo(np.float32).tiny
        each_MN = -np.log(np.maximum(p_MN.astype(np.float64), least))
        return np.asarray(each_MN.mean(axis=1))

    @cached_property
    def _series(self) -> pl.DataFrame:
        return read_series(self.folder)

    @property
    def epochs(self) -> list[int]:
        """Those at which its series has values."""
        return self._series["epoch"].unique().sort().to_list()

    def series(self, column: str) -> Floats:
        """A quantity of each member and epoch (M, E), NaN where it has none. ``KeyError`` for a
        column that no probe wrote."""
        if column not in self._series.columns:
            raise KeyError(f"{self.folder.name!r} has no series {column!r}")
        wide = self._series.pivot("epoch", index="member", values=column, sort_columns=True)
        order = [str(epoch) for epoch in self.epochs]
        return wide.select(order).to_numpy().astype(np.float64)


def paired_rows(parents: Sequence[str | None], ids: Sequence[str]) -> tuple[list[int], list[int]]:
    """Rows of parents and of those that derive from them, pair by pair, of the pairs that are there
    on both sides."""
    pairs = [(ids.index(p), row) for row, p in enumerate(parents) if p is not None and p in ids]
    return [parent for parent, _ in pairs], [row for _, row in pairs]


def mean_interval(value_M: Floats, level: float = 0.95) -> tuple[float, float, float]:
    """The mean over members and Student's interval for it; NaN limits for one member."""
    mean, members = float(value_M.mean()), len(value_M)
    if members < 2:
        return mean, math.nan, math.nan
    half = student_t.ppf(0.5 + level / 2, members - 1) * value_M.std(ddof=1) / math.sqrt(members)
    return mean, mean - float(half), mean + float(half)


def percent(share_M: Floats) -> str:
    """The mean of shares over members, ± half its 95 % interval, in per cent."""
    mean, _, high = mean_interval(share_M)
    return f"{100 * mean:.1f} ± {100 * (high - mean):.1f}"
