"""A model's weights as a file."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from safetensors.torch import save
from torch import Tensor, nn
from torch.nn.utils import parametrize

from undertow.lab.interventions.weights._masks import Mask

PARAMETRIZED = ".parametrizations."
"""In the names of what a parametrized weight is made of."""


def weights_file(model: nn.Module) -> bytes:
    """The model's state as a safetensors file. Tied weights are kept under each of their names, and
    a weight that an intervention masks as the network reads it, so that the file loads into the
    model as it was built."""
    return save(
        {
            name: value.detach().cpu().contiguous(memory_format=torch.contiguous_format).clone()
            for name, value in _built_state(model)
        }
    )


def _built_state(model: nn.Module) -> Iterator[tuple[str, Tensor]]:
    masked = {
        f"{path}.{attribute}": getattr(module, attribute)
        for path, module in model.named_modules()
        if parametrize.is_parametrized(module)
        for attribute in module.parametrizations
        if is_masked(module, attribute)
    }
    yield from masked.items()
    for name, value in model.state_dict().items():
        path, made, rest = name.partition(PARAMETRIZED)
        if not made or f"{path}.{rest.partition('.')[0]}" not in masked:
            yield name, value


def is_masked(module: nn.Module, attribute: str) -> bool:
    """Whether an intervention masks this weight. A model may be built with parametrizations of its
    own (a normalised weight), which are part of it."""
    made = module.parametrizations[attribute]  # type: ignore[index]
    return all(isinstance(part, Mask) for part in made)
