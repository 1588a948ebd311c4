"""Members that are no more than one model: copied files, and repeat runs that hardly differ.

Members are the unit of replication, so four copies of a model look like four times the evidence.
Whether two members are right and wrong on the same examples is measured by their error consistency
(Geirhos et al. 2020: Cohen's kappa of being right; for grades Lin's concordance, which is the same
on 0 and 1): 0 for members that err independently, 1 for copies. Networks trained from different
seeds reach .5 to .7; ``CONSISTENT`` is more than separately trained members are taken to be capable
of. Members above it *for certain* are repeats of one model.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components
from scipy.special import betainccinv

from undertow.audit.design import scope_of
from undertow.audit.settings import Scope, Settings
from undertow.records.records import Records

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]

CONSISTENT = 0.75
"""Error consistency that members trained apart do not exceed."""
ERROR_RATE = 0.01
"""How often, at most, members of exactly this consistency are called copies anywhere on a side."""


class Distinct(NamedTuple):
    """Both sides as they may be compared, to what the verdict then generalises, and what was found,
    in sentences."""

    reference: Records
    variant: Records
    scope: Scope
    said: tuple[str, ...]


def distinct(
    reference: Records,
    variant: Records,
    *,
    paired: bool,
    settings: Settings,
    clusters: int | None = None,
) -> Distinct:
    """Each model once where members replicate; all its runs where examples do.

    ``clusters`` is the number of clusters of examples, where they are not independent. A pair is a
    copy of another where both of its members are.
    """
    sides = (reference, variant)
    apart = settings.members_apart
    model_SM = [models_of(side, clusters, apart=apart) for side in sides]
    if paired:
        both = np.unique(np.stack(model_SM), axis=1, return_inverse=True)[1].ravel()
        model_SM = [both, both]
    scope = scope_of(settings, *(int(model_M.max()) + 1 for model_M in model_SM))
    said = [
        _said(side, model_M)
        for side, model_M in zip(sides, model_SM, strict=True)
        if model_M.max() + 1 < side.M
    ]
    kept = [
        side
        if scope == "examples" and model_M.max() == 0
        else side.take_members(np.unique(model_M, return_index=True)[1])
        for side, model_M in zip(sides, model_SM, strict=True)
    ]
    # Repeat runs beside a single model are averaged anyway: nothing to tell.
    alike = scope == scope_of(settings, reference.M, variant.M) and [side.M for side in kept] == [
        s.M for s in sides
    ]
    return Distinct(kept[0], kept[1], scope, () if alike else tuple(said))


def models_of(records: Records, clusters: int | None = None, *, apart: bool = False) -> Ints:
    """(M,): which model each member is a run of, numbered in the order in which they first appear.

    Members that gave the same answers to everything are one model. Others are, where they are
    consistent beyond what members trained ``apart`` can be, unless these are known to be. Members
    that the record itself knows to be trained from seeds of their own must be both, as a small or
    easy test set may not tell them apart.
    """
    members = records.M
    if members < 2:
        return np.zeros(members, dtype=np.intp)
    alike_MM = _equal(records) & ~(
        _never_wrong(records)[:, None] & ~np.eye(members, dtype=np.bool_)
    )
    if _trained_apart(records):
        alike_MM &= _consistent(records, clusters) if records.outcome_known else alike_MM
    elif records.outcome_known and not apart:
        alike_MM |= _consistent(records, clusters)
    label_M = connected_components(sp.csr_array(alike_MM), directed=False)[1]
    first_M = np.unique(label_M, return_index=True)[1]
    order = np.argsort(np.argsort(first_M))
    return np.asarray(order[label_M], dtype=np.intp)


def _never_wrong(records: Records) -> NDArray[np.bool_]:
    """Members that are right on everything, which tells nothing about how they were trained."""
    return np.asarray(
        (np.nan_to_num(records.correct_MN, nan=1.0) == 1).all(axis=1) & records.outcome_known
    )


def _trained_apart(records: Records) -> bool:
    """The record itself says so: trained here, each member from seeds of its own."""
    seeds = [tuple(sorted(m.seeds.items())) for m in records.members]
    return bool(records.manifest.recipe) and len(set(seeds)) == len(seeds)


def _consistent(records: Records, clusters: int | None) -> NDArray[np.bool_]:
    """Which two members are consistent beyond ``CONSISTENT``, shown at the error rate over all
    pairs of the side."""
    known_MN = (~np.isnan(records.correct_MN)).astype(np.float64)
    right_MN = np.where(known_MN > 0, records.correct_MN, 0).astype(np.float64)
    members = len(right_MN)
    # Each two members are compared on the examples on which both have an outcome.
    n_MM = known_MN @ known_MN.T
    some_MM = np.maximum(n_MM, 1)
    square_MM, mean_MM = right_MN**2 @ known_MN.T / some_MM, right_MN @ known_MN.T / some_MM
    apart_MM = square_MM + square_MM.T - 2 * (right_MN @ right_MN.T) / some_MM
    chance_MM = square_MM + square_MM.T - 2 * mean_MM * mean_MM.T
    units_MM = some_MM if clusters is None else np.minimum(clusters, some_MM)
    level = ERROR_RATE / (members * (members - 1) / 2)
    count_MM = np.clip(apart_MM, 0.0, 1.0) * units_MM
    most_MM = np.nan_to_num(
        betainccinv(count_MM + 1, np.maximum(units_MM - count_MM, 1e-9), level), nan=1.0
    )
    alike_MM = (most_MM < (1 - CONSISTENT) * chance_MM) & (n_MM > 1)
    return np.asarray(alike_MM | np.eye(members, dtype=np.bool_))


def _equal(records: Records) -> NDArray[np.bool_]:
    """Which two members gave the same answer to every example."""
    pred_MN = np.ascontiguousarray(records.pred_MN)
    like_M = np.unique(
        pred_MN.view(np.dtype((np.void, pred_MN.dtype.itemsize * records.N))).ravel(),
        return_inverse=True,
    )[1]
    same_MM: NDArray[np.bool_] = like_M[:, None] == like_M
    if records.score_MN is not None:
        same_MM &= np.array(
            [
                [np.array_equal(a, b, equal_nan=True) for b in records.score_MN]
                for a in records.score_MN
            ]
        )
    return same_MM


def _said(records: Records, model_M: Ints) -> str:
    models = int(model_M.max()) + 1
    what = "1 model" if models == 1 else f"{models} models"
    equal = models == len(np.unique(np.argmax(_equal(records), axis=1)))
    told = (
        "they are right and wrong on the same examples more often than members trained apart "
        f"(error consistency above {CONSISTENT:g}, tested at {ERROR_RATE:.0%})"
        if records.outcome_known and not equal
        else "they gave the same answer to every example"
    )
    way_on = "" if equal else " If they were trained apart, say so with --members-apart."
    return (
        f"The {records.M} members of {records.name!r} count as repeat runs of {what}: "
        f"{told}.{way_on}"
    )
