"""What a person says about where and how much to train."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from undertow.errors import UserError

RUNNERS = ("auto", "loop", "processes", "stacked", "ray")


@dataclass(frozen=True)
class Machine:
    """What to train with. ``None`` leaves it to the machine: all its cores, its GPU if it has one.

    ``chunk`` is how many members are trained in one step where they are stacked. ``address`` is
    that of a running Ray cluster (``auto`` for the one this machine belongs to); without one, the
    runner ``ray`` starts Ray here. ``gpus_per_chunk`` is what a chunk reserves there, and may be a
    fraction.
    """

    runner: str = "auto"
    workers: int | None = None
    device: str | None = None
    chunk: int | None = None
    address: str | None = None
    gpus_per_chunk: float = 1.0

    def __post_init__(self) -> None:
        if self.runner not in RUNNERS:
            raise UserError(f"there is no runner {self.runner!r}: choose from {', '.join(RUNNERS)}")
        if self.device not in (None, "cpu", "cuda"):
            raise UserError(f"there is no device {self.device!r}: choose cpu or cuda")
        if self.device == "cuda" and self.runner != "ray" and not torch.cuda.is_available():
            raise UserError(
                "device 'cuda': torch finds no GPU here; choose cpu, or install torch's CUDA build"
            )
        if self.gpus_per_chunk <= 0:
            raise UserError(
                f"gpus-per-chunk is {self.gpus_per_chunk}: a share of a GPU above 0 is needed"
            )
        for name, value in (("workers", self.workers), ("chunk", self.chunk)):
            if value is not None and value < 1:
                raise UserError(f"{name} is {value}: at least 1 is needed")

    @property
    def the_device(self) -> str:
        """Where models and data go: as asked, or the GPU where torch finds one."""
        return self.device or ("cuda" if torch.cuda.is_available() else "cpu")
