"""``LearnedFrom``: which training examples a member learned from, and which it answers rightly in
the end. Over members this tells how far an example is learned from others and how far by heart
(``audit/dynamics/over_members``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from undertow.lab.probes.asking import batches_of
from undertow.lab.probes.members_asked import MembersAsked
from undertow.lab.probes.probe import Column, Probe, ProbeRun, Size, of_the_last_epoch
from undertow.lab.trainings.training import Done, Given, TrainingRun
from undertow.records.schema import ProbeEntry


@dataclass(frozen=True)
class LearnedFrom(Probe):
    """Of every training example, whether some step learned from it, and whether the network answers
    it rightly after the last epoch, in eval mode and without augmentation.

    Meant for members that leave examples out: the intervention ``Subset``, or another sampling.
    Steps are those of this training, in all of its phases; what a parent learned from is not known
    here. The columns that members make together: ``held_out_correctness`` and ``memorisation``
    among the instruments.
    """

    columns: ClassVar[tuple[Column, ...]] = (
        Column(
            "learned_from",
            "1 where some step learned from the example, 0 where none did",
            "0 or 1",
            "neither",
            "",
            "2008.03703 (the authors' subset masks of training)",
            "what each step writes: the places of its examples",
        ),
        Column(
            "right",
            "1 where the largest logit is the label's, 0 where it is another's or none is a number",
            "0 or 1",
            "low",
            "",
            "2008.03703, 2002.03206 (correctness of a trained network on an example)",
            "one forward pass over the training part, after the last epoch",
        ),
    )

    @property
    def name(self) -> str:
        """``learned-from``."""
        return "learned-from"

    def entry(self, epochs: int) -> ProbeEntry:
        """Of the last epoch."""
        return of_the_last_epoch(self, "train", epochs)

    def start(self, given: Given, epochs: int) -> ProbeRun:
        """Begin with nothing learned from."""
        return _LearnedFromRun(given, (epochs,))

    def kept_bytes(self, size: Size, epochs: int) -> int:
        """Two small integers per example, and a third while it trains."""
        return 3 * size.train


class _LearnedFromRun(MembersAsked):
    def __init__(self, given: Given, epochs: tuple[int, ...]) -> None:
        types = {column.name: torch.int8 for column in LearnedFrom.columns}
        super().__init__(given, "train", epochs, types)
        shape, device = (len(given.models), len(self.y_N)), self.y_N.device
        self.learned_MN = torch.zeros(shape, dtype=torch.int8, device=device)

    def after_step(self, t: int, done: Done, run: TrainingRun) -> None:
        """Mark what was learned from; nothing where no example was chosen."""
        if done.seen is not None:
            index_MB = done.seen.index_B.reshape(len(self.learned_MN), -1)
            self.learned_MN.scatter_(1, index_MB, 1)

    def ask(self, model: nn.Module, member: int) -> Mapping[str, Tensor]:
        """What was marked, and the answers."""
        batches = batches_of(self.data, "train")
        class_N = torch.cat([_answers(model(x_BCHW)) for x_BCHW in batches])
        return {"learned_from": self.learned_MN[member], "right": class_N == self.y_N}

    def state_dict(self) -> Mapping[str, Any]:
        """With what was marked so far."""
        return {**super().state_dict(), "learned": self.learned_MN}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Put it back."""
        super().load_state_dict(state_dict)
        self.learned_MN.copy_(state_dict["learned"])


def _answers(logits_BC: Tensor) -> Tensor:
    """(B,): class indices; -1 where a logit is not a number."""
    return logits_BC.argmax(-1).masked_fill(logits_BC.isnan().any(-1), -1)
