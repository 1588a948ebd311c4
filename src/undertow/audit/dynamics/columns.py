"""``example_columns``: what a population's trace tells of each example, one column per
instrument."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.audit.dynamics.instrument import Instrument
from undertow.audit.dynamics.instruments import all_instruments
from undertow.audit.dynamics.over_epochs import mean_seen
from undertow.audit.dynamics.traced import Traced, by_member, early_epoch, window_of
from undertow.errors import UserError
from undertow.records.probes import ProbeValues, read_probe

Floats = NDArray[np.floating[Any]]


def example_columns(
    folder: Path,
    probe: str = "trace",
    *,
    early: int | None = None,
    per_member: bool = False,
    instruments: Iterable[Instrument] | None = None,
    window: tuple[int, int] | None = None,
) -> pl.DataFrame:
    """``example_id`` and a column per instrument, a row per example of the probe's part.

    A value is the mean over the members that have one, NaN where none has; with ``per_member`` the
    frame begins with ``member`` and has a row for each member and example. ``early`` is the epoch
    of EL2N, by default the first one after a tenth of training; ``window`` the first and last epoch
    of the rate of learning, by default all of the trace. Raises ``UserError`` where there is
    no such epoch or window, and ``RecordError`` for a population without that probe.
    """
    return columns_of(read_probe(folder, probe), early, per_member, instruments, window)


def columns_of(
    values: ProbeValues,
    early: int | None = None,
    per_member: bool = False,
    instruments: Iterable[Instrument] | None = None,
    window: tuple[int, int] | None = None,
) -> pl.DataFrame:
    """The same of a probe that is read already."""
    asked = tuple(all_instruments() if instruments is None else instruments)
    if not values.members:
        raise UserError(f"probe {values.name!r}: no member is done, so there is nothing to tell")
    epochs = values.entry.epochs
    when = early_epoch(epochs, early), window_of(epochs, window)
    value_IMN = _values(by_member(values, *when), asked)
    names = [each.card.name for each in asked]
    if per_member:
        N = len(values.example_id_N)
        rows = {name: value_MN.ravel() for name, value_MN in zip(names, value_IMN, strict=True)}
        ids = values.example_id_N.to_list() * len(values.members)
        members = [member for member in values.members for _ in range(N)]
        return pl.DataFrame({"member": members, "example_id": ids, **rows})
    means = {name: mean_seen(value_MN.T) for name, value_MN in zip(names, value_IMN, strict=True)}
    return pl.DataFrame({"example_id": values.example_id_N, **means})


def _values(members: Iterable[Traced], asked: Sequence[Instrument]) -> list[Floats]:
    """(M, N) of each instrument."""
    rows = [[each.of(traced)[0] for each in asked] for traced in members]
    return [np.stack(of_members) for of_members in zip(*rows, strict=True)]
