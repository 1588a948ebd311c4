"""``Distillation``: a teacher's probabilities in place of labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from undertow.lab.interventions._given import check_numbers, check_teacher_member
from undertow.lab.interventions.objective._margin import soft_cross_entropy
from undertow.lab.interventions.site import PureObjective


@dataclass(frozen=True)
class Distillation(PureObjective):
    """Standard distillation (2206.06479, eq. 5): cross-entropy of the student with its teacher's
    probabilities.

    Per example −Σ_y p_y log softmax_y(f), where f are the student's logits as they are and p =
    softmax(teacher's logits / ``temperature``). ``temperature`` > 0: 1 leaves the teacher's
    probabilities as they are, more makes them flatter, less brings them closer to its predicted
    label. The student never sees a label.

    Hinton et al. (1503.02531) divide the student's logits by the temperature too, multiply that
    loss by its square, and mix in cross-entropy with the labels; at ``temperature=1`` without such
    a mixture the two are one.

    ``teacher_member`` is the number of the one member that teaches all students; None lets member m
    of the teacher teach member m. It stands here and not in the population, because it is part of
    what is compared: so it is in the record's list of interventions. Raises ``ValueError`` for a
    temperature of 0 or less, or a negative member.
    """

    teaches: ClassVar[bool] = True

    temperature: float = 1.0
    teacher_member: int | None = None

    def __post_init__(self) -> None:
        check_numbers(self, ("temperature",))
        if not 0 < self.temperature < float("inf"):
            raise ValueError(
                f"Distillation(temperature={self.temperature}): a finite number above 0 is needed"
            )
        check_teacher_member(self, self.teacher_member)

    def each(self, logits_BC: Tensor, y_B: Tensor, teacher_logits_BC: Tensor | None) -> Tensor:
        """The student's loss (B,) on every example; labels take no part. ``ValueError`` without a
        teacher's logits."""
        if teacher_logits_BC is None:
            raise ValueError(f"{self!r} needs the logits of a teacher")
        return soft_cross_entropy(logits_BC, (teacher_logits_BC / self.temperature).softmax(-1))
