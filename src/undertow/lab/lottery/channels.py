"""Structured pruning: whole channels go, so that what is left is a smaller dense network."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, fx, nn

from undertow.lab.lottery.built import Built, CannotRun, of_module

Weighted = nn.Linear | nn.Conv2d
Norm = nn.BatchNorm1d | nn.BatchNorm2d
PASSING = (
    nn.ReLU, nn.ReLU6, nn.GELU, nn.SiLU, nn.ELU, nn.LeakyReLU, nn.Tanh, nn.Sigmoid, nn.Hardtanh,
    nn.Hardswish, nn.Dropout, nn.Dropout2d, nn.Identity, nn.Flatten, nn.MaxPool2d, nn.AvgPool2d,
    nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d,
)  # fmt: skip
"""Layers that leave each channel by itself."""
CALLED = {
    "relu", "gelu", "silu", "tanh", "sigmoid", "dropout", "flatten", "max_pool2d", "avg_pool2d",
    "adaptive_avg_pool2d", "boolean_dispatch",
}  # fmt: skip


@torch.no_grad()
def with_fewer_channels(network: nn.Module, share: float) -> Built:
    """Each layer but the last keeps this share of its outputs, those with the largest weights
    (Euclidean norm), and the next layer the inputs that come from them. Nothing is trained
    afterwards. ``CannotRun`` for a network that is no chain of layers, since channels that are
    added to others have to go together with them."""
    smaller = copy.deepcopy(network).eval()
    chain = _chain(smaller)
    last = max((i for i, name in enumerate(chain) if _is(smaller, name, Weighted)), default=-1)
    if sum(_is(smaller, name, Weighted) for name in chain) < 2:
        raise CannotRun("there are not two layers with weights, so no channel lies between them")
    kept: Tensor | None = None
    outputs = 0
    for place, name in enumerate(chain[: last + 1]):
        layer = smaller.get_submodule(name)
        if isinstance(layer, Norm) and kept is not None:
            smaller.set_submodule(name, _norm(layer, kept))
        elif isinstance(layer, Weighted):
            entering = None if kept is None else _entering(layer, kept, outputs)
            kept = None if place == last else _largest(layer.weight, share)
            outputs = layer.weight.shape[0]
            smaller.set_submodule(name, _layer(layer, entering, kept))
    return of_module(smaller, note="not trained after pruning", smaller=sum(
        _is(smaller, name, Weighted) for name in chain))  # fmt: skip


def _chain(network: nn.Module) -> list[str]:
    """Names of its layers in the order of a forward pass; each reads what the one before gave."""
    try:
        graph = fx.symbolic_trace(network).graph
    except Exception as error:
        raise CannotRun(
            "its forward pass cannot be traced, so its channels cannot be followed"
        ) from error
    found: list[str] = []
    for node in graph.nodes:
        if node.op == "output":
            continue
        if len(node.users) != 1 or len(node.all_input_nodes) > 1:
            raise CannotRun(
                f"it is no chain of layers (see {node.name}): channels that are added to others "
                "must go together with them"
            )
        if node.op == "call_module":
            found.append(_known(network, str(node.target)))
        elif node.op in ("call_function", "call_method") and _called(node) not in CALLED:
            raise CannotRun(f"channels cannot be followed through {_called(node)}")
    if len(found) != len(set(found)):
        raise CannotRun("a layer is used twice")
    return found


def _known(network: nn.Module, name: str) -> str:
    layer = network.get_submodule(name)
    grouped = isinstance(layer, nn.Conv2d) and layer.groups != 1
    if grouped or not isinstance(
        layer, (nn.Linear, nn.Conv2d, nn.BatchNorm1d, nn.BatchNorm2d, *PASSING)
    ):
        raise CannotRun(f"channels cannot be followed through {name} ({type(layer).__name__})")
    return name


def _called(node: Any) -> str:
    return str(getattr(node.target, "__name__", node.target))


def _is(network: nn.Module, name: str, kind: Any) -> bool:
    return isinstance(network.get_submodule(name), kind)


def _largest(weight: Tensor, share: float) -> Tensor:
    """Numbers of the outputs that stay, in order."""
    count = max(1, round(share * len(weight)))
    norms = weight.detach().flatten(1).norm(dim=1)
    kept: Tensor = norms.argsort(descending=True, stable=True)[:count].sort().values
    return kept


def _entering(layer: Weighted, kept: Tensor, outputs: int) -> Tensor:
    """Numbers of the inputs that stay: a flattened channel is as many as it has pixels."""
    inputs = layer.weight.shape[1]
    if inputs % outputs:
        raise CannotRun(f"{inputs} inputs of a layer do not belong to {outputs} channels evenly")
    each = inputs // outputs
    return (kept[:, None] * each + torch.arange(each)).flatten()


def _layer(layer: Weighted, entering: Tensor | None, kept: Tensor | None) -> Weighted:
    weight = layer.weight if entering is None else layer.weight[:, entering]
    weight = weight if kept is None else weight[kept]
    bias = layer.bias if kept is None or layer.bias is None else layer.bias[kept]
    outputs, inputs = weight.shape[:2]
    made: Weighted
    if isinstance(layer, nn.Linear):
        made = nn.Linear(inputs, outputs, bias=bias is not None)
    else:
        made = nn.Conv2d(
            inputs, outputs, layer.kernel_size, layer.stride, layer.padding, layer.dilation,  # type: ignore[arg-type]
            bias=bias is not None, padding_mode=layer.padding_mode,
        )  # fmt: skip
    made.weight.copy_(weight)
    if bias is not None and made.bias is not None:
        made.bias.copy_(bias)
    return made.eval()


def _norm(norm: Norm, kept: Tensor) -> Norm:
    smaller = copy.deepcopy(norm)
    smaller.num_features = len(kept)
    for name, held in [*norm.named_parameters(), *norm.named_buffers()]:
        if held.ndim == 1:
            value = held.detach()[kept].clone()
            setattr(smaller, name, nn.Parameter(value) if name in ("weight", "bias") else value)
    return smaller
