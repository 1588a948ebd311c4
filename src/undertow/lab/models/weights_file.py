"""A model's weights as a file."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from safetensors.torch import save
from torch import Tensor, nn

PARAMETRIZED = ".parametrizations."
"""In the names of what a masked weight is made of."""
ORIGINAL = ".original"


def weights_file(model: nn.Module) -> bytes:
    """The model's state as a safetensors file. Tied weights are kept under each of their names, and
    a masked weight as the network reads it, so that the file loads into a plain model."""
    return save(
        {
            name: value.detach().cpu().contiguous(memory_format=torch.contiguous_format).clone()
            for name, value in _plain_state(model)
        }
    )


def _plain_state(model: nn.Module) -> Iterator[tuple[str, Tensor]]:
    for name, value in model.state_dict().items():
        path, masked, rest = name.partition(PARAMETRIZED)
        if not masked:
            yield name, value
        elif rest.endswith(ORIGINAL):
            attribute = rest.removesuffix(ORIGINAL)
            yield f"{path}.{attribute}", getattr(model.get_submodule(path), attribute)
