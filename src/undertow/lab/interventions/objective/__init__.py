"""Interventions on what training minimises. One file each; the mathematics are pure functions
inside."""

from undertow.lab.interventions.objective.distillation import Distillation
from undertow.lab.interventions.objective.doro import DORO
from undertow.lab.interventions.objective.group_dro import GroupDRO
from undertow.lab.interventions.objective.logit_adjustment import LogitAdjustment
from undertow.lab.interventions.objective.robust import Robust
from undertow.lab.interventions.objective.robust_distillation import RobustDistillation

__all__ = [
    "DORO",
    "Distillation",
    "GroupDRO",
    "LogitAdjustment",
    "Robust",
    "RobustDistillation",
]
