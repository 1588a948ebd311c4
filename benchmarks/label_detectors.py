"""Detectors of wrong labels that ``label_errors.py`` sets side by side, by what they read of the
members of ``label_worlds.py``.

To add one: its line in ``DETECTORS`` (a suspicion per run and example) or ``FLAGS`` (a set of
suspects).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from label_worlds import HALVES, PLANTED, K
from numpy.typing import NDArray

from undertow.audit.dynamics.columns import columns_of
from undertow.audit.dynamics.confident_learning import FILTERS, all_confident, label_issues
from undertow.audit.dynamics.instrument import Instrument
from undertow.audit.dynamics.instruments import all_instruments, aum
from undertow.audit.dynamics.kinds import Kinds, kinds_by_curve
from undertow.audit.dynamics.out_of_fold import (
    PROBABILITIES,
    OutOfFold,
    out_of_fold,
    out_of_fold_of,
)
from undertow.audit.dynamics.second_split import second_split_columns
from undertow.audit.dynamics.threshold_class import threshold_columns
from undertow.records.probes import ProbeValues, read_probe, read_train, trained_on

Floats = NDArray[np.floating[Any]]
Bools = NDArray[np.bool_]
SIGN = {"high": 1.0, "low": -1.0, "neither": 1.0}


@dataclass(frozen=True)
class Detector:
    """``runs(out)`` is (R, N): the suspicion of each run of its own, larger where the label is
    suspect. ``pooled(out)`` is (N,): of all runs together, by default the mean. ``judges(out)`` is
    (N,): who is in its row, by default everybody. A world without ``population`` has no row."""

    name: str
    runs: Callable[[Path], Floats]
    pooled: Callable[[Path], Floats] | None = None
    judges: Callable[[Path], Bools] | None = None
    population: str = "noisy"

    def of_all(self, out: Path, runs_RN: Floats) -> Floats:
        return runs_RN.mean(axis=0) if self.pooled is None else self.pooled(out)


@dataclass(frozen=True)
class Flags:
    """``suspects(out)`` is (N,): who is suspect by all runs together, yes or no."""

    name: str
    suspects: Callable[[Path], Bools]
    population: str = "noisy"


def there(of: Detector | Flags, out: Path) -> bool:
    """Whether this world has the population that it reads."""
    return (out / of.population).is_dir()


@cache
def read(folder: Path, probe: str) -> ProbeValues:
    """Each file once."""
    return read_probe(folder, probe)


def by_instrument(instrument: Instrument, probe: str, population: str = "noisy") -> Detector:
    """Of the members that see all labels."""

    def runs(out: Path) -> Floats:
        values = read(out / population, probe)
        frame = columns_of(values, per_member=True, instruments=[instrument])
        value_N = frame[instrument.card.name].to_numpy()
        return SIGN[instrument.card.hard] * value_N.reshape(len(values.members), -1)

    undirected = ", no direction" * (instrument.card.hard == "neither")
    return Detector(f"{instrument.card.name} ({probe}{undirected})", runs)


def last_loss(out: Path) -> Floats:
    """After the last epoch, in eval mode: by then wrong labels may be known by heart."""
    return read(out / "noisy", "trace-clean").values["loss"][:, :, -1].astype(np.float64)


@cache
def held(out: Path) -> OutOfFold:
    """By all rounds."""
    return out_of_fold(out / "folds")


@cache
def round_by_round(out: Path) -> tuple[OutOfFold, ...]:
    """Each ``K`` members in a row answer to every example once."""
    both = [read(out / "folds", probe) for probe in ("learned-from", PROBABILITIES)]
    return tuple(
        out_of_fold_of(*(_members(values, begin) for values in both))
        for begin in range(0, len(both[0].members), K)
    )


def _members(values: ProbeValues, begin: int) -> ProbeValues:
    rows = slice(begin, begin + K)
    held_by = {name: value_MNE[rows] for name, value_MNE in values.values.items()}
    return replace(values, members=values.members[rows], values=held_by)


def by_score(score: Instrument) -> Detector:
    """Of the members that leave a fold out."""

    def suspicion(told: OutOfFold) -> Floats:
        return SIGN[score.card.hard] * score.function(told.p_NC, told.label_N)

    return Detector(
        f"{score.card.name} (out of fold)",
        lambda out: np.stack([suspicion(told) for told in round_by_round(out)]),
        lambda out: suspicion(held(out)),
    )


def by_filter(name: str) -> Flags:
    return Flags(
        f"{name} (cleanlab)", lambda out: label_issues(held(out).p_NC, held(out).label_N, name)
    )


def threshold_aum(out: Path) -> Floats:
    """One row: of the members of both populations together, none of which judges all examples."""
    return -threshold_columns(out / "first", out / "second")["aum"].to_numpy()[None]


def threshold_flags(out: Path) -> Bools:
    return threshold_columns(out / "first", out / "second")["flagged"].fill_null(False).to_numpy()


def by_second_split(column: str) -> Detector:
    """One row: low means over the members of both directions are suspect."""

    def runs(out: Path) -> Floats:
        directions = [(out / alone, out / onward) for alone, onward in HALVES]
        columns = second_split_columns(directions)
        ids = pl.DataFrame({"example_id": read(out / "noisy", "trace").example_id_N})
        columns = ids.join(columns, "example_id", "left", maintain_order="left")
        return -columns[column].to_numpy()[None]

    return Detector(f"{column} (second split)", runs)


@cache
def kinds(out: Path) -> Kinds:
    return kinds_by_curve(out / PLANTED)


def like_wrong_label(out: Path) -> Floats:
    """One row: the share of the nearest references that have a wrong label."""
    return kinds(out).columns["like_wrong_label"].to_numpy()[None]


def not_planted(out: Path) -> Bools:
    """The label or image of what is planted is not that of ``noisy``."""
    return trained_on(read_train(out / PLANTED))["planted"].is_null().to_numpy()


def likeliest_flags(out: Path) -> Bools:
    likeliest = kinds(out).columns["likeliest"]
    return likeliest.eq_missing("wrong label").to_numpy() & not_planted(out)


def beside_planted(detector: Detector) -> Detector:
    """The same of those examples that are not planted."""
    name = f"{detector.name.removesuffix(')')}, beside planted examples)"
    return replace(detector, name=name, judges=not_planted, population=PLANTED)


DETECTORS = (
    *(
        by_instrument(each, probe)
        for probe in ("trace", "trace-clean")
        for each in all_instruments()
    ),
    Detector("loss after the last epoch (trace-clean)", last_loss),
    Detector("AUM beside a threshold class (trace)", threshold_aum),
    *map(by_second_split, ("second_split_forgetting", "joint_rank")),
    beside_planted(Detector("like a wrong label (trace-clean)", like_wrong_label)),
    beside_planted(by_instrument(aum, "trace-clean", PLANTED)),
    *map(by_score, all_confident()),
)
FLAGS = (
    Flags("flagged by a threshold class", threshold_flags),
    Flags("likeliest a wrong label", likeliest_flags, PLANTED),
    *map(by_filter, FILTERS),
)
