"""``Population``: M members of one recipe, declared and not yet trained."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from undertow.lab.train.recipe import Recipe
from undertow.lab.train.seeds import SeedPlan

if TYPE_CHECKING:
    from undertow.lab.data.dataset import Dataset
    from undertow.lab.interventions.site import AbstractWeights
    from undertow.lab.models.model import Model


@dataclass(frozen=True)
class Population:
    """``members`` trainings that differ only in the seed streams that ``seeds`` varies.

    ``parent`` is set where members derive from trained members of another population, one from each.
    """

    name: str
    data: Dataset
    model: Model
    recipe: Recipe
    members: int
    seeds: SeedPlan = SeedPlan()
    interventions: tuple[AbstractWeights, ...] = ()
    parent: Population | None = None

    def under(self, *interventions: AbstractWeights, name: str, members: int | None = None) -> Population:
        """The same, but with these interventions.

        Interventions that derive (quantization after training, one-shot pruning) start from this population's own
        members, pair by pair. The others act during training, on fresh members with seeds of their own.
        """
        derives = {i.derives for i in interventions}
        if len(derives) > 1:
            raise ValueError("one population cannot both derive from trained members and act during training")
        return replace(
            self,
            name=name,
            members=members or self.members,
            interventions=(*self.interventions, *interventions) if derives == {False} else interventions,
            parent=self if derives == {True} else None,
        )

    def again(self, name: str) -> Population:
        """The same recipe with fresh seeds: the null arm, which shows what chance alone gives."""
        return replace(self, name=name)
