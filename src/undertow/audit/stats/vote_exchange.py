"""Measures of two populations' votes under every arrangement of members, averaged over slices.

The obvious way counts votes for draws × examples × candidates. Three facts make it many times
cheaper.

1. An example on which all members agree has the same value in every draw.
2. For most others there are few states its votes can be in (m + 1 for two candidates). Each state
   has a number; the numbers of all draws come from one matrix product, and measures are looked up
   in a table that holds them once per state (``vote_states``).
3. Only examples with more states than a table is worth (many candidates with many votes each) are
   counted directly.

Slice sums are sparse products. One thread of our own: with two, the interpreter lock ate what the
second core gave.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from undertow.audit.stats.arrangements import Arrangements
from undertow.audit.stats.candidates import Candidates, VoteFunction, candidates, evaluate
from undertow.audit.stats.vote_states import StateTable, count_states, tabulate

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]

STATES = 1024
"""Examples with more states are counted directly: by then a table costs what the draws cost."""
TABLE = 1 << 18
"""States in memory at once."""
DRAWS = 1000
"""Draws in one block of work."""
PRODUCT = 4096
"""Rows of a matrix product. Few large ones: a threaded BLAS that shares its cores with others waits
at the end of each, and with many small ones that wait was several times the work."""
ROWS = 128
"""Examples looked up together: indices and values stay in the cache."""
DIRECT = 1 << 15
"""Examples × draws counted directly together."""


class _Task(NamedTuple):
    functions: Mapping[str, VoteFunction]
    needs_label: Collection[str]
    pred_MN: Ints
    membership_NG: sp.csr_array
    m_ref: int
    side_MD: Floats
    """1 where a member sits on the reference side."""
    value: list[Floats]
    """Per function (G, D): sum of the values."""
    undefined: list[Floats]
    """Per function (G, D): how many examples have none."""

    @property
    def blocks(self) -> list[slice]:
        draws = self.side_MD.shape[1]
        return [slice(start, min(start + DRAWS, draws)) for start in range(0, draws, DRAWS)]


class _Touched(NamedTuple):
    """The slices that some examples belong to, and which belongs to which."""

    slice_G: Ints
    membership_GX: sp.csr_array

    def add(self, total_GD: Floats, block: slice, value_XD: Floats) -> None:
        total_GD[self.slice_G, block] += self.membership_GX @ value_XD


def vote_exchange(
    pred_MN: Ints,
    label_N: Ints,
    membership_GN: sp.csr_array,
    arrangements: Arrangements,
    functions: Mapping[str, VoteFunction],
    needs_label: Collection[str],
) -> dict[str, Floats]:
    """Mean over each slice of each function's values, (D, G) by name, row 0 as observed.

    ``pred_MN``: class indices of both populations, reference first, negative for a missing vote;
    shares are over the votes that are there, and an example is undefined where a side has none.
    ``label_N`` is negative where there is no label: undefined for the functions named in
    ``needs_label``. ``membership_GN`` is 0/1. Undefined values are left out of a slice's mean; NaN
    where all are. Memory: slices × draws × 12 bytes per function, besides some 50 MB.
    """
    pred_MN, label_N = np.asarray(pred_MN), np.asarray(label_N)
    side_MD = np.ascontiguousarray(arrangements.is_reference_DM.T, dtype=np.float32)
    membership_NG = sp.csr_array(sp.csr_array(membership_GN).T, dtype=np.float64)
    shape = (membership_NG.shape[1], side_MD.shape[1])
    value, undefined = (
        [np.zeros(shape) for _ in functions],
        [np.zeros(shape, np.float32) for _ in functions],
    )
    task = _Task(
        functions,
        needs_label,
        pred_MN,
        membership_NG,
        arrangements.m_ref,
        side_MD,
        value,
        undefined,
    )
    voted_N = (pred_MN >= 0).any(axis=0)
    counted_G = membership_NG.T @ voted_N.astype(np.float64)
    for group in candidates(pred_MN, label_N):
        # Neighbours on the axis share slices (a class, at least), so each step touches few of them.
        _add_group(task, group.take(np.argsort(label_N[group.example_X], kind="stable")))
    return {
        name: _mean(v, u, counted_G) for name, v, u in zip(functions, value, undefined, strict=True)
    }


def _mean(value_GD: Floats, undefined_GD: Floats, counted_G: Floats) -> Floats:
    """In place: these are the largest arrays there are."""
    np.subtract(counted_G[:, None], undefined_GD, out=undefined_GD, casting="same_kind")
    undefined_GD[undefined_GD <= 0] = np.nan
    value_GD /= undefined_GD
    return value_GD.T


def _add_group(task: _Task, group: Candidates) -> None:
    states_X = count_states(group)
    few_X = states_X <= STATES
    constant_X = states_X == 1
    if constant_X.any():
        _add_constant(task, group.take(constant_X))
    for batch in _batches(group.take(few_X & ~constant_X), states_X[few_X & ~constant_X]):
        _add_tabled(task, batch)
    if not few_X.all():
        _add_direct(task, group.take(~few_X))


def _batches(group: Candidates, states_X: Floats) -> Iterator[Candidates]:
    """Runs of examples whose states fit in memory together."""
    batch_X = np.cumsum(states_X) // TABLE
    for batch in np.unique(batch_X):
        yield group.take(batch_X == batch)


def _add_constant(task: _Task, group: Candidates) -> None:
    margin_KX = group.margin_XK.T.astype(np.float64)
    values = evaluate(
        task.functions,
        task.needs_label,
        np.full_like(margin_KX, task.m_ref),
        margin_KX,
        group.truth_X,
    )
    membership_GX = task.membership_NG[group.example_X].T
    for value_X, value_GD, undefined_GD in zip(values, task.value, task.undefined, strict=True):
        value_GD += (membership_GX @ np.nan_to_num(value_X.astype(np.float64), nan=0.0))[:, None]
        undefined_GD += (membership_GX @ np.isnan(value_X).astype(np.float64)).astype(np.float32)[
            :, None
        ]


def _touched(task: _Task, example_X: Ints) -> _Touched:
    membership_GX = sp.csr_array(task.membership_NG[example_X].T)
    slice_G = np.flatnonzero(np.diff(membership_GX.indptr))
    return _Touched(slice_G, membership_GX[slice_G])


def _pieces(task: _Task, group: Candidates, step: int) -> list[tuple[slice, _Touched]]:
    """Runs of ``step`` examples, each with the slices they touch."""
    starts = range(0, len(group.example_X), step)
    runs = [slice(start, start + step) for start in starts]
    return [(rows, _touched(task, group.example_X[rows])) for rows in runs]


def _add_tabled(task: _Task, batch: Candidates) -> None:
    table = tabulate(
        batch, task.pred_MN[:, batch.example_X], task.m_ref, task.functions, task.needs_label
    )
    for start in range(0, len(batch.example_X), PRODUCT):
        many = slice(start, start + PRODUCT)
        pieces = _pieces(task, batch.take(many), ROWS)
        for block in task.blocks:
            state_XD = table.weight_XM[many] @ task.side_MD[:, block]
            for rows, slices in pieces:
                index_XD = state_XD[rows].astype(np.intp)
                index_XD += table.offset_X[many][rows, None]
                _look_up(task, table, index_XD, slices, block)


def _look_up(
    task: _Task, table: StateTable, index_XD: Ints, slices: _Touched, block: slice
) -> None:
    value_XD = np.empty(index_XD.shape)
    shared: dict[int, Floats] = {}
    for f, (value_S, undefined_S) in enumerate(zip(table.value, table.undefined, strict=True)):
        # mode="clip" lets take write into ``out`` without a buffer; indices are in range by
        # construction.
        np.take(value_S, index_XD, out=value_XD, mode="clip")
        slices.add(task.value[f], block, value_XD)
        if undefined_S is None:
            continue
        if id(undefined_S) not in shared:
            np.take(undefined_S, index_XD, out=value_XD, mode="clip")
            shared[id(undefined_S)] = slices.membership_GX @ value_XD
        task.undefined[f][slices.slice_G, block] += shared[id(undefined_S)]


def _add_direct(task: _Task, group: Candidates) -> None:
    step = max(1, PRODUCT // group.label_XK.shape[1])
    for start in range(0, len(group.example_X), step):
        many = group.take(slice(start, start + step))
        pieces = _pieces(task, many, max(1, DIRECT // DRAWS))
        pred_XM = task.pred_MN[:, many.example_X].T
        vote_KXM = (pred_XM[None] == many.label_XK.T[:, :, None]).astype(np.float32)
        for block in task.blocks:
            held_KXD = (vote_KXM.reshape(-1, vote_KXM.shape[2]) @ task.side_MD[:, block]).reshape(
                *vote_KXM.shape[:2], -1
            )
            for rows, slices in pieces:
                _count(task, many.take(rows), held_KXD[:, rows], slices, block)


def _count(
    task: _Task, chunk: Candidates, held_KXD: Floats, slices: _Touched, block: slice
) -> None:
    k, examples, draws = held_KXD.shape
    margin_KX = np.repeat(chunk.margin_XK.T.astype(np.float32), draws, axis=1)
    truth_X = np.repeat(chunk.truth_X, draws)
    found = evaluate(task.functions, task.needs_label, held_KXD.reshape(k, -1), margin_KX, truth_X)
    for f, value_X in enumerate(found):
        value_XD = value_X.reshape(examples, draws).astype(np.float64)
        nan_XD = np.isnan(value_XD)
        if nan_XD.any():
            slices.add(task.undefined[f], block, nan_XD.astype(np.float64))
            value_XD[nan_XD] = 0.0
        slices.add(task.value[f], block, value_XD)
