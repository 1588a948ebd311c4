"""From which layer on an example's neighbours say what the network says in the end."""

from __future__ import annotations

import torch
from torch import Tensor


def prediction_depth(class_PN: Tensor, final_N: Tensor) -> Tensor:
    """(N,): one more than the last of the P probes (0 is the input, P − 1 the softmax) whose class
    is not the network's own final class; 0 where all agree with it (2106.09647).

    P, which is no layer, flags that not even the last probe agrees: the paper does not say what
    then.
    """
    place_P1 = torch.arange(1, len(class_PN) + 1, device=class_PN.device)[:, None]
    return torch.where(class_PN != final_N, place_P1, 0).amax(0)


def depth_by_label(class_PN: Tensor, label_N: Tensor) -> Tensor:
    """(N,): the same with the label in place of the network's class, and from layer 1 on, as the
    code of 2207.00200 counts: the input has no probe there. P where the last probe is wrong."""
    return prediction_depth(class_PN, label_N).clamp(min=1)
