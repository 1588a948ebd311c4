"""``PredictionDepth``: after how many layers an example's neighbours say what the network says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from undertow.errors import UserError
from undertow.lab.probes.asking import labels_of
from undertow.lab.probes.depth import depth_by_label, prediction_depth
from undertow.lab.probes.members_asked import MembersAsked
from undertow.lab.probes.nearest import Bank, Votes, votes
from undertow.lab.probes.probe import Column, Probe, ProbeRun, Size, of_the_last_epoch
from undertow.lab.probes.representations import (
    INPUT,
    SOFTMAX,
    check_named,
    layers_of_a_sequence,
    representations,
)
from undertow.lab.trainings.training import Given
from undertow.records.schema import ProbeEntry

COST = (
    "a forward pass over both parts for each layer, and a matrix product of all examples asked "
    "about with all training examples; memory for one layer's values of the training part, twice"
)


@dataclass(frozen=True)
class PredictionDepth(Probe):
    """Prediction depth of every example of ``part`` after the last epoch.

    At the input, after each of ``sites`` and at the softmax, the ``k`` nearest training examples by
    Euclidean distance vote with their labels. ``sites`` are names of modules; by default each layer
    of a ``Sequential`` but the last, with the norm and activation that follow it. Values of a layer
    are flattened, or means over pixels with ``pooled``. Neighbours are exact, those that this very
    member has. A training example is no neighbour of itself. Of tied classes that of the nearest
    neighbour wins; with ``smallest_of_tied`` the smallest, exactly as in scikit-learn.
    """

    columns: ClassVar[tuple[Column, ...]] = (
        Column(
            "depth",
            "one more than the last of the probes 0 (input) to L (softmax) that does not say the "
            "network's own final class; 0 where all say it",
            "0 to L + 1; L + 1 flags that not even the last probe says it, on which the paper is "
            "silent",
            "high",
            "",
            "2106.09647 (prediction depth; k = 30 there; how ties are broken and that a training "
            "example does not vote for itself is ours)",
            COST,
        ),
        Column(
            "depth_by_label",
            "the same with the label in place of the network's class, without the input and the "
            "softmax, from 1 on",
            "1 to L; L where the last layer's probe is wrong",
            "high",
            "",
            "the code of 2207.00200, which calls it prediction depth; it pools maps of features",
            "none beyond depth",
        ),
        Column(
            "tied",
            "how many of the probes had a tied vote",
            "0 to L + 1",
            "neither",
            "",
            "ours",
            "none beyond depth",
        ),
    )

    of_weights: ClassVar[bool] = True

    k: int = 30
    part: Literal["train", "test"] = "train"
    sites: tuple[str, ...] = ()
    pooled: bool = False
    smallest_of_tied: bool = False

    def __post_init__(self) -> None:
        if self.k < 1 or self.part not in ("train", "test") or isinstance(self.sites, str):
            raise ValueError(
                f"{self!r}: k is 1 or more, part is 'train' or 'test', sites is a tuple of names"
            )

    @property
    def name(self) -> str:
        """``prediction-depth`` or ``prediction-depth-test``."""
        return "prediction-depth" if self.part == "train" else "prediction-depth-test"

    def entry(self, epochs: int) -> ProbeEntry:
        """Of the last epoch."""
        return of_the_last_epoch(self, self.part, epochs)

    def start(self, given: Given, epochs: int) -> ProbeRun:
        """Refuse what could not be asked in the end."""
        voters = len(given.data.train_y_N) - (self.part == "train")
        if self.k > voters:
            raise UserError(
                f"{self!r}: k={self.k}, and only {voters:,} training examples can vote; choose a "
                "smaller k"
            )
        sites = self.sites or layers_of_a_sequence(given.models[0], repr(self))
        check_named(given.models[0], sites, repr(self))
        return _PredictionDepthRun(self, given, sites, (epochs,))

    def kept_bytes(self, size: Size, epochs: int) -> int:
        """Three short integers per example."""
        return 6 * (size.train if self.part == "train" else size.test)


class _PredictionDepthRun(MembersAsked):
    def __init__(
        self, what: PredictionDepth, given: Given, sites: tuple[str, ...], epochs: tuple[int, ...]
    ) -> None:
        types = {column.name: torch.int16 for column in what.columns}
        super().__init__(given, what.part, epochs, types)
        self.what, self.sites = what, (INPUT, *sites, SOFTMAX)

    def ask(self, model: nn.Module, member: int) -> Mapping[str, Tensor]:
        """One layer after the other, so that one layer's values are in memory."""
        found_P = [self._probe(model, site) for site in self.sites]
        class_PN = torch.stack([found.winner_B for found in found_P])
        final_N = representations(model, SOFTMAX, self.data, self.part).argmax(1)
        return {
            "depth": prediction_depth(class_PN, final_N),
            "depth_by_label": depth_by_label(class_PN[:-1], self.y_N),
            "tied": torch.stack([found.tied_B for found in found_P]).sum(0),
        }

    def _probe(self, model: nn.Module, site: str) -> Votes:
        bank_ND = representations(model, site, self.data, "train", self.what.pooled)
        query_ND, own_N = bank_ND, None
        if self.part == "test":
            query_ND = representations(model, site, self.data, "test", self.what.pooled)
        else:
            own_N = torch.arange(len(bank_ND), device=bank_ND.device)
        neighbours_NK = Bank(bank_ND).nearest(query_ND, self.what.k, own_N)
        label_NK = labels_of(self.data, "train")[neighbours_NK]
        tied = self.what.smallest_of_tied
        return votes(label_NK, self.data.classes, smallest_of_tied=tied)
