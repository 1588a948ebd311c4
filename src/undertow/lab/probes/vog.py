"""``VoG``: how much each example's input gradient changed while a member learned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import torch
from safetensors.torch import load
from torch import Tensor, nn
from torch.func import functional_call

from undertow.lab.probes.asking import batches_of, chosen_epochs
from undertow.lab.probes.input_gradients import variance_of_gradients, within_classes
from undertow.lab.probes.members_asked import MembersAsked
from undertow.lab.probes.probe import Column, Probe, ProbeRun, Size, of_the_last_epoch
from undertow.lab.probes.snapshots import SnapshotsRun
from undertow.lab.trainings.training import Given, TrainingRun
from undertow.lab.weights_file import PARAMETRIZED, is_masked
from undertow.records.schema import ProbeEntry


@dataclass(frozen=True)
class VoG(Probe):
    """Variance of gradients of every example of ``part``, over the network as it was after
    ``moments`` epochs, evenly spread, the last among them.

    The gradient is that of the label's logit by the image, in eval mode. Weights at the moments are
    kept until the end, and in checkpoints. The paper's stages are choices of moments; its authors'
    toy script differentiates the softmax and divides by another number of epochs than it sums over,
    which is not done here.
    """

    columns: ClassVar[tuple[Column, ...]] = (
        Column(
            "vog",
            "the mean over pixels of the population sd over moments of ∂z_y/∂x, which is averaged "
            "over colour channels first",
            "from 0",
            "high",
            "where there is one moment only",
            "2008.11600 (VoG, a standard deviation whatever its name)",
            "a forward and a backward pass over the part for each moment, and as many copies of "
            "the weights",
        ),
        Column(
            "vog_in_class",
            "(vog − mean) / population sd, among the examples with the same label",
            "unbounded",
            "high",
            "where vog is, or where all examples of the label have the same",
            "2008.11600 (which ranks examples by it)",
            "none beyond vog",
        ),
    )

    moments: int = 10
    part: Literal["train", "test"] = "test"

    def __post_init__(self) -> None:
        if self.moments < 1 or self.part not in ("train", "test"):
            raise ValueError(f"{self!r}: moments is 1 or more, part is 'train' or 'test'")

    @property
    def name(self) -> str:
        """``vog`` or ``vog-test``."""
        return "vog" if self.part == "train" else "vog-test"

    def entry(self, epochs: int) -> ProbeEntry:
        """One value, at the end."""
        return of_the_last_epoch(self, self.part, epochs)

    def start(self, given: Given, epochs: int) -> ProbeRun:
        """Begin with no weights."""
        return _VoGRun(self, given, epochs)

    def kept_bytes(self, size: Size, epochs: int) -> int:
        """Weights per moment, and two single floats per example."""
        examples = size.train if self.part == "train" else size.test
        return size.weights * len(chosen_epochs(epochs, self.moments)) + 8 * examples


class _VoGRun(MembersAsked):
    def __init__(self, what: VoG, given: Given, epochs: int) -> None:
        types = {column.name: torch.float32 for column in what.columns}
        super().__init__(given, what.part, (epochs,), types)
        self.weights = SnapshotsRun(chosen_epochs(epochs, what.moments), given)

    def after_epoch(self, epoch: int, run: TrainingRun) -> None:
        """Keep weights, and in the end ask all of them."""
        self.weights.after_epoch(epoch, run)
        super().after_epoch(epoch, run)

    def ask(self, model: nn.Module, member: int) -> Mapping[str, Tensor]:
        """Batch by batch, the network as it was at each moment."""
        files = self.weights.files_M[member]
        moments = [as_it_was(model, files[epoch]) for epoch in sorted(files)]
        vog_N = torch.cat([*self._batches(model, moments)])
        return {"vog": vog_N, "vog_in_class": within_classes(vog_N, self.y_N)}

    def _batches(
        self, model: nn.Module, moments: Sequence[Mapping[str, Tensor]]
    ) -> Iterator[Tensor]:
        start = 0
        for x_BCHW in batches_of(self.data, self.part):
            y_B = self.y_N[start : start + len(x_BCHW)]
            start += len(x_BCHW)
            yield variance_of_gradients(
                torch.stack([label_gradient(model, held, x_BCHW, y_B) for held in moments])
            )

    def state_dict(self) -> Mapping[str, Any]:
        """With the weights so far."""
        return {**super().state_dict(), "weights": self.weights.state_dict()}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Put both back."""
        super().load_state_dict(state_dict)
        self.weights.load_state_dict(state_dict.get("weights", {}))


def label_gradient(
    model: nn.Module, weights: Mapping[str, Tensor], x_BCHW: Tensor, y_B: Tensor
) -> Tensor:
    """(B, C, H, W): of each example's logit of its label by its own pixels, with these weights."""
    with torch.enable_grad():
        x_BCHW = x_BCHW.detach().requires_grad_()
        logits_BC: Tensor = functional_call(model, dict(weights), (x_BCHW,))
        of_label = logits_BC.gather(1, y_B[:, None]).sum()
        (gradient_BCHW,) = torch.autograd.grad(of_label, x_BCHW)
    return gradient_BCHW


def as_it_was(model: nn.Module, kept: bytes) -> dict[str, Tensor]:
    """The model's parameters and buffers, under the names that it has now, as a file of weights has
    them. A file has a masked weight as it is read, so no mask acts on it a second time."""
    file, held = load(kept), dict[str, Tensor]()
    for name, now in (*model.named_parameters(), *model.named_buffers()):
        path, made, rest = name.partition(PARAMETRIZED)
        attribute, _, part = rest.partition(".")
        if made and is_masked(model.get_submodule(path), attribute):
            whole = part == "original"
            held[name] = file[f"{path}.{attribute}"].to(now) if whole else torch.ones_like(now)
        elif name in file:
            held[name] = file[name].to(now)
    return held
