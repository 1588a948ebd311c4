"""Those who teach: trained members of another population, in eval mode, whose logits a training
learns from."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from undertow.lab.recipe import Precision
from undertow.lab.trainings.precision import shortened
from undertow.lab.trainings.stack import Stack

Teacher = Callable[[Tensor], Tensor]
"""Images to logits: one member's (B, C, H, W) to (B, classes), or a stack's (M, B, C, H, W) to (M,
B, classes), where images that all members share come without the member axis."""


def stacked_teacher(models: Sequence[nn.Module], members: int) -> Teacher:
    """The teachers of a stack of ``members`` as one: one each, in their order, or one for all."""
    if len(models) < members:
        return _OneForAll(models[0], members)
    for model in models:  # as a stack that trains has its filters
        model.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    return Stack(models, ()).eval()


class _OneForAll:
    """One model that sees the images of all members in one batch."""

    def __init__(self, model: nn.Module, members: int) -> None:
        self.model, self.members = model, members

    def __call__(self, x_MBCHW: Tensor) -> Tensor:
        if x_MBCHW.ndim == 4:
            shared: Tensor = self.model(x_MBCHW)
            return shared.expand(self.members, -1, -1)
        logits: Tensor = self.model(x_MBCHW.flatten(0, 1))
        return logits.reshape(*x_MBCHW.shape[:2], -1)


def teacher_logits(teacher: Teacher | None, x_BCHW: Tensor, precision: Precision) -> Tensor | None:
    """What the teacher says about these very images, in their number type; None without one."""
    if teacher is None:
        return None
    with torch.no_grad(), shortened(precision, x_BCHW.device):
        logits_BC = teacher(x_BCHW)
    return logits_BC.to(x_BCHW.dtype)
