"""``GraNd``: how far one step on an example alone would move a member."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap
from torch.nn import functional as F

from undertow.lab.probes.asking import batches_of
from undertow.lab.probes.members_asked import MembersAsked
from undertow.lab.probes.probe import Column, Probe, ProbeRun, Size
from undertow.lab.trainings.training import Given
from undertow.records.schema import ProbeEntry

AT_ONCE = 1 << 24
"""Numbers of gradients at once: those of a few examples of a large network, of many of a small
one."""


@dataclass(frozen=True)
class GraNd(Probe):
    """The length of each example's own gradient, of every example of ``part``, after the epochs
    ``at``, by default the last.

    The gradient is that of the cross-entropy with the label by all weights that learn, in eval
    mode, without augmentation. A masked weight does not learn. The paper asks early in training.
    """

    columns: ClassVar[tuple[Column, ...]] = (
        Column(
            "grand",
            "‖∇_w ℓ(x, y)‖₂ over all weights that learn, of the cross-entropy with the label",
            "from 0",
            "high",
            "",
            "2107.07075 (GraNd, there the mean over members; before training, as it was first "
            "reported, it did not replicate: 2303.14753)",
            "a forward and a backward pass for each example by itself, in groups where torch can",
        ),
    )

    of_weights: ClassVar[bool] = True

    part: Literal["train", "test"] = "train"
    at: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        whole = all(isinstance(epoch, int) for epoch in self.at)
        rising = whole and list(self.at) == sorted({*self.at})
        if self.part not in ("train", "test") or not rising or (self.at and self.at[0] < 1):
            raise ValueError(
                f"{self!r}: part is 'train' or 'test', at are whole numbers that rise, from 1 on"
            )

    @property
    def name(self) -> str:
        """``grand`` or ``grand-test``."""
        return "grand" if self.part == "train" else "grand-test"

    def entry(self, epochs: int) -> ProbeEntry:
        """Of its epochs. ``ValueError`` for epochs that the training does not have."""
        if self.at and self.at[-1] > epochs:
            raise ValueError(f"{self!r}: the training has {epochs} epochs; give epochs up to that")
        return ProbeEntry(
            description=repr(self),
            epochs=self._epochs(epochs),
            part=self.part,
            mode="eval",
            view="clean",
        )

    def start(self, given: Given, epochs: int) -> ProbeRun:
        """Begin with nothing asked."""
        return _GraNdRun(given, self.part, self._epochs(epochs), {"grand": torch.float32})

    def kept_bytes(self, size: Size, epochs: int) -> int:
        """A single float per example and epoch."""
        examples = size.train if self.part == "train" else size.test
        return 4 * examples * len(self._epochs(epochs))

    def _epochs(self, epochs: int) -> tuple[int, ...]:
        return self.at or ((epochs,) if epochs else ())


class _GraNdRun(MembersAsked):
    def ask(self, model: nn.Module, member: int) -> Mapping[str, Tensor]:
        """As many examples at once as there is room for their gradients."""
        return {"grand": torch.cat([*self._batches(model)])}

    def _batches(self, model: nn.Module) -> Iterator[Tensor]:
        start, size = 0, _at_once(model)
        for x_BCHW in batches_of(self.data, self.part):
            y_B = self.y_N[start : start + len(x_BCHW)]
            start += len(x_BCHW)
            for x_bCHW, y_b in zip(torch.split(x_BCHW, size), torch.split(y_B, size), strict=True):
                yield gradient_norms(model, x_bCHW, y_b)


def gradient_norms(model: nn.Module, x_BCHW: Tensor, y_B: Tensor) -> Tensor:
    """(B,): the length of each example's own gradient by all weights that learn.

    One example after the other where ``vmap`` has no rule for what the model does.
    """
    try:
        return _together(model, x_BCHW, y_B)
    except RuntimeError:
        return torch.stack([_alone(model, x, y) for x, y in zip(x_BCHW, y_B, strict=True)])


def _together(model: nn.Module, x_BCHW: Tensor, y_B: Tensor) -> Tensor:
    learns = {n: p.detach() for n, p in model.named_parameters() if p.requires_grad}
    # a forward pass may write to them, which vmap does not allow
    held = {n: b.detach().clone() for n, b in model.named_buffers()}

    def loss(weights: dict[str, Tensor], x_CHW: Tensor, y: Tensor) -> Tensor:
        logits_BC = functional_call(model, {**held, **weights}, (x_CHW[None],))
        return F.cross_entropy(logits_BC, y[None])

    gradients = vmap(grad(loss), in_dims=(None, 0, 0))(learns, x_BCHW, y_B)
    squares = [g.flatten(1).double().square().sum(1) for g in gradients.values()]
    return torch.stack(squares).sum(0).sqrt()


def _alone(model: nn.Module, x_CHW: Tensor, y: Tensor) -> Tensor:
    learns = [p for p in model.parameters() if p.requires_grad]
    with torch.enable_grad():
        loss = F.cross_entropy(model(x_CHW[None]), y[None])
        gradients = torch.autograd.grad(loss, learns, materialize_grads=True)
    return torch.stack([g.double().square().sum() for g in gradients]).sum().sqrt()


def _at_once(model: nn.Module) -> int:
    return max(1, AT_ONCE // max(1, sum(p.numel() for p in model.parameters())))
