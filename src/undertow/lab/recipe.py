"""``Recipe``: training settings, as in a paper's table. Imports no torch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

Precision = Literal["float32", "float64", "bfloat16", "tf32"]
Optimizer = Literal["sgd", "adam", "adamw", "adagrad", "rmsprop"]
Schedule = Literal["constant", "cosine", "linear", "steps"]
CHOICES = {"optimizer": Optimizer, "schedule": Schedule, "precision": Precision}
WHOLE = ("epochs", "batch", "crop")
BETWEEN = {
    "epochs": (0, math.inf), "batch": (1, math.inf), "lr": (0, math.inf), "warmup": (0, 1),
    "momentum": (0, 1), "weight_decay": (0, math.inf), "label_smoothing": (0, 1),
    "crop": (0, math.inf),
}  # fmt: skip


@dataclass(frozen=True)
class Recipe:
    """How one member is trained.

    ``lr`` is the peak rate; ``cosine`` and ``linear`` decay it to 0 over the training, ``steps``
    multiplies it by ``decay`` at each fraction of training in ``milestones``. ``warmup`` is a
    fraction of training. ``momentum`` is SGD's. ``weight_decay`` is the L2 kind, inside the
    gradient, but for ``adamw``, which decays weights apart from it (1711.05101).

    Raises ``ValueError`` for a name that is none, and for a number below what it can be.
    """

    epochs: int
    batch: int = 128
    lr: float = 0.1
    optimizer: Optimizer = "sgd"
    schedule: Schedule = "cosine"
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

    @property
    def augments(self) -> bool:
        """Whether training images are cropped or mirrored at random."""
        return bool(self.flip or self.crop)

    def __post_init__(self) -> None:
        for name, kind in CHOICES.items():
            if getattr(self, name) not in get_args(kind):
                able = ", ".join(get_args(kind))
                raise ValueError(
                    f"Recipe({name}={getattr(self, name)!r}): there is no such {name}; choose from "
                    f"{able}"
                )
        for name in WHOLE:
            if not isinstance(getattr(self, name), int):
                raise ValueError(
                    f"Recipe({name}={getattr(self, name)!r}): {name} is a whole number"
                )
        for name, (least, most) in BETWEEN.items():
            if not least <= getattr(self, name) <= most:
                range_ = f"{least} or more" if most == math.inf else f"from {least} to {most}"
                raise ValueError(f"Recipe({name}={getattr(self, name)!r}): {name} is {range_}")
        if not math.isfinite(self.lr):
            raise ValueError(f"Recipe(lr={self.lr!r}): lr is a finite number")


def augmented_twice(recipe: Recipe, own: Sequence[object]) -> str:
    """Why interventions that crop and mirror by themselves cannot act under this recipe; empty
    where they can."""
    if len(own) > 1:
        return f"{own[0]!r} cannot join {own[1]!r}; a training has one that crops and mirrors"
    if own and recipe.augments:
        return (
            f"{own[0]!r} crops and mirrors by itself, and its recipe has crop={recipe.crop}, "
            f"flip={recipe.flip}; set crop=0, flip=False in the recipe"
        )
    return ""
