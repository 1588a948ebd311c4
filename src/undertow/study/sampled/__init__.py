"""Trainings that choose their examples, by what was done to the training data: errors beside a
base's, time to a target on three clocks, and what was chosen."""

from undertow.study.sampled.arms import Ratio, Sampled

__all__ = ["Ratio", "Sampled"]
