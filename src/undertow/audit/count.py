"""How many examples changed their modal answer, and everything that must stand beside that
number."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from undertow.audit.exemplars import Exemplars
from undertow.audit.pair import Pair
from undertow.audit.result import ExemplarCount
from undertow.audit.stats.above_floor import above_floor
from undertow.audit.stats.ballots import modes
from undertow.records.records import Records

Floats = NDArray[np.floating[Any]]
SPLITS = 20
"""Random halvings averaged by the split-half floor and by cross-fitting."""


def exemplar_count(exemplars: Exemplars, changed_DG: Floats, taxicab_DG: Floats) -> ExemplarCount:
    """The count with its floor. Both arrays are draws of slice means with the whole as first
    column; in ``changed_DG`` a tied example counts as unchanged, so that a mean times the examples
    with votes is a count."""
    pair, n = exemplars.pair, exemplars.pair.reference.N
    count = above_floor(changed_DG[:, :1] * int(exemplars.voted_N.sum()), level=pair.settings.level)
    taxicab = above_floor(taxicab_DG[:, :1], level=pair.settings.level)
    before, after = crossfitted_accuracy(pair)
    # One reference member does not show how much members differ; nothing is more than chance then.
    told = 1.0 if pair.design.tells else float("nan")
    return ExemplarCount(
        observed=int(exemplars.changed_N.sum()),
        floor=float(count.floor_G[0]),
        floor_low=float(count.floor_low_G[0]),
        floor_high=float(count.floor_high_G[0]),
        p=told * float(count.p_G[0]),
        confirmed=int(exemplars.confirmed_N.sum()),
        tied=int((exemplars.tied_N & exemplars.voted_N).sum()),
        with_modes=int((~exemplars.tied_N).sum()),
        n_examples=n,
        mean_taxicab=float(taxicab.value_G[0]),
        mean_taxicab_floor=float(taxicab.floor_G[0]),
        mean_taxicab_p=told * float(taxicab.p_G[0]),
        split_half=split_half_count(pair.reference, pair.rng("split half")),
        reference_accuracy_on_exemplars=before,
        variant_accuracy_on_exemplars=after,
    )


def split_half_count(records: Records, rng: np.random.Generator) -> float:
    """Mean count of modal disagreements between two random halves of one population; NaN below four
    members.

    A floor that needs the reference alone. Halves are smaller than the population, so their modes
    are noisier and this floor is higher than that of two whole populations (cie-contrastive §8.13).
    """
    if records.M < 4:
        return float("nan")
    half = records.M // 2
    orders_SM = np.stack([rng.permutation(records.M) for _ in range(SPLITS)])
    first_NS, second_NS = (
        modes(records.pred_MN, _among(records.M, members_SM))
        for members_SM in (orders_SM[:, :half], orders_SM[:, half : 2 * half])
    )
    return float(_changed(first_NS, second_NS).sum(axis=0).mean())


def crossfitted_accuracy(pair: Pair) -> tuple[float, float]:
    """Accuracy of both populations on exemplars, measured on members that took no part in choosing
    them.

    Choosing examples on which the reference is split makes the reference look bad on them by
    selection alone (its accuracy on them is lowest in a null comparison). So half of the members of
    each side choose, the other half are scored, and the roles are swapped, over random halvings.
    NaN below two members a side or without exemplars.
    """
    m_ref, m_var = pair.reference.M, pair.variant.M
    if min(m_ref, m_var) < 2:
        return float("nan"), float("nan")
    rng = pair.rng("cross-fit")
    orders = []
    for _ in range(SPLITS):
        order_ref = rng.permutation(m_ref)
        orders.append((order_ref, order_ref if pair.paired else rng.permutation(m_var)))
    ref_MS, var_MS = (_halves(np.stack(orders_SM)) for orders_SM in zip(*orders, strict=True))
    chosen_NS = _changed(modes(pair.reference.pred_MN, ref_MS), modes(pair.variant.pred_MN, var_MS))
    scored_S2 = np.column_stack(
        [_accuracy(pair.reference, ~ref_MS, chosen_NS), _accuracy(pair.variant, ~var_MS, chosen_NS)]
    )
    known_S2 = scored_S2[~np.isnan(scored_S2).any(axis=1)]
    if len(known_S2) == 0:
        return float("nan"), float("nan")
    before, after = known_S2.mean(axis=0)
    return float(before), float(after)


def _among(members: int, index_SK: NDArray[np.integer[Any]]) -> NDArray[np.bool_]:
    """Which members each of S lists of members names: (M, S)."""
    named_MS = np.zeros((members, len(index_SK)), dtype=np.bool_)
    named_MS[index_SK, np.arange(len(index_SK))[:, None]] = True
    return named_MS


def _halves(orders_SM: NDArray[np.integer[Any]]) -> NDArray[np.bool_]:
    """The first half of each order, and then the other half of each: (M, 2S)."""
    members = orders_SM.shape[1]
    half_MS = _among(members, orders_SM[:, : -(-members // 2)])
    return np.hstack([half_MS, ~half_MS])


def _changed(before_NS: NDArray[Any], after_NS: NDArray[Any]) -> NDArray[np.bool_]:
    return np.asarray((before_NS >= 0) & (after_NS >= 0) & (before_NS != after_NS))


def _accuracy(
    records: Records, scoring_MS: NDArray[np.bool_], chosen_NS: NDArray[np.bool_]
) -> Floats:
    """(S,): share of right answers of the scoring members on the chosen examples, NaN where there
    are none."""
    weight_MS = scoring_MS.astype(np.float32)
    right_NS, known_NS = (
        side_MN.T.astype(np.float32) @ weight_MS
        for side_MN in (np.nan_to_num(records.correct_MN), ~np.isnan(records.correct_MN))
    )
    right_S, known_S = (
        np.where(chosen_NS, side_NS, 0).sum(axis=0, dtype=np.float64)
        for side_NS in (right_NS, known_NS)
    )
    accuracy_S: Floats = np.divide(
        right_S, known_S, out=np.full(len(known_S), np.nan), where=known_S > 0
    )
    return accuracy_S
