"""The learning rate at each step: a pure function of the recipe. Imports no torch."""

from __future__ import annotations

import math

from undertow.lab.recipe import Recipe


def learning_rate(recipe: Recipe, step: int, steps: int) -> float:
    """The rate for optimizer step ``step`` (0-based) of ``steps``.

    Linear warm-up ends at the peak after ``recipe.warmup`` of all steps; ``cosine`` and ``linear``
    decay over what is left and would be 0 one step after the last. Milestones are fractions of all
    steps, warm-up included.
    """
    warm = round(recipe.warmup * steps)
    if step < warm:
        return recipe.lr * (step + 1) / warm
    done = (step - warm) / (steps - warm)
    match recipe.schedule:
        case "constant":
            return recipe.lr
        case "cosine":
            return recipe.lr * 0.5 * (1 + math.cos(math.pi * done))
        case "linear":
            return recipe.lr * (1 - done)
        case "steps":
            return recipe.lr * recipe.decay ** sum(
                step >= milestone * steps for milestone in recipe.milestones
            )
