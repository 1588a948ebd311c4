"""Trainings of single models, for tests that have no population."""

from undertow.lab.runner.drive import drive
from undertow.lab.trainings.supervised import Supervised
from undertow.lab.trainings.training import Given
from undertow.lab.trainings.untrained import Untrained


def train_member(
    model, data, recipe, seeds, weights=(), on_epoch=None, saver=None, objective=None, teacher=None
):
    """One by itself, in place; what was measured on it. ``recipe=None`` trains nothing."""
    acting = [*weights, *([objective] if objective else [])]
    training = Supervised(recipe) if recipe else Untrained()
    (end,) = drive(training, Given(data, [model], [seeds], acting, teacher), on_epoch, saver)
    if isinstance(end, Exception):
        raise end
    return end


def train_stacked(
    models, data, recipe, seeds_M, weights=(), on_epoch=None, saver=None, objective=None,
    teacher=None,
):  # fmt: skip
    """All in one step, in place; per model what was measured, or what went wrong."""
    acting = [*weights, *([objective] if objective else [])]
    given = Given(data, models, seeds_M, acting, teacher, together=True)
    return drive(Supervised(recipe), given, on_epoch, saver)
