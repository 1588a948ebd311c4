"""``MemoryFormat``: in which order pixels and channels lie in memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, get_args

import torch
from torch import Tensor, nn

from undertow.errors import NoEffectError
from undertow.lab.interventions.site import AbstractArithmetic

if TYPE_CHECKING:
    from undertow.lab.trainings.training import Given

Order = Literal["contiguous", "channels_last"]
ORDERS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}


@dataclass(frozen=True)
class MemoryFormat(AbstractArithmetic):
    """Trains with filters, images and maps in this order of memory: ``contiguous`` (N, C, H, W) or
    ``channels_last`` (N, H, W, C), which a training has otherwise.

    Libraries have a kernel for each order, and they sum in other orders. Afterwards the network is
    channels last again. ``NoEffectError`` for ``contiguous`` where no parameter has four axes,
    ``ValueError`` for another order.
    """

    by_itself: ClassVar[str] = "a stack lays out its own memory"

    order: Order

    def __post_init__(self) -> None:
        if self.order not in get_args(Order):
            raise ValueError(f"{self!r}: there is no such order; choose from {', '.join(ORDERS)}")

    @contextmanager
    def around(self, given: Given) -> Iterator[None]:
        """What enters a layer is brought into order there."""
        (model,) = given.models
        if self.order == "channels_last":
            yield
            return
        if not any(parameter.ndim == 4 for parameter in model.parameters()):
            raise NoEffectError(
                f"{self!r}: no parameter of {type(model).__name__} has four axes, so there is no "
                "order to change"
            )
        _lay_out(model, ORDERS[self.order])
        with ExitStack() as hooks:
            for module in model.modules():
                hooks.callback(module.register_forward_pre_hook(_contiguous).remove)
            try:
                yield
            finally:
                _lay_out(model, torch.channels_last)


def _contiguous(module: nn.Module, entering: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(x.contiguous() if isinstance(x, Tensor) else x for x in entering)


def _lay_out(model: nn.Module, order: torch.memory_format) -> None:
    for held in (*model.parameters(), *model.buffers()):
        if held.ndim == 4:
            held.data = held.data.contiguous(memory_format=order)
