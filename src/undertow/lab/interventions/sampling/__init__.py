"""Interventions on which examples a training learns from, and how much. One file each."""

from undertow.lab.interventions.sampling.subset import Subset

__all__ = ["Subset"]
