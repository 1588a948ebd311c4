"""Those who teach: trained members of another population, in eval mode, whose logits a training
learns from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor, nn

from undertow.lab.feeds.batches import Batch
from undertow.lab.feeds.feed import Feed
from undertow.lab.recipe import Precision
from undertow.lab.trainings.precision import shortened
from undertow.lab.trainings.stack import Stack

Teacher = Callable[[Tensor], Tensor]
"""Images to logits: one member's (B, C, H, W) to (B, classes), or a stack's (M, B, C, H, W) to (M,
B, classes), where images that all members share come without the member axis."""

AT_ONCE = 512
"""Training examples in a question about all of them. Fixed, because the size of a batch can change
the last bit."""

KEPT_BYTES = 1 << 30
"""Of logits of all training examples: more than this is not kept, and the teacher is asked at each
step."""


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


def logits_of_train(teacher: Teacher, data: Feed, precision: Precision) -> Iterator[Tensor]:
    """What the teacher says about all training examples, in their order and without augmentation,
    some at a time: (B, classes), or (M, B, classes) of a stack."""
    index_N = torch.arange(len(data.train_y_N), device=data.device)
    for index_B in torch.split(index_N, AT_ONCE):
        logits_BC = teacher_logits(teacher, data.train_batch(index_B), precision)
        assert logits_BC is not None  # there is a teacher
        yield logits_BC


class Taught:
    """What the teacher says about a step's examples. Where images are ``fixed``, seen by every
    epoch as they are, it is asked once about each training example, at the first step, and its
    logits are kept by the example; else about the very images of the step."""

    def __init__(
        self,
        teacher: Teacher | None,
        data: Feed,
        precision: Precision,
        *,
        members: int,
        fixed: bool,
    ) -> None:
        self.teacher, self.data, self.precision = teacher, data, precision
        # one that teaches all says the same to all, and its logits are kept once
        self.once = isinstance(teacher, _OneForAll)
        size = len(data.train_y_N) * data.classes * data.dtype.itemsize
        self.keeps = fixed and size * (1 if self.once else members) <= KEPT_BYTES
        self._kept: Tensor | None = None

    def __call__(self, batch: Batch) -> Tensor | None:
        """(B, classes), or (M, B, classes) of a stack; None without a teacher."""
        if self.teacher is None or not self.keeps:
            return teacher_logits(self.teacher, batch.x_BCHW, self.precision)
        if self._kept is None:
            self._kept = self._of_all(self.teacher)
        index_B = batch.index_B
        if self._kept.ndim == 2:
            return self._kept[index_B]
        member_M1 = torch.arange(len(index_B), device=index_B.device)[:, None]
        return self._kept[member_M1, index_B]

    def _of_all(self, teacher: Teacher) -> Tensor:
        """(N, classes), or (M, N, classes) where members have teachers of their own."""
        asked = teacher.model if isinstance(teacher, _OneForAll) else teacher
        return torch.cat(list(logits_of_train(asked, self.data, self.precision)), dim=-2)
