"""No training: interventions act on weights as they are."""

from __future__ import annotations

from dataclasses import dataclass

from undertow.lab.interventions.site import AbstractWeights
from undertow.lab.recipe import Precision
from undertow.lab.trainings.training import Done, Facts, Given, Network, Stateful
from undertow.lab.trainings.weights import WeightsOf


@dataclass(frozen=True)
class Untrained:
    """Apply the interventions, and nothing else."""

    weights: tuple[AbstractWeights, ...] = ()
    precision: Precision = "float32"

    def start(self, given: Given) -> UntrainedRun:
        """Begin, and be at the end."""
        return UntrainedRun(self, given)


class UntrainedRun:
    """Has no steps."""

    steps = 0
    per_epoch = 1

    def __init__(self, what: Untrained, given: Given) -> None:
        self.given, self.weights = given, WeightsOf(what.weights, given, 0)

    def step(self, t: int) -> Done:
        """There is none to do."""
        raise IndexError(f"step {t} of a training without steps")

    def state(self) -> dict[str, Stateful]:
        """Nothing changes from step to step."""
        return {}

    def network(self) -> Network:
        """The first model: a training without steps is asked nothing on its way."""
        return self.given.models[0]

    def finish(self) -> list[Facts | Exception]:
        """Apply the interventions."""
        return self.weights.finish()
