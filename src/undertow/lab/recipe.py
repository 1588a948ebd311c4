"""``Recipe``: training settings, as in a paper's table. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Precision = Literal["float32", "float64", "bfloat16", "tf32"]


@dataclass(frozen=True)
class Recipe:
    """How one member is trained.

    ``lr`` is the peak rate; ``cosine`` and ``linear`` decay it to 0 over the training, ``steps``
    multiplies it by ``decay`` at each fraction of training in ``milestones``. ``warmup`` is a
    fraction of training. ``momentum`` is SGD's. ``weight_decay`` is the L2 kind, inside the
    gradient, but for ``adamw``, which decays weights apart from it (1711.05101).
    """

    epochs: int
    batch: int = 128
    lr: float = 0.1
    optimizer: Literal["sgd", "adam", "adamw", "adagrad", "rmsprop"] = "sgd"
    schedule: Literal["constant", "cosine", "linear", "steps"] = "cosine"
    milestones: tuple[float, ...] = ()
    decay: float = 0.1
    warmup: float = 0.0
    momentum: float = 0.9
    nesterov: bool = True
    weight_decay: float = 5e-4
    label_smoothing: float = 0.0
    flip: bool = False
    """Mirror each training image with probability one half."""
    crop: int = 0
    """Pad by this many pixels and cut a random window of the original size; 0 leaves images
    alone."""
    precision: Precision = "float32"
    """The arithmetic of training. ``bfloat16`` is autocast over float32 weights; ``tf32`` is CUDA's
    shorter float32 product; test predictions of both are computed in float32."""
