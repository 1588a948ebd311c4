"""What trainings share that go through their examples by a recipe."""

from __future__ import annotations

from undertow.lab.feeds.batches import batches_per_epoch
from undertow.lab.feeds.feed import Feed
from undertow.lab.recipe import Precision, Recipe


class ByRecipe:
    """A training of whole epochs, counted by batches of candidates."""

    recipe: Recipe

    @property
    def precision(self) -> Precision:
        """The recipe's."""
        return self.recipe.precision

    @property
    def epochs(self) -> int:
        """The recipe's."""
        return self.recipe.epochs

    def steps(self, data: Feed) -> int:
        """Batches in all epochs."""
        return batches_per_epoch(data, self.recipe) * self.recipe.epochs
