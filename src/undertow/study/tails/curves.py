"""How probable the given labels of each tail became, epoch by epoch, in each member."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.audit.dynamics.instruments.rate import rate_of_learning
from undertow.records.probes import read_train, trained_on
from undertow.study.tails.separation import average_precision, held_out_area
from undertow.study.trained import Floats, Trained

NOISY, ATYPICAL, TYPICAL = range(3)
TAILS = ("noisy", "atypical", "typical")
CLEAN, SEEN = "trace-clean", "trace"
VIEWS = {CLEAN: "clean", SEEN: "seen"}
"""The probes, and what their passes are called: of the network after the epoch, without
augmentation; and of the step that learned from the example."""

Texts = NDArray[np.str_]
TailsOf = Callable[[pl.DataFrame], Texts]
"""From the training part to the tail of each example, empty for one that is in none."""


def declared(train: pl.DataFrame) -> Texts:
    """The tails that the data were made with."""
    return train["tail"].fill_null("").to_numpy().astype(np.str_)


class Curves(NamedTuple):
    """Of M members and the tails in the order of ``TAILS`` (G): the mean probability of the given
    label after each epoch; how well a low one finds a tail among all examples (average precision);
    the mean slope over the window, per epoch; and how well noisy is told from atypical on examples
    held out (AUROC), by the level over the window and by level and slope."""

    level_MGE: Floats
    precision_MGE: Floats
    slope_MG: Floats
    area_of_level_M: Floats
    area_of_both_M: Floats
    share_G: Floats
    """Of each tail among all examples: the average precision of a score that tells nothing."""
    epoch_E: NDArray[np.integer[Any]]


@cache
def curves(trained: Trained, view: str, warm: int, tails_of: TailsOf = declared) -> Curves:
    """One population by one of ``VIEWS``. The window is every epoch after the first ``warm``."""
    values = trained.probe(view)
    tail_N = tails_of(trained_on(read_train(trained.folder)))
    in_GN = np.stack([tail_N == tail for tail in TAILS])
    epoch_E = np.asarray(values.entry.epochs)
    each = [_member(loss_NE, in_GN, epoch_E, warm) for loss_NE in values.values["loss"]]
    level, precision, slope, alone, both = (np.stack(c) for c in zip(*each, strict=True))
    return Curves(level, precision, slope, alone, both, in_GN.mean(axis=1), epoch_E)


def _member(
    loss_NE: Floats, in_GN: NDArray[np.bool_], epoch_E: NDArray[np.integer[Any]], warm: int
) -> tuple[Floats, Floats, Floats, float, float]:
    """The first five of ``Curves``, of one member."""
    p_NE = np.exp(-loss_NE.astype(np.float64))
    window = (warm + 1, int(epoch_E[-1]))
    slope_N = rate_of_learning(p_NE[None], epoch_E, window)[0]
    mean_N = p_NE[:, epoch_E > warm].mean(axis=1)
    wrong_or_rare_N = in_GN[NOISY] | in_GN[ATYPICAL]
    feature_FN = np.stack([mean_N, slope_N])[:, wrong_or_rare_N]
    noisy_N = in_GN[NOISY][wrong_or_rare_N]
    return (
        np.stack([p_NE[in_N].mean(axis=0) for in_N in in_GN]),
        np.array([[average_precision(-p_N, in_N) for p_N in p_NE.T] for in_N in in_GN]),
        np.array([slope_N[in_N].mean() for in_N in in_GN]),
        held_out_area(feature_FN[:1], noisy_N),
        held_out_area(feature_FN, noisy_N),
    )


@cache
def augmented(trained: Trained, tails_of: TailsOf = declared) -> Floats:
    """(M, G, E): the share of each tail among what the epoch augmented, NaN where it augmented
    nothing."""
    mask_MNE = trained.probe("augmented").values["augmented"] == 1
    tail_N = tails_of(trained_on(read_train(trained.folder)))
    in_GN = np.stack([tail_N == tail for tail in TAILS]).astype(np.float64)
    count_ME = mask_MNE.sum(axis=1).astype(np.float64)
    count_ME[count_ME == 0] = np.nan
    share_MGE: Floats = np.stack([in_GN @ mask_NE for mask_NE in mask_MNE]) / count_ME[:, None]
    return share_MGE


@cache
def exposures(trained: Trained, tails_of: TailsOf = declared) -> tuple[float, ...]:
    """How often an epoch shows an image of each tail: 2 where it is there twice."""
    train = trained_on(read_train(trained.folder))
    if "cluster" not in train.columns:
        return (1.0,) * len(TAILS)
    count_N = train.select(pl.len().over("cluster")).to_series().to_numpy()
    tail_N = tails_of(train)
    return tuple(float(count_N[tail_N == tail].mean()) for tail in TAILS)
