"""Noise that belongs to (stream, step): what a layer draws in a step depends on nothing before
it, so a training that goes on in the middle needs no generator from a checkpoint."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy
import torch

from undertow.errors import UserError

_MASK = (1 << 64) - 1


def mixed(seed: int, step: int) -> int:
    """A seed for one step of a stream: 63 bits of SplitMix64 (Steele et al. 2014), whose outputs
    share nothing even where seeds and steps are neighbours."""
    z = (seed + (step + 1) * 0x9E3779B97F4A7C15) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return (z ^ (z >> 31)) >> 1


class Noise:
    """The generators that layers with noise listen to: torch's own where one member trains, one
    for each member where several train in one step."""

    def __init__(self, seeds_M: Sequence[int], device: torch.device, together: bool) -> None:
        self.seeds_M = list(seeds_M)
        self.sources = (
            [torch.Generator(device) for _ in seeds_M] if together else torchs_own(device)
        )

    def at(self, step: int) -> None:
        """Start all of them at this step."""
        seeds_M = self.seeds_M if len(self.seeds_M) > 1 else self.seeds_M * len(self.sources)
        for source, seed in zip(self.sources, seeds_M, strict=True):
            source.manual_seed(mixed(seed, step))


def torchs_own(device: torch.device) -> list[torch.Generator]:
    """Torch's own generators for the CPU and for this device."""
    cuda = [torch.cuda.default_generators[device.index or 0]] if device.type == "cuda" else []
    return [torch.default_generator, *cuda]


@contextmanager
def torchs_own_kept(device: torch.device) -> Iterator[None]:
    """Torch's own generators are outside as they were before."""
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        yield


@contextmanager
def torch_seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Torch's own generators start at ``seed`` inside and are as they were outside."""
    with torchs_own_kept(device):
        torch.manual_seed(seed)
        yield


@contextmanager
def no_other_draws() -> Iterator[None]:
    """``UserError`` where numbers are drawn inside from a generator that no checkpoint holds, so
    that a training that went on after a stop would be another one."""
    before = _others()
    yield
    for name, state in _others().items():
        if state != before[name]:
            raise UserError(
                f"a step draws from the generator of {name}, which no checkpoint holds and no seed "
                "stream starts; draw with torch, or from a generator seeded with "
                "trainings.noise.mixed(seed, t)"
            )


def _others() -> dict[str, object]:
    """The state of generators that belong to nobody."""
    numpys = numpy.random.get_state(legacy=False)["state"]  # noqa: NPY002
    kept = {name: numpy.asarray(value).tobytes() for name, value in numpys.items()}
    return {"numpy.random": kept, "random": random.getstate()}
