"""A multiplier for each group, which grows where the group fares badly."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from undertow.errors import NoEffectError


class Multipliers:
    """λ of M members and G groups, each member's a distribution: uniform at first. As logarithms in
    float64, so that none ever rounds to 0."""

    def __init__(self, members: int, groups: int, device: torch.device) -> None:
        even = -math.log(groups)
        self.log_MG = torch.full((members, groups), even, dtype=torch.float64, device=device)

    def grow(self, by_MG: Tensor) -> None:
        """Exponentiated gradient: λ_g ← λ_g exp(by_g) / Z, so that log(λ_a / λ_b) grows by by_a −
        by_b."""
        self.log_MG += by_MG
        self.log_MG -= self.log_MG.logsumexp(-1, keepdim=True)

    def mixed(self, alpha: float) -> Tensor:
        """log β (M, G): β = (1 − ``alpha``) / G + ``alpha`` λ. Uniform at 0, λ at 1."""
        even = torch.full_like(self.log_MG, -math.log(self.log_MG.shape[-1]))
        if alpha in (0, 1):
            return self.log_MG.clone() if alpha else even
        return torch.logaddexp(even + math.log1p(-alpha), self.log_MG + math.log(alpha))

    def state_dict(self) -> dict[str, Tensor]:
        """log λ."""
        return {"log lambda": self.log_MG}

    def load_state_dict(self, state_dict: Mapping[str, Tensor]) -> None:
        """Put it back."""
        self.log_MG.copy_(state_dict["log lambda"])


def check_reached(owner: object, symbol: str, update_every: int, steps: int) -> None:
    """``NoEffectError`` where no step comes after the first update of the multipliers, so that they
    would stay uniform: ``owner`` would be another objective under its own name."""
    if 0 < steps <= update_every:
        fix = f"give update_every={steps // 2} or less" if steps > 1 else "let it train for longer"
        raise NoEffectError(
            f"{owner!r}: this training has {steps} step{'s' * (steps > 1)}, so {symbol} would be "
            f"updated before none of them; {fix}"
        )


def by_name(word: str, names: tuple[str, ...], value_MG: Tensor) -> dict[str, Tensor]:
    """Each group's values (M,) under the names of a series."""
    return {f"{word} {name}": value_MG[:, g] for g, name in enumerate(names)}
