"""Slice columns that one side alone has, and that hold what its models made of the examples.

Such a column is told by its values, where it says which answers are right, follows the answers even
where they are wrong, or sorts by how sure the model is; else by its name. The comparison shows a
wrong loss by it (``disputed``), as the examples are chosen by what happened to one side.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.audit.slices.coding import code_column
from undertow.errors import UserError
from undertow.records import usual_names as names
from undertow.records.formats.columns.values import numbers_in
from undertow.records.records import Records

DOCUMENT = "doc_"
"""Before the names of a log's documents' own fields: ``doc_answer`` is the right answer."""
OUTPUTS = frozenset({*names.PREDICTION, *names.SCORE, *names.CONFIDENT})
"""What columns are called that hold a model's answers, or say how good or how sure they are."""
FEWEST = 6
"""Examples on which it must show that a column follows a model."""
EXACT, STRONG = 0.99, 0.9
"""Shares of examples from which on a column says what is right, or nearly, or follows the
answers."""
COUNTED = 1 << 20
"""Keys × codes up to which they are counted rather than sorted."""

Ints = NDArray[np.integer[Any]]


def says_what_a_model_made(name: str) -> bool:
    """Whether a column of numbers is called a probability, a confidence, a loss or the like."""
    return (
        names.says_how_likely(name)
        or names.says_how_sure(name)
        or names.says_less_is_better(name)
        or names.says_logarithm(name)
    )


def called_output(column: pl.Series) -> bool:
    """Whether a column is called as what a model made. Words may group examples by a risk or a kind
    of error; numbers and truth values are what a model made of them."""
    if column.name.startswith(DOCUMENT):
        return False
    if names.plain(column.name) in OUTPUTS:
        return True
    counted = column.dtype == pl.Boolean or numbers_in(column) is not None
    return counted and says_what_a_model_made(column.name)


def own_output(side: Records, column: pl.Series) -> str | None:
    """What a column says of this side's models; ``None`` where it says something else."""
    try:
        code_N = code_column(column).code_N
    except UserError:  # It is no slice at all, and that is said elsewhere.
        return None
    if any(says_right(code_N, right_N, side.label_N) for right_N in side.correct_MN):
        return f"tells the right answers of {side.name!r} from the wrong ones"
    if any(follows(code_N, pred_N, side.label_N) for pred_N in side.pred_MN):
        return f"follows the answers of {side.name!r} even where they are wrong"
    if any(_cuts(code_N, value_N) for value_N in _graded(side)):
        return f"follows how sure or how good the answers of {side.name!r} are"
    return None


def says_right(code_N: Ints, correct_N: NDArray[np.floating[Any]], label_N: Ints) -> bool:
    """Whether nearly all right and nearly all wrong answers have values of their own. So does a
    class that a model never answers, which is a property of the examples."""
    known_N = ~np.isnan(correct_N)
    right_K, code_K = correct_N[known_N], code_N[known_N].astype(np.int64)
    if not ((right_K == 0) | (right_K == 1)).all() or len(right_K) == 0:
        return False
    times_C2 = _times(code_K, right_K.astype(np.int64), 2)
    right_C = times_C2[:, 1] > times_C2[:, 0]
    by_outcome = (times_C2[:, 0], ~right_C), (times_C2[:, 1], right_C)
    if any(n_C.sum() < FEWEST or n_C[own_C].sum() < EXACT * n_C.sum() for n_C, own_C in by_outcome):
        return False
    label_K = label_N[known_N]
    return bool((label_K < 0).all() or (_commonest(label_K, code_K) != code_K).any())


def nearly_says_right(code_N: Ints, correct_N: NDArray[np.floating[Any]], label_N: Ints) -> bool:
    """Whether most of either kind have values of their own, which the label has not. So has what
    is right under some noise, and a group that gets most of the wrong answers: no column is refused
    for it."""
    known_N = ~np.isnan(correct_N)
    right_K = correct_N[known_N]
    if not ((right_K == 0) | (right_K == 1)).all():
        return False
    code_K, label_K = (c_N[known_N].astype(np.int64) for c_N in (code_N, label_N))
    right_K = right_K.astype(np.int64)
    return _sorts(code_K, right_K) and not _sorts(label_K - label_K.min(initial=0), right_K)


