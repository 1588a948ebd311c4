"""What a trained member says about the test part."""

from __future__ import annotations

import torch
from torch import Tensor, nn

BATCH = 512
"""Fixed, because the size of a batch can change the last bit of a matrix product."""


@torch.inference_mode()
def probabilities(model: nn.Module, x_NCHW: Tensor) -> Tensor:
    """Softmax of the logits in float32, (N, C), on the CPU; no augmentation, dropout off."""
    model.eval()
    parts = [model(x_BCHW).float().softmax(dim=1) for x_BCHW in torch.split(x_NCHW, BATCH)]
    return torch.cat(parts).cpu()
