"""Exact nearest neighbours by brute force: one matrix product in float32 says who is near, float64
says in which order."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor

from undertow.errors import UserError

SPARE = 16
"""Candidates beyond k. Rounding can put a neighbour this far from its place before a query has to
be compared with the whole bank in float64."""
GROUP = 8
"""Of so many products the least is taken first, and of so many of those again: to look for the k
least of all of them would cost as much as the products."""
TILE = 2048
"""Of the bank at once: products are looked through while they are still in a processor's cache."""
HALF_ULP = 2.0**-24
PRODUCTS = 1 << 23
"""Of one block of queries, at most."""
EXACT = 1 << 16
"""Numbers in float64 at once, which stay in a cache too."""


class Bank:
    """(N, D) vectors to search. One that is not finite is as far from all queries as can be.

    Beside them it keeps a float32 copy about their mean, in units in which they fit float32, and
    half of each one's squared length: ‖b‖²/2 − b · q = (‖b − q‖² − ‖q‖²)/2. Both are filled up to
    whole tiles.
    """

    def __init__(self, bank_ND: Tensor) -> None:
        self.bank_ND = bank_ND
        N, D = bank_ND.shape
        finite_N = bank_ND.isfinite().all(1)
        self.centre_D = _centre(bank_ND if finite_N.all() else bank_ND[finite_N])
        self.scale = self._unit()
        self.near_FD = torch.zeros(-(-N // TILE) * TILE, D, device=bank_ND.device)
        for rows_ND, near_ND in zip(
            torch.split(bank_ND, TILE), torch.split(self.near_FD[:N], TILE), strict=True
        ):
            near_ND.copy_((rows_ND - self.centre_D) * self.scale)
        self.near_FD[:N][~finite_N] = 0
        length_N = torch.linalg.vector_norm(self.near_FD[:N], dim=1)
        self.half_F = torch.full((len(self.near_FD),), torch.inf, device=bank_ND.device)
        self.half_F[:N] = torch.where(finite_N, length_N.square() / 2, torch.inf)
        self.radius = float(length_N.max()) if N else 0.0

    def _unit(self) -> float:
        """A power of two that brings the largest number about the mean to 1 or a little less."""
        about = [(rows_ND - self.centre_D).abs() for rows_ND in torch.split(self.bank_ND, TILE)]
        largest = max((float(a.nan_to_num(0, 0, 0).max()) for a in about if a.numel()), default=0.0)
        return 2.0 ** -math.frexp(largest)[1] if 0 < largest < math.inf else 1.0

    def nearest(self, query_BD: Tensor, k: int, own_B: Tensor | None = None) -> Tensor:
        """(B, k): which of the bank are nearest by Euclidean distance, the nearest first, of equal
        ones that with the smaller index. ``own_B`` is each query's own place in the bank, which is
        no neighbour of it. ``UserError`` for more neighbours than there are."""
        N = len(self.bank_ND) - (own_B is not None)
        if not 1 <= k <= N:
            raise UserError(f"k={k}: there are {N:,} neighbours; choose k from 1 to {N:,}")
        size = max(1, PRODUCTS // len(self.near_FD))
        with _float32_is_float32():
            found = [
                self._block(query_BD[at], k, None if own_B is None else own_B[at])
                for at in (slice(b, b + size) for b in range(0, len(query_BD), size))
            ]
        return torch.cat(found) if found else self._none(query_BD, k)

    def _none(self, query_BD: Tensor, k: int) -> Tensor:
        return torch.empty(0, k, dtype=torch.int64, device=query_BD.device)

    def _block(self, query_BD: Tensor, k: int, own_B: Tensor | None) -> Tensor:
        near_BD = ((self.centre_D - query_BD) * self.scale).float()
        known_B = query_BD.isfinite().all(1)
        near_BD.masked_fill_(~known_B[:, None], 0)  # none is near a query that is no number
        wanted = min(k + SPARE + (own_B is not None), len(self.bank_ND))
        some = self._candidates(near_BD, wanted)
        squared_BK = self._exact(query_BD, some.index_BK)
        if own_B is not None:
            squared_BK.masked_fill_(some.index_BK == own_B[:, None], torch.inf)
        found_BK, kth_B = _in_order(squared_BK, some.index_BK, k)
        if wanted < len(self.bank_ND):
            unsure_B = self._unsure(near_BD, kth_B * self.scale**2, some.value_BK.amax(1))
            for row in (unsure_B & known_B).nonzero()[:, 0].tolist():
                own = None if own_B is None else int(own_B[row])
                found_BK[row] = self._one_by_one(query_BD[row], k, own)
        return found_BK

    def _candidates(self, near_BD: Tensor, wanted: int) -> Candidates:
        """Those of the least products, which are looked through tile by tile as they come."""
        B, F = len(near_BD), len(self.near_FD)
        half_BF, minimum_BG = near_BD.new_empty(B, F), near_BD.new_empty(B, F // GROUP)
        of_tile = zip(
            torch.split(half_BF, TILE, 1), torch.split(minimum_BG, TILE // GROUP, 1), strict=True
        )
        for at, (half_BT, minimum_BH) in zip(range(0, F, TILE), of_tile, strict=True):
            tile = slice(at, at + TILE)
            torch.addmm(self.half_F[tile], near_BD, self.near_FD[tile].T, out=half_BT)
            torch.amin(half_BT.view(B, GROUP, -1), 1, out=minimum_BH)
        if wanted == len(self.bank_ND) or 2 * wanted >= F // GROUP**2:
            # no filler: it would win over one that is as far, or whose distance is no number
            return _least(half_BF[:, : len(self.bank_ND)], wanted)
        group_BK = _least_by_groups(minimum_BG, wanted).index_BK
        # the group's first of its tile, and the others a step apart
        step = TILE // GROUP
        first_BK = group_BK.div(step, rounding_mode="floor") * TILE + group_BK % step
        return _least_among(half_BF, first_BK, step, wanted)

    def _exact(self, query_BD: Tensor, index_BK: Tensor) -> Tensor:
        """(B, K): squared distances in float64; the largest number where they are no numbers, and
        infinite where the bank has no such row."""
        size = max(1, EXACT // (index_BK.shape[1] * query_BD.shape[1]))
        squared = [
            (self._rows(index_bK).double() - query_bD.double()[:, None]).square_().sum(-1)
            for index_bK, query_bD in zip(
                torch.split(index_BK, size), torch.split(query_BD, size), strict=True
            )
        ]
        squared_BK = _numbers(torch.cat(squared))
        return squared_BK.masked_fill_(index_BK >= len(self.bank_ND), torch.inf)

    def _rows(self, index_bK: Tensor) -> Tensor:
        """As ``bank_ND[index_bK]``, in half the time."""
        place = index_bK.flatten().clamp(max=len(self.bank_ND) - 1)
        return self.bank_ND.index_select(0, place).view(*index_bK.shape, -1)

    def _unsure(self, near_BD: Tensor, kth_B: Tensor, least_left_B: Tensor) -> Tensor:
        """(B,): whether one that is no candidate could, by what float32 may be wrong, be as near as
        the k-th neighbour."""
        length_B = near_BD.double().norm(dim=1)
        within_B = (near_BD.shape[1] + 9) * HALF_ULP * self.radius * (length_B + self.radius)
        sure_B: Tensor = (kth_B - length_B.square()) / 2 + 2 * within_B < least_left_B.double()
        return ~sure_B.logical_and(least_left_B.isfinite())

    def _one_by_one(self, query_D: Tensor, k: int, own: int | None) -> Tensor:
        """(k,): by every distance in float64."""
        rows = torch.split(self.bank_ND, max(1, PRODUCTS // max(1, len(query_D))))
        each = [(r.double() - query_D.double()).square_().sum(1) for r in rows]
        squared_N = _numbers(torch.cat(each))
        if own is not None:
            squared_N[own] = torch.inf
        return squared_N.sort(dim=0, stable=True).indices[:k]


def _centre(vector_ND: Tensor) -> Tensor:
    """(D,): any point near them would do."""
    centre_D = vector_ND.mean(0)
    if centre_D.isfinite().all():
        return centre_D
    return vector_ND[0] if len(vector_ND) else torch.zeros_like(centre_D)


def _numbers(squared: Tensor) -> Tensor:
    """What is no finite number as the largest there is: of a row, but as far as can be."""
    most = torch.finfo(squared.dtype).max
    return squared.nan_to_num_(nan=most, posinf=most)


class Candidates(NamedTuple):
    """(B, K) least values and where they are, in no order."""

    value_BK: Tensor
    index_BK: Tensor


def _least(value_BN: Tensor, wanted: int) -> Candidates:
    return Candidates(*value_BN.topk(wanted, largest=False, sorted=False))


def _least_by_groups(value_BN: Tensor, wanted: int) -> Candidates:
    """The least of each row. Each of them lies in one of as many groups, those of the least
    minima."""
    groups = value_BN.shape[1] // GROUP
    group_BK = _least(value_BN.view(len(value_BN), GROUP, groups).amin(1), wanted).index_BK
    return _least_among(value_BN, group_BK, groups, wanted)


def _least_among(value_BN: Tensor, first_BK: Tensor, step: int, wanted: int) -> Candidates:
    """The least of groups, of which each has a first, and the others a step apart."""
    in_group = step * torch.arange(GROUP, device=value_BN.device)
    place_BK = (first_BK[:, :, None] + in_group).flatten(1)
    value_BK, chosen_BK = _least(value_BN.gather(1, place_BK), wanted)
    return Candidates(value_BK, place_BK.gather(1, chosen_BK))


def _in_order(squared_BK: Tensor, index_BK: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """The k nearest candidates, by distance and then by index, and the k-th distance squared."""
    by_index_BK = index_BK.argsort(1)
    squared_BK, index_BK = (v.gather(1, by_index_BK) for v in (squared_BK, index_BK))
    squared_BK, order_BK = squared_BK.sort(dim=1, stable=True)
    return index_BK.gather(1, order_BK[:, :k]), squared_BK[:, k - 1]


@contextmanager
def _float32_is_float32() -> Iterator[None]:
    """Products of float32 are of float32, whatever the training around it computes in."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    try:
        with torch.autocast("cuda", enabled=False), torch.autocast("cpu", enabled=False):
            yield
    finally:
        torch.set_float32_matmul_precision(before)


class Votes(NamedTuple):
    """(B,): the class that won, and whether others had as many votes."""

    winner_B: Tensor
    tied_B: Tensor


def votes(label_BK: Tensor, classes: int, *, smallest_of_tied: bool = False) -> Votes:
    """Each neighbour has one vote, ``label_BK`` in order of distance. Of tied classes that of the
    nearest neighbour wins; with ``smallest_of_tied`` the smallest, as in scikit-learn."""
    label_BK = label_BK.long()
    count_BC = torch.zeros(len(label_BK), classes, dtype=torch.int64, device=label_BK.device)
    count_BC.scatter_add_(1, label_BK, torch.ones_like(label_BK))
    leads_BC = count_BC == count_BC.amax(1, keepdim=True)
    tied_B = leads_BC.sum(1) > 1
    if smallest_of_tied:
        return Votes(leads_BC.int().argmax(1), tied_B)
    first_B1 = leads_BC.gather(1, label_BK).int().argmax(1, keepdim=True)
    return Votes(label_BK.gather(1, first_B1)[:, 0], tied_B)
