"""What a trained member says about the test part."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from undertow.lab.feeds.feed import Feed
from undertow.lab.trainings.logits import checked
from undertow.lab.trainings.precision import products

BATCH = 512
"""Fixed, because the size of a batch can change the last bit of a matrix product."""


def probabilities(model: nn.Module, data: Feed) -> Tensor:
    """Softmax of the logits, float32, (N, C), on the CPU; no augmentation, dropout off, products in
    full float32."""
    model.eval()
    with products("float32", data.device):
        return softmax_of(model, data)


@torch.inference_mode()
def softmax_of(logits: Callable[[Tensor], Tensor], data: Feed) -> Tensor:
    """Probabilities of the test part by whatever gives logits."""
    return torch.cat(
        [
            checked(logits(x_BCHW), (len(x_BCHW), data.classes), logits)
            .float()
            .softmax(dim=1)
            .cpu()
            for x_BCHW in data.test_batches(BATCH)
        ]
    )
