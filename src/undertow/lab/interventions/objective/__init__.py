"""Interventions on what training minimises. One file each; the mathematics are pure functions
inside."""

from undertow.lab.interventions.objective.distillation import Distillation

__all__ = ["Distillation"]
