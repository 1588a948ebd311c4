"""How many examples changed their modal answer, and everything that must stand beside that number."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from undertow.audit.exemplars import Exemplars
from undertow.audit.measures.modal import modal_labels
from undertow.audit.pair import Pair
from undertow.audit.result import ExemplarCount
from undertow.audit.stats.above_floor import above_floor
from undertow.records.records import Records

Floats = NDArray[np.floating[Any]]
SPLITS = 20
"""Random halvings averaged by the split-half floor and by cross-fitting."""


def exemplar_count(exemplars: Exemplars, changed_DG: Floats, taxicab_DG: Floats) -> ExemplarCount:
    """The count with its floor. Both arrays are draws of slice means with the whole as first column; in
    ``changed_DG`` a tied example counts as unchanged, so that a mean times N is a count."""
    pair, n = exemplars.pair, exemplars.pair.reference.N
    count = above_floor(changed_DG[:, :1] * n, level=pair.settings.level)
    taxicab = above_floor(taxicab_DG[:, :1], level=pair.settings.level)
    before, after = crossfitted_accuracy(pair)
    return ExemplarCount(
        observed=int(exemplars.changed_N.sum()),
        floor=float(count.floor_G[0]),
        floor_low=float(count.floor_low_G[0]),
        floor_high=float(count.floor_high_G[0]),
        p=float(count.p_G[0]),
        confirmed=int(exemplars.confirmed_N.sum()),
        tied=int(exemplars.tied_N.sum()),
        n_examples=n,
        mean_taxicab=float(taxicab.value_G[0]),
        mean_taxicab_floor=float(taxicab.floor_G[0]),
        mean_taxicab_p=float(taxicab.p_G[0]),
        split_half=split_half_count(pair.reference, pair.rng("split half")),
        reference_accuracy_on_exemplars=before,
        variant_accuracy_on_exemplars=after,
    )


def split_half_count(records: Records, rng: np.random.Generator) -> float:
    """Mean count of modal disagreements between two random halves of one population; NaN below four members.

    A floor that needs the reference alone. Halves are smaller than the population, so their modes are noisier and
    this floor is higher than that of two whole populations (cie-contrastive §8.13).
    """
    if records.M < 4:
        return float("nan")
    counts = []
    for _ in range(SPLITS):
        order = rng.permutation(records.M)
        half = records.M // 2
        counts.append(int(_changed(records, records, order[:half], order[half : 2 * half]).sum()))
    return float(np.mean(counts))


def crossfitted_accuracy(pair: Pair) -> tuple[float, float]:
    """Accuracy of both populations on exemplars, measured on members that took no part in choosing them.

    Choosing examples on which the reference is split makes the reference look bad on them by selection alone (its
    accuracy on them is lowest in a null comparison). So half of the members of each side choose, the other half are
    scored, and the roles are swapped, over random halvings. NaN below two members a side or without exemplars.
    """
    m_ref, m_var = pair.reference.M, pair.variant.M
    if min(m_ref, m_var) < 2:
        return float("nan"), float("nan")
    rng = pair.rng("cross-fit")
    scores: list[tuple[float, float]] = []
    for _ in range(SPLITS):
        order_ref = rng.permutation(m_ref)
        order_var = order_ref if pair.paired else rng.permutation(m_var)
        ref_halves, var_halves = np.array_split(order_ref, 2), np.array_split(order_var, 2)
        for choose, score in ((0, 1), (1, 0)):
            chosen_N = _changed(pair.reference, pair.variant, ref_halves[choose], var_halves[choose])
            scores.append(
                (
                    _accuracy(pair.reference.correct_MN[ref_halves[score]][:, chosen_N]),
                    _accuracy(pair.variant.correct_MN[var_halves[score]][:, chosen_N]),
                )
            )
    known = [s for s in scores if not np.isnan(s).any()]
    if not known:
        return float("nan"), float("nan")
    before, after = np.mean(known, axis=0)
    return float(before), float(after)


def _changed(
    first: Records, second: Records, members_first: NDArray[Any], members_second: NDArray[Any]
) -> NDArray[np.bool_]:
    a, b = (
        modal_labels(records.take_members(members).votes_NC, ties="undefined")
        for records, members in ((first, members_first), (second, members_second))
    )
    return np.asarray((a >= 0) & (b >= 0) & (a != b))


def _accuracy(correct_MN: Floats) -> float:
    known = ~np.isnan(correct_MN)
    return float(correct_MN[known].mean()) if known.any() else float("nan")
