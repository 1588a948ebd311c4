"""``LogitAdjustment``: rare classes have to win by more while the network learns."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from undertow.lab.interventions._given import check_numbers
from undertow.lab.interventions.objective._groups import groups_of
from undertow.lab.interventions.objective._margin import cross_entropy
from undertow.lab.interventions.site import AbstractObjective, ObjectiveRun
from undertow.lab.trainings.training import Given


@dataclass(frozen=True)
class LogitAdjustment(AbstractObjective):
    """The logit-adjusted loss (Menon et al. 2021, 2007.07314; its code was read, the paper
    recalled): cross-entropy with the labels of f + ``tau`` log π, where π are the classes' shares
    of the training part. The network answers with f as it is.

    At ``tau=1`` it is m times ``Robust(alpha=0)``, the balanced objective of 2206.06479; at
    ``tau=0`` cross-entropy. Raises ``ValueError`` for a ``tau`` below 0, ``UserError`` where a
    class has no training example.
    """

    tau: float = 1.0

    def __post_init__(self) -> None:
        check_numbers(self, ("tau",))
        if not 0 <= self.tau < float("inf"):
            raise ValueError(f"{self!r}: tau is a finite number, 0 or more")

    def start(self, given: Given) -> ObjectiveRun:
        """Begin: count the classes."""
        log_share_C = groups_of(self, "class", given.data, held_out=False).log_share_G
        return _Adjusted((self.tau * log_share_C).to(given.data.dtype))


class _Adjusted(ObjectiveRun):
    def __init__(self, shift_C: Tensor) -> None:
        self.shift_C = shift_C

    def each(
        self, logits_BC: Tensor, y_B: Tensor, index_B: Tensor, teacher_logits_BC: Tensor | None
    ) -> Tensor:
        """Of shifted logits."""
        return cross_entropy(logits_BC + self.shift_C, y_B)
