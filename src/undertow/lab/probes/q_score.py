"""``QScore``: how much a few features of each example's representation stand out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from undertow.errors import UserError
from undertow.lab.probes.members_asked import MembersAsked
from undertow.lab.probes.probe import Column, Probe, ProbeRun, Size, of_the_last_epoch
from undertow.lab.probes.q_scores import ACTIVE, active, discriminative, q_mid, q_v1, q_v6
from undertow.lab.probes.representations import check_named, layers_of_a_sequence, representations
from undertow.lab.trainings.training import Given
from undertow.records.schema import ProbeEntry

UNDEFINED = "where all features are equal or one is negative"
NO_FEATURE = f"{UNDEFINED}, or no feature is counted"
COST = "a forward pass over both parts"


@dataclass(frozen=True)
class QScore(Probe):
    """Q-Scores of every example of ``part`` after the last epoch, in the three forms in which the
    formula circulates.

    Of the features that come out of the layer ``site``, means over pixels where they are maps; by
    default the last layer of a ``Sequential`` before its last one. Which features are
    discriminative is found on the training part of each member, so a member that was compressed has
    a yardstick of its own, and ``q_v6`` of two members is not measured with one.
    """

    columns: ClassVar[tuple[Column, ...]] = (
        Column(
            "q_v1",
            "(max_j h_j − μ) / (σ ‖h‖₁), with mean μ and population sd σ of the example's features",
            "from 0; the smaller, the larger the features are",
            "low",
            UNDEFINED,
            "2203.01881 (version 1 of the preprint, from memory)",
            COST,
        ),
        Column(
            "q_v1_unit",
            "q_v1 of h/‖h‖₂",
            "from 0",
            "low",
            UNDEFINED,
            "the code of 2207.00200",
            "none beyond q_v1",
        ),
        Column(
            "q_mid",
            "the mean of h_j − μ over the features with h_j > μ + σ",
            "from 0; in proportion to the features",
            "low",
            UNDEFINED,
            "third-party code that cites the preprint of 2022",
            "none beyond q_v1",
        ),
        Column(
            "q_v6",
            "the mean of h_j − μ over discriminative features with h_j > μ + over · σ; "
            "discriminative are those that are so on a share of the training examples between the "
            "50th and the 95th percentile of all features' shares",
            "from 0; in proportion to the features",
            "low",
            f"{NO_FEATURE}; with over = 4 always where there are fewer than 18 features",
            "2203.01881 (AAAI 2024, from a summary of the paper)",
            "none beyond q_v1",
        ),
    )

    of_weights: ClassVar[bool] = True

    part: Literal["train", "test"] = "test"
    site: str = ""
    over: float = ACTIVE

    def __post_init__(self) -> None:
        if self.part not in ("train", "test") or not self.over > 0:
            raise ValueError(f"{self!r}: part is 'train' or 'test', over is greater than 0")

    @property
    def name(self) -> str:
        """``q-score`` or ``q-score-test``."""
        return "q-score" if self.part == "train" else "q-score-test"

    def entry(self, epochs: int) -> ProbeEntry:
        """Of the last epoch."""
        return of_the_last_epoch(self, self.part, epochs)

    def start(self, given: Given, epochs: int) -> ProbeRun:
        """Refuse a layer that is not there."""
        model = given.models[0]
        sites = (self.site,) if self.site else layers_of_a_sequence(model, repr(self))
        if not sites:
            raise UserError(
                f"{self!r}: the model has one layer, and no representation before it; leave QScore "
                "out"
            )
        check_named(model, sites, repr(self))
        return _QScoreRun(self, given, sites[-1], (epochs,))

    def kept_bytes(self, size: Size, epochs: int) -> int:
        """Four single floats per example."""
        return 16 * (size.train if self.part == "train" else size.test)


class _QScoreRun(MembersAsked):
    def __init__(self, what: QScore, given: Given, site: str, epochs: tuple[int, ...]) -> None:
        types = {column.name: torch.float32 for column in what.columns}
        super().__init__(given, what.part, epochs, types)
        self.what, self.site = what, site

    def ask(self, model: nn.Module, member: int) -> Mapping[str, Tensor]:
        """Which features are discriminative, then each example."""
        train_NR = h_NR = representations(model, self.site, self.data, "train", pooled=True)
        counted_R = discriminative(active(train_NR, self.what.over).double().mean(0))
        if self.part == "test":
            h_NR = representations(model, self.site, self.data, "test", pooled=True)
        unit_NR = h_NR / torch.linalg.vector_norm(h_NR, dim=1, keepdim=True)
        return {
            "q_v1": q_v1(h_NR),
            "q_v1_unit": q_v1(unit_NR),
            "q_mid": q_mid(h_NR),
            "q_v6": q_v6(h_NR, counted_R, self.what.over),
        }
