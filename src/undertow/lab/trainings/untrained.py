"""No training: interventions act on weights as they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from undertow.lab.feeds.feed import Feed
from undertow.lab.recipe import Precision
from undertow.lab.trainings.training import Cost, Done, Facts, Given, Network, Stateful
from undertow.lab.trainings.weights import WeightsOf


@dataclass(frozen=True)
class Untrained:
    """Apply the interventions, and nothing else."""

    sites: ClassVar[frozenset[str]] = frozenset({"weights"})
    by_itself: ClassVar[str] = "nothing is trained"

    precision: Precision = "float32"
    epochs: int = 0

    def steps(self, data: Feed) -> int:
        """None."""
        return 0

    def start(self, given: Given) -> UntrainedRun:
        """Begin, and be at the end."""
        return UntrainedRun(given)


class UntrainedRun:
    """Has no steps."""

    steps = 0
    epochs = 0

    def __init__(self, given: Given) -> None:
        self.given, self.weights = given, WeightsOf(given, 0)

    def step(self, t: int) -> Done:
        """There is none to do."""
        return Done(Cost(0, 0))

    def ends_epoch(self, t: int) -> bool:
        """There is none to end."""
        return False

    def state(self) -> dict[str, Stateful]:
        """Nothing changes from step to step."""
        return {}

    def network(self) -> Network:
        """The first model: a training without steps is asked nothing on its way."""
        return self.given.models[0]

    def finish(self) -> list[Facts | Exception]:
        """Apply the interventions."""
        return self.weights.finish()
