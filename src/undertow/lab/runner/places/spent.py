"""Seconds that a chunk of members took, on two clocks."""

from __future__ import annotations

import time
from typing import NamedTuple

import torch


class Spent(NamedTuple):
    """Seconds by the wall's clock, and those that this process worked, all threads; None where
    another device does the work."""

    wall: float
    worked: float | None

    @classmethod
    def now(cls, device: torch.device) -> Spent:
        """Both clocks as they stand."""
        here = device.type == "cpu"
        return cls(time.perf_counter(), time.process_time() if here else None)

    def since(self, began: Spent, among: int) -> Spent:
        """From ``began`` to here, shared out among so many members."""
        wall = (self.wall - began.wall) / among
        if self.worked is None or began.worked is None:
            return Spent(wall, None)
        return Spent(wall, (self.worked - began.worked) / among)
