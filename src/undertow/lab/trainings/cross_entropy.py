"""What a supervised training minimises unless an intervention says otherwise."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional as F

from undertow.lab.interventions.site import PureObjective


@dataclass(frozen=True)
class CrossEntropy(PureObjective):
    """Cross-entropy with the labels, of which ``label_smoothing`` goes to all classes alike."""

    label_smoothing: float = 0.0

    def each(self, logits_BC: Tensor, y_B: Tensor, teacher_logits_BC: Tensor | None) -> Tensor:
        flat_BC, flat_B = (
            (logits_BC, y_B) if y_B.ndim == 1 else (logits_BC.flatten(0, -2), y_B.flatten())
        )
        each_B = F.cross_entropy(
            flat_BC, flat_B, reduction="none", label_smoothing=self.label_smoothing
        )
        return each_B if y_B.ndim == 1 else each_B.reshape(y_B.shape)
