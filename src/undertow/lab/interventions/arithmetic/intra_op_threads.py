"""``Threads``: how many threads share one operator."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from undertow.errors import UserError
from undertow.lab.interventions.site import AbstractArithmetic

if TYPE_CHECKING:
    from undertow.lab.trainings.training import Given


@dataclass(frozen=True)
class Threads(AbstractArithmetic):
    """Trains with ``n`` threads inside each operator of the CPU (torch's *intra-op* threads), where
    every training has one otherwise.

    A sum that is shared out is taken in parts, so its last bits depend on how many share it. Small
    operators are not shared out: a network for which that is so of all of them ends in the bytes of
    one thread. ``n`` may be above the number of cores, which costs time alone. Fact: ``threads``.
    On a GPU it changes what the CPU does beside it, and no sum of the network.

    Raises ``ValueError`` for fewer than one, ``UserError`` where torch takes another number.
    """

    n: int

    def __post_init__(self) -> None:
        if self.n < 1:
            raise ValueError(f"{self!r}: at least one thread computes")

    @contextmanager
    def around(self, given: Given) -> Iterator[dict[str, float]]:
        """``n`` threads inside."""
        before = torch.get_num_threads()
        torch.set_num_threads(self.n)
        try:
            if (found := torch.get_num_threads()) != self.n:
                raise UserError(f"{self!r}: torch computes with {found} threads here")
            yield {"threads": float(self.n)}
        finally:
            torch.set_num_threads(before)
