"""How far a teacher's probabilities are from the true ones up to a factor for each class and one
for all: what bounds the student's robust loss beyond estimation (2206.06479, Theorems 2 and 4,
one-hot version).

    gap = min over τ > 0 of max over y of E_x |τ p_y(x) / π^t_y − η_y(x) / π_y|

with the teacher's p_y and π^t_y = E p_y, the true η_y = P(y | x) and π_y = E η_y. It is in [0, 1]
(τ = 0 gives 1), and 0 for a teacher that scales each class by its own factor, however wrong its
answers are. η is not known. Three stand-ins, none of which is the quantity itself:

* ``by_labels``: one-hot labels. E |a − 1(Y = y)/π| is η (1/π − a) + (1 − η) a and no |a − η/π|, so
  a perfect teacher has E 2 η_y (1 − η_y) / π_y, which is large, and a teacher that is too sure of
  its answers has less: it favours sharp teachers. Not less than the gap itself.
* ``by_bins``: means over examples with alike p_y, in place of single ones. What a bin averages away
  is lost, so without noise it is at most the gap; noise of labels adds. ``floor_of_bins`` says how
  much: the same of labels that are drawn from the teacher's own probabilities. ``beyond_floor``
  takes it away in squares, as independent parts add; approximate, at least 0.
* ``beside``: η from others, as the mean probability of other teachers (``of_others``). What all of
  them share is not seen.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]

BINS, DRAWS = 10, 40
MOST = 2.0
"""Beyond this τ each class's gap is above 1, which τ = 0 has."""
CLOSE = 1e-8
"""Gaps that differ by no more than the search's own error."""


class Gap(NamedTuple):
    """The gap, the τ that has it, and which class is the furthest there."""

    value: float
    scale: float
    furthest: int


def beside(p_NC: Floats, eta_NC: Floats) -> Gap:
    """Of a teacher's probabilities and given true ones, over N examples of C classes. Rows need not
    sum to 1. ``ValueError`` for a class whose mean is 0 on either side."""
    return _least(_relative(p_NC, "the teacher gives"), _relative(eta_NC, "there is"))


def by_labels(p_NC: Floats, label_N: Ints) -> Gap:
    """With one-hot labels for the true probabilities: an upper bound, in expectation."""
    return beside(p_NC, _one_hot(label_N, p_NC.shape[1]))


def by_bins(p_NC: Floats, label_N: Ints, bins: int = BINS) -> Gap:
    """With means over ``bins`` of equally many examples, for each class by its own p_y."""
    teacher_NC = _relative(p_NC, "the teacher gives")
    label_NC = _relative(_one_hot(label_N, p_NC.shape[1]), "there is")
    order_NC = np.argsort(p_NC, axis=0, kind="stable")
    return _least(_in_bins(teacher_NC, order_NC, bins), _in_bins(label_NC, order_NC, bins))


def floor_of_bins(p_NC: Floats, bins: int = BINS, seed: int = 0) -> float:
    """What ``by_bins`` is on average for labels that are drawn from these probabilities, so without
    any gap. Draws that lack a class are left out; NaN where all do."""
    rng = np.random.default_rng(seed)
    edge_NC = np.cumsum(p_NC / p_NC.sum(axis=1, keepdims=True), axis=1)[:, :-1]
    found = []
    for _ in range(DRAWS):
        label_N = (rng.random((len(p_NC), 1)) > edge_NC).sum(axis=1)
        if len(np.unique(label_N)) == p_NC.shape[1]:
            found.append(by_bins(p_NC, label_N, bins).value)
    return float(np.mean(found)) if found else float("nan")


def beyond_floor(p_NC: Floats, label_N: Ints, bins: int = BINS) -> float:
    """The gap of bins without what the noise of labels adds."""
    square = by_bins(p_NC, label_N, bins).value ** 2 - floor_of_bins(p_NC, bins) ** 2
    return square if np.isnan(square) else float(np.sqrt(max(square, 0.0)))


def of_others(p_MNC: Floats) -> Floats:
    """For each teacher the mean probabilities of all others (M, N, C). ``ValueError`` for one."""
    if len(p_MNC) < 2:
        raise ValueError("1 teacher has no others to be set beside; train two or more")
    whole_NC = p_MNC.sum(axis=0, dtype=np.float64)
    return np.asarray((whole_NC - p_MNC) / (len(p_MNC) - 1))


def _least(teacher_XC: Floats, true_XC: Floats) -> Gap:
    """Convex in τ: absolute values of straight lines, means and a maximum of them."""

    def each(scale: float) -> Floats:
        return np.asarray(np.abs(scale * teacher_XC - true_XC).mean(axis=0))

    found = minimize_scalar(
        lambda scale: float(each(scale).max()),
        bounds=(0.0, MOST),
        method="bounded",
        options={"xatol": 1e-9},
    )
    # the search stays a step away from 0, where many teachers that are too sure have their least
    # gap, exactly 1: what it finds there are ranks of rounding
    at_zero = float(each(0.0).max())
    scale = 0.0 if at_zero <= found.fun + CLOSE else float(found.x)
    value_C = each(scale)
    return Gap(float(value_C.max()), scale, int(value_C.argmax()))


def _relative(p_NC: Floats, said: str) -> Floats:
    """Over each class's own mean."""
    mean_C = p_NC.mean(axis=0, dtype=np.float64)
    if (mean_C == 0).any():
        raise ValueError(f"{said} nothing of class {int(np.flatnonzero(mean_C == 0)[0])}")
    return np.asarray(p_NC / mean_C, dtype=np.float64)


def _one_hot(label_N: Ints, classes: int) -> Floats:
    return np.asarray(label_N[:, None] == np.arange(classes), dtype=np.float64)


def _in_bins(value_NC: Floats, order_NC: Ints, bins: int) -> Floats:
    """Each example has its bin's mean."""
    sorted_NC = np.take_along_axis(value_NC, order_NC, axis=0)
    parts = [
        np.broadcast_to(part_KC.mean(axis=0), part_KC.shape)
        for part_KC in np.array_split(sorted_NC, min(bins, len(value_NC)))
    ]
    return np.concatenate(parts)
