"""A model's weights as a file."""

from __future__ import annotations

import torch
from safetensors.torch import save
from torch import nn


def weights_file(model: nn.Module) -> bytes:
    """The model's state as a safetensors file. Tied weights are kept under each of their names."""
    state = {name: value.detach().cpu() for name, value in model.state_dict().items()}
    return save(
        {
            name: value.contiguous(memory_format=torch.contiguous_format).clone()
            for name, value in state.items()
        }
    )
