"""How much a representation has a few features that stand out: three formulas that go by the name
Q-Score (2203.01881)."""

from __future__ import annotations

import torch
from torch import Tensor

ACTIVE = 4.0
"""ε of the AAAI version: standard deviations above an example's own mean."""
SHARES = (0.50, 0.95)
"""Between these quantiles of all features lies the share of examples on which a discriminative
feature is active."""


def q_v1(h_NR: Tensor) -> Tensor:
    """(N,): ((max_j h_j − μ)/σ) / ‖h‖₁ over the R features of each example, σ of the population;
    version 1 of the preprint. The code of 2207.00200 gives it features of length 1.

    NaN where σ is 0 or a feature is negative.
    """
    mean_N, sd_N = _moments(h_NR)
    z_N = (h_NR.amax(1) - mean_N) / sd_N
    return _where(z_N / h_NR.abs().sum(1), (sd_N > 0) & _positive(h_NR))


def q_mid(h_NR: Tensor) -> Tensor:
    """(N,): the mean of h_j − μ over the features with h_j > μ + σ; as third-party code that cites
    the preprint of 2022 has it. NaN where there is no such feature or one is negative."""
    mean_N, _ = _moments(h_NR)
    active_NR = active(h_NR, 1.0)
    return _where(_mean_over(active_NR, h_NR - mean_N[:, None]), _positive(h_NR))


def q_v6(h_NR: Tensor, discriminative_R: Tensor, over: float = ACTIVE) -> Tensor:
    """(N,): the mean of h_j − μ over the discriminative features with h_j > μ + ``over`` σ; the
    AAAI 2024 version. NaN where there is no such feature or one is negative.

    No feature can be so far above the mean where there are fewer than ``over``² + 2 of them.
    """
    mean_N, _ = _moments(h_NR)
    counted_NR = active(h_NR, over) & discriminative_R
    return _where(_mean_over(counted_NR, h_NR - mean_N[:, None]), _positive(h_NR))


def active(h_NR: Tensor, over: float) -> Tensor:
    """(N, R): features more than ``over`` standard deviations above their example's mean."""
    mean_N, sd_N = _moments(h_NR)
    least_N = torch.where(sd_N > 0, mean_N + over * sd_N, torch.inf)
    above_NR: Tensor = h_NR > least_N[:, None]
    return above_NR


def discriminative(share_R: Tensor) -> Tensor:
    """(R,): features that are active on neither too few nor too many examples: those whose share
    lies between the 50th and the 95th percentile of all."""
    bounds = torch.tensor(SHARES, dtype=share_R.dtype, device=share_R.device)
    low, high = torch.quantile(share_R, bounds)
    between_R: Tensor = (share_R >= low).logical_and(share_R <= high)
    return between_R


def _moments(h_NR: Tensor) -> tuple[Tensor, Tensor]:
    mean_N = h_NR.mean(1)
    # of equal features exactly 0, whatever the mean was rounded to
    spread_N = h_NR.amax(1) > h_NR.amin(1)
    return mean_N, torch.where(spread_N, h_NR.std(1, correction=0), 0.0)


def _positive(h_NR: Tensor) -> Tensor:
    positive_N: Tensor = h_NR.amin(1) >= 0
    return positive_N


def _mean_over(chosen_NR: Tensor, value_NR: Tensor) -> Tensor:
    """NaN where none is chosen."""
    return torch.where(chosen_NR, value_NR, 0.0).sum(1) / chosen_NR.sum(1)


def _where(value_N: Tensor, defined_N: Tensor) -> Tensor:
    return torch.where(defined_N, value_N, torch.nan)
