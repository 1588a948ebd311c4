"""Checkpoints inside long trainings: where they are kept, when they are due, what is in them.

A checkpoint is one safetensors file: models, optimizer, sums of the epoch under way, generators,
and the step that comes next. A training that goes on from it gives the bytes of one that was never
stopped, so when it is written (by the clock) does not matter.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor, nn

from undertow.records.folder import write_whole

EVERY = 60.0
"""Seconds of training that a kill may cost."""

NEXT = "next_step"
GENERATOR = "generator"


class Stopped(KeyboardInterrupt):
    """Training ended early because it was asked to; what it had is in its checkpoint."""


class Shelf(Protocol):
    """A place for checkpoints, each under a name that can be a file's."""

    def load(self, name: str) -> bytes | None:
        """What was saved under ``name`` last; None for nothing."""
        ...

    def save(self, name: str, data: bytes) -> None:
        """Keep ``data``, in place of what was there."""
        ...


class FolderShelf:
    """Checkpoints as files of one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def load(self, name: str) -> bytes | None:
        path = self._path(name)
        return path.read_bytes() if path.exists() else None

    def save(self, name: str, data: bytes) -> None:
        write_whole(self._path(name), data)

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.safetensors"


def never() -> bool:
    """Nobody asks to stop."""
    return False


class Saver:
    """Checkpoints of one training. ``asked`` says whether it should stop as soon as it has
    saved."""

    def __init__(
        self, shelf: Shelf, name: str, *, every: float = EVERY, asked: Callable[[], bool] = never
    ) -> None:
        self.shelf, self.name, self.every, self.asked = shelf, name, every, asked
        self._last = time.monotonic()

    def due(self) -> bool:
        """Whether to save now: it is time, or somebody asked to stop."""
        return self.asked() or time.monotonic() - self._last >= self.every

    def save(self, step: int, state: TrainingState) -> None:
        """Keep the state before ``step``; raise ``Stopped`` where that was asked for."""
        tensors = state.tensors() | {NEXT: torch.tensor(step)}
        self.shelf.save(self.name, save_tensors(tensors))
        self._last = time.monotonic()
        if self.asked():
            raise Stopped

    def resume(self, state: TrainingState) -> int:
        """Put the last checkpoint into ``state`` and return the step to go on with; 0 where there
        is none. A damaged one counts as none: it costs time and nothing else."""
        data = self.shelf.load(self.name)
        if data is None:
            return 0
        try:
            tensors = load_tensors(data)
        except SafetensorError:
            return 0
        step = int(tensors.pop(NEXT))
        state.restore(tensors)
        return step


class TrainingState:
    """Everything that changes while models train: their own state, the optimizer's, sums,
    generators of noise."""

    def __init__(
        self,
        models: Sequence[nn.Module],
        optimizer: torch.optim.Optimizer,
        sums: Sequence[Tensor],
        sources: Sequence[torch.Generator],
    ) -> None:
        self.models, self.optimizer, self.sums, self.sources = models, optimizer, sums, sources

    def tensors(self) -> dict[str, Tensor]:
        """Copies by name, each one contiguous and alone in its memory, as safetensors wants
        them."""
        found = {
            f"model.{m}.{name}": value
            for m, model in enumerate(self.models)
            for name, value in state(model)
        }
        for index, values in self.optimizer.state_dict()["state"].items():
            found |= {
                f"optimizer.{index}.{name}": v
                for name, v in values.items()
                if isinstance(v, Tensor)
            }
        found |= {f"sum.{index}": value for index, value in enumerate(self.sums)}
        found |= {
            f"{GENERATOR}.{index}": source.get_state() for index, source in enumerate(self.sources)
        }
        return {name: value.detach().cpu().contiguous().clone() for name, value in found.items()}

    @torch.no_grad()
    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Put the values back in place, so that whoever holds the tensors sees them."""
        for m, model in enumerate(self.models):
            for name, value in state(model):
                value.copy_(tensors[f"model.{m}.{name}"])
        for index, value in enumerate(self.sums):
            value.copy_(tensors[f"sum.{index}"])
        self._restore_optimizer(tensors)
        for index, source in enumerate(self.sources):
            source.set_state(tensors[f"{GENERATOR}.{index}"])

    def _restore_optimizer(self, tensors: dict[str, Tensor]) -> None:
        whole = self.optimizer.state_dict()
        parameters = [p for group in self.optimizer.param_groups for p in group["params"]]
        kept: dict[int, dict[str, Tensor]] = {}
        for name, value in tensors.items():
            kind, _, rest = name.partition(".")
            if kind == "optimizer":
                index, _, field = rest.partition(".")
                kept.setdefault(int(index), {})[field] = _laid_out(value, parameters[int(index)])
        self.optimizer.load_state_dict(whole | {"state": kept})


def state(model: nn.Module) -> list[tuple[str, Tensor]]:
    """Parameters and buffers by name, as the module holds them now."""
    return list(model.state_dict(keep_vars=True).items())


def _laid_out(value: Tensor, parameter: Tensor) -> Tensor:
    """The value in the parameter's order of memory, since fused optimizers walk both side by
    side."""
    if value.shape != parameter.shape:
        return value
    return torch.empty_like(parameter, requires_grad=False).copy_(value)


def generators(device: torch.device) -> list[torch.Generator]:
    """Torch's own generators, which layers with noise listen to."""
    cuda = [torch.cuda.default_generators[device.index or 0]] if device.type == "cuda" else []
    return [torch.default_generator, *cuda]
