"""``Snapshots``: weights on the way, for what is asked of them later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from undertow.lab.probes.asking import left_alone
from undertow.lab.probes.probe import Found, Probe, ProbeRun, Size
from undertow.lab.trainings.training import Given, TrainingRun
from undertow.lab.weights_file import weights_file
from undertow.records.schema import ProbeEntry


@dataclass(frozen=True)
class Snapshots(Probe):
    """Each member's weights at the end of ``epochs``, from 1 on, as safetensors files beside the
    record (``weights/<member>@<epoch>.safetensors``).

    A masked weight is kept as the network reads it, so a snapshot loads into the plain model.
    """

    epochs: tuple[int, ...]

    def __post_init__(self) -> None:
        whole = all(isinstance(epoch, int) for epoch in self.epochs)
        rising = list(self.epochs) == sorted({*self.epochs})
        if not self.epochs or not whole or not rising or self.epochs[0] < 1:
            raise ValueError(f"{self!r}: epochs are whole numbers that rise, from 1 on")

    @property
    def name(self) -> str:
        """``snapshots``."""
        return "snapshots"

    def entry(self, epochs: int) -> ProbeEntry:
        """No values at all. ``ValueError`` for epochs that the training does not have."""
        if self.epochs[-1] > epochs:
            raise ValueError(f"{self!r}: the training has {epochs} epochs; give epochs up to that")
        return ProbeEntry(description=repr(self), epochs=self.epochs)

    def kept_bytes(self, size: Size, epochs: int) -> int:
        """A file of weights per epoch."""
        return size.weights * len(self.epochs)

    def start(self, given: Given, epochs: int) -> ProbeRun:
        """Begin with none."""
        return SnapshotsRun(self.epochs, given)


class SnapshotsRun(ProbeRun):
    """Of several members, each one's files by epoch."""

    def __init__(self, epochs: tuple[int, ...], given: Given) -> None:
        self.epochs, self.models = epochs, given.models
        self.files_M: list[dict[int, bytes]] = [{} for _ in given.models]

    def after_epoch(self, epoch: int, run: TrainingRun) -> None:
        """Keep every member's weights where the epoch is one of those."""
        if epoch in self.epochs:
            for model, files in zip(self.models, self.files_M, strict=True):
                with left_alone(model):
                    files[epoch] = weights_file(model)

    def found(self) -> list[Found]:
        """Files by epoch."""
        return [Found(snapshots=files) for files in self.files_M]

    def state_dict(self) -> Mapping[str, Any]:
        """Files as bytes."""
        return {
            str(m): {str(epoch): _bytes(data) for epoch, data in files.items()}
            for m, files in enumerate(self.files_M)
        }

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Put them back."""
        self.files_M = [
            {int(e): data.numpy().tobytes() for e, data in state_dict.get(str(m), {}).items()}
            for m in range(len(self.files_M))
        ]


def _bytes(data: bytes) -> Tensor:
    return torch.frombuffer(bytearray(data), dtype=torch.uint8)
