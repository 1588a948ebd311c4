"""What logits and probabilities of a person's own arrays have to be."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from undertow.errors import TableError

NEAR = 0.01
"""How far probabilities may be from a sum of 1, and from those of logits: what halves round."""

NO_NUMBERS = (
    "save numbers, in float32 where halves overflow, or NaN for all classes where an epoch did not "
    "see an example"
)


def each_of(scores_MENC: NDArray[Any]) -> Iterator[NDArray[np.float64]]:
    """(N, C) of each member and epoch in turn, so that no second copy is made of all."""
    for of_member in scores_MENC:
        for scores_NC in of_member:
            yield scores_NC.astype(np.float64)


def refuse_no_numbers(path: Path, name: str, scores_MENC: NDArray[Any]) -> None:
    """``TableError`` for NaN beside numbers, and where the largest is infinite: neither gives
    probabilities. NaN alone says that an epoch did not see the example."""
    for at, scores_NC in enumerate(each_of(scores_MENC)):
        wrong_N = are_no_numbers(scores_NC)
        if wrong_N.any():
            n = int(wrong_N.argmax())
            raise TableError(
                f"{path}: {name} has {row_said(scores_NC[n])} ({_where(scores_MENC, at, n)}); "
                f"{NO_NUMBERS}"
            )


def are_no_numbers(scores_NC: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(N,): where NaN stands beside numbers, or the largest is infinite."""
    nan_NC = np.isnan(scores_NC)
    wrong_N = (nan_NC.any(axis=1) & ~nan_NC.all(axis=1)) | np.isinf(scores_NC.max(axis=1))
    return np.asarray(wrong_N)


def unseen_said(none: int, looks: int) -> tuple[str, ...]:
    """What is said where examples have NaN in place of scores."""
    return (f"{none:,} of {looks:,} looks are NaN and count as not seen.",) if none else ()


def refuse_no_probabilities(path: Path, p_MENC: NDArray[Any]) -> None:
    """``TableError`` where a probability is not in 0 to 1, or those of an example do not sum to
    1."""
    for at, p_NC in enumerate(each_of(p_MENC)):
        outside_NC = (p_NC < 0) | (p_NC > 1 + NEAR)
        if outside_NC.any():
            raise TableError(
                f"{path}: a probability is {p_NC[outside_NC][0]:g}; expected 0 to 1; save logits "
                "as logits"
            )
        sum_N = p_NC.sum(axis=1)
        wrong_N = np.abs(sum_N - 1) > NEAR
        if wrong_N.any():
            n = int(wrong_N.argmax())
            raise TableError(
                f"{path}: probabilities of an example sum to {sum_N[n]:.4g} "
                f"({_where(p_MENC, at, n)}); expected 1, within {NEAR:g}: save the softmax over "
                "all classes, or scores of another kind as logits"
            )


def refuse_probabilities_as_logits(path: Path, logits_MENC: NDArray[Any]) -> None:
    """``TableError`` where each of so many examples has what is 0 to 1 and sums to 1, as no logits
    have by chance: their margins would all be small."""
    for logits_NC in each_of(logits_MENC):
        seen_NC = logits_NC[~np.isnan(logits_NC).any(axis=1)]
        outside_NC = (seen_NC < 0) | (seen_NC > 1 + NEAR)
        if outside_NC.any() or (np.abs(seen_NC.sum(axis=1) - 1) > NEAR).any():
            return
    if not np.isnan(logits_MENC).all():
        raise TableError(
            f"{path}: logits of each example are 0 to 1 and sum to 1, so they are probabilities; "
            "save them as probabilities"
        )


def refuse_other_probabilities(path: Path, logits_MENC: NDArray[Any], p_MENC: NDArray[Any]) -> None:
    """``TableError`` where probabilities beside logits are not their softmax."""
    if logits_MENC.shape != p_MENC.shape:
        raise TableError(
            f"{path}: logits have the shape {logits_MENC.shape} and probabilities {p_MENC.shape}; "
            "save one of the two"
        )
    for at, (logits_NC, p_NC) in enumerate(zip(each_of(logits_MENC), each_of(p_MENC), strict=True)):
        grown_NC = np.exp(logits_NC - logits_NC.max(axis=1, keepdims=True))
        softmax_NC = grown_NC / grown_NC.sum(axis=1, keepdims=True)
        away_NC = np.abs(softmax_NC - p_NC)
        wrong_NC = (away_NC > NEAR) | (np.isnan(softmax_NC) != np.isnan(p_NC))
        if wrong_NC.any():
            n, c = (int(k) for k in np.unravel_index(wrong_NC.argmax(), wrong_NC.shape))
            raise TableError(
                f"{path}: the softmax of logits is {softmax_NC[n, c]:.4g} where probabilities "
                f"have {p_NC[n, c]:.4g} ({_where(p_MENC, at, n)}, class {c}); save one of the two, "
                "of the same model and epoch"
            )


def _where(scores_MENC: NDArray[Any], at: int, row: int) -> str:
    member, epoch = divmod(at, scores_MENC.shape[1])
    return f"member {member}, epoch {epoch}, example {row}, counted from 0"


def row_said(scores_C: NDArray[np.float64]) -> str:
    """The first scores of an example."""
    shown = ", ".join(f"{value:.3g}" for value in scores_C[:4])
    return f"{shown}{', …' if len(scores_C) > 4 else ''}"
