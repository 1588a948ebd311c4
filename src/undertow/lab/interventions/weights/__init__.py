"""Interventions on weights: pruning, quantization, further training, shifted answers, a flipped
bit. One file each; the mathematics are pure functions inside."""

from undertow.lab.interventions.weights.fine_tuning import FineTuning
from undertow.lab.interventions.weights.fixed_mask import FixedMask
from undertow.lab.interventions.weights.flipped_bit import FlippedBit
from undertow.lab.interventions.weights.magnitude import MagnitudePruning
from undertow.lab.interventions.weights.one_shot import OneShotPruning
from undertow.lab.interventions.weights.post_shift import PostShift
from undertow.lab.interventions.weights.quantize import WeightQuantization
from undertow.lab.interventions.weights.random_pruning import RandomPruning

__all__ = [
    "FineTuning",
    "FixedMask",
    "FlippedBit",
    "MagnitudePruning",
    "OneShotPruning",
    "PostShift",
    "RandomPruning",
    "WeightQuantization",
]
