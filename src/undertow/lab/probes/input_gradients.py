"""How much an example's input gradient changes while a network learns."""

from __future__ import annotations

import torch
from torch import Tensor


def variance_of_gradients(gradient_KBCHW: Tensor) -> Tensor:
    """(B,): VoG of K snapshots (2008.11600): the mean over colour channels first, then each
    pixel's standard deviation over snapshots (of the population; it is no variance, whatever its
    name), then the mean over pixels. NaN of fewer than two snapshots.

    The authors' toy script differentiates the softmax in place of the logit, and divides a sum over
    all its epochs by the number of those in one stage; neither is done here.
    """
    pixel_KBP = gradient_KBCHW.mean(2).flatten(2)
    if len(pixel_KBP) < 2:
        return torch.full_like(pixel_KBP[0, :, 0], torch.nan)
    return pixel_KBP.std(0, correction=0).mean(-1)


def within_classes(value_N: Tensor, class_N: Tensor) -> Tensor:
    """(N,): standard scores within each class, as the paper ranks examples; NaN where a class has
    one value only, or none."""
    score_N = torch.full_like(value_N, torch.nan)
    for c in set(class_N.tolist()):
        of_class = (class_N == c) & value_N.isfinite()
        value = value_N[of_class]
        if len(value) and value.amax() > value.amin():
            score_N[of_class] = (value - value.mean()) / value.std(correction=0)
    return score_N
