"""How well numbers of examples tell one kind of example from another: arrays in, arrays out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

Floats = NDArray[np.floating[Any]]
Bools = NDArray[np.bool_]

RIDGE, STEPS = 1e-3, 25
"""A weak pull towards 0, without which separable halves have no fit; Newton's steps."""


def average_precision(score_N: Floats, wanted_N: Bools) -> float:
    """Mean precision over the wanted ones, as the score falls; equal scores come together. A score
    that tells nothing has the share of the wanted on average. NaN where none is wanted."""
    order_N = np.argsort(-score_N, kind="stable")
    found_N = np.cumsum(wanted_N[order_N])
    if not len(found_N) or not found_N[-1]:
        return float("nan")
    last_K = np.flatnonzero(np.append(np.diff(score_N[order_N]) != 0, True))
    found_K = found_N[last_K]
    return float(np.diff(found_K, prepend=0) @ (found_K / (last_K + 1)) / found_K[-1])


def area(score_N: Floats, wanted_N: Bools) -> float:
    """Area under the ROC curve: how often the score is larger for a wanted one than for another,
    ties as half. NaN where there are none of one kind."""
    wanted = int(wanted_N.sum())
    others = len(wanted_N) - wanted
    if not wanted or not others:
        return float("nan")
    above = rankdata(score_N)[wanted_N].sum() - wanted * (wanted + 1) / 2
    return float(above / (wanted * others))


def held_out_area(feature_FN: Floats, wanted_N: Bools, seed: int = 0) -> float:
    """Area under the ROC curve of a logistic classifier of these features, on examples that it did
    not learn from: it learns on a half of each kind, drawn by ``seed``, is judged on the other, and
    the other way round; the mean of both. NaN where a half lacks a kind."""
    generator, first_N = np.random.default_rng(seed), np.zeros(len(wanted_N), dtype=bool)
    for kind in (wanted_N, ~wanted_N):
        drawn_K = generator.permutation(np.flatnonzero(kind))
        first_N[drawn_K[: len(drawn_K) // 2]] = True
    each = [_learned_and_judged(feature_FN, wanted_N, half_N) for half_N in (first_N, ~first_N)]
    return float(np.mean(each))


def _learned_and_judged(feature_FN: Floats, wanted_N: Bools, learn_N: Bools) -> float:
    if len(np.unique(wanted_N[learn_N])) < 2:
        return float("nan")
    feature_FN = feature_FN.astype(np.float64)
    mean_F1 = feature_FN[:, learn_N].mean(axis=1, keepdims=True)
    spread_F1 = feature_FN[:, learn_N].std(axis=1, keepdims=True)
    scaled_FN = (feature_FN - mean_F1) / np.where(spread_F1 > 0, spread_F1, 1.0)
    weight_F = _logistic(scaled_FN[:, learn_N], wanted_N[learn_N])
    return area((weight_F @ scaled_FN)[~learn_N], wanted_N[~learn_N])


def _logistic(feature_FN: Floats, wanted_N: Bools) -> Floats:
    """Weights of logistic regression by Newton's method, without the intercept, which orders
    nothing."""
    x_FN = np.concatenate([feature_FN, np.ones((1, feature_FN.shape[1]))])
    pull_F = np.full(len(x_FN), RIDGE)
    pull_F[-1] = 0
    weight_F = np.zeros(len(x_FN))
    for _ in range(STEPS):
        p_N = 1 / (1 + np.exp(-np.clip(weight_F @ x_FN, -30, 30)))
        slope_F = x_FN @ (p_N - wanted_N) / len(p_N) + pull_F * weight_F
        bend_FF = (x_FN * np.maximum(p_N * (1 - p_N), 1e-9)) @ x_FN.T / len(p_N)
        weight_F = weight_F - np.linalg.solve(bend_FF + np.diag(pull_F), slope_F)
    return weight_F[:-1]
