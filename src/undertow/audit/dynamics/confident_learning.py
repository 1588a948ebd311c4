"""Confident learning (1911.00068) on out-of-fold probabilities, by cleanlab: how plausible each
given label is, and which labels are taken for wrong.

Scores have cards like those of instruments. cleanlab is an extra and loaded when it is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.audit.dynamics.instrument import Instrument, instrument
from undertow.audit.dynamics.out_of_fold import OutOfFold, out_of_fold
from undertow.errors import UserError, install

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]
Score = Literal["self_confidence", "normalized_margin", "confidence_weighted_entropy"]

FILTERS = (
    "predicted_neq_given",
    "confident_learning",
    "prune_by_class",
    "prune_by_noise_rate",
    "both",
)
"""Of ``cleanlab.filter.find_label_issues``: in the paper argmax, C, PBC, PBNR and C+NR."""
UNDEFINED = (
    "no member that never learned from it gave it probabilities, it has no label, or all labels "
    "are one class"
)
PROBES = (
    "LearnedFrom() and TrainingProbabilities() beside the intervention Folds(4); two forward "
    "passes, and as many members as folds"
)


@instrument(
    title="Self-confidence",
    range=(0.0, 1.0),
    hard="low",
    high="members that never learned from it give its label all probability",
    low="they give it none: the label is wrong, or the example atypical",
    undefined=UNDEFINED,
    trace=PROBES,
    paper="1911.00068 (self-confidence; computed by cleanlab)",
)
def self_confidence(p_NC: Floats, label_N: Ints) -> Floats:
    """(N,): the probability of the label."""
    return _scores(p_NC, label_N, "self_confidence")


@instrument(
    title="Normalised margin",
    range=(0.0, 1.0),
    hard="low",
    high="its label is far more probable than any other class",
    low="another class is far more probable; at .5 one is as probable",
    undefined=UNDEFINED,
    trace=PROBES,
    paper="1911.00068 (normalised margin; computed by cleanlab, which maps it to 0 … 1)",
)
def normalized_margin(p_NC: Floats, label_N: Ints) -> Floats:
    """(N,): (1 + the probability of the label less the largest other) / 2."""
    return _scores(p_NC, label_N, "normalized_margin")


@instrument(
    title="Confidence-weighted entropy",
    range=(0.0, 1.0),
    hard="low",
    high="the probabilities are sure of the label",
    low="they are unsure, or sure of another class",
    undefined=UNDEFINED,
    trace=PROBES,
    paper="1911.00068 (normalised entropy over self-confidence x; cleanlab gives log(1 + x) / x, "
    "which turns the order round)",
)
def confidence_weighted_entropy(p_NC: Floats, label_N: Ints) -> Floats:
    """(N,): a falling function of the entropy, normalised, over the probability of the label."""
    return _scores(p_NC, label_N, "confidence_weighted_entropy")


@instrument(
    title="Adjusted self-confidence",
    range=(0.0, 1.0),
    hard="low",
    high="its label is more probable than that class is where it is given",
    low="less probable than where that class is given: wrong, or atypical",
    undefined=UNDEFINED,
    trace=PROBES,
    paper="1911.00068 (self-confidence of p less each class's threshold, plus the largest "
    "threshold, scaled to a sum of 1; computed by cleanlab)",
    pooled=True,
)
def adjusted_self_confidence(p_NC: Floats, label_N: Ints) -> Floats:
    """(N,): self-confidence of probabilities that allow for classes which are less sure of
    themselves."""
    return _scores(p_NC, label_N, "self_confidence", adjusted=True)


@instrument(
    title="Adjusted normalised margin",
    range=(0.0, 1.0),
    hard="low",
    high="its label is far more probable than any other class, as classes go",
    low="another class is far more probable, as classes go",
    undefined=UNDEFINED,
    trace=PROBES,
    paper="1911.00068 (normalised margin of p less each class's threshold, plus the largest "
    "threshold, scaled to a sum of 1; computed by cleanlab)",
    pooled=True,
)
def adjusted_normalized_margin(p_NC: Floats, label_N: Ints) -> Floats:
    """(N,): the normalised margin of probabilities that allow for classes which are less sure of
    themselves."""
    return _scores(p_NC, label_N, "normalized_margin", adjusted=True)


def all_confident() -> tuple[Instrument, ...]:
    """Every score of out-of-fold probabilities, by name."""
    return (
        adjusted_normalized_margin,
        adjusted_self_confidence,
        confidence_weighted_entropy,
        normalized_margin,
        self_confidence,
    )


def label_issues(p_NC: Floats, label_N: Ints, by: str = "prune_by_noise_rate") -> NDArray[np.bool_]:
    """(N,): which labels cleanlab's filter ``by`` takes for wrong; none where nothing is known.
    ``UserError`` for a filter that there is not."""
    if by not in FILTERS:
        raise UserError(f"by={by!r}: there is no such filter; choose one of {', '.join(FILTERS)}")
    issue_N: NDArray[np.bool_] = np.zeros(len(label_N), dtype=bool)
    known_N = _known(p_NC, label_N)
    if known_N.any():
        issue_N[known_N] = _cleanlab().filter.find_label_issues(
            label_N[known_N], p_NC[known_N], filter_by=by, n_jobs=1
        )
    return issue_N


def confident_columns(folder: Path, filters: Sequence[str] = FILTERS) -> pl.DataFrame:
    """``example_id``; the five scores; for each of ``filters`` whether it takes the label for wrong
    (none where nothing is known); and how many members never learned from the example and answered
    it, ``members_held_out``. A row per training example. Raises as ``out_of_fold``, and
    ``UserError`` where cleanlab is not installed."""
    return confident_columns_of(out_of_fold(folder), filters)


def confident_columns_of(held: OutOfFold, filters: Sequence[str] = FILTERS) -> pl.DataFrame:
    """The same of what is read already."""
    scores = {each.card.name: each.function(held.p_NC, held.label_N) for each in all_confident()}
    unknown = pl.Series(~_known(held.p_NC, held.label_N))
    issues = {
        by: pl.Series(by, label_issues(held.p_NC, held.label_N, by)).set(unknown, None)
        for by in filters
    }
    counts = {"members_held_out": held.members_N}
    return pl.DataFrame({"example_id": held.example_id_N, **scores, **issues, **counts})


def _scores(p_NC: Floats, label_N: Ints, method: Score, *, adjusted: bool = False) -> Floats:
    """Of examples that are known, NaN of others."""
    score_N = np.full(len(label_N), np.nan)
    known_N = _known(p_NC, label_N)
    if known_N.any():
        ask: Callable[..., Floats] = _cleanlab().rank.get_label_quality_scores
        score_N[known_N] = ask(
            label_N[known_N], p_NC[known_N], method=method, adjust_pred_probs=adjusted
        )
    return score_N


def _known(p_NC: Floats, label_N: Ints) -> NDArray[np.bool_]:
    """Nothing is known where all labels are one class: cleanlab has nothing to set it against."""
    known_N: NDArray[np.bool_] = ~np.isnan(p_NC).any(axis=1) & (label_N >= 0)
    return known_N & (len(np.unique(label_N[known_N])) > 1)


def _cleanlab() -> ModuleType:
    try:
        import cleanlab.count
        import cleanlab.filter
        import cleanlab.rank
    except ImportError as error:
        raise UserError(
            "scores of confident learning are computed by the package cleanlab, which is not "
            f"installed; run {install('cleaning')}"
        ) from error
    module: ModuleType = cleanlab
    return module