def _sorts(code_K: Ints, right_K: Ints) -> bool:
    """Whether most right answers have values with more of them than there are overall, and most
    wrong ones values with fewer. An example says nothing of its own value, or one that nothing
    shares would tell everything."""
    if min(np.bincount(right_K, minlength=2)) < FEWEST:
        return False
    times_C2 = _times(code_K, right_K, 2)
    others_K = times_C2.sum(axis=1)[code_K] - 1
    more_K = (times_C2[code_K, 1] - right_K) * (len(right_K) - 1) >= (
        (right_K.sum() - right_K) * others_K
    )
    told_K = (more_K == right_K) & (others_K > 0)
    return all(float(told_K[right_K == kind].mean()) >= STRONG for kind in (0, 1))


def follows(code_N: Ints, pred_N: Ints, label_N: Ints) -> bool:
    """Whether the answer tells a column's values, each of them, also where the label's would be
    another: there a property of the example goes with the label. A group that gets most of the
    wrong answers gets right ones too."""
    known_N = (label_N >= 0) & (pred_N >= 0)
    code_K, pred_K, label_K = code_N[known_N], pred_N[known_N], label_N[known_N]
    if len(code_K) == 0:
        return False
    by_answer_K = _commonest(pred_K, code_K)
    follows_K = by_answer_K == code_K
    times_C = np.bincount(code_K)
    told_C = np.bincount(code_K, weights=follows_K)
    if (told_C[times_C > 0] < STRONG * times_C[times_C > 0]).any():
        return False
    torn_K = by_answer_K != _commonest(label_K, code_K)
    return bool(torn_K.sum() >= FEWEST and follows_K[torn_K].mean() >= STRONG)


def _graded(side: Records) -> Iterator[NDArray[np.floating[Any]]]:
    """What a record knows of how sure each member is, and how good graded answers are."""
    for value_MN in (side.confidence_MN, side.margin_MN, side.p_label_MN, side.score_MN):
        yield from () if value_MN is None else value_MN
    if side.proba_MNC is not None and side.C == 2:
        yield from side.proba_MNC[:, :, 1]


def _cuts(code_N: Ints, value_N: NDArray[np.floating[Any]]) -> bool:
    """Whether each value of a column is an interval of these numbers, as where they were cut."""
    known_N = ~np.isnan(value_N)
    order = np.argsort(code_N[known_N], kind="stable")
    code_K, value_K = code_N[known_N][order], value_N[known_N][order]
    starts = np.flatnonzero(np.diff(code_K, prepend=-1))
    sizes = np.diff(np.append(starts, len(code_K)))
    if (sizes >= FEWEST).sum() < 2:
        return False
    low, high = (f.reduceat(value_K, starts) for f in (np.minimum, np.maximum))
    upward = np.lexsort((high, low))
    return bool((high[upward][:-1] < low[upward][1:]).all())


def _commonest(key_K: Ints, code_K: Ints) -> Ints:
    """For each place the code that is commonest among those with the same key, of two the
    smaller. Keys are −1 or more."""
    key_K, width = key_K.astype(np.int64) + 1, int(code_K.max(initial=0)) + 1
    if (int(key_K.max(initial=0)) + 1) * width <= COUNTED:
        of_key: Ints = _times(key_K, code_K, width).argmax(axis=1)
        return of_key[key_K]
    pairs, times = np.unique(key_K * width + code_K, return_counts=True)
    keys, codes = np.divmod(pairs, width)
    best = np.lexsort((-codes, times, keys))
    last = best[np.flatnonzero(np.diff(keys[best], append=-1))]
    found: Ints = codes[last][np.searchsorted(keys[last], key_K)]
    return found


def _times(key_K: Ints, code_K: Ints, width: int) -> Ints:
    """How often each key has each code."""
    keys = int(key_K.max(initial=0)) + 1
    return np.bincount(key_K * width + code_K, minlength=keys * width).reshape(keys, width)
