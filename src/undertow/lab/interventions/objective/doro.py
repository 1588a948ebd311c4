"""``DORO``: the worst examples of a batch but for the very worst, which may be labelled wrongly."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import torch
from torch import Tensor

from undertow.lab.interventions._given import check_numbers
from undertow.lab.interventions.objective._margin import cross_entropy
from undertow.lab.interventions.site import PureObjective


@dataclass(frozen=True)
class DORO(PureObjective):
    """Distributional and outlier robust optimisation (Zhai et al. 2021, 2106.06142; its code was
    read, the paper recalled): of a batch's B cross-entropies with the labels the ⌊``epsilon`` B⌋
    largest are left out; of the others the worst share ``alpha`` counts. No groups are known.

    ``divergence="cvar"``: those at the ranks ⌊``epsilon`` B⌋ to ⌊γ B⌋ from above, γ = ``epsilon`` +
    ``alpha`` (1 − ``epsilon``), their sum over ``alpha`` (B − ⌊``epsilon`` B⌋); one example at
    least, which then counts whole. ``"chi2"``: min_η C √(mean (ℓ − η)²₊) + η over those left, C =
    √(1 + (1/``alpha`` − 1)²), with η exact. ``epsilon=0`` gives CVaR and χ²-DRO; ``alpha=1`` too is
    the mean. The gradient is that of the batch's loss, so each example's loss here is its
    cross-entropy times what it counts for, and 0 where it does not.

    Raises ``ValueError`` for ``alpha`` not above 0 and up to 1, ``epsilon`` not from 0 to below 1.
    """

    alpha: float = 0.2
    epsilon: float = 0.0
    divergence: Literal["cvar", "chi2"] = "cvar"

    def __post_init__(self) -> None:
        check_numbers(self, ("alpha", "epsilon"))
        if not 0 < self.alpha <= 1 or not 0 <= self.epsilon < 1:
            raise ValueError(
                f"{self!r}: alpha is above 0 and up to 1, epsilon is from 0 to below 1"
            )
        if self.divergence not in ("cvar", "chi2"):
            raise ValueError(f"{self!r}: divergence is 'cvar' or 'chi2'")

    def each(self, logits_BC: Tensor, y_B: Tensor, teacher_logits_BC: Tensor | None) -> Tensor:
        """B times each one's part of the batch's loss."""
        loss_B = cross_entropy(logits_BC, y_B)
        count_B = self.weights(loss_B.detach().double()) * loss_B.shape[-1]
        return loss_B * count_B.to(loss_B.dtype)

    def weights(self, loss_B: Tensor) -> Tensor:
        """(…, B): what each loss counts for, such that their weighted sum is the batch's loss and
        its gradient."""
        order_B = loss_B.argsort(dim=-1, descending=True, stable=True)
        B = loss_B.shape[-1]
        dropped = floor(self.epsilon, B)
        kept_K = order_B[..., dropped:]
        if self.divergence == "cvar":
            last = floor(self._gamma, B)
            weight_K = torch.zeros_like(loss_B[..., dropped:])
            weight_K[..., : max(1, last - dropped)] = 1 / max(1.0, self.alpha * (B - dropped))
        else:
            weight_K = chi2_weights(loss_B.gather(-1, kept_K), self.alpha)
        return torch.zeros_like(loss_B).scatter(-1, kept_K, weight_K)

    @property
    def _gamma(self) -> Fraction:
        epsilon = exactly(self.epsilon)
        return epsilon + exactly(self.alpha) * (1 - epsilon)


def exactly(share: float) -> Fraction:
    """The share as it is written: .29 of 100 are 29, which no product of floats is."""
    return Fraction(repr(float(share)))


def floor(share: float | Fraction, count: int) -> int:
    """⌊share · count⌋."""
    return math.floor((share if isinstance(share, Fraction) else exactly(share)) * count)


def chi2_weights(loss_K: Tensor, alpha: float) -> Tensor:
    """(ℓ − η)₊ / Σ (ℓ − η)₊ for losses in falling order, at the η where C √(mean (ℓ − η)²₊) + η is
    least: its gradient there, and the weighted sum of losses is that least value.

    With k losses above η, their mean μ and variance v, it is least at η = μ − √(v / (C² k / K −
    1)). The least of these values over k is the least of all, since each is one of a convex
    function.
    """
    K = loss_K.shape[-1]
    if alpha == 1:
        return torch.full_like(loss_K, 1 / K)
    C = math.sqrt(1 + (1 / alpha - 1) ** 2)
    k_K = torch.arange(1, K + 1, dtype=loss_K.dtype, device=loss_K.device)
    mean_K = loss_K.cumsum(-1) / k_K
    var_K = ((loss_K**2).cumsum(-1) / k_K - mean_K**2).clamp(min=0)
    room_K = C**2 * k_K / K - 1
    eta_K = mean_K - (var_K / room_K.clamp(min=1e-12)).sqrt()
    above_KK = (loss_K[..., None, :] - eta_K[..., :, None]).clamp(min=0)
    value_K = C * (above_KK**2).mean(-1).sqrt() + eta_K
    value_K = torch.where(room_K > 0, value_K, torch.inf)
    best = value_K.argmin(-1, keepdim=True)
    above_K = above_KK.gather(-2, best[..., None].expand(*best.shape[:-1], 1, K))[..., 0, :]
    total = above_K.sum(-1, keepdim=True)
    # η is the largest loss: those that have it count alike
    above_K = torch.where(total > 0, above_K, (loss_K == loss_K[..., :1]).to(loss_K.dtype))
    return above_K / above_K.sum(-1, keepdim=True)
