"""``Choices``: which examples a training learned from, and what it cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import polars as pl
import torch
from torch import Tensor

from undertow.lab.feeds.feed import Feed
from undertow.lab.probes.probe import Column, Found, Probe, ProbeRun, Size
from undertow.lab.trainings.training import Done, Given, TrainingRun
from undertow.records.schema import ProbeEntry

MARKS = ("mislabelled", "corrupted")
"""Slices of the training part that say by ``yes`` that an example is damaged on purpose."""


@dataclass(frozen=True)
class Choices(Probe):
    """How often each of the ``last`` epochs learned from each training example, and for every
    epoch: ``forwards`` and ``backprops`` (examples; a score is a forward), ``share_chosen``
    (back-props per training example; drawn twice counts twice), and ``share_mislabelled`` or
    ``share_corrupted`` among the examples learned from, where the training part has that slice of
    yes and no.

    A share of examples is NaN in an epoch that learned from none.
    """

    columns: ClassVar[tuple[Column, ...]] = (
        Column(
            "chosen",
            "how many times the epoch learned from the example",
            "whole numbers from 0; 1 where nothing samples",
            "neither",
            "",
            "none",
            "none beyond what the steps did",
        ),
    )

    last: int = 3

    def __post_init__(self) -> None:
        if self.last < 1:
            raise ValueError(f"{self!r}: last is a number of epochs, 1 or more")

    @property
    def name(self) -> str:
        """``choices``."""
        return "choices"

    def entry(self, epochs: int) -> ProbeEntry:
        """Seen, of the last epochs."""
        return ProbeEntry(
            description=repr(self),
            epochs=self._kept(epochs),
            part="train",
            mode="train",
            view="augmented",
        )

    def start(self, given: Given, epochs: int) -> ProbeRun:
        """Begin with nothing chosen."""
        return _ChoicesRun(given, self._kept(epochs))

    def kept_bytes(self, size: Size, epochs: int) -> int:
        """Two bytes per example and kept epoch, and an epoch under way."""
        return size.train * (2 * len(self._kept(epochs)) + 8)

    def _kept(self, epochs: int) -> tuple[int, ...]:
        return tuple(range(max(1, epochs - self.last + 1), epochs + 1))


class _ChoicesRun(ProbeRun):
    """Counts (M, N) of the epoch under way on the device, kept ones (E, M, N) in memory, and a row
    (M, columns) per epoch."""

    def __init__(self, given: Given, epochs: tuple[int, ...]) -> None:
        M, N = len(given.models), len(given.data.train_y_N)
        self.epochs, self.marks = epochs, _marks(given.data)
        self.now_MN = torch.zeros((M, N), dtype=torch.int64, device=given.data.device)
        self.kept_EMN = torch.zeros((len(epochs), M, N), dtype=torch.int16)
        self.names = ("forwards", "backprops", "share_chosen", *(f"share_{m}" for m in self.marks))
        self.rows_EMQ = torch.empty((0, M, len(self.names)), dtype=torch.float64)
        self.forwards = self.backprops = 0

    def after_step(self, t: int, done: Done, run: TrainingRun) -> None:
        """Count what was seen."""
        self.forwards += done.cost.forwards
        self.backprops += done.cost.backprops
        if done.seen is not None:
            index_MB = done.seen.index_B.reshape(len(self.now_MN), -1)
            self.now_MN.scatter_add_(-1, index_MB, torch.ones_like(index_MB))

    def after_epoch(self, epoch: int, run: TrainingRun) -> None:
        """Sum up, and begin the next."""
        N = self.now_MN.shape[1]
        total_M = self.now_MN.sum(-1).to(torch.float64)
        once = (float(self.forwards), float(self.backprops), self.backprops / N)
        told = [torch.full_like(total_M, value) for value in once]
        told += [(self.now_MN * mark_N).sum(-1) / total_M for mark_N in self.marks.values()]
        row_MQ = torch.stack(told, dim=-1).cpu()
        self.rows_EMQ = torch.cat([self.rows_EMQ, row_MQ[None]])
        if epoch in self.epochs:
            self.kept_EMN[self.epochs.index(epoch)] = self.now_MN.cpu().to(torch.int16)
        self.now_MN.zero_()
        self.forwards = self.backprops = 0

    def found(self) -> list[Found]:
        """Of each member: a column of arrays (E,), and a row per epoch."""
        return [self._of_member(m) for m in range(len(self.now_MN))]

    def _of_member(self, m: int) -> Found:
        chosen_NE = self.kept_EMN[:, m].T.contiguous().numpy()
        epochs = pl.Series("epoch", range(1, len(self.rows_EMQ) + 1), dtype=pl.Int64)
        row_EQ = self.rows_EMQ[:, m].numpy()
        told = [pl.Series(name, row_EQ[:, q]) for q, name in enumerate(self.names)]
        series = pl.DataFrame([epochs, *told])
        return Found(pl.DataFrame({"chosen": chosen_NE}), series)

    def state_dict(self) -> Mapping[str, Any]:
        """Counts and rows so far."""
        counted = {"forwards": self.forwards, "backprops": self.backprops}
        return {"now": self.now_MN, "kept": self.kept_EMN, "rows": self.rows_EMQ, **counted}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Put them back."""
        self.now_MN.copy_(state_dict["now"])
        self.kept_EMN.copy_(state_dict["kept"])
        self.rows_EMQ = state_dict["rows"].clone()
        self.forwards, self.backprops = (int(state_dict[n]) for n in ("forwards", "backprops"))


def _marks(data: Feed) -> dict[str, Tensor]:
    """(N,) for each such slice: whether the example is damaged."""
    slices = data.train_slices
    return {
        name: torch.from_numpy(
            (slices[name].cast(pl.String) == "yes").fill_null(False).to_numpy()
        ).to(data.device)
        for name in MARKS
        if name in slices.columns
    }
