"""``GroupDRO``: the loss of the worst group, by a multiplier for each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from undertow.lab.interventions._given import (
    check_groups,
    check_numbers,
    check_update_every,
)
from undertow.lab.interventions.objective._groups import Groups, groups_of
from undertow.lab.interventions.objective._held_errors import HeldLosses
from undertow.lab.interventions.objective._margin import cross_entropy
from undertow.lab.interventions.objective._multipliers import Multipliers, by_name, check_reached
from undertow.lab.interventions.site import AbstractObjective, ObjectiveRun
from undertow.lab.trainings.training import Given, Network


@dataclass(frozen=True)
class GroupDRO(AbstractObjective):
    """Group DRO (Sagawa et al. 2020, 1911.08731; its code was read): Σ_g q_g ℓ_g, where ℓ_g is the
    mean cross-entropy with the labels of the batch's examples of group g, and q_g ← q_g
    exp(``step`` · (ℓ_g + ``adjustment`` / √n_g)) / Z before each step, n_g its training examples. A
    group that is absent from the batch has ℓ_g = 0, so that it loses weight: learn with a sampler
    that balances groups (``Balanced(by=...)``), as the authors do. The adjustment is no part of the
    loss.

    ``groups`` is ``class`` or a slice of the training part. ``multipliers="held_out"`` is the
    baseline of 2206.06479: q follows the held-out part instead, after every ``update_every`` steps.
    Chosen, since that paper is silent: by mean cross-entropy and not by errors, with ``step`` and
    ``adjustment`` as in training, and how often.

    q is in the member's checkpoint; the probe ``Told`` writes it per epoch (``lambda``).
    Raises ``ValueError`` for numbers that cannot be, ``UserError`` where a group has no training
    example, or no held-out one where these are looked at; then also ``NoEffectError`` in a training
    so short that no step comes after an update.
    """

    groups: str = "class"
    step: float = 0.01
    adjustment: float = 0.0
    multipliers: Literal["train", "held_out"] = "train"
    update_every: int = 50

    def __post_init__(self) -> None:
        check_numbers(self, ("step", "adjustment"))
        if not 0 < self.step < float("inf") or not 0 <= self.adjustment < float("inf"):
            raise ValueError(f"{self!r}: step is above 0 and adjustment 0 or more, both finite")
        if self.multipliers not in ("train", "held_out"):
            raise ValueError(f"{self!r}: multipliers is 'train' or 'held_out'")
        check_update_every(self, self.update_every)
        check_groups(self, self.groups)

    def check_steps(self, steps: int) -> None:
        """``NoEffectError`` where q would stay uniform."""
        if self.multipliers == "held_out":
            check_reached(self, "q", self.update_every, steps)

    def start(self, given: Given) -> ObjectiveRun:
        """Begin with q uniform."""
        held_out = self.multipliers == "held_out"
        groups = groups_of(self, self.groups, given.data, held_out=held_out)
        losses = HeldLosses(given.data, groups) if held_out else None
        return _GroupRun(self, given, groups, losses)


class _GroupRun(ObjectiveRun):
    def __init__(
        self, what: GroupDRO, given: Given, groups: Groups, held: HeldLosses | None
    ) -> None:
        self.what, self.groups, self.held = what, groups, held
        members, device = len(given.seeds_M), given.data.device
        self.multipliers = Multipliers(members, len(groups.names), device)
        self.extra_G = what.adjustment / groups.count_G.sqrt()
        self.since = 0

    def each(
        self, logits_BC: Tensor, y_B: Tensor, index_B: Tensor, teacher_logits_BC: Tensor | None
    ) -> Tensor:
        """B q_g / n_g times cross-entropy, where n_g of the B examples are in the group: their mean
        is Σ_g q_g ℓ_g."""
        loss_B = cross_entropy(logits_BC, y_B)
        group_MB = self.groups.train_N[index_B].reshape(len(self.multipliers.log_MG), -1)
        ones_MB = torch.ones_like(group_MB, dtype=torch.float64)
        count_MG = torch.zeros_like(self.multipliers.log_MG).scatter_add(-1, group_MB, ones_MB)
        count_MG = count_MG.clamp(min=1)
        if logits_BC.requires_grad and self.held is None:
            loss_MB = loss_B.detach().double().reshape(group_MB.shape)
            sum_MG = torch.zeros_like(count_MG).scatter_add(-1, group_MB, loss_MB)
            self.multipliers.grow(self.what.step * (sum_MG / count_MG + self.extra_G))
        weight_MG = group_MB.shape[-1] * self.multipliers.log_MG.exp() / count_MG
        return loss_B * weight_MG.gather(-1, group_MB).reshape(loss_B.shape).to(loss_B.dtype)

    def after_step(self, t: int, network: Network) -> int:
        """Where q follows the held-out part: look at it from time to time."""
        self.since += 1
        if self.held is None or self.since < self.what.update_every:
            return 0
        self.since = 0
        self.multipliers.grow(self.what.step * (self.held(network) + self.extra_G))
        return len(self.groups.held_N)

    def told(self) -> dict[str, Tensor]:
        """q."""
        return by_name("lambda", self.groups.names, self.multipliers.log_MG.exp())

    def state_dict(self) -> dict[str, Tensor]:
        """q, and how many steps ago the held-out part was looked at."""
        return self.multipliers.state_dict() | {"since": torch.tensor(self.since)}

    def load_state_dict(self, state_dict: Mapping[str, Tensor]) -> None:
        """Put it back."""
        self.multipliers.load_state_dict(state_dict)
        self.since = int(state_dict["since"])
