"""The states an example's votes can be in when members are exchanged, numbered, with every
measure's value in each.

Given the pooled votes m_1 … m_K of an example, a state is how many of each the reference holds. One
candidate (the one with most votes) is implied by the others, because the reference's size is fixed;
missing votes count as one more candidate. So a state's number is written in the mixed radix m_c +
1, and since every member votes for one candidate, that number is a sum over the members on the
reference side: one column of a matrix product per example.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from undertow.audit.stats.candidates import Candidates, VoteFunction, evaluate

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]


class StateTable(NamedTuple):
    """``value[f][offset_X[x] + state]`` is function f on example x, 0 where undefined.

    ``undefined[f]`` marks those with 1, and is ``None`` where there are none; functions undefined
    in the same states share one array. ``weight_XM[x, m]`` is what member m adds to the state's
    number on the reference side.
    """

    value: list[Floats]
    undefined: list[Floats | None]
    offset_X: Ints
    weight_XM: Floats


def count_states(group: Candidates) -> Floats:
    """States of each example; float, because twenty candidates have more than an integer holds."""
    radix_XK, _ = _radix(group)
    states_X: Floats = radix_XK.astype(np.float64).prod(axis=1)
    return states_X


def tabulate(
    group: Candidates,
    pred_MX: Ints,
    m_ref: int,
    functions: Mapping[str, VoteFunction],
    needs_label: Collection[str],
) -> StateTable:
    """The table of a group whose examples have few states. Examples that look the same share their
    states."""
    radix_XK, stride_XK = _radix(group)
    key_XK = np.column_stack([group.margin_XK, group.missing_X, group.truth_X])
    _, one_U, same_X = np.unique(key_XK, axis=0, return_index=True, return_inverse=True)
    like_X = same_X.ravel()
    size_U = radix_XK[one_U].prod(axis=1)
    offset_U = np.cumsum(size_U) - size_U
    of_S = np.repeat(np.arange(len(one_U)), size_U)
    number_S = np.arange(len(of_S)) - offset_U[of_S]
    held_KS = _held(number_S, one_U[of_S], group, radix_XK, stride_XK, m_ref)
    margin_KS = group.margin_XK[one_U[of_S]].T.astype(np.float64)
    values = evaluate(functions, needs_label, held_KS, margin_KS, group.truth_X[one_U[of_S]])
    undefined: list[Floats | None] = []
    for value_S in values:
        nan_S = np.isnan(value_S)
        same = next((u for u in undefined if u is not None and np.array_equal(u > 0, nan_S)), None)
        undefined.append(
            None if not nan_S.any() else nan_S.astype(np.float64) if same is None else same
        )
    value: list[Floats] = [np.nan_to_num(value_S.astype(np.float64), nan=0.0) for value_S in values]
    return StateTable(value, undefined, offset_U[like_X], _weights(group, pred_MX, stride_XK))


def _radix(group: Candidates) -> tuple[Ints, Ints]:
    """Radix and place value of each candidate, the missing votes last; 1 and 0 for the implied
    candidate."""
    radix_XK = np.column_stack([group.margin_XK, group.missing_X]) + 1
    implied_X = group.margin_XK.argmax(axis=1)
    row_X = np.arange(len(radix_XK))
    radix_XK[row_X, implied_X] = 1
    stride_XK = np.ones_like(radix_XK)
    np.cumprod(radix_XK[:, :-1], axis=1, out=stride_XK[:, 1:])
    stride_XK[row_X, implied_X] = 0
    return radix_XK, stride_XK


def _held(
    number_S: Ints, example_S: Ints, group: Candidates, radix_XK: Ints, stride_XK: Ints, m_ref: int
) -> Floats:
    """What the reference holds of each candidate in each state (K, S).

    Some numbers stand for states that no arrangement reaches (the implied candidate would hold less
    than none or more than there are). They are never looked up; clipping keeps the functions'
    arguments in range.
    """
    k = group.margin_XK.shape[1]
    held_KS = np.empty((k, len(number_S)))
    total_S = number_S // np.maximum(stride_XK[example_S, k], 1) % radix_XK[example_S, k]
    for c in range(k):
        held_KS[c] = number_S // np.maximum(stride_XK[example_S, c], 1) % radix_XK[example_S, c]
    implied_S = group.margin_XK.argmax(axis=1)[example_S]
    rest_S = m_ref - total_S - held_KS.sum(axis=0)
    most_S = group.margin_XK[example_S, implied_S]
    held_KS[implied_S, np.arange(len(number_S))] = np.clip(rest_S, 0, most_S)
    return held_KS


def _weights(group: Candidates, pred_MX: Ints, stride_XK: Ints) -> Floats:
    weight_XM = np.zeros(pred_MX.T.shape, dtype=np.float32)
    pred_XM = np.ascontiguousarray(pred_MX.T)
    for c in range(group.margin_XK.shape[1]):
        np.copyto(
            weight_XM,
            stride_XK[:, c, None],
            where=pred_XM == group.label_XK[:, c, None],
            casting="unsafe",
        )
    np.copyto(weight_XM, stride_XK[:, -1, None], where=pred_XM < 0, casting="unsafe")
    return weight_XM
