"""Balanced, robust and trade-off objectives at work (2206.06479, Algorithms 1 and 2): of a teacher
on labels, and of a student on what its teacher says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import torch
from torch import Tensor

from undertow.lab.interventions._given import (
    check_groups,
    check_numbers,
    check_update_every,
)
from undertow.lab.interventions.objective._groups import Groups
from undertow.lab.interventions.objective._held_errors import HeldErrors
from undertow.lab.interventions.objective._margin import cross_entropy, shifted, soft_cross_entropy
from undertow.lab.interventions.objective._multipliers import Multipliers, by_name
from undertow.lab.interventions.site import ObjectiveRun
from undertow.lab.trainings.training import Given, Network


class Terms(Protocol):
    """What both descriptions say."""

    @property
    def alpha(self) -> float: ...
    @property
    def step(self) -> float: ...
    @property
    def update_every(self) -> int: ...
    @property
    def groups(self) -> str: ...
    @property
    def one_over_m(self) -> bool: ...


def check_terms(what: Terms) -> None:
    """``ValueError`` for what cannot be."""
    check_numbers(what, ("alpha", "step"))
    if not 0 <= what.alpha <= 1:
        raise ValueError(f"{what!r}: alpha is from 0 (balanced) to 1 (robust)")
    if not 0 < what.step < float("inf"):
        raise ValueError(f"{what!r}: step is a finite number above 0")
    check_update_every(what, what.update_every)
    check_groups(what, what.groups)


class RobustRun(ObjectiveRun):
    """λ of each member and group, and the loss that it makes.

    ``log_prior_MG`` are the groups' shares π, ``errors`` the held-out errors R, None where α = 0,
    since nothing then grows. ``temperature`` is that of the labels that the teacher gives, None
    where labels are the data's own.
    """

    def __init__(
        self,
        what: Terms,
        given: Given,
        groups: Groups,
        log_prior_MG: Tensor,
        errors: HeldErrors | None,
        temperature: float | None = None,
    ) -> None:
        self.what, self.groups, self.errors = what, groups, errors
        self.log_prior_MG, self.temperature = log_prior_MG, temperature
        members, device = len(given.seeds_M), given.data.device
        self.multipliers = Multipliers(members, len(groups.names), device)
        self.error_MG = torch.full_like(self.multipliers.log_MG, torch.nan)
        self.since = 0
        self._weigh()

    def _weigh(self) -> None:
        """Costs c = β / π, as λ is now."""
        self.log_beta_MG = self.multipliers.mixed(self.what.alpha)
        self.log_cost_MG = self.log_beta_MG - self.log_prior_MG

    def each(
        self, logits_BC: Tensor, y_B: Tensor, index_B: Tensor, teacher_logits_BC: Tensor | None
    ) -> Tensor:
        """Classes count in the margin, other groups by a weight."""
        if self.groups.by_class:
            loss_B = self._against(shifted(logits_BC, self.log_cost_MG), y_B, teacher_logits_BC)
            return loss_B / logits_BC.shape[-1] if self.what.one_over_m else loss_B
        loss_B = self._against(logits_BC, y_B, teacher_logits_BC)
        return loss_B * self._weights(index_B).to(loss_B.dtype)

    def _against(self, logits_BC: Tensor, y_B: Tensor, teacher_BC: Tensor | None) -> Tensor:
        """Cross-entropy with the labels, or with what the teacher says."""
        if self.temperature is None:
            return cross_entropy(logits_BC, y_B)
        if teacher_BC is None:
            raise ValueError(f"{self.what!r} needs the logits of a teacher")
        return soft_cross_entropy(logits_BC, (teacher_BC / self.temperature).softmax(-1))

    def _weights(self, index_B: Tensor) -> Tensor:
        """β / π of each example's group, 1 on average over the training part where β = π."""
        cost_MG, group_B = self.log_cost_MG.exp(), self.groups.train_N[index_B]
        return cost_MG[0][group_B] if group_B.ndim == 1 else cost_MG.gather(-1, group_B)

    def after_step(self, t: int, network: Network) -> int:
        """After every ``update_every`` steps that learned: look at held-out examples, and let λ
        grow where the errors are."""
        self.since += 1
        if self.errors is None or self.since < self.what.update_every:
            return 0
        self.since = 0
        self.error_MG.copy_(self.errors(network))
        self.multipliers.grow(self.what.step * self.what.alpha * self.error_MG)
        self._weigh()
        return len(self.groups.held_N)

    def told(self) -> dict[str, Tensor]:
        """λ and β, and the held-out errors that they were last grown by (NaN before)."""
        names = self.groups.names
        return (
            by_name("lambda", names, self.multipliers.log_MG.exp())
            | by_name("beta", names, self.log_beta_MG.exp())
            | by_name("held_out_error", names, self.error_MG)
        )

    def state_dict(self) -> dict[str, Tensor]:
        """λ, the last errors, and how many steps ago they were asked for."""
        kept = {"error": self.error_MG, "since": torch.tensor(self.since)}
        return self.multipliers.state_dict() | kept

    def load_state_dict(self, state_dict: Mapping[str, Tensor]) -> None:
        """Put them back."""
        self.multipliers.load_state_dict(state_dict)
        self.error_MG.copy_(state_dict["error"])
        self.since = int(state_dict["since"])
        self._weigh()
