"""``Deterministic``: torch's switches for the same bytes each time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from undertow.lab.interventions.site import AbstractArithmetic

if TYPE_CHECKING:
    from undertow.lab.trainings.training import Given

FILLING: Any = torch.utils.deterministic
"""A module whose attribute is a property, which types do not know."""


@dataclass(frozen=True)
class Deterministic(AbstractArithmetic):
    """Trains with deterministic kernels alone: the control arm of 2106.11872, whose members with
    equal seeds must have equal bits.

    Sets ``torch.use_deterministic_algorithms(True)``, which takes other kernels where the usual
    ones are not deterministic, and raises where there are none (it never only warns); that also
    sets ``torch._inductor.config.deterministic``, so that no timing chooses compiled kernels. It
    does not set cuDNN's flags, so they are set here: ``deterministic`` on, ``benchmark`` off.
    ``fill`` is ``torch.utils.deterministic.fill_uninitialized_memory``: new memory is filled before
    an operator writes to it, which costs time and changes no result of an operator that writes all
    it returns. All are afterwards as they were. Facts, as read back: ``deterministic_algorithms``,
    ``cudnn_deterministic``, ``cudnn_benchmark``, ``inductor_deterministic``,
    ``fill_uninitialized_memory``, 0 or 1 each.

    On a CPU with one thread the lab's models give equal bits without it too. Before torch 2.10 CUDA
    also wanted ``CUBLAS_WORKSPACE_CONFIG`` set before its first use. Not run on a GPU.
    """

    fill: bool = True

    @contextmanager
    def around(self, given: Given) -> Iterator[dict[str, float]]:
        """All switches on."""
        kept = _Switches()
        torch.use_deterministic_algorithms(True)
        torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = True, False
        FILLING.fill_uninitialized_memory = self.fill
        try:
            yield {name: float(value) for name, value in _Switches().facts.items()}
        finally:
            kept.put_back()


class _Switches:
    """All of them as they are now."""

    def __init__(self) -> None:
        from torch._inductor import config  # seconds to import, so where it is used alone

        self.inductor = config
        self.warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
        self.facts = {
            "deterministic_algorithms": torch.are_deterministic_algorithms_enabled(),
            "cudnn_deterministic": torch.backends.cudnn.deterministic,
            "cudnn_benchmark": torch.backends.cudnn.benchmark,
            "inductor_deterministic": config.deterministic,
            "fill_uninitialized_memory": FILLING.fill_uninitialized_memory,
        }

    def put_back(self) -> None:
        held = self.facts
        torch.use_deterministic_algorithms(
            held["deterministic_algorithms"], warn_only=self.warn_only
        )
        torch.backends.cudnn.deterministic = held["cudnn_deterministic"]
        torch.backends.cudnn.benchmark = held["cudnn_benchmark"]
        self.inductor.deterministic = held["inductor_deterministic"]  # after the line that sets it
        FILLING.fill_uninitialized_memory = held["fill_uninitialized_memory"]
