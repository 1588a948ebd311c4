"""Questions put to a network between steps, which leave it as it was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Literal

import torch
from torch import Tensor, nn

from undertow.lab.feeds.feed import Feed
from undertow.lab.trainings.noise import torch_seeded, torchs_own_kept
from undertow.lab.trainings.stack import Stack
from undertow.lab.trainings.training import Network

Part = Literal["train", "held_out", "test"]

BATCH = 512
"""Examples of one question. Fixed, because the size of a batch can change the last bit of a matrix
product."""


@contextmanager
def in_eval_mode(network: Network, device: torch.device) -> Iterator[None]:
    """Without gradients, dropout off, batch norm by its running statistics; each layer's mode, all
    buffers and torch's generators are outside as they were."""
    kept = _modes_kept(network), _buffers_kept(network), torchs_own_kept(device), torch.no_grad()
    with ExitStack() as around:
        for context in kept:
            around.enter_context(context)
        network.eval()
        yield


@contextmanager
def in_train_mode(model: nn.Module, seed: int, device: torch.device) -> Iterator[None]:
    """As in a step: dropout draws from ``seed``, batch norm takes the batch's statistics. Running
    statistics, each layer's mode and torch's generators are outside as they were."""
    with _modes_kept(model), _buffers_kept(model), torch_seeded(seed, device):
        model.train()
        yield


@contextmanager
def left_alone(model: nn.Module) -> Iterator[None]:
    """In eval mode, for reading weights: one that is computed when it is read may change what it is
    computed from. Modes and buffers are outside as they were."""
    with _modes_kept(model), _buffers_kept(model), torch.no_grad():
        model.eval()
        yield


@contextmanager
def _modes_kept(network: Network) -> Iterator[None]:
    modules = network.skeleton.modules() if isinstance(network, Stack) else network.modules()
    before = {module: module.training for module in modules}
    try:
        yield
    finally:
        for module, mode in before.items():
            module.training = mode


@contextmanager
def _buffers_kept(network: Network) -> Iterator[None]:
    """Running statistics are outside as they were, in place."""
    before = [(buffer, buffer.clone()) for buffer in network.buffers()]
    try:
        yield
    finally:
        with torch.no_grad():
            for buffer, value in before:
                buffer.copy_(value)


def chosen_epochs(total: int, moments: int) -> tuple[int, ...]:
    """At most ``moments`` epochs, evenly spread, the last of all among them."""
    return tuple(sorted({-(-total * k // moments) for k in range(1, moments + 1)} - {0}))


def members_of(network: Network) -> list[nn.Module]:
    """Each member's own model, in a stack too, where its weights are rows of the stack's."""
    return network.models if isinstance(network, Stack) else [network]


def batches_of(data: Feed, part: Part) -> Iterator[Tensor]:
    """The part's images in its order, without augmentation."""
    if part == "test":
        return data.test_batches(BATCH)
    if part == "held_out":
        return data.held_out_batches(BATCH)
    index_N = torch.arange(len(data.train_y_N), device=data.device)
    return (data.train_batch(index_B) for index_B in torch.split(index_N, BATCH))


def labels_of(data: Feed, part: Part) -> Tensor:
    """(N,): class indices of the part."""
    if part == "held_out":
        return data.held_out_y_N
    return data.train_y_N if part == "train" else data.test_y_N


def with_members(logits: Tensor) -> Tensor:
    """(M, B, C), also of one member that trains by itself."""
    return logits if logits.ndim == 3 else logits[None]
