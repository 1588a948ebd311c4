"""``Population``: M members of one recipe, declared and not yet trained."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from undertow.lab.train.recipe import Recipe
from undertow.lab.train.seeds import SeedPlan

if TYPE_CHECKING:
    from undertow.lab.data.dataset import Dataset
    from undertow.lab.interventions.site import AbstractRuntime, AbstractWeights
    from undertow.lab.models.model import Model


@dataclass(frozen=True)
class Population:
    """``members`` trainings that differ only in the seed streams that ``seeds`` varies.

    ``parent`` is set where members derive from trained members of another population, member by member.
    """

    name: str
    data: Dataset
    model: Model
    recipe: Recipe
    members: int
    seeds: SeedPlan = SeedPlan()
    interventions: tuple[AbstractWeights | AbstractRuntime, ...] = ()
    parent: Population | None = None

    def __post_init__(self) -> None:
        if not self.folder:
            raise ValueError(f"Population(name={self.name!r}): a name needs a letter or digit, it becomes a folder's")
        if self.members < 1:
            raise ValueError(f"Population(name={self.name!r}, members={self.members}): at least one member")
        if any(i.derives != (self.parent is not None) for i in self.interventions):
            raise ValueError(
                f"population {self.name!r}: interventions after training need a parent, interventions during training "
                "must not have one; write parent.under(intervention, name=...)"
            )
        if any(hasattr(i, "compile") for i in self.interventions[:-1]):
            raise ValueError(
                f"population {self.name!r}: an engine runs the model as the others left it, so it comes last"
            )
        if self.parent is not None:
            self._check_parent(self.parent)

    @property
    def folder(self) -> str:
        """The name of this population's folder: its own, with a dash for whatever a path or a shell may trip over."""
        return re.sub(r"[^\w.+=@]+", "-", self.name).strip("-.")

    def _check_parent(self, parent: Population) -> None:
        if parent.name == self.name:
            raise ValueError(f"population {self.name!r} has the name of its parent; give it one of its own")
        if parent.members < self.members:
            raise ValueError(
                f"population {self.name!r} asks for {self.members} members, but its parent {parent.name!r} has "
                f"{parent.members} to derive from"
            )

    def under(
        self, *interventions: AbstractWeights | AbstractRuntime, name: str, members: int | None = None
    ) -> Population:
        """The same, but with these interventions.

        Interventions that derive (quantization after training, one-shot pruning) start from this population's own
        members, pair by pair. The others act during training, on fresh members with seeds of their own.
        """
        derives = {i.derives for i in interventions}
        if len(derives) > 1:
            raise ValueError("one population cannot both derive from trained members and act during training")
        if derives == {True}:
            return replace(self, name=name, members=members or self.members, interventions=interventions, parent=self)
        if self.parent is not None:
            raise ValueError(
                f"population {self.name!r} derives from trained members, so nothing can act during its training; "
                "put the intervention on its parent"
            )
        both = (*self.interventions, *interventions)
        return replace(self, name=name, members=members or self.members, interventions=both)

    def again(self, name: str) -> Population:
        """The same recipe with fresh seeds: the null arm, which shows what chance alone gives.

        Where members derive from a parent, the parent is trained again too, or nothing would be fresh.
        """
        parent = None if self.parent is None else self.parent.again(f"{name}-{self.parent.name}")
        return replace(self, name=name, parent=parent)
