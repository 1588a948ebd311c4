"""Who looks like an example of a class that there is not: the area under the margin with a
threshold (2001.10528), over populations on ``ThresholdClass``.

Each member judges the examples that were not in its own threshold set. With two populations, one on
each of two sets that have no example in common, every example is judged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.audit.dynamics.instrument import Instrument, instrument
from undertow.audit.dynamics.instruments.aum import aum
from undertow.audit.dynamics.over_epochs import mean_seen
from undertow.axes import check_axes
from undertow.errors import UserError
from undertow.records.probes import ProbeValues, read_probe, read_train, trained_on

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]
Bools = NDArray[np.bool_]

PERCENTILE = 99.0
"""The authors'."""


@dataclass(frozen=True, eq=False)
class Thresholded:
    """Of the members of all populations together: margins of the labels that they learned, and
    which examples had the threshold class."""

    margin_MNE: Floats
    epoch_E: Ints
    threshold_MN: Bools
    percentile: float = PERCENTILE

    def __post_init__(self) -> None:
        check_axes(margin_MNE=self.margin_MNE, epoch_E=self.epoch_E, threshold_MN=self.threshold_MN)


@instrument(
    title="Flagged by a threshold class",
    range=(0.0, 1.0),
    hard="high",
    high="its margin stayed as low as that of examples whose label is wrong for sure; at 1 every "
    "member that may judge it says so, and the paper drops it",
    low="the network gave its label more than such examples get",
    undefined="no member may judge it: it is of the threshold class for all, or no epoch saw it",
    trace="Trace() of two populations, on ThresholdClass(data, 'first') and 'second'; it costs "
    "nothing but these trainings",
    paper="2001.10528 (AUM with threshold samples; as in the authors' code the first epoch is left "
    "out, and an example is flagged where more than 1 % of the threshold samples have a larger "
    "AUM)",
    pooled=True,
)
def flagged_share(
    margin_MNE: Floats, epoch_E: Ints, threshold_MN: Bools, percentile: float
) -> Floats:
    """(N,): of the members for whom the example is not of the threshold class, the share by whom it
    is flagged: whose AUM of it is below the ``percentile`` of their threshold examples' AUM."""
    aum_MN = aum_after_the_first(margin_MNE, epoch_E)
    flagged_MN = _flagged(aum_MN, threshold_MN, percentile)
    return mean_seen(np.where(threshold_MN, np.nan, flagged_MN).T)


def aum_after_the_first(margin_MNE: Floats, epoch_E: Ints) -> Floats:
    """(M, N): the area under the margin without the first epoch of training."""
    return aum.function(margin_MNE[..., epoch_E > 1])


def _flagged(aum_MN: Floats, threshold_MN: Bools, percentile: float) -> Floats:
    """(M, N): 1 where more than 100 − ``percentile`` % of the member's threshold examples have a
    larger AUM, else 0; NaN where there is none of either."""
    flagged_MN = np.full(aum_MN.shape, np.nan)
    for aum_N, threshold_N, flagged_N in zip(aum_MN, threshold_MN, flagged_MN, strict=True):
        rising = np.sort(aum_N[threshold_N & ~np.isnan(aum_N)])
        if len(rising):
            above_N = len(rising) - np.searchsorted(rising, aum_N, side="right")
            allowed = (100 - percentile) / 100 * len(rising) + 1e-9
            flagged_N[:] = np.where(np.isnan(aum_N), np.nan, above_N > allowed)
    return flagged_MN


def all_thresholded() -> tuple[Instrument, ...]:
    """Every instrument over populations with a threshold class, by name."""
    return (flagged_share,)


def threshold_columns(
    *folders: Path, probe: str = "trace", percentile: float = PERCENTILE
) -> pl.DataFrame:
    """``example_id``; ``aum``, the mean over the members that may judge it, without the first
    epoch; ``flagged_share``; ``flagged``, whether all of them flag it (none where nobody may judge
    it); and how many these are, ``members_judging``. A row per training example.

    ``folders`` are populations on ``ThresholdClass`` of the same data, one or two.
    ``UserError`` where one is on other data or has no threshold class, or where the traces do not
    say the same epochs or none after the first; ``RecordError`` for a population without the probe.
    """
    if not 0 < percentile < 100:
        raise UserError(f"percentile={percentile!r}: give a number between 0 and 100, as 99")
    values = [read_probe(folder, probe) for folder in folders]
    for folder, others in zip(folders, values, strict=True):
        _refuse_other(folders[0], values[0], folder, others)
    held = _thresholded(folders, values, percentile)
    judged_MN = ~held.threshold_MN
    aum_MN = np.where(judged_MN, aum_after_the_first(held.margin_MNE, held.epoch_E), np.nan)
    share_N = flagged_share.function(
        held.margin_MNE, held.epoch_E, held.threshold_MN, held.percentile
    )
    flagged = pl.Series("flagged", share_N == 1)
    return pl.DataFrame(
        {
            "example_id": values[0].example_id_N,
            "aum": mean_seen(aum_MN.T),
            "flagged_share": share_N,
            "flagged": flagged.set(pl.Series(np.isnan(share_N)), None),
            "members_judging": judged_MN.sum(axis=0),
        }
    )


def _refuse_other(first: Path, values: ProbeValues, folder: Path, others: ProbeValues) -> None:
    if "margin" not in others.values:
        raise UserError(
            f"{folder}: probe {others.name!r} has no margins of any member; name a trace, as "
            "Trace() of undertow.lab.probes makes it"
        )
    if not others.example_id_N.equals(values.example_id_N):
        raise UserError(
            f"{folder}: its training examples are not those of {first}; give populations on "
            "ThresholdClass(data, 'first') and ThresholdClass(data, 'second') of the same data"
        )
    if others.entry.epochs != values.entry.epochs or max(others.entry.epochs) < 2:
        raise UserError(
            f"{folder}: its trace has the epochs {_said(others)}, that of {first} {_said(values)}; "
            "give the same ones, some of them after the first, which AUM leaves out"
        )


def _said(values: ProbeValues) -> str:
    return ", ".join(map(str, values.entry.epochs))


def _thresholded(
    folders: Sequence[Path], values: Sequence[ProbeValues], percentile: float
) -> Thresholded:
    marks = [
        np.tile(_marked(folder), (len(each.members), 1))
        for folder, each in zip(folders, values, strict=True)
    ]
    return Thresholded(
        np.concatenate([each.values["margin"].astype(np.float64) for each in values]),
        np.asarray(values[0].entry.epochs),
        np.concatenate(marks),
        percentile,
    )


def _marked(folder: Path) -> Bools:
    train = trained_on(read_train(folder))
    if "threshold" not in train.columns:
        raise UserError(
            f"{folder}: its training examples have no column 'threshold'; train it on "
            "ThresholdClass(data) of undertow.lab.data"
        )
    return (train["threshold"] == "yes").to_numpy()
