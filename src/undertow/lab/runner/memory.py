"""What one more member costs in memory, so that a stack is as large as fits and no larger."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from undertow.lab.feeds.feed import Feed
from undertow.lab.interventions.site import AbstractWeights
from undertow.lab.population import Population
from undertow.lab.probes.probe import Size
from undertow.lab.recipe import Recipe
from undertow.lab.runner.member import build_member, fresh_teachers, probes_bytes
from undertow.lab.trainings.optimizer import make_optimizer
from undertow.lab.trainings.precision import shortened
from undertow.lab.trainings.stack import Stack
from undertow.lab.trainings.teacher import stacked_teacher

SHARE = 0.6
"""Of the memory that is free, what stacks may take: the rest is for the allocator's gaps and for
others."""

PAIR = 2
"""Members of the stack that is looked at; one alone takes other paths through ``vmap``."""

UNKNOWN = 8 << 30
"""Free memory where the system does not say."""


@dataclass(frozen=True)
class MemberMemory:
    """Bytes that one member adds to a stack while it trains."""

    state: int
    """Parameters, gradients, the optimizer's tensors, buffers, masks, a teacher's weights, and what
    probes keep."""
    activations: int
    """A batch of images and what the forward pass keeps for the backward pass."""
    working: int
    """The largest of these once more: the gradient that comes and goes beside them. Or what a
    teacher's forward pass, which is over before, needs beyond them."""
    once: int = 0
    """What the whole stack needs once: a teacher that all members share. The only number that is
    not per member."""

    @property
    def total(self) -> int:
        return self.state + self.activations + self.working


def member_memory(population: Population, data: Feed) -> MemberMemory:
    """Count by one real step of a stack of two what it keeps, each storage once, and take half."""
    recipe = population.recipe
    if not isinstance(recipe, Recipe):
        raise TypeError(f"what a stack under {recipe!r} needs is not known")
    models = [
        build_member(population, population.seeds.member(population.name, m), data, None)
        for m in range(PAIR)
    ]
    pruned = any(isinstance(i, AbstractWeights) for i in population.interventions)
    masks = sum(p.numel() for p in models[0].parameters() if p.ndim >= 2) if pruned else 0
    stack = Stack(models, [torch.Generator(data.device) for _ in models])
    examples = min(recipe.batch, len(data.train_y_N))
    index_B = torch.arange(examples, device=data.device).repeat(PAIR)
    x_MBCHW = data.train_batch(index_B).reshape(PAIR, examples, *data.shape_CHW)
    kept, largest = _step(stack, recipe, x_MBCHW, data.train_y_N[index_B])
    memory = MemberMemory(_state(stack, recipe) // PAIR + masks, kept // PAIR, largest // PAIR)
    memory = replace(memory, state=memory.state + _probes(population, data, models[0]))
    return _with_teachers(memory, fresh_teachers(population, data, PAIR), recipe, x_MBCHW)


def _probes(population: Population, data: Feed, model: nn.Module) -> int:
    weights = sum(value.nbytes for value in model.state_dict().values())
    size = Size(len(data.train_y_N), len(data.test_y_N), data.classes, weights)
    return probes_bytes(population, size)


def _with_teachers(
    memory: MemberMemory, teachers: list[nn.Module], recipe: Recipe, x_MBCHW: Tensor
) -> MemberMemory:
    """The same with a teacher for each member, or with one for all."""
    if not teachers:
        return memory
    weights = sum(
        value.nbytes
        for teacher in teachers
        for value in (*teacher.parameters(), *teacher.buffers())
    )
    stack = stacked_teacher([copy.deepcopy(teachers[m % len(teachers)]) for m in range(PAIR)], PAIR)
    assert isinstance(stack, Stack)
    with _noted(stack, x_MBCHW) as kept, shortened(recipe.precision, x_MBCHW.device):
        stack(x_MBCHW)
    # without gradients a pass holds the images, and one layer's input and output
    passing = (x_MBCHW.untyped_storage().nbytes() + 2 * max(kept.values())) // PAIR
    working = max(memory.working, passing - memory.activations)
    if len(teachers) == PAIR:
        return replace(memory, state=memory.state + weights // PAIR, working=working)
    return replace(memory, working=working, once=weights)


def _step(stack: Stack, recipe: Recipe, x_MBCHW: Tensor, y_B: Tensor) -> tuple[int, int]:
    """Bytes that the forward pass keeps, images included, and the bytes of the largest of them."""
    with _noted(stack, x_MBCHW) as kept:
        with shortened(recipe.precision, x_MBCHW.device):
            logits_MBC = stack(x_MBCHW)
        loss = F.cross_entropy(logits_MBC.to(x_MBCHW.dtype).flatten(0, 1), y_B)
    torch.autograd.backward(loss)
    return sum(kept.values()), max(kept.values())


@contextmanager
def _noted(stack: Stack, x_MBCHW: Tensor) -> Iterator[dict[int, int]]:
    """The bytes of every storage that a forward pass inside keeps for a backward pass, images
    included."""
    kept: dict[int, int] = {}
    own = {t.untyped_storage().data_ptr() for t in (*stack.parameters(), *stack.buffers())}

    def note(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    note(x_MBCHW)
    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        yield kept


def _state(stack: Stack, recipe: Recipe) -> int:
    """After the step above: parameters, gradients, buffers, and the optimizer's tensors."""
    optimizer = make_optimizer(recipe, stack.parameters())
    optimizer.step()
    moments = [
        v for values in optimizer.state.values() for v in values.values() if isinstance(v, Tensor)
    ]
    gradients = [p.grad for p in stack.parameters() if p.grad is not None]
    return sum(t.nbytes for t in (*stack.parameters(), *stack.buffers(), *gradients, *moments))


def free_memory(device: torch.device) -> int:
    """Bytes that are free on the device now."""
    if device.type == "cuda":
        # torch keeps what its tensors gave back; the system counts that as taken
        kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return int(torch.cuda.mem_get_info(device)[0]) + kept
    meminfo = Path("/proc/meminfo")
    for line in meminfo.read_text().splitlines() if meminfo.exists() else []:
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return UNKNOWN


def members_that_fit(memory: MemberMemory, device: torch.device, processes: int) -> int:
    """How many members one stack can hold where ``processes`` of them share the device; at least
    one."""
    return max(1, int((SHARE * free_memory(device) / processes - memory.once) / memory.total))
