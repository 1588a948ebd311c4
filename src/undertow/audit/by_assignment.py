"""Whether some assignment of answers to labels makes far more of them right than their names do."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from undertow.records.records import Records

CHANCE = 1e-3
"""What the chance may be at most that answers which do not depend on the label go with some
assignment as often."""
MOST_ASSIGNED = 1000
"""Classes up to which the best assignment of answers to labels is looked for."""
FAR = 2
"""Times as many answers as are right by their names that an assignment has to make right, before
the names are doubted."""


class Assigned(NamedTuple):
    """Shares of answers that are right under the best assignment and by their names, and whether
    the first is more than chance."""

    right: float
    named: float
    shown: bool

    @property
    def far_better(self) -> bool:
        return self.shown and self.right >= FAR * self.named


def best_assigned(records: Records, labels: int) -> Assigned:
    """Whether some assignment of answers to labels is right more often than the best of all is by
    chance: of answers that do not depend on the label each is right as often as the shares of both
    say, and ``labels``! of them are tried."""
    from scipy.optimize import linear_sum_assignment  # Here, as it takes long to start.

    if labels > MOST_ASSIGNED:
        return Assigned(0.0, 0.0, shown=False)
    count_LA = _answers_by_label(records)
    total = count_LA.sum()
    chance_LA = count_LA.sum(axis=1, keepdims=True) * count_LA.sum(axis=0) / total
    chosen = linear_sum_assignment(count_LA - chance_LA, maximize=True)
    right, chance = count_LA[chosen].sum() / total, chance_LA[chosen].sum() / total
    apart = total / records.M * _divergence(float(right), float(chance))
    shown = right > chance and apart > math.lgamma(labels + 1) - math.log(CHANCE)
    return Assigned(float(right), float(np.nanmean(records.correct_MN)), bool(shown))


def _divergence(share: float, chance: float) -> float:
    """Of Chernoff's bound, which holds too where few answers of each class make no normal error."""
    parts = ((share, chance), (1 - share, 1 - chance))
    return sum(a * math.log(a / max(b, 1e-12)) for a, b in parts if a > 0)


def _answers_by_label(records: Records) -> NDArray[np.float64]:
    """How often each answer was given to each label that has examples, members together."""
    label_MN = np.broadcast_to(records.label_N, records.pred_MN.shape)
    known_MN = (label_MN >= 0) & (records.pred_MN >= 0)
    labels, label = np.unique(label_MN[known_MN], return_inverse=True)
    answers, answer = np.unique(records.pred_MN[known_MN], return_inverse=True)
    cells = np.bincount(label * len(answers) + answer, minlength=len(labels) * len(answers))
    return cells.reshape(len(labels), len(answers)).astype(np.float64)
