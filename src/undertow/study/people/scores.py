"""Scores of test examples by what populations made of them, for studies that set them beside what
else is known of the examples. Larger is harder."""

from __future__ import annotations

import numpy as np

from undertow.audit.dynamics.columns import example_columns
from undertow.audit.dynamics.instruments import aum, el2n, forgetting
from undertow.audit.measures.modal import modal_disagreement
from undertow.audit.measures.taxicab import taxicab_of_votes
from undertow.records.records import Records
from undertow.study.trained import Floats, Trained

TAXICAB, MODAL = "Taxicab distance", "modal disagreement"
DEPTH, ENTROPY, LOSS = "prediction depth", "entropy", "loss"
TOLD = {"EL2N": el2n, "AUM, negated": aum, "forgetting events": forgetting}
OF_PAIRS, OF_MEMBERS, UNCERTAINTY = (TAXICAB, MODAL), (DEPTH, *TOLD), (ENTROPY, LOSS)


def score_of(name: str, reference: Trained, arm: Trained) -> Floats:
    """(N,): one of ``OF_PAIRS`` between both populations, or of ``OF_MEMBERS`` or ``UNCERTAINTY``,
    the mean over the arm's members. NaN where undefined.

    Those of ``OF_MEMBERS`` need the probes ``PredictionDepth(part="test")`` and ``Trace(clean=True,
    part="test")``: what training made of examples that no step learned from.
    """
    if name in OF_PAIRS:
        return _of_pair(name, reference.records, arm.records)
    if name in UNCERTAINTY:
        return _uncertainty(name, arm.records)
    if name == DEPTH:
        return arm.columns("prediction-depth-test")["depth"].to_numpy()
    told = TOLD[name]
    value_N = example_columns(arm.folder, "trace-test", instruments=(told,))[told.card.name]
    return (-1 if told.card.hard == "low" else 1) * value_N.to_numpy()


def _of_pair(name: str, reference: Records, variant: Records) -> Floats:
    if name == TAXICAB:
        distance_N = taxicab_of_votes(reference.votes_NC, variant.votes_NC)
        voted = [side.votes_NC.sum(axis=1) > 0 for side in (reference, variant)]
        return np.where(voted[0] & voted[1], distance_N, np.nan)
    share_NC, other_NC = (side.votes_NC.toarray() / side.M for side in (reference, variant))
    nobody_NC = np.zeros(share_NC.shape, dtype=bool)  # it does not read the truth
    return np.asarray(modal_disagreement(share_NC, other_NC, nobody_NC), dtype=np.float64)


def _uncertainty(name: str, records: Records) -> Floats:
    """In nats; a probability of 0 counts as the least that float32 holds."""
    p_MNC, p_MN = records.proba_MNC, records.p_label_MN
    if p_MNC is None or p_MN is None:
        raise KeyError(f"{records.name!r} has no probabilities")
    least = np.finfo(np.float32).tiny
    if name == LOSS:
        return np.asarray(-np.log(np.maximum(p_MN.astype(np.float64), least)).mean(axis=0))
    p_MNC = np.maximum(p_MNC.astype(np.float64), least)
    return np.asarray(-(p_MNC * np.log(p_MNC)).sum(axis=-1).mean(axis=0))
