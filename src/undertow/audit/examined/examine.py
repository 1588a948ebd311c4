"""From a trace to a verdict for each example, and how much that can be trusted."""

from __future__ import annotations

from dataclasses import astuple, dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from undertow.audit.examined.became_right import recall_of
from undertow.audit.examined.believed import (
    LISTED,
    Believed,
    Range,
    any_of,
    believed,
    best_window,
    without_wrong,
)
from undertow.audit.examined.called import Called, Reason, Verdict, called_by
from undertow.audit.examined.confused import Confusion, has_two_classes
from undertow.audit.examined.evidence import Evidence, evidence_of, standing_of
from undertow.audit.examined.mixture import Mixture, bins_of
from undertow.audit.examined.planted import (
    FEWEST,
    Calibrated,
    Unshown,
    calibrated,
    unshown_of,
)
from undertow.audit.examined.windows import (
    FEWEST_EPOCHS,
    FEWEST_EXAMPLES,
    FEWEST_LOOKS,
    able_windows,
    looks_of,
    seen_epochs,
)
from undertow.records.probes import ProbeValues

Floats = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]
FIT = 0.05
"""Cohen's kappa of labels and answers, in the epoch where it is largest, below which answers do not
go with the labels at all."""
Why = Literal["", "examples", "epochs", "looks", "no fit", "no group"]


@dataclass(frozen=True, eq=False)
class Examined:
    """Verdicts of N examples. ``believed_N3`` is what is believed of each: mislabelled, atypical,
    typical; NaN where nothing is. ``known_wrong_N`` are those of whom the record knows that their
    label is wrong; they calibrate and are in no list. Where they do not stand worse than the
    others, ``unshown`` says so and none is taken as known. ``why`` says why no example is called
    mislabelled: too few examples, epochs or looks, answers that do not go with the labels, or no
    group that is told from rare examples. ``reason_N`` says of each example why it cannot be
    told."""

    evidence: Evidence
    verdict_N: NDArray[np.object_]
    reason_N: NDArray[np.object_]
    believed_N3: Floats
    known_wrong_N: Mask
    unshown: Unshown | None
    why: Why
    alone: Believed | None
    calibrated: Calibrated | None
    confusions: tuple[Confusion, ...]
    in_bulk: int
    two_classes: bool
    share: Range
    """Of wrong labels among those that are not known to be wrong."""

    def count(self, verdict: Verdict) -> int:
        """Without those that are known to be wrong."""
        return int((self.verdict_N[~self.known_wrong_N] == verdict).sum())

    def untold(self, reason: Reason) -> int:
        """How many cannot be told for this reason, without those that are known to be wrong."""
        return int((self.reason_N[~self.known_wrong_N] == reason).sum())

    @property
    def expected(self) -> tuple[Range, Range] | None:
        """Precision and recall of the list; ``None`` where there is none."""
        told = self.calibrated or self.alone
        return None if told is None else (told.precision, told.recall)


def examine(values: ProbeValues, known_wrong_N: Mask | None = None) -> Examined:
    """Verdicts by the mixture over how labels stand, calibrated where at least ``FEWEST`` labels
    are known to be wrong, and are shown to stand worse than the others. Where no window tells a
    group, or what the best one tells is no group of one answer, all epochs are looked at: the first
    few of members that learn slowly say little of any example."""
    none_N = np.zeros(len(values.label_N), dtype=np.bool_)
    known_N = none_N if known_wrong_N is None else known_wrong_N
    why = _too_little(values)
    if why:
        return _untold(values, evidence_of(values, len(values.entry.epochs)), known_N, why)
    windows = able_windows(values)
    standing_EN = [standing_of(values, epochs) for epochs in windows]
    seen_N = ~np.isnan(standing_EN[0])
    at, mixture = best_window([standing_N[seen_N] for standing_N in standing_EN])
    evidence = evidence_of(values, windows[at])
    if mixture is not None and not one_answer(evidence, mixture.posterior_BK):
        evidence, mixture = evidence_of(values, windows[-1]), None
    unshown = unshown_of(evidence.standing_N, known_N)
    if unshown is not None:
        return replace(_by_mixture(values, evidence, none_N, mixture), unshown=unshown)
    return _by_mixture(values, evidence, known_N, mixture)


def _by_mixture(
    values: ProbeValues, evidence: Evidence, known_N: Mask, mixture: Mixture | None
) -> Examined:
    if int((~np.isnan(evidence.standing_N) & ~known_N).sum()) < FEWEST_EXAMPLES:
        return _untold(values, evidence, known_N, "examples")
    if mixture is None:
        return _untold(values, evidence, known_N, "no group")
    return _told(values, evidence, known_N, mixture)


def _told(values: ProbeValues, evidence: Evidence, known_N: Mask, mixture: Mixture) -> Examined:
    seen_N = ~np.isnan(evidence.standing_N)
    standing, known = evidence.standing_N[seen_N], known_N[seen_N]
    alone, by_known = believed(standing, mixture), None
    classes = len(np.unique(values.label_N[values.label_N >= 0]))
    if int(known.sum()) >= FEWEST:
        by_known = calibrated(standing, known, mixture, classes)
    believed_N3 = _by_example(evidence, (by_known or alone).posterior_BK)
    called = called_by(values, evidence, believed_N3)
    if by_known is None:
        alone = _of_list(alone, believed_N3, called)
        return _examined(values, evidence, known_N, believed_N3, called, "", alone, None)
    listed_N = called.listed_N
    by_known = replace(by_known, precision=_precision(believed_N3[listed_N & ~known_N, 0]))
    found = _examined(values, evidence, known_N, believed_N3, called, "", alone, by_known)
    hits = int((listed_N & known_N).sum())
    recall = recall_of(hits, by_known.known, found.share, classes)
    return replace(found, calibrated=replace(by_known, recall=recall))


