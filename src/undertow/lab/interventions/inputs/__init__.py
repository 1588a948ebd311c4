"""Interventions on what a training sees of its examples, epoch by epoch. One file each."""

from undertow.lab.interventions.inputs.targeted_augmentation import (
    TargetedAugmentation as TargetedAugmentation,
)

__all__ = ["TargetedAugmentation"]
