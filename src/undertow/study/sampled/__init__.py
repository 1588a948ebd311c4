"""Trainings that choose their examples, by what was done to the training data: errors beside a
base's, time to a target on three clocks, and what was chosen."""

from undertow.study.sampled.arms import Ratio, Sampled
from undertow.study.sampled.bounds import at_least, at_most, in_order
from undertow.study.sampled.chosen import above_base, as_if_sorted, below_base
from undertow.study.sampled.clocks import dearer_in_seconds

__all__ = [
    "Ratio",
    "Sampled",
    "above_base",
    "as_if_sorted",
    "at_least",
    "at_most",
    "below_base",
    "dearer_in_seconds",
    "in_order",
]
