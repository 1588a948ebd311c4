"""What an idea is beside its dense twin, and what each of them has to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from undertow.lab.lottery.built import bytes_held
from undertow.lab.measurements.operator_costs import Cost, bytes_of, operator_costs
from undertow.lab.measurements.roofline import Work


@dataclass(frozen=True)
class Side:
    """A network to time. ``shape`` is that of one example. ``operations`` counts those of a batch
    where torch does not (it knows products and convolutions), or where it counts zeros too."""

    about: str
    build: Callable[[], nn.Module]
    shape: tuple[int, ...]
    operations: Callable[[nn.Module, int], float] | None = None

    def made(self, batch: int) -> tuple[nn.Module, Tensor]:
        """The network, and what it is timed on: the same in each process."""
        torch.manual_seed(0)
        network = self.build().eval()
        return network, torch.randn(batch, *self.shape)


@dataclass(frozen=True)
class Idea:
    """``cannot`` says of engines why they do not take it."""

    name: str
    idea: Side
    twin: Side
    cannot: Mapping[str, str] = field(default_factory=dict)

    @property
    def sides(self) -> dict[str, Side]:
        return {"idea": self.idea, "twin": self.twin}


@dataclass(frozen=True)
class Counted:
    """What one batch takes: ``operations``, a multiplication and an addition being two; ``work`` of
    each operator that torch runs; ``at_best`` that of a single kernel, which touches inputs,
    weights and answers once and keeps all between them to itself."""

    about: str
    operations: float
    work: tuple[Work, ...]
    at_best: Work


def counted(side: Side, network: nn.Module, x_B: Tensor) -> Counted:
    """By asking it once."""
    with torch.no_grad():
        answer = network(x_B)
        costs = operator_costs(network, lambda: network(x_B))
    work = tuple(Work(c.flops, c.touched, c.dtype, c.shape) for c in costs)
    if side.operations is not None:
        work = _spread(side.operations(network, len(x_B)), costs)
    operations = sum(one.flops for one in work)
    once = bytes_of(x_B) + bytes_held(network) + bytes_of(answer)
    return Counted(side.about, operations, work, Work(operations, once))


def _spread(operations: float, costs: list[Cost]) -> tuple[Work, ...]:
    """Over operators by what they touch, at the peak rate: they are no products of known sides."""
    touched = sum(cost.touched for cost in costs)
    return tuple(Work(operations * c.touched / touched, c.touched, c.dtype) for c in costs)
