"""``TrainingProbabilities``: the probability of each class for each training example. With
``LearnedFrom`` beside it this gives the answers of those members that never learned from an example
(``audit/dynamics/out_of_fold``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from undertow.lab.probes.asking import batches_of
from undertow.lab.probes.members_asked import MembersAsked
from undertow.lab.probes.probe import Probe, ProbeRun, Size, of_the_last_epoch
from undertow.lab.trainings.training import Given
from undertow.records.schema import ProbeEntry

LARGEST = 65504.0
"""Half precision holds no larger number; what is beyond it is kept as this one."""


@dataclass(frozen=True)
class TrainingProbabilities(Probe):
    """The probability of every class for every training example after the last epoch, in eval mode
    and without augmentation: the columns ``log_p0``, ``log_p1`` … are log p in half precision, NaN
    where logits give no probabilities.

    Logarithms keep what halves of p itself would lose: how near to 1 the surest answers are, and
    how improbable the least probable class is. A forward pass over the training part; 2 bytes per
    example and class. Final weights are all that it needs.
    """

    of_weights: ClassVar[bool] = True

    @property
    def name(self) -> str:
        """``training-probabilities``."""
        return "training-probabilities"

    def entry(self, epochs: int) -> ProbeEntry:
        """Of the last epoch."""
        return of_the_last_epoch(self, "train", epochs)

    def start(self, given: Given, epochs: int) -> ProbeRun:
        """Begin with nothing asked."""
        return _Run(given, (epochs,))

    def kept_bytes(self, size: Size, epochs: int) -> int:
        """A half per example and class."""
        return 2 * size.train * size.classes


class _Run(MembersAsked):
    def __init__(self, given: Given, epochs: tuple[int, ...]) -> None:
        types = {f"log_p{c}": torch.float16 for c in range(given.data.classes)}
        super().__init__(given, "train", epochs, types)

    def ask(self, model: nn.Module, member: int) -> Mapping[str, Tensor]:
        """One forward pass over the part."""
        log_p_NC = torch.cat(
            [model(x_BCHW).log_softmax(-1) for x_BCHW in batches_of(self.data, "train")]
        )
        return dict(zip(self.kept, log_p_NC.clamp(min=-LARGEST).T, strict=True))
