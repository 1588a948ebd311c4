"""``RobustDistillation``: learn from a teacher for the class, or the group, that fares worst."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor

from undertow.lab.interventions._given import check_numbers, check_teacher_member
from undertow.lab.interventions.objective._groups import Groups, groups_of
from undertow.lab.interventions.objective._held_errors import (
    HeldErrors,
    labels_of_held_out,
    taught_of_held_out,
)
from undertow.lab.interventions.objective._multipliers import check_reached
from undertow.lab.interventions.objective._robust import RobustRun, check_terms
from undertow.lab.interventions.site import AbstractObjective, ObjectiveRun
from undertow.lab.probes.asking import with_members
from undertow.lab.trainings.teacher import Teacher, logits_of_train
from undertow.lab.trainings.training import Given


@dataclass(frozen=True)
class RobustDistillation(AbstractObjective):
    """The student's objectives of 2206.06479, on the probabilities p of its teacher: balanced (eq.
    6, ``alpha=0``), robust (eq. 7, ``alpha=1``) and between the two (eq. 8), by its margin
    surrogate and Algorithms 1 and 2. ``Distillation`` is the standard one (eq. 5).

    Per example −(1/m) Σ_y p_y log softmax_y(f − log c) with p = softmax(teacher's logits /
    ``temperature``) and c = β / π: π_y is the mean of p_y over the training part, without
    augmentation, so it depends on the temperature; β = (1 − ``alpha``) / m + ``alpha`` λ. The
    student learns from no label, and answers with f as it is.

    λ is uniform at first; after every ``update_every`` steps λ_j ← λ_j exp(``step`` · ``alpha`` ·
    R_j) / Z with the 0-1 error R of held-out examples. With ``held_out="teacher"`` their labels are
    the teacher's probabilities at ``held_out_temperature`` (0.1 is nearly its answer), R_j = Σ p_j
    1(answer ≠ j) / Σ p_j; with ``held_out="labels"`` they are the data's own, and R_j is the share
    of wrong answers in class j. The data need a held-out part (``HeldOut``; with a long tail
    ``LongTailed(HeldOut(...), ...)``, whose held-out part is balanced). At ``alpha=0`` λ stays and
    nothing is looked at.

    Recalled or chosen, since the paper is silent: how many steps lie between two updates; that λ is
    uniform at first, and that steps come before the first update. The paper takes step 0.1,
    temperatures 1, 3 or 5 in training and 0.1, 1, 3 or 5 in validation, chosen by the worst class's
    held-out accuracy, and returns the last network, as here. With ``one_over_m=False`` the 1/m is
    left out, which divides gradients beside those of ``Distillation`` and of weight decay; of equal
    classes, ``alpha=0`` is then ``Distillation``.

    ``groups`` may be a slice of the training and the held-out part in place of ``class``. No logit
    stands for such a group, so it counts by a weight: β_g / π_g times cross-entropy with p, π_g its
    share of the training examples, without a margin and without 1/m; R_g is the mean over its
    held-out examples of 1 − p of the answer. The paper has classes alone.

    ``teacher_member`` as in ``Distillation``: students of one fixed teacher (the paper's tables,
    unless it says otherwise) have ``teacher_member=0``, those of varied teachers None. λ is in the
    member's checkpoint; the probe ``Told`` writes it per epoch. Raises ``ValueError`` for
    numbers that cannot be, ``UserError`` where a group has no training or no held-out example,
    ``NoEffectError`` in a training so short that no step comes after an update.
    """

    teaches: ClassVar[bool] = True

    alpha: float = 1.0
    temperature: float = 1.0
    held_out: Literal["teacher", "labels"] = "teacher"
    held_out_temperature: float = 1.0
    step: float = 0.1
    update_every: int = 50
    groups: str = "class"
    one_over_m: bool = True
    teacher_member: int | None = None

    def __post_init__(self) -> None:
        check_terms(self)
        if self.held_out not in ("teacher", "labels"):
            raise ValueError(f"{self!r}: held_out is 'teacher' or 'labels'")
        check_numbers(self, ("temperature", "held_out_temperature"))
        if not all(0 < t < float("inf") for t in (self.temperature, self.held_out_temperature)):
            raise ValueError(f"{self!r}: temperatures are finite numbers above 0")
        check_teacher_member(self, self.teacher_member)

    def check_steps(self, steps: int) -> None:
        """``NoEffectError`` where λ would stay as it is, and this be the balanced objective."""
        if self.alpha > 0:
            check_reached(self, "λ", self.update_every, steps)

    def start(self, given: Given) -> ObjectiveRun:
        """Begin with λ uniform. ``ValueError`` without a teacher."""
        if given.teacher is None:
            raise ValueError(f"{self!r} needs a teacher")
        groups = groups_of(self, self.groups, given.data, held_out=self.alpha > 0)
        log_prior_MG = (
            self._marginals(given.teacher, given) if groups.by_class else groups.log_share_G[None]
        )
        errors = self._errors(given.teacher, given, groups) if self.alpha else None
        return RobustRun(self, given, groups, log_prior_MG, errors, self.temperature)

    def _marginals(self, teacher: Teacher, given: Given) -> Tensor:
        """(M, C): log of the mean over the training part of what the teacher gives each class, from
        logarithms, since p may be as good as 0."""
        logs = [
            (with_members(logits_BC).double() / self.temperature).log_softmax(-1).logsumexp(1)
            for logits_BC in logits_of_train(teacher, given.data, "float32")
        ]
        return torch.stack(logs, dim=1).logsumexp(1) - math.log(len(given.data.train_y_N))

    def _errors(self, teacher: Teacher, given: Given, groups: Groups) -> HeldErrors:
        p_MNC = (
            taught_of_held_out(teacher, given, self.held_out_temperature)
            if self.held_out == "teacher"
            else labels_of_held_out(given.data)
        )
        return HeldErrors(given.data, groups, p_MNC)
