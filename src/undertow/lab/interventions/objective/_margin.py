"""Cross-entropy on shifted logits, which asks for more where a class counts for more: the margin
surrogate of 2206.06479."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F


def soft_cross_entropy(logits_BC: Tensor, p_BC: Tensor) -> Tensor:
    """−Σ_y p_y log softmax_y(logits) per example, in nats: (…, C) and (…, C) to (…). Not below the
    entropy of p."""
    return -(p_BC * logits_BC.log_softmax(-1)).sum(-1)


def cross_entropy(logits_BC: Tensor, y_B: Tensor) -> Tensor:
    """−log softmax_y(logits) per example, in nats: (…, C) and (…) to (…)."""
    flat_B = F.cross_entropy(logits_BC.flatten(0, -2), y_B.flatten(), reduction="none")
    return flat_B.reshape(y_B.shape)


def shifted(logits_BC: Tensor, log_c_MC: Tensor) -> Tensor:
    """f − log c, for the costs (M, C) of each member's classes: with (…, C) logits of one member or
    (M, …, C) of several.

    Cross-entropy of p on them is Σ_y p_y log(1 + Σ_{j≠y} exp(log(c_y / c_j) − (f_y − f_j))), the
    margin surrogate but for its 1/m, and softmax(f) ∝ c·p where it is least. So a cost belongs into
    the margin and must not multiply the loss as well.
    """
    log_c = log_c_MC.to(logits_BC.dtype)
    return logits_BC - (log_c[0] if len(log_c) == 1 else log_c[:, None, :])
