"""``ChannelPermutation``: other orders of the same sums, drawn by a seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from undertow.lab.interventions.site import AbstractArithmetic
from undertow.lab.trainings.noise import mixed

if TYPE_CHECKING:
    from undertow.lab.trainings.training import Given


@dataclass(frozen=True)
class ChannelPermutation(AbstractArithmetic):
    """Noise of implementation that can be repeated: each convolution and each linear layer takes
    its channels (features) in an order drawn by ``seed`` and the member's number, and gives its own
    back in their places.

    The function is the same in exact arithmetic. Sums over channels are taken in another order,
    forward and backward, as another kernel or another tiling would take them. Weights keep their
    places, so members can be compared weight by weight. Layers with as many channels share an
    order. Grouped convolutions and layers of one channel stay as they are. Members of one
    population with ``SeedPlan(vary=())`` differ by this alone.

    Raises ``ValueError`` for a seed below 0.
    """

    by_itself: ClassVar[str] = (
        "each member has an order of its own, in layers that are called alone"
    )

    seed: int = 0

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise ValueError(f"{self!r}: a seed is 0 or more")

    @contextmanager
    def around(self, given: Given) -> Iterator[None]:
        """Calls of layers are caught on their way to torch."""
        with _Permuted(mixed(self.seed, given.number)):
            yield


class _Permuted(TorchFunctionMode):
    """Every ``conv*d`` and ``linear`` inside has its channels permuted."""

    CHANNELS: ClassVar[Mapping[Any, int]] = {F.linear: -1, F.conv1d: 1, F.conv2d: 1, F.conv3d: 1}
    """Which axis of its input has channels; functions, as torch gives them."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.seed = seed
        self._orders: dict[tuple[int, torch.device], tuple[Tensor, Tensor]] = {}

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        named = dict(kwargs or {})
        axis = self.CHANNELS.get(func)
        if axis is None:
            return func(*args, **named)
        return self._layer(func, axis, *args, **named)

    def _layer(
        self,
        func: Callable[..., Tensor],
        axis: int,
        input: Tensor,
        weight: Tensor,
        bias: Tensor | None = None,
        *rest: Any,
        **named: Any,
    ) -> Tensor:
        if weight.shape[1] != input.shape[axis]:  # in groups
            return func(input, weight, bias, *rest, **named)
        (out, back), (into, _) = (self._order(n, weight.device) for n in weight.shape[:2])
        taken = _taken(_taken(weight, 0, out), 1, into)
        offset = None if bias is None else bias.index_select(0, out)
        made = func(_taken(input, axis, into), taken, offset, *rest, **named)
        return _taken(made, axis, back)

    def _order(self, n: int, device: torch.device) -> tuple[Tensor, Tensor]:
        """An order of ``n`` channels, the same on every device, and the one that undoes it."""
        if (n, device) not in self._orders:
            source = torch.Generator().manual_seed(mixed(self.seed, n))
            order = torch.randperm(n, generator=source)
            self._orders[n, device] = order.to(device), order.argsort().to(device)
        return self._orders[n, device]


def _taken(x: Tensor, axis: int, order: Tensor) -> Tensor:
    """Along one axis in this order, and in memory as it lay."""
    if len(order) < 2:
        return x
    last = x.ndim == 4 and x.is_contiguous(memory_format=torch.channels_last)
    found = x.index_select(axis, order)
    return found.contiguous(memory_format=torch.channels_last) if last else found
