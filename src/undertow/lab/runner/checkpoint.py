"""Checkpoints inside long trainings: where they are kept, when they are due, what is in them.

A checkpoint is one safetensors file: all that a training names as its state, sums of the epoch
under way, and the step that comes next. A training that goes on from it gives the bytes of one that
was never stopped, so when it is written (by the clock) does not matter.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor, nn

from undertow.lab.trainings.training import Stateful
from undertow.records.folder import write_whole

EVERY = 60.0
"""Seconds of training that a kill may cost."""

NEXT = "next_step"
BETWEEN = "\x1f"
"""Between the names of a tensor and of what holds it."""
CHECK = "check"
"""Of the rest of the file, and of whose it is."""


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
        self._whose = ""

    def due(self) -> bool:
        """Whether to save now: it is time, or somebody asked to stop."""
        return self.asked() or time.monotonic() - self._last >= self.every

    def save(self, step: int, state: Mapping[str, Stateful]) -> None:
        """Keep the state before ``step``; raise ``Stopped`` where that was asked for."""
        tensors = packed(state) | {NEXT: torch.tensor(step)}
        tensors[CHECK] = _check(tensors, self._whose)
        self.shelf.save(self.name, save_tensors(tensors))
        self._last = time.monotonic()
        if self.asked():
            raise Stopped

    def resume(self, state: Mapping[str, Stateful], whose: str = "") -> int:
        """Put the last checkpoint into ``state`` and return the step to go on with; 0 where there
        is none. A damaged one, or that of another training than ``whose``, counts as none: it costs
        time and nothing else. ``TypeError`` for a state that cannot be saved."""
        self._whose = whose
        data = self.shelf.load(self.name)
        if data is None:
            packed(state)  # which says at the start what else it would say after a minute
            return 0
        try:
            tensors = load_tensors(data)
        except SafetensorError:
            return 0
        check = tensors.pop(CHECK, None)
        if check is None or not torch.equal(check, _check(tensors, whose)):
            return 0
        step = int(tensors.pop(NEXT))
        unpack(tensors, state)
        return step


def _check(tensors: Mapping[str, Tensor], whose: str) -> Tensor:
    """Two checksums: of all names and bytes, and of ``whose``."""
    found = 0
    for name in sorted(tensors):
        found = zlib.crc32(name.encode(), found)
        flat = tensors[name].contiguous().flatten().view(torch.uint8)
        found = zlib.crc32(flat.numpy().data, found)
    return torch.tensor([found, zlib.crc32(whose.encode())])


def packed(state: Mapping[str, Stateful]) -> dict[str, Tensor]:
    """All that changes as tensors by name, each a copy, contiguous and alone in its memory, as
    safetensors wants them. ``TypeError`` for what cannot be saved, so that nothing is left out."""
    found: dict[str, Tensor] = {}
    for name, thing in state.items():
        _pack(name, thing.state_dict(), found)
    return found


def _pack(name: str, value: object, found: dict[str, Tensor]) -> None:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            _pack(f"{name}{BETWEEN}{key}", inner, found)
    elif isinstance(value, Tensor):
        # (``contiguous`` alone takes a column of one row for contiguous, whatever its stride)
        found[name] = value.detach().cpu().clone(memory_format=torch.contiguous_format)
    elif isinstance(value, bool | int | float):
        found[name] = torch.tensor(value, dtype=torch.float64 if isinstance(value, float) else None)
    else:
        said = name.replace(BETWEEN, " / ")
        raise TypeError(f"{said}: a checkpoint holds tensors and numbers, not {value!r}")


@torch.no_grad()
def unpack(tensors: Mapping[str, Tensor], state: Mapping[str, Stateful]) -> None:
    """Put the values back in place, so that whoever holds the tensors sees them."""
    nested: dict[str, Any] = {name: {} for name in state}
    for name, value in tensors.items():
        *way, last = name.split(BETWEEN)
        inner = nested
        for part in way:
            inner = inner.setdefault(part, {})
        inner[last] = value
    for name, thing in state.items():
        thing.load_state_dict(nested[name])


class UnsavedBuffers:
    """Buffers that are no part of their model's state, as they may change all the same."""

    def __init__(self, models: Sequence[nn.Module]) -> None:
        self.models = models

    def state_dict(self) -> dict[str, dict[str, Tensor]]:
        return {str(m): dict(_unsaved(model)) for m, model in enumerate(self.models)}

    @torch.no_grad()
    def load_state_dict(self, state_dict: Mapping[str, Mapping[str, Tensor]]) -> None:
        for m, model in enumerate(self.models):
            for name, buffer in _unsaved(model):
                buffer.copy_(state_dict[str(m)][name])


def _unsaved(model: nn.Module) -> Iterator[tuple[str, Tensor]]:
    saved = model.state_dict(keep_vars=True).keys()
    return ((name, buffer) for name, buffer in model.named_buffers() if name not in saved)
