"""What probes share that ask each member, after some epochs, for a number per example."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

import polars as pl
import torch
from torch import Tensor, nn

from undertow.lab.probes.asking import Part, in_eval_mode, labels_of, members_of
from undertow.lab.probes.probe import Found, ProbeRun
from undertow.lab.trainings.training import Given, TrainingRun


class MembersAsked(ProbeRun):
    """Each member by itself, in eval mode, in a stack too; what it says is kept as (M, E, N)."""

    def __init__(
        self, given: Given, part: Part, epochs: tuple[int, ...], types: Mapping[str, torch.dtype]
    ) -> None:
        self.data, self.part, self.epochs = given.data, part, epochs
        self.y_N = labels_of(given.data, part)
        shape = len(given.models), len(epochs), len(self.y_N)
        self.kept = {name: torch.zeros(shape, dtype=dtype) for name, dtype in types.items()}

    @abstractmethod
    def ask(self, model: nn.Module, member: int) -> Mapping[str, Tensor]:
        """(N,) by column, of the network as it is now."""

    def after_epoch(self, epoch: int, run: TrainingRun) -> None:
        """Ask where the epoch is one of those."""
        if epoch not in self.epochs:
            return
        for m, model in enumerate(members_of(run.network())):
            with in_eval_mode(model, self.data.device):
                answers = self.ask(model, m)
            for name, kept in self.kept.items():
                kept[m, self.epochs.index(epoch)] = answers[name].to(kept)

    def found(self) -> list[Found]:
        """A frame per member."""
        members = len(next(iter(self.kept.values())))
        return [
            Found(pl.DataFrame({n: v[m].T.contiguous().numpy() for n, v in self.kept.items()}))
            for m in range(members)
        ]

    def state_dict(self) -> Mapping[str, Any]:
        """What was said so far."""
        return {f"kept {name}": value for name, value in self.kept.items()}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Put it back."""
        for name, kept in self.kept.items():
            kept.copy_(state_dict[f"kept {name}"])
