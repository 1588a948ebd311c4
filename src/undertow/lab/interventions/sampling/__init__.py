"""Interventions on which examples a training learns from, and how much. One file each."""

from undertow.lab.interventions.sampling.balanced import Balanced
from undertow.lab.interventions.sampling.folds import Folds
from undertow.lab.interventions.sampling.random_share import RandomShare
from undertow.lab.interventions.sampling.reducr import Reducr
from undertow.lab.interventions.sampling.rho_loss import RhoLoss
from undertow.lab.interventions.sampling.selective_backprop import SelectiveBackprop
from undertow.lab.interventions.sampling.subset import Subset
from undertow.lab.interventions.sampling.variance_reduction import VarianceReduction

__all__ = [
    "Balanced",
    "Folds",
    "RandomShare",
    "Reducr",
    "RhoLoss",
    "SelectiveBackprop",
    "Subset",
    "VarianceReduction",
]
