"""What most members answer to an example, and how many of them do: what prediction depth is set
beside in 2106.09647. No trace is needed, only answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.audit.measures.modal import modal_labels
from undertow.records.records import Records

CONSENSUS = ("consensus_accuracy", "consensus_consistency")
"""Columns that any population tells."""
Floats = NDArray[np.floating[Any]]


def consensus_class(votes_NC: NDArray[np.integer[Any]]) -> NDArray[np.int32]:
    """(N,): the class that most members answered; −1 where several were answered equally often, or
    nobody answered."""
    return modal_labels(votes_NC)


def consensus_consistency(votes_NC: NDArray[np.integer[Any]]) -> Floats:
    """(N,): the share of the answers that are the most frequent class, from 1/C to 1; NaN where
    nobody answered. Tied classes have the same share, so it is defined there too."""
    return _share(votes_NC.max(axis=1), votes_NC)


def consensus_accuracy(
    votes_NC: NDArray[np.integer[Any]], label_N: NDArray[np.integer[Any]]
) -> Floats:
    """(N,): the share of the answers that are the label; NaN where nobody answered or there is no
    label."""
    right_N = np.take_along_axis(votes_NC, np.maximum(label_N, 0)[:, None], axis=1)[:, 0]
    return np.where(label_N >= 0, _share(right_N, votes_NC), np.nan)


def _share(count_N: NDArray[np.integer[Any]], votes_NC: NDArray[np.integer[Any]]) -> Floats:
    total_N = votes_NC.sum(axis=1)
    share_N: Floats = np.where(total_N > 0, count_N / np.maximum(total_N, 1), np.nan)
    return share_N


def consensus_columns(records: Records) -> pl.DataFrame:
    """``example_id``, ``consensus`` (a class in words, none where it is tied),
    ``consensus_consistency`` and ``consensus_accuracy``, a row per example."""
    votes_NC = np.asarray(records.votes_NC.toarray())
    class_N = consensus_class(votes_NC)
    names = [records.answer_classes[c] if c >= 0 else None for c in class_N]
    return pl.DataFrame(
        {
            "example_id": records.example_id_N,
            "consensus": pl.Series(names, dtype=pl.String),
            "consensus_consistency": consensus_consistency(votes_NC),
            "consensus_accuracy": consensus_accuracy(votes_NC, records.label_N),
        }
    )
