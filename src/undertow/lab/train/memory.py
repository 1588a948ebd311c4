"""What one more member costs in memory, so that a stack is as large as fits and no larger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from undertow.lab.population import Population
from undertow.lab.train.feed import Feed
from undertow.lab.train.loop import torch_seeded
from undertow.lab.train.optimizer import make_optimizer
from undertow.lab.train.precision import arithmetic
from undertow.lab.train.recipe import Recipe

SHARE = 0.6
"""Of the memory that is free, what a stack may take: the rest is for the allocator's gaps and for others."""


@dataclass(frozen=True)
class MemberMemory:
    """Bytes that one member adds to a stack while it trains."""

    state: int
    """Parameters, gradients, the optimizer's tensors, buffers."""
    activations: int
    """A batch of images and what the forward pass keeps for the backward pass."""
    working: int
    """The largest tensors that come and go beside them: gradients of two neighbouring activations."""

    @property
    def total(self) -> int:
        return self.state + self.activations + self.working


def member_memory(population: Population, data: Feed, seeds: Mapping[str, int]) -> MemberMemory:
    """Count by one real step of one member what it keeps: exact for the state; for the rest what autograd saves,
    each storage once, which a stack holds once per member."""
    recipe = population.recipe
    with torch_seeded(seeds["init"], data.device):
        model = population.model.build(data.shape_CHW, data.classes).to(data.device, data.dtype)
    model.train()
    runs_masks = sum(p.numel() for p in model.parameters() if p.ndim >= 2) if population.interventions else 0
    index_B = torch.arange(min(recipe.batch, len(data.train_y_N)), device=data.device)
    x_BCHW, y_B = data.train_batch(index_B), data.train_y_N[index_B]
    activations, largest = _step(model, recipe, x_BCHW, y_B)
    return MemberMemory(_state(model, recipe) + runs_masks, activations, 2 * largest)


def _step(model: nn.Module, recipe: Recipe, x_BCHW: Tensor, y_B: Tensor) -> tuple[int, int]:
    """Bytes that the forward pass keeps, images included, and the bytes of the largest of them."""
    kept: dict[int, int] = {x_BCHW.untyped_storage().data_ptr(): x_BCHW.untyped_storage().nbytes()}
    own = {p.untyped_storage().data_ptr() for p in (*model.parameters(), *model.buffers())}

    def note(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        with arithmetic(recipe.precision, x_BCHW.device):
            logits_BC = model(x_BCHW)
        loss = F.cross_entropy(logits_BC.to(x_BCHW.dtype), y_B)
    torch.autograd.backward(loss)
    return sum(kept.values()), max(kept.values())


def _state(model: nn.Module, recipe: Recipe) -> int:
    """After the step above: parameters, gradients, buffers, and the optimizer's tensors."""
    optimizer = make_optimizer(recipe, model.parameters())
    optimizer.step()
    moments = [v for values in optimizer.state.values() for v in values.values() if isinstance(v, Tensor)]
    gradients = [p.grad for p in model.parameters() if p.grad is not None]
    return sum(t.nbytes for t in (*model.parameters(), *model.buffers(), *gradients, *moments))


def free_memory(device: torch.device) -> int:
    """Bytes that are free on the device now."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    for line in Path("/proc/meminfo").read_text().splitlines() if Path("/proc/meminfo").exists() else []:
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return 8 << 30


def members_that_fit(memory: MemberMemory, device: torch.device, processes: int) -> int:
    """How many members one stack can hold where ``processes`` of them share the device; at least one."""
    return max(1, int(SHARE * free_memory(device) / processes / memory.total))