def _untold(values: ProbeValues, evidence: Evidence, known_N: Mask, why: Why) -> Examined:
    """Where no wrong labels are told, typical and atypical still may be."""
    seen_N = ~np.isnan(evidence.standing_N)
    believed_N3 = np.full((len(seen_N), 3), np.nan)
    if why == "no group":
        believed_N3 = _by_example(evidence, without_wrong(evidence.standing_N[seen_N]))
    called = called_by(values, evidence, believed_N3)
    return _examined(values, evidence, known_N, believed_N3, called, why, None, None)


def one_answer(evidence: Evidence, posterior_BK: Floats) -> bool:
    """Whether those that are believed wrong are answered as one other class in most of their looks,
    as the median of them is: members that know little lose labels too, to any class."""
    seen_N = ~np.isnan(evidence.standing_N)
    low = posterior_BK[bins_of(evidence.standing_N[seen_N]), 0] > LISTED
    return bool(np.median(np.nan_to_num(evidence.instead_share_N[seen_N][low])) > LISTED)


def _examined(
    values: ProbeValues,
    evidence: Evidence,
    known_N: Mask,
    believed_N3: Floats,
    called: Called,
    why: Why,
    alone: Believed | None,
    by_known: Calibrated | None,
) -> Examined:
    asked_N = ~known_N & ~np.isnan(evidence.standing_N)
    left = int((called.unsure_N & asked_N).sum()) / max(int(asked_N.sum()), 1)
    told = by_known or alone
    return Examined(
        evidence,
        called.verdict_N,
        called.reason_N,
        believed_N3,
        known_N,
        None,
        why,
        alone,
        by_known,
        called.pairs,
        int((called.bulk_N & asked_N).sum()),
        has_two_classes(values.label_N, evidence),
        _share(None if told is None else told.share, left),
    )


def _of_list(alone: Believed, believed_N3: Floats, called: Called) -> Believed:
    """Where examples were taken from the list since they cannot be told."""
    listed_K, low_K = believed_N3[called.listed_N, 0], believed_N3[called.low_N, 0]
    kept = float(listed_K.sum()) / max(float(low_K.sum()), 1e-9)
    recall = Range(*(kept * limit for limit in astuple(alone.recall)))
    return replace(alone, precision=_precision(listed_K), recall=recall)


def _precision(believed_K: Floats) -> Range:
    """Of what is listed in the end."""
    return any_of(float(believed_K.mean()) if len(believed_K) else np.nan)


def _share(told: Range | None, left: float) -> Range:
    """The upper limit takes all as wrong that cannot be told. Where no wrong labels are told there
    is none: weak members give the same picture as right labels."""
    if told is None:
        return Range(np.nan, 0.0, 1.0)
    return Range(told.value, told.low, min(told.high + left, 1.0))


def _by_example(evidence: Evidence, posterior_BK: Floats) -> Floats:
    """(N, 3): what is believed of each, NaN where it was not seen."""
    seen_N = ~np.isnan(evidence.standing_N)
    believed_N3 = np.full((len(seen_N), 3), np.nan)
    believed_N3[seen_N] = posterior_BK[bins_of(evidence.standing_N[seen_N])]
    return believed_N3


def _too_little(values: ProbeValues) -> Why:
    looks_N = looks_of(values, len(values.entry.epochs))
    if int((looks_N > 0).sum()) < FEWEST_EXAMPLES:
        return "examples"
    if len(seen_epochs(values)) < FEWEST_EPOCHS:
        return "epochs"
    if int((looks_N >= FEWEST_LOOKS).sum()) < FEWEST_EXAMPLES:
        return "looks"
    return "no fit" if fit_of(values) < FIT else ""


def fit_of(values: ProbeValues) -> float:
    """Cohen's kappa of labels and answers over members, in the epoch where it is largest: 0 where
    answers have nothing to do with labels, as where ids are mixed up, 1 where they are the same."""
    found, predicted_MNE = [0.0], values.values["predicted"]
    for e in range(predicted_MNE.shape[2]):
        answer_MN = predicted_MNE[:, :, e]
        seen_MN = (answer_MN >= 0) & (values.label_N >= 0)
        answer_K = answer_MN[seen_MN].astype(np.int64)
        label_K = np.broadcast_to(values.label_N, answer_MN.shape)[seen_MN]
        if not len(answer_K):
            continue
        classes = int(max(answer_K.max(), label_K.max())) + 1
        shares = [np.bincount(k, minlength=classes) / len(k) for k in (answer_K, label_K)]
        chance, same = float(shares[0] @ shares[1]), float((answer_K == label_K).mean())
        found.append((same - chance) / (1 - chance) if chance < 1 else 0.0)
    return max(found)
