"""Crops and flips for those examples alone whose labels are the least probable (2107.13098, the
authors' code)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar, Literal

import torch
from torch import Tensor

from undertow.lab.feeds.augment import generator
from undertow.lab.feeds.batches import Batch
from undertow.lab.interventions.inputs._masked import MaskedCrops
from undertow.lab.interventions.site import AbstractInputs, InputsRun
from undertow.lab.probes.asking import batches_of, in_eval_mode, with_members
from undertow.lab.trainings.noise import mixed
from undertow.lab.trainings.training import Given, Network, Seen

LOTS = 1 << 41
"""Mixed into the stream ``augment``: who is drawn shares nothing with crops and flips."""


@dataclass(frozen=True)
class TargetedAugmentation(AbstractInputs):
    """Random crops (padding ``crop``) and flips for ⌊``share`` · N⌋ training examples, chosen anew
    for each epoch; all others are seen as they are. The first ``warm`` epochs augment every
    example, whatever the share.

    ``of`` says which: ``"least certain"``, those whose given label is the least probable, equal
    ones in the order of the data; or ``"random"``, drawn from the stream ``augment``. ``score``
    says by which probability: ``"seen"``, of the last step that learned from the example (train
    mode, before the step, augmented or not), as the authors' code does it; or ``"clean"``, of the
    network at the start of the epoch in eval mode without augmentation, for a forward pass an
    epoch. An example of which no step has learned yet comes last.

    Nobody is ever augmented: ``TargetedAugmentation(0, warm=0)``. Everybody always, which is the
    recipe's own augmentation to the last bit: ``TargetedAugmentation(1)``. Nobody after the
    warm-up: ``TargetedAugmentation(0)``. A random share: ``TargetedAugmentation(of="random")``.
    The recipe has neither crop nor flip of its own. Crops and flips are those that a recipe draws,
    by (stream ``augment``, epoch, example).
    """

    augments: ClassVar[bool] = True

    share: float = 0.2
    warm: int = 5
    crop: int = 4
    flip: bool = True
    of: Literal["least certain", "random"] = "least certain"
    score: Literal["seen", "clean"] = "seen"

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise ValueError(f"{self!r}: share is from 0 to 1")
        for name in ("warm", "crop"):
            value = getattr(self, name)
            if not isinstance(value, int) or value < 0:
                raise ValueError(f"{self!r}: {name} is a whole number, 0 or more")
        if not (self.crop or self.flip):
            raise ValueError(f"{self!r}: augments nothing; give crop=4, flip=True or both")
        if self.of not in ("least certain", "random"):
            raise ValueError(f"{self!r}: of is 'least certain' or 'random'")
        if self.score not in ("seen", "clean"):
            raise ValueError(f"{self!r}: score is 'seen' or 'clean'")
        if not self.warm and self.by_seen:
            raise ValueError(
                f"{self!r}: before the first epoch no step has seen an example; give warm=1 or "
                "more, or score='clean'"
            )

    @property
    def by_seen(self) -> bool:
        """Whether what steps saw chooses."""
        return self._chooses and self.score == "seen"

    @property
    def by_clean(self) -> bool:
        """Whether a pass of its own chooses."""
        return self._chooses and self.score == "clean"

    @property
    def _chooses(self) -> bool:
        return 0 < self.share < 1 and self.of == "least certain"

    def count(self, examples: int) -> int:
        """⌊``share`` · N⌋ of the share as it is written: .29 of 100 are 29, which no product of
        floats is."""
        return int(Fraction(repr(float(self.share))) * examples)

    def start(self, given: Given) -> InputsRun:
        """Begin with the first epoch."""
        return _TargetedRun(self, given)


class _TargetedRun(InputsRun):
    """On M members of N examples: whom the epoch under way augments, and how probable each label
    was."""

    def __init__(self, what: TargetedAugmentation, given: Given) -> None:
        self.what, self.given, self.crops = what, given, MaskedCrops(what, given)
        M, N = len(given.seeds_M), len(given.data.train_y_N)
        self.epoch = 0
        self.mask_MN = torch.zeros((M, N), dtype=torch.bool, device=given.data.device)
        self.log_p_MN = torch.full(
            (M, N), torch.inf, dtype=given.data.dtype, device=given.data.device
        )

    def before_epoch(self, epoch: int, network: Network) -> int:
        """Choose for this epoch; a pass of its own puts every example forward."""
        _, N = self.mask_MN.shape
        ask = self.what.by_clean and epoch >= self.what.warm
        if ask:
            self.log_p_MN.copy_(self._clean(network))
        k = N if epoch < self.what.warm else self.what.count(N)
        lots_MN = self._lots(epoch) if self.what.of == "random" else self.log_p_MN
        chosen_Mk = lots_MN.argsort(dim=-1, stable=True)[:, :k]
        self.mask_MN.zero_().scatter_(-1, chosen_Mk, value=True)
        self.epoch = epoch
        self.crops.plan(self.mask_MN, self.epoch)
        return N if ask else 0

    def _clean(self, network: Network) -> Tensor:
        """(M, N): log p of each given label, as ``Trace(clean=True)`` asks for it."""
        data = self.given.data
        with in_eval_mode(network, data.device):
            logits = [with_members(network(x_BCHW)) for x_BCHW in batches_of(data, "train")]
        return log_p(torch.cat(logits, dim=1), data.train_y_N.expand(len(self.mask_MN), -1))

    def _lots(self, epoch: int) -> Tensor:
        """(M, N): the places of a random order."""
        N = self.mask_MN.shape[-1]
        sources = [generator(mixed(s["augment"], LOTS), epoch) for s in self.given.seeds_M]
        lots_MN = torch.stack([torch.randperm(N, generator=source) for source in sources])
        return lots_MN.to(self.mask_MN.device)

    def changed(self, t: int, batch: Batch) -> Batch:
        """The chosen ones cropped and mirrored."""
        return self.crops.changed(batch)

    def augmented(self, index_B: Tensor) -> Tensor:
        """Who is chosen in the epoch under way."""
        M, _ = self.mask_MN.shape
        return self.mask_MN.gather(-1, index_B.reshape(M, -1)).reshape(index_B.shape)

    def saw(self, seen: Seen) -> None:
        """Keep how probable each label was."""
        if self.what.by_seen and seen.logits_BC is not None:
            M, _ = self.mask_MN.shape
            found_B = log_p(seen.logits_BC, seen.y_B).to(self.log_p_MN.dtype)
            self.log_p_MN.scatter_(-1, seen.index_B.reshape(M, -1), found_B.reshape(M, -1))

    def state_dict(self) -> dict[str, Tensor]:
        """The epoch, whom it augments, and what the next one will be chosen by."""
        return {
            "epoch": torch.tensor(self.epoch),
            "mask": self.mask_MN,
            "log p": self.log_p_MN,
        }

    def load_state_dict(self, state_dict: Mapping[str, Tensor]) -> None:
        """Put it back, and draw the epoch's crops and flips again."""
        self.epoch = int(state_dict["epoch"])
        self.mask_MN.copy_(state_dict["mask"])
        self.log_p_MN.copy_(state_dict["log p"])
        self.crops.plan(self.mask_MN, self.epoch)


def log_p(logits_BC: Tensor, y_B: Tensor) -> Tensor:
    """(…, B): the logarithm of each label's probability, whose order is that of probabilities and
    which differs where they round to 1."""
    return logits_BC.log_softmax(-1).gather(-1, y_B[..., None])[..., 0]
