"""What one more member costs in memory, so that a stack is as large as fits and no larger."""

from __future__ import annotations

import copy
from collections.abc import Container, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from undertow.lab.feeds.feed import Feed
from undertow.lab.population import Population
from undertow.lab.probes.probe import Size
from undertow.lab.recipe import Recipe
from undertow.lab.runner.member import fresh_teachers, probes_bytes
from undertow.lab.runner.trial import fresh_run
from undertow.lab.trainings.precision import shortened
from undertow.lab.trainings.stack import Stack
from undertow.lab.trainings.teacher import stacked_teacher
from undertow.lab.trainings.training import Network

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
    with fresh_run(population, data, PAIR) as run:
        network = run.network()
        own = {t.untyped_storage().data_ptr() for t in _held(network)}
        with _noted(own) as kept:
            run.step(0)
        gradients = sum(p.grad.nbytes for p in network.parameters() if p.grad is not None)
        state = gradients + _bytes({name: held.state_dict() for name, held in run.state().items()})
        weights = sum(held.nbytes for held in _held(network)) // PAIR
    probes = _probes(population, data, weights)
    memory = MemberMemory(
        state // PAIR + probes, sum(kept.values()) // PAIR, max(kept.values(), default=0) // PAIR
    )
    return _with_teachers(memory, population, data)


def _held(network: Network) -> Iterator[Tensor]:
    yield from network.parameters()
    yield from network.buffers()


def _bytes(state: object) -> int:
    """Of all tensors in what a training keeps."""
    if isinstance(state, Tensor):
        return state.nbytes
    return sum(map(_bytes, state.values())) if isinstance(state, Mapping) else 0


def _probes(population: Population, data: Feed, weights: int) -> int:
    parts = len(data.train_y_N), len(data.test_y_N)
    size = Size(*parts, data.classes, weights, len(data.held_out_y_N))
    return probes_bytes(population, size)


def _with_teachers(memory: MemberMemory, population: Population, data: Feed) -> MemberMemory:
    """The same with a teacher for each member, or with one for all. They teach supervised trainings
    alone."""
    teachers, recipe = fresh_teachers(population, data, PAIR), population.recipe
    if not teachers or not isinstance(recipe, Recipe):
        return memory
    weights = sum(held.nbytes for teacher in teachers for held in _held(teacher))
    examples = min(recipe.batch, len(data.train_y_N))
    index_B = torch.arange(examples, device=data.device).repeat(PAIR)
    x_MBCHW = data.train_batch(index_B).reshape(PAIR, examples, *data.shape_CHW)
    # with gradients, so that what a layer gives is noted as what the next one keeps
    copies = [copy.deepcopy(teachers[m % len(teachers)]).requires_grad_() for m in range(PAIR)]
    stack = stacked_teacher(copies, PAIR)
    assert isinstance(stack, Stack)
    own = {t.untyped_storage().data_ptr() for t in _held(stack)}
    with _noted(own) as kept, shortened(recipe.precision, x_MBCHW.device):
        stack(x_MBCHW)
    # without gradients a pass holds the images, and one layer's input and output
    passing = (x_MBCHW.untyped_storage().nbytes() + 2 * max(kept.values())) // PAIR
    working = max(memory.working, passing - memory.activations)
    if len(teachers) == PAIR:
        return replace(memory, state=memory.state + weights // PAIR, working=working)
    return replace(memory, working=working, once=weights)


@contextmanager
def _noted(own: Container[int]) -> Iterator[dict[int, int]]:
    """The bytes of every storage that forward passes inside keep for a backward pass, images
    included and weights, whose places are ``own``, left out."""
    kept: dict[int, int] = {}

    def note(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        yield kept


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
