"""``kinds_by_curve``: what kind of example each one is, by the loss curves of those that are known
(Metadata Archaeology, 2209.10015).

A curve is an example's loss after every epoch, the mean over members. The training data have
examples of known kinds in them (``Planted`` of ``undertow.lab.data``): half of them are references,
and the other half shows how often the same question is answered rightly about known ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from undertow.audit.dynamics.over_epochs import mean_seen
from undertow.audit.stats.share_limits import exact_limits
from undertow.errors import UserError
from undertow.records.probes import ProbeValues, read_probe, read_train, trained_on

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]

KIND, USE = "planted", "planted_for"
"""Slices of the training part, as ``lab/data/planted.py`` writes them."""
REFERENCE, VALIDATION = "reference", "validation"
BLOCK = 2048
"""Examples whose distances to all references are held at a time."""
LEVEL = 0.05


@dataclass(frozen=True, eq=False)
class Kinds:
    """``columns`` has a row per training example: ``example_id``, a column ``like_<kind>`` for each
    kind with the share of the nearest references that are of it, adding up to 1, and ``likeliest``,
    the kind with the largest, the first by name of equal ones. NaN and empty for references
    themselves and where an epoch has no loss.

    ``confusion`` has a row per kind of the validation examples: ``planted``, how many came out as
    each kind, and ``right``, the share that came out as what they are, with limits at 95 %
    (Clopper and Pearson) in ``right_low`` and ``right_high``.
    """

    columns: pl.DataFrame
    confusion: pl.DataFrame


def kinds_by_curve(folder: Path, probe: str = "trace-clean", k: int = 20) -> Kinds:
    """Ask each training example's ``k`` nearest references, by the Euclidean distance of whole
    curves, what they are; each has one voice, and of equally distant ones the first in the record
    has it.

    The trace should be clean: then references and all others are seen in the same way. Raises
    ``RecordError`` where it is not there, ``UserError`` where it is not of the training part or
    nothing is planted there, and for ``k`` below 1 or above the number of references.
    """
    values, train = read_probe(folder, probe), trained_on(read_train(folder))
    _check(folder, values, train)
    curve_NE = _curves(values)
    known_N = ~np.isnan(curve_NE).any(axis=1)
    planted_N, use_N = (train[name].to_numpy() for name in (KIND, USE))
    reference_K = np.flatnonzero((use_N == REFERENCE) & known_N)
    if not 1 <= k <= len(reference_K):
        raise UserError(
            f"k={k}: there are {len(reference_K)} references with a curve; give 1 to that many"
        )
    kinds, kind_K = np.unique(planted_N[reference_K].astype(str), return_inverse=True)
    asked_Q = np.flatnonzero(known_N & (use_N != REFERENCE))
    share_NC = np.full((len(curve_NE), len(kinds)), np.nan)
    nearest_QK = nearest(curve_NE[asked_Q], curve_NE[reference_K], k)
    voice_QKC = kind_K[nearest_QK][..., None] == np.arange(len(kinds))
    share_NC[asked_Q] = voice_QKC.mean(axis=1)
    found_N = np.full(len(curve_NE), -1)
    found_N[asked_Q] = share_NC[asked_Q].argmax(axis=1)
    told_Q = asked_Q[use_N[asked_Q] == VALIDATION]
    return Kinds(
        _columns(values.example_id_N, kinds, share_NC, found_N),
        _confusion(kinds, planted_N[told_Q].astype(str), found_N[told_Q]),
    )


def nearest(query_QE: Floats, reference_RE: Floats, k: int) -> Ints:
    """(Q, k): rows of the ``k`` nearest references by Euclidean distance, nearest first; of equal
    ones the first. Exact."""
    blocks = [
        np.argsort(cdist(block_BE, reference_RE), axis=1, kind="stable")[:, :k]
        for block_BE in np.split(query_QE, range(BLOCK, len(query_QE), BLOCK))
    ]
    return np.concatenate(blocks)


def _check(folder: Path, values: ProbeValues, train: pl.DataFrame) -> None:
    if values.entry.part != "train" or "loss" not in values.values or not values.members:
        raise UserError(
            f"{folder}: probe {values.name!r} has no losses of training examples; name one that "
            "Trace(clean=True) made, of members that are done"
        )
    if not {KIND, USE} <= set(train.columns):
        raise UserError(
            f"{folder}: its training part has no column {KIND!r}, so no example is known for what "
            "it is; train on Planted(data, scores)"
        )


def _curves(values: ProbeValues) -> Floats:
    """(N, E): means over the members that have a loss."""
    loss_MNE = values.values["loss"]
    loss_MNE = loss_MNE[:, :, None] if loss_MNE.ndim == 2 else loss_MNE
    return mean_seen(np.moveaxis(loss_MNE.astype(np.float64), 0, -1))


def _columns(ids: pl.Series, kinds: NDArray[Any], share_NC: Floats, found_N: Ints) -> pl.DataFrame:
    shares = {f"like_{kind.replace(' ', '_')}": share_NC[:, c] for c, kind in enumerate(kinds)}
    likeliest = [kinds[found] if found >= 0 else None for found in found_N.tolist()]
    return pl.DataFrame(
        {"example_id": ids, **shares, "likeliest": pl.Series(likeliest, dtype=pl.String)}
    )


def _confusion(kinds: NDArray[Any], planted_V: NDArray[Any], found_V: Ints) -> pl.DataFrame:
    of_V = np.searchsorted(kinds, planted_V)
    count_CC = np.zeros((len(kinds), len(kinds)), dtype=np.int64)
    np.add.at(count_CC, (of_V, found_V), 1)
    total_C = count_CC.sum(axis=1).astype(np.float64)
    right_C = np.where(total_C > 0, count_CC.diagonal() / np.maximum(total_C, 1), np.nan)
    limits = exact_limits(right_C, total_C, LEVEL / 2)
    counts = {str(kind): count_CC[:, c] for c, kind in enumerate(kinds)}
    return pl.DataFrame(
        {
            KIND: kinds,
            **counts,
            "right": right_C,
            "right_low": limits.low_G,
            "right_high": limits.high_G,
        }
    )
