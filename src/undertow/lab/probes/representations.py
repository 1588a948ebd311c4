"""What a network makes of examples at named layers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from undertow.errors import UserError
from undertow.lab.feeds.feed import Feed
from undertow.lab.probes.asking import Part, batches_of, labels_of

INPUT, SOFTMAX = "input", "softmax"
"""Beside the names of modules: the images, and the probabilities."""


def layers_of_a_sequence(model: nn.Module, asked: str) -> tuple[str, ...]:
    """Each layer of a ``Sequential`` but the last, by what comes out of it: a layer is a module
    with a matrix or filters, and what follows it up to the next one (norm, activation, pooling).
    ``UserError`` for a model of another kind, on behalf of ``asked``."""
    if not isinstance(model, nn.Sequential):
        raise UserError(
            f"{asked}: the model is no Sequential but {type(model).__name__}, whose layers nobody "
            f"listed; name them ({_some(model)})"
        )
    weighty = [n for n, m in model.named_children() if any(p.ndim > 1 for p in m.parameters())]
    names = [name for name, _ in model.named_children()]
    return tuple(names[names.index(name) - 1] for name in weighty[1:])


def check_named(model: nn.Module, names: tuple[str, ...], asked: str) -> None:
    """``UserError`` for a layer that the model does not have."""
    known = {name for name, _ in model.named_modules()}
    for name in names:
        if name not in known or not name:
            raise UserError(
                f"{asked}: {type(model).__name__} has no layer {name!r}; it has {_some(model)}"
            )


def _some(model: nn.Module) -> str:
    names = [n for n, _ in model.named_modules() if n and "parametrizations" not in n]
    return ", ".join(names[:8]) + (" …" if len(names) > 8 else "")


def representations(
    model: nn.Module, site: str, data: Feed, part: Part, pooled: bool = False
) -> Tensor:
    """(N, D): of every example of the part, flattened; with ``pooled`` maps of features are means
    over their pixels."""
    made: Tensor | None = None
    start = 0
    for x_BCHW in batches_of(data, part):
        value_BD = _flat(representation(model, site, x_BCHW), pooled and site != INPUT)
        if made is None:
            N = len(labels_of(data, part))
            made = torch.empty(N, value_BD.shape[1], dtype=value_BD.dtype, device=data.device)
        made[start : start + len(value_BD)] = value_BD
        start += len(value_BD)
    return torch.empty(0, 0, device=data.device) if made is None else made


def representation(model: nn.Module, site: str, x_BCHW: Tensor) -> Tensor:
    """(B, …): what comes out of a layer."""
    if site == INPUT:
        return x_BCHW
    if site == SOFTMAX:
        probabilities: Tensor = model(x_BCHW).softmax(-1)
        return probabilities
    with _listening(model.get_submodule(site)) as heard:
        model(x_BCHW)
    if not heard or not isinstance(heard[-1], Tensor):
        raise UserError(
            f"{type(model).__name__}: its layer {site!r} gave no tensor in a forward pass; name "
            f"another ({_some(model)})"
        )
    return heard[-1]


@contextmanager
def _listening(module: nn.Module) -> Iterator[list[object]]:
    """What comes out of a module, as it is before a later one changes it in place."""
    heard: list[object] = []

    def hear(module: nn.Module, given: object, out: object) -> None:
        heard[:] = [out.detach().clone() if isinstance(out, Tensor) else out]

    handle = module.register_forward_hook(hear)
    try:
        yield heard
    finally:
        handle.remove()


def _flat(value: Tensor, pooled: bool) -> Tensor:
    return value.flatten(2).mean(2) if pooled and value.ndim > 2 else value.flatten(1)
