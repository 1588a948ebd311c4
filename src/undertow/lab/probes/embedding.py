"""``Embedding``: what enters the head for each example, so that members can be compared by it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from undertow.lab.models.head import head_of
from undertow.lab.probes.asking import batches_of
from undertow.lab.probes.members_asked import MembersAsked
from undertow.lab.probes.probe import Probe, ProbeRun, Size, of_the_last_epoch
from undertow.lab.trainings.features import features
from undertow.lab.trainings.training import Given
from undertow.records.schema import ProbeEntry

WIDE = 512
"""Features that are allowed for before there is a model; 2 KB per example."""


@dataclass(frozen=True)
class Embedding(Probe):
    """The features of every example of ``part`` after the last epoch: the columns ``f0``, ``f1`` …
    are what enters the head, in single precision and in no unit. A feature of one member is none
    of another's; ``undertow.study.grid.drift`` compares them as wholes.
    """

    of_weights: ClassVar[bool] = True

    part: Literal["train", "test"] = "test"

    def __post_init__(self) -> None:
        if self.part not in ("train", "test"):
            raise ValueError(f"{self!r}: there is no such part; choose train or test")

    @property
    def name(self) -> str:
        """``embedding`` or ``embedding-test``."""
        return "embedding" if self.part == "train" else "embedding-test"

    def entry(self, epochs: int) -> ProbeEntry:
        """Of the last epoch."""
        return of_the_last_epoch(self, self.part, epochs)

    def start(self, given: Given, epochs: int) -> ProbeRun:
        """Refuse a model without a head."""
        head = head_of(given.models[0])
        layer = given.models[0].get_submodule(head)
        assert isinstance(layer, nn.Linear)
        return _EmbeddingRun(self, given, head, layer.in_features, (epochs,))

    def kept_bytes(self, size: Size, epochs: int) -> int:
        """So many single floats per example."""
        return 4 * WIDE * (size.train if self.part == "train" else size.test)


class _EmbeddingRun(MembersAsked):
    def __init__(
        self, what: Embedding, given: Given, head: str, wide: int, epochs: tuple[int, ...]
    ) -> None:
        types = {f"f{f}": torch.float32 for f in range(wide)}
        super().__init__(given, what.part, epochs, types)
        self.head = head

    def ask(self, model: nn.Module, member: int) -> Mapping[str, Tensor]:
        """One forward pass over the part."""
        parts = [features(model, self.head, x) for x in batches_of(self.data, self.part)]
        return dict(zip(self.kept, torch.cat(parts).T, strict=True))
