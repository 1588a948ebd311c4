"""``Augmented``: which examples each epoch saw cropped or mirrored at random."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import polars as pl
import torch
from torch import Tensor

from undertow.lab.probes.probe import Column, Found, Probe, ProbeRun, Size
from undertow.lab.trainings.training import Done, Given, TrainingRun
from undertow.records.schema import ProbeEntry

UNSEEN = -1
"""Where an epoch did not see the example, or its training does not say how."""


@dataclass(frozen=True)
class Augmented(Probe):
    """Of every training example and epoch: whether it was cropped or mirrored at random. It costs
    nothing. What shares of the augmented are mislabelled, say, follows from it and
    ``train.parquet``."""

    columns: ClassVar[tuple[Column, ...]] = (
        Column(
            name="augmented",
            formula="1 where the epoch's step saw the example cropped or mirrored at random "
            "(also where chance left it as it is), 0 where it saw it raw",
            range="0 and 1; -1 where the epoch did not see the example, or by a training that does "
            "not say (contrastive)",
            hard="neither",
            undefined="",
            source="2107.13098 (the mask of the authors' code)",
            cost="nothing",
        ),
    )

    @property
    def name(self) -> str:
        """``augmented``."""
        return "augmented"

    def entry(self, epochs: int) -> ProbeEntry:
        """Every epoch's steps."""
        every = tuple(range(1, epochs + 1))
        return ProbeEntry(
            description=repr(self), epochs=every, part="train", mode="train", view="augmented"
        )

    def start(self, given: Given, epochs: int) -> ProbeRun:
        """Begin with nothing seen."""
        return _AugmentedRun(given, epochs)

    def kept_bytes(self, size: Size, epochs: int) -> int:
        """A byte per example and epoch, and an epoch under way."""
        return size.train * (epochs + 1)


class _AugmentedRun(ProbeRun):
    """(M, N) of the epoch under way on the device, earlier ones (M, E, N) in memory."""

    def __init__(self, given: Given, epochs: int) -> None:
        M, N = len(given.models), len(given.data.train_y_N)
        self.now_MN = torch.full((M, N), UNSEEN, dtype=torch.int8, device=given.data.device)
        self.before_MEN = torch.full((M, epochs, N), UNSEEN, dtype=torch.int8)

    def after_step(self, t: int, done: Done, run: TrainingRun) -> None:
        """Take what the step says of its examples."""
        if done.seen is None or done.seen.augmented is None:
            return
        index_MB = done.seen.index_B.reshape(len(self.now_MN), -1)
        told = torch.as_tensor(done.seen.augmented, device=index_MB.device).to(torch.int8)
        told_MB = told.expand(done.seen.index_B.shape).reshape(index_MB.shape)
        self.now_MN.scatter_(-1, index_MB, told_MB)

    def after_epoch(self, epoch: int, run: TrainingRun) -> None:
        """Keep it, and begin the next."""
        self.before_MEN[:, epoch - 1] = self.now_MN.cpu()
        self.now_MN.fill_(UNSEEN)

    def found(self) -> list[Found]:
        """A frame per member."""
        return [
            Found(pl.DataFrame({"augmented": before_EN.T.contiguous().numpy()}))
            for before_EN in self.before_MEN
        ]

    def state_dict(self) -> Mapping[str, Tensor]:
        """What was told so far."""
        return {"now": self.now_MN, "before": self.before_MEN}

    def load_state_dict(self, state_dict: Mapping[str, Tensor]) -> None:
        """Put it back."""
        self.now_MN.copy_(state_dict["now"])
        self.before_MEN.copy_(state_dict["before"])
